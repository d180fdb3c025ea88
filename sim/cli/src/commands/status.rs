//! `trustsim status`: what `juju status` would answer at an instant.

use serde_json::{Map, Value, json};

use super::{data, deliver, play_until};
use crate::args::{DataFormat, Format, Status};
use crate::console::Console;
use crate::engine::Engine;
use crate::error::CliError;
use trustsim_report::juju::status_tables;

/// One model is in Juju's shape; several are `{"models": {NAME: that shape}}`.
pub(super) fn status(
    args: &Status,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let (deployment, simulation) = play_until(
        &args.scenario,
        args.at.as_deref(),
        &args.play,
        engine,
        console,
    )?;
    let all: Vec<&str> = deployment.models.iter().map(|each| &*each.name).collect();
    let wanted: Vec<&str> = match args.model.is_empty() {
        true => all.clone(),
        false => args.model.iter().map(String::as_str).collect(),
    };
    let mut models = Map::new();
    for name in wanted {
        let status = simulation.status(name).ok_or_else(|| {
            CliError::usage(format!("no model `{name}` in the scenario"))
                .hint(format!("its models are {}", all.join(", ")))
        })?;
        models.insert(name.to_owned(), status);
    }
    let text = match args.format {
        Format::Tabular => {
            let tables: Vec<String> = models.values().map(status_tables).collect();
            tables.join("\n")
        }
        Format::Json => data(&shape(models), DataFormat::Json)?,
        Format::Yaml => data(&shape(models), DataFormat::Yaml)?,
    };
    deliver(&text, args.output.as_deref(), console)
}

fn shape(mut models: Map<String, Value>) -> Value {
    let only = match models.len() {
        1 => models.values_mut().next().map(Value::take),
        _ => None,
    };
    only.unwrap_or_else(|| json!({ "models": models }))
}
