//! Why a CA is not trusted.

use trustsim_juju::HookName;
use trustsim_kernel::Time;
use trustsim_model::{Address, EndpointRef};
use trustsim_pki::Certificate;

use super::Transit;
use crate::ca_route::PassingRelation;
use crate::cause::root_cause::{Apart, NewCa, Performed, Removal};

/// Why a CA is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustCause {
    /// The issuer of what is presented is nothing in the deployment.
    ForeignIssuer {
        /// Who presents it.
        presenter: Address,
        /// Subject of the issuer.
        issuer: String,
    },
    /// An intermediate is trusted, and the judging stack takes only roots.
    IntermediateAnchor {
        /// Who judges.
        judge: Address,
        /// What is trusted.
        anchor: Certificate,
        /// The judging stack.
        validator: String,
    },
    /// The chain lacks an intermediate.
    MissingIntermediate {
        /// Who presents it.
        presenter: Address,
        /// Subject of what is missing.
        missing: String,
        /// Who judges.
        judge: Address,
    },
    /// No relation carries the CA.
    NoTransfer {
        /// Whose CA.
        signer: Address,
        /// To which application.
        judge: Address,
        /// How the two sides came to have different providers.
        apart: Option<Apart>,
    },
    /// A server should hand the CA of its certificates to its clients, and this one does not have it.
    NotPassedOn {
        /// Whose CA.
        signer: Address,
        /// Who does not have it.
        judge: Address,
        /// The relation over which it should come.
        over: PassingRelation,
        /// Why it did not.
        why: NotPassed,
    },
    /// A process beside a unit's workload does not have the CA.
    ProcessLacks {
        /// Whose CA.
        signer: Address,
        /// The process.
        process: Address,
        /// Why it does not.
        why: ProcessLacks,
    },
    /// The hook of a relation that went took the CA away, which had come over it.
    TakenAway {
        /// Whose CA it is.
        signer: Address,
        /// Who had it.
        judge: Address,
        /// Since when it is not there.
        at: Time,
        /// The unit that ran the hook.
        unit: Address,
        /// The hook.
        hook: HookName,
        /// What led to the hook, where something was done.
        by: Option<Performed>,
    },
    /// The relation that carried the CA was removed.
    TransferRemoved {
        /// Whose CA.
        signer: Address,
        /// To which application.
        judge: Address,
        /// When.
        at: Time,
        /// The action that removed it.
        by: Option<Performed>,
        /// The CA that is missing, where the judge still has the one before it.
        made: Option<NewCa>,
        /// How the two sides came to have different providers.
        apart: Option<Apart>,
    },
    /// A client outside Juju does not have the CA.
    NotGiven {
        /// The client.
        client: Address,
        /// Whose CA.
        signer: Address,
        /// What it has in its place.
        why: NotGiven,
    },
    /// The judge has moved on to a new CA, and the presenter has not.
    OldCaDropped {
        /// Whose CA.
        signer: Address,
        /// Who judges.
        judge: Address,
        /// Who presents.
        presenter: Address,
        /// The new CA.
        made: NewCa,
        /// Why the judge has one CA only: its charm has room for one, or one is picked for it. `None` where neither is so.
        only_one: Option<Transit>,
    },
}

impl TrustCause {
    /// Its name, kebab-case.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::ForeignIssuer { .. } => "foreign-issuer",
            Self::IntermediateAnchor { .. } => "intermediate-anchor",
            Self::MissingIntermediate { .. } => "missing-intermediate",
            Self::NoTransfer { .. } => "no-transfer",
            Self::NotPassedOn { .. } => "not-passed-on",
            Self::ProcessLacks { .. } => "process-lacks-ca",
            Self::TakenAway { .. } => "ca-taken-away",
            Self::TransferRemoved { .. } => "transfer-removed",
            Self::NotGiven { .. } => "not-given",
            Self::OldCaDropped { .. } => "old-ca-dropped",
        }
    }
}

/// Why a process beside a unit's workload does not have a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessLacks {
    /// Its charm does not give it the CA, which the workload may have.
    NotGiven {
        /// The endpoint over which it comes for the workload, where it does.
        workload_has_it_over: Option<EndpointRef>,
    },
    /// It keeps the CA that came first.
    KeepsFirst,
    /// It reads its files when the workload starts.
    ReadAtStart,
    /// To write the new CA its charm has to ask a server that has a certificate of it, and verifies that with the old
    /// one.
    AsksWithOldOne,
}

/// Why a CA does not come with the data of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPassed {
    /// The server's charm hands no CA on.
    Never,
    /// It hands on a word in place of a certificate.
    Word,
    /// It hands its CA to those only who were related when it was first there.
    LaterRelation,
    /// The client's charm takes the first CA only.
    KeepsFirst,
    /// The library tells the client's charm nothing of another CA.
    Untold,
    /// The client's process has not read it again.
    ReadAtStart,
    /// It has not come yet.
    Pending,
    /// The server has not taken the certificate that its client shows, and hands it.
    Certificate,
}

/// What a client outside Juju has in place of a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotGiven {
    /// It was never given one of that provider.
    Never {
        /// Where the server changed its provider meanwhile: how.
        moved: Option<ChangedProvider>,
    },
    /// It was given its CAs when the provider had none yet.
    HadNone(NewCa),
    /// It has the CA before this one.
    HasOld(NewCa),
    /// It has this new CA, and the presenter has a certificate of the one before.
    HasNew {
        /// The new CA.
        made: NewCa,
        /// Who presents.
        presenter: Address,
    },
    /// It is given the CA with which the provider signs for others, and the provider's own server has a certificate of
    /// another one.
    OwnRoot {
        /// Who presents.
        presenter: Address,
    },
    /// Nothing says why.
    Unknown,
}

/// A server that has its certificates from another provider than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedProvider {
    /// The server.
    pub server: Address,
    /// Since when.
    pub since: Time,
    /// The provider before.
    pub before: Address,
    /// When its relation with that one was removed, and by what, where it was.
    pub removed: Option<Removal>,
}
