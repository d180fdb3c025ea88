//! Steps of a CA in a real charm: what its charm offers and nothing else. It sends its CA to
//! everything that is related to it by itself, and takes none back.

use std::collections::BTreeMap;

use super::{Planned, Planner};
use trustsim_model::{Action, RotationStep};

/// # Errors
///
/// Why this charm cannot do the step.
pub(super) fn actions(planner: &Planner<'_>, step: &RotationStep) -> Result<Planned, String> {
    let application = planner.rotation.ca;
    let charm = &planner.deployment.applications[application].charm;
    let name = &charm.name;
    let wrong = |why: &str| Err(format!("the charm `{name}` {why}"));
    match step {
        RotationStep::SwitchIssuer { options } if !options.is_empty() => {
            let options = options.clone();
            let action = Action::SetConfig {
                application,
                options,
            };
            Ok(vec![(planner.at, action)])
        }
        RotationStep::SwitchIssuer { .. } => {
            let names = charm.rotation_actions();
            if names.is_empty() {
                return wrong("has no action that rotates its CA: give the options that do");
            }
            let run = |name: &str| Action::RunAction {
                application,
                unit: None,
                name: name.to_owned(),
                parameters: BTreeMap::new(),
            };
            let runs = names.into_iter().map(|name| (planner.at, run(name)));
            Ok(runs.collect())
        }
        // Its relations carry what the charm sends; people outside copy what they can read.
        RotationStep::Distribute(change) | RotationStep::Withdraw(change) => {
            Ok(planner.to_clients(change, application, true))
        }
        RotationStep::Prepare { .. } => wrong("uses a new CA as soon as it has made it"),
        RotationStep::CrossSign => wrong("does not cross-sign"),
        RotationStep::ReIssue { .. } => wrong("signs again by itself when its CA changes"),
        RotationStep::RollBack => wrong("has forgotten the key of the old CA"),
        RotationStep::Reload { .. } | RotationStep::Hold(_) | RotationStep::Assert(_) => {
            Ok(Vec::new())
        }
    }
}
