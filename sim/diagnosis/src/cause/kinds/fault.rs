//! Causes that are actions, waits for people, and what they took away.

use trustsim_charm_model::PendingTask;
use trustsim_kernel::Time;
use trustsim_model::{Address, OperatorIndex, Source};

use super::Cause;
use crate::cause::root_cause::{Fault, Performed};

/// What was done to the deployment, or what a person has not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultCause {
    /// An application cannot work.
    Down {
        /// What keeps it from working.
        fault: Fault,
        /// Who would have asked for a certificate meanwhile.
        instead: Option<NeverAsked>,
    },
    /// A clock is wrong.
    ClockSkew {
        /// Whose.
        address: Address,
        /// By how much, in nanoseconds; ahead where positive.
        skew_ns: i64,
        /// Since when.
        since: Time,
        /// When it is set right, where it is.
        until: Option<Time>,
        /// The line of the scenario.
        source: Source,
        /// What the clock did to a certificate, where it is not the verdict itself.
        effect: Option<ClockEffect>,
    },
    /// A unit waits for a person.
    Operator {
        /// The unit.
        unit: Address,
        /// Index of the operator.
        operator: OperatorIndex,
        /// The operator's name.
        name: String,
        /// What only a person can do.
        wait: PendingTask,
        /// Since when.
        since: Time,
        /// How it ends.
        end: WaitEnd,
    },
    /// The public ACME server cannot be reached.
    AcmeOutage(Fault),
    /// Two applications that have to reach each other cannot.
    Separated {
        /// What keeps them apart.
        by: Separation,
        /// The action that did it.
        fault: Fault,
    },
    /// Secrets expire late, so that no renewal is asked for in time.
    SecretsLate {
        /// What makes them late.
        fault: Fault,
        /// Who asks for none.
        holder: Address,
    },
    /// Files went with their container.
    LostWithContainer {
        /// Who lost them.
        who: Address,
        /// What was lost.
        what: Lost,
        /// When.
        at: Time,
        /// The action that replaced the container.
        by: Performed,
        /// When it was written again.
        until: Option<Time>,
        /// Why nothing can bring it again.
        and: Option<Box<Cause>>,
    },
}

impl FaultCause {
    /// Whether two are of one kind.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Separated { by: one, .. }, Self::Separated { by: other, .. }) => one == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// Whether it is that a relation was removed.
    pub(super) const fn is_relation_removed(&self) -> bool {
        matches!(
            self,
            Self::Separated {
                by: Separation::Relation,
                ..
            }
        )
    }

    /// Its name, kebab-case.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Down { .. } => "down",
            Self::ClockSkew { .. } => "clock",
            Self::Operator { .. } => "operator",
            Self::AcmeOutage(_) => "acme-outage",
            Self::Separated { by, .. } => by.name(),
            Self::SecretsLate { .. } => "late",
            Self::LostWithContainer { .. } => "lost-with-container",
        }
    }
}

/// A renewal that a down application never asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeverAsked {
    /// Whose certificate it was.
    pub holder: Address,
    /// Whether its charm does not ask once a certificate has expired.
    pub too_late: bool,
}

/// What a clock that is wrong did to a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockEffect {
    /// It was signed by that clock.
    SignedInThePast(SignedInThePast),
    /// By that clock it was over when it came or was to be renewed, and no other was asked for.
    NotRenewed {
        /// Whose it is.
        holder: Address,
        /// When it ended.
        ended: Time,
    },
    /// By that clock it was over when it came, and was not taken.
    NotTaken {
        /// Whose it is.
        holder: Address,
        /// When it was issued.
        issued: Time,
    },
}

/// A certificate that had ended, by the right time, when it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInThePast {
    /// Whose it is.
    pub holder: Address,
    /// When it was signed.
    pub at: Time,
    /// When it had ended.
    pub ended: Time,
}

/// How a wait for a person ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// The person came at this instant.
    Answered(Time),
    /// The person does not come again.
    Never,
    /// The person has not come yet.
    Open,
}

/// What keeps two applications apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separation {
    /// Their relation was removed.
    Relation,
    /// The offer of one of them is gone, revoked or suspended.
    Offer,
    /// Nothing passes between their controllers.
    Network,
}

impl Separation {
    const fn name(self) -> &'static str {
        match self {
            Self::Relation => "relation-removed",
            Self::Offer => "offer",
            Self::Network => "cut-off",
        }
    }
}

/// What went with a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The CA of this application.
    Ca(Address),
    /// The unit's own certificate.
    Certificate,
}
