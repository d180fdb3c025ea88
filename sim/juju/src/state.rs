//! What a controller knows: models, applications, units, machines, relations, secrets.
//!
//! Plain data. Applications and units of another model stand here as proxies, as they do in
//! Juju's own database, so that a relation has two sides whatever it crosses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agents::Agent;
use crate::convert::to_u32;
use crate::spaces::Space;
use crate::{
    ApplicationId, Bag, ConnectionError, ControllerId, Files, LinkId, MachineId, ModelId,
    RelationId, Status, UnitId, Value,
};
use trustsim_kernel::{Seq, Span, Time};

/// A value with its version, when it last changed and by which journal entry.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Counts changes; zero was never written.
    pub version: u64,
    /// When it last changed.
    pub changed_at: Time,
    /// What changed it.
    pub cause: Option<Seq>,
    /// When it changed shortly before that, oldest first: an agent may have yet to see it.
    pub(crate) earlier: Vec<Time>,
}

/// What changed longer ago has arrived.
const SHORTLY: Span = Span::from_secs(64);

impl<T: Default> Default for Versioned<T> {
    fn default() -> Self {
        Self {
            value: T::default(),
            version: 0,
            changed_at: Time::EPOCH,
            cause: None,
            earlier: Vec::new(),
        }
    }
}

impl<T> Versioned<T> {
    /// Notes that the value was changed now.
    pub(crate) fn touch(&mut self, now: Time, cause: Option<Seq>) {
        assert!(
            now >= self.changed_at,
            "a value that changed at {} changes at {now}",
            self.changed_at
        );
        self.earlier.retain(|at| *at + SHORTLY > now);
        if self.version > 0 && self.changed_at + SHORTLY > now {
            self.earlier.push(self.changed_at);
        }
        self.version += 1;
        self.changed_at = now;
        self.cause = cause;
    }

    /// The version an agent sees to which a change made then `has_arrived`: the newest one that
    /// has. Versions in between are never seen: the newest state wins.
    pub(crate) fn version_seen(&self, has_arrived: impl Fn(Time) -> bool) -> u64 {
        let changes = self.earlier.iter().rev();
        let changes = std::iter::once(&self.changed_at).chain(changes);
        let behind = changes.take_while(|at| !has_arrived(**at)).count();
        let behind = behind as u64;
        assert!(
            behind <= self.version,
            "an agent is {behind} versions behind the {} there were",
            self.version
        );
        self.version - behind
    }
}

/// A controller.
#[derive(Clone, Debug)]
pub struct Controller {
    /// Name.
    pub name: Arc<str>,
    /// How far its clock is ahead of true time, in nanoseconds.
    pub skew_ns: i64,
}

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name.
    pub name: Arc<str>,
    /// Owner.
    pub owner: Arc<str>,
    /// Model UUID.
    pub uuid: Arc<str>,
    /// Its controller.
    pub controller: ControllerId,
    /// Whether units are pods.
    pub kubernetes: bool,
    /// `update-status-hook-interval`.
    pub update_status_interval: Span,
    /// `automatically-retry-hooks`.
    pub retries_hooks: bool,
    /// Spaces, by name: those of which subnets are known, and those that bindings name.
    pub spaces: BTreeMap<Arc<str>, Space>,
    /// Next relation number.
    pub(crate) next_relation: u32,
    /// Number of the next machine: one more than the highest so far.
    pub next_machine: u64,
    /// Applications, proxies included.
    pub applications: Vec<ApplicationId>,
}

/// What the rest of the code needs of a charm's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointInfo {
    /// Endpoint name.
    pub name: Arc<str>,
    /// Side it takes.
    pub role: Role,
    /// Interface name.
    pub interface: Arc<str>,
    /// `limit`.
    pub limit: Option<u32>,
    /// `scope: container`.
    pub container_scope: bool,
}

/// Sides of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `provides`.
    Provider,
    /// `requires`.
    Requirer,
    /// `peers`.
    Peer,
}

