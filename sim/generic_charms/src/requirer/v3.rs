//! The generic consumer with version 3 of the library, which leaves to the charm what the later
//! ones do: keeping a key, asking, and asking again.
//!
//! Plays the charms that vendor it (canonical/opensearch-operator
//! `lib/charms/opensearch/v0/opensearch_tls.py` at cd1c0349 is one): the key lies in a secret of the
//! unit, a request is made on relation-created and when the names change, and what the charm does
//! when it is told of an end is its profile's.

use std::collections::BTreeSet;

use super::{CertificatesEndpoint, Written};
use trustsim_charm_model::KeyUse;
use trustsim_charm_model::names::common_name;
use trustsim_charm_model::surface::key_path;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{EventV3, Request, RequirerV3, generate_csr};
use trustsim_interfaces::{KeySource, pem};
use trustsim_juju::{Hook, HookError, SecretOwner};
use trustsim_pki::{CertificateRequest, KeyPair};

/// One hook of a unit.
pub(super) fn on_hook(
    endpoint: &CertificatesEndpoint,
    keys: &KeySource,
    hook: &Hook,
    unit: &mut UnitContext<'_>,
    begins: bool,
) -> Result<Written, HookError> {
    let charm = V3 {
        endpoint,
        keys,
        library: RequirerV3 {
            endpoint: endpoint.certificates.endpoint.clone(),
            notification: endpoint.profile.notification,
        },
    };
    charm.on_hook(hook, unit, begins)
}

struct V3<'a> {
    endpoint: &'a CertificatesEndpoint,
    keys: &'a KeySource,
    library: RequirerV3,
}

