//! `trustsim record`: the hooks of units, with what each one saw and left behind.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Playable, load, progress, show_unit};
use crate::args::Record;
use crate::console::Console;
use crate::error::CliError;
use crate::instant;
use crate::output::{data_text, deliver};
use trustsim_kernel::Time;
use trustsim_world::Simulation;

/// `{"scenario": NAME, "hooks": [HOOK, ...]}`, in the order in which the hooks began.
pub(super) fn record(args: &Record, console: &mut Console<'_>) -> Result<(), CliError> {
    let Playable {
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
    for name in &args.units {
        let (model, unit) = show_unit::split(name, args.model.as_deref(), &deployment)?;
        if !simulation.record(&format!("{model}.{unit}")) {
            let known: Vec<String> = deployment
                .applications
                .keys()
                .map(|index| deployment.application_address(index))
                .collect();
            return Err(CliError::usage(format!(
                "no application of the unit `{unit}` in model `{model}`"
            ))
            .hint(format!("the applications are {}", known.join(", "))));
        }
    }
    progress::play(&mut simulation, deployment.start, until, console.progress);
    let mut hooks = simulation.recording();
    hooks.retain(|hook| began(hook) >= from);
    let value = json!({ "scenario": deployment.name, "hooks": hooks });
    let text = data_text(&value, args.format)?;
    deliver(&text, args.output.as_deref(), console)
}

/// When a recorded hook began. A recording is JSON, so its instants are texts.
fn began(hook: &Value) -> Time {
    let at = hook["at"].as_str();
    let at = at.expect("a recorded hook says when it began");
    Time::parse(at).expect("a recording has its instants in RFC 3339")
}
