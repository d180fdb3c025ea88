//! The action of the scenario that a cause names: the line that a reader is shown beside it, and what is tried undone.
//!
//! Not the last action before the failure, which may have nothing to do with it: a CA that was rotated in spring has every
//! certificate of that year issued, and is to blame for no relation that was removed in autumn.

use super::kinds::{
    Cause, CertificateCause, ChainCause, FaultCause, NotGiven, NotRequestedReason, TrustCause,
};
use super::root_cause::{Apart, CaTrigger, Fault, NewCa, Performed, Removal};
use trustsim_kernel::Time;
use trustsim_model::{ActionRecord, Deployment, Source};

/// What a cause says of an action. A plan that is drawn has several actions in one line of the scenario.
#[derive(Clone, Copy, Debug)]
pub(super) enum NamedAction<'c> {
    /// Its line and command.
    Performed(&'c Performed),
    /// Its line, and to the second when it was taken.
    Since(&'c Source, Time),
}

impl NamedAction<'_> {
    /// Whether an action that was taken at an instant is the one that is named.
    pub(super) fn is(self, record: &ActionRecord, at: Time, deployment: &Deployment) -> bool {
        match self {
            Self::Performed(performed) => {
                *record.source() == performed.source
                    && record.action().to_command(deployment) == performed.command
            }
            Self::Since(source, since) => {
                record.source() == source && at.truncated_to_seconds() == since
            }
        }
    }
}

impl Cause {
    /// Where the scenario has what this names as done.
    pub(super) fn named_action(&self) -> Option<NamedAction<'_>> {
        match self {
            Self::Action(performed) => Some(NamedAction::Performed(performed)),
            Self::WrongName { after, held, .. } => {
                let held = held.as_ref().and_then(|held| held.named_action());
                held.or_else(|| performed(after.as_ref()))
            }
            Self::HookFailed {
                after,
                made_to_fail,
                ..
            } => {
                let made = made_to_fail.as_ref().map(fault);
                made.or_else(|| performed(after.as_ref()))
            }
            Self::Blocked { after, .. } => performed(after.as_ref()),
            Self::CaNeedsCertificate { because, .. } => because.named_action(),
            Self::TransferHeld { missing, by } => by
                .named_action()
                .or_else(|| missing.made.as_ref().and_then(made_by)),
            Self::NotTransferred { missing, .. } => missing.made.as_ref().and_then(made_by),
            Self::Fault(cause) => of_fault(cause),
            Self::Certificate(cause) => of_certificate(cause),
            Self::Chain(cause) => of_chain(cause),
            Self::Trust(cause) => of_trust(cause),
            Self::Symptom(_) | Self::Refused { .. } => None,
        }
    }
}

fn performed(action: Option<&Performed>) -> Option<NamedAction<'_>> {
    action.map(NamedAction::Performed)
}

const fn fault(fault: &Fault) -> NamedAction<'_> {
    NamedAction::Since(&fault.source, fault.since)
}

fn removed(removal: Option<&Removal>) -> Option<NamedAction<'_>> {
    performed(removal?.by.as_ref())
}

fn made_by(made: &NewCa) -> Option<NamedAction<'_>> {
    match made.trigger.as_ref()? {
        CaTrigger::Action(performed) => Some(NamedAction::Performed(performed)),
        CaTrigger::Secret { .. } => None,
    }
}

fn of_fault(cause: &FaultCause) -> Option<NamedAction<'_>> {
    match cause {
        FaultCause::Down { fault: by, .. }
        | FaultCause::AcmeOutage(by)
        | FaultCause::Separated { fault: by, .. }
        | FaultCause::SecretsLate { fault: by, .. } => Some(fault(by)),
        FaultCause::ClockSkew { source, since, .. } => Some(NamedAction::Since(source, *since)),
        FaultCause::LostWithContainer { by, and, .. } => {
            let and = and.as_ref().and_then(|and| and.named_action());
            and.or(Some(NamedAction::Performed(by)))
        }
        // The line of the scenario has the person, and nothing that was done.
        FaultCause::Operator { .. } => None,
    }
}

fn of_certificate(cause: &CertificateCause) -> Option<NamedAction<'_>> {
    match cause {
        CertificateCause::CertificatesRelationRemoved { by, .. }
        | CertificateCause::TakenAway { by, .. } => performed(by.as_ref()),
        CertificateCause::NotLoaded { after, .. } => performed(after.as_ref()),
        CertificateCause::NeverRequested {
            why: NotRequestedReason::LeaderChanged { by, .. },
            ..
        } => performed(by.as_ref()),
        CertificateCause::RotationStuck { after, .. } => performed(after.as_ref()),
        CertificateCause::NeverRequested { .. }
        | CertificateCause::TrustedRootExpired { .. }
        | CertificateCause::ReplacedRootStillUsed { .. }
        | CertificateCause::RootNotRenewed { .. }
        | CertificateCause::NoProvider { .. }
        | CertificateCause::NotHanded { .. }
        | CertificateCause::NoParent { .. }
        | CertificateCause::NotAnswered { .. }
        | CertificateCause::ApplicationRequestUnread { .. }
        | CertificateCause::NeverStarts { .. }
        | CertificateCause::NotTheLeader { .. }
        | CertificateCause::ProtocolMismatch { .. } => None,
    }
}

fn of_chain(cause: &ChainCause) -> Option<NamedAction<'_>> {
    match cause {
        ChainCause::ChainWithoutCertificate { after, .. }
        | ChainCause::ChainReversed { after, .. }
        | ChainCause::KeyDropped { after, .. } => performed(after.as_ref()),
        ChainCause::PreviousProviderStillServed { removed: gone, .. } => removed(gone.as_ref()),
    }
}

fn of_trust(cause: &TrustCause) -> Option<NamedAction<'_>> {
    match cause {
        TrustCause::TransferRemoved { by, .. } | TrustCause::TakenAway { by, .. } => {
            performed(by.as_ref())
        }
        TrustCause::NoTransfer { apart, .. } => match apart.as_ref()? {
            Apart::Units { after, .. } => performed(after.as_ref()),
            Apart::Applications { removed: gone, .. } => removed(gone.as_ref()),
        },
        TrustCause::NotGiven { why, .. } => match why {
            NotGiven::Never { moved } => removed(moved.as_ref()?.removed.as_ref()),
            NotGiven::HadNone(made) | NotGiven::HasOld(made) | NotGiven::HasNew { made, .. } => {
                made_by(made)
            }
            NotGiven::OwnRoot { .. } | NotGiven::Unknown => None,
        },
        TrustCause::OldCaDropped { made, .. } => made_by(made),
        TrustCause::ForeignIssuer { .. }
        | TrustCause::IntermediateAnchor { .. }
        | TrustCause::MissingIntermediate { .. }
        | TrustCause::NotPassedOn { .. }
        | TrustCause::ProcessLacks { .. } => None,
    }
}
