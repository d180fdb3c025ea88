//! `juju export-bundle` of one model (juju/juju 3.6 `apiserver/facades/client/bundle/bundle.go`, `ExportBundle`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::Simulation;
use trustsim_juju::{Application, ApplicationId, ApplicationKind, End, ModelId};

impl Simulation {
    /// The documents that `juju export-bundle -m MODEL` would print now: the bundle and, where something is offered, its
    /// overlay with the offers; `None` for an unknown model.
    pub fn export_bundle(&self, model: &str) -> Option<Vec<Value>> {
        let juju = self.juju();
        let (id, found) = juju.models().find(|(_, found)| *found.name == *model)?;
        let (mut applications, mut saas, mut offers) = (Map::new(), Map::new(), Map::new());
        for application in &found.applications {
            let app = juju.application(*application);
            match &app.kind {
                ApplicationKind::Local => {
                    let exported = self.exported(*application, found.kubernetes);
                    applications.insert(app.name.to_string(), exported);
                    offers.extend(overlay(app));
                }
                ApplicationKind::Saas { url, .. } => {
                    saas.insert(app.name.to_string(), json!({ "url": &**url }));
                }
                ApplicationKind::Consumer { .. } => {}
            }
        }
        let mut bundle = Map::new();
        if found.kubernetes {
            bundle.insert("bundle".to_owned(), json!("kubernetes"));
        }
        if !saas.is_empty() {
            bundle.insert("saas".to_owned(), saas.into());
        }
        bundle.insert("applications".to_owned(), applications.into());
        if !found.kubernetes {
            bundle.insert("machines".to_owned(), self.exported_machines(id));
        }
        bundle.insert("relations".to_owned(), self.exported_relations(id));
        let mut documents = vec![Value::Object(bundle)];
        if !offers.is_empty() {
            documents.push(json!({ "applications": offers }));
        }
        Some(documents)
    }

    fn exported(&self, id: ApplicationId, kubernetes: bool) -> Value {
        let juju = self.juju();
        let application = juju.application(id);
        let index = self.spec_of(id);
        let spec = index.map(|index| &self.deployment().applications[index]);
        let mut exported = json!({ "charm": &*application.charm });
        let now = self.version_now(id);
        if let Some(channel) = now.channel {
            exported["channel"] = json!(channel);
        }
        if let Some(revision) = now.revision {
            exported["revision"] = json!(revision);
        }
        let count = application.units.len();
        match (application.subordinate, kubernetes) {
            (true, _) => {}
            (false, true) => exported["scale"] = json!(count),
            (false, false) => {
                exported["num_units"] = json!(count);
                exported["to"] = self.placements(application);
                exported["bindings"] = self.bindings(id);
            }
        }
        let defaults = &application.config_defaults;
        let set = application.config.value.iter();
        let set = set.filter(|(name, value)| defaults.get(*name) != Some(*value));
        let typed = set.map(|(name, value)| {
            let option = spec.and_then(|spec| spec.charm.options.get(name));
            (
                name.clone(),
                option_value(value, option.map(|option| &*option.kind)),
            )
        });
        let options: Map<String, Value> = typed.collect();
        if !options.is_empty() {
            exported["options"] = options.into();
        }
        exported
    }

    /// The machine of each unit; a container by its host.
    fn placements(&self, application: &Application) -> Value {
        let juju = self.juju();
        let machines = application.units.iter().filter_map(|unit| {
            let machine = &juju.machine(juju.unit(*unit).machine?).id;
            let parts: Vec<&str> = machine.split('/').collect();
            match parts.as_slice() {
                [host, kind, ..] => Some(format!("{kind}:{host}")),
                _ => Some(machine.to_string()),
            }
        });
        json!(machines.collect::<Vec<_>>())
    }

    fn bindings(&self, id: ApplicationId) -> Value {
        let juju = self.juju();
        let endpoints = juju.application(id).endpoints.iter();
        let named = endpoints.map(|info| &*info.name).chain([""]);
        let bound = named.filter(|name| *name != "juju-info");
        let bound = bound.map(|name| (name.to_owned(), juju.space_of(id, name)));
        json!(bound.collect::<BTreeMap<_, _>>())
    }

    /// The machines that are in no other.
    fn exported_machines(&self, model: ModelId) -> Value {
        let machines = self.juju().machines();
        let own =
            machines.filter(|(_, machine)| machine.model == model && !machine.id.contains('/'));
        let own = own.map(|(_, machine)| (machine.id.to_string(), json!({})));
        json!(own.collect::<BTreeMap<_, _>>())
    }

    /// The relations between two applications, in the order in which they were made.
    fn exported_relations(&self, model: ModelId) -> Value {
        let juju = self.juju();
        let name = |end: &End| {
            format!(
                "{}:{}",
                juju.application(end.application).name,
                end.endpoint
            )
        };
        let own = juju.relations().filter(|(id, relation)| {
            // What was removed is kept for the journal.
            let is_there = |end: &End| juju.application(end.application).relations.contains(id);
            let is_consumed = relation.ends.iter().any(|end| {
                let other = juju.application(end.application);
                matches!(other.kind, ApplicationKind::Consumer { .. })
            });
            let is_own = relation.model == model && !relation.is_peer() && !is_consumed;
            is_own && relation.ends.iter().all(is_there)
        });
        let own = own.map(|(_, relation)| relation.ends.iter().map(name).collect::<Vec<_>>());
        json!(own.collect::<Vec<_>>())
    }
}

/// The offers of an application, as the overlay has them.
fn overlay(application: &Application) -> Option<(String, Value)> {
    let offers = application.offers.iter().map(|(name, endpoints)| {
        let endpoints: BTreeSet<&str> = endpoints.iter().map(|endpoint| &**endpoint).collect();
        (name.to_string(), json!({ "endpoints": endpoints }))
    });
    let offers: Map<String, Value> = offers.collect();
    (!offers.is_empty()).then(|| (application.name.to_string(), json!({ "offers": offers })))
}

/// An option is a number or a boolean where the charm says so. A text that is no value of its kind is shown as it is, as Juju
/// would refuse it: the reader sees what the scenario says.
fn option_value(text: &str, kind: Option<&str>) -> Value {
    let typed = match kind {
        Some("int" | "float") => serde_json::from_str(text).ok(),
        Some("boolean") => text.parse().ok().map(Value::Bool),
        _ => None,
    };
    typed.unwrap_or_else(|| json!(text))
}
