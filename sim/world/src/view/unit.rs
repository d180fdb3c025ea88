//! `juju show-unit --format json` (juju/juju 3.6 `cmd/juju/application/showunit.go`): the only
//! place where the command line shows databags.

use serde_json::{Map, Value, json};

use crate::Simulation;
use trustsim_juju::{ApplicationKind, Bag, End, Life, Relation, RelationId, UnitId};

impl Simulation {
    /// What `juju show-unit -m MODEL UNIT --format json` would print now; `None` for an unknown
    /// model or unit.
    pub fn show_unit(&self, model: &str, unit: &str) -> Option<Value> {
        let juju = self.juju();
        let (id, found) = juju.units().find(|(_, candidate)| {
            let application = juju.application(candidate.application);
            *candidate.name == *unit
                && *juju.model(application.model).name == *model
                && application.kind == ApplicationKind::Local
        })?;
        let application = juju.application(found.application);
        let relations: Vec<Value> = application
            .relations
            .iter()
            .filter_map(|relation| self.relation_info(id, *relation))
            .collect();
        let mut shown = json!({
            "opened-ports": [],
            "charm": &*application.charm,
            "leader": application.lease.holder == Some(id),
            "life": if found.agent.as_ref().is_some_and(|agent| agent.dying) { "dying" } else { "alive" },
            "relation-info": relations,
        });
        if let Some(machine) = found.machine {
            shown["machine"] = json!(&*juju.machine(machine).id);
            shown["public-address"] = json!(&*found.address.value);
        } else {
            shown["provider-id"] = json!(unit.replace('/', "-"));
            shown["address"] = json!(&*found.address.value);
        }
        Some(json!({ unit: shown }))
    }

    /// Names of all units of a model, in order.
    pub fn unit_names(&self, model: &str) -> Vec<String> {
        let juju = self.juju();
        let units = juju.units().filter(|(_, unit)| {
            let application = juju.application(unit.application);
            *juju.model(application.model).name == *model
                && application.kind == ApplicationKind::Local
        });
        units.map(|(_, unit)| unit.name.to_string()).collect()
    }

    fn relation_info(&self, unit: UnitId, id: RelationId) -> Option<Value> {
        let juju = self.juju();
        let relation: &Relation = juju.relation(id);
        if relation.life == Life::Removed {
            return None;
        }
        let own = relation.end_of(juju.unit(unit).application)?;
        let remote = relation.opposite(own);
        let mut info = json!({
            "relation-id": relation.number,
            "endpoint": &*relation.ends[own].endpoint,
        });
        if relation.link.is_some() {
            info["cross-model"] = json!(true);
        }
        info["related-endpoint"] = json!(&*remote.endpoint);
        info["application-data"] = bag(&remote.bag.value);
        info["local-unit"] = member(&relation.ends[own], unit);
        let related: Map<String, Value> = remote
            .units
            .keys()
            .filter(|other| **other != unit)
            .map(|other| (juju.unit(*other).name.to_string(), member(remote, *other)))
            .collect();
        if !related.is_empty() {
            info["related-units"] = related.into();
        }
        Some(info)
    }
}

fn member(end: &End, unit: UnitId) -> Value {
    match end.units.get(&unit) {
        Some(member) => json!({"in-scope": member.in_scope, "data": bag(&member.bag.value)}),
        None => json!({"in-scope": false, "data": null}),
    }
}

fn bag(bag: &Bag) -> Value {
    let pairs: Map<String, Value> = bag
        .iter()
        .map(|(key, value)| (key.to_owned(), json!(value.text())))
        .collect();
    pairs.into()
}
