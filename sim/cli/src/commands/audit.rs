//! `trustsim audit`: trust that nothing needs, and what each key would do in an attacker's hands.

use super::{Ready, load, sheets};
use crate::args::{Audit, AuditOptions, Format};
use crate::console::Console;
use crate::engine::Engine;
use crate::error::CliError;
use crate::{moment, progress};
use trustsim_diagnosis::{blast_radius, least_trust};
use trustsim_report::{self as report, terminal};
use trustsim_world as world;

pub(super) fn audit(
    args: &Audit,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    match args {
        Audit::Trust(args) => trust(args, engine, console),
        Audit::BlastRadius { at, options } => radius(at.as_deref(), options, engine, console),
    }
}

fn trust(
    args: &AuditOptions,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let Ready { deployment, .. } = load(&args.scenario, &args.play, engine, console)?;
    let found = least_trust(&deployment);
    let text = (args.format == Format::Tabular).then(|| terminal::least_trust(&found));
    let all = report::least_trust(&found);
    sheets(&all, text, args.format, args.output.as_deref(), console)
}

fn radius(
    at: Option<&str>,
    args: &AuditOptions,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let Ready {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, engine, console)?;
    let at = moment::instant("--at", at, &deployment)?;
    let start = deployment.start;
    let mut simulation = world::Simulation::new(deployment, options);
    progress::play(&mut simulation, start, at, console.progress);
    let found = blast_radius(&simulation);
    let text = (args.format == Format::Tabular).then(|| terminal::blast_radius(&found));
    let all = report::blast_radius(&found);
    sheets(&all, text, args.format, args.output.as_deref(), console)
}
