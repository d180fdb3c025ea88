//! Expectations on journals made by hand.

use super::*;
use trustsim_juju::{HookError, HookName};
use trustsim_model::{Counted, ExpectationKind, Kind, Party, Selector};
use trustsim_testkit::{Script, deployment, expect, good, seconds, set_option, subject};
use trustsim_validators::ErrorKind;

const NAME: &str = "browser -> a.web/0";

/// Judges one expectation on a run in which `browser` fails from 100 s to 130 s.
fn judged(kind: ExpectationKind) -> (bool, ExpectationOutcome, usize) {
    let mut deployment = deployment();
    deployment.expectations = vec![expect(kind.clone())];
    let mut script = Script::new(&["a.web/0"]);
    script.ok(60, 0);
    script.fail(100, 0, ErrorKind::Expired);
    script.ok(130, 0);
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    let result = &findings.expectations[0];
    assert_eq!(result.claim, ClaimedTruth::Expected(kind));
    (
        result.held,
        result.outcome.clone(),
        findings.outages_of(OutageClass::Unexpected).count(),
    )
}

fn from_browser() -> Selector {
    Selector {
        from: Some(Party::Client(0.into())),
        to: None,
    }
}

#[test]
fn no_failures_breaks_on_any_outage() {
    let (held, outcome, unexpected) = judged(ExpectationKind::NoFailures(from_browser()));
    assert!(!held);
    assert_eq!(unexpected, 1);
    let failed = ExpectationOutcome::SomeFailed {
        failed: 1,
        connections: 1,
        worst: NAME.to_owned(),
        lost: seconds(30),
    };
    assert_eq!(outcome, failed);
}

#[test]
fn fails_asks_for_a_failure_with_that_error() {
    let fails = |error: Option<ErrorKind>| {
        judged(ExpectationKind::Fails {
            connections: from_browser(),
            error,
        })
    };
    assert_eq!((fails(None).0, fails(None).2), (true, 0));
    assert_eq!(
        (
            fails(Some(ErrorKind::Expired)).0,
            fails(Some(ErrorKind::Expired)).2
        ),
        (true, 0)
    );
    let (held, outcome, unexpected) = fails(Some(ErrorKind::UnknownIssuer));
    assert_eq!((held, unexpected), (false, 1));
    let failed = ExpectationOutcome::FailedWith {
        connection: NAME.to_owned(),
        error: ErrorKind::Expired,
    };
    assert_eq!(outcome, failed);
}

#[test]
fn an_outage_is_held_within_its_bounds() {
    let outage = |at_least: Option<u64>, at_most: Option<u64>| {
        judged(ExpectationKind::Outage {
            connections: from_browser(),
            at_least: at_least.map(seconds),
            at_most: at_most.map(seconds),
            error: None,
        })
    };
    assert!(outage(Some(30), Some(30)).0);
    assert_eq!(outage(None, Some(30)).2, 0);
    assert!(!outage(Some(31), None).0);
    let (held, outcome, unexpected) = outage(None, Some(29));
    assert_eq!((held, unexpected), (false, 1));
    let lost = ExpectationOutcome::Lost {
        connection: NAME.to_owned(),
        lost: seconds(30),
    };
    assert_eq!(outcome, lost);
}

#[test]
fn a_claim_about_no_connection_is_broken() {
    let no_connection = Selector {
        from: Some(Party::Application(3.into())),
        to: None,
    };
    let (held, outcome, _) = judged(ExpectationKind::NoFailures(no_connection));
    assert!(!held);
    assert_eq!(outcome, ExpectationOutcome::NoConnection);
}

#[test]
fn a_connection_that_was_never_attempted_proves_nothing() {
    let mut deployment = deployment();
    deployment.expectations = vec![expect(ExpectationKind::NoFailures(Selector::default()))];
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].first_attempt = None;
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    assert!(!findings.passed());
    let connection = NAME.to_owned();
    assert_eq!(
        findings.expectations[0].outcome,
        ExpectationOutcome::NeverAttempted { connection }
    );
}

#[test]
fn a_quiet_run_passes() {
    let mut script = Script::new(&["a.web/0"]);
    script.judge(60, None, 0, good());
    script.done(70, None, set_option());
    let findings = diagnose(&deployment(), &script.manifest, &script.journal);
    assert!(findings.passed());
    assert!(findings.outages.is_empty());
}

#[test]
fn what_happens_so_often_is_counted() {
    let mut deployment = deployment();
    let hooks = |failed, at_least, at_most| {
        expect(ExpectationKind::Count {
            what: Counted::Hooks {
                application: 0.into(),
                hook: Some(HookName::UpdateStatus),
                failed,
            },
            at_least,
            at_most,
        })
    };
    deployment.expectations = vec![
        hooks(false, Some(1), Some(1)),
        hooks(true, Some(3), None),
        hooks(true, None, Some(1)),
    ];
    let unit = format!("{}/0", deployment.application_address(0.into()));
    let mut script = Script::new(&["a.web/0"]);
    let failed = || Kind::HookFailed {
        hook: HookName::UpdateStatus,
        error: HookError::Charm("it does not".to_owned()),
    };
    let began = Kind::HookStarted {
        hook: HookName::UpdateStatus,
    };
    for (at, who, kind) in [
        (10, &*unit, began),
        (11, &*unit, failed()),
        (20, &*unit, failed()),
        (30, "a.other/0", failed()),
    ] {
        script.record(at, None, subject(who), kind);
    }
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    let counted = findings.expectations.iter().map(|each| match each.outcome {
        ExpectationOutcome::Counted { number, .. } => (each.held, number),
        ref other => panic!("{other:?}"),
    });
    let counted: Vec<(bool, u64)> = counted.collect();
    assert_eq!(counted, [(true, 1), (false, 2), (false, 2)]);
}
