//! What a charm sees and does inside one hook: the only door between a charm and its model.
//!
//! Reads are of the controller as it is when the hook runs, by Juju's permission table. Writes
//! are buffered in [`Effects`] and committed together at the end of the hook, or dropped if it
//! fails. What Juju does not buffer (status, tracking a secret) and what happens outside Juju
//! (files, restarts) stays done.

mod as_json;
mod observed;
mod outside;
mod relations;
mod repeat;
mod repeated_failure;
mod secrets;
mod visible;
mod workload;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use observed::ClockReads;
pub(crate) use outside::OutsideServices;
pub use repeat::{RepeatedChange, Telling, without_numbers};
pub use repeated_failure::RepeatedFailure;
pub(crate) use secrets::SecretWrite;
pub use secrets::{GrantedSecret, SecretView};
pub use visible::{VisibleModel, VisibleRelation, VisibleSecret};
pub use workload::Files;

use crate::convert::to_u32;
use crate::{
    Application, ApplicationId, Bag, CommitFault, Juju, LoadBalancer, RelationId, SecretId, Status,
    Unit, UnitId, Value, Workload,
};
use trustsim_kernel::{Span, Stream, Time};

/// What a hook leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Databags as they will be, by relation and whether it is the application's.
    pub(crate) bags: BTreeMap<(RelationId, bool), Bag>,
    /// Secrets to create, change or remove, in order.
    pub(crate) secrets: Vec<SecretWrite>,
    /// Secrets created in this hook: their ids hold until the commit.
    pub(crate) created: u32,
    /// Workload status, set at once.
    pub(crate) status: Option<(Status, Arc<str>)>,
    /// Secrets read: tracked revisions, set at once.
    pub(crate) tracked: Vec<(SecretId, u32)>,
    /// The workload as the hook leaves it.
    pub(crate) workload: Workload,
    /// Whether the process was restarted.
    pub(crate) restarted: bool,
    /// Whether a file of the workload was written or deleted.
    pub(crate) files_changed: bool,
    /// Whether the charm put anything into the journal.
    pub(crate) noted: bool,
    /// What services outside Juju are to remember, at once.
    pub(crate) outside: BTreeMap<Arc<str>, Option<Value>>,
    /// How much longer the hook takes than one that calls no service.
    pub(crate) spent: Span,
    /// Calls of the controller's API that reads and `status-set` made.
    pub(crate) calls: u32,
    /// Where the commit is made to fail.
    pub commit_fault: Option<CommitFault>,
    /// How often each purpose was drawn from, so that the next draw is a new one.
    pub(crate) draws: BTreeMap<&'static str, u32>,
}

impl Effects {
    /// Whether the hook gives this unit another workload status than it has.
    pub fn changes_status(&self, unit: &Unit) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| *status != unit.status)
    }

    /// Whether the hook changes anything beside the workload status.
    pub fn changes_anything(&self) -> bool {
        !self.bags.is_empty()
            || !self.secrets.is_empty()
            || self.noted
            || self.files_changed
            || self.restarted
    }
}

/// What a charm sees and does inside one hook of one unit.
///
/// `N` is what charms put into the journal, which is theirs and not Juju's to know.
pub struct UnitContext<'a, N = ()> {
    pub(crate) juju: &'a Juju,
    pub(crate) id: UnitId,
    pub(crate) true_now: Time,
    /// The relation being broken, which `relation-ids` leaves out.
    breaking: Option<RelationId>,
    /// Who joins or departs in this hook, and whether `relation-list` has them.
    moving: Option<(RelationId, UnitId, bool)>,
    pub(crate) effects: Effects,
    notes: Vec<N>,
    /// What was read from the controller, each once in a hook; counted where that takes time.
    reads: Option<RefCell<BTreeSet<ControllerRead>>>,
    clock: ClockReads,
}

/// Something that a hook reads from its controller. The agent keeps the answer until the hook ends
/// (juju/juju 3.6 `internal/worker/uniter/runner/context`: `RelationCache`, `ContextRelation`,
/// `HookContext.ConfigSettings`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ControllerRead {
    Config,
    Network,
    UnitBag(RelationId, UnitId),
    ApplicationBag(RelationId, bool),
    Secret(Arc<str>),
}

impl<'a, N> UnitContext<'a, N> {
    /// The context of a hook of `unit` that runs now.
    pub fn new(juju: &'a Juju, unit: UnitId, now: Time, hook: Option<&crate::Hook>) -> Self {
        let breaking = match hook {
            Some(crate::Hook::RelationBroken { relation }) => Some(*relation),
            _ => None,
        };
        let moving = match hook {
            Some(crate::Hook::RelationJoined { relation, unit }) => Some((*relation, *unit, true)),
            Some(crate::Hook::RelationDeparted { relation, unit, .. }) => {
                Some((*relation, *unit, false))
            }
            _ => None,
        };
        let workload = juju.unit(unit).workload.clone();
        let draws = juju.agent_of(unit).draws.clone();
        let effects = Effects {
            workload,
            draws,
            ..Effects::default()
        };
        Self {
            juju,
            id: unit,
            true_now: now,
            breaking,
            moving,
            effects,
            notes: Vec::new(),
            reads: juju.timing().impairment(unit).map(|_| RefCell::default()),
            clock: ClockReads::default(),
        }
    }

