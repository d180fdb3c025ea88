//! The words for what a scenario expects and what came of it: a claim such as `no failures from
//! browser`, and one line that says why it holds or does not.

use trustsim_diagnosis::{ClaimedTruth, ExpectationOutcome as Outcome};
use trustsim_kernel::{Span, format_duration};
use trustsim_model::{Counted, Deployment, ExpectationKind, Party, Selector};
use trustsim_validators::ErrorKind;

use super::{number, violation};

/// What was expected.
pub fn claim(claim: &ClaimedTruth, deployment: &Deployment) -> String {
    match claim {
        ClaimedTruth::Expected(kind) => expected(kind, deployment),
        ClaimedTruth::OfRotation { ca, claim, until } => format!(
            "{} in the rotation of {} up to {}",
            claim.name(),
            deployment.application_address(*ca),
            format_duration(*until)
        ),
    }
}

/// Why it holds or does not, one line.
pub fn outcome(outcome: &Outcome, deployment: &Deployment) -> String {
    match outcome {
        Outcome::NoneFailed {
            connections,
            ignored: 0,
        } => format!("{} without a failure", count(*connections)),
        Outcome::NoneFailed {
            connections,
            ignored,
        } => format!(
            "{} without a failure but {} that {} nothing",
            count(*connections),
            number::counted(*ignored as u64, "outage"),
            if *ignored == 1 { "breaks" } else { "break" }
        ),
        Outcome::SomeFailed {
            failed,
            connections,
            worst,
            lost,
        } => format!(
            "{failed} of {} failed, the worst, {worst}, for {}",
            count(*connections),
            format_duration(*lost)
        ),
        Outcome::AllFailed { connections } => format!("{} failed", count(*connections)),
        Outcome::DidNotFail { connection } => format!("{connection} did not fail"),
        Outcome::FailedWith { connection, error } => format!("{connection} failed with {error}"),
        Outcome::Lost { connection, lost } => {
            format!("{connection} lost {}", format_duration(*lost))
        }
        Outcome::WithinBounds { connections, most } => format!(
            "{} within bounds, at most {} lost",
            count(*connections),
            format_duration(*most)
        ),
        Outcome::Counted { number, what } => format!("{number} {}", counted(what, deployment)),
        Outcome::NoConnection => "no connection is meant by it".to_owned(),
        Outcome::NotSimulated => "what it is about is not simulated".to_owned(),
        Outcome::NeverAttempted { connection } => format!("{connection} was never attempted"),
        Outcome::Kept => "held".to_owned(),
        Outcome::NotReached => "the run ended before that".to_owned(),
        Outcome::Violated(found) => violation::line(found),
    }
}

fn expected(kind: &ExpectationKind, deployment: &Deployment) -> String {
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
            format!("{least}{most}{}", counted(what, deployment))
        }
        ExpectationKind::NoFailures(selector) => {
            format!("no failures{}", scope(selector, deployment))
        }
        ExpectationKind::Fails { connections, error } => {
            let scope = scope(connections, deployment);
            format!("failure{scope}{}", with(*error))
        }
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
            format!(
                "outage{}{}{}{}",
                scope(connections, deployment),
                bound("of at least", at_least),
                bound("of at most", at_most),
                with(*error)
            )
        }
    }
}

fn with(error: Option<ErrorKind>) -> String {
    error.map_or_else(String::new, |error| format!(" with {error}"))
}

fn scope(selector: &Selector, deployment: &Deployment) -> String {
    let from = selector.from.map_or_else(String::new, |from| match from {
        Party::Application(index) => format!(" from {}", deployment.application_address(index)),
        other => format!(" from {}", deployment.party_name(other)),
    });
    let to = selector.to.map_or_else(String::new, |to| {
        format!(" to {}", deployment.application_address(to))
    });
    format!("{from}{to}")
}

