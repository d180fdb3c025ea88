//! The secrets that controllers keep, and their labels (juju/juju 3.6 `state/secrets.go`).
//!
//! A label names one secret of one owner: `("ca", application a)` and `("ca", unit a/0)` are two
//! secrets. A removed secret keeps its id and gives its label back.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::arena::Arena;
use crate::{ApplicationId, Secret, SecretId, SecretOwner, UnitId, Value};

/// Every secret there ever was.
#[derive(Clone, Debug)]
pub(crate) struct SecretStore {
    secrets: Arena<SecretId, Secret>,
    /// Secrets that were not removed, by owner and label.
    labels: BTreeMap<SecretOwner, BTreeMap<Arc<str>, SecretId>>,
}

impl SecretStore {
    pub(crate) const fn new() -> Self {
        Self {
            secrets: Arena::new(),
            labels: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&self, id: SecretId) -> &Secret {
        &self.secrets[id]
    }

    pub(crate) fn get_mut(&mut self, id: SecretId) -> &mut Secret {
        &mut self.secrets[id]
    }

    /// Every secret, removed ones included.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SecretId, &Secret)> {
        self.secrets.iter()
    }

    /// The secret of this owner with this label.
    pub(crate) fn by_label(&self, owner: SecretOwner, label: &str) -> Option<SecretId> {
        self.labels.get(&owner)?.get(label).copied()
    }

    /// The secret with this id, which was not removed: its letters, or its number, by which charms that are played without
    /// their code pass one on.
    pub(crate) fn by_uri(&self, uri: &str) -> Option<SecretId> {
        let name = uri.strip_prefix("secret:").unwrap_or(uri);
        let number = name.parse().ok().map(SecretId);
        let mut all = self.iter().filter(|(_, secret)| !secret.removed);
        let found = all.find(|(id, secret)| *secret.uri == *name || Some(*id) == number);
        found.map(|(id, _)| id)
    }

    /// Secrets of this owner that were not removed, in label order.
    pub(crate) fn of_owner(&self, owner: SecretOwner) -> impl Iterator<Item = SecretId> {
        let owned = self.labels.get(&owner);
        owned.into_iter().flatten().map(|(_, id)| *id)
    }

    /// The id of the next secret.
    pub(crate) fn next_id(&self) -> SecretId {
        self.secrets.next_id()
    }

    /// Adds a secret whose label its owner does not use yet.
    pub(crate) fn add(&mut self, secret: Secret) -> SecretId {
        assert!(
            secret.latest() == 1 && !secret.removed && secret.consumers.is_empty(),
            "{} is new, and has {} revisions",
            secret.label,
            secret.latest()
        );
        let (owner, label) = (secret.owner, Arc::clone(&secret.label));
        let id = self.secrets.push(secret);
        let former = self.labels.entry(owner).or_default().insert(label, id);
        assert!(former.is_none(), "a label names one secret of its owner");
        id
    }

    /// Removes a secret with all its revisions.
    pub(crate) fn remove(&mut self, id: SecretId) {
        let secret = &mut self.secrets[id];
        assert!(!secret.removed, "a secret is removed once");
        secret.removed = true;
        secret.expire = None;
        secret.expiries.clear();
        let owned = self.labels.get_mut(&secret.owner);
        let named = owned.and_then(|owned| owned.remove(&secret.label));
        assert_eq!(named, Some(id), "a secret that is there has its label");
    }

    /// Secrets this unit manages: its own and, for the leader of an application, that one's.
    pub(crate) fn managed_by(&self, id: UnitId, leads: Option<ApplicationId>) -> Vec<SecretId> {
        let of_unit = self.of_owner(SecretOwner::Unit(id));
        let of_application = leads.map(|led| self.of_owner(SecretOwner::Application(led)));
        of_unit
            .chain(of_application.into_iter().flatten())
            .collect()
    }

    pub(crate) fn labels(&self, owner: SecretOwner, prefix: &str) -> Vec<Arc<str>> {
        self.of_owner(owner)
            .map(|id| Arc::clone(&self.get(id).label))
            .filter(|label| label.starts_with(prefix))
            .collect()
    }

    /// Every text in a revision that still exists.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        let contents = self
            .secrets
            .iter()
            .flat_map(|(_, secret)| &secret.revisions);
        contents.flatten().flat_map(|content| content.values())
    }
}