    /// Ends the hook: what it leaves behind, and what its charm puts into the journal.
    pub fn into_effects(mut self) -> (Effects, Vec<N>) {
        // On a healthy path calls take no time, and none was counted.
        let reads = self.reads.map_or(0, |reads| reads.borrow().len());
        self.effects.calls += to_u32(reads);
        self.effects.noted = !self.notes.is_empty();
        (self.effects, self.notes)
    }

    fn note_read(&self, what: ControllerRead) {
        if let Some(reads) = &self.reads {
            reads.borrow_mut().insert(what);
        }
    }

    pub(crate) fn unit(&self) -> &'a Unit {
        self.juju.unit(self.id)
    }

    pub(crate) fn application(&self) -> &'a Application {
        self.juju.application(self.unit().application)
    }

    /// This unit.
    pub fn id(&self) -> UnitId {
        self.id
    }

    /// `app/0`.
    pub fn unit_name(&self) -> &'a str {
        &self.unit().name
    }

    /// The number in its name.
    pub fn unit_number(&self) -> u32 {
        self.unit().number
    }

    /// Application name.
    pub fn application_name(&self) -> &'a str {
        &self.application().name
    }

    /// This unit's application.
    pub fn application_id(&self) -> ApplicationId {
        self.unit().application
    }

    /// Model name.
    pub fn model_name(&self) -> &'a str {
        &self.juju.model(self.application().model).name
    }

    /// Whether the model runs on Kubernetes.
    pub fn is_kubernetes(&self) -> bool {
        self.juju.model(self.application().model).kubernetes
    }

    /// Whether its workload runs in containers of its own, which Pebble starts.
    pub fn has_containers(&self) -> bool {
        !self.application().containers.is_empty()
    }

    /// `is-leader`.
    pub fn is_leader(&self) -> bool {
        self.application().lease.holder == Some(self.id)
    }

    /// An option's effective value; `None` where it is unset and has no default.
    pub fn config(&self, option: &str) -> Option<&'a str> {
        self.note_read(ControllerRead::Config);
        self.application()
            .config
            .value
            .get(option)
            .map(String::as_str)
    }

    /// Its private address (`unit-get private-address`): of a machine that of the machine, of a pod the pod's.
    pub fn address(&self) -> &'a str {
        self.note_read(ControllerRead::Network);
        &self.unit().address.value
    }

    /// The bind address for an endpoint of its own (`network-get --bind-address`); with the empty name that of its
    /// application's binding.
    pub fn binding_address(&self, endpoint: &str) -> &'a str {
        self.note_read(ControllerRead::Network);
        self.juju.binding_address(self.id, endpoint)
    }

    /// Its addresses in the space of an endpoint of its own.
    pub fn binding_addresses(&self, endpoint: &str) -> Vec<&'a str> {
        self.note_read(ControllerRead::Network);
        self.juju.binding_addresses(self.id, endpoint)
    }

    /// The endpoint of its own over which a relation is.
    pub fn endpoint_of(&self, relation: RelationId) -> &'a str {
        let found = self.juju.relation(relation);
        let end = found.end_of(self.application_id());
        &found.ends[end.expect("a unit asks for relations of its own")].endpoint
    }

    /// Every address of its machine, as `hostname -I` prints them; of a pod the pod's.
    pub fn all_addresses(&self) -> Vec<&'a str> {
        self.note_read(ControllerRead::Network);
        self.juju.all_addresses(self.id)
    }

    /// The ingress address for an endpoint of its own: of a pod that of its application's service, on a machine the one in
    /// the endpoint's space.
    pub fn ingress_address(&self, endpoint: &str) -> &'a str {
        self.note_read(ControllerRead::Network);
        self.juju.ingress_address(self.id, endpoint)
    }

    /// The load balancer in front of its application's service, which a charm asks Kubernetes for.
    pub fn load_balancer(&self) -> Option<&'a LoadBalancer> {
        self.application().load_balancer.as_ref()
    }

    /// `gethostname` where this unit runs.
    pub fn hostname(&self) -> String {
        self.juju.hostname(self.id)
    }

    /// DNS name of this unit: in a pod that of the headless service, on a machine its address.
    pub fn unit_dns_name(&self) -> String {
        self.juju.unit_dns_name(self.id)
    }

    /// DNS name of the application: in Kubernetes that of its service, else the unit's.
    pub fn application_dns_name(&self) -> String {
        self.juju
            .application_dns_name(self.application_id())
            .unwrap_or_else(|| self.unit_dns_name())
    }

    /// `status-set`: at once, whatever becomes of the hook.
    pub fn set_status(&mut self, status: Status, message: &str) {
        self.effects.calls += 1;
        self.effects.status = Some((status, Arc::from(message)));
    }

    /// The stream that [`Self::stream`] gives next for `purpose`, which counts as not drawn from.
    pub fn next_stream(&self, purpose: &'static str) -> Stream {
        // What was never drawn from has no entry.
        let count = 1 + self.effects.draws.get(purpose).copied().unwrap_or(0);
        self.numbered_stream(purpose, count)
    }

    /// A random stream for `purpose` that no other unit, purpose or time of asking shares.
    pub fn stream(&mut self, purpose: &'static str) -> Stream {
        let count = self.effects.draws.entry(purpose).or_insert(0);
        *count += 1;
        let count = *count;
        self.numbered_stream(purpose, count)
    }

    fn numbered_stream(&self, purpose: &str, count: u32) -> Stream {
        let subject = format!("{}.{}#{count}", self.model_name(), self.unit_name());
        self.juju.timing().streams.stream(purpose, &subject)
    }

    /// Puts something into the journal.
    pub fn note(&mut self, note: N) {
        self.notes.push(note);
    }
}