/// What an application is in this model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationKind {
    /// Deployed here.
    Local,
    /// A consumed offer: the proxy of an application elsewhere.
    Saas {
        /// Offer URL.
        url: Arc<str>,
        /// The offered application in its own model.
        target: ApplicationId,
    },
    /// The proxy of a consumer elsewhere, `remote-<token>`.
    Consumer {
        /// The consuming application in its own model.
        target: ApplicationId,
    },
}

/// An application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Model.
    pub model: ModelId,
    /// Name.
    pub name: Arc<str>,
    /// Local or proxy.
    pub kind: ApplicationKind,
    /// Charm name.
    pub charm: Arc<str>,
    /// Endpoints of the charm.
    pub endpoints: Arc<[EndpointInfo]>,
    /// Workload containers (Kubernetes).
    pub containers: Arc<[Arc<str>]>,
    /// Options with their effective values.
    pub config: Versioned<Arc<BTreeMap<String, String>>>,
    /// Defaults, for `juju config --reset`.
    pub config_defaults: Arc<BTreeMap<String, String>>,
    /// Units that were not removed, in order of number.
    pub units: Vec<UnitId>,
    /// Relations, in order of creation; removed ones are taken out.
    pub relations: Vec<RelationId>,
    /// Charm revision, counted from 1 by `juju refresh`.
    pub charm_version: Versioned<()>,
    /// Pods still to be replaced by a rolling update, last first.
    pub(crate) rollout: Vec<UnitId>,
    /// Number of the next unit; never used twice on machines.
    pub(crate) next_unit: u32,
    /// The offer behind this SAAS was removed.
    pub terminated: bool,
    /// It was removed (`juju remove-application`); it is gone with its last unit and relation.
    pub dying: bool,
    /// Leadership lease.
    pub lease: Lease,
    /// Offers of this application: name and endpoints.
    pub offers: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Whether units live on their principal's machine.
    pub subordinate: bool,
    /// Beginnings of paths that lie on volumes.
    pub volumes: Vec<Arc<str>>,
    /// The cluster IP of its service; none on machines.
    pub service_address: Option<Arc<str>>,
    /// The space of each endpoint that is bound to one; under the empty name that of all others.
    pub bindings: BTreeMap<Arc<str>, Arc<str>>,
    /// What the cluster puts in front of its service, where it does.
    pub load_balancer: Option<LoadBalancer>,
}

impl Application {
    /// Whether it is gone: it was removed, and so were its last unit and relation.
    pub const fn is_removed(&self) -> bool {
        self.dying && self.units.is_empty() && self.relations.is_empty()
    }
}

/// A load balancer in front of the service of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its address (`status.loadBalancer.ingress` of the service).
    pub address: Arc<str>,
    /// The name that reverse DNS has for the address.
    pub reverse_name: Option<Arc<str>>,
}

/// The leadership lease of an application.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lease {
    /// Who holds it.
    pub holder: Option<UnitId>,
    /// When it was claimed: it is renewed every 30 s from then.
    pub claimed_at: Time,
    /// Counts changes of holder.
    pub version: u64,
    /// When it changed hands.
    pub changed_at: Time,
    /// When it passes to another, where its holder was lost.
    pub ends: Option<Time>,
    /// What made it change hands.
    pub cause: Option<Seq>,
    /// What made its holder lose it, until another unit holds it.
    pub(crate) lost_by: Option<Seq>,
}

/// A unit.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Application.
    pub application: ApplicationId,
    /// Number; a removed pod's is used again, a removed machine unit's never.
    pub number: u32,
    /// `app/0`.
    pub name: Arc<str>,
    /// Machine, in machine models.
    pub machine: Option<MachineId>,
    /// The unit that a subordinate one belongs to.
    pub principal: Option<UnitId>,
    /// Address others reach it at.
    pub address: Versioned<Arc<str>>,
    /// Workload status and message.
    pub status: (Status, Arc<str>),
    /// When the workload status last changed.
    pub status_since: Time,
    /// How far its clock is ahead of true time, in nanoseconds.
    pub skew_ns: i64,
    /// The agent; none for a proxy.
    pub agent: Option<Box<Agent>>,
    /// Files on its disk and what its process has read.
    pub workload: Workload,
}

