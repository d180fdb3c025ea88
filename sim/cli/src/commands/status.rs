//! `trustsim status`: what `juju status` would answer at an instant.

use serde_json::{Map, Value, json};

use super::play_until;
use crate::args::Status;
use crate::console::Console;
use crate::error::CliError;
use crate::output::{deliver, render};
use trustsim_files::Access;
use trustsim_report::juju::status_tables;

/// One model is in Juju's shape; several are `{"models": {NAME: that shape}}`.
pub(super) fn status(args: &Status, console: &mut Console<'_>) -> Result<(), CliError> {
    let (deployment, simulation) =
        play_until(&args.scenario, args.at.as_deref(), &args.play, console)?;
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
    let tables = || {
        let tables: Vec<String> = models.values().map(status_tables).collect();
        tables.join("\n")
    };
    let text = render(args.format, tables, || one_or_by_name(models.clone()))?;
    deliver(&text, args.output.as_deref(), Access::Shared, console)
}

/// The status of an only model, or the status of each by its name.
fn one_or_by_name(mut models: Map<String, Value>) -> Value {
    let only = match models.len() {
        1 => models.values_mut().next().map(Value::take),
        _ => None,
    };
    only.unwrap_or_else(|| json!({ "models": models }))
}
