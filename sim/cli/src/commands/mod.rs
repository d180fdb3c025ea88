//! One file a command.

mod ask;
mod audit;
mod charm;
mod charms;
mod check;
mod compare;
mod explain;
mod export;
mod export_bundle;
mod forecast;
mod import;
mod interact;
mod judge;
mod load;
mod own_code;
mod record;
mod recording_text;
mod rehearse;
mod run;
mod show_unit;
mod status;
mod why;

use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;

use super::args::{Cli, Command, DataFormat, Play, Rehearse};
use super::console::Console;
use super::error::{CliError, ErrorKind};
use super::output::{data_text, deliver};
use super::{Exit, instant, progress};
use load::{LoadedScenario, load, say_coverage};
use trustsim_files::Access;
use trustsim_kernel::Time;
use trustsim_report::words;
use trustsim_world::{Address, ApplicationIndex, Deployment, Simulation};

pub(super) fn dispatch(cli: &Cli, console: &mut Console<'_>) -> Result<Exit, CliError> {
    match &cli.command {
        Command::Run(args) => return run::run(args, cli.globals.verbose, console),
        Command::Rehearse(Rehearse::Rotation(args)) => return rehearse::rotation(args, console),
        Command::Check(args) => return check::check(args, cli.globals.verbose, console),
        Command::Ask(args) => ask::ask(args, cli.globals.verbose, console)?,
        Command::Forecast(args) => forecast::forecast(args, console)?,
        Command::Audit(args) => audit::audit(args, console)?,
        Command::Why(args) => why::why(args, console)?,
        Command::Status(args) => status::status(args, console)?,
        Command::ShowUnit(args) => show_unit::show_unit(args, console)?,
        Command::Interact(args) => interact::interact(args, console)?,
        Command::ExportBundle(args) => export_bundle::export_bundle(args, console)?,
        Command::Export(args) => export::export(args, console)?,
        Command::Record(args) => record::record(args, console)?,
        Command::Import(args) => import::import(args, console)?,
        Command::Judge(args) => judge::judge(args, console)?,
        Command::Charms(args) => charms::charms(args, console)?,
        Command::Charm(args) => return charm::charm(args, console),
        Command::Explain(args) => explain::explain(args, console)?,
        Command::Schema(args) => {
            let schema = serde_json::from_str(&trustsim_scenario::schema()).map_err(|error| {
                CliError::new(ErrorKind::Io, "failed to write the schema").caused_by(error)
            })?;
            let text = data_text(&schema, DataFormat::Json)?;
            deliver(&text, args.output.as_deref(), Access::Shared, console)?;
        }
        Command::Completion(args) => {
            let mut script = Vec::new();
            clap_complete::generate(args.shell, &mut Cli::command(), "trustsim", &mut script);
            let script = String::from_utf8(script).expect("a completion script is text");
            console.print_data(&script)?;
        }
    }
    Ok(Exit::Held)
}

/// Plays a scenario up to an instant.
fn play_until(
    path: &Path,
    at: Option<&str>,
    play: &Play,
    console: &mut Console<'_>,
) -> Result<(Arc<Deployment>, Simulation), CliError> {
    let playable = load(path, play, console)?;
    say_coverage(&playable.deployment, console)?;
    let simulation = play_loaded(&playable, at, console)?;
    Ok((playable.deployment, simulation))
}

/// Plays a scenario that was read up to an instant.
fn play_loaded(
    playable: &LoadedScenario,
    at: Option<&str>,
    console: &mut Console<'_>,
) -> Result<Simulation, CliError> {
    let deployment = &playable.deployment;
    let until = instant::parse_instant("--at", at, deployment)?;
    let mut simulation = Simulation::new(Arc::clone(deployment), playable.options);
    play_through(&mut simulation, deployment.start, until, console)?;
    Ok(simulation)
}

/// Plays up to an instant, and says where the run ends before it.
fn play_through(
    simulation: &mut Simulation,
    start: Time,
    until: Time,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    progress::play(simulation, start, until, console.progress);
    own_code::check_played(simulation.deployment())?;
    say_endless(simulation, console)
}

/// Says where a run ended before its end.
fn say_endless(simulation: &Simulation, console: &mut Console<'_>) -> Result<(), CliError> {
    match simulation.endless() {
        Some(found) => console.say(&format!("warning: {}\n", words::endless_loop::line(found))),
        None => Ok(()),
    }
}

/// The application that `model.app`, or `app` of an only model, names.
fn application(deployment: &Deployment, address: &str) -> Result<ApplicationIndex, CliError> {
    let mut all = deployment.applications.keys();
    let is_it = |index: &ApplicationIndex| {
        let full = deployment.application_address(*index);
        let short = &deployment.applications[*index].name;
        full == *address || (deployment.models.len() == 1 && short == address)
    };
    all.find(is_it).ok_or_else(|| {
        let names: Vec<Address> = deployment
            .applications
            .keys()
            .map(|index| deployment.application_address(index))
            .collect();
        CliError::usage(format!("no application `{address}` in the scenario"))
            .hint(format!("its applications are {}", names.join(", ")))
    })
}
