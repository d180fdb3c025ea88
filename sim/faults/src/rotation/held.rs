//! Steps of a CA whose key the operator holds: each is an action of the provider
//! (`generic_charms::DECLARED_PROVIDER`).

use super::{Planned, Planner};
use trustsim_charm_model::{EndpointProfile, Mode};
use trustsim_kernel::{Span, Streams};
use trustsim_model::{Action, ApplicationIndex, Deployment, Party, RotationStep};

const PURPOSE_JITTER: u64 = 0x7265_6973;
const HOUR: Span = Span::from_secs(3_600);

/// The actions of a provider whose key the operator holds by which it is rotated.
const ACTIONS: [&str; 8] = [
    "prepare",
    "distribute",
    "cross-sign",
    "switch-issuer",
    "re-issue",
    "withdraw",
    "roll-back",
    "reissue-certificates",
];

/// The action of such a provider that performs a step, where one does.
const fn action_of(step: &RotationStep) -> Option<&'static str> {
    Some(match step {
        RotationStep::Prepare { .. } => "prepare",
        RotationStep::Distribute(_) => "distribute",
        RotationStep::CrossSign => "cross-sign",
        RotationStep::SwitchIssuer { .. } => "switch-issuer",
        RotationStep::ReIssue { .. } => "re-issue",
        RotationStep::Withdraw(_) => "withdraw",
        RotationStep::RollBack => "roll-back",
        RotationStep::Reload { .. } | RotationStep::Hold(_) | RotationStep::Assert(_) => {
            return None;
        }
    })
}

/// Whether an operator's action is how a provider whose key the operator holds performs a step.
pub fn performs(action: &Action, step: &RotationStep) -> bool {
    matches!(action, Action::RunAction { name, .. } if action_of(step) == Some(name.as_str()))
}

/// Whether an action of this name is a step of a rotation by hand.
pub fn is_step_of_a_rotation(action: &str) -> bool {
    ACTIONS.contains(&action)
}

pub(super) fn actions(planner: &Planner<'_>, step: &RotationStep) -> Planned {
    let ca = planner.rotation.ca;
    let once =
        |name: &str, parameters: &[(&str, String)]| vec![(planner.at, run(ca, name, parameters))];
    match step {
        RotationStep::Prepare {
            same_name,
            same_key,
        } => {
            let set = [("same-name", *same_name), ("same-key", *same_key)];
            let set: Vec<_> = set
                .into_iter()
                .filter(|(_, is_set)| *is_set)
                .map(|(key, _)| (key, "true".to_owned()))
                .collect();
            once("prepare", &set)
        }
        RotationStep::Distribute(change) => {
            let mut planned = once("distribute", &[]);
            planned.extend(planner.to_clients(change, ca, true));
            planned
        }
        RotationStep::Withdraw(change) => {
            let mut planned = once("withdraw", &[]);
            // What a client is given again is what there is then: the old root is not in it.
            planned.extend(planner.to_clients(change, ca, true));
            planned
        }
        RotationStep::CrossSign => once("cross-sign", &[]),
        RotationStep::SwitchIssuer { .. } => once("switch-issuer", &[]),
        RotationStep::RollBack => once("roll-back", &[]),
        RotationStep::ReIssue { jitter, per_hour } => reissue(planner, *jitter, *per_hour),
        RotationStep::Reload { .. } | RotationStep::Hold(_) | RotationStep::Assert(_) => Vec::new(),
    }
}

/// One request after the other, each late by its own draw; the last action takes what is left.
fn reissue(planner: &Planner<'_>, jitter: Span, per_hour: Option<u32>) -> Planned {
    let ca = planner.rotation.ca;
    if jitter.is_zero() && per_hour.is_none() {
        return vec![(planner.at, run(ca, "re-issue", &[]))];
    }
    let streams = Streams::new(planner.deployment.seed);
    let gap = per_hour.map_or(Span::ZERO, |rate| {
        assert!(rate > 0, "certificates are signed again at some rate");
        HOUR / rate
    });
    let count = requesters(planner.deployment, ca);
    let planned = (0..count).map(|number| {
        let key = u64::from(number);
        let late = streams.between(
            PURPOSE_JITTER,
            usize::from(ca) as u64,
            key,
            Span::ZERO,
            jitter,
        );
        let mut parameters = vec![("first", number.to_string())];
        if number + 1 < count {
            parameters.push(("count", "1".to_owned()));
        }
        // Whole seconds: an operator's schedule has no smaller ones.
        let late = Span::from_secs((gap * number + late).as_secs());
        let at = planner.at + late;
        (at, run(ca, "re-issue", &parameters))
    });
    planned.collect()
}

/// How many requests there are, by the units that are related to the CA from the start.
fn requesters(deployment: &Deployment, ca: ApplicationIndex) -> u32 {
    let relations = deployment.relations.iter().filter(|relation| {
        let provider = deployment.application_of(relation.sides[0].party);
        relation.interface == "tls-certificates" && provider == Some(ca)
    });
    let asking = relations.filter_map(|relation| {
        let Party::Application(index) = relation.sides[1].party else {
            return None;
        };
        let spec = &deployment.applications[index];
        let endpoint = spec.charm.endpoint(&relation.sides[1].endpoint)?;
        Some(match &endpoint.profile {
            Some(EndpointProfile::Certificates(profile)) => match profile.mode {
                Mode::Unit => spec.units,
                Mode::App => 1,
                Mode::AppAndUnit => spec.units + 1,
            },
            _ => spec.units,
        })
    });
    // Without any there is still the action, which then signs nothing.
    asking.sum::<u32>().max(1)
}

fn run(application: ApplicationIndex, name: &str, parameters: &[(&str, String)]) -> Action {
    let parameters = parameters.iter();
    let parameters = parameters.map(|(key, value)| ((*key).to_owned(), value.clone()));
    Action::RunAction {
        application,
        unit: None,
        name: name.to_owned(),
        parameters: parameters.collect(),
    }
}
