//! Whether what the scenario expects came out, and which outages were not expected.

use super::counts;
use super::outage_class::{OutageClass, class_of};
use super::outages::Outage;
use super::rotation::Violation;
use super::tally::Tally;
use trustsim_kernel::Span;
use trustsim_model::{
    ApplicationIndex, Claim, ConnectionRecord, Counted, Deployment, Expectation, ExpectationKind,
    Journal, Manifest, Party, Selector, Source,
};
use trustsim_validators::ErrorKind;

/// One expectation, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationResult {
    /// What was expected.
    pub claim: ClaimedTruth,
    /// Whether it came out so.
    pub held: bool,
    /// Why not, or what held.
    pub outcome: Outcome,
    /// The scenario line.
    pub source: Source,
}

/// What a scenario says must be true of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimedTruth {
    /// An entry of `expect:`.
    Expected(ExpectationKind),
    /// An assertion among the steps of a rotation.
    OfRotation {
        /// The CA that is rotated.
        ca: ApplicationIndex,
        /// What must be true.
        claim: Claim,
        /// Up to this instant, from the start of the run.
        until: Span,
    },
}

/// What came of a claim, with the facts that show it. Connections are named as in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No connection failed.
    NoneFailed {
        /// How many there are.
        connections: usize,
        /// How many outages were too small to count, or part of the installation.
        ignored: usize,
    },
    /// Some connections failed.
    SomeFailed {
        /// How many failed.
        failed: usize,
        /// How many there are.
        connections: usize,
        /// The one that lost most.
        worst: String,
        /// How much it lost.
        lost: Span,
    },
    /// Every connection failed, as it was to.
    AllFailed {
        /// How many there are.
        connections: usize,
    },
    /// A connection did not fail.
    DidNotFail {
        /// Its name.
        connection: String,
    },
    /// A connection failed with another error.
    FailedWith {
        /// Its name.
        connection: String,
        /// That error.
        error: ErrorKind,
    },
    /// A connection lost less or more than it was to.
    Lost {
        /// Its name.
        connection: String,
        /// How much it lost.
        lost: Span,
    },
    /// Every connection lost as much as it was to.
    WithinBounds {
        /// How many there are.
        connections: usize,
        /// What one of them lost at most.
        most: Span,
    },
    /// Something was counted.
    Counted {
        /// How often it was found.
        number: u64,
        /// What.
        what: Counted,
    },
    /// The claim is about no connection.
    NoConnection,
    /// The claim is about connections that are not simulated.
    NotSimulated,
    /// The claim is about a connection that was never attempted.
    NeverAttempted {
        /// Its name.
        connection: String,
    },
    /// An assertion about a rotation was kept.
    Kept,
    /// The run ended before an assertion was due.
    NotReached,
    /// An assertion about a rotation was broken.
    Violated(Violation),
}

