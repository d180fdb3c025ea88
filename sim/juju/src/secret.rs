//! Secrets on the controller: labels, revisions and their expiry (juju/juju 3.6
//! `state/secrets.go`).

use std::sync::Arc;

use rand::RngExt;

use super::context::SecretWrite;
use super::state::Secret;
use super::{About, Happening, Host, Juju, SecretChange, SecretId, SecretOwner, ToolError, UnitId};
use trustsim_kernel::{Seq, Time};

impl Juju {
    pub(super) fn secret_by_label(&self, owner: SecretOwner, label: &str) -> Option<SecretId> {
        self.secrets.by_label(owner, label)
    }

    pub(super) fn secret_labels(&self, owner: SecretOwner, prefix: &str) -> Vec<Arc<str>> {
        self.secrets_of(owner)
            .map(|id| Arc::clone(&self.secret(id).label))
            .filter(|label| label.starts_with(prefix))
            .collect()
    }

    /// Secrets of this owner that were not removed, in label order.
    pub fn secrets_of(&self, owner: SecretOwner) -> impl Iterator<Item = SecretId> {
        self.secrets.of_owner(owner)
    }

    /// Applies the secret changes of a hook, in order, each its own transaction: those before one
    /// that is refused stay.
    pub(super) fn commit_secrets(
        &mut self,
        unit: UnitId,
        writes: Vec<SecretWrite>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<(), ToolError> {
        for write in writes {
            let owner = match &write {
                SecretWrite::Add { owner, .. } => *owner,
                _ => self.secret(write.id()).owner,
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
                    ..
                } => {
                    if self.secret_by_label(owner, &label).is_some() {
                        return Err(ToolError::SecretExists(label.to_string()));
                    }
                    self.add_secret(unit, owner, label, content, expire, cause, host);
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
        content: super::SecretContent,
        expire: Option<Time>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let uri = self.secret_uri(self.secrets.next_id());
        let id = self.secrets.add(Secret {
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
        self.set_expiry(id, expire, cause, host);
    }

    /// 20 characters, as an xid.
    fn secret_uri(&self, id: SecretId) -> Arc<str> {
        const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuv";
        let mut stream = self.streams.stream("secret-uri", &id.0.to_string());
        let letter = |_| char::from(ALPHABET[stream.random_range(0..ALPHABET.len())]);
        (0..20).map(letter).collect::<String>().into()
    }

    fn update_secret(
        &mut self,
        unit: UnitId,
        id: SecretId,
        content: super::SecretContent,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let secret = self.secrets.get_mut(id);
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
            self.schedule_wake(reader, self.arrival(reader, host.now()), host);
        }
        self.tell_obsolete(id, host);
    }

    fn set_expiry(
        &mut self,
        id: SecretId,
        expire: Option<Time>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let secret = self.secrets.get_mut(id);
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
        let secret = self.secrets.get_mut(id);
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
        let secret = self.secrets.get_mut(id);
        if revision.is_none() || secret.revisions.iter().all(Option::is_none) {
            let label = Arc::clone(&secret.label);
            self.secrets.remove(id);
            self.forget_secret(id, host);
            host.record(
                cause,
                About::Unit(unit),
                Happening::Secret(SecretChange::Removed, label),
            );
        }
    }
}
