//! Juju: controllers, models, units and the agents that run their hooks.
//!
//! The unit agent is a level-triggered resolver: it compares what its controller shows with what
//! it has done, and picks the next hook in Juju's order. Changes are not queued; they are
//! differences, so they coalesce, and a hook that is run again reads fresh data.
//!
//! Must not know certificates, or what any charm does: the owner of a [`Juju`] runs the charm's
//! code when [`Step::Run`] says so, and hands back what it left behind.
//!
//! Follows juju/juju 3.6 (1c91c54f).

mod address;
mod agent;
mod arena;
mod build;
mod churn;
mod commit;
mod context;
mod convert;
mod driver;
mod elision;
mod expiry;
mod happening;
mod hook;
mod ids;
mod integrate;
mod leadership;
mod lifecycle;
mod lock;
mod network;
mod offers;
mod operate;
mod permissions;
mod relation;
mod repeats;
mod replay;
mod resolver;
mod run;
mod scope;
mod secret;
mod secret_store;
mod state;
mod stored;
mod subordinate;
mod topology;
mod value;
mod workload;

#[cfg(test)]
mod tests;

use std::ops::Deref;

pub use agent::{Activity, Agent, Failed, RelationLocal, Running};
pub use build::ApplicationParts;
pub use commit::CommitFault;
pub use context::{Effects, RelationSight, SecretSight, SecretView, Sight, UnitContext};
pub use driver::{Driver, drive};
pub use happening::{
    About, ConnectionError, Happening, RelationChange, RelationName, SecretChange,
};
pub use hook::{Hook, HookError, HookName, Quiet, RelationEvent, Status, ToolError, UnknownHook};
pub use ids::{
    ApplicationId, ControllerId, LinkId, MachineId, ModelId, RelationId, SecretId, UnitId,
};
pub use integrate::IntegrateError;
pub use network::{Disruption, DisruptionId, NetworkPath};
pub use offers::OfferError;
pub use permissions::{Access, Whose, access};
pub use state::{
    Application, ApplicationKind, Controller, End, EndpointInfo, Lease, Life, Link, Machine, Model,
    Relation, Role, ScopeMember, Secret, SecretContent, SecretOwner, Tracking, Unit, Versioned,
    Workload,
};
pub use topology::Topology;
pub use value::{Bag, Value};
pub use workload::Files;

use context::OutsideServices;
use network::Network;
use secret_store::SecretStore;
use trustsim_kernel::{Seq, Span, Streams, Time};

/// How long things take.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// Shortest hook.
    pub hook_min: Span,
    /// Longest hook.
    pub hook_max: Span,
    /// From a change on a controller to the agent that watches it.
    pub watch: Span,
    /// From one controller to the other.
    pub cross_model: Span,
}

/// Something due in a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A unit's agent process starts.
    AgentStart(UnitId),
    /// Something an agent watches may have changed.
    Wake(UnitId),
    /// An agent's own timer fired, if it is still set for this instant.
    Alarm(UnitId),
    /// The running hook of a unit ends.
    HookEnd(UnitId),
    /// A secret's expiry is due.
    SecretExpiry(SecretId),
    /// An application's leadership lease may have expired.
    LeaseExpiry(ApplicationId),
    /// A cross-model link delivers; true from the consumer to the offering side.
    Transfer(LinkId, bool),
    /// A consumer's controller dials the offering controller.
    Dial(LinkId),
    /// A pod that was told to end is killed, if it has not ended.
    PodGone(UnitId),
    /// A health ping over a partition is missed.
    PingTimeout(DisruptionId),
    /// The health pings of an agent on a path with delay or loss are looked at.
    Ping(UnitId),
}

/// What must be done outside Juju before it goes on.
#[derive(Clone, Debug)]
pub enum Step {
    /// Run the charm's code for this hook, then call [`Juju::hook_ran`].
    Run {
        /// The unit.
        unit: UnitId,
        /// The hook.
        hook: Hook,
        /// What caused it.
        cause: Option<Seq>,
        /// How often it failed before.
        failures: u32,
    },
    /// A unit has nothing to do: ask its charm what only time brings, then call [`Juju::rest`].
    Idle {
        /// The unit.
        unit: UnitId,
    },
    /// An agent dials its controller: judge the connection, then call [`Juju::connected`].
    Connect {
        /// The unit.
        unit: UnitId,
    },
    /// A controller dials another: judge the connection, then call [`Juju::dialled`].
    Dial {
        /// The link.
        link: LinkId,
    },
}

/// What a [`Juju`] asks of its simulation: the clock, the agenda and the journal.
pub trait Host {
    /// True time.
    fn now(&self) -> Time;
    /// Puts an event on the agenda.
    fn schedule(&mut self, at: Time, event: Event);
    /// Writes to the journal.
    fn record(&mut self, cause: Option<Seq>, about: About, what: Happening) -> Option<Seq>;
}

/// Every controller of a deployment, with the agents of all units. What there is in it is read
/// through its [`Topology`].
#[derive(Clone, Debug)]
pub struct Juju {
    topology: Topology,
    secrets: SecretStore,
    latencies: Latencies,
    streams: Streams,
    /// How many pods were replaced: each got a new address.
    addresses: usize,
    /// Every update-status and repeated secret event is played, quiet or not.
    every_hook: bool,
    network: Network,
    /// Where the next commit fails, for rehearsing it.
    commit_fault: Option<(UnitId, CommitFault)>,
    outside: OutsideServices,
}

impl Deref for Juju {
    type Target = Topology;

    fn deref(&self) -> &Topology {
        &self.topology
    }
}

impl Juju {
    /// No controllers yet.
    pub fn new(latencies: Latencies, streams: Streams, every_hook: bool) -> Self {
        Self {
            topology: Topology::new(),
            secrets: SecretStore::new(),
            latencies,
            streams,
            addresses: 0,
            every_hook,
            network: Network::default(),
            commit_fault: None,
            outside: OutsideServices::default(),
        }
    }

    /// The unit, to change what nature changes: its workload. Its clock and its address change
    /// with [`Juju::set_clock_skew`] and [`Juju::set_address`], which its agent notices.
    pub fn unit_mut(&mut self, id: UnitId) -> &mut Unit {
        self.topology.unit_mut(id)
    }

    /// The secret.
    pub fn secret(&self, id: SecretId) -> &Secret {
        self.secrets.get(id)
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Makes the next commit of `unit` fail at this point.
    pub fn fail_next_commit(&mut self, unit: UnitId, fault: CommitFault) {
        self.commit_fault = Some((unit, fault));
    }

    /// Carries out one event; what it returns must be done before the next.
    pub fn handle(&mut self, event: Event, host: &mut dyn Host) -> Option<Step> {
        match event {
            Event::AgentStart(unit) => self.agent_start(unit, host),
            Event::Wake(unit) => self.wake(unit, host),
            Event::Alarm(unit) => self.alarm(unit, host),
            Event::HookEnd(unit) => self.hook_end(unit, host),
            Event::SecretExpiry(secret) => self.secret_expiry(secret, host),
            Event::LeaseExpiry(application) => self.lease_expiry(application, host),
            Event::Transfer(link, to_offering) => self.transfer(link, to_offering, host),
            Event::Dial(link) => self.dial(link, host),
            Event::PingTimeout(disruption) => {
                self.ping_timeout(disruption, host);
                None
            }
            Event::Ping(unit) => {
                self.ping(unit, host);
                None
            }
            Event::PodGone(unit) => {
                self.grace_is_over(unit, host);
                None
            }
        }
    }
}
