//! What held up a request: a person, a server that is sealed or down, a refusal, a hook that
//! fails, a link.

use std::collections::BTreeMap;

use super::faults::{self, Strike};
use super::kinds::FaultCause;
use super::{
    Cause, Event, Fault, Hindrances, Performed, Refusal, RootCause, Status, WaitEnd, short,
};
use crate::notes;
use trustsim_charm_model::PendingTask;
use trustsim_juju::{HookError, HookName, Status as JujuStatus};
use trustsim_kernel::{Span, Time};
use trustsim_model::{Action, Address, Entry, Kind, Note, Seq, TimedAction};

/// Between what a person does and the hook that acts on it lie two update-status at most, and as long
/// between a request and the hook in which its provider shows that it waits for a person.
const NOTICED: Span = Span::from_secs(900);

/// A hook that failed, and that its unit has not got past.
struct FailingHook<'r> {
    seq: Seq,
    first: Time,
    last: Time,
    hook: &'r HookName,
    error: &'r HookError,
    times: u32,
}

/// A request that is not answered.
#[derive(Clone, Copy)]
pub(super) struct Unanswered<'r> {
    /// The unit or application that asked.
    pub(super) holder: &'r Address,
    /// The name that it asked for.
    pub(super) name: &'r str,
    pub(super) sent: Time,
}

