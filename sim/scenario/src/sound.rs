//! What holds of every deployment that a scenario resolves to: the invariants on which the world and
//! the diagnosis rest. A broken one is a mistake of this crate, not of the scenario.

use std::collections::BTreeSet;

use trustsim_charms::Role;
use trustsim_model::{
    Action, ConnectionSpec, Deployment, Party, Placement, RelationSpec, Timings, When,
};

/// Panics where the deployment breaks an invariant.
pub(crate) fn assert_sound(deployment: &Deployment) {
    assert!(
        !deployment.controllers.is_empty(),
        "a deployment has a controller"
    );
    for model in &deployment.models {
        let controller = deployment.controllers.get(model.controller);
        assert!(controller.is_some(), "{} has a controller", model.name);
    }
    for application in &deployment.applications {
        let name = &application.name;
        assert!(
            deployment.models.get(application.model).is_some(),
            "{name} is in a model"
        );
        assert!(
            application.placements.len() <= application.units as usize,
            "{name} has no more placements than units"
        );
        for placement in &application.placements {
            if let Placement::Machine(machine) = placement {
                let model = deployment
                    .machines
                    .get(*machine)
                    .map(|machine| machine.model);
                assert_eq!(
                    model,
                    Some(application.model),
                    "a unit of {name} is on a machine of its model"
                );
            }
        }
        assert!(
            !application.charm.subordinate || application.units == 0,
            "the subordinate {name} has no units of its own"
        );
    }
    for offer in &deployment.offers {
        let spec = &deployment.applications[offer.application];
        for endpoint in &offer.endpoints {
            let known = spec.charm.endpoint(endpoint).is_some() || endpoint == "juju-info";
            assert!(
                known,
                "the offer {} is of an endpoint of {}",
                offer.name, spec.name
            );
        }
    }
    for saas in &deployment.saas {
        assert!(
            deployment.models.get(saas.model).is_some(),
            "the SAAS {} is in a model",
            saas.name
        );
        assert!(
            deployment.offers.get(saas.offer).is_some(),
            "the SAAS {} has an offer",
            saas.name
        );
    }
    for relation in &deployment.relations {
        assert_relation(deployment, relation);
    }
    for connection in &deployment.connections {
        assert_connection(deployment, connection);
    }
    assert_actions(deployment);
    assert_people(deployment);
    assert_timings(&deployment.timings);
}

fn assert_actions(deployment: &Deployment) {
    assert!(
        deployment.actions.is_sorted_by_key(|timed| timed.at),
        "actions are in order of time"
    );
    for timed in &deployment.actions {
        if let Action::Integrate { model, sides } | Action::RemoveRelation { model, sides } =
            &timed.action
        {
            let interface = String::new();
            let (model, sides) = (*model, sides.clone());
            assert_relation(
                deployment,
                &RelationSpec {
                    model,
                    sides,
                    interface,
                },
            );
        }
        // Panics where it names what is not in the deployment.
        let command = timed.action.to_command(deployment).to_string();
        assert!(!command.is_empty(), "{:?} has words", timed.action);
    }
    for rotation in &deployment.rotations {
        let application = deployment.applications.get(rotation.ca);
        assert!(application.is_some(), "a rotation is of a CA");
        assert!(
            rotation.steps.iter().all(|step| step.at >= rotation.at),
            "no step of a rotation comes before it begins"
        );
    }
}

fn assert_people(deployment: &Deployment) {
    for client in &deployment.clients {
        let mut trusts = client.trusts.iter();
        assert!(
            trusts.all(|ca| deployment.applications.get(*ca).is_some()),
            "{} trusts CAs of the deployment",
            client.name
        );
        assert!(
            client.refresh.is_none_or(|refresh| !refresh.is_zero()),
            "{} has time between its refreshes",
            client.name
        );
    }
    let mut answered = BTreeSet::new();
    for operator in &deployment.operators {
        for application in &operator.answers {
            assert!(
                answered.insert(*application),
                "{} is looked after by one operator",
                deployment.application_address(*application)
            );
        }
        if let When::At(rounds) = &operator.when {
            assert!(
                rounds.is_sorted(),
                "{} comes in order of time",
                operator.name
            );
        }
    }
}

