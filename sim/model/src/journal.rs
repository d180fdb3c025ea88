//! The ordered record of everything that happened, each entry naming its cause. Enough to write
//! every report: reports never look at the world.

mod entries;
mod entry;
mod fingerprint;
mod recurring;
mod written;

use std::sync::Arc;

use super::action::{Action, TimedAction};
use super::address::Address;
use super::deployment::{Deployment, Source};
use super::index::ConnectionSpecIndex;
use super::note::Note;
use super::reference::EndpointRef;
use trustsim_juju::{
    ConnectionError, HookError, HookName, RelationChange, RelationName, SecretChange, Status,
};
use trustsim_kernel::{Span, Time};

pub use entries::{Entries, EntryIter};
pub use entry::{Entry, Event};
pub use written::Journal;

pub use trustsim_interfaces::notes::CertificateKind;
pub use trustsim_kernel::Seq;
use trustsim_pki::Certificate;
use trustsim_validators::{ErrorKind, Verdict};

/// The subject of an entry; parts that do not apply are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Model name.
    pub model: Option<Arc<str>>,
    /// Application name.
    pub application: Option<Arc<str>>,
    /// Unit name, `app/0`; of a process beside its workload `app/0 (process)`.
    pub unit: Option<Arc<str>>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The run begins.
    Started,
    /// Something was done to the deployment.
    Action(ActionRecord),
    /// A relation came or went.
    Relation {
        /// What happened to it.
        change: RelationChange,
        /// Interface.
        interface: Arc<str>,
        /// The provider.
        provider: EndpointRef,
        /// The requirer.
        requirer: EndpointRef,
    },
    /// A unit began a hook.
    HookStarted {
        /// `certificates-relation-changed`, `config-changed`, ...
        hook: HookName,
    },
    /// A unit's hook was committed.
    HookCommitted {
        /// Name of the hook.
        hook: HookName,
    },
    /// A unit's hook failed and will be tried again.
    HookFailed {
        /// Name of the hook.
        hook: HookName,
        /// Why.
        error: HookError,
    },
    /// A databag changed on its controller.
    DatabagChanged {
        /// `certificates:7`.
        relation: RelationName,
        /// Keys that changed.
        keys: Arc<[Arc<str>]>,
    },
    /// A secret came, changed, expired or went.
    Secret {
        /// What happened to it.
        change: SecretChange,
        /// Its label.
        label: Arc<str>,
    },
    /// A unit became leader.
    LeaderElected,
    /// A unit's workload status changed.
    StatusChanged {
        /// The status.
        status: Status,
        /// Its message; often empty.
        message: Arc<str>,
    },
    /// An agent lost its controller, or could not connect to it.
    AgentNotConnected(ConnectionError),
    /// A controller lost another one whose offers its models consume, or could not connect to it.
    LinkDown(ConnectionError),
    /// A CA signed a certificate.
    CertificateIssued(CertificateRecord),
    /// A workload began to serve this chain.
    CertificateServed {
        /// Endpoint it came from.
        endpoint: Arc<str>,
        /// The leaf; `None` when the unit serves nothing any more.
        certificate: Option<Certificate>,
    },
    /// A workload's trust store changed.
    TrustChanged {
        /// Subjects and serials of all roots now trusted.
        roots: Vec<Certificate>,
    },
    /// A private key came to stand readable in a controller's store.
    KeyStored(KeyRecord),
    /// Connections are watched from here.
    Settled {
        /// Whether every unit was idle; otherwise it had taken too long (`settle-max`).
        at_rest: bool,
    },
    /// A connection was judged.
    Handshake(HandshakeRecord),
    /// A connection or session persists although a handshake would fail.
    Persists(PersistingRecord),
    /// Anything else worth a line.
    Note(Note),
}

/// Something that an operator or nature did to the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRecord {
    /// What was done, for when it was planned, and the scenario line that asked for it.
    pub timed: Arc<TimedAction>,
    /// Whether it is in the plan of the deployment, [`Deployment::actions`]. What operators decide
    /// during the run, and what follows from a revocation by hand, is not.
    pub planned: bool,
}

