//! The true cause of a failure in one line, and the steps from there to the failing handshake.
//!
//! The certificate last served is seldom to blame. When one expires, the cause is what kept its
//! renewal away: the walk goes from the certificate to the request that should have renewed it, or
//! its absence, and on to whoever held it up. When trust is missing, the walk goes to the relation
//! that would have carried it. Reads the journal and the deployment; must not know the terminal.

mod behind;
mod faults;
mod holdup;
mod lost;
mod phases;
mod presented;
mod renewal;
#[cfg(test)]
mod tests;
mod trail;
mod transfer;
mod trust;

use super::carrier::Carrier;
use super::case::Case;
use super::describe::{action_line, place};
use super::facts::Facts;
use trustsim_kernel::{Span, Time, format_duration};
use trustsim_tls::ErrorKind;
use trustsim_world::{Action, Deployment, Kind, OperatorSpec, Seq, Source, TimedAction};

pub(super) use super::carrier::application;
pub(super) use trail::{Trail, holder};

/// What is to blame for a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// What kind of thing it is, kebab-case: `operator`, `refused`, `not-asked`, `no-transfer`, ...
    pub kind: &'static str,
    /// One line that names it.
    pub line: String,
    /// The entry that shows it, where one does.
    pub seq: Option<Seq>,
    /// The action of the scenario that led there, where one did: when, and its line.
    pub action: Option<(Time, Source)>,
    /// From there to the failing handshake, in order of time.
    pub steps: Vec<Step>,
    /// Whether it says only that something had not happened yet: what never happens has another
    /// cause.
    passing: bool,
    /// Whom a remedy would be about.
    pub(crate) hint: Hint,
}

/// Whom a cause is about, as addresses `model.app` and `model.app/0`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Nobody else than the explanation names.
    #[default]
    None,
    /// `who` has its certificates from another than its peer.
    Apart {
        who: String,
        from: String,
        to: String,
    },
    /// `who` has a certificate without the name that it is asked for by.
    Name { who: String, asked: String },
    /// A hook of this unit fails since then.
    Hook { unit: String, since: Time },
}

/// Two update-status, longer than which nothing is on its way by itself.
pub(super) const PATIENCE: Span = Span::from_secs(900);

/// One thing on the way from a cause to a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// What, in plain words.
    pub text: String,
}

impl Cause {
    /// Whether it says only that something had not happened yet.
    pub(super) const fn is_passing(&self) -> bool {
        self.passing
    }

    fn about(mut self, hint: Hint) -> Self {
        self.hint = hint;
        self
    }

    const fn passing(mut self, passing: bool) -> Self {
        self.passing = passing;
        self
    }

    fn new(kind: &'static str, line: String, seq: Option<Seq>) -> Self {
        Self {
            kind,
            line,
            seq,
            action: None,
            steps: Vec::new(),
            passing: false,
            hint: Hint::None,
        }
    }

    fn after(mut self, at: Time, text: String) -> Self {
        self.steps.push(Step { at, text });
        self
    }
}

/// Whoever looks for causes.
pub(super) struct Detective<'e, 'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) facts: &'e Facts<'a>,
    pub(super) trail: &'e Trail<'a>,
}

