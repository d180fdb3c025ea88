//! How the leader's certificates reach the other units: texts in the peer databag, keys in an
//! application secret.

use std::collections::BTreeMap;

use super::{HostFiles, Hosts, PEERS};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::{json, pem};
use trustsim_juju::{HookError, SecretOwner, SecretView, Value};
use trustsim_pki::KeyPair;

const LABEL: &str = "tls-key";
const FIELD: &str = "private-keys";
const BAG_KEY: &str = "tls_certs";

type Texts = BTreeMap<String, serde_json::Value>;

/// `_load_existing_private_key`: once a key was shared, the library is given that one and removes
/// its own secret.
pub(super) fn existing_key(unit: &mut UnitContext<'_>) -> Result<Option<KeyPair>, HookError> {
    match unit.read_application_secret(LABEL, true) {
        Some(secret) => key_of(&secret),
        None => Ok(None),
    }
}

/// The same key, without reading the secret as the charm does, which tracks it.
pub(super) fn key_in_sight(unit: &UnitContext<'_>) -> Option<KeyPair> {
    let owner = SecretOwner::Application(unit.application_id());
    let secret = unit.secret(owner, LABEL)?;
    // What raises here raises in its hook too; no library is given a key then.
    key_of(&secret).ok().flatten()
}

fn key_of(secret: &SecretView) -> Result<Option<KeyPair>, HookError> {
    let keys = secret.content.get(FIELD).map(|value| value.parsed(parse));
    let Some(Some(keys)) = keys.as_deref() else {
        let message = "RuntimeError: Could not parse 'private-keys' from the 'tls-key' secret";
        return Err(HookError::Charm(message.to_owned()));
    };
    let text = keys
        .iter()
        .filter(|(host, _)| *host != "local-config")
        .find_map(|(_, key)| key.as_str());
    match text.map(KeyPair::from_pem) {
        None => Ok(None),
        Some(Ok(key)) => Ok(Some(key)),
        Some(Err(error)) => Err(HookError::Charm(format!("RuntimeError: {error}"))),
    }
}

/// `_publish_certs_to_peer_databag`: nothing is published where there is nothing, so the others
/// keep what was there before.
pub(super) fn publish(unit: &mut UnitContext<'_>, hosts: &Hosts) -> Result<(), HookError> {
    let Some(relation) = unit.relations(PEERS).first().copied() else {
        return Ok(());
    };
    if hosts.is_empty() {
        return Ok(());
    }
    let mut certificates = String::from("{");
    let mut keys = String::from("{");
    for (host, files) in hosts {
        json::push_key(&mut certificates, host);
        certificates.push('{');
        json::push_field(&mut certificates, "chain", files.chain.text());
        json::push_field(&mut certificates, "ca", files.ca.text());
        certificates.push('}');
        json::push_field(&mut keys, host, files.key.text());
    }
    certificates.push('}');
    keys.push('}');
    unit.set_application_data(relation, BAG_KEY, Some(Value::from(certificates)))?;
    let content: BTreeMap<String, Value> = [(FIELD.to_owned(), Value::from(keys))].into();
    let owner = SecretOwner::Application(unit.application_id());
    match unit.secret(owner, LABEL) {
        Some(secret) if *secret.content == content => {}
        Some(secret) => unit.set_secret_content(secret.id, content)?,
        None => {
            unit.add_secret(owner, LABEL, content, None)?;
        }
    }
    Ok(())
}

/// `_clear_certs_from_peer_databag`; the secret with the key stays.
pub(super) fn clear(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    if let Some(relation) = unit.relations(PEERS).first().copied() {
        unit.set_application_data(relation, BAG_KEY, None)?;
    }
    Ok(())
}

/// `_get_certs_from_peer_databag`; `None` where anything of it is missing.
pub(super) fn shared(unit: &mut UnitContext<'_>) -> Option<Hosts> {
    let relation = unit.relations(PEERS).first().copied()?;
    let bag = unit.own_application_data(relation);
    let bag = bag.expect("every unit reads the application's bag of a peer relation");
    let certificates = bag.get(BAG_KEY)?.parsed(parse);
    let secret = unit.read_application_secret(LABEL, true)?;
    let keys = secret.content.get(FIELD)?.parsed(parse);
    let (certificates, keys) = (certificates.as_ref().as_ref()?, keys.as_ref().as_ref()?);
    let mut hosts = Hosts::new();
    for (host, texts) in certificates {
        let field = |name| texts.get(name).and_then(serde_json::Value::as_str);
        let key = KeyPair::from_pem(keys.get(host)?.as_str()?);
        let key = key.expect("a key that the leader wrote");
        let files = HostFiles {
            chain: Value::from(field("chain")?),
            key: pem::key_value(&key),
            ca: Value::from(field("ca")?),
        };
        hosts.insert(host.clone(), files);
    }
    Some(hosts)
}

fn parse(text: &str) -> Option<Texts> {
    serde_json::from_str(text).ok()
}
