//! [`Juju`]: the parts of a deployment, and which of them an event is for.
//!
//! Each part owns one thing that happens in Juju, and is lent what it needs: [`Relations`] has the
//! topology and wakes agents, but cannot see a secret. A caller says which one it wants, for example
//! `juju.pods().restart_pod(unit, cause, host)`. What there is, is read through the [`Topology`].

use std::ops::Deref;

use crate::agents::{Agents, Awaits};
use crate::context::OutsideServices;
use crate::leases::Leases;
use crate::network::Connections;
use crate::operator::Operator;
use crate::operator::deploy::drawn_uuid;
use crate::pods::Pods;
use crate::relations::Relations;
use crate::secrets::{SecretStore, Secrets};
use crate::timing::Timing;
use crate::uniter::{Resolver, Uniter};
use crate::{
    CommitFault, ControllerId, Event, Hook, Host, Latencies, ModelId, RelationId, Secret, SecretId,
    SecretOwner, Step, Topology, Unit, UnitId, Value,
};
use trustsim_kernel::{Seq, Streams, Time};

/// Every controller of a deployment, with the agents of all units. What there is in it is read
/// through its [`Topology`].
#[derive(Clone, Debug)]
pub struct Juju {
    agents: Agents,
    secrets: SecretStore,
    outside: OutsideServices,
    /// Where the next commit fails, for rehearsing it.
    commit_fault: Option<(UnitId, CommitFault)>,
}

impl Deref for Juju {
    type Target = Topology;

    fn deref(&self) -> &Topology {
        &self.agents
    }
}

/// Its parts.
impl Juju {
    /// No controllers yet.
    pub fn new(latencies: Latencies, streams: Streams, every_hook: bool) -> Self {
        Self {
            agents: Agents::new(latencies, streams, every_hook),
            secrets: SecretStore::new(),
            outside: OutsideServices::default(),
            commit_fault: None,
        }
    }

    pub(crate) fn agents(&mut self) -> &mut Agents {
        &mut self.agents
    }

    pub(crate) fn timing(&self) -> Timing<'_> {
        self.agents.timing()
    }

    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver::new(self.agents.timing(), &self.secrets)
    }

    pub(crate) fn store(&self) -> &SecretStore {
        &self.secrets
    }

    pub(crate) fn secrets(&mut self) -> Secrets<'_> {
        Secrets::new(&mut self.agents, &mut self.secrets)
    }

    pub(crate) fn outside(&self, key: &str) -> Option<&Value> {
        self.outside.get(key)
    }

    /// What an operator or the cloud does.
    pub fn operator(&mut self) -> Operator<'_> {
        self.agents.operator()
    }

    /// Relations, to be made, suspended and removed.
    pub fn relations_mut(&mut self) -> Relations<'_> {
        self.agents.relations_mut()
    }

    /// Leadership leases.
    pub fn leases(&mut self) -> Leases<'_> {
        self.agents.leases()
    }

    /// Pods that are replaced.
    pub fn pods(&mut self) -> Pods<'_> {
        self.agents.pods()
    }

    /// Connections, and what disrupts them.
    pub fn connections(&mut self) -> Connections<'_> {
        Connections::new(&mut self.agents, &mut self.secrets)
    }

    /// The workers that run hooks.
    pub fn uniter(&mut self) -> Uniter<'_> {
        Uniter::new(
            &mut self.agents,
            &mut self.secrets,
            &mut self.outside,
            &mut self.commit_fault,
        )
    }
}

/// What happens.
impl Juju {
    /// Carries out one event; what it returns must be done before the next.
    pub fn handle(&mut self, event: Event, host: &mut dyn Host) -> Option<Step> {
        self.agents.forget_woken();
        match event {
            Event::AgentStart(unit) => return self.uniter().start_agent(unit, host),
            Event::Wake(unit) => return self.uniter().wake(unit, host),
            Event::Alarm(unit) => return self.uniter().alarm(unit, host),
            Event::HookEnd(unit) => return self.uniter().end_hook(unit, host),
            Event::Dial(link) => return self.relations_mut().dial(link, host),
            Event::SecretExpiry(secret) => self.secrets().secret_expiry(secret, host),
            Event::LeaseExpiry(application) => self.leases().lease_expiry(application, host),
            Event::Transfer(link, to_offering) => {
                self.relations_mut().transfer(link, to_offering, host);
            }
            Event::PingTimeout(disruption) => self.connections().ping_timeout(disruption, host),
            Event::Ping(unit) => self.connections().ping(unit, host),
            Event::PodGone(unit) => self.pods().end_grace_period(unit, host),
            Event::InstancePoll(machine) => self.operator().poll_instance(machine, host),
        }
        None
    }

    /// The UUID of a controller.
    pub fn controller_uuid(&self, controller: ControllerId) -> String {
        let name = &self.agents.controller(controller).name;
        drawn_uuid(self.agents.timing().streams, "controller-uuid", name)
    }

