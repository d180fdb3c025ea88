//! The secrets that controllers keep, and their labels (juju/juju 3.6 `state/secrets.go`).
//!
//! A label names one secret of one owner: `("ca", application a)` and `("ca", unit a/0)` are two
//! secrets. A removed secret keeps its id and gives its label back.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::arena::Arena;
use super::{Secret, SecretId, SecretOwner};

/// Every secret there ever was.
#[derive(Clone, Debug)]
pub(super) struct SecretStore {
    secrets: Arena<SecretId, Secret>,
    /// Secrets that were not removed, by owner and label.
    labels: BTreeMap<(SecretOwner, Arc<str>), SecretId>,
}

impl SecretStore {
    pub(super) const fn new() -> Self {
        Self {
            secrets: Arena::new(),
            labels: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, id: SecretId) -> &Secret {
        &self.secrets[id]
    }

    pub(super) fn get_mut(&mut self, id: SecretId) -> &mut Secret {
        &mut self.secrets[id]
    }

    /// Every secret, removed ones included.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SecretId, &Secret)> {
        self.secrets.iter()
    }

    /// The secret of this owner with this label.
    pub(super) fn by_label(&self, owner: SecretOwner, label: &str) -> Option<SecretId> {
        self.labels.get(&(owner, Arc::from(label))).copied()
    }

    /// Secrets of this owner that were not removed, in label order.
    pub(super) fn of_owner(&self, owner: SecretOwner) -> impl Iterator<Item = SecretId> {
        self.labels
            .range((owner, Arc::from(""))..)
            .take_while(move |((of, _), _)| *of == owner)
            .map(|(_, id)| *id)
    }

    /// The id of the next secret.
    pub(super) fn next_id(&self) -> SecretId {
        self.secrets.next_id()
    }

    /// Adds a secret whose label its owner does not use yet.
    pub(super) fn add(&mut self, secret: Secret) -> SecretId {
        let key = (secret.owner, Arc::clone(&secret.label));
        let id = self.secrets.push(secret);
        let former = self.labels.insert(key, id);
        assert!(former.is_none(), "a label names one secret of its owner");
        id
    }

    /// Removes a secret with all its revisions.
    pub(super) fn remove(&mut self, id: SecretId) {
        let secret = &mut self.secrets[id];
        assert!(!secret.removed, "a secret is removed once");
        secret.removed = true;
        secret.expire = None;
        secret.expiries.clear();
        let key = (secret.owner, Arc::clone(&secret.label));
        let named = self.labels.remove(&key);
        assert_eq!(named, Some(id), "a secret that is there has its label");
    }
}
