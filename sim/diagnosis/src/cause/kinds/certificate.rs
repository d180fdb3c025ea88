//! Root causes about certificates: why a server or client has none, or an expired one ([`CertificateCause`]), and why
//! it presents a wrong chain ([`ChainCause`]). This file has the types only.
//!
//! Files of [`crate::cause`] find them: `renewal` and `two_phases` what is wrong with a certificate, `presented` and
//! `not_moved_on` what is wrong with a chain. `trustsim_report::words::cause` has their sentences. A new cause is a
//! variant here with its name in `name()`; the compiler then asks for its sentence, and one of those files has to find
//! it.

use trustsim_juju::HookName;
use trustsim_kernel::Time;
use trustsim_model::{Address, EndpointRef};
use trustsim_pki::Certificate;

use crate::cause::root_cause::{Performed, Removal, Status};

/// Why a certificate is not there, or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateCause {
    /// The relation that brought certificates is gone.
    CertificatesRelationRemoved {
        /// Who had its certificates over it.
        requirer: Address,
        /// Who gave them.
        provider: Address,
        /// When.
        at: Time,
        /// The action that removed it.
        by: Option<Performed>,
    },
    /// A root that is trusted has expired.
    TrustedRootExpired {
        /// Who trusts it.
        judge: Address,
        /// Whether that is a client outside Juju.
        is_client: bool,
        /// The root.
        root: Certificate,
    },
    /// A leaf that was signed by an expired root is still presented, although the root's owner has a new one.
    ReplacedRootStillUsed {
        /// Who presents it.
        presenter: Address,
        /// Whose root it is.
        owner: Address,
        /// When it ended.
        ended: Time,
        /// When its owner made the next one.
        next: Time,
    },
    /// A root has expired, and its owner made no other.
    RootNotRenewed {
        /// Whose root it is.
        owner: Address,
        /// When it ended.
        ended: Time,
    },
    /// No relation brings a certificate.
    NoProvider {
        /// Who needs one.
        holder: Address,
    },
    /// The coordinator that hands a worker its certificate has one, and that has not come yet.
    NotHanded {
        /// The worker.
        holder: Address,
        /// Its coordinator.
        coordinator: Address,
    },
    /// A provider has no CA: its charm needs one above it, and no relation brings it.
    NoParent {
        /// The provider.
        provider: Address,
        /// Over which endpoint the CA would come.
        endpoint: String,
    },
    /// A certificate was never asked for.
    NeverRequested {
        /// Who should have asked.
        holder: Address,
        /// Why not.
        why: NotRequestedReason,
    },
    /// A request got no answer.
    NotAnswered {
        /// Who was asked.
        providers: Vec<Address>,
        /// Who asked.
        holder: Address,
        /// For which common name.
        name: String,
        /// When.
        sent: Time,
    },
    /// A provider reads the requests of units only, and an application asks.
    ApplicationRequestUnread {
        /// The provider.
        provider: Address,
        /// Who asks.
        requirer: Address,
    },
    /// A newer certificate is there, and the workload does not serve it.
    NotLoaded {
        /// The action because of which it was issued, or the refresh that brought a charm which does not load it, where one
        /// did.
        after: Option<Performed>,
        /// Whose it is.
        holder: Address,
        /// When it was issued.
        issued: Time,
        /// Its serial.
        serial: String,
        /// Why not.
        why: NotLoadedReason,
        /// What the unit says of itself, where it is blocked or waits.
        says: Option<Status>,
    },
    /// A hook of its charm took a certificate away.
    TakenAway {
        /// Whose it was.
        holder: Address,
        /// When it was presented no more.
        at: Time,
        /// The unit that ran the hook.
        unit: Address,
        /// The hook.
        hook: HookName,
        /// What led to the hook, where something was done.
        by: Option<Performed>,
    },
    /// A server in pods waits for a CA that its charm makes only where no relation is to bring it a certificate.
    NeverStarts {
        /// The unit.
        holder: Address,
        /// The endpoint of that relation.
        endpoint: &'static str,
    },
    /// The unit that was given a certificate to hand on does not lead its application.
    NotTheLeader {
        /// The unit that was given it.
        unit: Address,
        /// The provider.
        provider: Address,
        /// The unit that leads.
        leader: Address,
    },
    /// The two sides of a relation speak different protocols.
    ProtocolMismatch {
        /// Both endpoints.
        endpoints: [EndpointRef; 2],
        /// Who gets no certificate.
        holder: Address,
    },
    /// The nodes of a rotation in two phases wait for each other.
    RotationStuck {
        /// The application.
        application: Address,
        /// Since when.
        since: Time,
        /// The action nearest to that, of those that led there.
        after: Option<Performed>,
        /// The units that have taken the new CA.
        units_with_new_ca: Vec<Address>,
        /// The units that wait.
        units_waiting: Vec<Address>,
    },
}

