//! `trustsim record`: the hooks of units, with the data that each hook read and wrote.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{LoadedScenario, load, show_unit};
use crate::args::Record;
use crate::console::Console;
use crate::error::CliError;
use crate::instant;
use crate::output::{data_text, deliver};
use trustsim_files::Access;
use trustsim_kernel::Time;
use trustsim_world::{Address, Deployment, Simulation};

/// Writes `{"scenario": NAME, "hooks": [HOOK, ...]}`, with the hooks in the order in which they began.
pub(super) fn record(args: &Record, console: &mut Console<'_>) -> Result<(), CliError> {
    let LoadedScenario {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, console)?;
    let from = match &args.from {
        Some(text) => instant::parse_instant("--from", Some(text), &deployment)?,
        None => deployment.start,
    };
    let until = instant::parse_instant("--until", args.until.as_deref(), &deployment)?;
    let mut simulation = Simulation::new(Arc::clone(&deployment), options);
    if args.units.is_empty() {
        simulation.record_all();
    }
    let mut units = Vec::new();
    for name in &args.units {
        let (model, unit) =
            show_unit::split_unit_address(name, args.model.as_deref(), &deployment)?;
        if !simulation.record(&format!("{model}.{unit}")) {
            let message = format!("model `{model}` has no application for unit `{unit}`");
            return Err(CliError::usage(message).hint(applications(&deployment)));
        }
        units.push((model, unit));
    }
    super::play_through(&mut simulation, deployment.start, until, console)?;
    let mut hooks = simulation.recording();
    for (model, unit) in units {
        let is_its = |hook: &Value| hook["model"] == *model && hook["unit"] == *unit;
        if !hooks.iter().any(is_its) {
            let message = format!("unit `{unit}` of model `{model}` ran no hook until {until}");
            let hint = "the scenario may never have this unit, or have it later";
            return Err(CliError::usage(message).hint(hint));
        }
    }
    hooks.retain(|hook| began(hook) >= from);
    let value = json!({ "scenario": deployment.name, "hooks": hooks });
    let text = data_text(&value, args.format)?;
    deliver(&text, args.output.as_deref(), Access::Private, console)
}

/// When a recorded hook began. A recording is JSON, so its instants are texts.
fn began(hook: &Value) -> Time {
    let at = hook["at"].as_str();
    let at = at.and_then(|at| Time::parse(at).ok());
    at.unwrap_or_else(|| panic!("a recorded hook has no instant at which it began: {hook}"))
}

/// A hint that names the applications of a scenario.
pub(super) fn applications(deployment: &Deployment) -> String {
    let applications = deployment.applications.keys();
    let known: Vec<Address> = applications
        .map(|index| deployment.application_address(index))
        .collect();
    format!("the applications are {}", known.join(", "))
}
