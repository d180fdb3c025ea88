//! The CA that a charm has for the units of its application: it signs for each of them while nothing is assigned over an
//! endpoint.
//!
//! Plays canonical/postgresql-k8s-operator 0ec32233 (`src/relations/tls.py`: `generate_internal_peer_ca`,
//! `generate_internal_peer_cert`, `get_peer_tls_files`, `get_peer_ca_bundle`), canonical/kafka-operator 3c25f095
//! (`common/single_kernel_kafka/managers/tls.py`: `generate_internal_ca`, `generate_self_signed_certificate`;
//! `events/tls.py`, `_tls_relation_broken`) and canonical/cassandra-operator 25e42cc (`src/charm.py`,
//! `setup_internal_certificates`). The leader makes the CA once and keeps it in a secret of the application; each unit signs
//! for itself with it, for the names that it would ask for, and keeps that. None makes either again when it ends: another
//! certificate is made for another name alone (postgresql `_update_certificate`, kafka `sans_changed`). Left out: that the CA
//! of postgresql has the UUID of its model in its name, and those of kafka and cassandra an organization.

use std::sync::Arc;

use super::{CertificatesEndpoint, Written};
use trustsim_charm_model::issuing::{self, SigningCa};
use trustsim_charm_model::names::clipped;
use trustsim_charm_model::surface::{
    OF_OWN_CA, chain_path, key_path, own_ca_source, paths_under, trust_path,
};
use trustsim_interfaces::{KeySource, UnitContext, pem, serial_number};
use trustsim_juju::{Hook, HookError, SecretOwner, Value};
use trustsim_kernel::Span;
use trustsim_pki::{CertificateRequest, RequestAttributes, Terms, issuers::charmlibs};

const CHAIN: &str = "chain";
const KEY: &str = "private-key";

/// One hook of a unit, after the charm has looked at what it is assigned.
pub(super) fn on_hook(
    endpoint: &CertificatesEndpoint,
    keys: &KeySource,
    peer: Option<&str>,
    hook: &Hook,
    unit: &mut UnitContext<'_>,
) -> Result<Written, HookError> {
    let mut written = Written::default();
    let is_ending = matches!(hook, Hook::Install | Hook::Stop | Hook::Remove);
    let Some(validity) = endpoint.profile.own_ca.filter(|_| !is_ending) else {
        return Ok(written);
    };
    let own = OwnCa {
        endpoint,
        keys,
        validity,
    };
    own.make_once(peer, unit)?;
    let Some(secret) = unit.read_application_secret(&own.label(), false) else {
        return Ok(written);
    };
    if !unit.can_connect() {
        return Ok(written);
    }
    let ca = SigningCa::from_secret(&secret.content)?;
    let is_broken = matches!(hook, Hook::RelationBroken { relation }
        if unit.own_endpoint(*relation) == Some(&*endpoint.certificates.endpoint));
    if is_broken {
        own.remove_assigned(unit, &mut written);
    }
    match own.assigned(unit) {
        Some(chain) => own.stand_back(unit, chain, &mut written),
        None => own.serve(unit, &ca, &mut written)?,
    }
    // Where the one before is not kept beside a new one, this one is among what is trusted for good.
    if !endpoint.profile.keeps_old_ca || own.assigned(unit).is_none() {
        let text = pem::chain_value(std::slice::from_ref(&ca.certificate));
        written.ca |= unit.push_file(&own.trust_path(), text);
    }
    Ok(written)
}

struct OwnCa<'a> {
    endpoint: &'a CertificatesEndpoint,
    keys: &'a KeySource,
    validity: Span,
}