impl ActionRecord {
    /// What was done.
    pub fn action(&self) -> &Action {
        &self.timed.action
    }

    /// The scenario line that asked for it.
    pub fn source(&self) -> &Source {
        &self.timed.source
    }
}

/// A certificate, from its request to the end of its service.
#[derive(Clone, Debug)]
pub struct CertificateRecord {
    /// The certificate.
    pub certificate: Certificate,
    /// Root, intermediate or leaf.
    pub kind: CertificateKind,
    /// Serial of the certificate that signed it (its own for a root).
    pub issuer_serial: Arc<str>,
    /// When the request reached a databag, where there was one.
    pub requested_at: Option<Time>,
    /// The entry in which it was requested; `None` in the legacy protocol, and where no databag has the request.
    pub request: Option<Seq>,
    /// Model of the requirer; of the CA itself for a root.
    pub model: Arc<str>,
    /// Application of the requirer.
    pub application: Arc<str>,
    /// Unit of the requirer in UNIT mode.
    pub unit: Option<Arc<str>>,
}

/// A private key that a controller keeps in clear, and who can read it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Controllers whose store has it: for a relation across controllers, both.
    pub controllers: Vec<Arc<str>>,
    /// `client:7`, the relation whose databag holds it; `None` for leader settings.
    pub relation: Option<Arc<str>>,
    /// Its key there, such as `kubernetes-worker_0.server.key`.
    pub place: Arc<str>,
    /// The holder it is for: a unit, or an application whose units share it.
    pub holder: Arc<str>,
    /// Common name of its certificate.
    pub common_name: Arc<str>,
    /// Serial number of its certificate.
    pub serial: Arc<str>,
    /// The application whose every unit can read it.
    pub readers: Address,
}

/// One verdict on one connection.
#[derive(Clone, Debug)]
pub struct HandshakeRecord {
    /// Index into [`Manifest::connections`].
    pub connection: u32,
    /// The verdict.
    pub verdict: Arc<Verdict>,
    /// Serial of the leaf the server presented; empty where it presented none.
    pub server_serial: Arc<str>,
    /// Serial of the client's certificate in mutual TLS.
    pub client_serial: Arc<str>,
    /// Why it was judged now.
    pub trigger: Trigger,
    /// Whether a handshake was performed; false where an equal one's verdict was used again.
    pub performed: bool,
}

/// Why a connection is judged at an instant and not at another: what changed in what its verdict
/// depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// Connections are watched from now on, or its unit is new.
    Start,
    /// The server presents another certificate.
    ServerCertificate,
    /// The client presents another certificate.
    ClientCertificate,
    /// One side trusts other roots.
    Trust,
    /// A clock was set.
    Clock,
    /// A certificate in play became valid or stopped being valid.
    Validity,
    /// The server can be reached, or no longer.
    Reachability,
    /// The client's process started or stopped.
    ClientProcess,
    /// A revocation list was published, or one is out of date.
    Revocation,
    /// An open connection or a session ended.
    Reconnect,
    /// The client tried; only where every attempt is performed.
    Attempt,
    /// The server is reached at another address, which the client asks for.
    Address,
}

/// What persists without a new handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persisting {
    /// An open connection, although a new handshake would fail.
    OpenConnection,
    /// An open connection, although a new handshake would fail that shows what this one was opened
    /// with.
    DistrustedConnection,
    /// A session that is resumed, although a full handshake would fail.
    Session,
}

/// A connection or session that persists without a new handshake.
#[derive(Clone, Debug)]
pub struct PersistingRecord {
    /// Index into [`Manifest::connections`].
    pub connection: u32,
    /// Name of the connection.
    pub name: Arc<str>,
    /// What persists.
    pub what: Persisting,
    /// When it reaches its greatest age; `None` where only a restart ends it.
    pub until: Option<Time>,
    /// What the handshake would end with.
    pub error: ErrorKind,
    /// Serial of the server's leaf that it was opened or verified with.
    pub server_serial: Arc<str>,
    /// Serial of the client's, in mutual TLS; else empty.
    pub client_serial: Arc<str>,
}