impl<'a> Hindrances<'_, 'a> {
    /// Why those who were asked gave no answer up to `at`.
    pub(super) fn holdup(
        &self,
        request: Unanswered<'_>,
        providers: &[Address],
        at: Time,
    ) -> Option<RootCause> {
        let Unanswered { holder, sent, .. } = request;
        let mut asked: Vec<Address> = providers.to_vec();
        let mut seen = 0;
        // A provider that only passes requests on is held up by what holds up its own provider.
        while seen < asked.len() {
            let provider = asked[seen].clone();
            let found = self
                .awaited_operator(&provider, request, at, Span::ZERO)
                .or_else(|| self.is_down(&provider, at))
                .or_else(|| self.refused_request(&provider, request, at))
                .or_else(|| self.failing_hook(&provider, sent, at))
                .or_else(|| self.blocked_unit(&provider, at));
            if found.is_some() {
                return found;
            }
            seen += 1;
            for above in self.records.providers(&provider, at) {
                if !asked.contains(&above) {
                    asked.push(above);
                }
            }
        }
        self.earlier_refusal(request, at)
            .or_else(|| self.separated(holder, providers, at))
            .or_else(|| self.failing_hook(holder, sent, at))
            .or_else(|| self.acme_outage(at))
            .or_else(|| {
                // The person came, and the hook that follows has not ended.
                let mut late = asked.iter();
                late.find_map(|provider| self.awaited_operator(provider, request, at, NOTICED))
            })
    }

    /// A person has not done what only a person can do.
    fn awaited_operator(
        &self,
        provider: &Address,
        request: Unanswered<'_>,
        at: Time,
        grace: Span,
    ) -> Option<RootCause> {
        let application = self.records.application(provider)?;
        let (operator, spec) = self.records.operator(application)?;
        let noticed =
            self.records
                .trail
                .facts_about(provider, self.records.deployment.start, at + NOTICED);
        let waits: Vec<(Seq, &Entry, &PendingTask, bool)> = noticed
            .into_iter()
            .filter_map(|(seq, entry)| match &entry.kind {
                Kind::Note(Note::WaitNoticed {
                    wait, answers_in, ..
                }) => Some((seq, entry, wait, answers_in.is_some())),
                _ => None,
            })
            .filter(|(seq, ..)| {
                let done = self.records.trail.answer(*seq);
                done.is_none_or(|(_, answer)| {
                    answer.time > request.sent && answer.time + grace > at
                })
            })
            .collect();
        // A wait for this very name says more than one that stops everything, and the last one is for the request of now:
        // one that was asked for otherwise meanwhile is never answered.
        let mut named = waits.iter();
        let about =
            named.rfind(|(_, _, wait, _)| wait.common_name.as_deref() == Some(request.name));
        let (seq, entry, wait, comes) = about.or_else(|| waits.last())?;
        let unit = entry.subject.address()?;
        let end = match self.records.trail.answer(*seq) {
            Some((_, answer)) => WaitEnd::Answered(short(answer.time)),
            None if !comes => WaitEnd::Never,
            None => WaitEnd::Open,
        };
        let what = FaultCause::Operator {
            unit: unit.clone(),
            operator,
            name: spec.name.clone(),
            wait: (*wait).clone(),
            since: short(entry.time),
            end,
        };
        let awaited = Event::OperatorAwaited {
            unit,
            name: spec.name.clone(),
            source: spec.source.clone(),
            wait: (*wait).clone(),
        };
        Some(RootCause::new(what, Some(*seq)).after(entry.time, awaited))
    }

    /// An application cannot work.
    pub(super) fn is_down(&self, address: &Address, at: Time) -> Option<RootCause> {
        let application = self.records.application(address)?;
        let down = self
            .records
            .strike_on(application, at, |strike| strike == Strike::Down);
        let sealed = || {
            let timed = self
                .records
                .strike_on(application, at, |strike| strike == Strike::Sealed)?;
            let since = self.records.deployment.start + timed.at;
            let later = self.records.trail.facts_about(address, since, at);
            let is_unsealed = later.iter().any(|(_, entry)| match &entry.kind {
                Kind::Action(record) => unseals(record.action()),
                _ => false,
            });
            (!is_unsealed).then_some(timed)
        };
        let isolated = || {
            self.records
                .strike_on(application, at, |strike| strike == Strike::Isolated)
        };
        let timed = down.or_else(sealed).or_else(isolated)?;
        let command = timed.action.to_command(self.records.deployment);
        let begun = self.records.deployment.start + timed.at;
        Some(self.down(timed).after(begun, Event::CommandRun(command)))
    }

    /// An application cannot work because of this action.
    pub(super) fn down(&self, timed: &TimedAction) -> RootCause {
        let cause = FaultCause::Down {
            fault: self.records.fault(timed),
            instead: None,
        };
        RootCause::new(cause, self.records.seq_of(timed))
    }

    /// The public ACME server is away.
    fn acme_outage(&self, at: Time) -> Option<RootCause> {
        let open = faults::in_force(self.records.deployment, at);
        let is_it =
            |timed: &&&TimedAction| matches!(timed.action, Action::AcmeServer { reachable: false });
        let timed = open.iter().rev().find(is_it)?;
        let what = FaultCause::AcmeOutage(self.records.fault(timed));
        Some(RootCause::new(what, self.records.seq_of(timed)))
    }

    /// The relation is gone, or what lies between the two does not let anything through.
    pub(super) fn separated(
        &self,
        requirer: &Address,
        providers: &[Address],
        at: Time,
    ) -> Option<RootCause> {
        let own = self.records.application(requirer)?;
        let open = faults::in_force(self.records.deployment, at);
        let others = providers
            .iter()
            .filter_map(|name| self.records.application(name));
        let cut = others
            .filter_map(|other| faults::parts(self.records.deployment, &open, [own, other]))
            .next_back()?;
        let what = FaultCause::Separated {
            by: faults::separation(cut),
            fault: self.records.fault(cut),
        };
        Some(RootCause::new(what, self.records.seq_of(cut)))
    }

    /// A provider said no.
    fn refused_request(
        &self,
        provider: &Address,
        request: Unanswered<'_>,
        at: Time,
    ) -> Option<RootCause> {
        let own = self.records.trail.facts_about(provider, request.sent, at);
        let refusals = || {
            let own = own.iter();
            own.filter_map(|(seq, entry)| {
                Some((*seq, *entry, notes::refusal(entry, request.name)?))
            })
        };
        // The last is what holds it up: one from while a server was away says nothing of later. It is told by the first of
        // its kind, which something led to.
        let (.., last) = refusals().next_back()?;
        let (seq, entry, refusal) = refusals().find(|(.., refusal)| *refusal == last)?;
        if let Refusal::AcmeOrder(order) = &refusal
            && order.is_connection
            && let Some(cause) = self.acme_outage(at)
        {
            return Some(cause);
        }
        let event = Event::Refusal {
            provider: provider.clone(),
            refusal: refusal.clone(),
        };
        let what = refused_by(vec![provider.clone()], request, refusal);
        Some(RootCause::new(what, Some(seq)).after(entry.time, event))
    }

    /// The unit that asked is blocked since, and a provider refused this name before. A provider notes a
    /// refusal once, however often the same is asked again.
    fn earlier_refusal(&self, request: Unanswered<'_>, at: Time) -> Option<RootCause> {
        let Unanswered { holder, name, sent } = request;
        let own = self.records.trail.facts_about(holder, sent, at);
        let is_blocked = |entry: &Entry| {
            notes::status(entry).is_some_and(|status| status.word == JujuStatus::Blocked)
        };
        let (seq, entry) = own.into_iter().find(|(_, entry)| is_blocked(entry))?;
        let asked = self.records.providers(holder, at);
        let refusal = asked.iter().find_map(|provider| {
            let is_it = |entry: &Entry| notes::refusal(entry, name).is_some();
            let start = self.records.deployment.start;
            let (_, entry) = self.records.last(provider, start, at, is_it)?;
            notes::refusal(entry, name)
        })?;
        let event = Event::RequestRefused {
            holder: holder.clone(),
            refusal: refusal.clone(),
        };
        let what = refused_by(asked, request, refusal);
        Some(RootCause::new(what, Some(seq)).after(entry.time, event))
    }

    /// A unit's hook failed after `since`, and the unit has run no hook to its end up to `at`. Of several units, that whose
    /// hook failed first.
    pub(super) fn failing_hook(
        &self,
        subject: &Address,
        since: Time,
        at: Time,
    ) -> Option<RootCause> {
        let trail = self.records.trail;
        if !trail.has_failed(subject) {
            return None;
        }
        let is_it = |entry: &Entry| {
            matches!(
                entry.kind,
                Kind::HookFailed { .. } | Kind::HookCommitted { .. }
            )
        };
        let own = trail.about_if(subject, self.records.deployment.start, at, is_it);
        let mut failing: BTreeMap<Address, FailingHook<'_>> = BTreeMap::new();
        for (seq, entry) in own {
            let unit = || entry.subject.address().expect("a hook is of a unit");
            match &entry.kind {
                // An action runs while a hook has failed.
                Kind::HookFailed { hook, .. } | Kind::HookCommitted { hook }
                    if hook.is_action() => {}
                Kind::HookFailed { hook, error } => {
                    let new = || FailingHook {
                        seq,
                        first: entry.time,
                        last: entry.time,
                        hook,
                        error,
                        times: 0,
                    };
                    let found = failing.entry(unit()).or_insert_with(new);
                    found.last = entry.time;
                    found.times += 1;
                }
                Kind::HookCommitted { .. } => {
                    failing.remove(&unit());
                }
                _ => {}
            }
        }
        failing.retain(|_, failing| failing.last >= since);
        let (unit, failing) = failing.into_iter().min_by_key(|(_, each)| each.seq)?;
        let (hook, error) = (failing.hook.clone(), failing.error.clone());
        let (after, made_to_fail) = self.hook_led_to(failing.seq);
        let what = Cause::HookFailed {
            unit: unit.clone(),
            hook: hook.clone(),
            error: error.clone(),
            since: failing.first,
            again: failing.times > 1,
            after,
            made_to_fail,
            presents: None,
        };
        let event = Event::HookFailed { unit, hook, error };
        Some(RootCause::new(what, Some(failing.seq)).after(failing.first, event))
    }

    /// The action of the scenario that led to a hook which failed, or the fault that makes it fail.
    fn hook_led_to(&self, failed: Seq) -> (Option<Performed>, Option<Fault>) {
        let Some((seq, performed)) = self.records.planned_behind(failed) else {
            return (None, None);
        };
        match self.records.timed(seq) {
            Some(timed) if matches!(timed.action, Action::Hook(_)) => {
                (None, Some(self.records.fault(timed)))
            }
            _ => (Some(performed), None),
        }
    }

    /// What has kept a unit from moving on between two instants: a hook of it that fails, or an agent that does not reach
    /// its controller.
    pub(super) fn held_back(&self, unit: &Address, since: Time, at: Time) -> Option<RootCause> {
        // What began when it had had its time is not what kept it.
        let in_time = |begun: Time| begun <= since + NOTICED;
        let failing = self.failing_hook(unit, since, at);
        let failing = failing.filter(|failing| match &failing.what {
            Cause::HookFailed { since: first, .. } => in_time(*first),
            other => unreachable!("a hook that fails is found as one: {other:?}"),
        });
        failing.or_else(|| self.isolated(unit, at, in_time))
    }

    /// The agent of a unit does not reach its controller at an instant, since one that fits.
    fn isolated(&self, unit: &Address, at: Time, fits: impl Fn(Time) -> bool) -> Option<RootCause> {
        let application = self.records.application(unit)?;
        let number = unit.unit_number();
        let is_it = |timed: &&&TimedAction| {
            let strike = faults::strikes(self.records.deployment, &timed.action, application);
            strike == Some(Strike::Isolated) && faults::is_about(&timed.action, number)
        };
        let open = faults::in_force(self.records.deployment, at);
        let timed = open.iter().rev().find(is_it)?;
        let begun = self.records.deployment.start + timed.at;
        if !fits(begun) {
            return None;
        }
        let command = timed.action.to_command(self.records.deployment);
        Some(self.down(timed).after(begun, Event::CommandRun(command)))
    }

    /// When the certificate ended that a unit presents at `at`, where it has.
    fn own_ended(&self, unit: &Address, at: Time) -> Option<Time> {
        let start = self.records.deployment.start;
        let is_served = |entry: &Entry| matches!(entry.kind, Kind::CertificateServed { .. });
        let (_, served) = self.records.last(unit, start, at, is_served)?;
        let Kind::CertificateServed { certificate, .. } = &served.kind else {
            unreachable!("it was looked for: {:?}", served.kind);
        };
        let ended = certificate.as_ref()?.not_after();
        (ended <= at).then_some(ended)
    }

    /// A unit says itself, at `at`, that it cannot go on. Of several units, that which said so first.
    pub(super) fn blocked_unit(&self, application: &Address, at: Time) -> Option<RootCause> {
        let is_status = |entry: &Entry| notes::status(entry).is_some();
        let start = self.records.deployment.start;
        let trail = self.records.trail;
        let own = trail.about_if(application, start, at, is_status);
        let mut last: BTreeMap<Address, (Seq, &Entry, Status)> = BTreeMap::new();
        for (seq, entry) in own {
            let Some(status) = notes::status(entry) else {
                continue;
            };
            let unit = entry.subject.address()?;
            last.insert(unit, (seq, entry, status));
        }
        let stuck = last.into_values().filter(|(.., status)| status.is_stuck());
        let (seq, entry, status) = stuck.min_by_key(|(seq, ..)| *seq)?;
        let unit = entry.subject.address()?;
        let what = Cause::Blocked {
            unit: unit.clone(),
            status: status.clone(),
            since: short(entry.time),
            own_ended: self.own_ended(&unit, at),
            after: self.records.planned_behind(seq).map(|(_, action)| action),
        };
        let event = Event::StatusSet { unit, status };
        Some(RootCause::new(what, Some(seq)).after(entry.time, event))
    }
}

fn refused_by(providers: Vec<Address>, request: Unanswered<'_>, refusal: Refusal) -> Cause {
    Cause::Refused {
        providers,
        holder: request.holder.clone(),
        name: request.name.to_owned(),
        refusal,
    }
}

/// Whether a person unseals a Vault by this.
fn unseals(action: &Action) -> bool {
    match action {
        Action::AtWorkload { files, .. } => {
            let unsealed = files.get(trustsim_charm_model::surface::VAULT_UNSEALED);
            unsealed.is_some_and(Option::is_some)
        }
        _ => false,
    }
}
