//! Secrets on the controller: labels, expiry, revisions (juju/juju 3.6 `domain/secret`,
//! `internal/worker/secretexpire`).

use std::sync::Arc;

use rand::RngExt;

use super::context::{SecretChange, UNCOMMITTED};
use super::state::Secret;
use super::{About, Event, Happening, Host, Juju, SecretId, SecretOwner, Step, UnitId};
use crate::kernel::{Seq, Time};

const MINUTE_NS: u64 = 60_000_000_000;

impl Juju {
    pub(super) fn secret_by_label(&self, owner: SecretOwner, label: &str) -> Option<SecretId> {
        let id = *self.labels.get(&(owner, Arc::from(label)))?;
        (!self.secret(id).removed).then_some(id)
    }

    pub(super) fn secret_labels(&self, owner: SecretOwner, prefix: &str) -> Vec<Arc<str>> {
        self.secrets_of(owner)
            .map(|id| Arc::clone(&self.secret(id).label))
            .filter(|label| label.starts_with(prefix))
            .collect()
    }

    /// Secrets of this owner that were not removed, in label order.
    pub fn secrets_of(&self, owner: SecretOwner) -> impl Iterator<Item = SecretId> {
        self.labels
            .range((owner, Arc::from(""))..)
            .take_while(move |((of, _), _)| *of == owner)
            .map(|(_, id)| *id)
            .filter(|id| !self.secret(*id).removed)
    }

    /// Applies the secret changes of a hook, in order, each its own transaction.
    pub(super) fn commit_secrets(
        &mut self,
        unit: UnitId,
        changes: Vec<SecretChange>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let base = u32::try_from(self.secrets.len()).unwrap_or(UNCOMMITTED);
        let resolve = |id: SecretId| {
            if id.0 >= UNCOMMITTED {
                SecretId(base + (id.0 - UNCOMMITTED))
            } else {
                id
            }
        };
        for change in changes {
            match change {
                SecretChange::Add {
                    owner,
                    label,
                    content,
                    expire,
                    ..
                } => {
                    self.add_secret(unit, owner, label, content, expire, cause, host);
                }
                SecretChange::Content { id, content } => {
                    self.update_secret(unit, resolve(id), content, cause, host);
                }
                SecretChange::Expire { id, expire } => {
                    self.set_expiry(resolve(id), expire, cause, host);
                }
                SecretChange::Remove { id, revision } => {
                    self.remove_secret(unit, resolve(id), revision, cause, host);
                }
            }
        }
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
        let id = SecretId::from_index(self.secrets.len());
        self.secrets.push(Secret {
            uri: self.secret_uri(id),
            owner,
            label: Arc::clone(&label),
            revisions: vec![Some(content)],
            expire: None,
            removed: false,
            fires_from: None,
            cause,
            consumers: std::collections::BTreeMap::new(),
        });
        self.labels.insert((owner, Arc::clone(&label)), id);
        host.record(
            cause,
            About::Unit(unit),
            Happening::Secret("created", label),
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
        let secret = &mut self.secrets[id.index()];
        if secret.removed || secret.content(secret.latest()) == Some(&content) {
            return;
        }
        secret.revisions.push(Some(content));
        secret.expire = None;
        secret.fires_from = None;
        secret.cause = cause;
        let label = Arc::clone(&secret.label);
        let readers: Vec<UnitId> = secret.consumers.keys().copied().collect();
        self.forget_expiries(id);
        host.record(
            cause,
            About::Unit(unit),
            Happening::Secret("updated", label),
        );
        for reader in readers {
            self.schedule_wake(reader, host.now() + self.latencies.watch, host);
        }
    }

    fn set_expiry(
        &mut self,
        id: SecretId,
        expire: Option<Time>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let secret = &mut self.secrets[id.index()];
        if secret.removed {
            return;
        }
        secret.expire = expire;
        secret.fires_from = None;
        secret.cause = cause;
        self.forget_expiries(id);
        if let Some(expire) = expire {
            host.schedule(expire, Event::SecretExpiry(id));
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
        let secret = &mut self.secrets[id.index()];
        if secret.removed {
            return;
        }
        if let Some(revision) = revision {
            let index = (revision as usize).saturating_sub(1);
            if let Some(content) = secret.revisions.get_mut(index) {
                *content = None;
            }
        }
        if revision.is_none() || secret.revisions.iter().all(Option::is_none) {
            secret.removed = true;
            secret.fires_from = None;
            let (owner, label) = (secret.owner, Arc::clone(&secret.label));
            self.labels.remove(&(owner, Arc::clone(&label)));
            self.forget_expiries(id);
            host.record(
                cause,
                About::Unit(unit),
                Happening::Secret("removed", label),
            );
        }
    }

    /// An agent whose secret was changed has not handled any expiry of it.
    fn forget_expiries(&mut self, id: SecretId) {
        let units = match self.secret(id).owner {
            SecretOwner::Unit(unit) => vec![unit],
            SecretOwner::Application(application) => self.application(application).units.clone(),
        };
        for unit in units {
            if let Some(agent) = self.agent_mut(unit) {
                agent.expiries.remove(&id);
            }
        }
    }

    /// The expiry worker's alarm: this secret and, at its one-minute granularity, any other of
    /// the same owner that expires within the minute.
    pub(super) fn secret_expiry(&mut self, id: SecretId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let secret = self.secret(id);
        let is_due = !secret.removed
            && secret.fires_from.is_none()
            && secret.expire.is_some_and(|expire| expire <= now);
        if !is_due {
            return None;
        }
        let owner = secret.owner;
        let due: Vec<SecretId> = self
            .secrets_of(owner)
            .filter(|other| {
                let secret = self.secret(*other);
                let truncated = secret
                    .expire
                    .map(|at| at.as_nanos() - at.as_nanos() % MINUTE_NS);
                *other == id
                    || secret.fires_from.is_none()
                        && truncated.is_some_and(|at| at < now.as_nanos())
            })
            .collect();
        let manager = match owner {
            SecretOwner::Unit(unit) => Some(unit),
            SecretOwner::Application(application) => self.application(application).lease.holder,
        };
        for secret in due {
            let label = Arc::clone(&self.secret(secret).label);
            let cause = self.secret(secret).cause;
            let about = match (manager, owner) {
                (Some(unit), _) | (None, SecretOwner::Unit(unit)) => About::Unit(unit),
                (None, SecretOwner::Application(application)) => About::Application(application),
            };
            let entry = host.record(cause, about, Happening::Secret("expired", label));
            let secret = &mut self.secrets[secret.index()];
            secret.fires_from = Some(now);
            secret.cause = entry.or(cause);
        }
        if let Some(unit) = manager {
            self.schedule_wake(unit, now, host);
        }
        None
    }
}
