//! `trustsim forecast`: what is coming.

use std::sync::Arc;

use super::{LoadedScenario, load, say_coverage};
use crate::args::Forecast;
use crate::console::Console;
use crate::error::CliError;
use crate::output::deliver_tables;
use trustsim_diagnosis as diagnosis;
use trustsim_report::{self as report, terminal};
use trustsim_whatif::prove;
use trustsim_world::Simulation;

pub(super) fn forecast(args: &Forecast, console: &mut Console<'_>) -> Result<(), CliError> {
    let LoadedScenario {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, console)?;
    say_coverage(&deployment, console)?;
    let (start, end) = (deployment.start, deployment.start + deployment.duration);
    let mut simulation = Simulation::new(Arc::clone(&deployment), options);
    super::play_through(&mut simulation, start, end, console)?;
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    let forecast = diagnosis::forecast(&deployment, &manifest, journal);
    let proofs = prove(&deployment, &forecast.tolerances, args.proofs);
    deliver_tables(
        &report::forecast(&manifest, &forecast, &proofs),
        "forecast.json",
        || terminal::forecast(&manifest, &forecast, &proofs),
        args.format,
        args.output.as_deref(),
        console,
    )
}
