//! A second provider beside one that is there: the same charm with the same options, offered and
//! consumed wherever the first one is, and related to none of the applications that it serves.

use trustsim_diagnosis::Command;
use trustsim_whatif::appoint;
use trustsim_world::{
    ApplicationIndex, ApplicationSpec, Deployment, OfferSpec, Party, RelationSpec, SaasSpec,
};

/// A deployment with a second provider.
pub(super) struct WithSuccessor {
    pub(super) deployment: Deployment,
    /// Which application it is.
    pub(super) index: ApplicationIndex,
    /// What an operator types for it, in the forms of `juju deploy`, `offer` and `consume`.
    pub(super) commands: Vec<Command>,
}

/// Deploys the second provider.
pub(super) fn with_successor(deployment: &Deployment, ca: ApplicationIndex) -> WithSuccessor {
    let mut with = deployment.clone();
    let index = with.applications.next_key();
    let mut spec = deployment.applications[ca].clone();
    spec.name = deployment.free_local_name(spec.model, &[&format!("{}-next", spec.name)]);
    spec.placements.clear();
    let mut commands = vec![deploy(deployment, &spec)];
    let name = spec.name.clone();
    with.applications.push(spec);
    let mut is_attended = false;
    for operator in &mut with.operators {
        if operator.answers.contains(&ca) {
            operator.answers.push(index);
            is_attended = true;
        }
    }
    // An action of the plan may have done what the first one waited for: for the second one an operator does it.
    let need = deployment.applications[ca].charm.implementation.operator;
    let is_alone = need.is_some_and(|need| !need.signs) && !is_attended;
    let attended = is_alone.then(|| appoint(&mut with, index));
    offer(deployment, &mut with, ca, index, &mut commands);
    let of_its_own = deployment
        .relations
        .iter()
        .filter(|relation| relation.sides[1].party == Party::Application(ca));
    for relation in of_its_own {
        let mut copy: RelationSpec = relation.clone();
        copy.sides[1].party = Party::Application(index);
        let [left, right] = &copy.sides;
        commands.push(Command::Integrate {
            model: deployment.models[copy.model].name.clone(),
            endpoints: [
                deployment.side_name(left),
                format!("{name}:{}", right.endpoint),
            ],
        });
        with.relations.push(copy);
    }
    commands.extend(attended);
    WithSuccessor {
        deployment: with,
        index,
        commands,
    }
}

/// Every offer of the first one, and every use of it, with the second one behind.
fn offer(
    deployment: &Deployment,
    with: &mut Deployment,
    ca: ApplicationIndex,
    successor: ApplicationIndex,
    commands: &mut Vec<Command>,
) {
    let home = deployment.applications[ca].model;
    let model = &deployment.models[home];
    let name = with.applications[successor].name.clone();
    let controller = &deployment.controllers[model.controller].name;
    for (number, known) in deployment.offers.iter_enumerated() {
        if known.application != ca {
            continue;
        }
        let copy = OfferSpec {
            name: with.free_offer_name(home, &[&format!("{}-next", known.name)]),
            application: successor,
            endpoints: known.endpoints.clone(),
        };
        commands.push(Command::Offer {
            controller: None,
            model: model.name.clone(),
            application: name.clone(),
            endpoints: copy.endpoints.clone(),
            name: copy.name.clone(),
        });
        for saas in deployment.saas.iter().filter(|saas| saas.offer == number) {
            let here = &deployment.models[saas.model];
            let is_foreign = here.controller != model.controller;
            let alias = with.free_local_name(saas.model, &[&format!("{}-next", saas.name)]);
            commands.push(Command::Consume {
                model: here.name.clone(),
                controller: is_foreign.then(|| controller.clone()),
                owner: model.owner.clone(),
                offer_model: model.name.clone(),
                offer: copy.name.clone(),
                alias: Some(alias.clone()),
            });
            with.saas.push(SaasSpec {
                model: saas.model,
                name: alias,
                offer: with.offers.next_key(),
            });
        }
        with.offers.push(copy);
    }
}

fn deploy(deployment: &Deployment, spec: &ApplicationSpec) -> Command {
    let options = spec.options.iter();
    Command::Deploy {
        model: deployment.models[spec.model].name.clone(),
        charm: spec.charm.name.clone(),
        name: spec.name.clone(),
        channel: spec.channel.clone(),
        units: spec.units,
        options: options
            .map(|(option, value)| (option.clone(), value.clone()))
            .collect(),
    }
}
