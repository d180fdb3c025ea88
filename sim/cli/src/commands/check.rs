//! `trustsim check`: read scenarios without playing them.

use std::path::Path;

use crate::Exit;
use crate::args::Check;
use crate::console::Console;
use crate::error::CliError;
use crate::scenario::load_scenario;
use trustsim_kernel::format_duration;
use trustsim_report::terminal::style::{GOOD, paint};
use trustsim_world::Deployment;

pub(super) fn check(args: &Check, console: &mut Console<'_>) -> Result<Exit, CliError> {
    let mut worst = Exit::Held;
    for path in &args.scenarios {
        let mut left = vec![None];
        while let Some(variant) = left.pop() {
            match check_one(path, variant.as_deref(), console)? {
                Some(variants) if variant.is_none() => {
                    left.extend(variants.into_iter().rev().map(Some));
                }
                Some(_) => {}
                None => worst = Exit::Refused,
            }
        }
    }
    Ok(worst)
}

/// The names of the scenario's variants; `None` where it is refused.
fn check_one(
    path: &Path,
    variant: Option<&str>,
    console: &mut Console<'_>,
) -> Result<Option<Vec<String>>, CliError> {
    match load_scenario(path, variant) {
        Ok(loaded) => {
            console.say(&loaded.warnings)?;
            let (good, shown) = (paint(GOOD, "ok"), path.display());
            let of = variant.map_or_else(String::new, |name| format!(", variant {name}"));
            let what = contents(&loaded.deployment);
            console.say(&format!("{good}: {shown}{of}: {what}\n"))?;
            Ok(Some(loaded.variants))
        }
        Err(error) => {
            console.error(&error)?;
            Ok(None)
        }
    }
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
