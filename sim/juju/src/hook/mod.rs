//! Hooks: what the agent runs, and how one fails.

mod name;

pub use name::{HookName, RelationEvent, UnknownHook};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::{RelationId, SecretId, UnitId};

/// One hook (or action) with what its environment tells the charm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// `install`.
    Install,
    /// `start`.
    Start,
    /// `config-changed`.
    ConfigChanged,
    /// `upgrade-charm`.
    UpgradeCharm,
    /// `leader-elected`.
    LeaderElected,
    /// `update-status`.
    UpdateStatus,
    /// `stop`.
    Stop,
    /// `remove`.
    Remove,
    /// `CONTAINER-pebble-ready`.
    PebbleReady {
        /// Container name.
        container: Arc<str>,
    },
    /// `CONTAINER-pebble-custom-notice`.
    PebbleCustomNotice {
        /// Container name.
        container: Arc<str>,
    },
    /// `ENDPOINT-relation-created`.
    RelationCreated {
        /// The relation.
        relation: RelationId,
    },
    /// `ENDPOINT-relation-joined`.
    RelationJoined {
        /// The relation.
        relation: RelationId,
        /// The remote unit.
        unit: UnitId,
    },
    /// `ENDPOINT-relation-changed`; without a unit it is the remote application that changed.
    RelationChanged {
        /// The relation.
        relation: RelationId,
        /// The remote unit.
        unit: Option<UnitId>,
    },
    /// `ENDPOINT-relation-departed`.
    RelationDeparted {
        /// The relation.
        relation: RelationId,
        /// The remote unit.
        unit: UnitId,
        /// `JUJU_DEPARTING_UNIT`.
        departing: UnitId,
    },
    /// `ENDPOINT-relation-broken`.
    RelationBroken {
        /// The relation.
        relation: RelationId,
    },
    /// `secret-expired`.
    SecretExpired {
        /// The secret, owned by this unit or its application.
        secret: SecretId,
        /// The expired revision.
        revision: u32,
    },
    /// `secret-changed`.
    SecretChanged {
        /// A secret this unit reads.
        secret: SecretId,
    },
    /// `secret-remove`.
    SecretRemove {
        /// An owned secret.
        secret: SecretId,
        /// The revision that no unit reads any more.
        revision: u32,
    },
    /// An action, run by an operator.
    Action {
        /// Its name.
        name: Arc<str>,
        /// Its parameters.
        parameters: Arc<BTreeMap<String, String>>,
    },
}

impl Hook {
    /// The relation it is about.
    pub const fn relation(&self) -> Option<RelationId> {
        match self {
            Self::RelationCreated { relation }
            | Self::RelationJoined { relation, .. }
            | Self::RelationChanged { relation, .. }
            | Self::RelationDeparted { relation, .. }
            | Self::RelationBroken { relation } => Some(*relation),
            _ => None,
        }
    }

    /// Whether it was asked for and is never run again: an action, or what a workload
    /// tells (juju/juju 3.6 `uniter/container/workload.go` goes on after a failure).
    pub(crate) const fn is_asked_for(&self) -> bool {
        matches!(self, Self::Action { .. } | Self::PebbleCustomNotice { .. })
    }

    /// The secret it is about.
    pub const fn secret(&self) -> Option<SecretId> {
        match self {
            Self::SecretExpired { secret, .. }
            | Self::SecretChanged { secret }
            | Self::SecretRemove { secret, .. } => Some(*secret),
            _ => None,
        }
    }

    /// The secret revision a `secret-expired` or `secret-remove` is about.
    pub(crate) const fn secret_revision(&self) -> Option<(SecretId, u32)> {
        match self {
            Self::SecretExpired { secret, revision } | Self::SecretRemove { secret, revision } => {
                Some((*secret, *revision))
            }
            _ => None,
        }
    }