impl OwnCa<'_> {
    fn name(&self) -> &str {
        &self.endpoint.certificates.endpoint
    }

    /// Of the secret of the application.
    fn label(&self) -> String {
        format!("own-ca-{}", self.name())
    }

    /// Of the secret of the unit.
    fn leaf_label(&self) -> String {
        format!("of-own-ca-{}", self.name())
    }

    fn trust_path(&self) -> String {
        trust_path(&own_ca_source(self.name()))
    }

    /// Path of the first chain that was assigned in place of what the own CA signed.
    fn succeeded_path(&self) -> String {
        format!("charm-state/requirer/own-ca-before-{}", self.name())
    }

    fn terms(&self, unit: &mut UnitContext<'_>) -> Terms {
        Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity: self.validity,
        }
    }

    /// The leader makes the CA, and tells its fellows.
    fn make_once(&self, peer: Option<&str>, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let owner = SecretOwner::Application(unit.application_id());
        if !unit.is_leader() || unit.secret(owner, &self.label()).is_some() {
            return Ok(());
        }
        let key = self.keys.authority(unit);
        let name = RequestAttributes::with_common_name(clipped(unit.application_name()));
        let terms = self.terms(unit);
        let certificate = charmlibs::generate_self_signed_ca(&name, &key, &terms)
            .map_err(|error| issuing::value_error(&error))?;
        issuing::note_own_root(unit, &certificate);
        let digest = Value::from(certificate.sha256_hex());
        let ca = SigningCa { certificate, key };
        unit.add_secret(owner, &self.label(), ca.secret_content(), None)?;
        let Some(peer) = peer else {
            return Ok(());
        };
        for relation in unit.relations(peer) {
            unit.set_application_data(relation, &self.label(), Some(digest.clone()))?;
        }
        Ok(())
    }

    /// The chain that the unit was assigned and serves.
    fn assigned(&self, unit: &UnitContext<'_>) -> Option<Value> {
        let prefix = format!("tls/{}/", self.name());
        let own = chain_path(self.name(), OF_OWN_CA);
        let mut paths = paths_under(unit.files(), &prefix);
        let path = paths.find(|path| path.ends_with(".pem") && ***path != *own)?;
        unit.files().get(path).cloned()
    }

    /// The relation is gone: what came over it is served no more, and its CA stays trusted.
    fn remove_assigned(&self, unit: &mut UnitContext<'_>, written: &mut Written) {
        let prefix = format!("tls/{}/", self.name());
        let own = [
            chain_path(self.name(), OF_OWN_CA),
            key_path(self.name(), OF_OWN_CA),
        ];
        let found = paths_under(unit.files(), &prefix);
        let found: Vec<Arc<str>> = found
            .filter(|path| !own.iter().any(|own| ***path == **own))
            .cloned()
            .collect();
        for path in found {
            written.served |= unit.remove_file(&path);
        }
    }

    /// Something is assigned, and served in place of what the own CA signed. A charm that keeps the CA before beside a new one
    /// forgets this one with the next certificate.
    fn stand_back(&self, unit: &mut UnitContext<'_>, chain: Value, written: &mut Written) {
        written.served |= self.remove_signed(unit);
        if !self.endpoint.profile.keeps_old_ca {
            return;
        }
        let path = self.succeeded_path();
        match unit.files().get(path.as_str()) {
            None => {
                unit.push_file(&path, chain);
            }
            Some(first) if *first == chain => {}
            Some(_) => written.ca |= unit.remove_file(&self.trust_path()),
        }
    }

    fn remove_signed(&self, unit: &mut UnitContext<'_>) -> bool {
        let removed = unit.remove_file(&chain_path(self.name(), OF_OWN_CA));
        unit.remove_file(&key_path(self.name(), OF_OWN_CA)) || removed
    }

    /// Serves what the CA signed for the names of now, which is made where there is none.
    fn serve(
        &self,
        unit: &mut UnitContext<'_>,
        ca: &SigningCa,
        written: &mut Written,
    ) -> Result<(), HookError> {
        unit.remove_file(&self.succeeded_path());
        let Some(wanted) = self.endpoint.requests(unit).into_iter().next() else {
            return Ok(());
        };
        let wanted = RequestAttributes {
            common_name: wanted.attributes.common_name,
            sans_dns: wanted.attributes.sans_dns,
            sans_ip: wanted.attributes.sans_ip,
            ..RequestAttributes::default()
        };
        let owner = SecretOwner::Unit(unit.id());
        let kept = unit.secret(owner, &self.leaf_label());
        let fitting = kept.as_ref().and_then(|kept| {
            let (chain, key) = (kept.content.get(CHAIN)?, kept.content.get(KEY)?);
            let leaf = pem::loadable(Some(chain)).into_iter().next()?;
            issuing::is_for_names(&leaf, &wanted).then(|| (chain.clone(), key.clone()))
        });
        let (chain, key) = match fitting {
            Some(pair) => pair,
            None => self.sign(unit, ca, &wanted)?,
        };
        written.served |= unit.push_file(&chain_path(self.name(), OF_OWN_CA), chain);
        written.served |= unit.push_file(&key_path(self.name(), OF_OWN_CA), key);
        Ok(())
    }

    /// Makes a certificate, and keeps it in a secret of the unit.
    fn sign(
        &self,
        unit: &mut UnitContext<'_>,
        ca: &SigningCa,
        wanted: &RequestAttributes,
    ) -> Result<(Value, Value), HookError> {
        let key = self.keys.leaf(unit);
        let request =
            CertificateRequest::new(wanted, &key).map_err(|error| issuing::value_error(&error))?;
        let terms = self.terms(unit);
        let certificate = charmlibs::generate(&request, &ca.certificate, &ca.key, &terms, false)
            .map_err(|error| issuing::value_error(&error))?;
        assert!(
            issuing::is_for_names(&certificate, wanted),
            "the unit's own certificate has the names that it wants, or each hook would make another"
        );
        issuing::note_own_leaf(unit, &certificate, &ca.certificate);
        let chain = pem::chain_value(&[certificate, ca.certificate.clone()]);
        let key = pem::key_value(&key);
        let content = [
            (CHAIN.to_owned(), chain.clone()),
            (KEY.to_owned(), key.clone()),
        ];
        let owner = SecretOwner::Unit(unit.id());
        match unit.secret(owner, &self.leaf_label()) {
            Some(secret) => unit.set_secret_content(secret.id, content.into())?,
            None => {
                unit.add_secret(owner, &self.leaf_label(), content.into(), None)?;
            }
        }
        Ok((chain, key))
    }
}
