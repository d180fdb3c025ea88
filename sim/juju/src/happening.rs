//! What happens in Juju, as values for the journal.
//!
//! A fact stays a value here; `Display` gives Juju's own words for it, to be printed. The
//! hook `certificates-relation-changed` of `web/0`, for example, is
//! `HookName::Relation { endpoint: "certificates", event: RelationEvent::Changed }`.

use std::fmt;
use std::sync::Arc;

use crate::{
    ApplicationId, Hook, HookError, HookName, ModelId, RelationId, Status, Topology, UnitId,
};

/// What happened in Juju, for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A hook was committed.
    HookCommitted(HookName),
    /// A hook failed.
    HookFailed(HookName, HookError),
    /// A databag changed: the relation as hooks name it, and the keys that differ, removed ones
    /// first.
    DatabagChanged(RelationName, Arc<[Arc<str>]>),
    /// A secret changed; its label.
    Secret(SecretChange, Arc<str>),
    /// The unit became leader.
    LeaderElected,
    /// A relation changed.
    Relation(RelationChange, RelationId),
    /// A unit's workload status changed.
    StatusChanged(Status, Arc<str>),
    /// An agent lost its controller, or could not connect to it.
    AgentNotConnected(ConnectionError),
    /// A consumer's controller lost the offering controller, or could not connect to it.
    LinkDown(ConnectionError),
}

/// What a [`Happening`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A unit.
    Unit(UnitId),
    /// An application.
    Application(ApplicationId),
    /// A model.
    Model(ModelId),
}

/// What became of a secret, or of one of its revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretChange {
    /// `secret-add`.
    Created,
    /// It has a new revision.
    Updated,
    /// A revision expired.
    Expired,
    /// It was removed with all its revisions.
    Removed,
}

impl SecretChange {
    /// `created`, `updated`, `expired` or `removed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Expired => "expired",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for SecretChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationChange {
    /// `juju integrate`.
    Created,
    /// `juju remove-relation`.
    Removed,
    /// `juju suspend-relation`.
    Suspended,
    /// `juju resume-relation`.
    Resumed,
}

impl RelationChange {
    /// `created`, `removed`, `suspended` or `resumed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
        }
    }
}

impl fmt::Display for RelationChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `certificates:7`, as the hooks of one application name a relation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RelationName {
    /// The application's own endpoint.
    pub endpoint: Arc<str>,
    /// The relation's number in its model.
    pub number: u32,
}

impl fmt::Display for RelationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.endpoint, self.number)
    }
}

/// Why a connection to a controller's API server is lost, or why a dial of it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionError {
    /// The API server does not run.
    Refused,
    /// No packet passes.
    Timeout,
    /// The connection was made, and the login took too long.
    LoginTimeout,
    /// A health ping was not answered within 30 s.
    PingTimeout,
    /// The other side closed the connection.
    Reset,
    /// The TLS handshake failed, in the words of the stack.
    Tls(Arc<str>),
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Timeout => "i/o timeout",
            Self::LoginTimeout => "cannot log in: context deadline exceeded",
            Self::PingTimeout => "health ping timed out after 30s",
            Self::Reset => "connection reset by peer",
            Self::Tls(words) => words,
        })
    }
}

impl ConnectionError {
    /// As an agent logs it: `unable to connect to API: connection refused`.
    pub fn of_agent(&self) -> String {
        match self {
            Self::PingTimeout | Self::Tls(_) => self.to_string(),
            _ => format!("unable to connect to API: {self}"),
        }
    }

    /// As the status of a SAAS says it: `cannot connect to external controller: i/o timeout`.
    pub fn of_link(&self) -> String {
        format!("cannot connect to external controller: {self}")
    }
}

impl Topology {
    /// The name of a hook of this unit.
    pub fn hook_name(&self, unit: UnitId, hook: &Hook) -> HookName {
        HookName::new(hook, |relation| {
            let application = self.unit(unit).application;
            let relation = self.relation(relation);
            let end = relation
                .end_of(application)
                .expect("a unit runs hooks of its own application's relations only");
            Arc::clone(&relation.ends[end].endpoint)
        })
    }

    /// A relation as the hooks of the application on side `end` name it.
    pub fn relation_name(&self, relation: RelationId, end: usize) -> RelationName {
        let relation = self.relation(relation);
        RelationName {
            endpoint: Arc::clone(&relation.ends[end].endpoint),
            number: relation.number,
        }
    }
}