    /// The remote unit that the hook tells of.
    pub(crate) const fn remote_unit(&self) -> Option<UnitId> {
        match self {
            Self::RelationJoined { unit, .. }
            | Self::RelationDeparted { unit, .. }
            | Self::RelationChanged {
                unit: Some(unit), ..
            } => Some(*unit),
            _ => None,
        }
    }

    /// The hook's name without an endpoint, container or action: `relation-changed`,
    /// `config-changed`.
    pub fn kind(&self) -> &'static str {
        HookName::new(self, |_| Arc::from("")).kind()
    }
}

/// Why a hook exits non-zero. Nothing it buffered is committed, and Juju runs it again.
#[derive(Clone, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookError {
    /// A hook tool refused: Juju's words.
    #[error("{0}")]
    Tool(#[from] ToolError),
    /// The charm raised.
    #[error("uncaught exception: {0}")]
    Charm(String),
    /// The controller cannot be reached when the hook is to be committed.
    #[error("uncaught exception: cannot reach the controller")]
    ControllerUnreachable,
    /// The connection broke during the commit.
    #[error("uncaught exception: connection lost during commit")]
    CommitInterrupted,
    /// The agent's process was killed while the hook ran.
    #[error("the agent was killed")]
    AgentKilled,
}

/// Why a hook tool refuses.
#[derive(Clone, Debug, Error, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToolError {
    /// Databag permissions (juju/juju 3.6, `apiserver/facades/agent/uniter`).
    #[error("ERROR permission denied")]
    PermissionDenied,
    /// An application databag or secret is written by a unit that does not lead.
    #[error("ERROR cannot write {0}: not leader")]
    NotLeader(&'static str),
    /// The relation is not there.
    #[error("ERROR invalid value \"{0}\" for option -r: relation not found")]
    NoRelation(String),
    /// Another secret of the same owner has this label.
    #[error("ERROR secret with label {0:?} already exists")]
    SecretExists(String),
    /// The secret is not there.
    #[error("ERROR secret {0:?} not found")]
    NoSecret(String),
}

/// Workload or agent status, as `juju status` prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// `unknown`.
    #[default]
    Unknown,
    /// `maintenance`.
    Maintenance,
    /// `waiting`.
    Waiting,
    /// `blocked`.
    Blocked,
    /// `active`.
    Active,
    /// `error`.
    Error,
    /// `terminated`.
    Terminated,
}

impl Status {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::Maintenance,
        Self::Waiting,
        Self::Blocked,
        Self::Active,
        Self::Error,
        Self::Terminated,
    ];

    /// As Juju writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Maintenance => "maintenance",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Active => "active",
            Self::Error => "error",
            Self::Terminated => "terminated",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Of repeated hooks: whether update-status, or a secret event that is repeated, could do
/// anything before something else happens to the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quiet {
    /// They do nothing until something else happens.
    Always,
    /// They try again what did not succeed, and will not until something else happens: the unit has not settled.
    InVain,
    /// They do nothing before this instant of the unit's clock.
    Until(trustsim_kernel::Time),
    /// Until this instant they do again what they have done for long, which is not worth playing: the unit has not settled.
    Repeats {
        /// Until when.
        until: trustsim_kernel::Time,
        /// How much longer each takes than a hook that calls no service.
        spent: trustsim_kernel::Span,
    },
    /// The next one changes nothing beside the unit's workload status: it is played, and the deployment
    /// has settled all the same.
    StatusOnly,
    /// The next one may do something.
    No,
}

impl Quiet {
    /// Of several hooks: they do nothing until the first of them does.
    pub fn all(hooks: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Always;
        for quiet in hooks {
            all = match (all, quiet) {
                (_, Self::No) => return Self::No,
                (Self::StatusOnly, _) | (_, Self::StatusOnly) => Self::StatusOnly,
                (Self::Until(one), Self::Until(other)) => Self::Until(one.min(other)),
                (Self::Always, quiet) => quiet,
                (all, _) => all,
            };
        }
        all
    }
}
