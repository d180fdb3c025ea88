//! The root cause of a failure, and the steps from there to the failing handshake.
//!
//! The certificate last served is seldom to blame. When one expires, the cause is what kept its
//! renewal away: the search goes from the certificate to the request that should have renewed it, or
//! its absence, and on to who held it up. When trust is missing, the search goes to the relation that
//! would have carried it. For example: `web/0` presents an expired certificate; it asked for the next
//! one in time; its provider `vault/0` was sealed by then; an operator was expected and came a day
//! later. The root cause is [`Cause::Operator`], and the request is one of its [`Step`]s.
//!
//! Reads the journal and the deployment. Everything found is a value: English is made in
//! `trustsim_report::words`, and nothing here reads it back.

mod faults;
mod holdup;
mod kinds;
mod lost;
mod not_moved_on;
mod presented;
mod renewal;
mod root_cause;
mod trail;
mod transfer;
mod trust;
mod two_phases;

pub use kinds::{
    Cause, ChangedProvider, Kept, Lost, MissingCa, NeverAsked, NotAsked, NotGiven, Separation,
    SignedInThePast, StillPresented, Transit, WaitEnd,
};
pub use root_cause::{
    Apart, CaTrigger, Event, Fault, FaultAction, NewCa, Performed, Refusal, RefusalMeaning,
    Removal, RootCause, Status, Step,
};
pub(super) use trail::Trail;

use super::addresses::{application, application_of};
use super::ca_route::CaRoute;
use super::case::Case;
use super::facts::Facts;
use trustsim_kernel::{Span, Time};
use trustsim_validators::ErrorKind;
use trustsim_world::{
    Action, ApplicationIndex, Deployment, Entry, Kind, OperatorIndex, OperatorSpec, Seq,
    TimedAction,
};

/// Two update-status hooks: what has not happened after that does not happen by itself.
pub(super) const PENDING_MAX: Span = Span::from_secs(900);

/// A search for root causes in one journal.
pub(super) struct Search<'e, 'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) facts: &'e Facts<'a>,
    pub(super) trail: &'e Trail<'a>,
}

