//! The root cause of a failure, and the steps from there to the failing handshake.
//!
//! The certificate last served is seldom to blame. When one expires, the cause is what kept its
//! renewal away: the search goes from the certificate to the request that should have renewed it, or
//! its absence, and on to who held it up. When trust is missing, the search goes to the relation that
//! would have carried it. For example: `web/0` presents an expired certificate; it asked for the next
//! one in time; its provider `vault/0` was sealed by then; an operator was expected and came a day
//! later. The root cause is [`FaultCause::Operator`], and the request is one of its [`Step`]s.
//!
//! Reads the journal and the deployment. Everything found is a value: English is made in
//! `trustsim_report::words`, and nothing here reads it back.

mod clocks;
mod faults;
mod holdup;
mod kinds;
mod lost;
mod named_action;
mod not_moved_on;
mod presented;
mod records;
mod renewal;
mod root_cause;
mod trail;
mod transfer;
mod trust;
mod two_phases;

pub(super) use faults::ended;
pub use kinds::{
    Cause, CertificateCause, ChainCause, ChangedProvider, ClockEffect, FaultCause, KeyLoss, Lost,
    MissingCa, NeverAsked, NotGiven, NotInstalledReason, NotLoadedReason, NotPassed,
    NotRequestedReason, ProcessLacks, Separation, SignedInThePast, StillPresented, Transit,
    TrustCause, WaitEnd,
};
pub(super) use records::Records;
use records::{Sent, Skew};
pub use root_cause::{
    Apart, CaTrigger, Event, Fault, FaultAction, NewCa, Performed, Refusal, Removal, RootCause,
    Status, Step,
};
pub(super) use trail::{Issued, Trail};

use super::ca_route::CaRoute;
use super::case::Case;
use trustsim_kernel::{Span, Time};
use trustsim_model::{Action, Entry, Kind, Seq, Source, TimedAction, UnitAction};
use trustsim_validators::ErrorKind;

/// Two update-status hooks: what has not happened after that does not happen by itself.
pub(super) const PENDING_MAX: Span = Span::from_secs(900);

/// A search for root causes in one journal. It looks at what a handshake shows, and leaves the rest to the parts below,
/// each of which knows those below it: [`TrustSearch`], [`CertificateSearch`], [`Hindrances`], [`Records`].
#[derive(Clone, Copy)]
pub(super) struct Search<'e, 'a> {
    pub(super) records: Records<'e, 'a>,
}

/// What led to a failing handshake, by the entries: the action nearest to it, or the first entry of the run where there
/// was none.
#[derive(Clone, Copy)]
pub(super) struct Roots {
    /// Of the handshake itself.
    pub(super) root: Option<Seq>,
    /// Of the first one since which the connection fails so.
    pub(super) begun: Option<Seq>,
}

/// Why a judge does not trust a chain: how the CA would have come to it, or the certificate of another CA to the
/// presenter.
#[derive(Clone, Copy)]
struct TrustSearch<'e, 'a> {
    records: Records<'e, 'a>,
}

/// Why a side has no certificate, or one that ended: was another one asked for, was it answered, was it loaded.
#[derive(Clone, Copy)]
struct CertificateSearch<'e, 'a> {
    records: Records<'e, 'a>,
}

/// What kept a unit from its work, or took its files away: a person, a fault, a hook that fails, a link, a clock.
#[derive(Clone, Copy)]
struct Hindrances<'e, 'a> {
    records: Records<'e, 'a>,
}

impl<'e, 'a> TrustSearch<'e, 'a> {
    const fn certificates(self) -> CertificateSearch<'e, 'a> {
        let records = self.records;
        CertificateSearch { records }
    }

    const fn hindrances(self) -> Hindrances<'e, 'a> {
        self.certificates().hindrances()
    }
}

impl<'e, 'a> CertificateSearch<'e, 'a> {
    const fn hindrances(self) -> Hindrances<'e, 'a> {
        let records = self.records;
        Hindrances { records }
    }
}

impl<'e, 'a> Search<'e, 'a> {
    const fn trust(&self) -> TrustSearch<'e, 'a> {
        let records = self.records;
        TrustSearch { records }
    }

    const fn certificates(&self) -> CertificateSearch<'e, 'a> {
        self.trust().certificates()
    }

    const fn hindrances(&self) -> Hindrances<'e, 'a> {
        self.trust().hindrances()
    }

