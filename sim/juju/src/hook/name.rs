//! The name of a hook, as `juju show-status-log` and a charm's `hooks/` folder have it.
//!
//! [`HookName::Relation`] of endpoint `certificates` and [`RelationEvent::Changed`] is written
//! `certificates-relation-changed`. A name in a scenario is read with `FromStr`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use super::Hook;
use crate::RelationId;

/// The name of a hook or action. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookName {
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
    /// `ENDPOINT-relation-changed` and its like.
    Relation {
        /// The unit's own endpoint.
        endpoint: Arc<str>,
        /// Which of the five.
        event: RelationEvent,
    },
    /// `secret-expired`.
    SecretExpired,
    /// `secret-changed`.
    SecretChanged,
    /// `secret-remove`.
    SecretRemove,
    /// `action NAME`.
    Action {
        /// Name of the action.
        name: Arc<str>,
    },
}

/// The hooks of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RelationEvent {
    /// `relation-created`.
    Created,
    /// `relation-joined`.
    Joined,
    /// `relation-changed`.
    Changed,
    /// `relation-departed`.
    Departed,
    /// `relation-broken`.
    Broken,
}

impl RelationEvent {
    /// Every one, in the order in which a relation goes through them.
    pub const ALL: [Self; 5] = [
        Self::Created,
        Self::Joined,
        Self::Changed,
        Self::Departed,
        Self::Broken,
    ];

    /// `relation-created` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "relation-created",
            Self::Joined => "relation-joined",
            Self::Changed => "relation-changed",
            Self::Departed => "relation-departed",
            Self::Broken => "relation-broken",
        }
    }
}

/// A text that names no hook of Juju's.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0:?} is not the name of a hook")]
pub struct UnknownHook(String);

impl HookName {
    /// Names that are whole by themselves, without an endpoint, container or action.
    pub const PLAIN: [Self; 11] = [
        Self::Install,
        Self::Start,
        Self::ConfigChanged,
        Self::UpgradeCharm,
        Self::LeaderElected,
        Self::UpdateStatus,
        Self::Stop,
        Self::Remove,
        Self::SecretExpired,
        Self::SecretChanged,
        Self::SecretRemove,
    ];

    /// The name of `hook`; `endpoint` gives the unit's own endpoint of a relation.
    pub(crate) fn new(hook: &Hook, endpoint: impl FnOnce(RelationId) -> Arc<str>) -> Self {
        let of_relation = |relation: &RelationId, event| Self::Relation {
            endpoint: endpoint(*relation),
            event,
        };
        match hook {
            Hook::Install => Self::Install,
            Hook::Start => Self::Start,
            Hook::ConfigChanged => Self::ConfigChanged,
            Hook::UpgradeCharm => Self::UpgradeCharm,
            Hook::LeaderElected => Self::LeaderElected,
            Hook::UpdateStatus => Self::UpdateStatus,
            Hook::Stop => Self::Stop,
            Hook::Remove => Self::Remove,
            Hook::PebbleReady { container } => Self::PebbleReady {
                container: Arc::clone(container),
            },
            Hook::PebbleCustomNotice { container } => Self::PebbleCustomNotice {
                container: Arc::clone(container),
            },
            Hook::RelationCreated { relation } => of_relation(relation, RelationEvent::Created),
            Hook::RelationJoined { relation, .. } => of_relation(relation, RelationEvent::Joined),
            Hook::RelationChanged { relation, .. } => of_relation(relation, RelationEvent::Changed),
            Hook::RelationDeparted { relation, .. } => {
                of_relation(relation, RelationEvent::Departed)
            }
            Hook::RelationBroken { relation } => of_relation(relation, RelationEvent::Broken),
            Hook::SecretExpired { .. } => Self::SecretExpired,
            Hook::SecretChanged { .. } => Self::SecretChanged,
            Hook::SecretRemove { .. } => Self::SecretRemove,
            Hook::Action { name, .. } => Self::Action {
                name: Arc::clone(name),
            },
        }
    }

