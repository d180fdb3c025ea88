//! What the worker is asked: the hook, what its unit sees in Juju, and what it sees around it.

use serde_json::{Map, Value as Json, json};
use trustsim_charm_model::CharmMetadata;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, SecretOwner, VisibleModel};
use trustsim_kernel::Time;

/// What ops keeps for the unit's next hook, beside the workload's files: it goes with a pod's charm container, and stays on
/// a machine.
pub(crate) const FRAMEWORK: &str = "charm-state/ops";
/// What begins the path of a file of a container; its name and its path there follow.
pub(crate) const DISK: &str = "disk/";
/// What begins the path of what Pebble knows of a container.
pub(crate) const PEBBLE: &str = "charm-state/pebble/";

/// Commands in containers that are known to change nothing but what trustsim reads by content.
const KNOWN_COMMANDS: [&[&str]; 2] = [&["update-ca-certificates"], &["update-ca-trust"]];

/// What the worker is asked to play, all but the seed.
pub(crate) fn asked(
    hook: &Hook,
    seen: &VisibleModel,
    unit: &UnitContext<'_>,
    metadata: &CharmMetadata,
) -> Map<String, Json> {
    let mut asked = unit.hook_to_json(hook);
    let mut put = |key: &str, value: Json| asked.insert(key.to_owned(), value);
    let mut before = seen.to_json();
    add_tracked(&mut before, seen, unit);
    put("before", before);
    if let Hook::PebbleReady { container } | Hook::PebbleCustomNotice { container } = hook {
        put("container", json!(&**container));
    }
    let (status, message) = unit.status();
    put(
        "status",
        json!({"current": status.as_str(), "message": message}),
    );
    put("kubernetes", json!(unit.is_kubernetes()));
    put("planned-units", json!(1 + unit.fellow_workloads().count()));
    put("hostname", json!(unit.hostname()));
    put("fqdn", json!(unit.unit_dns_name()));
    put("networks", networks(unit, metadata));
    put("containers", containers(unit, metadata));
    put("commands", json!(KNOWN_COMMANDS));
    put("framework", kept(unit, FRAMEWORK));
    asked
}

/// The same at another instant of the unit's clock.
pub(crate) fn at(asked: &Map<String, Json>, clock: Time) -> Map<String, Json> {
    let mut asked = asked.clone();
    asked["before"]["clock"] = json!(clock.to_string());
    asked
}

/// Of a secret that a unit only reads: the revision that it tracks, where that is not the latest.
fn add_tracked(before: &mut Json, seen: &VisibleModel, unit: &UnitContext<'_>) {
    for (index, secret) in seen.secrets.iter().enumerate() {
        let behind = match secret.owner {
            SecretOwner::Application(_) => unit.tracked_behind(&secret.label),
            SecretOwner::Unit(_) => None,
        };
        if let Some(behind) = behind {
            let fields = behind.content.iter();
            let content: Map<String, Json> = fields
                .map(|(field, value)| (field.clone(), json!(value.text())))
                .collect();
            before["secrets"][index]["tracked"] =
                json!({"revision": behind.revision, "content": content});
        }
    }
}

fn networks(unit: &UnitContext<'_>, metadata: &CharmMetadata) -> Json {
    let declared = metadata.endpoints.iter().map(|each| each.name.as_str());
    let networks = declared.chain(["juju-info"]).map(|endpoint| {
        json!({
            "endpoint": endpoint,
            "bind": unit.binding_addresses(endpoint),
            "ingress": [unit.ingress_address(endpoint)],
        })
    });
    networks.collect()
}

fn containers(unit: &UnitContext<'_>, metadata: &CharmMetadata) -> Json {
    if !unit.has_containers() {
        return json!([]);
    }
    let containers = metadata.containers.iter().map(|name| {
        let prefix = format!("{DISK}{name}");
        let files = unit.files().iter().filter_map(|(path, value)| {
            let inside = path.strip_prefix(prefix.as_str())?;
            let is_its = inside.starts_with('/');
            is_its.then(|| (inside.to_owned(), json!(value.text())))
        });
        let files: Map<String, Json> = files.collect();
        json!({
            "name": name,
            "can-connect": unit.can_connect(),
            "files": files,
            "pebble": kept(unit, &format!("{PEBBLE}{name}")),
        })
    });
    containers.collect()
}

/// What the worker wrote for its next hook; an empty object where there is nothing yet.
fn kept(unit: &UnitContext<'_>, path: &str) -> Json {
    let text = unit.files().get(path);
    text.map_or_else(
        || json!({}),
        |text| serde_json::from_str(text.text()).expect("a hook left it as JSON"),
    )
}