/// A workload: files, and the files as its process last read them.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// What is on disk.
    pub files: Files,
    /// What the process read when it last started or reloaded.
    pub loaded: Files,
    /// Counts what changed `loaded`.
    pub generation: u64,
    /// What last changed `loaded`.
    pub cause: Option<Seq>,
    /// The process does not answer before this instant.
    pub answers_from: Time,
}

/// A machine; its lock serialises the hooks of all units on it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Model.
    pub model: ModelId,
    /// `0` or `0/lxd/1`.
    pub id: Arc<str>,
    /// Address, as its controller knows it.
    pub address: Arc<str>,
    /// Its addresses in each space, in the order in which Juju tells them; where it is in none but `alpha`, whose subnets
    /// are not known, there is nothing but `address`.
    pub spaces: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Where it is reached since, until its controller learns of it.
    pub(crate) moved: Option<Move>,
    /// Units on it.
    pub units: Vec<UnitId>,
    /// Who holds the machine lock.
    pub(crate) lock: Option<UnitId>,
    /// Who waits for it.
    pub(crate) waiting: Vec<UnitId>,
}

/// A change of a machine's address.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    /// The address from then on.
    pub to: Arc<str>,
    /// What changed it.
    pub cause: Option<Seq>,
}

/// Life of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// In use.
    Alive,
    /// Being removed: units leave it.
    Dying,
    /// Gone.
    Removed,
}

/// A relation of one model.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Model.
    pub model: ModelId,
    /// Number within the model.
    pub number: u32,
    /// Interface.
    pub interface: Arc<str>,
    /// One side (peer) or two, provider first.
    pub ends: Vec<End>,
    /// Life.
    pub life: Life,
    /// `juju suspend-relation`.
    pub suspended: bool,
    /// When it was last suspended or resumed.
    pub(crate) suspended_at: Time,
    /// `scope: container`: each unit sees the one it shares its machine with.
    pub container: bool,
    /// When anything in it last changed.
    pub(crate) touched_at: Time,
    /// When it was created or last changed life or suspension.
    pub changed_at: Time,
    /// What created or last changed it.
    pub cause: Option<Seq>,
    /// The cross-model link it is one half of.
    pub link: Option<LinkId>,
}

/// One side of a relation.
#[derive(Clone, Debug)]
pub struct End {
    /// Application.
    pub application: ApplicationId,
    /// Its endpoint.
    pub endpoint: Arc<str>,
    /// Side it takes.
    pub role: Role,
    /// Application databag.
    pub bag: Versioned<Bag>,
    /// Units that entered scope, with their databags.
    pub units: BTreeMap<UnitId, ScopeMember>,
}

/// A unit in a relation's scope.
#[derive(Clone, Debug)]
pub struct ScopeMember {
    /// Unit databag.
    pub bag: Versioned<Bag>,
    /// Whether it is in scope; the bag of one that left stays readable.
    pub in_scope: bool,
    /// When it entered or left.
    pub moved_at: Time,
    /// What made it enter or leave.
    pub cause: Option<Seq>,
}

impl Relation {
    /// The side of `application`.
    pub fn end_of(&self, application: ApplicationId) -> Option<usize> {
        self.ends
            .iter()
            .position(|end| end.application == application)
    }

    /// The side facing side `end`: itself for a peer relation.
    pub fn opposite(&self, end: usize) -> &End {
        &self.ends[if self.ends.len() == 1 { 0 } else { 1 - end }]
    }

    /// Whether it is a peer relation.
    pub fn is_peer(&self) -> bool {
        self.ends.len() == 1
    }
}