fn assert_timings(timings: &Timings) {
    assert!(
        timings.hook_min <= timings.hook_max,
        "the shortest hook is no longer than the longest"
    );
    assert!(
        timings.provision_min <= timings.provision_max,
        "the shortest provisioning is no longer than the longest"
    );
}

fn assert_relation(deployment: &Deployment, relation: &RelationSpec) {
    let [provider, requirer] = &relation.sides;
    let name = || {
        let sides = [provider, requirer].map(|side| deployment.side_name(side));
        sides.join(" with ")
    };
    assert_eq!(
        (provider.role, requirer.role),
        (Role::Provider, Role::Requirer),
        "the provider of {} comes first",
        name()
    );
    for side in &relation.sides {
        let model = match side.party {
            Party::Application(index) => deployment.applications[index].model,
            Party::Saas(index) => deployment.saas[index].model,
            Party::Client(_) => panic!("a client has no relation: {}", name()),
        };
        assert_eq!(
            model,
            relation.model,
            "both sides of {} are in its model",
            name()
        );
    }
}

fn assert_connection(deployment: &Deployment, connection: &ConnectionSpec) {
    let server = deployment.application_address(connection.to);
    assert!(
        !connection.every.is_zero(),
        "attempts at {server} have time between them"
    );
    match connection.from {
        Party::Application(index) => assert!(
            deployment.applications.get(index).is_some(),
            "the client of {server} is an application"
        ),
        Party::Client(index) => assert!(
            deployment.clients.get(index).is_some(),
            "the client of {server} is in the deployment"
        ),
        Party::Saas(_) => panic!("a SAAS connects to {server}"),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;

    use super::*;
    use crate::{MemoryFiles, load};

    const SHOP: &str = "models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      web: {charm: traefik-k8s}
    relations:
      - [web:certificates, ca:certificates]
clients: {browser: {trusts: [ca]}}
connections: [{from: browser, to: web}]
";

    fn breaks(change: impl FnOnce(&mut Deployment)) -> bool {
        let files = MemoryFiles::new([("s.yaml", SHOP)]);
        let loaded = load(Path::new("s.yaml"), &files).expect("a sound scenario");
        let mut deployment = loaded.deployment;
        change(&mut deployment);
        catch_unwind(AssertUnwindSafe(|| assert_sound(&deployment))).is_err()
    }

    #[test]
    fn each_broken_invariant_is_seen() {
        assert!(!breaks(|_| {}));
        assert!(breaks(|deployment| deployment.controllers.clear()));
        assert!(breaks(
            |deployment| deployment.models.raw[0].controller = 7.into()
        ));
        assert!(breaks(
            |deployment| deployment.applications.raw[1].model = 7.into()
        ));
        let beyond = vec![Placement::New, Placement::New];
        assert!(breaks(
            |deployment| deployment.applications.raw[1].placements = beyond
        ));
        assert!(breaks(|deployment| {
            deployment.applications.raw[1].placements = vec![Placement::Machine(0.into())];
        }));
        assert!(breaks(|deployment| deployment.relations.raw[0]
            .sides
            .reverse()));
        assert!(breaks(
            |deployment| deployment.relations.raw[0].model = 7.into()
        ));
        assert!(breaks(|deployment| {
            deployment.clients.raw[0].trusts = vec![7.into()];
        }));
        assert!(breaks(|deployment| {
            deployment.timings.hook_min = deployment.timings.hook_max * 2;
        }));
        assert!(breaks(|deployment| {
            deployment.timings.provision_min = deployment.timings.provision_max * 2;
        }));
        assert!(breaks(|deployment| {
            deployment.clients.raw[0].refresh = Some(trustsim_kernel::Span::ZERO);
        }));
        assert!(breaks(|deployment| {
            deployment.connections.raw[0].every = trustsim_kernel::Span::ZERO;
        }));
        assert!(breaks(
            |deployment| deployment.connections.raw[0].from = Party::Client(7.into())
        ));
    }
}
