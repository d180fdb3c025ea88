//! What held up a request: a person, a server that is sealed or down, a refusal, a hook that
//! fails, a link.

use super::faults::{self, Strike};
use super::{Cause, Detective, Hint, short};
use crate::describe::{order_problem, place, status_words};
use crate::facts::address;
use trustsim_charms::PendingTask;
use trustsim_juju::{HookError, HookName, Status};
use trustsim_kernel::{Span, Time};
use trustsim_world::{Action, Entry, Kind, Note, Seq};

/// Between what somebody does and the hook that acts on it lie two update-status at most, and as long
/// between a request and the hook in which its provider shows that it waits for somebody.
const NOTICED: Span = Span::from_secs(900);

impl<'a> Detective<'_, 'a> {
    /// Why those who were asked gave no answer between `sent` and `at`. `asking` is who asked, and
    /// for what name.
    pub(super) fn holdup(
        &self,
        whom: &str,
        providers: &[String],
        asking: (&str, &str),
        sent: Time,
        at: Time,
    ) -> Option<Cause> {
        let mut asked: Vec<String> = providers.to_vec();
        let mut seen = 0;
        // A provider that only passes requests on is held up by whoever stands above it.
        while seen < asked.len() {
            let provider = asked[seen].clone();
            let found = self
                .people(&provider, asking.1, sent, (at, Span::ZERO))
                .or_else(|| self.is_down(&provider, at))
                .or_else(|| self.refusal(&provider, asking, sent, at))
                .or_else(|| self.fails(&provider, sent, at))
                .or_else(|| self.stuck(&provider, sent, at));
            if found.is_some() {
                return found;
            }
            seen += 1;
            for above in self.providers(&provider, at) {
                if !asked.contains(&above) {
                    asked.push(above);
                }
            }
        }
        self.denied(asking, sent, at)
            .or_else(|| self.cut_off(whom, providers, at))
            .or_else(|| self.fails(asking.0, sent, at))
            .or_else(|| self.public_web(at))
            .or_else(|| {
                // Somebody came, and the hook that follows has not ended.
                let mut late = asked.iter();
                late.find_map(|provider| self.people(provider, asking.1, sent, (at, NOTICED)))
            })
    }

    /// Somebody has not done what only they can do.
    fn people(
        &self,
        provider: &str,
        name: &str,
        sent: Time,
        (at, grace): (Time, Span),
    ) -> Option<Cause> {
        let application = self.application(provider)?;
        let operator = self.operator(application)?;
        let noticed = self
            .trail
            .about(provider, self.deployment.start, at + NOTICED);
        let waits: Vec<(Seq, &Entry, &PendingTask, bool)> = noticed
            .into_iter()
            .filter_map(|(seq, entry)| match &entry.kind {
                Kind::Note(Note::WaitNoticed {
                    wait, answers_in, ..
                }) => Some((seq, entry, wait, answers_in.is_some())),
                _ => None,
            })
            .filter(|(seq, ..)| {
                let done = self.trail.answer(*seq);
                done.is_none_or(|(_, answer)| answer.time > sent && answer.time + grace > at)
            })
            .collect();
        // A wait for this very name says more than one that stops everything.
        let about = |name: &str| {
            waits
                .iter()
                .find(|(_, _, wait, _)| wait.detail.contains(name))
        };
        let (seq, entry, wait, comes) = about(name).or_else(|| waits.last())?;
        let what = format!("{} {}", wait.what, wait.detail);
        let what = match what.contains(" for ") {
            true => what,
            false => format!("{}: {}", wait.what, wait.detail),
        };
        let where_ = address(&entry.subject);
        let (who, since) = (&operator.name, short(entry.time));
        let line = match self.trail.answer(*seq) {
            Some((_, answer)) => {
                let until = short(answer.time);
                format!("{where_} waited for {who} from {since} to {until} ({what})")
            }
            None if !comes => {
                format!("{where_} waits since {since} for {who}, who does not come again ({what})")
            }
            None => format!("{where_} waits for {who} since {since} ({what})"),
        };
        let place = place(&operator.source).map_or_else(String::new, |place| format!(" ({place})"));
        let step = format!("{where_} waits for {}{place}: {what}", operator.name);
        Some(Cause::new("operator", line, Some(*seq)).after(entry.time, step))
    }

    /// An application cannot work.
    pub(super) fn is_down(&self, whom: &str, at: Time) -> Option<Cause> {
        let application = self.application(whom)?;
        let down = self.strike_on(application, at, |strike| strike == Strike::Down);
        let sealed = || {
            let timed = self.strike_on(application, at, |strike| strike == Strike::Sealed)?;
            let since = self.deployment.start + timed.at;
            let mut later = self.trail.about(whom, since, at).into_iter();
            let is_unsealed = later.any(|(_, entry)| match &entry.kind {
                Kind::Action(record) => unseals(record.action()),
                _ => false,
            });
            (!is_unsealed).then_some(timed)
        };
        let isolated = || self.strike_on(application, at, |strike| strike == Strike::Isolated);
        let timed = down.or_else(sealed).or_else(isolated)?;
        let cause = Cause::new("down", self.sentence(timed), self.seq_of(timed));
        let step = timed.action.to_command(self.deployment);
        Some(cause.after(self.deployment.start + timed.at, step))
    }

    /// The public ACME server is away.
    fn public_web(&self, at: Time) -> Option<Cause> {
        let open = faults::in_force(self.deployment, at);
        let is_it = |timed: &&&trustsim_world::TimedAction| {
            matches!(timed.action, Action::AcmeServer { reachable: false })
        };
        let timed = open.iter().rev().find(is_it)?;
        Some(Cause::new(
            "acme-outage",
            self.sentence(timed),
            self.seq_of(timed),
        ))
    }

    /// The relation is gone, or what lies between the two does not let anything through.
    pub(super) fn cut_off(&self, whom: &str, providers: &[String], at: Time) -> Option<Cause> {
        let own = self.application(whom)?;
        let open = faults::in_force(self.deployment, at);
        let others = providers.iter().filter_map(|name| self.application(name));
        let cut = others
            .filter_map(|other| faults::parts(self.deployment, &open, [own, other]))
            .next_back()?;
        Some(Cause::new(
            faults::word(cut),
            self.sentence(cut),
            self.seq_of(cut),
        ))
    }

    /// A provider said no.
    fn refusal(
        &self,
        provider: &str,
        (holder, name): (&str, &str),
        sent: Time,
        at: Time,
    ) -> Option<Cause> {
        let own = self.trail.about(provider, sent, at);
        let refused = own.into_iter().find_map(|(seq, entry)| match &entry.kind {
            Kind::Note(Note::CertificateRefused {
                common_name,
                reason,
            }) => {
                let is_it = common_name.as_deref().unwrap_or_default() == name;
                is_it.then(|| (seq, entry, reason.clone(), false))
            }
            Kind::Note(Note::AcmeOrderRefused(order)) => {
                let problem = order_problem(order);
                (order.common_name == name).then_some((seq, entry, problem, order.is_connection))
            }
            _ => None,
        });
        let (seq, entry, text, is_connection) = refused?;
        if is_connection && let Some(cause) = self.public_web(at) {
            return Some(cause);
        }
        let line = format!("{provider} refused {holder} a certificate for {name}: {text}");
        let step = format!("{provider} refuses: {text}");
        Some(Cause::new("refused", line, Some(seq)).after(entry.time, step))
    }

    /// Whoever asked was told no, and says so in its status.
    fn denied(&self, (holder, name): (&str, &str), sent: Time, at: Time) -> Option<Cause> {
        let own = self.trail.about(holder, sent, at);
        let (seq, entry, why) = own.into_iter().find_map(|(seq, entry)| {
            let Kind::StatusChanged { message, .. } = &entry.kind else {
                return None;
            };
            let (_, why) = message.split_once("denied: ")?;
            Some((seq, entry, why))
        })?;
        let asked = self.providers(crate::expectations::application_of(holder), at);
        let line = format!(
            "{} refused {holder} a certificate for {name}: {why}",
            asked.join(", ")
        );
        Some(
            Cause::new("refused", line, Some(seq))
                .after(entry.time, format!("{holder} is refused: {why}")),
        )
    }

    /// A hook failed after `since`, and had not been committed up to `at`.
    pub(super) fn fails(&self, whom: &str, since: Time, at: Time) -> Option<Cause> {
        let own = self.trail.about(whom, self.deployment.start, at);
        let mut last = Time::EPOCH;
        let mut failing: Option<(Seq, &Entry, &HookName, &HookError, usize)> = None;
        for (seq, entry) in own {
            match &entry.kind {
                Kind::HookFailed { hook, error } => {
                    last = entry.time;
                    failing = match failing {
                        Some((seq, first, of, why, times)) if of == hook => {
                            Some((seq, first, of, why, times + 1))
                        }
                        _ => Some((seq, entry, hook, error, 1)),
                    };
                }
                Kind::HookCommitted { hook } => {
                    failing = failing.filter(|(_, first, of, _, _)| {
                        *of != hook || first.subject != entry.subject
                    });
                }
                _ => {}
            }
        }
        let (seq, entry, hook, error, times) = failing.filter(|_| last >= since)?;
        let who = address(&entry.subject);
        let since = short(entry.time);
        let line = match times {
            1 => format!("hook {hook} of {who} failed at {since}: {error}"),
            _ => format!("hook {hook} of {who} fails since {since}: {error}"),
        };
        let step = format!("hook {hook} of {who} fails: {error}");
        let hint = Hint::Hook {
            unit: who,
            since: entry.time,
        };
        let cause = Cause::new("hook-failed", line, Some(seq)).about(hint);
        Some(cause.after(entry.time, step))
    }

    /// A unit says itself that it cannot go on.
    pub(super) fn stuck(&self, whom: &str, sent: Time, at: Time) -> Option<Cause> {
        let own = self.trail.about(whom, self.deployment.start, at);
        // What each unit said last before the request was due, and since.
        let mut last: Vec<(Seq, &Entry, String)> = Vec::new();
        for (seq, entry) in own {
            let Kind::StatusChanged { status, message } = &entry.kind else {
                continue;
            };
            let is_stuck = matches!(status, Status::Blocked | Status::Waiting);
            if entry.time <= sent {
                last.retain(|(_, known, _)| known.subject != entry.subject);
            }
            if is_stuck {
                last.push((seq, entry, status_words(*status, message)));
            }
        }
        let (seq, entry, said) = last.first()?;
        let who = address(&entry.subject);
        let mut line = format!("{who} is {said} (since {})", short(entry.time));
        if let Some(done) = self.action_behind(*seq) {
            line.push_str(&format!(", after {}", done.line));
        }
        let step = format!("{who} is {said}");
        Some(Cause::new("blocked", line, Some(*seq)).after(entry.time, step))
    }
}

/// Whether a person unseals a Vault by this.
fn unseals(action: &Action) -> bool {
    match action {
        Action::AtWorkload { files, .. } => {
            let unsealed = files.get(trustsim_charms::VAULT_UNSEALED);
            unsealed.is_some_and(Option::is_some)
        }
        _ => false,
    }
}
