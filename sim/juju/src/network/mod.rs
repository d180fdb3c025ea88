//! The network between controllers and agents, and what disrupts it
//! (juju/juju 3.6 `internal/worker/apicaller`, `api/monitor.go`, `internal/worker/remoterelations`).
//!
//! A [`Disruption`] is on a [`NetworkPath`] from an instant until it is ended. For example,
//! `Disruption::Partition` on `NetworkPath::Agents(model)`: the agents of the model hear nothing
//! until a health ping is missed, then their connections break, and they dial until the partition
//! ends. Dials that must fail are not simulated: when the disruption ends, the first dial that
//! succeeds is scheduled at the instant at which the back-off would have tried.
//!
//! [`Network`] owns the disruptions and answers what they do to a path. [`reach`] and [`impairment`] read
//! off it what becomes of the connections of agents and links, and [`Connections`] changes the agents.

mod connections;
mod impairment;
mod reach;

use crate::{ConnectionError, ControllerId, ModelId, UnitId};
pub use connections::Connections;
pub(crate) use impairment::Impairment;

use trustsim_kernel::{Seq, Span, Time};

/// The part of the network that a disruption is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkPath {
    /// The API server of a controller: the agents of its models and every other controller use it.
    Controller(ControllerId),
    /// Between two controllers.
    Controllers(ControllerId, ControllerId),
    /// Between the agents of a model and their controller.
    Agents(ModelId),
    /// Between one unit's agent and its controller.
    Agent(UnitId),
}

impl NetworkPath {
    /// Whether the connection of two controllers uses it. A controller reaches itself through its
    /// own API server.
    fn is_between(self, from: ControllerId, to: ControllerId) -> bool {
        match self {
            Self::Controller(id) => id == from || id == to,
            Self::Controllers(left, right) => {
                (from, to) == (left, right) || (from, to) == (right, left)
            }
            Self::Agents(_) | Self::Agent(_) => false,
        }
    }
}

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disruption {
    /// The far side refuses or resets: connections break at once, and dials fail.
    Down,
    /// Packets are dropped in silence: connections break when a health ping is missed.
    Partition,
    /// Packets are kept back, and connections outlive it; at its end everything arrives.
    Stall,
    /// Every packet takes so much longer one way.
    Delay(Span),
    /// So many in a hundred packets are lost, and sent again.
    Loss(u32),
}

/// Number of a disruption, counted from 1 over the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisruptionId(u32);

/// A disruption that has not ended.
#[derive(Clone, Debug)]
struct Active {
    id: DisruptionId,
    path: NetworkPath,
    disruption: Disruption,
    cause: Option<Seq>,
    began: Time,
    /// A health ping was missed: both sides know.
    noticed: bool,
}

/// A connection is given up when a ping, sent every 60 s, is not answered within 30 s
/// (juju/juju 3.6 `api/apiclient.go`, `PingPeriod`, `pingTimeout`).
const PING_PERIOD: Span = Span::from_secs(60);
const PING_TIMEOUT: Span = Span::from_secs(30);

/// Every disruption that has not ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    active: Vec<Active>,
    /// How many there were.
    begun: u32,
}

impl Network {
    fn begin(
        &mut self,
        path: NetworkPath,
        disruption: Disruption,
        cause: Option<Seq>,
        now: Time,
    ) -> DisruptionId {
        self.begun += 1;
        let id = DisruptionId(self.begun);
        self.active.push(Active {
            id,
            path,
            disruption,
            cause,
            began: now,
            noticed: false,
        });
        id
    }

    /// Ends the oldest disruption of this kind on this path; false where there is none.
    fn end(&mut self, path: NetworkPath, disruption: Disruption) -> bool {
        let mut active = self.active.iter();
        let found = active.position(|on| on.path == path && on.disruption == disruption);
        found.map(|index| self.active.remove(index)).is_some()
    }

    /// A health ping was missed on a path; its path and cause, if it has not ended.
    fn notice(&mut self, id: DisruptionId) -> Option<(NetworkPath, Option<Seq>)> {
        let on = self.active.iter_mut().find(|on| on.id == id)?;
        assert_eq!(
            on.disruption,
            Disruption::Partition,
            "only a partition goes unnoticed until a ping is missed"
        );
        on.noticed = true;
        Some((on.path, on.cause))
    }

    /// Whether nothing is disrupted.
    fn is_healthy(&self) -> bool {
        self.active.is_empty()
    }

    /// What took a controller's API server down; `None` where it answers.
    fn down_by(&self, controller: ControllerId) -> Option<Option<Seq>> {
        let path = NetworkPath::Controller(controller);
        let mut active = self.active.iter();
        let on = active.find(|on| on.path == path && on.disruption == Disruption::Down)?;
        Some(on.cause)
    }

    /// Why a dial over these paths fails now.
    fn refusal(
        &self,
        is_on: impl Fn(NetworkPath) -> bool,
    ) -> Option<(ConnectionError, Option<Seq>)> {
        let stops = |on: &&Active| {
            matches!(on.disruption, Disruption::Down | Disruption::Partition) && is_on(on.path)
        };
        let on = self.active.iter().find(stops)?;
        let error = match on.path {
            NetworkPath::Controller(_) => ConnectionError::Refused,
            _ => ConnectionError::Timeout,
        };
        Some((error, on.cause))
    }

    /// Whether packets on these paths go nowhere, and neither side knows.
    fn is_silent(&self, is_on: impl Fn(NetworkPath) -> bool) -> bool {
        let silences = |on: &Active| match on.disruption {
            Disruption::Stall => true,
            Disruption::Partition => !on.noticed,
            Disruption::Down | Disruption::Delay(_) | Disruption::Loss(_) => false,
        };
        self.active.iter().any(|on| silences(on) && is_on(on.path))
    }

    /// What delay and loss add up to on these paths, of what began by `since`; `None` where there
    /// is neither.
    fn impairment(&self, since: Time, is_on: impl Fn(NetworkPath) -> bool) -> Option<Impairment> {
        let mut found: Option<Impairment> = None;
        for on in self.active.iter().filter(|on| on.began <= since) {
            let (delay, loss_percent) = match on.disruption {
                Disruption::Delay(by) if is_on(on.path) => (by, 0),
                Disruption::Loss(percent) if is_on(on.path) => (Span::ZERO, percent),
                _ => continue,
            };
            let sum = found.get_or_insert(Impairment::none(on.cause));
            sum.delay += delay;
            sum.loss_percent = sum.loss_percent.max(loss_percent);
        }
        found
    }

    /// What caused the first disruption on these paths.
    fn first_cause(&self, is_on: impl Fn(NetworkPath) -> bool) -> Option<Seq> {
        self.active.iter().find(|on| is_on(on.path))?.cause
    }
}
