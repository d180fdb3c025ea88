//! `trustsim audit`: trust that no connection needs, and what an attacker could do with each key.

use super::{LoadedScenario, load, say_coverage};
use crate::args::{Audit, AuditOptions};
use crate::console::Console;
use crate::error::CliError;
use crate::instant;
use crate::output::deliver_tables;
use trustsim_report::{self as report, terminal};
use trustsim_whatif::{blast_radius, least_trust};
use trustsim_world as world;

pub(super) fn audit(args: &Audit, console: &mut Console<'_>) -> Result<(), CliError> {
    match args {
        Audit::Trust(args) => trust(args, console),
        Audit::BlastRadius { at, options } => radius(at.as_deref(), options, console),
    }
}

fn trust(args: &AuditOptions, console: &mut Console<'_>) -> Result<(), CliError> {
    let LoadedScenario { deployment, .. } = load(&args.scenario, &args.play, console)?;
    say_coverage(&deployment, console)?;
    let found = least_trust(&deployment);
    deliver_tables(
        &report::least_trust(&found),
        "audit-trust.json",
        || terminal::least_trust(&found),
        args.format,
        args.output.as_deref(),
        console,
    )
}

fn radius(
    at: Option<&str>,
    args: &AuditOptions,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let LoadedScenario {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, console)?;
    say_coverage(&deployment, console)?;
    let at = instant::parse_instant("--at", at, &deployment)?;
    let start = deployment.start;
    let mut simulation = world::Simulation::new(deployment, options);
    super::play_through(&mut simulation, start, at, console)?;
    let found = blast_radius(&simulation);
    deliver_tables(
        &report::blast_radius(&found),
        "audit-blast-radius.json",
        || terminal::blast_radius(&found),
        args.format,
        args.output.as_deref(),
        console,
    )
}