    /// Whether it is an action.
    pub const fn is_action(&self) -> bool {
        matches!(self, Self::Action { .. })
    }

    /// The unit's own endpoint, of a relation hook.
    pub fn endpoint(&self) -> Option<&str> {
        match self {
            Self::Relation { endpoint, .. } => Some(endpoint),
            _ => None,
        }
    }

    /// Whether it is the `relation-broken` of any relation.
    pub const fn is_relation_broken(&self) -> bool {
        matches!(
            self,
            Self::Relation {
                event: RelationEvent::Broken,
                ..
            }
        )
    }

    /// Whether it is the `relation-changed` of any relation.
    pub const fn is_relation_changed(&self) -> bool {
        matches!(
            self,
            Self::Relation {
                event: RelationEvent::Changed,
                ..
            }
        )
    }

    /// What precedes the fixed part of the name: a container, endpoint or action.
    fn subject(&self) -> Option<&str> {
        match self {
            Self::PebbleReady { container } | Self::PebbleCustomNotice { container } => {
                Some(container)
            }
            Self::Relation { endpoint, .. } => Some(endpoint),
            Self::Action { name } => Some(name),
            _ => None,
        }
    }

    /// The name without its endpoint, container or action: `relation-changed`.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Start => "start",
            Self::ConfigChanged => "config-changed",
            Self::UpgradeCharm => "upgrade-charm",
            Self::LeaderElected => "leader-elected",
            Self::UpdateStatus => "update-status",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::PebbleReady { .. } => "pebble-ready",
            Self::PebbleCustomNotice { .. } => "pebble-custom-notice",
            Self::Relation { event, .. } => event.as_str(),
            Self::SecretExpired => "secret-expired",
            Self::SecretChanged => "secret-changed",
            Self::SecretRemove => "secret-remove",
            Self::Action { .. } => "action",
        }
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.subject()) {
            (Self::Action { name }, _) => write!(f, "action {name}"),
            (_, Some(subject)) => write!(f, "{subject}-{}", self.kind()),
            (_, None) => f.write_str(self.kind()),
        }
    }
}

impl FromStr for HookName {
    type Err = UnknownHook;

    fn from_str(text: &str) -> Result<Self, UnknownHook> {
        if let Some(plain) = Self::PLAIN.iter().find(|plain| plain.kind() == text) {
            return Ok(plain.clone());
        }
        if let Some(name) = text.strip_prefix("action ") {
            return Ok(Self::Action { name: name.into() });
        }
        let before = |kind: &str| -> Option<Arc<str>> {
            let subject = text.strip_suffix(kind)?.strip_suffix('-')?;
            (!subject.is_empty()).then(|| subject.into())
        };
        if let Some(container) = before("pebble-ready") {
            return Ok(Self::PebbleReady { container });
        }
        if let Some(container) = before("pebble-custom-notice") {
            return Ok(Self::PebbleCustomNotice { container });
        }
        RelationEvent::ALL
            .into_iter()
            .find_map(|event| {
                let endpoint = before(event.as_str())?;
                Some(Self::Relation { endpoint, event })
            })
            .ok_or_else(|| UnknownHook(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let subject = || Arc::<str>::from("web-relation");
        let mut all = HookName::PLAIN.to_vec();
        all.extend(RelationEvent::ALL.map(|event| HookName::Relation {
            endpoint: subject(),
            event,
        }));
        all.extend([
            HookName::PebbleReady {
                container: subject(),
            },
            HookName::PebbleCustomNotice {
                container: subject(),
            },
            HookName::Action { name: subject() },
        ]);
        for name in all {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for text in ["", "-relation-changed", "relation-changed", "reboot"] {
            assert_eq!(
                text.parse::<HookName>(),
                Err(UnknownHook(text.to_owned())),
                "no hook is called so"
            );
        }
    }
}
