//! What can be to blame for a failure, one variant each, with the facts that name it. Knows no
//! English: `trustsim_report::words` has the sentence for each variant.

mod certificate;
mod fault;
mod trust;

use trustsim_juju::{HookError, HookName};
use trustsim_kernel::Time;
use trustsim_model::{Address, EndpointRef};
use trustsim_pki::Certificate;

pub use certificate::{
    CertificateCause, ChainCause, KeyLoss, NotInstalledReason, NotLoadedReason, NotRequestedReason,
};
pub use fault::{ClockEffect, FaultCause, Lost, NeverAsked, Separation, SignedInThePast, WaitEnd};
pub use trust::{ChangedProvider, NotGiven, NotPassed, ProcessLacks, TrustCause};

use super::root_cause::{Fault, NewCa, Performed, Refusal, Status};
use crate::Symptom;

/// What is to blame for a failure.
///
/// Instants that people read are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing is known but what the handshake itself shows.
    Symptom(Box<Symptom>),
    /// An action that was performed.
    Action(Performed),
    /// The certificate has other names than the one asked for.
    WrongName {
        /// Who presents it.
        presenter: Address,
        /// Who asks.
        judge: Address,
        /// The names in the certificate.
        names: Vec<String>,
        /// The name asked for.
        asked: String,
        /// The action that led there.
        after: Option<Performed>,
        /// What keeps another certificate from coming, where something does.
        held: Option<Box<Self>>,
    },
    /// A provider refused a request.
    Refused {
        /// Who was asked.
        providers: Vec<Address>,
        /// Who asked.
        holder: Address,
        /// For which common name.
        name: String,
        /// What was said.
        refusal: Refusal,
    },
    /// A hook fails, and its unit does nothing else.
    HookFailed {
        /// The unit.
        unit: Address,
        /// The hook.
        hook: HookName,
        /// Why it failed.
        error: HookError,
        /// When it failed first.
        since: Time,
        /// Whether it failed more than once.
        again: bool,
        /// The action that led to the hook, where one did.
        after: Option<Performed>,
        /// The fault of the scenario that makes it fail, where one does.
        made_to_fail: Option<Fault>,
        /// What the unit goes on presenting.
        presents: Option<StillPresented>,
    },
    /// A unit says itself that it cannot go on.
    Blocked {
        /// The unit.
        unit: Address,
        /// What it says.
        status: Status,
        /// Since when.
        since: Time,
        /// When the certificate that its own server presents ended, where it has.
        own_ended: Option<Time>,
        /// The action that led there.
        after: Option<Performed>,
    },
    /// A CA comes only beside a certificate of the judge's own, and it has none.
    CaNeedsCertificate {
        /// Who judges.
        judge: Address,
        /// Whose CA.
        signer: Address,
        /// Why it has no certificate.
        because: Box<Self>,
    },
    /// A relation carries the CA, and it has not come, or not to where it is read.
    NotTransferred {
        /// What is missing.
        missing: MissingCa,
        /// How far it came.
        transit: Transit,
    },
    /// A relation carries the CA, and something keeps it from coming.
    TransferHeld {
        /// What is missing.
        missing: MissingCa,
        /// What holds it up.
        by: Box<Self>,
    },
    /// Something was done to the deployment, or a person has not done something.
    Fault(FaultCause),
    /// A certificate is not there, or has ended.
    Certificate(CertificateCause),
    /// What is presented is not what was issued last.
    Chain(ChainCause),
    /// A CA is not trusted.
    Trust(TrustCause),
}

impl Cause {
    /// Its name, kebab-case; of what is to blame only for something else, the name of the latter.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Symptom(symptom) => symptom.error.kebab(),
            Self::Action(_) => "action",
            Self::WrongName { .. } => "wrong-name",
            Self::Refused { .. } => "refused",
            Self::HookFailed { .. } => "hook-failed",
            Self::Blocked { .. } => "blocked",
            Self::CaNeedsCertificate { because, .. } => because.name(),
            Self::NotTransferred { transit, .. } => transit.name(),
            Self::TransferHeld { by, .. } => by.name(),
            Self::Fault(cause) => cause.name(),
            Self::Certificate(cause) => cause.name(),
            Self::Chain(cause) => cause.name(),
            Self::Trust(cause) => cause.name(),
        }
    }

    /// Whether two causes are of one kind, whatever the units, names and instants in them.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self.innermost(), other.innermost()) {
            (Self::Symptom(one), Self::Symptom(other)) => one.error == other.error,
            (Self::Fault(one), Self::Fault(other)) => one.is_like(other),
            (Self::Certificate(one), Self::Certificate(other)) => {
                std::mem::discriminant(one) == std::mem::discriminant(other)
            }
            (Self::Chain(one), Self::Chain(other)) => {
                std::mem::discriminant(one) == std::mem::discriminant(other)
            }
            (Self::Trust(one), Self::Trust(other)) => {
                std::mem::discriminant(one) == std::mem::discriminant(other)
            }
            // A relation that an action removed, and one of which the journal says that it is gone.
            (Self::Fault(fault), Self::Certificate(certificate))
            | (Self::Certificate(certificate), Self::Fault(fault)) => {
                fault.is_relation_removed()
                    && matches!(
                        certificate,
                        CertificateCause::CertificatesRelationRemoved { .. }
                    )
            }
            (
                Self::NotTransferred { transit: one, .. },
                Self::NotTransferred { transit: other, .. },
            ) => one.is_like(other),
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// When it was over, where a person was waited for who came.
    pub(crate) fn ended(&self) -> Option<Time> {
        match self.innermost() {
            Self::Fault(FaultCause::Operator {
                end: WaitEnd::Answered(end),
                ..
            }) => Some(*end),
            _ => None,
        }
    }

    /// What is to blame in the end, beneath what it is to blame for.
    pub fn innermost(&self) -> &Self {
        match self {
            Self::CaNeedsCertificate { because, .. } => because.innermost(),
            Self::TransferHeld { by, .. } => by.innermost(),
            other => other,
        }
    }
}

