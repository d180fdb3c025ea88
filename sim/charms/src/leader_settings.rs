//! Leader settings (`leader-get`, `leader-set`), which the reactive charms keep what they share in:
//! the leader writes, every unit reads, and they outlive every unit of the application.
//!
//! Juju's own leader settings are not modelled. They lie in the application's bag of a peer
//! relation, where the charm has one, whose `relation-changed` plays `leader-settings-changed`;
//! else in a secret of the application, whose changes bring no event. A hook may run before a unit sees its peer
//! relation: what it writes stays in the secret until the same key is written again.

use std::collections::BTreeSet;
use std::sync::Arc;

use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{Note, StoredKey};
use trustsim_interfaces::pem;
use trustsim_juju::{Bag, HookError, RelationId, SecretOwner, Value};

/// The settings of one application.
#[derive(Clone, Debug, Default)]
pub(super) struct LeaderSettings {
    /// The charm's peer endpoint.
    peer: Option<Arc<str>>,
}

const FIELD: &str = "value";

impl LeaderSettings {
    /// Settings in the bag of this peer endpoint.
    pub(super) fn in_peer(endpoint: Option<&str>) -> Self {
        Self {
            peer: endpoint.map(Arc::from),
        }
    }

    /// `leader-get KEY`.
    pub(super) fn get(&self, unit: &UnitContext<'_>, key: &str) -> Option<Value> {
        let bag = self.relation(unit).map(|peer| peer_bag(unit, peer));
        let in_bag = bag.and_then(|bag| bag.get(key).cloned());
        in_bag.or_else(|| in_secret(unit, key))
    }

    /// `leader-set KEY=VALUE`; without a value the key goes.
    ///
    /// # Errors
    ///
    /// [`HookError`] for a unit that does not lead and would change it.
    pub(super) fn set(
        &self,
        unit: &mut UnitContext<'_>,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), HookError> {
        match self.relation(unit) {
            Some(peer) if value.is_none() || self.get(unit, key) != value => {
                unit.set_application_data(peer, key, value)?;
                set_secret(unit, key, None)
            }
            // The value that it has, be it in the secret.
            Some(_) => Ok(()),
            None => set_secret(unit, key, value),
        }
    }

    /// Keys that begin with `prefix`.
    pub(super) fn keys(&self, unit: &UnitContext<'_>, prefix: &str) -> Vec<String> {
        let owner = SecretOwner::Application(unit.application_id());
        let labels = unit.secret_labels(owner, &label(prefix));
        let start = label("").len();
        let in_secrets = labels.iter().map(|label| label[start..].to_owned());
        let mut keys: BTreeSet<String> = in_secrets.collect();
        if let Some(peer) = self.relation(unit) {
            let bag = peer_bag(unit, peer);
            let own = bag.iter().filter(|(key, _)| key.starts_with(prefix));
            keys.extend(own.map(|(key, _)| key.to_owned()));
        }
        keys.into_iter().collect()
    }

    fn relation(&self, unit: &UnitContext<'_>) -> Option<RelationId> {
        unit.relations(self.peer.as_deref()?).first().copied()
    }
}

fn peer_bag(unit: &UnitContext<'_>, relation: RelationId) -> Bag {
    unit.own_application_data(relation)
        .expect("every unit reads the application's bag of a peer relation")
}

fn in_secret(unit: &UnitContext<'_>, key: &str) -> Option<Value> {
    let owner = SecretOwner::Application(unit.application_id());
    let secret = unit.secret(owner, &label(key))?;
    secret.content.get(FIELD).cloned()
}

fn set_secret(
    unit: &mut UnitContext<'_>,
    key: &str,
    value: Option<Value>,
) -> Result<(), HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    let known = unit.secret(owner, &label(key));
    match (known, value) {
        (Some(secret), None) => unit.remove_secret(secret.id)?,
        (Some(secret), Some(value)) if secret.content.get(FIELD) != Some(&value) => {
            unit.set_secret_content(secret.id, [(FIELD.to_owned(), value)].into())?;
        }
        (None, Some(value)) => {
            let content = [(FIELD.to_owned(), value)].into();
            unit.add_secret(owner, &label(key), content, None)?;
        }
        _ => {}
    }
    Ok(())
}

fn label(key: &str) -> String {
    format!("leader-settings/{key}")
}

/// Notes a private key that the settings now hold under `key`.
pub(super) fn note_key(unit: &mut UnitContext<'_>, key: &str, holder: &str, certificate: &Value) {
    let note = stored_key(None, key, holder, certificate);
    unit.note(Note::KeyStored(note));
}

/// A private key that is kept in clear beside its certificate: where, whose, and for which name. A
/// text that holds no certificate names none.
pub(super) fn stored_key(
    relation: Option<RelationId>,
    place: &str,
    holder: &str,
    certificate: &Value,
) -> StoredKey {
    let chain = pem::loadable(Some(certificate));
    let (name, serial) = match chain.first() {
        Some(leaf) => (leaf.subject_common_name(), leaf.serial()),
        None => (None, ""),
    };
    StoredKey {
        relation,
        place: place.into(),
        holder: holder.into(),
        common_name: name.map_or_else(|| "".into(), Into::into),
        serial: serial.into(),
    }
}
