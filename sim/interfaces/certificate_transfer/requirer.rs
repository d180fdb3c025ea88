//! The requirer side (`CertificateTransferRequires`).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::data::{read_application, read_unit_v0};
use super::{CertificateSet, Library, VERSION};
use crate::juju::{Hook, HookError, RelationId, UnitContext, Value};

/// What the library tells the charm.
#[derive(Clone, Debug)]
pub enum Event {
    /// `certificate_set_updated`: the whole set of this relation.
    SetUpdated(RelationId, Arc<CertificateSet>),
    /// `certificates_removed`: the relation is gone.
    Removed(RelationId),
}

/// The library of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirer {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// Which library the charm carries.
    pub library: Library,
}

impl Requirer {
    /// The current library.
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: Arc::from(endpoint),
            library: Library::Current,
        }
    }

    /// Runs the library's own observers of this hook.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
    ) -> Result<Option<Event>, HookError> {
        let Some(relation) = hook
            .relation()
            .filter(|relation| unit.own_endpoint(*relation) == Some(&*self.endpoint))
        else {
            return Ok(None);
        };
        match hook {
            Hook::RelationCreated { .. } => {
                // Never again: a requirer whose leader changes before this hook stays silent, and
                // its provider at version 0.
                if unit.is_leader() {
                    unit.set_application_data(relation, VERSION, Some(Value::from("1")))?;
                }
                Ok(None)
            }
            Hook::RelationChanged { .. } => {
                let set = Self::certificates(unit, relation)?;
                let is_news = self.library == Library::V1Patch15
                    || unit.push_file(&self.hash_path(unit, relation), hash(&set));
                Ok(is_news.then_some(Event::SetUpdated(relation, set)))
            }
            Hook::RelationBroken { .. } => {
                let path = self.hash_path(unit, relation);
                unit.remove_file(&path);
                Ok(Some(Event::Removed(relation)))
            }
            _ => Ok(None),
        }
    }

    /// `get_all_certificates(relation)`: the provider's application databag; where it is empty
    /// and not of version 1, what one unit wrote of version 0.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn certificates(
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<Arc<CertificateSet>, HookError> {
        let bag = unit.remote_application_data(relation)?;
        let set = read_application(&bag);
        let speaks_v1 = bag.get(VERSION).map(Value::text) == Some("1");
        if set.is_invalid || !set.texts.is_empty() || speaks_v1 {
            return Ok(set);
        }
        // An arbitrary one of a Python set.
        let Some(remote) = unit.remote_units(relation).first().copied() else {
            return Ok(set);
        };
        Ok(read_unit_v0(&unit.unit_data(relation, remote)?))
    }

    /// Where the charm's stored state keeps the hash of what the charm was last told.
    fn hash_path(&self, unit: &UnitContext<'_>, relation: RelationId) -> String {
        let number = unit.relation_number(relation);
        format!(
            "charm-state/certificate-transfer/{}:{number}",
            self.endpoint
        )
    }
}

fn hash(set: &CertificateSet) -> Value {
    let mut hash = Sha256::new();
    for text in &set.texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    let digest = hash.finalize();
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Value::from(text)
}
