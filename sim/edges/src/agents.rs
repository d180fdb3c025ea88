//! What dials a controller: the agents of each model, and controllers whose models consume offers of others. It is TLS by
//! a CA of Juju's own, which no charm issues, renews or is given, so that no relation, certificate or CA of a deployment
//! is part of it.

use std::collections::BTreeSet;

use trustsim_model::{ControllerIndex, Deployment, ModelIndex};

/// The name under which every agent checks its controller: juju/juju 1c91c54f, `api/apiclient.go`.
pub const CONTROLLER_NAME: &str = "juju-apiserver";

/// Where that is read: an agent checks by the one `cacert` of its `agent.conf`; a controller by the CA that came with the
/// offer when it was consumed.
pub const CONTROLLER_SOURCE: &str =
    "juju/juju 1c91c54f api/apiclient.go, agent/agent.go, core/crossmodel/externalcontroller.go";

/// Dials a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ControllerEdge {
    /// The agents of a model.
    Agents(ModelIndex, ControllerIndex),
    /// A controller of which a model consumes an offer of the other.
    Controller(ControllerIndex, ControllerIndex),
}

/// Each once, in order.
pub fn controller_edges(deployment: &Deployment) -> BTreeSet<ControllerEdge> {
    let applications = deployment.applications.iter();
    let models = applications.filter(|application| application.units > 0);
    let agents = models.map(|application| {
        let model = application.model;
        ControllerEdge::Agents(model, deployment.models[model].controller)
    });
    let consumers = deployment.saas.iter().filter_map(|saas| {
        let offered = deployment.offers[saas.offer].application;
        let ends = [saas.model, deployment.applications[offered].model];
        let [from, to] = ends.map(|model| deployment.models[model].controller);
        (from != to).then_some(ControllerEdge::Controller(from, to))
    });
    agents.chain(consumers).collect()
}
