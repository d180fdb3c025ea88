//! One file a command.

mod again;
mod audit;
mod check;
mod explain;
mod export;
mod forecast;
mod judge;
mod record;
mod rehearse;
mod run;
mod show_unit;
mod status;
mod why;

use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;
use serde_json::Value;

use super::args::{Cli, Command, DataFormat, Format, Play, Rehearse};
use super::console::Console;
use super::engine::{Engine, Simulation};
use super::error::{CliError, ErrorKind};
use super::{Exit, moment, progress};
use again::{Ready, load};
use trustsim_report::{Sheet, sheets_json, write_folder};
use trustsim_world::Deployment;

pub(super) fn dispatch(
    cli: &Cli,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<Exit, CliError> {
    match &cli.command {
        Command::Run(args) => return run::run(args, cli.globals.verbose, engine, console),
        Command::Rehearse(Rehearse::Rotation(args)) => {
            return rehearse::rotation(args, engine, console);
        }
        Command::Check(args) => return check::check(args, engine, console),
        Command::Forecast(args) => forecast::forecast(args, engine, console)?,
        Command::Audit(args) => audit::audit(args, engine, console)?,
        Command::Why(args) => why::why(args, engine, console)?,
        Command::Status(args) => status::status(args, engine, console)?,
        Command::ShowUnit(args) => show_unit::show_unit(args, engine, console)?,
        Command::Export(args) => export::export(args, engine, console)?,
        Command::Record(args) => record::record(args, engine, console)?,
        Command::Judge(args) => judge::judge(args, console)?,
        Command::Explain(args) => explain::explain(args, engine, console)?,
        Command::Schema(args) => {
            let text = data(&engine.schema()?, DataFormat::Json)?;
            deliver(&text, args.output.as_deref(), console)?;
        }
        Command::Completion(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "trustsim", &mut script);
            console.print(&String::from_utf8_lossy(&script))?;
        }
    }
    Ok(Exit::Held)
}

/// Plays a scenario up to an instant.
fn play_until(
    path: &Path,
    at: Option<&str>,
    play: &Play,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(Arc<Deployment>, Box<dyn Simulation>), CliError> {
    let Ready {
        deployment,
        options,
        ..
    } = load(path, play, engine, console)?;
    let until = moment::instant("--at", at, &deployment)?;
    let mut simulation = engine.start(Arc::clone(&deployment), options)?;
    progress::play(
        simulation.as_mut(),
        deployment.start,
        until,
        console.progress,
    );
    Ok((deployment, simulation))
}

/// Sheets into a folder where one is named, and onto standard output: as `text`, which tables for
/// people have, or as JSON or YAML.
fn sheets(
    all: &[Sheet],
    text: Option<String>,
    format: Format,
    output: Option<&Path>,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    if let Some(folder) = output {
        let files: Vec<_> = all.iter().map(Sheet::csv).collect();
        write_folder(folder, &files).map_err(|error| {
            CliError::new(ErrorKind::Io, "failed to write the sheets").caused_by(error)
        })?;
    }
    let format = match (text, format) {
        (Some(text), _) => return console.print(&text),
        (None, Format::Yaml) => DataFormat::Yaml,
        (None, Format::Json | Format::Tabular) => DataFormat::Json,
    };
    console.print(&data(&sheets_json(all), format)?)
}

/// A value as text, with a line break at its end.
fn data(value: &Value, format: DataFormat) -> Result<String, CliError> {
    let text = match format {
        DataFormat::Json => serde_json::to_string_pretty(value).map_err(|error| error.to_string()),
        DataFormat::Yaml => serde_saphyr::to_string(value).map_err(|error| error.to_string()),
    };
    let text = text.map_err(|error| {
        CliError::new(ErrorKind::Io, "failed to write the answer as text").caused_by(error)
    })?;
    Ok(format!("{}\n", text.trim_end()))
}

/// Onto standard output or, whole or not at all, into a file.
fn deliver(text: &str, output: Option<&Path>, console: &mut Console<'_>) -> Result<(), CliError> {
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        return console.print(text);
    };
    let name = path.file_name().ok_or_else(|| {
        CliError::usage(format!(
            "failed to write `{}`: it names no file",
            path.display()
        ))
    })?;
    let failed = |error| {
        CliError::new(
            ErrorKind::Io,
            format!("failed to write `{}`", path.display()),
        )
        .caused_by(Box::<dyn std::error::Error + Send + Sync>::from(error))
    };
    let partial = path.with_file_name(format!(".{}.partial", name.to_string_lossy()));
    let written = std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, path));
    if written.is_err() {
        // The first error is the one that says something.
        let _ = std::fs::remove_file(&partial);
    }
    written.map_err(failed)
}