/// Who owns a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretOwner {
    /// One unit.
    Unit(UnitId),
    /// The application; its leader manages it.
    Application(ApplicationId),
}

/// Content of a secret revision.
pub type SecretContent = Arc<BTreeMap<String, Value>>;

/// A secret.
#[derive(Clone, Debug)]
pub struct Secret {
    /// URI id, 20 characters.
    pub uri: Arc<str>,
    /// Owner.
    pub owner: SecretOwner,
    /// The owner's label.
    pub label: Arc<str>,
    /// Revisions from 1; `None` is one that was removed.
    pub revisions: Vec<Option<SecretContent>>,
    /// Expiry of the latest revision.
    pub expire: Option<Time>,
    /// Whether it was removed with all revisions.
    pub removed: bool,
    /// When the latest revision was made.
    pub(crate) changed_at: Time,
    /// Expiry of every revision that has one, and whether the journal says so already.
    pub(crate) expiries: BTreeMap<u32, (Time, bool)>,
    /// What set the expiry, or the expiry itself.
    pub(crate) cause: Option<Seq>,
    /// Revision each reading unit tracks, and the latest it was told of.
    pub(crate) consumers: BTreeMap<UnitId, Tracking>,
}

/// What one unit tracks of a secret it reads.
#[derive(Clone, Copy, Debug)]
pub struct Tracking {
    /// The revision `secret-get` gives.
    pub revision: u32,
    /// The latest revision for which it ran `secret-changed`.
    pub notified: u32,
}

impl Default for Tracking {
    /// Juju tells of the first revision a unit reads, unless it is the first there is
    /// (juju/juju 3.6 `state/secrets.go`, `consumedSecretsWatcher`).
    fn default() -> Self {
        Self {
            revision: 1,
            notified: 1,
        }
    }
}

impl Secret {
    /// Revisions that still exist, are not the latest, and that no unit tracks
    /// (juju/juju 3.6 `state/secrets.go`, `markObsoleteRevisionOps`).
    pub(crate) fn obsolete(&self) -> Vec<u32> {
        let tracked = |revision: u32| {
            let mut consumers = self.consumers.values();
            consumers.any(|tracking| tracking.revision == revision)
        };
        let exists = |revision: &u32| self.content(*revision).is_some();
        let older = (1..self.latest()).filter(exists);
        older.filter(|revision| !tracked(*revision)).collect()
    }

    /// Number of the latest revision.
    pub fn latest(&self) -> u32 {
        to_u32(self.revisions.len())
    }

    /// Content of a revision that was not removed.
    pub fn content(&self, revision: u32) -> Option<&SecretContent> {
        assert!(
            (1..=self.latest()).contains(&revision),
            "secret {} has no revision {revision} of {}",
            self.label,
            self.latest()
        );
        self.revisions[revision as usize - 1].as_ref()
    }
}

/// Both halves of a cross-model relation: the consumer's controller dials the offering one.
#[derive(Clone, Debug)]
pub struct Link {
    /// Relation in the consuming model.
    pub consumer: RelationId,
    /// Relation in the offering model.
    pub offering: RelationId,
    /// The consuming controller.
    pub from: ControllerId,
    /// The offering controller.
    pub to: ControllerId,
    /// Whether the consumer's controller is connected.
    pub connected: bool,
    /// Why not; none while it is connected or has yet to dial.
    pub error: Option<ConnectionError>,
    /// What took it down.
    pub(crate) down_by: Option<Seq>,
    /// When it last tried to connect.
    pub dialled_at: Time,
    /// Latest delivery under way, by direction: the newest state wins.
    pub(crate) due: [Time; 2],
    /// Units whose bag or presence has yet to be delivered, by direction.
    pub(crate) changed: [BTreeSet<UnitId>; 2],
    /// Version of the application's bag delivered last, by direction.
    pub(crate) delivered: [u64; 2],
}