    /// The unit, to change what nature changes: its workload. Its clock and its address change
    /// with [`Operator::set_clock_skew`] and [`Operator::change_address`], which its agent notices.
    pub fn unit_mut(&mut self, id: UnitId) -> &mut Unit {
        self.agents.unit_mut(id)
    }

    /// Sets what a service outside Juju remembers; `None` forgets it.
    pub fn set_outside(&mut self, key: &str, value: Option<Value>) {
        self.outside.set(key, value);
    }

    /// Makes the next commit of `unit` fail at this point.
    pub fn fail_next_commit(&mut self, unit: UnitId, fault: CommitFault) {
        self.commit_fault = Some((unit, fault));
    }

    /// What a unit would do may have changed: it looks again.
    pub fn look_again(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.agents.look_again(unit, host);
    }

    /// What the hooks of a unit do that is not played may be something else from now on: it looks again.
    pub fn end_rest(&mut self, unit: UnitId, host: &mut dyn Host) {
        let agent = self.agent(unit);
        if agent.is_some_and(|agent| agent.connected && !agent.removed) {
            self.agents.look_again(unit, host);
        }
    }

    /// The clock of a controller jumps to be ahead of true time by so many nanoseconds.
    pub fn set_controller_skew(
        &mut self,
        controller: ControllerId,
        skew_ns: i64,
        host: &mut dyn Host,
    ) {
        self.agents.controller_mut(controller).skew_ns = skew_ns;
        self.secrets().schedule_expiries(controller, host);
    }
}

/// What can be read beside the topology.
impl Juju {
    /// The secret.
    pub fn secret(&self, id: SecretId) -> &Secret {
        self.secrets.get(id)
    }

    /// Secrets of this owner that were not removed, in label order.
    pub fn secrets_of(&self, owner: SecretOwner) -> impl Iterator<Item = SecretId> {
        self.secrets.of_owner(owner)
    }

    /// Hooks of a unit that are repeated: update-status, and those of expired secrets.
    pub fn repeated_hooks(&self, unit: UnitId) -> Vec<Hook> {
        let agent = self.agent_of(unit);
        let expired = agent.expiries.keys();
        let expired = expired.map(|(secret, revision)| Hook::SecretExpired {
            secret: *secret,
            revision: *revision,
        });
        let status = agent.started.then_some(Hook::UpdateStatus);
        expired.chain(status).collect()
    }

    /// Whether nothing is due that anything but time has caused: no agent runs a hook, waits to run
    /// one, has one due or is away, and nothing is under way between models or waits for a link.
    /// Repeated hooks do not count, as long as the charms say that they would do nothing.
    pub fn is_settled(&self, now: Time) -> bool {
        self.resolver().is_settled(now)
    }

    /// As [`Self::is_settled`], where a unit counts as at rest that tries again what will not succeed until something else
    /// happens: everything stays as it is.
    pub fn is_still(&self, now: Time) -> bool {
        self.resolver().is_still(now)
    }

    /// The units that try again what will not succeed until something else happens.
    pub fn units_in_vain(&self) -> impl Iterator<Item = UnitId> {
        let units = self.units();
        let tries = |agent: &crate::Agent| !agent.removed && agent.awaits == Awaits::Vainly;
        units.filter_map(move |(id, unit)| tries(unit.agent.as_deref()?).then_some(id))
    }

    /// Whether a unit has more to do than repeated hooks, which go first where a secret has expired.
    pub fn has_work_behind_repeats(&self, unit: UnitId, now: Time) -> bool {
        self.resolver().operation_not_of_time(unit, now).is_some()
    }

    /// Whether a unit has started and has nothing to do.
    pub fn is_unit_at_rest(&self, unit: UnitId, now: Time) -> bool {
        self.resolver().is_unit_at_rest(unit, now)
    }

    /// Whether a controller's API server is down.
    pub fn is_down(&self, controller: ControllerId) -> bool {
        self.timing().is_down(controller)
    }

    /// What took down the controller of a model; `None` where it answers.
    pub fn down_by(&self, model: ModelId) -> Option<Option<Seq>> {
        self.timing().down_by(model)
    }

    /// Whether a unit's agent hears of an action that an operator runs.
    pub fn answers(&self, unit: UnitId) -> bool {
        self.timing().answers(unit)
    }

    /// What keeps a relation from carrying anything now.
    pub fn relation_hindrance(&self, id: RelationId) -> Option<Seq> {
        self.timing().relation_hindrance(id)
    }

    /// Every text in a revision of a secret that still exists, in a databag, or in a file of a unit,
    /// its process's memory included.
    pub fn stored_values(&self) -> impl Iterator<Item = &Value> {
        self.secrets.values().chain(self.values_in_bags_and_files())
    }
}