/// What a claim that holds, or one that does not, comes to.
type Judged = Result<Outcome, Outcome>;

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
        assert_eq!(
            self.tallies.len(),
            self.manifest.connections.len(),
            "every connection has a tally"
        );
        let expectations = &self.deployment.expectations;
        expectations.iter().map(|each| self.judge(each)).collect()
    }

    /// What each outage counts for; one is expected where a held `fails` or `outage` covers it.
    pub(super) fn classes(&self, results: &[ExpectationResult]) -> Vec<OutageClass> {
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
        assert_eq!(
            expectations.len(),
            results.len(),
            "each expectation is judged"
        );
        let classes = self.outages.iter().map(|outage| {
            let mut judged = expectations.iter().zip(results);
            match judged.any(|(each, result)| result.held && covers(each, outage)) {
                true => OutageClass::Expected,
                false => class_of(outage, self.manifest),
            }
        });
        classes.collect()
    }

    fn judge(&self, expectation: &Expectation) -> ExpectationResult {
        let outcome = match &expectation.kind {
            ExpectationKind::NoFailures(selector) => self
                .selected(selector)
                .and_then(|connections| self.no_failures(&connections)),
            ExpectationKind::Count {
                what,
                at_least,
                at_most,
            } => self.counted(what, *at_least, *at_most),
            ExpectationKind::Fails { connections, error } => self
                .selected(connections)
                .and_then(|connections| self.fails(&connections, *error)),
            ExpectationKind::Outage {
                connections,
                at_least,
                at_most,
                error,
            } => self
                .selected(connections)
                .and_then(|connections| self.lost_time(&connections, *at_least, *at_most, *error)),
        };
        let held = outcome.is_ok();
        let (Ok(outcome) | Err(outcome)) = outcome;
        ExpectationResult {
            claim: ClaimedTruth::Expected(expectation.kind.clone()),
            held,
            outcome,
            source: expectation.source.clone(),
        }
    }

    fn no_failures(&self, connections: &[usize]) -> Judged {
        let counts = |outage: &Outage| class_of(outage, self.manifest).is_told();
        let failing = connections.iter().copied();
        let failing: Vec<usize> = failing
            .filter(|&index| self.of(index).any(counts))
            .collect();
        assert!(
            (connections.iter())
                .all(|&index| { self.of(index).count() == self.tallies[index].outages as usize }),
            "every outage is counted by its connection"
        );
        let worst = failing
            .iter()
            .max_by_key(|&&index| self.tallies[index].lost);
        let outages = connections.iter().map(|&index| self.of(index).count());
        let ignored = outages.sum();
        let connections = connections.len();
        match worst {
            None => Ok(Outcome::NoneFailed {
                connections,
                ignored,
            }),
            Some(&worst) => Err(Outcome::SomeFailed {
                failed: failing.len(),
                connections,
                worst: self.name(worst),
                lost: self.tallies[worst].lost,
            }),
        }
    }

    fn fails(&self, connections: &[usize], error: Option<ErrorKind>) -> Judged {
        let has = |index: usize| {
            self.of(index)
                .any(|outage| error.is_none_or(|error| outage.errors().any(|each| each == error)))
        };
        let Some(&index) = connections.iter().find(|&&index| !has(index)) else {
            let connections = connections.len();
            return Ok(Outcome::AllFailed { connections });
        };
        let connection = self.name(index);
        Err(match self.of(index).next() {
            Some(Outage { error, .. }) => Outcome::FailedWith {
                connection,
                error: *error,
            },
            None => Outcome::DidNotFail { connection },
        })
    }

    fn lost_time(
        &self,
        connections: &[usize],
        at_least: Option<Span>,
        at_most: Option<Span>,
        error: Option<ErrorKind>,
    ) -> Judged {
        for &index in connections {
            let lost = self.tallies[index].lost;
            if at_most.is_some_and(|at_most| lost > at_most)
                || at_least.is_some_and(|at_least| lost < at_least)
            {
                let connection = self.name(index);
                return Err(Outcome::Lost { connection, lost });
            }
            let other = error.and_then(|error| self.of(index).find(|each| each.error != error));
            if let Some(Outage { error, .. }) = other {
                return Err(Outcome::FailedWith {
                    connection: self.name(index),
                    error: *error,
                });
            }
        }
        let lost = connections.iter().map(|&index| self.tallies[index].lost);
        Ok(Outcome::WithinBounds {
            connections: connections.len(),
            most: lost.max().expect("a claim is about some connection"),
        })
    }

    fn counted(&self, what: &Counted, at_least: Option<u64>, at_most: Option<u64>) -> Judged {
        let number = counts::count(self.deployment, self.manifest, self.journal, what);
        let held = at_least.is_none_or(|least| number >= least)
            && at_most.is_none_or(|most| number <= most);
        let what = what.clone();
        let outcome = Outcome::Counted { number, what };
        if held { Ok(outcome) } else { Err(outcome) }
    }

    fn name(&self, connection: usize) -> String {
        self.manifest.connections[connection].name.clone()
    }

    fn of(&self, connection: usize) -> impl Iterator<Item = &Outage> {
        let outages = self.outages.iter();
        outages.filter(move |outage| outage.connection as usize == connection)
    }

    /// The connections a selector means.
    fn selected(&self, selector: &Selector) -> Result<Vec<usize>, Outcome> {
        let connections = &self.manifest.connections;
        let selected: Vec<usize> = (0..connections.len())
            .filter(|&index| self.matches(selector, &connections[index]))
            .collect();
        if selected.is_empty() {
            let mut lines = self.deployment.connections.iter();
            let is_meant = lines.any(|line| {
                selector.from.is_none_or(|from| from == line.from)
                    && selector.to.is_none_or(|to| to == line.to)
            });
            return Err(match is_meant {
                true => Outcome::NotSimulated,
                false => Outcome::NoConnection,
            });
        }
        let silent = selected
            .iter()
            .find(|&&index| connections[index].first_attempt.is_none());
        match silent {
            Some(&index) => Err(Outcome::NeverAttempted {
                connection: self.name(index),
            }),
            None => Ok(selected),
        }
    }

    fn matches(&self, selector: &Selector, connection: &ConnectionRecord) -> bool {
        let from = selector.from.is_none_or(|party| match party {
            Party::Application(index) => {
                self.deployment.application_at(&connection.client) == Some(index)
            }
            Party::Saas(_) => false,
            Party::Client(index) => connection.client == *self.deployment.clients[index].name,
        });
        let to = selector
            .to
            .is_none_or(|index| self.deployment.application_at(&connection.server) == Some(index));
        from && to
    }
}
