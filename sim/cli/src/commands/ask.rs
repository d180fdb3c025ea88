//! `trustsim ask`: what can be told of a deployment without playing it.

use crate::args::{Ask, AskOptions};
use crate::console::Console;
use crate::error::CliError;
use crate::output::deliver_tables;
use crate::scenario::load_scenario;
use trustsim_report::terminal::Detail;
use trustsim_report::{self as report, terminal};

pub(super) fn ask(args: &Ask, verbose: bool, console: &mut Console<'_>) -> Result<(), CliError> {
    match args {
        Ask::Edges(args) => edges(args, verbose, console),
    }
}

fn edges(args: &AskOptions, verbose: bool, console: &mut Console<'_>) -> Result<(), CliError> {
    let loaded = load_scenario(&args.scenario, args.variant.as_deref())?;
    console.say(&loaded.warnings)?;
    let deployment = &loaded.deployment;
    let found = trustsim_edges::derive(deployment);
    let detail = match verbose {
        true => Detail::Verbose,
        false => Detail::Normal,
    };
    deliver_tables(
        &report::edges(&found, deployment),
        "ask-edges.json",
        || terminal::edges(&found, deployment, detail),
        args.format,
        args.output.as_deref(),
        console,
    )
}
