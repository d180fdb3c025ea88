//! `trustsim show-unit`: what `juju show-unit` would answer at an instant.

use serde_json::{Map, Value, json};

use super::{load, play_until};
use crate::args::ShowUnit;
use crate::console::Console;
use crate::error::CliError;
use crate::output::{data_text, deliver};
use trustsim_files::Access;
use trustsim_world::Deployment;

/// Units of one model are in Juju's shape; of several models, `{"models": {NAME: that shape}}`.
pub(super) fn show_unit(args: &ShowUnit, console: &mut Console<'_>) -> Result<(), CliError> {
    if args.units.is_empty() {
        let playable = load(&args.scenario, &args.play, console)?;
        return Err(CliError::usage("no unit is named").hint(units(&playable.deployment)));
    }
    let (deployment, simulation) =
        play_until(&args.scenario, args.at.as_deref(), &args.play, console)?;
    let mut models: Map<String, Value> = Map::new();
    for name in &args.units {
        let (model, unit) = split_unit_address(name, args.model.as_deref(), &deployment)?;
        let shown = simulation.show_unit(&model, unit).ok_or_else(|| {
            let message = format!("no unit `{unit}` in model `{model}` at that instant");
            CliError::usage(message).hint(units(&deployment))
        })?;
        let units = models.entry(model).or_insert_with(|| json!({}));
        let (Some(units), Value::Object(shown)) = (units.as_object_mut(), shown) else {
            panic!("`juju show-unit` answers with an object of units");
        };
        units.extend(shown);
    }
    let only = match models.len() {
        1 => models.values_mut().next().map(Value::take),
        _ => None,
    };
    let value = only.unwrap_or_else(|| json!({ "models": models }));
    let text = data_text(&value, args.format)?;
    deliver(&text, args.output.as_deref(), Access::Private, console)
}

/// A hint that names the units with which a scenario begins.
fn units(deployment: &Deployment) -> String {
    let applications = deployment.applications.iter_enumerated();
    let units = applications.map(|(index, spec)| {
        let address = deployment.application_address(index);
        match spec.units {
            0 => format!("{address}/0 (a subordinate: one beside each unit that it is related to)"),
            1 => format!("{address}/0"),
            count => format!("{address}/0 to {address}/{}", count - 1),
        }
    });
    let units: Vec<String> = units.collect();
    format!("at the start its units are {}", units.join(", "))
}

/// The model and the unit that `model.app/0` names, or `app/0` where it is clear which model is meant.
pub(super) fn split_unit_address<'a>(
    name: &'a str,
    model: Option<&str>,
    deployment: &Deployment,
) -> Result<(String, &'a str), CliError> {
    let known = |model: &str| deployment.models.iter().any(|each| each.name == model);
    if let Some((model, unit)) = name.split_once('.').filter(|(model, _)| known(model)) {
        return Ok((model.to_owned(), unit));
    }
    let names: Vec<&str> = deployment.models.iter().map(|each| &*each.name).collect();
    match (model, names.as_slice()) {
        (Some(model), _) if known(model) => Ok((model.to_owned(), name)),
        (Some(model), _) => Err(
            CliError::usage(format!("no model `{model}` in the scenario"))
                .hint(format!("its models are {}", names.join(", "))),
        ),
        (None, [only]) => Ok(((*only).to_owned(), name)),
        (None, _) => Err(
            CliError::usage(format!("failed to tell the model of `{name}`"))
                .hint("write it as model.app/0, or name the model with -m"),
        ),
    }
}
