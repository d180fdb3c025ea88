//! `trustsim rehearse rotation`: every way to rotate a CA, played before an operator does it.

use std::num::NonZeroUsize;

use super::{LoadedScenario, application, load, say_coverage};
use crate::args::{Play, RehearseRotation};
use crate::console::Console;
use crate::error::CliError;
use crate::output::print_answer;
use crate::{Exit, instant};
use trustsim_kernel::{Span, parse_duration};
use trustsim_rehearsal::{Rehearsal, RehearsalError, Request, rehearse};
use trustsim_report::rehearsal;
use trustsim_world::Deployment;

/// When a rotation begins without `--at`: the deployment has settled and certificates are in use.
const BEGIN: Span = Span::from_secs(86_400);

pub(super) fn rotation(
    args: &RehearseRotation,
    console: &mut Console<'_>,
) -> Result<Exit, CliError> {
    let play = Play {
        seed: args.seed,
        code: args.code.clone(),
        ..Play::default()
    };
    let LoadedScenario { deployment, .. } = load(&args.scenario, &play, console)?;
    say_coverage(&deployment, console)?;
    let at = match &args.at {
        Some(text) => {
            Some(instant::parse_instant("--at", Some(text), &deployment)?.since(deployment.start))
        }
        None => None,
    };
    let longest = parse_duration(&args.longest).map_err(|error| {
        CliError::usage(format!("failed to read --longest `{}`", args.longest))
            .caused_by(error)
            .hint("give a duration such as 30d")
    })?;
    let request = Request {
        ca: application(&deployment, &args.ca)?,
        at: at.unwrap_or(BEGIN.min(deployment.duration / 2)),
        longest,
        seeds: args.seeds,
        threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
    };
    let found = rehearse_when_settled(&deployment, request, at.is_some()).map_err(|error| {
        CliError::usage(format!("failed to rehearse a rotation of {}", args.ca)).caused_by(error)
    })?;
    let tables = || rehearsal::tables(&found);
    let value = || rehearsal::rehearsal(&found);
    print_answer(args.format, tables, value, console)?;
    Ok(match found.safe() {
        Some(_) => Exit::Held,
        None => Exit::Broken,
    })
}

/// Begins later and later without `--at`, until the deployment has settled by then: people may take
/// days to answer what it waits for.
fn rehearse_when_settled(
    deployment: &Deployment,
    request: Request,
    is_fixed: bool,
) -> Result<Rehearsal, RehearsalError> {
    let mut request = request;
    loop {
        let found = rehearse(deployment, request);
        let later = request.at * 2;
        let is_too_early = matches!(found, Err(RehearsalError::NotSettled(_)));
        if !is_too_early || is_fixed || later > deployment.duration {
            return found;
        }
        request.at = later;
    }
}
