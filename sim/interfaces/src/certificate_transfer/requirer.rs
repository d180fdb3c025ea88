//! The requirer side (`CertificateTransferRequires`).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use rand::seq::SliceRandom;

use super::data::{read_application, read_plain_v0, read_raw_v0, read_unit_v0};
use super::{CertificateSet, Library, VERSION};
use crate::UnitContext;
use trustsim_juju::{Hook, HookError, RelationId, UnitId, Value};

/// What the library tells the charm.
#[derive(Clone, Debug)]
pub enum Event {
    /// `certificate_set_updated`: the whole set of this relation. For version 0,
    /// `certificate_available`: the `ca` of one unit, which is what the charms write.
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
                    let version = Value::from(self.library.version());
                    unit.set_application_data(relation, VERSION, Some(version))?;
                }
                Ok(None)
            }
            Hook::RelationChanged { unit: remote, .. } => self.changed(relation, *remote, unit),
            Hook::RelationBroken { .. } => {
                let path = self.hash_path(unit, relation);
                unit.remove_file(&path);
                Ok(Some(Event::Removed(relation)))
            }
            _ => Ok(None),
        }
    }

    fn changed(
        &self,
        relation: RelationId,
        remote: Option<UnitId>,
        unit: &mut UnitContext<'_>,
    ) -> Result<Option<Event>, HookError> {
        let set = match self.library {
            Library::Current => Self::certificates(unit, relation)?,
            Library::V1Patch15 => self.read(unit, relation, 0)?,
            // Only units have something to say.
            Library::V0Patch11 => {
                let Some(remote) = remote else {
                    return Ok(None);
                };
                let set = read_plain_v0(&unit.unit_data(relation, remote)?);
                return Ok(set.map(|set| Event::SetUpdated(relation, set)));
            }
        };
        let is_news = self.library == Library::V1Patch15
            || unit.push_file(&self.hash_path(unit, relation), hash(&set));
        Ok(is_news.then_some(Event::SetUpdated(relation, set)))
    }

    /// `get_all_certificates(relation)` as a handler of this library calls it, after `calls`
    /// calls of it in the same hook.
    ///
    /// Up to charmlibs 1.0.0 the fallback to version 0 takes a unit *out of* the set of the
    /// relation's units (`relation.units.pop()`), which `ops` keeps for the whole hook: each call
    /// asks another unit, and with the last one gone nothing is found. The library's own handler
    /// is the first call, so a charm that reads again in its handler finds nothing of a provider
    /// with one unit. It does so too where the application's databag holds an empty set of
    /// version 1, and then finds what was left behind in the unit's.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn read(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        calls: usize,
    ) -> Result<Arc<CertificateSet>, HookError> {
        match self.library {
            Library::Current => Self::certificates(unit, relation),
            Library::V1Patch15 => {
                let bag = unit.remote_application_data(relation)?;
                let set = read_application(&bag);
                if set.is_invalid || !set.texts.is_empty() {
                    return Ok(set);
                }
                let mut units = unit.remote_units(relation);
                if units.len() > 1 {
                    units.shuffle(&mut unit.stream("python-set-order"));
                }
                match units.get(calls) {
                    Some(remote) => Ok(read_unit_v0(&unit.unit_data(relation, *remote)?)),
                    None => Ok(set),
                }
            }
            // It has no such call: charms look into the databag of each unit.
            Library::V0Patch11 => {
                for remote in unit.remote_units(relation) {
                    if let Some(set) = read_plain_v0(&unit.unit_data(relation, remote)?) {
                        return Ok(set);
                    }
                }
                Ok(Arc::default())
            }
        }
    }

    /// What a charm finds that takes the `ca` of a unit's databag as it is, past its library:
    /// a provider of version 1 has quoted it as JSON, so that what is written is no PEM
    /// (canonical/grafana-k8s-operator issue 441, canonical/traefik-k8s-operator issues 668, 671).
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn read_raw(
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<Arc<CertificateSet>, HookError> {
        for remote in unit.remote_units(relation) {
            let set = read_raw_v0(&unit.unit_data(relation, remote)?);
            if !set.texts.is_empty() {
                return Ok(set);
            }
        }
        Ok(Arc::default())
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
    Value::from(hex::encode(hash.finalize()))
}
