//! Which moment of an outage is explained.

use super::{status, told};
use crate::words;
use trustsim_diagnosis::{Answer, Explanation, diagnose, why};
use trustsim_juju::{HookError, RelationChange, Status};
use trustsim_model::{Kind, Subject};
use trustsim_testkit::{Authority, Script, address_of, deployment, hook_name, subject};
use trustsim_validators::ErrorKind;

fn explained(script: &Script) -> Explanation {
    let findings = diagnose(&deployment(), &script.manifest, &script.journal);
    let first = findings.explanations.into_iter().next();
    first.expect("an outage")
}

fn parts(script: &Script) -> Vec<Explanation> {
    let findings = diagnose(&deployment(), &script.manifest, &script.journal);
    let first = findings.parts.into_iter().next().expect("an outage");
    first.into_iter().map(|part| part.explanation).collect()
}

fn answer(script: &Script, at_s: u64) -> Answer {
    let at = script.manifest.start + trustsim_testkit::seconds(at_s);
    let (client, server) = ("a.client/0", "a.web/0");
    let answers = why(
        &deployment(),
        &script.manifest,
        &script.journal,
        client,
        server,
        at,
    );
    let first = answers.expect("it is watched").into_iter().next();
    first.expect("an answer")
}

/// `a.client/0` trusts nothing; `a.web/0` presents a certificate of `a.ca`.
fn strangers() -> Script {
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of("a.client/0");
    let ca = Authority::root("ca");
    let leaf = ca.leaf_for("web.example.com", 1000);
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.serves(4, None, "a.web/0", &leaf);
    script.trusts(4, "a.client/0", &[]);
    script.record(5, None, Subject::default(), Kind::Settled { at_rest: true });
    script
}

#[test]
fn what_never_worked_is_explained_by_what_keeps_it_so() {
    let mut script = strangers();
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let found = explained(&script);
    assert_eq!(found.cause.what.name(), "no-transfer");
    assert_eq!(parts(&script).len(), 1);
    // The relation comes later and brings nothing: that is so for most of the time.
    let ends = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
    script.transfer(100, RelationChange::Created, ends.0, ends.1);
    let found = explained(&script);
    assert_eq!(found.cause.what.name(), "not-sent");
    let parts = parts(&script);
    let parts: Vec<String> = parts
        .iter()
        .map(|part| words::cause::line(&part.cause.what))
        .collect();
    assert_eq!(parts.len(), 2, "{parts:?}");
    assert!(parts[0].starts_with("no relation carries"), "{parts:?}");
}

#[test]
fn what_opened_an_outage_of_something_that_worked_explains_it() {
    let mut script = strangers();
    script.ok(60, 0);
    script.fail(70, 0, ErrorKind::UnknownIssuer);
    let ends = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
    script.transfer(100, RelationChange::Created, ends.0, ends.1);
    assert_eq!(explained(&script).cause.what.name(), "no-transfer");
}

#[test]
fn what_was_on_its_way_when_it_failed_is_no_cause_if_it_never_came() {
    let mut script = strangers();
    let ends = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
    script.transfer(6, RelationChange::Created, ends.0, ends.1);
    script.ok(60, 0);
    script.fail(70, 0, ErrorKind::UnknownIssuer);
    let hook = "send-ca-cert-relation-joined";
    for at_s in [80, 90] {
        let failed = Kind::HookFailed {
            hook: hook_name(hook),
            error: HookError::Charm("ValueError: x".to_owned()),
        };
        script.record(at_s, None, subject("a.ca/0"), failed);
    }
    let found = explained(&script);
    assert_eq!(found.cause.what.name(), "hook-failed");
    let line = told(&found).line;
    assert!(line.contains("fails since"), "{line}");
}

#[test]
fn the_error_that_lasted_longest_is_explained() {
    let mut script = strangers();
    script.fail(60, 0, ErrorKind::Unreachable);
    script.fail(65, 0, ErrorKind::UnknownIssuer);
    script.ok(600, 0);
    let found = explained(&script);
    assert_eq!(
        (found.symptom.error, found.cause.what.name()),
        (ErrorKind::UnknownIssuer, "no-transfer")
    );
    let errors: Vec<ErrorKind> = parts(&script)
        .iter()
        .map(|part| part.symptom.error)
        .collect();
    assert_eq!(errors, [ErrorKind::Unreachable, ErrorKind::UnknownIssuer]);
}

#[test]
fn why_says_what_run_says_unless_something_else_was_to_blame_just_then() {
    let mut script = strangers();
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let ends = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
    script.transfer(100, RelationChange::Created, ends.0, ends.1);
    script.record(400, None, subject("a.web/0"), status(Status::Active, ""));
    let whole = told(&explained(&script)).line;
    let said = |at_s| {
        let explanation = answer(&script, at_s).explanation;
        told(&explanation.expect("it fails")).line
    };
    assert_eq!(said(900), whole);
    assert_eq!(said(500), whole);
    assert!(said(70).starts_with("no relation carries"), "{}", said(70));
}
