//! `trustsim record`: the hooks of units, with what each one saw and left behind.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Ready, data, deliver, load, progress, show_unit};
use crate::args::Record;
use crate::console::Console;
use crate::engine::Engine;
use crate::error::CliError;
use crate::moment;
use trustsim_kernel::Time;

/// `{"scenario": NAME, "hooks": [HOOK, ...]}`, in the order in which the hooks began.
pub(super) fn record(
    args: &Record,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let Ready {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, engine, console)?;
    let from = match &args.from {
        Some(text) => moment::instant("--from", Some(text), &deployment)?,
        None => deployment.start,
    };
    let until = moment::instant("--until", args.until.as_deref(), &deployment)?;
    let mut simulation = engine.start(Arc::clone(&deployment), options)?;
    if args.units.is_empty() {
        simulation.record_all();
    }
    for name in &args.units {
        let (model, unit) = show_unit::split(name, args.model.as_deref(), &deployment)?;
        if !simulation.record(&format!("{model}.{unit}")) {
            let known: Vec<String> = (0..deployment.applications.len())
                .map(|index| deployment.application_address(index))
                .collect();
            return Err(CliError::usage(format!(
                "no application of the unit `{unit}` in model `{model}`"
            ))
            .hint(format!("the applications are {}", known.join(", "))));
        }
    }
    progress::play(
        simulation.as_mut(),
        deployment.start,
        until,
        console.progress,
    );
    let mut hooks = simulation.recording();
    hooks.retain(|hook| began(hook).is_none_or(|at| at >= from));
    let value = json!({ "scenario": deployment.name, "hooks": hooks });
    let text = data(&value, args.format)?;
    deliver(&text, args.output.as_deref(), console)
}

fn began(hook: &Value) -> Option<Time> {
    Time::parse(hook["at"].as_str()?).ok()
}