impl<'a> Detective<'_, 'a> {
    /// What is to blame for a failing handshake. `root` is the action nearest to it, if there was
    /// one.
    pub(super) fn cause(
        &self,
        case: &Case<'a>,
        carrier: Option<&Carrier>,
        root: Option<Seq>,
    ) -> Cause {
        let found = match case.error() {
            ErrorKind::NoCertificate | ErrorKind::NoClientCertificate if case.serial.is_empty() => {
                self.without_certificate(case)
            }
            ErrorKind::KeyMismatch | ErrorKind::BadEncoding => self.misbuilt(case, root),
            ErrorKind::Expired => self.expired(case),
            ErrorKind::NotValidYet => self.not_valid_yet(case),
            ErrorKind::Unreachable | ErrorKind::ClosedByPeer | ErrorKind::PlaintextPeer => {
                self.struck(case)
            }
            ErrorKind::UnknownIssuer
            | ErrorKind::BadSignature
            | ErrorKind::PartialChain
            | ErrorKind::NoClientCertificate => self.untrusted(case, carrier, root),
            ErrorKind::NotValidForName => self.misnamed(case, root),
            _ => None,
        };
        let mut cause = found
            .or_else(|| self.done_to(root?))
            .unwrap_or_else(|| Cause::new(case.error().kebab(), case.reason(), None));
        let headline = case.headline();
        if cause.line != headline {
            cause = cause.after(case.at, headline);
        }
        cause.steps.sort_by_key(|step| step.at);
        let behind = cause.seq.or(root).and_then(|seq| self.action_behind(seq));
        let entry = behind.and_then(|done| self.trail.entry(done.seq?));
        cause.action = entry.and_then(|entry| match &entry.kind {
            Kind::Action(record) => Some((entry.time, record.source().clone())),
            _ => None,
        });
        cause
    }

    /// An action and its scenario line are to blame.
    fn done_to(&self, root: Seq) -> Option<Cause> {
        let entry = self.trail.entry(root)?;
        let Kind::Action(record) = &entry.kind else {
            return None;
        };
        let line = action_line(record, self.deployment);
        Some(Cause::new("action", line, Some(root)))
    }

    /// The action nearest to an entry, of those that led to it.
    fn action_behind(&self, seq: Seq) -> Option<Cause> {
        let mut next = Some(seq);
        while let Some(seq) = next {
            let entry = self.trail.entry(seq)?;
            if matches!(entry.kind, Kind::Action(_)) {
                return self.done_to(seq);
            }
            next = entry.cause.filter(|cause| *cause < seq);
        }
        None
    }

    /// A certificate is for other names than the one asked for.
    fn misnamed(&self, case: &Case<'a>, root: Option<Seq>) -> Option<Cause> {
        let leaf = case.leaf?;
        let asked = &case.connection.server_name;
        let names = leaf.certificate.sans().join(", ");
        let names = if names.is_empty() { "no name" } else { &names };
        let who = case.presenter;
        let mut line = format!(
            "{who} has a certificate for {names}, and {} asks for {asked}",
            case.judge
        );
        let action = root.and_then(|root| self.done_to(root));
        if let Some(action) = &action {
            line.push_str(&format!(", after {}", action.line));
        }
        let seq = action.and_then(|action| action.seq);
        Some(Cause::new("wrong-name", line, seq).about(Hint::Name {
            who: who.to_owned(),
            asked: asked.clone(),
        }))
    }

    /// Something keeps a side from answering at all.
    fn struck(&self, case: &Case<'a>) -> Option<Cause> {
        let application = self.application(case.presenter)?;
        let down = self.strike_on(application, case.at, |strike| {
            strike == faults::Strike::Down
        })?;
        Some(Cause::new("down", self.sentence(down), self.seq_of(down)))
    }

    /// The latest action still in force that does this to an application.
    fn strike_on(
        &self,
        application: usize,
        at: Time,
        is_it: impl Fn(faults::Strike) -> bool,
    ) -> Option<&'a TimedAction> {
        let open = faults::in_force(self.deployment, at);
        let strikes = |timed: &&&TimedAction| {
            faults::strikes(self.deployment, &timed.action, application).is_some_and(&is_it)
        };
        open.iter().rev().find(strikes).copied()
    }

    /// `` since 2026-01-02T00:00:00Z: `juju ...` (file.yaml:3) ``.
    fn sentence(&self, timed: &TimedAction) -> String {
        let at = self.deployment.start + timed.at;
        let command = timed.action.to_command(self.deployment);
        let what = match &timed.action {
            Action::AcmeServer { .. } => "the public ACME server could not be reached".to_owned(),
            _ => format!("`{command}`"),
        };
        match place(&timed.source) {
            Some(place) => format!("{what} since {} ({place})", short(at)),
            None => format!("{what} since {}", short(at)),
        }
    }

    /// The entry of an action of the plan.
    fn seq_of(&self, timed: &TimedAction) -> Option<Seq> {
        let mut actions = self.trail.actions();
        let is_it = |entry: &trustsim_world::Entry| matches!(&entry.kind, Kind::Action(record) if record.planned && *record.timed == *timed);
        actions.find(|(_, entry)| is_it(entry)).map(|(seq, _)| seq)
    }

    /// Index of the application of `model.app/0` or `model.app`.
    fn application(&self, address: &str) -> Option<usize> {
        let own = super::expectations::application_of(address);
        super::carrier::application(self.deployment, own)
    }

    /// Who looks after an application.
    fn operator(&self, application: usize) -> Option<&'a OperatorSpec> {
        let mut operators = self.deployment.operators.iter();
        operators.find(|operator| operator.answers.contains(&application))
    }

    /// Whose clock is off at `at`, of those who have to do with a certificate.
    fn clock(&self, case: &Case<'a>, ahead: bool) -> Option<Cause> {
        let signer = case.signer();
        let mut whom = [Some(case.judge), signer.as_deref(), Some(case.presenter)].into_iter();
        whom.find_map(|who| {
            let who = who?;
            let (skew_ns, timed) = self.skew(who, case.at)?;
            if (skew_ns > 0) != (ahead == (who == case.judge)) {
                return None;
            }
            let line = self.clock_line(who, skew_ns, timed);
            Some(Cause::new("clock", line, self.seq_of(timed)))
        })
    }

    fn clock_line(&self, who: &str, skew_ns: i64, timed: &TimedAction) -> String {
        let off = format_duration(Span::from_nanos(skew_ns.unsigned_abs()));
        let side = if skew_ns > 0 { "ahead" } else { "behind" };
        let since = short(self.deployment.start + timed.at);
        let place = place(&timed.source).map_or_else(String::new, |place| format!(" ({place})"));
        format!("the clock of {who} is {off} {side} since {since}{place}")
    }

    /// How far the clock of a unit or an application is off at `at`, in nanoseconds, and by what.
    fn skew(&self, who: &str, at: Time) -> Option<(i64, &'a TimedAction)> {
        let application = self.application(who)?;
        let is_off = |strike| matches!(strike, faults::Strike::Clock(_));
        let timed = self.strike_on(application, at, is_off)?;
        match faults::strikes(self.deployment, &timed.action, application)? {
            faults::Strike::Clock(skew_ns) => Some((skew_ns, timed)),
            _ => None,
        }
    }

    /// The action of the plan that stands at `seq` in the journal.
    fn timed(&self, seq: Seq) -> Option<&'a TimedAction> {
        match &self.trail.entry(seq)?.kind {
            Kind::Action(record) if record.planned => Some(&record.timed),
            _ => None,
        }
    }
}

/// To the second: what people read.
fn short(time: Time) -> Time {
    time.truncated_to_seconds()
}
