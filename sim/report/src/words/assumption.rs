//! The words for which charms of a deployment are assumed or not simulated, and why: the same reason once, with the
//! charms it holds for; and for a failure that what is assumed could explain away.
//!
//! For example, of an OpenStack: `assumed`, `glance` and 26 others, `their code was not read, or not all of it`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use super::standing::{brief, common};
use trustsim_diagnosis::{Doubt, Explanation};
use trustsim_model::{Address, Coverage, Deployment, Gap, Reason, Standing};
use trustsim_validators::ErrorKind;

/// A reason of one charm takes this many words at most, unless all is told.
const WORDS: usize = 14;

/// Reasons that are told of one application beside a failure; `summary.json` has all.
const REASONS: usize = 2;

/// Of a failure in one line: that something which is assumed could explain it away.
const COULD_EXPLAIN: &str = "may not happen, by what is assumed";

/// What is not known of each application.
type ReasonsByApplication = BTreeMap<Address, Vec<String>>;

/// A failure, and what its connection rests on.
#[derive(Clone, Debug)]
pub struct DoubtedFailure<'a> {
    /// The name of the connection.
    pub connection: &'a str,
    /// Why it failed.
    pub explanation: &'a Explanation,
    /// What is not known of the charms that it rests on.
    pub reasons: Vec<Reason>,
}

/// What failures of one cause rest on, by whether it could explain one of them away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// What is assumed of those whose charms have to do with the cause.
    pub explaining: Vec<String>,
    /// What is assumed, where it is not known what has to do with the cause.
    pub any: Vec<String>,
    /// What is assumed and has nothing to do with the cause.
    pub beside: Vec<String>,
    /// Which of several failures may not happen, where it is not all of them.
    pub some: Option<SomeDoubted>,
}

/// Failures that may not happen, among others of the same cause that do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SomeDoubted {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// Their connection, where it is one.
    pub only: Option<String>,
}

/// What one thing that is assumed makes of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Beside,
    Any,
    Explaining,
}

impl Doubts {
    /// What is assumed of what failures of one cause rest on. A reason counts for those failures that rest on it.
    pub fn of(deployment: &Deployment, failures: &[DoubtedFailure<'_>]) -> Self {
        let mut weights: BTreeMap<&Reason, Weight> = BTreeMap::new();
        let mut doubted: Vec<&str> = Vec::new();
        for failure in failures {
            let doubt = failure.explanation.doubt();
            let mut worst = Weight::Beside;
            let reasons = failure.reasons.iter();
            for reason in reasons.filter(|reason| has_part_in(reason, failure.explanation)) {
                let weight = match is_about(deployment, reason, failure.explanation) {
                    true => weight(deployment, &doubt, reason),
                    false => Weight::Beside,
                };
                worst = worst.max(weight);
                let known = weights.entry(reason).or_insert(weight);
                *known = weight.max(*known);
            }
            if worst != Weight::Beside {
                doubted.push(failure.connection);
            }
        }
        let [mut explaining, mut any, mut beside] = [const { ReasonsByApplication::new() }; 3];
        for (reason, weight) in weights {
            let list = match weight {
                Weight::Explaining => &mut explaining,
                Weight::Any => &mut any,
                Weight::Beside => &mut beside,
            };
            let address = deployment.application_address(reason.application);
            list.entry(address).or_default().push(brief(&reason.gap));
        }
        let is_some = !doubted.is_empty() && doubted.len() < failures.len();
        Self {
            explaining: told(explaining),
            any: told(any),
            beside: told(beside),
            some: is_some.then(|| SomeDoubted {
                count: doubted.len(),
                of: failures.len(),
                only: only(&doubted),
            }),
        }
    }

    /// Whether anything could explain a failure away.
    const fn could_explain(&self) -> bool {
        !self.explaining.is_empty() || !self.any.is_empty()
    }

    /// The same in a few words, where anything could.
    pub fn in_brief(&self) -> Option<String> {
        self.could_explain().then(|| match &self.some {
            Some(some) => format!("{} of {} {COULD_EXPLAIN}", some.count, some.of),
            None => COULD_EXPLAIN.to_owned(),
        })
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
        let which = self.some.map(|some| some.to_string());
        let since = match &which {
            Some(which) => format!("{which}, since this is assumed: "),
            None => "since this is assumed: ".to_owned(),
        };
        let any = match &which {
            Some(which) => format!("{which}, since any of these could explain it away: "),
            None => "any of these could explain it away: ".to_owned(),
        };
        let lines = [
            (self.explaining, "may not happen", since),
            (self.any, "may not happen", any),
            (self.beside, rest, String::new()),
        ];
        let told = lines
            .into_iter()
            .filter(|(reasons, ..)| !reasons.is_empty());
        told.map(|(reasons, label, before)| (label, format!("{before}{}", reasons.join("; "))))
    }
}

impl fmt::Display for SomeDoubted {
    /// `1 of these 9 outages (m.amf/0 -> m.nrf/0)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of these {} outages", self.count, self.of)?;
        match &self.only {
            Some(connection) => write!(f, " ({connection})"),
            None => Ok(()),
        }
    }
}

