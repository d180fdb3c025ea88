//! What can be to blame for a failure, one variant each, with the facts that name it. Knows no
//! English: `trustsim_report::words` has the sentence for each variant.

use trustsim_charm_model::PendingTask;
use trustsim_juju::{HookError, HookName};
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_world::{EndpointRef, OperatorIndex, Source};

use super::root_cause::{Apart, Fault, NewCa, Performed, Refusal, Removal, Status};
use crate::Symptom;

/// What is to blame for a failure.
///
/// Applications are named `model.app`, units `model.app/0`, endpoints `model.app:endpoint`. Instants
/// that people read are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nothing is known but what the handshake itself shows.
    Symptom(Box<Symptom>),
    /// An action that was performed.
    Action(Performed),
    /// The certificate has other names than the one asked for.
    WrongName {
        /// Who presents it.
        presenter: String,
        /// Who asks.
        judge: String,
        /// The names in the certificate.
        names: Vec<String>,
        /// The name asked for.
        asked: String,
        /// The action that led there.
        after: Option<Performed>,
    },
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
        whom: String,
        /// By how much, in nanoseconds; ahead where positive.
        skew_ns: i64,
        /// Since when.
        since: Time,
        /// The line of the scenario.
        source: Source,
        /// The certificate that was signed by that clock.
        signed: Option<SignedInThePast>,
    },
    /// A unit waits for a person.
    Operator {
        /// The unit.
        unit: String,
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
    /// The relation that brought certificates is gone.
    CertificatesRelationRemoved {
        /// Who had its certificates over it.
        requirer: String,
        /// Who gave them.
        provider: String,
        /// When.
        at: Time,
        /// The action that removed it.
        by: Option<Performed>,
    },
    /// A provider refused a request.
    Refused {
        /// Who was asked.
        providers: Vec<String>,
        /// Who asked.
        holder: String,
        /// For which common name.
        name: String,
        /// What was said.
        refusal: Refusal,
    },
    /// A hook fails, and its unit does nothing else.
    HookFailed {
        /// The unit.
        unit: String,
        /// The hook.
        hook: HookName,
        /// Why it failed.
        error: HookError,
        /// When it failed first.
        since: Time,
        /// Whether it failed more than once.
        again: bool,
        /// What the unit goes on presenting.
        presents: Option<StillPresented>,
    },
    /// A unit says itself that it cannot go on.
    Blocked {
        /// The unit.
        unit: String,
        /// What it says.
        status: Status,
        /// Since when.
        since: Time,
        /// The action that led there.
        after: Option<Performed>,
    },
    /// A root that is trusted has expired.
    TrustedRootExpired {
        /// Who trusts it.
        judge: String,
        /// Whether that is a client outside Juju.
        is_client: bool,
        /// The root.
        root: Certificate,
    },
    /// A certificate of a root that has expired is still presented.
    RootReplaced {
        /// Who presents it.
        presenter: String,
        /// Whose root it is.
        owner: String,
        /// When it ended.
        ended: Time,
        /// When its owner made the next one.
        next: Time,
    },
    /// A root has expired, and its owner made no other.
    RootNotRenewed {
        /// Whose root it is.
        owner: String,
        /// When it ended.
        ended: Time,
    },
    /// No relation brings a certificate.
    NoProvider {
        /// Who needs one.
        holder: String,
    },
    /// Secrets expire late, so that no renewal is asked for in time.
    SecretsLate {
        /// What makes them late.
        fault: Fault,
        /// Who asks for none.
        holder: String,
    },
    /// A certificate was never asked for.
    NotAsked {
        /// Who should have asked.
        holder: String,
        /// Why not.
        why: NotAsked,
    },
    /// A request got no answer.
    NotAnswered {
        /// Who was asked.
        providers: Vec<String>,
        /// Who asked.
        holder: String,
        /// For which common name.
        name: String,
        /// When.
        sent: Time,
    },
    /// A provider reads the requests of units only, and an application asks.
    ApplicationRequestUnread {
        /// The provider.
        provider: String,
        /// Who asks.
        requirer: String,
    },
    /// A newer certificate is there, and the workload does not serve it.
    NotLoaded {
        /// Whose it is.
        holder: String,
        /// When it was issued.
        issued: Time,
        /// Its serial.
        serial: String,
        /// Whether a hook of the charm ran for it.
        heard: bool,
    },
    /// The unit that was given a certificate to hand on does not lead its application.
    NotTheLeader {
        /// The unit that was given it.
        unit: String,
        /// The provider.
        provider: String,
        /// The unit that leads.
        leader: String,
    },
    /// Both sides of a relation speak different protocols.
    ProtocolMismatch {
        /// Both endpoints.
        endpoints: [EndpointRef; 2],
        /// Who gets no certificate.
        holder: String,
    },
    /// The chain is written without the certificate itself.
    ChainWithoutCertificate {
        /// Who presents it.
        presenter: String,
        /// The charm.
        charm: String,
        /// Common name of the certificate that is missing.
        name: String,
    },
    /// The chain begins with an issuer.
    ChainReversed {
        /// Who presents it.
        presenter: String,
        /// Whose certificate comes first.
        first: String,
        /// Who sent it.
        provider: String,
        /// The charm that reverses it, where that is not the provider.
        charm: Option<String>,
    },
    /// Files went with their container.
    LostWithContainer {
        /// Who lost them.
        who: String,
        /// What was lost.
        what: Lost,
        /// When.
        at: Time,
        /// The action that replaced the container.
        by: Performed,
        /// When it was written again.
        until: Option<Time>,
        /// Why nothing can bring it again.
        and: Option<Box<Self>>,
    },
    /// The nodes of a rotation in two phases wait for each other.
    RotationStuck {
        /// The application.
        application: String,
        /// Since when.
        since: Time,
        /// The units that have taken the new CA.
        taken: Vec<String>,
        /// The units that wait.
        waiting: Vec<String>,
    },
    /// A certificate of the provider before is still presented.
    Kept {
        /// Who presents it.
        presenter: String,
        /// The provider before.
        before: String,
        /// When its relation was removed, and by what.
        removed: Option<Removal>,
        /// The provider now.
        now: String,
        /// When that one issued a certificate.
        issued: Time,
        /// Why it is not presented.
        why: Kept,
    },
    /// The issuer of what is presented is nothing in the deployment.
    ForeignIssuer {
        /// Who presents it.
        presenter: String,
        /// Subject of the issuer.
        issuer: String,
    },
    /// An intermediate is trusted, and the judging stack takes only roots.
    IntermediateAnchor {
        /// Who judges.
        judge: String,
        /// What is trusted.
        anchor: Certificate,
        /// The judging stack.
        validator: String,
    },
    /// The chain lacks an intermediate.
    MissingIntermediate {
        /// Who presents it.
        presenter: String,
        /// Subject of what is missing.
        missing: String,
        /// Who judges.
        judge: String,
    },
    /// No relation carries the CA.
    NoTransfer {
        /// Whose CA.
        signer: String,
        /// To which application.
        judge: String,
        /// How the two sides came to have different providers.
        apart: Option<Apart>,
    },
    /// The relation that carried the CA was removed.
    TransferRemoved {
        /// Whose CA.
        signer: String,
        /// To which application.
        judge: String,
        /// When.
        at: Time,
        /// The action that removed it.
        by: Option<Performed>,
        /// How the two sides came to have different providers.
        apart: Option<Apart>,
    },
    /// A client outside Juju does not have the CA.
    NotGiven {
        /// The client.
        client: String,
        /// Whose CA.
        signer: String,
        /// What it has in its place.
        why: NotGiven,
    },
    /// The judge has moved on to a new CA, and the presenter has not.
    OldCaDropped {
        /// Whose CA.
        signer: String,
        /// Who judges.
        judge: String,
        /// Who presents.
        presenter: String,
        /// The new CA.
        made: NewCa,
        /// That the judge's charm has room for one CA only, where it has.
        one_file: Option<Transit>,
    },
    /// A CA comes only beside a certificate of the judge's own, and it has none.
    CaNeedsCertificate {
        /// Who judges.
        judge: String,
        /// Whose CA.
        signer: String,
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
}

impl Cause {
    /// Its name, kebab-case; of what is to blame only for something else, the name of the latter.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Symptom(symptom) => symptom.error.kebab(),
            Self::Action(_) => "action",
            Self::WrongName { .. } => "wrong-name",
            Self::Down { .. } => "down",
            Self::ClockSkew { .. } => "clock",
            Self::Operator { .. } => "operator",
            Self::AcmeOutage(_) => "acme-outage",
            Self::Separated { by, .. } => by.name(),
            Self::CertificatesRelationRemoved { .. } => "relation-removed",
            Self::Refused { .. } => "refused",
            Self::HookFailed { .. } => "hook-failed",
            Self::Blocked { .. } => "blocked",
            Self::TrustedRootExpired { .. } => "anchor-over",
            Self::RootReplaced { .. } => "outlived-ca",
            Self::RootNotRenewed { .. } => "root-not-renewed",
            Self::NoProvider { .. } => "no-provider",
            Self::SecretsLate { .. } => "late",
            Self::NotAsked { .. } => "not-asked",
            Self::NotAnswered { .. } => "not-answered",
            Self::ApplicationRequestUnread { .. } => "unread",
            Self::NotLoaded { .. } => "not-loaded",
            Self::NotTheLeader { .. } => "not-the-leader",
            Self::ProtocolMismatch { .. } => "protocol-mismatch",
            Self::ChainWithoutCertificate { .. } => "chain-without-certificate",
            Self::ChainReversed { .. } => "chain-turned-round",
            Self::LostWithContainer { .. } => "lost-with-container",
            Self::RotationStuck { .. } => "stuck-rotation",
            Self::Kept { .. } => "kept",
            Self::ForeignIssuer { .. } => "foreign-issuer",
            Self::IntermediateAnchor { .. } => "intermediate-anchor",
            Self::MissingIntermediate { .. } => "missing-intermediate",
            Self::NoTransfer { .. } => "no-transfer",
            Self::TransferRemoved { .. } => "transfer-removed",
            Self::NotGiven { .. } => "not-given",
            Self::OldCaDropped { .. } => "old-ca-dropped",
            Self::CaNeedsCertificate { because, .. } => because.name(),
            Self::NotTransferred { transit, .. } => transit.name(),
            Self::TransferHeld { by, .. } => by.name(),
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

/// A renewal that a down application never asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeverAsked {
    /// Whose certificate it was.
    pub holder: String,
    /// Whether its charm does not ask once a certificate has expired.
    pub too_late: bool,
}

/// A certificate that had ended, by the right time, when it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedInThePast {
    /// Whose it is.
    pub holder: String,
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

/// What a unit presents that runs no hook but the failing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StillPresented {
    /// The unit or application that presents it.
    pub presenter: String,
    /// Whose certificate it is.
    pub signer: String,
    /// Whether that is its provider still, and only the CA is an old one.
    pub old_ca: bool,
}