/// What a run was, beside what happened in it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What was played, with what a future added to it.
    pub deployment: Arc<Deployment>,
    /// Scenario name.
    pub name: String,
    /// The question it answers.
    pub about: String,
    /// Seed.
    pub seed: u64,
    /// First instant.
    pub start: Time,
    /// Length.
    pub duration: Span,
    /// Every timing assumption, name and value, in a stable order.
    pub timings: Vec<(String, String)>,
    /// Faults that were drawn from the seed, as the lines of a scenario that would ask for them.
    pub drawn: Vec<String>,
    /// When everything was at rest for the first time; `None` where it never was. Connections are watched from then,
    /// or earlier where it took longer than `settle-max`.
    pub settled_at: Option<Time>,
    /// Every watched connection.
    pub connections: Vec<ConnectionRecord>,
    /// Why the run ended before its time, where it did; `duration` is what was played then.
    pub endless: Option<EndlessLoop>,
    /// Units of which not every hook was played, since all of them do the same.
    pub unplayed: Vec<UnplayedRepeats>,
}

/// A unit whose update-status changes the same each time for weeks, or whose hook fails the same each time it is run again:
/// most of them were not played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnplayedRepeats {
    /// The unit.
    pub unit: Address,
    /// Which hook.
    pub hook: HookName,
    /// Whether it fails each time.
    pub fails: bool,
    /// Since when each does the same.
    pub since: Time,
    /// From when on only a few hooks were played.
    pub from: Time,
    /// How many were not played.
    pub count: u64,
    /// How many certificates would have been signed for the unit because of them.
    pub certificates: u64,
}

/// A unit whose hooks follow each other without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndlessLoop {
    /// The unit.
    pub unit: Address,
    /// From when on its hooks were counted.
    pub since: Time,
    /// When the run was ended.
    pub at: Time,
    /// Its hooks in between, the most frequent first.
    pub hooks: Vec<(HookName, u32)>,
}

impl Manifest {
    /// The last instant played.
    pub fn end(&self) -> Time {
        self.start + self.duration
    }
}

/// A watched connection, one unit (or client) to one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// The line of the scenario that asks for it.
    pub spec: ConnectionSpecIndex,
    /// `a.traefik/0 -> a.web/1`.
    pub name: String,
    /// A unit, or a client outside Juju.
    pub client: Address,
    /// A unit.
    pub server: Address,
    /// Server name asked for at first.
    pub server_name: String,
    /// Server names asked for later, in order of time: the server is reached at another address.
    pub renamed: Vec<Renamed>,
    /// Validator name.
    pub validator: String,
    /// Time between attempts.
    pub every: Span,
    /// The first attempt; `None` where the run, or the connection, had ended before it.
    pub first_attempt: Option<Time>,
    /// When one of its units was gone; no client attempts it from then on.
    pub ended: Option<Time>,
    /// When the client's process was away and made no attempts, in order of time.
    pub away: Vec<Away>,
}

impl ConnectionRecord {
    /// The server name asked for at an instant.
    pub fn server_name_at(&self, at: Time) -> &str {
        let mut since = self.renamed.iter().rev();
        let renamed = since.find(|renamed| renamed.from <= at);
        renamed.map_or(&self.server_name, |renamed| &renamed.server_name)
    }

    /// The server name asked for at last.
    pub fn last_server_name(&self) -> &str {
        self.server_name_at(Time::MAX)
    }
}

/// A server name that is asked for in place of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The first instant of it.
    pub from: Time,
    /// The name.
    pub server_name: String,
}

/// A while in which a client's process was stopped, starting again, or gone with its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    /// The first instant of it.
    pub from: Time,
    /// The first instant after it; `None` where it was not back when the run ended.
    pub until: Option<Time>,
}

#[cfg(test)]
mod tests;
