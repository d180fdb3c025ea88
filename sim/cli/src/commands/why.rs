//! `trustsim why`: why a connection fails at an instant, or what it rests on.

use std::sync::Arc;

use serde_json::Value;

use super::{data, load};
use crate::args::{DataFormat, Format, Why};
use crate::console::Console;
use crate::engine::Engine;
use crate::error::CliError;
use crate::{moment, progress};
use trustsim_diagnosis::{self as diagnosis, Answer, SaidBy, WhyError, said_by_stacks};
use trustsim_report::{self as report, terminal};
use trustsim_world::ExportedConnection;

/// JSON and YAML are a list, one object a connection.
pub(super) fn why(
    args: &Why,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let ready = load(&args.scenario, &args.play, engine, console)?;
    let deployment = Arc::clone(&ready.deployment);
    let at = moment::instant("--at", args.at.as_deref(), &deployment)?;
    let mut simulation = engine.start(Arc::clone(&deployment), ready.options)?;
    progress::play(simulation.as_mut(), deployment.start, at, console.progress);
    let shown = simulation.export();
    // How long it goes on failing, and who came in the end, is known later only.
    let end = deployment.start + deployment.duration;
    progress::play(simulation.as_mut(), at, end, console.progress);
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    ready.is_the_same(journal)?;
    let pair = (args.client.as_str(), args.server.as_str());
    let answers = diagnosis::why(&deployment, &manifest, journal, pair, at).map_err(explain)?;
    let stacks = |answer: &Answer| -> Vec<SaidBy> {
        let of = shown.get(answer.connection as usize);
        of.map_or_else(Vec::new, |connection: &ExportedConnection| {
            said_by_stacks(connection)
        })
    };
    let format = match args.format {
        Format::Tabular => {
            let texts = answers
                .iter()
                .map(|answer| terminal::why(&manifest, journal, answer, &stacks(answer)));
            return console.print(&texts.collect::<Vec<_>>().join("\n"));
        }
        Format::Json => DataFormat::Json,
        Format::Yaml => DataFormat::Yaml,
    };
    let objects = answers
        .iter()
        .map(|answer| report::why(&manifest, journal, answer, &stacks(answer)));
    console.print(&data(&Value::Array(objects.collect()), format)?)
}

fn explain(error: WhyError) -> CliError {
    let hint = match &error {
        WhyError::NoConnection { known, .. } => {
            format!("the scenario watches {}", known.join(", "))
        }
        WhyError::NotYet { .. } => "give a later --at".to_owned(),
    };
    CliError::usage(error.to_string()).hint(hint)
}
