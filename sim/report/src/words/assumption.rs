//! The words for which charms of a deployment are assumed or not simulated, and why: the same reason once, with the
//! charms it holds for; and for a failure that what is assumed could explain away.
//!
//! For example, of an OpenStack: `assumed`, `glance` and 26 others, `their code was not read, or not all of it`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::standing::{brief, common};
use trustsim_diagnosis::{Doubt, Explanation};
use trustsim_model::{Address, Coverage, Deployment, Gap, Reason, Standing};

/// A reason of one charm takes this many words at most, unless all is told.
const WORDS: usize = 14;

/// Reasons that are told of one application beside a failure; `summary.json` has all.
const REASONS: usize = 2;

/// Of a failure in one line: that something which is assumed could explain it away.
pub const COULD_EXPLAIN: &str = "may not happen, by what is assumed";

/// What is not known of each application.
type ReasonsByApplication = BTreeMap<Address, Vec<String>>;

/// What a failure rests on, by whether it could explain the failure away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// What is assumed of those whose charms have to do with the cause.
    pub explaining: Vec<String>,
    /// What is assumed, where it is not known what has to do with the cause.
    pub any: Vec<String>,
    /// What is assumed and has nothing to do with the cause.
    pub beside: Vec<String>,
}

impl Doubts {
    /// What is assumed of what failures of one cause rest on.
    pub fn of<'a>(
        deployment: &Deployment,
        reasons: impl IntoIterator<Item = &'a Reason>,
        failures: &[&Explanation],
    ) -> Self {
        let doubts: Vec<Doubt<'_>> = failures.iter().map(|each| each.doubt()).collect();
        let [mut explaining, mut any, mut beside] = [const { ReasonsByApplication::new() }; 3];
        for reason in BTreeSet::from_iter(reasons) {
            let address = deployment.application_address(reason.application);
            let explains = doubts.iter().any(|doubt| match doubt {
                Doubt::Of(known) => known.contains(address.as_str()),
                Doubt::OfEndpoints(known) => {
                    known.contains(address.as_str()) && !has_its_endpoints(&reason.gap)
                }
                Doubt::None | Doubt::Any => false,
            });
            let list = match doubts.contains(&Doubt::Any) {
                _ if !is_about(reason, &address, failures) => &mut beside,
                _ if explains => &mut explaining,
                true => &mut any,
                false => &mut beside,
            };
            list.entry(address).or_default().push(brief(&reason.gap));
        }
        Self {
            explaining: told(explaining),
            any: told(any),
            beside: told(beside),
        }
    }

    /// Whether anything could explain the failure away.
    pub const fn could_explain(&self) -> bool {
        !self.explaining.is_empty() || !self.any.is_empty()
    }

    /// An object: `may_not_happen`, then the assumptions as lists of text: `since` (any of those who have to do with the
    /// cause), `any_of` (it is not known who has), `beside` (it does not explain the failure away).
    pub fn to_json(&self) -> Value {
        json!({
            "may_not_happen": self.could_explain(),
            "since": self.explaining,
            "any_of": self.any,
            "beside": self.beside,
        })
    }

    /// Labels and texts of lines.
    pub fn lines(self) -> impl Iterator<Item = (&'static str, String)> {
        let rest = match self.could_explain() {
            true => "also assumed",
            false => "assumed",
        };
        let lines = [
            (self.explaining, "may not happen", "since this is assumed: "),
            (
                self.any,
                "may not happen",
                "any of these could explain it away: ",
            ),
            (self.beside, rest, ""),
        ];
        let told = lines
            .into_iter()
            .filter(|(reasons, ..)| !reasons.is_empty());
        told.map(|(reasons, label, before)| (label, format!("{before}{}", reasons.join("; "))))
    }
}

/// Whether a reason can have to do with any of these failures: a certificate that a server may be handed, with those alone in
/// which the server is who refuses.
fn is_about(reason: &Reason, server: &Address, failures: &[&Explanation]) -> bool {
    let mut judges = failures.iter().map(|failure| &failure.symptom.judge);
    !matches!(reason.gap, Gap::HandedCertificate { .. })
        || judges.any(|judge| judge.to_application() == *server)
}

/// Whether the endpoints that are played are those that the charm has, whatever else is not known of it.
const fn has_its_endpoints(gap: &Gap) -> bool {
    matches!(gap, Gap::Differs { .. } | Gap::FactsOnly)
}

/// `m.web: not verified: ..., and it ..., which is not played`: what is not known of each, its first reasons.
fn told(each: ReasonsByApplication) -> Vec<String> {
    let told = each.into_iter().map(|(address, mut reasons)| {
        let more = reasons.len().saturating_sub(REASONS);
        reasons.truncate(REASONS);
        if more > 0 {
            reasons.push(format!("{more} more"));
        }
        format!("{address}: {}", reasons.join(", and "))
    });
    told.collect()
}

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
    let mut groups: BTreeMap<(Standing, &str), BTreeMap<&str, String>> = BTreeMap::new();
    for (charm, gap) in worst.into_iter().chain(beside) {
        let alike = groups.entry((gap.standing(), common(gap))).or_default();
        alike.insert(charm, brief(gap));
    }
    let groups = groups.into_iter().map(|((standing, common), alike)| {
        let clauses: BTreeSet<&str> = alike.values().map(String::as_str).collect();
        let only = clauses.first().filter(|_| clauses.len() == 1);
        let is_short = |why: &&&str| why.split(' ').count() <= WORDS;
        let why = only.filter(is_short).map_or(common, |why| why).to_owned();
        let charms = alike.keys().copied().collect();
        assumption(standing, charms, why)
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