/// Why a certificate was never asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// There never was one.
    First,
    /// Nothing says why; the one before ended at this instant.
    Unknown(Time),
    /// In the legacy protocol a certificate is issued once.
    Legacy,
    /// This charm does not listen for the end of a certificate.
    NotListening(String),
    /// The charm sends the same request again, which has been answered.
    SameRequest,
}

/// What went with a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The CA of this application.
    Ca(String),
    /// The unit's own certificate.
    Certificate,
}

/// Why a certificate of another provider is not presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The charm installs the first certificate only.
    InstallsOnce,
    /// It has not been installed yet.
    Pending,
    /// The workload was not given it, or did not read it.
    NotRead,
}

/// What a client outside Juju has in place of a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotGiven {
    /// It was never given one of that provider.
    Never {
        /// Where the server changed its provider meanwhile: how.
        moved: Option<ChangedProvider>,
    },
    /// It has the CA before this one.
    HasOld(NewCa),
    /// It has this new CA, and the presenter has a certificate of the one before.
    HasNew {
        /// The new CA.
        made: NewCa,
        /// Who presents.
        presenter: String,
    },
    /// Nothing says why.
    Unknown,
}

/// A server that has its certificates from another provider than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedProvider {
    /// The server.
    pub server: String,
    /// Since when.
    pub since: Time,
    /// The provider before.
    pub before: String,
}

