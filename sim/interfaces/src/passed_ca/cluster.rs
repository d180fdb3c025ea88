//! The relation of a coordinator and its workers, over which a coordinator hands out its certificate with the key and the CA.
//! The certificate is asked for the addresses of all workers too, so that each of them serves with it.
//!
//! Follows canonical/cos-coordinated-workers `src/coordinated_workers/interfaces/cluster.py` and `worker.py` at 3c7fec5; each
//! value is JSON (`DatabagModel` of `cosl`).
//!
//! Noteworthy: a worker reads the secret of the key without `refresh` (`_sync_tls_files`), so that of another key under the
//! same URI it never learns.
//!
//! Simplified: each worker has the role `all`, and its topology has the name of its application in place of that of its charm.

use super::Handed;
use crate::{UnitContext, json};
use std::collections::BTreeSet;
use trustsim_juju::{Bag, Hook, HookError, RelationId, Value};

/// Those of Tempo, Mimir, Loki and Pyroscope.
pub(super) const INTERFACES: [&str; 4] = [
    "tempo_cluster",
    "mimir_cluster",
    "loki_cluster",
    "pyroscope_cluster",
];
/// The CA of the coordinator's certificate; not there where it has none.
pub(super) const CA_CERT: &str = "ca_cert";
/// The certificate of the coordinator, without its chain.
const SERVER_CERT: &str = "server_cert";
/// The URI of the secret with its key.
const PRIVKEY_SECRET_ID: &str = "privkey_secret_id";
const WORKER_CONFIG: &str = "worker_config";
const ADDRESS: &str = "address";
const TOPOLOGY: &str = "juju_topology";
const ROLE: &str = "role";
/// The field of the secret of the library that asked for the certificate.
const PRIVATE_KEY: &str = "private-key";

/// `_update_cluster_relation`, in each hook: where the worker is, and what it does.
pub(super) fn request(
    endpoint: &str,
    hook: &Hook,
    unit: &mut UnitContext<'_>,
) -> Result<(), HookError> {
    if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
        return Ok(());
    }
    for relation in unit.relations(endpoint) {
        let address = encoded(&unit.unit_dns_name());
        let topology = serde_json::json!({
            "application": unit.application_name(),
            "unit": unit.unit_name(),
            "charm_name": unit.application_name(),
        });
        let topology = Value::from(json::dumps(&topology, false));
        unit.set_unit_data(relation, ADDRESS, Some(address))?;
        unit.set_unit_data(relation, TOPOLOGY, Some(topology))?;
        if unit.is_leader() {
            unit.set_application_data(relation, ROLE, Some(encoded("all")))?;
        }
    }
    Ok(())
}

/// `_remote_data_ready`: each unit has said where it is, and its leader what it does.
pub(super) fn is_requested(
    unit: &UnitContext<'_>,
    relation: RelationId,
) -> Result<bool, HookError> {
    let units = unit.remote_units(relation);
    for remote in &units {
        if unit.unit_data(relation, *remote)?.get(ADDRESS).is_none() {
            return Ok(false);
        }
    }
    let has_role = unit.remote_application_data(relation)?.get(ROLE).is_some();
    Ok(has_role && !units.is_empty())
}

/// What `publish_data` writes beside the CA. What a worker is to do is left out.
pub(super) fn answer(
    unit: &mut UnitContext<'_>,
    relation: RelationId,
    handed: Option<&Handed>,
) -> Result<(), HookError> {
    let certificate = handed.map(|handed| encoded(handed.certificate.text()));
    let key = handed.map(|handed| encoded(handed.key.text()));
    unit.set_application_data(relation, SERVER_CERT, certificate)?;
    unit.set_application_data(relation, PRIVKEY_SECRET_ID, key)?;
    unit.set_application_data(relation, WORKER_CONFIG, Some(encoded("{}")))?;
    Ok(())
}

/// `gather_addresses`: where the workers of all relations are, sorted.
pub(super) fn addresses(
    endpoint: &str,
    unit: &UnitContext<'_>,
) -> Result<BTreeSet<String>, HookError> {
    let mut found = BTreeSet::new();
    for relation in unit.relations(endpoint) {
        for remote in unit.remote_units(relation) {
            let bag = unit.unit_data(relation, remote)?;
            let address = bag.get(ADDRESS).and_then(decoded);
            found.extend(address.map(|address| address.text().to_owned()));
        }
    }
    Ok(found)
}

/// `_sync_tls_files`: the certificate and its key, where there are both.
pub(super) fn handed(
    unit: &mut UnitContext<'_>,
    relation: RelationId,
) -> Result<Option<(Value, Value)>, HookError> {
    let bag = unit.remote_application_data(relation)?;
    let said = [SERVER_CERT, PRIVKEY_SECRET_ID].map(|key| bag.get(key).and_then(decoded));
    let [Some(certificate), Some(uri)] = said else {
        return Ok(None);
    };
    let secret = unit.read_granted_secret(uri.text());
    let key = secret.and_then(|secret| secret.content.get(PRIVATE_KEY).cloned());
    Ok(key.map(|key| (certificate, key)))
}

/// Whether the coordinator has published, and no CA: `_sync_tls_files` removes the file then.
pub(super) fn is_taken_back(bag: &Bag) -> bool {
    bag.get(WORKER_CONFIG).is_some() && bag.get(CA_CERT).is_none()
}

/// As it is in a databag.
pub(super) fn encoded(text: &str) -> Value {
    Value::from(json::dumps(&text.into(), false))
}

/// What a value of a databag says; `None` where it is no JSON, which the worker logs.
pub(super) fn decoded(value: &Value) -> Option<Value> {
    let text: String = serde_json::from_str(value.text()).ok()?;
    Some(Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};
    use trustsim_juju::Value;

    /// As `ClusterProvider.publish_data` writes it with `cosl` 1.6.0.
    #[test]
    fn a_value_is_json() {
        let value = encoded("a\nb");
        assert_eq!(value.text(), r#""a\nb""#);
        assert_eq!(decoded(&value), Some(Value::from("a\nb")));
        assert_eq!(decoded(&Value::from("a")), None);
    }
}
