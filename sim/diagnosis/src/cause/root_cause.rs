//! The facts that causes are made of: an action that was performed, a fault that lasts, a CA that was
//! made, what a unit or a provider said.

use std::sync::Arc;

use trustsim_charm_model::PendingTask;
use trustsim_interfaces::Interface;
use trustsim_interfaces::notes::{RefusedOrder, RefusedRequest};
use trustsim_juju::{HookError, HookName, SecretChange, Status as JujuStatus};
use trustsim_kernel::Time;
use trustsim_model::{ActionRecord, Address, Deployment, EndpointRef, Instruction, Seq, Source};
use trustsim_pki::Certificate;

use super::kinds::{Cause, Lost, Transit};
use crate::Symptom;

/// What is to blame for a failure, and how it led there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// What is to blame.
    pub what: Cause,
    /// The entry of the journal that shows it, where one does.
    pub seq: Option<Seq>,
    /// The action of the scenario that led there, where one did: when, and its line.
    pub action: Option<(Time, Source)>,
    /// From there to the failing handshake, in order of time.
    pub steps: Vec<Step>,
    /// Whether it says only that something had not happened yet: what never happens has another
    /// cause.
    pub(crate) pending: bool,
}

impl RootCause {
    pub(super) fn new(what: impl Into<Cause>, seq: Option<Seq>) -> Self {
        Self {
            what: what.into(),
            seq,
            action: None,
            steps: Vec::new(),
            pending: false,
        }
    }

    pub(super) const fn pending(mut self, pending: bool) -> Self {
        self.pending = pending;
        self
    }

    pub(super) fn after(mut self, at: Time, event: Event) -> Self {
        self.steps.push(Step { at, event });
        self
    }
}

/// One thing on the way from a cause to a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Time,
    /// What happened.
    pub event: Event,
}

/// What happened on the way from a cause to a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The handshake that failed.
    Failure(Box<Symptom>),
    /// A relation over which certificates came was removed.
    RelationRemoved(Removal),
    /// A certificate was issued.
    Issued {
        /// The certificate.
        certificate: Certificate,
        /// The unit or application that it is for.
        holder: Address,
    },
    /// A unit presents its certificate no more.
    TakenAway {
        /// The unit.
        who: Address,
    },
    /// A certificate expired.
    Expired(Certificate),
    /// A unit began to wait for a person.
    OperatorAwaited {
        /// The unit.
        unit: Address,
        /// The person.
        name: String,
        /// The line of the scenario that has the person.
        source: Source,
        /// What only a person can do.
        wait: PendingTask,
    },
    /// A command was run.
    CommandRun(Instruction),
    /// A provider refused a request.
    Refusal {
        /// The provider.
        provider: Address,
        /// Why.
        refusal: Refusal,
    },
    /// A request was refused.
    RequestRefused {
        /// Who asked.
        holder: Address,
        /// Why.
        refusal: Refusal,
    },
    /// A hook failed.
    HookFailed {
        /// The unit.
        unit: Address,
        /// The hook.
        hook: HookName,
        /// Why it failed.
        error: HookError,
    },
    /// A unit set its status.
    StatusSet {
        /// The unit.
        unit: Address,
        /// What it said.
        status: Status,
    },
    /// A request was sent.
    Requested {
        /// Who asked.
        holder: Address,
        /// Who was asked.
        providers: Vec<Address>,
        /// For which common name.
        name: String,
    },
    /// Files went with their container.
    Lost {
        /// Who lost them.
        who: Address,
        /// What was lost.
        what: Lost,
    },
    /// Units took a new CA.
    CaTaken {
        /// The units.
        units: Vec<Address>,
    },
    /// An application made a new CA.
    CaMade {
        /// The application.
        signer: Address,
    },
    /// A relation was there that had not brought a CA.
    TransferPending {
        /// Its interface.
        interface: Interface,
        /// The endpoint that gives.
        provider: EndpointRef,
        /// The endpoint that takes.
        requirer: EndpointRef,
        /// How far the CA came.
        transit: Transit,
    },
}

/// An action that was performed: the command, and the line of the scenario it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// What an operator would type.
    pub command: Instruction,
    /// Where the scenario has it.
    pub source: Source,
}

impl Performed {
    pub(crate) fn new(record: &ActionRecord, deployment: &Deployment) -> Self {
        Self {
            command: record.action().to_command(deployment),
            source: record.source().clone(),
        }
    }
}

/// A fault that was made by an action and lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Since when.
    pub since: Time,
    /// What was done.
    pub what: FaultAction,
    /// Where the scenario has it.
    pub source: Source,
}

/// What made a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultAction {
    /// This command.
    Command(Instruction),
    /// The public ACME server could not be reached.
    AcmeServerUnreachable,
}

/// That a relation over which certificates came was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// When.
    pub at: Time,
    /// By which action.
    pub by: Option<Performed>,
}

/// A CA that was made in the course of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCa {
    /// When.
    pub at: Time,
    /// What led to it.
    pub trigger: Option<CaTrigger>,
}

/// What led to a new CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaTrigger {
    /// An action.
    Action(Performed),
    /// A secret that expired or was rotated.
    Secret {
        /// Its label.
        label: Arc<str>,
        /// Whose it is.
        owner: Address,
        /// What happened to it.
        change: SecretChange,
    },
}

/// Two sides that have their certificates from different providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Apart {
    /// Units of one application: it has another provider now, and one unit presents a certificate of
    /// the one before.
    Units {
        /// The application.
        application: Address,
        /// Its provider now.
        now: Address,
        /// The unit.
        unit: Address,
        /// The provider before.
        before: Address,
        /// What led to the certificate that the unit presents, where something was done.
        after: Option<Performed>,
    },
    /// Two applications.
    Applications {
        /// The application that judges.
        judge: Address,
        /// Its provider.
        judge_provider: Address,
        /// The application that presents.
        presenter: Address,
        /// Its provider.
        presenter_provider: Address,
        /// When the relation of the presenter with the judge's provider was removed, and by what, where it had one.
        removed: Option<Removal>,
    },
}

/// A workload status, as a unit set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What Juju calls it.
    pub word: JujuStatus,
    /// What follows it; may be empty.
    pub message: Arc<str>,
}

impl Status {
    /// Whether the unit says that it cannot go on.
    pub const fn is_stuck(&self) -> bool {
        matches!(self.word, JujuStatus::Blocked | JujuStatus::Waiting)
    }
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A provider refused it.
    Request(RefusedRequest),
    /// An ACME server refused the order.
    AcmeOrder(RefusedOrder),
}
