//! The words for which charms of a deployment are assumed or not simulated, and why: the same reason once, with the
//! charms it holds for.
//!
//! For example, of an OpenStack: `assumed`, `glance` and 26 others, `their code was not read, or not all of it`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::standing::{brief, common};
use trustsim_model::{Coverage, Deployment, Gap, Reason, Standing};

/// A reason of one charm takes this many words at most, unless all is told.
const WORDS: usize = 14;

/// Charms of which the same is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What that makes of an answer which needs them.
    pub standing: Standing,
    /// Their names, in order.
    pub charms: Vec<String>,
    /// What is not known: a clause that does not name them.
    pub why: String,
}

/// Each charm once, by the worst that is not known of it, and what no charm is to blame for. What is not simulated
/// comes first, then what is true of most charms.
pub fn worst(deployment: &Deployment, coverage: &Coverage) -> Vec<Assumption> {
    let mut worst: BTreeMap<&str, &Gap> = BTreeMap::new();
    for reason in &coverage.reasons {
        let known = worst
            .entry(charm(deployment, reason))
            .or_insert(&reason.gap);
        if known.standing() < reason.gap.standing() {
            *known = &reason.gap;
        }
    }
    let of_connections = of_connections(coverage);
    let beside = of_connections.iter().map(|reason| {
        let charm = charm(deployment, reason);
        (charm, &reason.gap)
    });
    // What a connection lacks is told of a charm that is otherwise played.
    let beside: Vec<(&str, &Gap)> = beside
        .filter(|(charm, gap)| {
            let own = worst.get(charm);
            own.is_none_or(|own| own.standing() < gap.standing())
        })
        .collect();
    let mut groups: BTreeMap<(Reverse<Standing>, &str), Vec<(&str, String)>> = BTreeMap::new();
    for (charm, gap) in worst.into_iter().chain(beside) {
        let alike = groups
            .entry((Reverse(gap.standing()), common(gap)))
            .or_default();
        alike.push((charm, brief(gap)));
    }
    let groups = groups.into_iter().map(|((standing, common), alike)| {
        let clauses: BTreeSet<&str> = alike.iter().map(|(_, why)| why.as_str()).collect();
        let only = clauses.first().filter(|_| clauses.len() == 1);
        let is_short = |why: &&&str| why.split(' ').count() <= WORDS;
        let why = only.filter(is_short).map_or(common, |why| why).to_owned();
        let charms = alike.iter().map(|(charm, _)| *charm).collect();
        assumption(standing.0, charms, why)
    });
    in_order(groups.collect())
}

/// All that is not known, of every charm.
pub fn all(deployment: &Deployment, coverage: &Coverage) -> Vec<Assumption> {
    let of_connections = of_connections(coverage);
    let mut groups: BTreeMap<(Standing, String), BTreeSet<&str>> = BTreeMap::new();
    for reason in coverage.reasons.iter().chain(of_connections) {
        let key = (reason.gap.standing(), brief(&reason.gap));
        let charms = groups.entry(key).or_default();
        charms.insert(charm(deployment, reason));
    }
    let groups = groups
        .into_iter()
        .map(|((standing, why), charms)| assumption(standing, charms, why));
    in_order(groups.collect())
}

/// What connections rest on that is not known, beside what is not known of charms themselves.
fn of_connections(coverage: &Coverage) -> BTreeSet<&Reason> {
    let reasons = coverage.bases.iter().flat_map(|basis| &basis.reasons);
    reasons
        .filter(|reason| !coverage.reasons.contains(reason))
        .collect()
}

fn charm<'a>(deployment: &'a Deployment, reason: &Reason) -> &'a str {
    &deployment.applications[reason.application].charm.name
}

fn assumption(standing: Standing, charms: BTreeSet<&str>, why: String) -> Assumption {
    assert!(!charms.is_empty(), "a reason is about a charm: {why}");
    Assumption {
        standing,
        charms: charms.into_iter().map(str::to_owned).collect(),
        why,
    }
}

fn in_order(mut found: Vec<Assumption>) -> Vec<Assumption> {
    found.sort_by_key(|each| (Reverse(each.standing), Reverse(each.charms.len())));
    found
}