impl From<FaultCause> for Cause {
    fn from(cause: FaultCause) -> Self {
        Self::Fault(cause)
    }
}

impl From<CertificateCause> for Cause {
    fn from(cause: CertificateCause) -> Self {
        Self::Certificate(cause)
    }
}

impl From<ChainCause> for Cause {
    fn from(cause: ChainCause) -> Self {
        Self::Chain(cause)
    }
}

impl From<TrustCause> for Cause {
    fn from(cause: TrustCause) -> Self {
        Self::Trust(cause)
    }
}

/// What a unit presents that runs no hook but the failing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillPresented {
    /// The unit or application that presents it.
    pub presenter: Address,
    /// Whose certificate it is.
    pub signer: Address,
    /// Whether that is its provider still, and only the CA is an old one.
    pub old_ca: bool,
}

/// A CA that should have come to a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCa {
    /// Whose CA.
    pub signer: Address,
    /// Who should have it.
    pub judge: Address,
    /// Who presents a certificate of it.
    pub presenter: Address,
    /// Where it was made in the course of the run: when, and why.
    pub made: Option<NewCa>,
}

/// How far a CA came on its way over a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transit {
    /// The provider has not sent it.
    NotSent {
        /// The provider.
        provider: Address,
    },
    /// The judge ran no hook for it.
    NotHeard {
        /// The judge.
        judge: Address,
        /// When it was sent.
        sent: Time,
    },
    /// The hook that takes it has not ended.
    HookRunning {
        /// The judge.
        judge: Address,
    },
    /// It was taken, and the process does not have it.
    NotRead {
        /// The judge.
        judge: Address,
        /// When it was taken.
        taken: Time,
    },
    /// Another CA of the provider came: it has one for its own server, and one with which it signs for others.
    OtherCa {
        /// Whose CAs they are.
        provider: Address,
        /// The judge.
        judge: Address,
        /// The one that came.
        came: Certificate,
    },
    /// It comes beside the judge's own next certificate only.
    BesideCertificate {
        /// The judge.
        judge: Address,
    },
    /// For a peer of version 0 the provider picks one of its CAs, and picked another.
    OneOfSeveral {
        /// The endpoint that gives.
        provider: EndpointRef,
        /// The endpoint that takes.
        requirer: EndpointRef,
        /// How many there are.
        count: usize,
        /// Since when the one is valid that was picked.
        picked: Time,
    },
    /// The requirer takes the databag as it is, in quotes.
    RawDatabag {
        /// The endpoint that gives.
        provider: EndpointRef,
        /// The endpoint that takes.
        requirer: EndpointRef,
    },
    /// Both speak different versions of `certificate_transfer`.
    VersionsDiffer {
        /// The endpoint that gives.
        provider: EndpointRef,
        /// The endpoint that takes.
        requirer: EndpointRef,
        /// The versions, of the provider first.
        versions: [u8; 2],
    },
    /// No leader wrote which version it speaks.
    VersionUnwritten {
        /// The application that gives.
        provider: Address,
        /// The application that takes.
        requirer: Address,
        /// Its endpoint.
        endpoint: String,
    },
    /// The charm writes every CA to one file, in which another is.
    OneFile {
        /// The charm.
        charm: String,
        /// The judge.
        judge: Address,
        /// When the one in the file was made.
        left: Time,
    },
    /// The charm does not restart its process for a CA.
    ReadAtStart {
        /// The charm.
        charm: String,
        /// The judge.
        judge: Address,
    },
}

impl Transit {
    /// Its name, kebab-case.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "not-sent",
            Self::NotHeard { .. } => "not-heard",
            Self::HookRunning { .. } => "hook-running",
            Self::NotRead { .. } => "not-read",
            Self::OtherCa { .. } => "other-ca",
            Self::BesideCertificate { .. } => "ca-with-certificate",
            Self::OneOfSeveral { .. } => "one-at-random",
            Self::RawDatabag { .. }
            | Self::VersionsDiffer { .. }
            | Self::VersionUnwritten { .. } => "versions-differ",
            Self::OneFile { .. } => "written-over",
            Self::ReadAtStart { .. } => "read-at-start",
        }
    }

    /// Whether two are of one kind; that versions differ is one, however it shows.
    fn is_like(&self, other: &Self) -> bool {
        let is_of_versions = |transit: &Self| {
            matches!(
                transit,
                Self::RawDatabag { .. }
                    | Self::VersionsDiffer { .. }
                    | Self::VersionUnwritten { .. }
            )
        };
        std::mem::discriminant(self) == std::mem::discriminant(other)
            || (is_of_versions(self) && is_of_versions(other))
    }

    /// Whether the CA is only on its way: it comes by itself, or something else holds it up.
    pub const fn is_pending(&self) -> bool {
        matches!(
            self,
            Self::NotSent { .. }
                | Self::NotHeard { .. }
                | Self::HookRunning { .. }
                | Self::BesideCertificate { .. }
        )
    }

    /// Whether a CA came that will not come again by itself.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::OneOfSeveral { .. }
            | Self::RawDatabag { .. }
            | Self::VersionsDiffer { .. }
            | Self::VersionUnwritten { .. }
            | Self::OneFile { .. }
            | Self::OtherCa { .. }
            | Self::ReadAtStart { .. } => true,
            Self::NotSent { .. }
            | Self::NotHeard { .. }
            | Self::HookRunning { .. }
            | Self::NotRead { .. }
            | Self::BesideCertificate { .. } => false,
        }
    }
}
