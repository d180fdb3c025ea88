//! The generic consumer's use of `certificate_transfer`: where the CAs come from, which files they
//! go to, and what leaves them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::RngExt;

use super::{Changes, TrustEndpoint};
use trustsim_charm_model::surface::{paths_under, trust_path, trusted_by_source};
use trustsim_charm_model::{Apply, Reads, Store};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::certificate_transfer::{CertificateSet, Event, Requirer};
use trustsim_juju::{Hook, HookError, RelationId, Value};

/// Whether the process trusts any CA already.
fn has_read_any(unit: &UnitContext<'_>) -> bool {
    trusted_by_source(&unit.workload().loaded).next().is_some()
}

impl TrustEndpoint {
    pub(super) fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        begins: bool,
        changes: &mut Changes,
    ) -> Result<(), HookError> {
        let event = self.transfer.on_hook(hook, unit)?;
        changes.restart |= self.profile.restarts_always && event.is_some();
        let mut written = BTreeSet::new();
        match event {
            Some(Event::SetUpdated(relation, set)) => {
                // The library's own handler was the first to read.
                self.update(unit, relation, &set, 1, &mut written)?;
            }
            Some(Event::Removed(relation)) => match self.profile.store {
                Store::Bundle => self.write_bundle(unit, 0, &mut written)?,
                Store::Relation | Store::Last | Store::Each => {
                    if self.bugs.unknown_alias_raises && self.paths(unit, relation).is_empty() {
                        let text = "CalledProcessError: keytool error: Alias does not exist";
                        return Err(HookError::Charm(text.to_owned()));
                    }
                    self.remove_all(unit, relation, &mut written);
                }
            },
            None if self.reads_past_the_library(hook, unit) => {
                if let Some(relation) = hook.relation() {
                    self.update(unit, relation, &Arc::default(), 1, &mut written)?;
                }
            }
            None => {}
        }
        // A charm that asks the library itself does so whenever it reconciles.
        let reconciles = self.profile.reads == Reads::Again && matches!(hook, Hook::ConfigChanged);
        if reconciles || (begins && self.profile.restores) {
            for relation in unit.relations(&self.transfer.endpoint) {
                let set = self.transfer.read(unit, relation, 0)?;
                self.update(unit, relation, &set, 0, &mut written)?;
            }
        }
        let paths: Vec<String> = written.into_iter().collect();
        let apply = match self.profile.reads_first && !has_read_any(unit) {
            true => Apply::Reload,
            false => self.profile.apply,
        };
        changes.note(!paths.is_empty(), apply, &paths);
        Ok(())
    }

    /// A charm that looks into the databags looks at each change, not only at those that the
    /// library tells it of.
    fn reads_past_the_library(&self, hook: &Hook, unit: &UnitContext<'_>) -> bool {
        let mine = matches!(hook, Hook::RelationChanged { relation, .. }
            if unit.own_endpoint(*relation) == Some(&*self.transfer.endpoint));
        mine && self.profile.reads == Reads::Raw
    }

    /// Writes the CAs of a relation, after `calls` calls of the library in this hook.
    fn update(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        told: &Arc<CertificateSet>,
        calls: usize,
        written: &mut BTreeSet<String>,
    ) -> Result<(), HookError> {
        if self.profile.store == Store::Bundle {
            return self.write_bundle(unit, calls, written);
        }
        let set = match self.profile.reads {
            Reads::Event => Arc::clone(told),
            Reads::Again => self.transfer.read(unit, relation, calls)?,
            Reads::Raw => Requirer::read_raw(unit, relation)?,
        };
        match self.profile.store {
            Store::Relation | Store::Bundle => self.write_one(unit, relation, &set, written),
            Store::Last => self.write_last(unit, relation, &set, written),
            Store::Each => self.write_each(unit, relation, &set, written),
        }
        Ok(())
    }

    /// All CAs of a relation in one file.
    fn write_one(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        set: &CertificateSet,
        written: &mut BTreeSet<String>,
    ) {
        if set.texts.is_empty() {
            if !self.profile.keeps_removed {
                self.remove_all(unit, relation, written);
            }
            return;
        }
        let path = self.path(unit, relation);
        if unit.push_file(&path, set.bundle()) {
            written.insert(path);
        }
    }

    /// One certificate after the other to the same file: the one that Python's hashes put last
    /// stays. An empty set writes nothing.
    fn write_last(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        set: &CertificateSet,
        written: &mut BTreeSet<String>,
    ) {
        let last = match set.texts.len() {
            0 | 1 => 0,
            count => unit.stream("python-set-order").random_range(0..count),
        };
        let Some(text) = set.texts.iter().nth(last) else {
            return;
        };
        let path = self.path(unit, relation);
        if unit.push_file(&path, Value::from(&**text)) {
            written.insert(path);
        }
    }

    /// A file for each certificate.
    fn write_each(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        set: &CertificateSet,
        written: &mut BTreeSet<String>,
    ) {
        let stem = self.stem(unit, relation);
        let mut kept = BTreeSet::new();
        for text in &set.texts {
            let single = CertificateSet::new([Arc::clone(text)].into());
            let path = trust_path(&format!("{stem}-{}", fingerprint(text)));
            if unit.push_file(&path, single.bundle()) {
                written.insert(path.clone());
            }
            kept.insert(path);
        }
        if self.profile.keeps_removed {
            return;
        }
        for path in self.paths(unit, relation) {
            if !kept.contains(&*path) && unit.remove_file(&path) {
                written.insert(path.to_string());
            }
        }
    }

    /// All CAs of all relations, sorted, in one file (`update_trusted_cas` of
    /// canonical/haproxy-operator, `haproxy-operator/src/tls_relation.py`).
    fn write_bundle(
        &self,
        unit: &mut UnitContext<'_>,
        calls: usize,
        written: &mut BTreeSet<String>,
    ) -> Result<(), HookError> {
        let mut texts = BTreeSet::new();
        for relation in unit.relations(&self.transfer.endpoint) {
            let set = match self.profile.reads {
                Reads::Event => self.transfer.read(unit, relation, 0)?,
                Reads::Again => self.transfer.read(unit, relation, calls)?,
                Reads::Raw => Requirer::read_raw(unit, relation)?,
            };
            texts.extend(set.texts.iter().cloned());
        }
        let path = trust_path(&self.transfer.endpoint);
        let changed = if !texts.is_empty() {
            unit.push_file(&path, CertificateSet::new(texts).bundle())
        } else {
            !self.profile.keeps_removed && unit.remove_file(&path)
        };
        if changed {
            written.insert(path);
        }
        Ok(())
    }

    fn remove_all(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        written: &mut BTreeSet<String>,
    ) {
        for path in self.paths(unit, relation) {
            if unit.remove_file(&path) {
                written.insert(path.to_string());
            }
        }
    }

    /// Every file of a relation that is there.
    fn paths(&self, unit: &UnitContext<'_>, relation: RelationId) -> Vec<Arc<str>> {
        let stem = self.stem(unit, relation);
        let (one, each) = (trust_path(&stem), format!("trust/{stem}-"));
        let mut paths: Vec<Arc<str>> = paths_under(unit.files(), &each).cloned().collect();
        paths.extend(
            unit.files()
                .get_key_value(one.as_str())
                .map(|(path, _)| Arc::clone(path)),
        );
        paths
    }

    fn path(&self, unit: &UnitContext<'_>, relation: RelationId) -> String {
        trust_path(&self.stem(unit, relation))
    }

    fn stem(&self, unit: &UnitContext<'_>, relation: RelationId) -> String {
        let number = unit.relation_number(relation);
        format!("{}-{number}", self.transfer.endpoint)
    }
}

fn fingerprint(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(text.as_bytes());
    hex::encode(&digest[..8])
}