/// Whether a failure rests on a reason: what an ingress is called, only where its name is what failed, and what a client
/// outside trusts, only where that is.
const fn has_part_in(reason: &Reason, failure: &Explanation) -> bool {
    match reason.gap {
        Gap::AddressUnknown { .. } => matches!(
            failure.symptom.error,
            ErrorKind::NotValidForName
                | ErrorKind::NameConstraintViolation
                | ErrorKind::NoCertificateForName
                | ErrorKind::InvalidServerName
        ),
        Gap::OutsideClient => failure.symptom.error.lacks_trust(),
        _ => true,
    }
}

/// Whether a reason can explain a failure away: a certificate that a server may be handed, only where the server is who
/// refuses.
fn is_about(deployment: &Deployment, reason: &Reason, failure: &Explanation) -> bool {
    let server = deployment.application_address(reason.application);
    !matches!(reason.gap, Gap::HandedCertificate { .. })
        || failure.symptom.judge.to_application() == server
}

/// What a reason makes of a failure that rests on it.
fn weight(deployment: &Deployment, doubt: &Doubt<'_>, reason: &Reason) -> Weight {
    // Which CAs a client outside has is assumed, whatever is known of its server.
    if matches!(reason.gap, Gap::OutsideClient) {
        return Weight::Explaining;
    }
    let address = deployment.application_address(reason.application);
    let explains = match doubt {
        Doubt::Of(known) => known.contains(address.as_str()),
        Doubt::OfEndpoints(known) => {
            known.contains(address.as_str()) && !has_its_endpoints(&reason.gap)
        }
        Doubt::Any => return Weight::Any,
        Doubt::None => false,
    };
    match explains {
        true => Weight::Explaining,
        false => Weight::Beside,
    }
}

/// The connection of all of these.
fn only(connections: &[&str]) -> Option<String> {
    let (first, rest) = connections.split_first()?;
    let is_one = rest.iter().all(|other| other == first);
    is_one.then(|| (*first).to_owned())
}

/// Whether the endpoints that are played are those that the charm has, whatever else is not known of it.
const fn has_its_endpoints(gap: &Gap) -> bool {
    matches!(
        gap,
        Gap::Differs { .. }
            | Gap::FactsOnly
            | Gap::NamesFrom { .. }
            | Gap::AddressUnknown { .. }
            | Gap::OutsideClient
    )
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

/// The name of the charm of which something is not known; of the application, where the name is what is not known.
fn charm<'a>(deployment: &'a Deployment, reason: &Reason) -> &'a str {
    let application = &deployment.applications[reason.application];
    match reason.gap {
        Gap::Untold { .. } => &application.name,
        _ => &application.charm.name,
    }
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
