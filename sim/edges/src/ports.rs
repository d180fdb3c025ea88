//! At which port an edge is dialled where neither its row nor what is published says it, and by which names.

use crate::edge::{Edge, End, Name, Reason};
use crate::table::listener_rows;
use crate::unseen::is_of;
use trustsim_model::{ApplicationIndex, ApplicationSpec, Deployment, ModelKind, Placement};

/// The port of the listener's charm, or of its option.
pub(crate) fn of_listener(edge: &Edge, deployment: &Deployment) -> Option<u16> {
    let application = &deployment.applications[edge.to.application()?];
    let relation = edge.reasons.first().and_then(|reason| {
        // What comes through an ingress is dialled as that does.
        let relation = match reason {
            Reason::Ingress { ingress, .. } => Some(*ingress),
            reason => reason.relation(),
        };
        relation.map(|index| &deployment.relations[index])
    });
    let mut rows = listener_rows().iter();
    let row = rows.find(|row| {
        // A charm and the units of an application dial what clients do, unless their row says otherwise.
        let is_its = relation.is_none_or(|relation| {
            let mut sides = relation.sides.iter();
            (row.interfaces.is_empty() || row.interfaces.contains(&relation.interface))
                && (row.endpoints.is_empty()
                    || sides.any(|side| row.endpoints.contains(&side.endpoint)))
        });
        is_its && is_of(&application.charm, &row.charms, &row.not_as)
    })?;
    let option = row.option.as_ref();
    if let Some(set) = option.and_then(|option| application.option_value(option)) {
        // What is no port is not known to be one.
        return set.parse().ok();
    }
    let plain = row.plain_port.filter(|_| !edge.transport.is_tls());
    Some(plain.unwrap_or(row.port))
}

impl Edge {
    /// The names or addresses that are dialled, one for each unit where each has its own; empty where they are not known.
    pub fn dialled(&self, deployment: &Deployment) -> Vec<String> {
        let End::Application(index) = self.to else {
            return match &self.name {
                Name::External(Some(name)) => vec![name.clone()],
                _ => Vec::new(),
            };
        };
        let application = &deployment.applications[index];
        let model = &deployment.models[application.model];
        let in_pods = model.kind == ModelKind::Kubernetes;
        let (app, service) = (
            &application.name,
            format!("{}.svc.cluster.local", model.name),
        );
        match &self.name {
            Name::External(Some(name)) => vec![name.clone()],
            Name::External(None) => {
                let fronted = application.load_balancer.as_ref();
                fronted
                    .map(|found| found.address.to_string())
                    .into_iter()
                    .collect()
            }
            Name::Localhost => vec!["localhost".to_owned()],
            Name::Host if in_pods => (0..application.units)
                .map(|number| format!("{app}-{number}.{app}-endpoints.{service}"))
                .collect(),
            Name::Service | Name::IngressAddress if in_pods => vec![format!("{app}.{service}")],
            Name::HeadlessService if in_pods => vec![format!("{app}-endpoints.{service}")],
            Name::Address if in_pods => Vec::new(),
            _ => machine_addresses(self, index, application, deployment),
        }
    }
}

/// The addresses of the units' machines in the space of the endpoint, where they are given.
fn machine_addresses(
    edge: &Edge,
    index: ApplicationIndex,
    application: &ApplicationSpec,
    deployment: &Deployment,
) -> Vec<String> {
    let relation = edge.reasons.first().and_then(|reason| reason.relation());
    let endpoint = relation.and_then(|relation| {
        let mut sides = deployment.relations[relation].sides.iter();
        let own = sides.find(|side| deployment.application_of(side.party) == Some(index));
        own.map(|side| side.endpoint.as_str())
    });
    let bound = |endpoint: &str| application.bindings.get(endpoint);
    let space = endpoint.and_then(bound).or_else(|| bound(""));
    let space = space.map_or("alpha", String::as_str);
    let machines = application
        .placements
        .iter()
        .filter_map(|place| match place {
            Placement::Machine(machine) => Some(&deployment.machines[*machine]),
            Placement::New => None,
        });
    let addresses = machines.filter_map(|machine| machine.addresses.get(space)?.first());
    addresses.map(ToString::to_string).collect()
}
