//! The agents of all units, as what happens in a deployment reaches them: they are woken, their machines
//! are locked, their timers are set, and hooks that need not be played are elided.
//!
//! Where a databag of `db` changes, for example, [`Agents::schedule_wake`] puts a wake-up for each unit of
//! `web` on the agenda, one watcher latency later. What a woken agent does then is for its
//! [`Uniter`](crate::uniter::Uniter).

mod agent;
mod elision;
mod failing;
mod firings;
mod lock;
mod members;
mod repeats;
mod replay;

use std::ops::{Deref, DerefMut};

pub(crate) use agent::*;
pub use agent::{Activity, Agent, Failed, RelationLocal, Running};
pub(crate) use failing::PURPOSE_RETRY;
pub(crate) use members::{MemberChange, Named};
pub(crate) use repeats::Timer;

use crate::leases::Leases;
use crate::network::Network;
use crate::operator::Operator;
use crate::pods::Pods;
use crate::relations::Relations;
use crate::timing::Timing;
use crate::{ApplicationId, Event, Host, Latencies, RelationId, Topology, UnitId};
use trustsim_kernel::{Streams, Time};

/// Every agent, with the deployment that it is in and the network to its controller.
#[derive(Clone, Debug)]
pub(crate) struct Agents {
    topology: Topology,
    network: Network,
    latencies: Latencies,
    streams: Streams,
    /// Every update-status and repeated secret event is played, quiet or not.
    every_hook: bool,
    /// Whose units are all to look again at this instant, and none has looked since.
    fellows_woken: Option<(ApplicationId, Time)>,
}

impl Deref for Agents {
    type Target = Topology;

    fn deref(&self) -> &Topology {
        &self.topology
    }
}

impl DerefMut for Agents {
    fn deref_mut(&mut self) -> &mut Topology {
        &mut self.topology
    }
}

impl Agents {
    pub(crate) fn new(latencies: Latencies, streams: Streams, every_hook: bool) -> Self {
        Self {
            topology: Topology::new(),
            network: Network::default(),
            latencies,
            streams,
            every_hook,
            fellows_woken: None,
        }
    }

    /// When things arrive, and how long they take.
    pub(crate) fn timing(&self) -> Timing<'_> {
        Timing {
            topology: &self.topology,
            network: &self.network,
            latencies: &self.latencies,
            streams: &self.streams,
        }
    }

    pub(crate) fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    pub(crate) fn leases(&mut self) -> Leases<'_> {
        Leases::new(self)
    }

    pub(crate) fn relations_mut(&mut self) -> Relations<'_> {
        Relations::new(self)
    }

    pub(crate) fn pods(&mut self) -> Pods<'_> {
        Pods::new(self)
    }

    pub(crate) fn operator(&mut self) -> Operator<'_> {
        Operator::new(self)
    }

    /// Something may be due in a relation of this unit. A proxy has no agent to look at it.
    pub(crate) fn mark_dirty(&mut self, unit: UnitId, relation: RelationId) {
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.dirty.insert(relation);
        }
    }

    /// Something about a remote unit has changed, of which an agent is to be told. Before `relation-created` it knows of
    /// none.
    pub(crate) fn note_member(&mut self, watcher: UnitId, relation: RelationId, member: UnitId) {
        let member = self.named(member);
        let agent = self.topology.agent_mut(watcher);
        let local = agent.and_then(|agent| agent.relations.get_mut(&relation));
        if let Some(local) = local.filter(|local| local.created) {
            local.due.note(member);
        }
    }

    /// Wakes an agent when what it can read and changed now has reached it. A proxy has no agent to wake.
    pub(crate) fn wake_at_arrival(&mut self, unit: UnitId, host: &mut dyn Host) {
        if self.agent(unit).is_some() {
            self.schedule_wake(unit, self.timing().arrival(unit, host.now()), host);
        }
    }

    /// Wakes an agent because something it can read changed now. What its charm said of quiet
    /// repeats holds no longer. An agent that is busy until then looks again anyway.
    pub(crate) fn schedule_wake(&mut self, unit: UnitId, at: Time, host: &mut dyn Host) {
        let agent = self.agent_of(unit);
        if !agent.connected || agent.removed {
            return; // It looks at everything when it connects.
        }
        self.settle(unit, host);
        let now = host.now();
        let agent = self.agent_of(unit);
        // With delay or loss a hook may end before what arrives during it.
        let looks_then = agent.is_busy_until(at) && self.timing().impairment(unit).is_none();
        if looks_then || (at > now && agent.woken_at == at) {
            return;
        }
        if at > now && agent.is_idle() {
            self.arm_alarm(unit, Some(at), host);
        }
        let agent = self.topology.agent_of_mut(unit);
        agent.woken_at = at;
        host.schedule(at, Event::Wake(unit));
    }

    pub(crate) fn wake_units(&mut self, application: ApplicationId, host: &mut dyn Host) {
        for unit in self.application(application).units.clone() {
            self.wake_at_arrival(unit, host);
        }
    }

    /// A unit's process is not what it was: what it and its fellows would do may have changed. Where many change at once,
    /// all are told once: an application of ten thousand units that is restarted would need a hundred million wake-ups.
    pub(crate) fn note_process_change(&mut self, unit: UnitId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let woken = Some((application, host.now()));
        if self.fellows_woken == woken {
            return;
        }
        for fellow in self.application(application).units.clone() {
            self.look_again(fellow, host);
        }
        self.fellows_woken = woken;
    }

    /// Something happens to an agent, which may look at what there is: the next change of a process is news again.
    pub(crate) fn forget_woken(&mut self) {
        self.fellows_woken = None;
    }

    /// What a unit would do may have changed: it looks again, and until then its next repeat may do
    /// something.
    pub(crate) fn look_again(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.schedule_wake(unit, host.now(), host);
        let agent = self.topology.agent_of_mut(unit);
        agent.awaits = Awaits::Time;
    }

    /// Another unit came onto this one's machine: from now on they share its lock, so nothing is
    /// elided there until it rests too.
    pub(crate) fn share_machine(&mut self, unit: UnitId, host: &mut dyn Host) {
        let Some(machine) = self.unit(unit).machine else {
            return;
        };
        let now = host.now();
        for other in self.machine(machine).units.clone() {
            if other != unit {
                self.schedule_wake(other, now, host);
            }
        }
    }

    /// The agent loses its controller: a running hook cannot be committed, one whose last call hangs fails at once, and
    /// the lease is not renewed. It is back with [`Event::AgentStart`].
    pub(crate) fn disconnect(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.settle(unit, host);
        let agent = self.topology.agent_of_mut(unit);
        agent.connected = false;
        agent.obsolete.clear();
        self.leases().lose_leader(unit, host);
        if self.agent_of(unit).is_hung(host.now()) {
            self.end_hung_hook(unit, host);
        }
    }

    /// The hook whose last call hung ends now.
    pub(crate) fn end_hung_hook(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let runs = self.topology.agent_of_mut(unit).end_hook_at(now);
        assert!(
            runs,
            "{} hangs in a hook, and runs none",
            self.unit(unit).name
        );
        host.schedule(now, Event::HookEnd(unit));
    }
}
