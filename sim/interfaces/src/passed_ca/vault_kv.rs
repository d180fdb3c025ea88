//! `vault-kv`: a store of secrets in Vault, with the CA of Vault's API beside its address.
//!
//! Follows canonical/vault-k8s-operator `k8s/lib/charms/vault_k8s/v0/vault_kv.py` (version 0, patch 16) and `KVManager` of
//! `vault-package/vault/vault_managers.py` at 619be7dc5.
//!
//! Simplified: the credentials, a secret of Juju's for each unit, are left out; the databag has the unit's name where the
//! real one has the secret's identifier.

use serde_json::Map;

use crate::{UnitContext, json};
use trustsim_juju::{Bag, Hook, HookError, RelationId, Value};

/// The CA of Vault's API.
pub(super) const CA_CERTIFICATE: &str = "ca_certificate";
const VAULT_URL: &str = "vault_url";
const MOUNT: &str = "mount";
const CREDENTIALS: &str = "credentials";
const MOUNT_SUFFIX: &str = "mount_suffix";
const EGRESS_SUBNET: &str = "egress_subnet";
const NONCE: &str = "nonce";
/// `VAULT_PORT`.
const PORT: u16 = 8200;

/// `_handle_relation`: the leader says which mount, and each unit asks for credentials of its own, at its addresses.
pub(super) fn request(
    endpoint: &str,
    hook: &Hook,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    let is_own = hook
        .relation()
        .is_some_and(|relation| unit.own_endpoint(relation) == Some(endpoint));
    let is_observed = match hook {
        Hook::ConfigChanged => true,
        Hook::RelationJoined { .. } => is_own,
        _ => false,
    };
    if !is_observed {
        return Ok(());
    }
    for relation in unit.relations(endpoint) {
        if unit.is_leader() {
            unit.set_application_data(relation, MOUNT_SUFFIX, Some(Value::from("kv")))?;
        }
        let subnet = Value::from(format!("{}/32", unit.address()));
        unit.set_unit_data(relation, EGRESS_SUBNET, Some(subnet))?;
        // It is kept in a secret of the unit's, so that it stays.
        let has_nonce = unit.unit_data(relation, unit.id())?.get(NONCE).is_some();
        if !has_nonce {
            let nonce = trustsim_pki::uuid4(&mut unit.stream("vault-kv-nonce"));
            unit.set_unit_data(relation, NONCE, Some(Value::from(nonce)))?;
        }
    }
    Ok(())
}

/// `get_kv_requests`: whether a unit of the other side asks for something.
pub(super) fn is_requested(
    unit: &UnitContext<'_>,
    relation: RelationId,
) -> Result<bool, HookError> {
    Ok(!requests(unit, relation)?.is_empty())
}

/// The name and nonce of each unit that asks.
fn requests(
    unit: &UnitContext<'_>,
    relation: RelationId,
) -> Result<Vec<(String, String)>, HookError> {
    let application = unit.remote_application_data(relation)?;
    let mut found = Vec::new();
    if application.get(MOUNT_SUFFIX).is_none() {
        return Ok(found);
    }
    for remote in unit.remote_units(relation) {
        let bag = unit.unit_data(relation, remote)?;
        if let (Some(nonce), Some(_)) = (bag.get(NONCE), bag.get(EGRESS_SUBNET)) {
            found.push((unit.name_of(remote).to_owned(), nonce.text().to_owned()));
        }
    }
    Ok(found)
}

/// `set_kv_data`, for each unit that asks. Credentials of units that are gone stay in the databag.
pub(super) fn answer(unit: &mut UnitContext<'_>, relation: RelationId) -> Result<(), HookError> {
    let mut credentials = credentials(&unit.own_application_data(relation)?)?;
    for (name, nonce) in requests(unit, relation)? {
        credentials.insert(nonce, name.into());
    }
    let credentials = json::dumps(&credentials.into(), true);
    let suffix = unit.remote_application_data(relation)?;
    let suffix = suffix.get(MOUNT_SUFFIX).map_or("", Value::text);
    let mount = format!("charm-{}-{suffix}", unit.remote_application_name(relation));
    let url = format!(
        "https://{}:{PORT}",
        unit.ingress_address(unit.endpoint_of(relation))
    );
    for (key, value) in [(CREDENTIALS, credentials), (VAULT_URL, url), (MOUNT, mount)] {
        unit.set_application_data(relation, key, Some(Value::from(value)))?;
    }
    Ok(())
}

/// `is_provider_data_valid`, and this unit has credentials: the library is `ready`.
pub(super) fn is_answered(unit: &UnitContext<'_>, relation: RelationId) -> Result<bool, HookError> {
    let bag = unit.remote_application_data(relation)?;
    let is_valid = [VAULT_URL, MOUNT, CA_CERTIFICATE].map(|key| bag.get(key).is_some());
    let own = unit.unit_data(relation, unit.id())?;
    let nonce = own.get(NONCE).map(Value::text);
    let credentials = credentials(&bag)?;
    Ok(is_valid.iter().all(|has| *has)
        && nonce.is_some_and(|nonce| credentials.contains_key(nonce)))
}

/// `get_credentials`.
fn credentials(bag: &Bag) -> Result<Map<String, serde_json::Value>, HookError> {
    let Some(text) = bag.get(CREDENTIALS) else {
        return Ok(Map::new());
    };
    serde_json::from_str(text.text())
        .map_err(|error| HookError::Charm(format!("json.decoder.JSONDecodeError: {error}")))
}
