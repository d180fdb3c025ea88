//! What the worker is asked: the hook, what its unit sees in Juju, and what it sees around it.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use trustsim_charm_model::CharmMetadata;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{GrantedSecret, Hook, SecretOwner, SecretView, VisibleModel};
use trustsim_kernel::Time;

/// What ops keeps for the unit's next hook, beside the workload's files: it goes with a pod's charm container, and stays on
/// a machine.
pub(crate) const FRAMEWORK: &str = "charm-state/ops";
/// What begins the path of a file of a container; its name and its path there follow.
pub(crate) const DISK: &str = "disk/";
/// The files of the charm's own machine, or of the container in which it runs, are those of a container of this name, which
/// Juju takes for no other.
pub(crate) const OWN_ROOT: &str = "charm";
/// What the charm's machine knows beside its files.
pub(crate) const MACHINE: &str = "charm-state/machine";
/// What begins the path of what Pebble knows of a container.
pub(crate) const PEBBLE: &str = "charm-state/pebble/";

/// Commands in containers that are known to change nothing but what trustsim reads by content.
const KNOWN_COMMANDS: [&[&str]; 2] = [&["update-ca-certificates"], &["update-ca-trust"]];
/// How an id of a secret begins in a text.
const SECRET: &str = "secret:";

/// What the worker is asked to play, all but the seed.
pub(crate) fn asked(
    hook: &Hook,
    seen: &VisibleModel,
    unit: &UnitContext<'_>,
    metadata: &CharmMetadata,
    declared: &Json,
) -> Map<String, Json> {
    let mut asked = unit.hook_to_json(hook);
    let mut put = |key: &str, value: Json| asked.insert(key.to_owned(), value);
    let mut before = seen.to_json();
    add_tracked(&mut before, seen, unit);
    let framework = kept(unit, FRAMEWORK);
    add_granted(&mut before, asked_about(hook, unit), &framework, unit);
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
    let fronted = unit.load_balancer().map(
        |found| json!({"address": &*found.address, "reverse-name": found.reverse_name.as_deref()}),
    );
    put("load-balancer", fronted.unwrap_or(Json::Null));
    put("containers", containers(unit, metadata));
    put("commands", json!(KNOWN_COMMANDS));
    put("files", files(unit, OWN_ROOT).into());
    put("machine", kept(unit, MACHINE));
    put("answers", declared.clone());
    put("framework", framework);
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

/// The id of the secret that a hook is about.
fn asked_about(hook: &Hook, unit: &UnitContext<'_>) -> Option<String> {
    let about = unit.hook_to_json(hook);
    let uri = about.get("secret")?["uri"].as_str()?;
    Some(uri.to_owned())
}

/// Adds the secrets of other applications whose ids stand in what the unit sees or has kept, and the one that the hook is
/// about. **Assumption**: all of them are granted to it.
fn add_granted(before: &mut Json, about: Option<String>, framework: &Json, unit: &UnitContext<'_>) {
    let text = format!("{before}{framework}");
    let secrets = before["secrets"].as_array_mut();
    let secrets = secrets.expect("what a unit sees has its secrets");
    let mut known: BTreeSet<String> = secrets
        .iter()
        .filter_map(|secret| Some(secret["uri"].as_str()?.to_owned()))
        .collect();
    for name in secret_ids(&text).map(str::to_owned).chain(about) {
        if known.contains(&name) {
            continue;
        }
        if let Some(secret) = unit.granted_secret(&name) {
            secrets.push(granted_to_json(&name, &secret));
            known.insert(name);
        }
    }
}

/// The ids of secrets in a text: `secret:ID`, or with the model before it, `secret://MODEL/ID`.
fn secret_ids(text: &str) -> impl Iterator<Item = &str> {
    let found = text.split(SECRET).skip(1).filter_map(|part| {
        let rest = match part.strip_prefix("//") {
            Some(with_model) => with_model.split_once('/')?.1,
            None => part,
        };
        rest.split(|letter: char| !letter.is_ascii_alphanumeric())
            .next()
    });
    found.filter(|name| !name.is_empty())
}

fn granted_to_json(name: &str, secret: &GrantedSecret) -> Json {
    let content = |view: &SecretView| -> Map<String, Json> {
        let fields = view.content.iter();
        fields
            .map(|(field, value)| (field.clone(), json!(value.text())))
            .collect()
    };
    let mut told = json!({
        "uri": name,
        "owner": "other",
        "label": null,
        "content": content(&secret.latest),
        "revision": secret.latest.revision,
        "expire": null,
    });
    if let Some(tracked) = &secret.tracked {
        told["tracked"] = json!({"revision": tracked.revision, "content": content(tracked)});
    }
    told
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
        json!({
            "name": name,
            "can-connect": unit.can_connect(),
            "files": files(unit, name),
            "pebble": kept(unit, &format!("{PEBBLE}{name}")),
        })
    });
    containers.collect()
}

/// The files of a container, by their paths there.
fn files(unit: &UnitContext<'_>, container: &str) -> Map<String, Json> {
    let prefix = format!("{DISK}{container}");
    let files = unit.files().iter().filter_map(|(path, value)| {
        let inside = path.strip_prefix(prefix.as_str())?;
        let is_its = inside.starts_with('/');
        is_its.then(|| (inside.to_owned(), json!(value.text())))
    });
    files.collect()
}

/// What the worker wrote for its next hook; an empty object where there is nothing yet.
fn kept(unit: &UnitContext<'_>, path: &str) -> Json {
    let text = unit.files().get(path);
    text.map_or_else(
        || json!({}),
        |text| serde_json::from_str(text.text()).expect("a hook left it as JSON"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_secrets_are_found_wherever_they_stand() {
        let text = r#"{"a": "secret:9m4e2mr0ui3e8a215n4g", "b": "secret://0b1c-2d/abc123?x", "c": "secret:", "d": "secret://m"}"#;
        let found: Vec<&str> = secret_ids(text).collect();
        assert_eq!(found, ["9m4e2mr0ui3e8a215n4g", "abc123"]);
    }
}