impl CertificateCause {
    /// Its name in reports, kebab-case. It stays the same where a variant is renamed.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::CertificatesRelationRemoved { .. } => "relation-removed",
            Self::TrustedRootExpired { .. } => "anchor-over",
            Self::ReplacedRootStillUsed { .. } => "outlived-ca",
            Self::RootNotRenewed { .. } => "root-not-renewed",
            Self::NoProvider { .. } => "no-provider",
            Self::NotHanded { .. } => "not-handed",
            Self::NoParent { .. } => "no-parent",
            Self::NeverRequested { .. } => "not-asked",
            Self::NotAnswered { .. } => "not-answered",
            Self::ApplicationRequestUnread { .. } => "unread",
            Self::NotLoaded { .. } => "not-loaded",
            Self::TakenAway { .. } => "taken-away",
            Self::NeverStarts { .. } => "server-never-starts",
            Self::NotTheLeader { .. } => "not-the-leader",
            Self::ProtocolMismatch { .. } => "protocol-mismatch",
            Self::RotationStuck { .. } => "stuck-rotation",
        }
    }
}

/// Why a workload does not serve a certificate that was issued for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLoadedReason {
    /// No hook of the charm ran for it.
    Unheard,
    /// A hook ran, and the workload was not given it or did not read it.
    Unread,
    /// A charm of this name neither restarts nor reloads its workload for a certificate.
    ReadAtStart(String),
}

/// Why the presented chain is wrong: it is badly assembled, or it is that of the previous provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainCause {
    /// The chain is written without the certificate itself.
    ChainWithoutCertificate {
        /// Who presents it.
        presenter: Address,
        /// The charm.
        charm: String,
        /// Common name of the certificate that is missing.
        name: String,
        /// The refresh that brought such a charm, where one did.
        after: Option<Performed>,
    },
    /// The chain begins with an issuer.
    ChainReversed {
        /// Who presents it.
        presenter: Address,
        /// Whose certificate comes first.
        first: Address,
        /// Who sent it.
        provider: Address,
        /// The charm that reverses it, where that is not the provider.
        charm: Option<String>,
        /// The refresh of either that brought it about, where one did.
        after: Option<Performed>,
    },
    /// The key beside the certificate is another one than it was asked for with: the charm does not have that one any more.
    KeyDropped {
        /// Who presents it.
        presenter: Address,
        /// The charm.
        charm: String,
        /// Common name of the certificate.
        name: String,
        /// Why not.
        why: KeyLoss,
        /// The refresh that brought that version, or the action because of which it was asked for, where one was.
        after: Option<Performed>,
    },
    /// A certificate of the provider before is still presented.
    PreviousProviderStillServed {
        /// Who presents it.
        presenter: Address,
        /// The provider before.
        previous_provider: Address,
        /// When its relation was removed, and by what.
        removed: Option<Removal>,
        /// The provider now.
        current_provider: Address,
        /// When that one issued a certificate.
        issued: Time,
        /// Why it is not presented.
        why: NotInstalledReason,
    },
}

/// Why a charm does not have the key that a certificate was asked for with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyLoss {
    /// It threw the key away, since the certificate before was revoked or had ended.
    ThrownAway,
    /// The version before kept it elsewhere, where this one does not look.
    KeptElsewhere,
}

impl ChainCause {
    /// Its name in reports, kebab-case. It stays the same where a variant is renamed.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::ChainWithoutCertificate { .. } => "chain-without-certificate",
            Self::ChainReversed { .. } => "chain-turned-round",
            Self::KeyDropped { .. } => "key-dropped",
            Self::PreviousProviderStillServed { .. } => "kept",
        }
    }
}

/// Why a certificate was never asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRequestedReason {
    /// No certificate was ever requested.
    NoneEverRequested,
    /// Nothing says why; the one before ended at this instant.
    Unknown(Time),
    /// In the legacy protocol a certificate is issued once.
    LegacyIssuesOnce,
    /// A provider of the legacy protocol issues the client certificate that all its clients share once.
    SharedOnce,
    /// This charm does not observe the event `certificate_expiring`.
    ExpiryEventNotObserved(String),
    /// The charm sends the same request again, which has been answered.
    SameRequest,
    /// Another unit leads than the one that asked for the certificate before, and is told of its end.
    LeaderChanged {
        /// When the certificate before ended.
        ended: Time,
        /// The unit that asked for it.
        asked: Address,
        /// The unit that leads.
        leader: Address,
        /// Since when.
        since: Time,
        /// What it came of, where something was done.
        by: Option<Performed>,
    },
}

/// Why a certificate of another provider is not presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotInstalledReason {
    /// The charm installs the first certificate only.
    InstallsOnce,
    /// It has not been installed yet.
    Pending,
    /// The workload was not given it, or did not read it.
    NotRead,
}
