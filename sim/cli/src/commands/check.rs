//! `trustsim check`: read scenarios without playing them.

use std::path::Path;

use super::own_code::{check_used, given};
use crate::Exit;
use crate::args::Check;
use crate::console::Console;
use crate::error::CliError;
use crate::scenario::load_scenario;
use trustsim_kernel::format_duration;
use trustsim_model::{Coverage, Deployment};
use trustsim_report::terminal::style::{GOOD, paint};
use trustsim_report::terminal::{Detail, assumptions, coverage, derived};
use trustsim_scenario::{GivenCharm, LoadOptions};

pub(super) fn check(
    args: &Check,
    verbose: bool,
    console: &mut Console<'_>,
) -> Result<Exit, CliError> {
    let detail = match verbose {
        true => Detail::Verbose,
        false => Detail::Normal,
    };
    let charms = given(&args.charms)?;
    let mut worst = Exit::Held;
    for path in &args.scenarios {
        let mut left = vec![None];
        while let Some(variant) = left.pop() {
            let Some(checked) = check_one(path, variant.as_deref(), &charms, detail, console)?
            else {
                worst = Exit::Refused;
                continue;
            };
            if args.strict && !checked.is_modelled {
                worst = worst.max(Exit::Broken);
            }
            if variant.is_none() {
                left.extend(checked.variants.into_iter().rev().map(Some));
            }
        }
    }
    Ok(worst)
}

/// What is known of a scenario that can be played.
struct Checked {
    /// The names of its variants.
    variants: Vec<String>,
    /// Whether an answer would rest on nothing but what was read.
    is_modelled: bool,
}

/// Checks one variant of a scenario; `None` where it is refused.
fn check_one(
    path: &Path,
    variant: Option<&str>,
    charms: &[GivenCharm],
    detail: Detail,
    console: &mut Console<'_>,
) -> Result<Option<Checked>, CliError> {
    match load_scenario(path, LoadOptions { variant, charms }) {
        Ok(loaded) => {
            check_used(charms, &loaded.deployment)?;
            console.say(&loaded.warnings)?;
            let (good, shown) = (paint(GOOD, "ok"), path.display());
            let of = variant.map_or_else(String::new, |name| format!(", variant {name}"));
            let what = contents(&loaded.deployment);
            console.say(&format!("{good}: {shown}{of}: {what}\n"))?;
            let found = Coverage::of(&loaded.deployment);
            console.say(&coverage(&found))?;
            console.say(&assumptions(&loaded.deployment, &found, detail))?;
            if let Some(found) = &loaded.derived {
                console.say(&derived(found))?;
            }
            Ok(Some(Checked {
                variants: loaded.variants,
                is_modelled: found.is_modelled(),
            }))
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