    /// What is to blame for a failing handshake.
    pub(super) fn root_cause(
        &self,
        case: &Case<'a>,
        ca_route: Option<&CaRoute>,
        Roots { root, begun }: Roots,
    ) -> RootCause {
        let found = match case.error() {
            _ if self.records.presents_default(case) => {
                self.certificates().without_certificate(case)
            }
            ErrorKind::NoCertificate | ErrorKind::NoClientCertificate if case.serial.is_empty() => {
                self.certificates().without_certificate(case)
            }
            ErrorKind::ClientStopped => self.certificates().without_certificate(case),
            ErrorKind::KeyMismatch | ErrorKind::BadEncoding => self.misbuilt(case, root),
            ErrorKind::Expired => self.certificates().expired(case),
            ErrorKind::NotValidYet => self.certificates().not_valid_yet(case),
            ErrorKind::Unreachable | ErrorKind::ClosedByPeer => self.struck(case),
            // It was made to, or serves so without a certificate.
            ErrorKind::PlaintextPeer => self
                .struck(case)
                .or_else(|| self.certificates().without_certificate(case)),
            ErrorKind::UnknownIssuer
            | ErrorKind::BadSignature
            | ErrorKind::PartialChain
            | ErrorKind::NoClientCertificate => self.trust().untrusted(case, ca_route, root),
            ErrorKind::NotValidForName => self.misnamed(case, begun),
            _ => None,
        };
        let symptom = Box::new(case.symptom());
        let action = || {
            let performed = self.records.performed(begun?)?;
            Some(RootCause::new(Cause::Action(performed), begun))
        };
        let mut cause = found
            .or_else(action)
            .unwrap_or_else(|| RootCause::new(Cause::Symptom(symptom.clone()), None));
        cause = cause.after(case.at, Event::Failure(symptom));
        cause.steps.sort_by_key(|step| step.at);
        cause.action = self.blamed_action(&cause, case, begun);
        cause
    }

    /// The action that a cause names. Where it names none, the one of the scenario that led to what shows it.
    fn blamed_action(
        &self,
        cause: &RootCause,
        case: &Case<'a>,
        begun: Option<Seq>,
    ) -> Option<(Time, Source)> {
        let entry = match cause.what.named_action() {
            Some(named) => {
                let is_named = |entry: &Entry| match &entry.kind {
                    Kind::Action(record) => {
                        entry.time <= case.at
                            && named.is(record, entry.time, self.records.deployment)
                    }
                    _ => false,
                };
                let mut actions = self.records.trail.actions().rev();
                actions.find(|(_, entry)| is_named(entry))?.1
            }
            None => {
                let (seq, _) = self.records.planned_behind(cause.seq.or(begun)?)?;
                self.records.trail.entry(seq)?
            }
        };
        match &entry.kind {
            Kind::Action(record) => Some((entry.time, record.source().clone())),
            other => unreachable!("an action was looked for: {other:?}"),
        }
    }

    /// A certificate is for other names than the one asked for. `begun` is what led to the first of those.
    fn misnamed(&self, case: &Case<'a>, begun: Option<Seq>) -> Option<RootCause> {
        let root = self.readdressed(case).or(begun);
        let after = root.and_then(|root| self.records.performed(root));
        let seq = root.filter(|_| after.is_some());
        let since = seq.and_then(|seq| self.records.trail.entry(seq));
        let held = since.and_then(|entry| {
            let held = self
                .hindrances()
                .held_back(case.presenter, entry.time, case.at);
            let requirer = case.presenter.to_application();
            held.or_else(|| {
                self.certificates()
                    .certificates_relation_gone(&requirer, case.at)
            })
        });
        let cause = Cause::WrongName {
            presenter: case.presenter.clone(),
            judge: case.judge.clone(),
            names: case.leaf?.certificate.sans().to_vec(),
            asked: case.connection.server_name_at(case.at).to_owned(),
            after,
            held: held.map(|held| Box::new(held.what)),
        };
        Some(RootCause::new(cause, seq))
    }

    /// The change of address because of which the client asks for the name that it asks for, whatever made it ask again.
    fn readdressed(&self, case: &Case<'a>) -> Option<Seq> {
        let mut names = case.connection.renamed.iter();
        let renamed = names.rfind(|renamed| renamed.from <= case.at)?;
        let deployment = self.records.deployment;
        let server = self.records.application(&case.connection.server);
        // All units of a machine move with the one that is named.
        let of = |timed: &TimedAction| match timed.action {
            Action::Unit(UnitAction::ChangeAddress { target, .. }) => Some(target.application),
            Action::Unit(UnitAction::ChangeLoadBalancer { application, .. }) => Some(application),
            _ => None,
        };
        let changes = deployment
            .actions
            .iter()
            .filter(|timed| deployment.start + timed.at == renamed.from && of(timed).is_some());
        let found = changes.clone().find(|timed| of(timed) == server);
        let found = found.or_else(|| changes.clone().next());
        self.records.seq_of(found?)
    }

    /// Something keeps a side from answering at all.
    fn struck(&self, case: &Case<'a>) -> Option<RootCause> {
        let application = self.records.application(case.presenter)?;
        let down = self.records.strike_on(application, case.at, |strike| {
            strike == faults::Strike::Down
        })?;
        Some(self.hindrances().down(down))
    }
}

/// To the second: what people read.
fn short(time: Time) -> Time {
    time.truncated_to_seconds()
}
