//! Steps where a second provider takes over: relations come and go, whatever charm either is.

use super::{Planned, Planner};
use trustsim_charm_model::Role;
use trustsim_model::{
    Action, ApplicationIndex, Deployment, Party, RelationSpec, RotationStep, Side, TrustChange,
};

/// # Errors
///
/// What is missing for the step, such as an offer of the successor.
pub(super) fn actions(
    planner: &Planner<'_>,
    step: &RotationStep,
    successor: ApplicationIndex,
) -> Result<Planned, String> {
    let old = planner.rotation.ca;
    let name = |index: ApplicationIndex| planner.deployment.application_address(index);
    match step {
        RotationStep::Distribute(change) => {
            let mut planned = Vec::new();
            for relation in relations(planner.deployment, "certificate_transfer", old) {
                if change.except.contains(&relation.sides[1].party) {
                    continue;
                }
                let action = integrate(planner.deployment, relation, successor)?;
                planned.push((planner.at, action));
            }
            planned.extend(planner.to_clients(change, successor, true));
            Ok(planned)
        }
        RotationStep::Withdraw(change) => {
            let mut planned: Planned = relations(planner.deployment, "certificate_transfer", old)
                .filter(|relation| !change.except.contains(&relation.sides[1].party))
                .map(|relation| (planner.at, remove(relation)))
                .collect();
            planned.extend(planner.to_clients(change, old, false));
            Ok(planned)
        }
        RotationStep::SwitchIssuer { .. } => exchange(planner, None, successor),
        RotationStep::RollBack => exchange(planner, Some(successor), old),
        RotationStep::Prepare { .. } => Err(format!(
            "{} is a CA of its own: there is nothing to prepare",
            name(successor)
        )),
        RotationStep::CrossSign => Err(format!(
            "{} does not sign the key of {}",
            name(old),
            name(successor)
        )),
        RotationStep::ReIssue { .. } => {
            Err("a requirer that is related to another CA asks it by itself".to_owned())
        }
        RotationStep::Reload { .. } | RotationStep::Hold(_) | RotationStep::Assert(_) => {
            Ok(Vec::new())
        }
    }
}

/// Every `tls-certificates` relation that the old CA had goes, and one with `comes` takes its place
/// once Juju has removed it. `now_with` is who has it now, if no longer the old CA.
fn exchange(
    planner: &Planner<'_>,
    now_with: Option<ApplicationIndex>,
    comes: ApplicationIndex,
) -> Result<Planned, String> {
    let (deployment, at) = (planner.deployment, planner.at);
    let mut planned = Vec::new();
    for relation in relations(deployment, "tls-certificates", planner.rotation.ca) {
        let gone = match now_with {
            None => remove(relation),
            Some(other) => match integrate(deployment, relation, other)? {
                Action::Integrate { model, sides } => Action::RemoveRelation { model, sides },
                other => unreachable!("`integrate` makes {other:?}"),
            },
        };
        planned.push((at, gone));
        // Until nothing is left of a relation, Juju lets no other take its place.
        let come = integrate(deployment, relation, comes)?;
        planned.push((at + TrustChange::LAG, come));
    }
    Ok(planned)
}

fn relations<'a>(
    deployment: &'a Deployment,
    interface: &'static str,
    provider: ApplicationIndex,
) -> impl Iterator<Item = &'a RelationSpec> {
    deployment.relations.iter().filter(move |relation| {
        relation.interface == interface
            && deployment.application_of(relation.sides[0].party) == Some(provider)
    })
}

fn remove(relation: &RelationSpec) -> Action {
    Action::RemoveRelation {
        model: relation.model,
        sides: relation.sides.clone(),
    }
}

/// The requirer of `relation` with the same kind of endpoint of another provider.
fn integrate(
    deployment: &Deployment,
    relation: &RelationSpec,
    provider: ApplicationIndex,
) -> Result<Action, String> {
    assert_eq!(
        relation.sides[1].role,
        Role::Requirer,
        "the requirer of a relation comes second"
    );
    let charm = &deployment.applications[provider].charm;
    let address = deployment.application_address(provider);
    let endpoint = charm
        .endpoints
        .iter()
        .find(|each| each.role == Role::Provider && each.interface == relation.interface)
        .ok_or_else(|| format!("{address} does not provide {}", relation.interface))?;
    let party = if deployment.applications[provider].model == relation.model {
        Party::Application(provider)
    } else {
        let consumed = deployment.saas.position(|saas| {
            let offer = &deployment.offers[saas.offer];
            saas.model == relation.model
                && offer.application == provider
                && offer.endpoints.contains(&endpoint.name)
        });
        Party::Saas(consumed.ok_or_else(|| {
            let model = &deployment.models[relation.model].name;
            format!("model {model} does not consume {address}:{}", endpoint.name)
        })?)
    };
    let provides = Side {
        party,
        endpoint: endpoint.name.clone(),
        role: Role::Provider,
    };
    Ok(Action::Integrate {
        model: relation.model,
        sides: [provides, relation.sides[1].clone()],
    })
}
