//! Whether what the scenario expects came out, and which outages nobody expected.

use super::counts;
use super::outages::Outage;
use super::tally::Tally;
use trustsim_kernel::{Span, format_duration};
use trustsim_validators::ErrorKind;
use trustsim_world::{
    ConnectionRecord, Counted, Deployment, Expectation, ExpectationKind, Journal, Manifest, Party,
    Selector, Source,
};

/// One expectation, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationResult {
    /// What was expected, in words.
    pub claim: String,
    /// Whether it came out so.
    pub held: bool,
    /// Why not, or what held; one line.
    pub detail: String,
    /// The scenario line.
    pub source: Source,
}

/// Everything an expectation is judged by.
pub(super) struct Evidence<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) manifest: &'a Manifest,
    pub(super) journal: &'a Journal,
    pub(super) outages: &'a [Outage],
    pub(super) tallies: &'a [Tally],
}

impl Evidence<'_> {
    /// Judges every expectation, in file order. One that matches no connection, or a connection
    /// that was never attempted, is broken: it says nothing about the deployment.
    pub(super) fn expectations(&self) -> Vec<ExpectationResult> {
        let expectations = &self.deployment.expectations;
        expectations.iter().map(|each| self.judge(each)).collect()
    }

    /// Indices of outages that no held `fails` or `outage` expectation covers.
    pub(super) fn unexpected(&self, results: &[ExpectationResult]) -> Vec<usize> {
        let expectations = &self.deployment.expectations;
        assert_eq!(
            expectations.len(),
            results.len(),
            "every expectation was judged"
        );
        let covers = |expectation: &Expectation, outage: &Outage| {
            let (selector, error) = match &expectation.kind {
                ExpectationKind::NoFailures(_) | ExpectationKind::Count { .. } => return false,
                ExpectationKind::Fails { connections, error } => (connections, error),
                ExpectationKind::Outage {
                    connections, error, ..
                } => (connections, error),
            };
            let connection = &self.manifest.connections[outage.connection as usize];
            self.matches(selector, connection)
                && error.is_none_or(|error| outage.errors().any(|each| each == error))
        };
        (0..self.outages.len())
            .filter(|&index| {
                !expectations
                    .iter()
                    .zip(results)
                    .any(|(each, result)| result.held && covers(each, &self.outages[index]))
            })
            .collect()
    }

    fn judge(&self, expectation: &Expectation) -> ExpectationResult {
        let (selector, claim) = self.claim(&expectation.kind);
        let outcome = selector
            .map_or_else(|| Ok(Vec::new()), |selector| self.selected(selector))
            .and_then(|connections| match &expectation.kind {
                ExpectationKind::NoFailures(_) => self.no_failures(&connections),
                ExpectationKind::Count {
                    what,
                    at_least,
                    at_most,
                } => self.counted(what, *at_least, *at_most),
                ExpectationKind::Fails { error, .. } => self.fails(&connections, *error),
                ExpectationKind::Outage {
                    at_least,
                    at_most,
                    error,
                    ..
                } => self.lost_time(&connections, *at_least, *at_most, *error),
            });
        let (held, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        ExpectationResult {
            claim,
            held,
            detail,
            source: expectation.source.clone(),
        }
    }

    fn no_failures(&self, connections: &[usize]) -> Result<String, String> {
        let failing: Vec<usize> = connections
            .iter()
            .copied()
            .filter(|&index| self.tallies[index].outages > 0)
            .collect();
        let Some(&worst) = failing
            .iter()
            .max_by_key(|&&index| self.tallies[index].lost)
        else {
            return Ok(format!("{} without a failure", count(connections.len())));
        };
        Err(format!(
            "{} of {} failed, the worst, {}, for {}",
            failing.len(),
            count(connections.len()),
            self.manifest.connections[worst].name,
            format_duration(self.tallies[worst].lost)
        ))
    }

    fn fails(&self, connections: &[usize], error: Option<ErrorKind>) -> Result<String, String> {
        let has = |index: usize| {
            self.of(index)
                .any(|outage| error.is_none_or(|error| outage.errors().any(|each| each == error)))
        };
        match connections.iter().find(|&&index| !has(index)) {
            None => Ok(format!("{} failed", count(connections.len()))),
            Some(&index) => {
                let name = &self.manifest.connections[index].name;
                let instead = self.of(index).next().map(|outage| outage.error);
                Err(match instead {
                    Some(instead) => format!("{name} failed with {instead}"),
                    None => format!("{name} did not fail"),
                })
            }
        }
    }

    fn lost_time(
        &self,
        connections: &[usize],
        at_least: Option<Span>,
        at_most: Option<Span>,
        error: Option<ErrorKind>,
    ) -> Result<String, String> {
        for &index in connections {
            let name = &self.manifest.connections[index].name;
            let lost = self.tallies[index].lost;
            if at_most.is_some_and(|at_most| lost > at_most)
                || at_least.is_some_and(|at_least| lost < at_least)
            {
                return Err(format!("{name} lost {}", format_duration(lost)));
            }
            let other = error.and_then(|error| self.of(index).find(|each| each.error != error));
            if let Some(other) = other {
                return Err(format!("{name} failed with {}", other.error));
            }
        }
        let most = connections.iter().map(|&index| self.tallies[index].lost);
        let most = most.max().unwrap_or_default();
        Ok(format!(
            "{} within bounds, at most {} lost",
            count(connections.len()),
            format_duration(most)
        ))
    }

    fn counted(
        &self,
        what: &Counted,
        at_least: Option<u64>,
        at_most: Option<u64>,
    ) -> Result<String, String> {
        let counted = counts::count(self.deployment, self.journal, what);
        let number = u64::try_from(counted).expect("a journal has fewer than 2^32 entries");
        let held = at_least.is_none_or(|least| number >= least)
            && at_most.is_none_or(|most| number <= most);
        let said = format!("{number} {}", counts::phrase(self.deployment, what));
        if held { Ok(said) } else { Err(said) }
    }

    fn of(&self, connection: usize) -> impl Iterator<Item = &Outage> {
        let outages = self.outages.iter();
        outages.filter(move |outage| outage.connection as usize == connection)
    }

    /// The connections a selector means.
    fn selected(&self, selector: &Selector) -> Result<Vec<usize>, String> {
        let connections = &self.manifest.connections;
        let selected: Vec<usize> = (0..connections.len())
            .filter(|&index| self.matches(selector, &connections[index]))
            .collect();
        if selected.is_empty() {
            return Err("no connection is meant by it".to_owned());
        }
        let silent = selected
            .iter()
            .find(|&&index| connections[index].first_attempt.is_none());
        match silent {
            Some(&index) => Err(format!("{} was never attempted", connections[index].name)),
            None => Ok(selected),
        }
    }

    fn matches(&self, selector: &Selector, connection: &ConnectionRecord) -> bool {
        let from = selector.from.is_none_or(|party| match party {
            Party::Application(index) => {
                connection.client.application() == self.deployment.application_address(index)
            }
            Party::Saas(_) => false,
            Party::Client(index) => *connection.client == *self.deployment.clients[index].name,
        });
        let to = selector.to.is_none_or(|index| {
            connection.server.application() == self.deployment.application_address(index)
        });
        from && to
    }

    /// The connections it is about, where it is about connections, and what it says.
    fn claim<'k>(&self, kind: &'k ExpectationKind) -> (Option<&'k Selector>, String) {
        let with = |error: &Option<ErrorKind>| {
            error.map_or_else(String::new, |error| format!(" with {error}"))
        };
        match kind {
            ExpectationKind::Count {
                what,
                at_least,
                at_most,
            } => {
                let bound = |word: &str, bound: &Option<u64>| {
                    bound.map_or_else(String::new, |bound| format!("{word} {bound} "))
                };
                let (least, most) = (bound("at least", at_least), bound("at most", at_most));
                let phrase = counts::phrase(self.deployment, what);
                (None, format!("{least}{most}{phrase}"))
            }
            ExpectationKind::NoFailures(selector) => {
                let claim = format!("no failures{}", self.scope(selector));
                (Some(selector), claim)
            }
            ExpectationKind::Fails { connections, error } => (
                Some(connections),
                format!("failure{}{}", self.scope(connections), with(error)),
            ),
            ExpectationKind::Outage {
                connections,
                at_least,
                at_most,
                error,
            } => {
                let bound = |word: &str, bound: &Option<Span>| {
                    bound.map_or_else(String::new, |bound| {
                        format!(" {word} {}", format_duration(bound))
                    })
                };
                let claim = format!(
                    "outage{}{}{}{}",
                    self.scope(connections),
                    bound("of at least", at_least),
                    bound("of at most", at_most),
                    with(error)
                );
                (Some(connections), claim)
            }
        }
    }

    fn scope(&self, selector: &Selector) -> String {
        let mut text = String::new();
        if let Some(from) = selector.from {
            text.push_str(" from ");
            match from {
                Party::Application(index) => {
                    text.push_str(&self.deployment.application_address(index));
                }
                other => text.push_str(self.deployment.party_name(other)),
            }
        }
        if let Some(to) = selector.to {
            text.push_str(" to ");
            text.push_str(&self.deployment.application_address(to));
        }
        text
    }
}

fn count(connections: usize) -> String {
    match connections {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    }
}
