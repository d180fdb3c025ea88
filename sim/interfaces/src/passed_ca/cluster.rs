//! The relation of a coordinator and its workers, over which a coordinator hands out the CA of its certificate.
//!
//! Follows canonical/cos-coordinated-workers `src/coordinated_workers/interfaces/cluster.py` and `worker.py` at 3c7fec5; each
//! value is JSON (`DatabagModel` of `cosl`).
//!
//! Left out: the certificate and its key (`server_cert`, `privkey_secret_id`), with which a worker serves. Simplified: each
//! worker has the role `all`, and its topology has the name of its application in place of that of its charm.

use crate::{UnitContext, json};
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
const WORKER_CONFIG: &str = "worker_config";
const ADDRESS: &str = "address";
const TOPOLOGY: &str = "juju_topology";
const ROLE: &str = "role";

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

/// What `publish_data` writes whether or not there is a certificate. What a worker is to do is left out.
pub(super) fn answer(unit: &mut UnitContext<'_>, relation: RelationId) -> Result<(), HookError> {
    unit.set_application_data(relation, WORKER_CONFIG, Some(encoded("{}")))?;
    Ok(())
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