impl V3<'_> {
    fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        begins: bool,
    ) -> Result<Written, HookError> {
        let mut written = Written::default();
        let mine = hook
            .relation()
            .is_some_and(|relation| unit.own_endpoint(relation) == Some(&*self.library.endpoint));
        match hook {
            Hook::RelationCreated { .. } if mine => self.ask(unit)?,
            _ if self.endpoint.refreshes(hook, unit) => self.ask(unit)?,
            _ => {}
        }
        let renews_on = self.endpoint.profile.renews_on;
        for event in self.library.on_hook(hook, unit)? {
            match event {
                EventV3::Available(_) => {
                    if !self.is_installed(unit) {
                        self.write(unit, &mut written)?;
                    }
                }
                EventV3::Expiring(entry) if renews_on.expiring => {
                    self.renew(unit, &entry.request, &mut written)?;
                }
                EventV3::Expired(entry) if renews_on.expired => {
                    self.renew(unit, &entry.request, &mut written)?;
                }
                EventV3::Revoked(entry) if renews_on.revoked => {
                    self.renew(unit, &entry.request, &mut written)?;
                }
                EventV3::AllInvalidated if self.endpoint.bugs.keeps_when_broken => {}
                EventV3::AllInvalidated => self.forget(unit, &mut written)?,
                EventV3::Expiring(_) | EventV3::Expired(_) | EventV3::Revoked(_) => {}
            }
        }
        if begins && !self.is_installed(unit) {
            self.write(unit, &mut written)?;
        }
        Ok(written)
    }

    /// Whether no other certificate is installed: what the charm pushes again when its workload starts is what it keeps
    /// beside the key, which no later certificate replaces (canonical/mysql-k8s-operator 0088c958 `mysql/v0/tls.py`,
    /// `get_tls_content`).
    fn is_installed(&self, unit: &UnitContext<'_>) -> bool {
        self.endpoint.profile.installs_once && self.endpoint.serves(unit)
    }

    /// Asks for what is wanted and was not asked with this key, in place of what was asked before.
    fn ask(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if unit.relations(&self.library.endpoint).is_empty() {
            return Ok(());
        }
        let key = match self.key(unit)? {
            Some(key) => key,
            None => self.new_key(unit)?,
        };
        for wanted in self.endpoint.requests(unit) {
            let asked = self.library.requests(unit)?;
            let is_requested = asked.iter().any(|entry| {
                wanted.attributes.matches(entry.request.attributes())
                    && entry.request.spki_der() == key.spki_der()
            });
            if is_requested {
                continue;
            }
            let request = generate_csr(&wanted, &key, unit)?;
            match asked.first() {
                Some(old) => self.library.request_renewal(unit, &old.request, &request)?,
                None => self.library.request_creation(unit, &request)?,
            }
        }
        Ok(())
    }

    /// Asks again for what `old` asked for; for the address of now, where the charm did not hear that it is another one
    /// (canonical/postgresql-operator 9251d5db45 `postgresql_tls.py`, `_on_certificate_expiring`).
    fn renew(
        &self,
        unit: &mut UnitContext<'_>,
        old: &CertificateRequest,
        written: &mut Written,
    ) -> Result<(), HookError> {
        let wanted = self.endpoint.requests(unit);
        let fits = |request: &&Request| request.attributes.matches(old.attributes());
        let found = wanted.iter().find(fits).or_else(|| match &wanted[..] {
            [only] if self.endpoint.bugs.start_takes_address => Some(only),
            _ => None,
        });
        let Some(wanted) = found else {
            return self.library.request_revocation(unit, old);
        };
        let key = match (self.endpoint.profile.key, self.key(unit)?) {
            (KeyUse::Kept, Some(key)) => key,
            _ => self.new_key(unit)?,
        };
        let name = common_name(&wanted.attributes);
        if self.endpoint.profile.key == KeyUse::RenewedEarly {
            let path = key_path(&self.library.endpoint, name);
            written.served |= unit.push_file(&path, pem::key_value(&key));
        }
        let request = generate_csr(wanted, &key, unit)?;
        self.library.request_renewal(unit, old, &request)
    }

    /// Writes what fits the key; what is not there yet leaves the files as they are, unless the
    /// charm deletes them then.
    fn write(&self, unit: &mut UnitContext<'_>, written: &mut Written) -> Result<(), HookError> {
        let Some(key) = self.key(unit)? else {
            return Ok(());
        };
        let assigned = self.library.assigned(unit)?;
        let (mut names, mut authorities) = (BTreeSet::new(), Vec::new());
        let wanted = self.endpoint.requests(unit);
        for request in &wanted {
            let found = assigned.iter().find(|entry| {
                request.attributes.matches(entry.request.attributes())
                    && entry.certificate.spki_der() == key.spki_der()
            });
            let Some(entry) = found else {
                continue;
            };
            let name = common_name(&request.attributes).to_owned();
            let chain = self.endpoint.chain_of(entry);
            written.served |= self.endpoint.push(unit, &name, &chain, &key);
            authorities.push(entry.ca.clone());
            names.insert(name);
        }
        if names.len() == wanted.len() || self.endpoint.profile.delete_on_missing {
            self.endpoint.remove_others(unit, &names, written);
        }
        if self.endpoint.profile.trusts_ca && !authorities.is_empty() {
            let is_new = written.served;
            written.ca |= self.endpoint.push_trust(unit, &authorities, is_new);
        }
        Ok(())
    }

    /// The relation is gone: files and key go with it.
    fn forget(&self, unit: &mut UnitContext<'_>, written: &mut Written) -> Result<(), HookError> {
        self.endpoint.remove_others(unit, &BTreeSet::new(), written);
        let owner = SecretOwner::Unit(unit.id());
        if let Some(secret) = unit.secret(owner, &self.label()) {
            unit.remove_secret(secret.id)?;
        }
        Ok(())
    }

    fn label(&self) -> String {
        format!("tls-private-key-{}", self.library.endpoint)
    }

    fn key(&self, unit: &UnitContext<'_>) -> Result<Option<KeyPair>, HookError> {
        let Some(secret) = unit.secret(SecretOwner::Unit(unit.id()), &self.label()) else {
            return Ok(None);
        };
        let Some(text) = secret.content.get("private-key") else {
            return Ok(None);
        };
        match &*pem::key(text) {
            Ok(key) => Ok(Some(key.clone())),
            Err(error) => Err(HookError::Charm(format!("ValueError: {error}"))),
        }
    }

    fn new_key(&self, unit: &mut UnitContext<'_>) -> Result<KeyPair, HookError> {
        let key = self.keys.leaf(unit);
        let content = [("private-key".to_owned(), pem::key_value(&key))];
        let owner = SecretOwner::Unit(unit.id());
        match unit.secret(owner, &self.label()) {
            Some(secret) => unit.set_secret_content(secret.id, content.into())?,
            None => {
                unit.add_secret(owner, &self.label(), content.into(), None)?;
            }
        }
        Ok(key)
    }
}