/// A CA that should have come to a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCa {
    /// Whose CA.
    pub signer: String,
    /// Who should have it.
    pub judge: String,
    /// Who presents a certificate of it.
    pub presenter: String,
    /// Where it was made in the course of the run: when, and why.
    pub made: Option<NewCa>,
}

/// How far a CA came on its way over a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transit {
    /// The provider has not sent it.
    NotSent {
        /// The provider.
        provider: String,
    },
    /// The judge ran no hook for it.
    NotHeard {
        /// The judge.
        judge: String,
        /// When it was sent.
        sent: Time,
    },
    /// The hook that takes it has not ended.
    HookRunning {
        /// The judge.
        judge: String,
    },
    /// It was taken, and the process does not have it.
    NotRead {
        /// The judge.
        judge: String,
        /// When it was taken.
        taken: Time,
    },
    /// It comes beside the judge's own next certificate only.
    BesideCertificate {
        /// The judge.
        judge: String,
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
        provider: String,
        /// The application that takes.
        requirer: String,
        /// Its endpoint.
        endpoint: String,
    },
    /// The charm writes every CA to one file, in which another is.
    OneFile {
        /// The charm.
        charm: String,
        /// The judge.
        judge: String,
        /// When the one in the file was made.
        left: Time,
    },
    /// The charm does not restart its process for a CA.
    ReadAtStart {
        /// The charm.
        charm: String,
        /// The judge.
        judge: String,
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
            Self::BesideCertificate { .. } => "ca-with-certificate",
            Self::OneOfSeveral { .. } => "one-at-random",
            Self::RawDatabag { .. }
            | Self::VersionsDiffer { .. }
            | Self::VersionUnwritten { .. } => "versions-differ",
            Self::OneFile { .. } => "written-over",
            Self::ReadAtStart { .. } => "read-at-start",
        }
    }

    /// Whether the CA is only on its way: it comes by itself, or something else holds it up.
    pub const fn is_pending(&self) -> bool {
        matches!(
            self,
            Self::NotSent { .. } | Self::NotHeard { .. } | Self::HookRunning { .. }
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
            | Self::ReadAtStart { .. } => true,
            Self::NotSent { .. }
            | Self::NotHeard { .. }
            | Self::HookRunning { .. }
            | Self::NotRead { .. }
            | Self::BesideCertificate { .. } => false,
        }
    }
}