impl<'a> Search<'_, 'a> {
    /// What is to blame for a failing handshake. `root` is the action nearest to it, if there was
    /// one.
    pub(super) fn root_cause(
        &self,
        case: &Case<'a>,
        ca_route: Option<&CaRoute>,
        root: Option<Seq>,
    ) -> RootCause {
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
            | ErrorKind::NoClientCertificate => self.untrusted(case, ca_route, root),
            ErrorKind::NotValidForName => self.misnamed(case, root),
            _ => None,
        };
        let symptom = Box::new(case.symptom());
        let action = || {
            let performed = self.performed(root?)?;
            Some(RootCause::new(Cause::Action(performed), root))
        };
        let mut cause = found
            .or_else(action)
            .unwrap_or_else(|| RootCause::new(Cause::Symptom(symptom.clone()), None));
        cause = cause.after(case.at, Event::Failure(symptom));
        cause.steps.sort_by_key(|step| step.at);
        let behind = cause.seq.or(root).and_then(|seq| self.action_behind(seq));
        let entry = behind.and_then(|(seq, _)| self.trail.entry(seq));
        cause.action = entry.and_then(|entry| match &entry.kind {
            Kind::Action(record) => Some((entry.time, record.source().clone())),
            _ => None,
        });
        cause
    }

    /// The action that an entry is.
    fn performed(&self, seq: Seq) -> Option<Performed> {
        match &self.trail.entry(seq)?.kind {
            Kind::Action(record) => Some(Performed::new(record, self.deployment)),
            _ => None,
        }
    }

    /// The action nearest to an entry, of those that led to it.
    fn action_behind(&self, seq: Seq) -> Option<(Seq, Performed)> {
        let mut next = Some(seq);
        while let Some(seq) = next {
            if let Some(performed) = self.performed(seq) {
                return Some((seq, performed));
            }
            let entry = self.trail.entry(seq)?;
            next = entry.cause.filter(|cause| *cause < seq);
        }
        None
    }

    /// A certificate is for other names than the one asked for.
    fn misnamed(&self, case: &Case<'a>, root: Option<Seq>) -> Option<RootCause> {
        let after = root.and_then(|root| self.performed(root));
        let seq = root.filter(|_| after.is_some());
        let cause = Cause::WrongName {
            presenter: case.presenter.to_owned(),
            judge: case.judge.to_owned(),
            names: case.leaf?.certificate.sans().to_vec(),
            asked: case.connection.server_name.clone(),
            after,
        };
        Some(RootCause::new(cause, seq))
    }

    /// Something keeps a side from answering at all.
    fn struck(&self, case: &Case<'a>) -> Option<RootCause> {
        let application = self.application(case.presenter)?;
        let down = self.strike_on(application, case.at, |strike| {
            strike == faults::Strike::Down
        })?;
        Some(self.down(down))
    }

    /// An application cannot work because of this action.
    fn down(&self, timed: &TimedAction) -> RootCause {
        let cause = Cause::Down {
            fault: self.fault(timed),
            instead: None,
        };
        RootCause::new(cause, self.seq_of(timed))
    }

    /// The latest action still in force that does this to an application.
    fn strike_on(
        &self,
        application: ApplicationIndex,
        at: Time,
        is_it: impl Fn(faults::Strike) -> bool,
    ) -> Option<&'a TimedAction> {
        let open = faults::in_force(self.deployment, at);
        let strikes = |timed: &&&TimedAction| {
            faults::strikes(self.deployment, &timed.action, application).is_some_and(&is_it)
        };
        open.iter().rev().find(strikes).copied()
    }

    fn fault(&self, timed: &TimedAction) -> Fault {
        let what = match &timed.action {
            Action::AcmeServer { .. } => FaultAction::AcmeServerUnreachable,
            action => FaultAction::Command(action.to_command(self.deployment)),
        };
        Fault {
            since: short(self.deployment.start + timed.at),
            what,
            source: timed.source.clone(),
        }
    }

    /// The entry of an action of the plan.
    fn seq_of(&self, timed: &TimedAction) -> Option<Seq> {
        let mut actions = self.trail.actions();
        let is_it = |entry: &Entry| match &entry.kind {
            Kind::Action(record) => record.planned && *record.timed == *timed,
            _ => false,
        };
        actions.find(|(_, entry)| is_it(entry)).map(|(seq, _)| seq)
    }

    /// Index of the application of `model.app/0` or `model.app`.
    fn application(&self, address: &str) -> Option<ApplicationIndex> {
        application(self.deployment, application_of(address))
    }

    /// Who looks after an application.
    fn operator(&self, application: ApplicationIndex) -> Option<(OperatorIndex, &'a OperatorSpec)> {
        let mut operators = self.deployment.operators.iter_enumerated();
        operators.find(|(_, operator)| operator.answers.contains(&application))
    }

    /// Whose clock is off at `at`, of those who have to do with a certificate.
    fn clock(&self, case: &Case<'a>, ahead: bool) -> Option<RootCause> {
        let signer = case.signer();
        let mut whom = [Some(case.judge), signer.as_deref(), Some(case.presenter)].into_iter();
        whom.find_map(|who| {
            let who = who?;
            let (skew_ns, timed) = self.skew(who, case.at)?;
            let is_to_blame = (skew_ns > 0) == (ahead == (who == case.judge));
            is_to_blame.then(|| self.clock_skew(who, (skew_ns, timed), None))
        })
    }

    fn clock_skew(
        &self,
        whom: &str,
        (skew_ns, timed): (i64, &TimedAction),
        signed: Option<SignedInThePast>,
    ) -> RootCause {
        let cause = Cause::ClockSkew {
            whom: whom.to_owned(),
            skew_ns,
            since: short(self.deployment.start + timed.at),
            source: timed.source.clone(),
            signed,
        };
        RootCause::new(cause, self.seq_of(timed))
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
