//! The words for private keys that are readable in a controller's store.

use trustsim_model::KeyRecord;

/// Where in a controller's store a private key is in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyStore {
    /// A leader setting of an application.
    LeaderSettings,
    /// The databag of a relation.
    RelationData,
}

impl KeyStore {
    /// Where a recorded key is.
    pub const fn of(record: &KeyRecord) -> Self {
        match record.relation {
            Some(_) => Self::RelationData,
            None => Self::LeaderSettings,
        }
    }

    /// `relation-data` or `leader-settings`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::RelationData => "relation-data",
            Self::LeaderSettings => "leader-settings",
        }
    }
}
