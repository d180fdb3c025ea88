//! `juju show-model MODEL --format json` (juju/juju 3.6 `cmd/juju/common/model.go`).

use serde_json::{Value, json};

use crate::Simulation;

impl Simulation {
    /// What `juju show-model MODEL --format json` would print of the model; `None` for an unknown model.
    pub fn show_model(&self, model: &str) -> Option<Value> {
        let juju = self.juju();
        let (_, found) = juju.models().find(|(_, found)| *found.name == *model)?;
        let controller = found.controller;
        Some(json!({
            "name": format!("{}/{}", found.owner, found.name),
            "short-name": &*found.name,
            "model-uuid": &*found.uuid,
            "model-type": if found.kubernetes { "caas" } else { "iaas" },
            "controller-uuid": juju.controller_uuid(controller),
            "controller-name": &*juju.controller(controller).name,
            "is-controller": false,
            "owner": &*found.owner,
            "cloud": "trustsim",
            "life": "alive",
            "status": {"current": "available"},
            "agent-version": "3.6.0",
        }))
    }
}
