//! What an answer rests on: a line of coverage, and what is not simulated.

use std::collections::BTreeMap;

use super::style::{self, paint};
use crate::words::number::counted;
use crate::words::standing;
use trustsim_model::{Coverage, Deployment, Reason, Standing};

/// The line of coverage.
pub fn coverage(found: &Coverage) -> String {
    format!(
        "{}: {}\n",
        paint(style::DETAIL, "coverage"),
        standing::coverage(found)
    )
}

/// What is missing for connections that are not simulated, a paragraph each, with how to supply it.
pub(super) fn not_simulated(deployment: &Deployment, found: &Coverage) -> String {
    let mut missing: BTreeMap<&Reason, u64> = BTreeMap::new();
    for basis in &found.bases {
        if basis.standing == Standing::NotSimulated {
            for reason in &basis.reasons {
                if reason.gap.standing() == Standing::NotSimulated {
                    *missing.entry(reason).or_default() += 1;
                }
            }
        }
    }
    let mut text = String::new();
    for (reason, connections) in missing {
        text.push_str(&format!(
            "\n{}: {} ({})\n",
            paint(style::WAIT, standing::word(Standing::NotSimulated)),
            standing::reason(reason, deployment),
            counted(connections, "connection"),
        ));
        if let Some(help) = standing::help(reason, deployment) {
            text.push_str(&format!("  help: {help}\n"));
        }
    }
    text
}
