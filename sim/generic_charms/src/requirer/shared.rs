//! What the leader was given for the application goes to its fellows in an application secret,
//! since only the leader can read the application's requests. A fellow that has read it once is
//! told of changes by secret-changed; before that by the peer relation, where the charm has one,
//! or it looks at the next update-status.

use std::collections::BTreeSet;

use super::{CertificatesEndpoint, Written};
use trustsim_charm_model::Mode;
use trustsim_charm_model::surface::{chain_path, key_path, trust_path};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::Assigned;
use trustsim_juju::{HookError, SecretOwner, SecretView, Value};

const NAME: &str = "name";
const CHAIN: &str = "chain";
const KEY: &str = "private-key";
const CA: &str = "ca";

fn label(endpoint: &CertificatesEndpoint) -> String {
    format!("tls-{}", endpoint.certificates.endpoint)
}

/// The leader's part.
pub(super) fn publish(
    peer: Option<&str>,
    endpoint: &CertificatesEndpoint,
    unit: &mut UnitContext<'_>,
    name: &str,
    assigned: &Assigned,
) -> Result<(), HookError> {
    let content = [
        (NAME.to_owned(), Value::from(name)),
        (
            CHAIN.to_owned(),
            pem::chain_value(&endpoint.chain_of(&assigned.entry)),
        ),
        (KEY.to_owned(), pem::key_value(&assigned.key)),
        (
            CA.to_owned(),
            pem::chain_value(std::slice::from_ref(&assigned.entry.ca)),
        ),
    ];
    let owner = SecretOwner::Application(unit.application_id());
    match unit.secret(owner, &label(endpoint)) {
        Some(secret) if *secret.content == content.clone().into() => {}
        Some(secret) => unit.set_secret_content(secret.id, content.into())?,
        None => {
            unit.add_secret(owner, &label(endpoint), content.into(), None)?;
        }
    }
    let Some(peer) = peer else {
        return Ok(());
    };
    for relation in unit.relations(peer) {
        let digest = Value::from(assigned.entry.certificate.sha256_hex());
        unit.set_application_data(relation, &label(endpoint), Some(digest))?;
    }
    Ok(())
}

/// The part of a unit that does not lead.
pub(super) fn receive(
    endpoint: &CertificatesEndpoint,
    unit: &mut UnitContext<'_>,
) -> Result<Written, HookError> {
    let mut written = Written::default();
    if unit.relations(&endpoint.certificates.endpoint).is_empty() {
        return Ok(written);
    }
    let Some(secret) = unit.read_application_secret(&label(endpoint), true) else {
        return Ok(written);
    };
    let Some((name, chain, key, ca)) = parts(&secret) else {
        return Err(HookError::Charm("KeyError: 'chain'".to_owned()));
    };
    let served = &endpoint.certificates.endpoint;
    written.served |= unit.push_file(&chain_path(served, name), chain.clone());
    written.served |= unit.push_file(&key_path(served, name), key.clone());
    if endpoint.profile.trusts_ca {
        written.ca |= unit.push_file(&trust_path(served), ca.clone());
    }
    if endpoint.profile.mode == Mode::App {
        endpoint.remove_others(unit, &BTreeSet::from([name.to_owned()]), &mut written);
    }
    Ok(written)
}

fn parts(secret: &SecretView) -> Option<(&str, &Value, &Value, &Value)> {
    let field = |name: &str| secret.content.get(name);
    Some((field(NAME)?.text(), field(CHAIN)?, field(KEY)?, field(CA)?))
}
