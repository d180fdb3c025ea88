//! `trustsim check`: read scenarios without playing them.

use crate::cli::Exit;
use crate::cli::args::Check;
use crate::cli::console::Console;
use crate::cli::engine::Engine;
use crate::cli::error::CliError;
use crate::kernel::format_duration;
use crate::report::terminal::style::{GOOD, paint};
use crate::world::Deployment;

pub(super) fn check(
    args: &Check,
    engine: &dyn Engine,
    console: &mut Console<'_>,
) -> Result<Exit, CliError> {
    let mut worst = Exit::Held;
    for path in &args.scenarios {
        match engine.load(path) {
            Ok(loaded) => {
                console.say(&loaded.warnings)?;
                let what = contents(&loaded.deployment);
                console.say(&format!(
                    "{}: {}: {what}\n",
                    paint(GOOD, "ok"),
                    path.display()
                ))?;
            }
            Err(error) => {
                console.error(&error)?;
                worst = Exit::Refused;
            }
        }
    }
    Ok(worst)
}

fn contents(deployment: &Deployment) -> String {
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        many => format!("{many} {word}s"),
    };
    [
        count(deployment.models.len(), "model"),
        count(deployment.applications.len(), "application"),
        count(deployment.relations.len(), "relation"),
        count(deployment.connections.len(), "connection"),
        count(deployment.actions.len(), "fault"),
        count(deployment.expectations.len(), "expectation"),
        format_duration(deployment.duration),
    ]
    .join(", ")
}
