//! What an answer rests on: a line of coverage, what is assumed, and what is not simulated.

use std::collections::{BTreeMap, BTreeSet};

use super::style::{self, paint};
use super::{Detail, first_of};
use crate::words::number::counted;
use crate::words::{assumption, standing};
use trustsim_kernel::visible;
use trustsim_model::{Coverage, Deployment, Reason, Standing};

/// The line of coverage.
pub fn coverage(found: &Coverage) -> String {
    format!(
        "{}: {}\n",
        paint(style::DETAIL, "coverage"),
        standing::coverage(found)
    )
}

/// Reasons that are told, unless all are.
const LINES: usize = 4;
/// Charms that are named for one of them, unless all are.
const CHARMS: usize = 4;

/// Which charms are assumed or not simulated, and why: a line for each reason. Nothing where everything is modelled.
pub fn assumptions(deployment: &Deployment, found: &Coverage, detail: Detail) -> String {
    let (mut told, shown) = match detail {
        Detail::Normal => (assumption::worst(deployment, found), LINES),
        Detail::Verbose => (assumption::all(deployment, found), usize::MAX),
    };
    let more = told.len().saturating_sub(shown);
    told.truncate(shown);
    let mut text = String::new();
    for each in told {
        let word = match each.standing {
            Standing::NotSimulated => paint(style::WAIT, standing::word(each.standing)),
            Standing::Assumed | Standing::Modelled => {
                paint(style::DETAIL, standing::word(each.standing))
            }
        };
        let charms = first_of(each.charms, CHARMS, detail);
        let line = format!("{charms}: {}", each.why);
        text.push_str(&format!("  {word}: {}\n", visible(&line)));
    }
    if more > 0 {
        let more = counted(more as u64, "more reason");
        text.push_str(&format!("  {more} (--verbose)\n"));
    }
    let helps = helps(deployment, found);
    match detail {
        _ if helps.is_empty() => {}
        Detail::Normal => text.push_str("  how to make it known: --verbose\n"),
        Detail::Verbose => {
            for help in helps {
                text.push_str(&format!("  help: {}\n", visible(&help)));
            }
        }
    }
    text
}

/// What would make known what is assumed, each once.
fn helps(deployment: &Deployment, found: &Coverage) -> BTreeSet<String> {
    let of_connections = found.bases.iter().flat_map(|basis| &basis.reasons);
    let reasons = found.reasons.iter().chain(of_connections);
    let assumed = reasons.filter(|reason| reason.gap.standing() == Standing::Assumed);
    let helps = assumed.filter_map(|reason| standing::help(reason, deployment));
    helps.collect()
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
