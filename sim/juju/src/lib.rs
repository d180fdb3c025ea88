//! Juju: controllers, models, units and the agents that run their hooks.
//!
//! The unit agent is a level-triggered resolver: it compares what its controller shows with what
//! it has done, and picks the next hook in Juju's order. Changes are not queued; they are
//! differences, so they coalesce, and a hook that is run again reads fresh data. For example, `db`
//! changes its databag twice while a unit of `web` runs a hook: afterwards the unit sees one difference
//! of versions, runs `db-relation-changed` once, and reads the newest bag.
//!
//! [`Juju`] holds the parts of a deployment and gives each event to the one that it is for:
//!
//! - [`Topology`]: what there is; it is read by all, and knows nothing of time.
//! - `agents`: wake-ups, the machine lock, timers, and the elision of hooks that do nothing.
//! - `timing`, `network`: when something arrives, and what disrupts it.
//! - [`Uniter`] with its resolver: which hook a unit runs, how it ends, what is committed.
//! - [`Relations`], [`Leases`], [`Pods`], [`Operator`], `secrets`: one thing each that changes.
//! - [`UnitContext`]: what a charm sees and does in a hook.
//!
//! Must not know certificates, or what any charm does: the owner of a [`Juju`] runs the charm's
//! code when [`Step::Run`] says so, and hands back what it left behind.
//!
//! Follows juju/juju 3.6 (1c91c54f).

mod address;
mod agents;
mod arena;
mod context;
mod convert;
mod driver;
mod happening;
mod hook;
mod ids;
mod juju;
mod leases;
mod network;
mod operator;
mod permissions;
mod pods;
mod relations;
mod secrets;
mod spaces;
mod state;
mod status;
mod timing;
mod topology;
mod uniter;
mod value;

#[cfg(test)]
mod tests;

pub use address::{headless_service, service};
pub use agents::{Activity, Agent, Failed, RelationLocal, Running};
pub use context::{
    Effects, Files, GrantedSecret, RepeatedChange, RepeatedFailure, SecretView, Telling,
    UnitContext, VisibleModel, VisibleRelation, VisibleSecret, without_numbers,
};
pub use driver::{Driver, drive};
pub use happening::{
    About, ConnectionError, Happening, RelationChange, RelationName, SecretChange,
};
pub use hook::{Hook, HookError, HookName, Quiet, RelationEvent, Status, ToolError, UnknownHook};
pub use ids::{
    ApplicationId, ControllerId, LinkId, MachineId, ModelId, RelationId, SecretId, UnitId,
};
pub use juju::Juju;
pub use leases::Leases;
pub use network::{Connections, Disruption, DisruptionId, NetworkPath};
pub use operator::{ApplicationParts, Operator};
pub use permissions::{Access, Whose, access};
pub use pods::Pods;
pub use relations::{IntegrateError, OfferError, Relations};
pub use spaces::{ALPHA, INVENTED_ROOM, NotASubnet, Space, Subnet, sort_addresses};
pub use state::{
    Application, ApplicationKind, Controller, End, EndpointInfo, Lease, Life, Link, LoadBalancer,
    Machine, Model, Relation, Role, ScopeMember, Secret, SecretContent, SecretOwner, Tracking,
    Unit, Versioned, Workload,
};
pub use topology::Topology;
pub use uniter::{CommitFault, Uniter};
pub use value::{Bag, Value};

use trustsim_kernel::{EventId, Seq, Span, Time};

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
    /// A controller asks the cloud for the addresses of a machine.
    InstancePoll(MachineId),
}

/// What must be done outside Juju before it goes on.
#[derive(Clone, Debug)]
pub enum Step {
    /// Run the charm's code for this hook, then call [`Uniter::hook_ran`].
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
    /// A unit has nothing to do: ask its charm whether repeated hooks do nothing, and tell the agent.
    Idle {
        /// The unit.
        unit: UnitId,
    },
    /// A repeated hook is due as soon as the last one has ended: ask the same, and tell the agent.
    Repeat {
        /// The unit.
        unit: UnitId,
    },
    /// A hook has failed and will be run again: ask for how long it would only fail the same, and tell the agent.
    Failing {
        /// The unit.
        unit: UnitId,
    },
    /// An agent dials its controller: judge the connection, then call [`Uniter::connected`].
    Connect {
        /// The unit.
        unit: UnitId,
    },
    /// A controller dials another: judge the connection, then call [`Relations::dialled`].
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
    fn schedule(&mut self, at: Time, event: Event) -> EventId;
    /// Takes an event from the agenda; nothing where it is not there any more.
    fn cancel(&mut self, id: EventId);
    /// Writes to the journal.
    fn record(&mut self, cause: Option<Seq>, about: About, what: Happening) -> Option<Seq>;
}
