//! `trustsim forecast`: what is coming.

use std::sync::Arc;

use super::{Ready, load, sheets};
use crate::args::{Forecast, Format};
use crate::console::Console;
use crate::engine::Engine;
use crate::error::CliError;
use crate::progress;
use trustsim_diagnosis::{self as diagnosis, prove};
use trustsim_report::{self as report, terminal};

pub(super) fn forecast(
    args: &Forecast,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    let Ready {
        deployment,
        options,
        ..
    } = load(&args.scenario, &args.play, engine, console)?;
    let (start, end) = (deployment.start, deployment.start + deployment.duration);
    let mut simulation = engine.start(Arc::clone(&deployment), options)?;
    progress::play(simulation.as_mut(), start, end, console.progress);
    let (manifest, journal) = (simulation.manifest(), simulation.journal());
    let forecast = diagnosis::forecast(&deployment, &manifest, journal);
    let proofs = prove(&deployment, &forecast.patience, args.proofs);
    let all = report::forecast(&manifest, &forecast, &proofs);
    let text = match args.format {
        Format::Tabular => Some(terminal::forecast(&manifest, &forecast, &proofs)),
        _ => None,
    };
    sheets(&all, text, args.format, args.output.as_deref(), console)
}
