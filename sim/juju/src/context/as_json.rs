//! A hook and what its unit sees as JSON, for those outside a run: recordings of hooks, and charms that are played by their
//! own code. `docs/reference/own-code.md` has the keys.

use serde_json::{Map, Value as Json, json};

use super::{UnitContext, VisibleModel, VisibleRelation, VisibleSecret};
use crate::{Bag, Hook, Juju, SecretContent, SecretOwner, UnitId};

impl Juju {
    /// What a hook of a unit is, as its environment tells the charm: the unit, the hook's name and kind, and what it is
    /// about.
    pub fn hook_to_json(&self, unit: UnitId, hook: &Hook) -> Map<String, Json> {
        let found = self.unit(unit);
        let application = self.application(found.application);
        let mut entry = Map::new();
        let mut put = |key: &str, value: Json| entry.insert(key.to_owned(), value);
        put("model", json!(&*self.model(application.model).name));
        put("unit", json!(&*found.name));
        put("hook", json!(self.hook_name(unit, hook).to_string()));
        put("kind", json!(hook.kind()));
        let name = |unit: &UnitId| json!(&*self.unit(*unit).name);
        if let Some(relation) = hook.relation() {
            put("relation-id", json!(self.relation(relation).number));
        }
        match hook {
            Hook::RelationJoined { unit, .. }
            | Hook::RelationChanged {
                unit: Some(unit), ..
            } => {
                put("remote-unit", name(unit));
            }
            Hook::RelationDeparted {
                unit, departing, ..
            } => {
                put("remote-unit", name(unit));
                put("departing-unit", name(departing));
            }
            Hook::Action { name, parameters } => {
                let action = json!({"name": &**name, "parameters": &**parameters});
                put("action", action);
            }
            Hook::SecretExpired { secret, revision } | Hook::SecretRemove { secret, revision } => {
                let uri = &*self.secret(*secret).uri;
                put("secret", json!({"uri": uri, "revision": revision}));
            }
            Hook::SecretChanged { secret } => {
                put("secret", json!({"uri": &*self.secret(*secret).uri}));
            }
            _ => {}
        }
        entry
    }
}

impl<N> UnitContext<'_, N> {
    /// The hook that runs here, as [`Juju::hook_to_json`] has it.
    pub fn hook_to_json(&self, hook: &Hook) -> Map<String, Json> {
        self.juju.hook_to_json(self.id, hook)
    }
}

impl VisibleModel {
    /// The same as JSON; instants are RFC 3339.
    pub fn to_json(&self) -> Json {
        let relations: Vec<Json> = self.relations.iter().map(relation).collect();
        let secrets: Vec<Json> = self.secrets.iter().map(secret).collect();
        json!({
            "clock": self.now.to_string(),
            "leader": self.is_leader,
            "config": &*self.config,
            "relations": relations,
            "secrets": secrets,
        })
    }
}

fn relation(seen: &VisibleRelation) -> Json {
    let remote_units: Map<String, Json> = seen
        .remote_units
        .iter()
        .map(|(unit, data)| (unit.to_string(), bag(data)))
        .collect();
    json!({
        "relation-id": seen.number,
        "endpoint": &*seen.endpoint,
        "interface": &*seen.interface,
        "peer": seen.is_peer,
        "remote-application": &*seen.remote_application,
        "remote-application-data": bag(&seen.remote_application_data),
        "remote-units": remote_units,
        "application-data": seen.application_data.as_ref().map(bag),
        "unit-data": bag(&seen.unit_data),
    })
}

fn secret(seen: &VisibleSecret) -> Json {
    json!({
        "uri": seen.uri.as_deref(),
        "owner": match seen.owner {
            SecretOwner::Unit(_) => "unit",
            SecretOwner::Application(_) => "application",
        },
        "label": &*seen.label,
        "content": content(&seen.content),
        "revision": seen.revision,
        "expire": seen.expire.map(|at| at.to_string()),
    })
}

/// The fields of a secret's content.
fn content(content: &SecretContent) -> Map<String, Json> {
    let fields = content.iter();
    fields
        .map(|(field, value)| (field.clone(), json!(value.text())))
        .collect()
}

fn bag(bag: &Bag) -> Json {
    let pairs: Map<String, Json> = bag
        .iter()
        .map(|(key, value)| (key.to_owned(), json!(value.text())))
        .collect();
    pairs.into()
}
