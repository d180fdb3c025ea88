//! Secrets on the controller: labels, revisions and their expiry (juju/juju 3.6
//! `state/secrets.go`).

mod expiry;
mod store;

pub(crate) use store::SecretStore;

use std::sync::Arc;

use rand::RngExt;

use crate::agents::Agents;
use crate::context::SecretWrite;
use crate::state::Secret;
use crate::topology::reads_topology;
use crate::{About, Happening, Host, SecretChange, SecretId, SecretOwner, ToolError, UnitId};
use trustsim_kernel::{Seq, Time};

/// The secrets of all models, with the agents that are told of them.
#[derive(Debug)]
pub(crate) struct Secrets<'a> {
    agents: &'a mut Agents,
    store: &'a mut SecretStore,
}

reads_topology!(Secrets, agents);

impl<'a> Secrets<'a> {
    pub(crate) const fn new(agents: &'a mut Agents, store: &'a mut SecretStore) -> Self {
        Self { agents, store }
    }
}

impl Secrets<'_> {
    /// Applies the secret changes of a hook, in order, each its own transaction: those before one
    /// that is refused stay.
    pub(crate) fn commit_secrets(
        &mut self,
        unit: UnitId,
        writes: Vec<SecretWrite>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<(), ToolError> {
        for write in writes {
            let owner = match &write {
                SecretWrite::Add { owner, .. } => *owner,
                _ => self.store.get(write.id()).owner,
            };
            if let SecretOwner::Application(application) = owner
                && self.application(application).lease.holder != Some(unit)
            {
                return Err(ToolError::NotLeader("secret"));
            }
            match write {
                SecretWrite::Add {
                    owner,
                    label,
                    content,
                    expire,
                    uri,
                    ..
                } => {
                    if self.store.by_label(owner, &label).is_some() {
                        return Err(ToolError::SecretExists(label.to_string()));
                    }
                    self.add_secret(unit, owner, label, content, expire, uri, cause, host);
                }
                SecretWrite::Content { id, content } => {
                    self.update_secret(unit, id, content, cause, host);
                }
                SecretWrite::Expire { id, expire } => {
                    self.set_expiry(id, expire, cause, host);
                }
                SecretWrite::Remove { id, revision } => {
                    self.remove_secret(unit, id, revision, cause, host);
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one secret-add")]
    fn add_secret(
        &mut self,
        unit: UnitId,
        owner: SecretOwner,
        label: Arc<str>,
        content: crate::SecretContent,
        expire: Option<Time>,
        uri: Option<Arc<str>>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let uri = uri.unwrap_or_else(|| self.secret_uri(self.store.next_id()));
        let id = self.store.add(Secret {
            uri,
            owner,
            label: Arc::clone(&label),
            revisions: vec![Some(content)],
            expire: None,
            removed: false,
            changed_at: host.now(),
            expiries: std::collections::BTreeMap::new(),
            cause,
            consumers: std::collections::BTreeMap::new(),
        });
        host.record(
            cause,
            About::Unit(unit),
            Happening::Secret(SecretChange::Created, label),
        );
        self.wake_fellows(unit, owner, host);
        self.set_expiry(id, expire, cause, host);
    }

    /// Every unit of an application reads its secrets by label. No event tells the others that one was
    /// added or removed, but what their repeated hooks would do may have changed.
    fn wake_fellows(&mut self, unit: UnitId, owner: SecretOwner, host: &mut dyn Host) {
        let SecretOwner::Application(application) = owner else {
            return;
        };
        for fellow in self.application(application).units.clone() {
            if fellow != unit {
                self.agents.schedule_wake(fellow, host.now(), host);
            }
        }
    }

    /// 20 characters, as an xid.
    fn secret_uri(&self, id: SecretId) -> Arc<str> {
        const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
        let mut stream = self
            .agents
            .timing()
            .streams
            .stream("secret-uri", &id.0.to_string());
        let letter = |_| char::from(ALPHABET[stream.random_range(0..ALPHABET.len())]);
        (0..20).map(letter).collect::<String>().into()
    }

    fn update_secret(
        &mut self,
        unit: UnitId,
        id: SecretId,
        content: crate::SecretContent,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let secret = self.store.get_mut(id);
        if secret.removed || secret.content(secret.latest()) == Some(&content) {
            return;
        }
        secret.revisions.push(Some(content));
        // Expiry is of a revision: the one before keeps its own.
        secret.expire = None;
        secret.changed_at = host.now();
        secret.cause = cause;
        let label = Arc::clone(&secret.label);
        let readers: Vec<UnitId> = secret.consumers.keys().copied().collect();
        host.record(
            cause,
            About::Unit(unit),
            Happening::Secret(SecretChange::Updated, label),
        );
        for reader in readers {
            self.agents.wake_at_arrival(reader, host);
        }
        self.notify_obsolete(id, host);
    }

    fn set_expiry(
        &mut self,
        id: SecretId,
        expire: Option<Time>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let secret = self.store.get_mut(id);
        if secret.removed {
            return;
        }
        let revision = secret.latest();
        secret.expire = expire;
        secret.cause = cause;
        match expire {
            Some(at) => secret.expiries.insert(revision, (at, false)),
            None => secret.expiries.remove(&revision),
        };
        self.forget_expiry(id, revision, host);
        if let Some(at) = expire {
            self.schedule_expiry(id, at, host);
        }
    }

    fn remove_secret(
        &mut self,
        unit: UnitId,
        id: SecretId,
        revision: Option<u32>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let secret = self.store.get_mut(id);
        if secret.removed {
            return;
        }
        if let Some(revision) = revision {
            assert!(
                (1..=secret.latest()).contains(&revision),
                "secret {} has no revision {revision} to remove",
                secret.label
            );
            secret.revisions[revision as usize - 1] = None;
            secret.expiries.remove(&revision);
            self.forget_expiry(id, revision, host);
        }
        let secret = self.store.get_mut(id);
        if revision.is_none() || secret.revisions.iter().all(Option::is_none) {
            let (label, owner) = (Arc::clone(&secret.label), secret.owner);
            self.store.remove(id);
            self.forget_secret(id, host);
            self.wake_fellows(unit, owner, host);
            host.record(
                cause,
                About::Unit(unit),
                Happening::Secret(SecretChange::Removed, label),
            );
        }
    }
}