/// What is counted.
fn counted(what: &Counted, deployment: &Deployment) -> String {
    match what {
        Counted::Hooks {
            application,
            hook,
            failed,
        } => {
            let hooks = hook
                .as_ref()
                .map_or_else(String::new, |hook| format!("{hook} "));
            let word = if *failed { "failed hooks" } else { "hooks" };
            let application = deployment.application_address(*application);
            format!("{hooks}{word} of {application}")
        }
        Counted::Certificates { by, application } => {
            let address = |word: &str, index: &Option<_>| {
                index.map_or_else(String::new, |index| {
                    format!(" {word} {}", deployment.application_address(index))
                })
            };
            format!(
                "certificates{}{}",
                address("by", by),
                address("for", application)
            )
        }
    }
}

fn count(connections: usize) -> String {
    match connections {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_juju::HookName;
    use trustsim_model::Claim;
    use trustsim_testkit::{deployment, seconds};

    fn from_browser() -> Selector {
        Selector {
            from: Some(Party::Client(0.into())),
            to: None,
        }
    }

    fn hooks(failed: bool) -> Counted {
        Counted::Hooks {
            application: 0.into(),
            hook: Some(HookName::UpdateStatus),
            failed,
        }
    }

    #[test]
    fn every_claim_has_its_words() {
        let from_application = Selector {
            from: Some(Party::Application(3.into())),
            to: Some(0.into()),
        };
        let claims = [
            ClaimedTruth::Expected(ExpectationKind::NoFailures(Selector::default())),
            ClaimedTruth::Expected(ExpectationKind::NoFailures(from_application)),
            ClaimedTruth::Expected(ExpectationKind::Fails {
                connections: from_browser(),
                error: Some(ErrorKind::UnknownIssuer),
            }),
            ClaimedTruth::Expected(ExpectationKind::Outage {
                connections: from_browser(),
                at_least: Some(seconds(5)),
                at_most: Some(seconds(29)),
                error: Some(ErrorKind::Expired),
            }),
            ClaimedTruth::Expected(ExpectationKind::Count {
                what: hooks(true),
                at_least: Some(1),
                at_most: Some(3),
            }),
            ClaimedTruth::Expected(ExpectationKind::Count {
                what: Counted::Certificates {
                    by: Some(0.into()),
                    application: Some(3.into()),
                },
                at_least: None,
                at_most: Some(3),
            }),
            ClaimedTruth::OfRotation {
                ca: 0.into(),
                claim: Claim::NoFailures,
                until: seconds(900),
            },
        ];
        let said = claims.map(|each| claim(&each, &deployment()));
        insta::assert_snapshot!(said.join("\n"), @"
        no failures
        no failures from b.client to a.ca
        failure from browser with unknown-issuer
        outage from browser of at least 5s of at most 29s with expired
        at least 1 at most 3 update-status failed hooks of a.ca
        at most 3 certificates by a.ca for b.client
        no-failures in the rotation of a.ca up to 15m
        ");
    }

    #[test]
    fn every_outcome_has_its_words() {
        let connection = || "browser -> a.web/0".to_owned();
        let outcomes = [
            Outcome::NoneFailed {
                connections: 1,
                ignored: 0,
            },
            Outcome::SomeFailed {
                failed: 1,
                connections: 2,
                worst: connection(),
                lost: seconds(30),
            },
            Outcome::AllFailed { connections: 2 },
            Outcome::DidNotFail {
                connection: connection(),
            },
            Outcome::FailedWith {
                connection: connection(),
                error: ErrorKind::Expired,
            },
            Outcome::Lost {
                connection: connection(),
                lost: seconds(30),
            },
            Outcome::WithinBounds {
                connections: 2,
                most: seconds(30),
            },
            Outcome::Counted {
                number: 2,
                what: hooks(false),
            },
            Outcome::NoConnection,
            Outcome::NeverAttempted {
                connection: connection(),
            },
            Outcome::Kept,
            Outcome::NotReached,
        ];
        let said = outcomes.map(|each| outcome(&each, &deployment()));
        insta::assert_snapshot!(said.join("\n"), @"
        1 connection without a failure
        1 of 2 connections failed, the worst, browser -> a.web/0, for 30s
        2 connections failed
        browser -> a.web/0 did not fail
        browser -> a.web/0 failed with expired
        browser -> a.web/0 lost 30s
        2 connections within bounds, at most 30s lost
        2 update-status hooks of a.ca
        no connection is meant by it
        browser -> a.web/0 was never attempted
        held
        the run ended before that
        ");
    }
}
