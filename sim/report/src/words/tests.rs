//! Root causes on journals made by hand, each rule of the search by itself, and the sentences that
//! are made of them.

use std::collections::BTreeMap;

use crate::words;
use trustsim_charm_model::surface::VAULT_UNSEALED;
use trustsim_charm_model::{PendingTask, Role};
use trustsim_diagnosis::{
    Cause, Explanation, Fault, FaultAction, FaultCause, Performed, Separation, diagnose,
};
use trustsim_interfaces::notes::{RefusalKind, RefusedRequest, RequestContent};
use trustsim_juju::{HookError, RelationChange, Status};
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Action, ApplicationIndex, CommandLine, Deployment, Instruction, Kind, Note, OperatorSpec,
    Party, RequestRecord, Seq, Side, Source, Subject, When,
};
use trustsim_pki::Certificate;
use trustsim_testkit::{
    Authority, Script, address_of, deployment, endpoint, hook_name, seconds, set_option, source,
    subject,
};
use trustsim_validators::ErrorKind;

mod explained;
mod kept;
mod moments;

/// A root cause as it is read.
struct Told {
    kind: &'static str,
    line: String,
    seq: Option<Seq>,
    steps: Vec<String>,
}

fn told(explanation: &Explanation) -> Told {
    let cause = &explanation.cause;
    let steps = cause.steps.iter();
    Told {
        kind: cause.what.name(),
        line: words::cause::line(&cause.what),
        seq: cause.seq,
        steps: steps.map(|step| words::step::text(&step.event)).collect(),
    }
}

/// A command with an instant was a headline, and what has no command was in backquotes.
#[test]
fn a_headline_is_a_sentence() {
    let typed = Instruction::Typed(CommandLine::new(["juju", "remove-offer", "a.ca"]));
    let phrase = Instruction::ByHand("a.web distrusts the CA of a.ca".to_owned());
    let said = |command: &Instruction| {
        let fault = Fault {
            since: Time::EPOCH,
            what: FaultAction::Command(command.clone()),
            source: source(7, ""),
        };
        let separated = FaultCause::Separated {
            by: Separation::Offer,
            fault,
        };
        let performed = Performed {
            command: command.clone(),
            source: source(7, ""),
        };
        let causes = [Cause::Fault(separated), Cause::Action(performed.clone())];
        let lines = causes.iter().map(words::cause::line);
        let after = words::cause::performed(&performed);
        lines.chain([after]).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(said(&typed), @r"
    `juju remove-offer a.ca` was run at 1970-01-01T00:00:00Z (rotation.yaml:7)
    `juju remove-offer a.ca` was run (rotation.yaml:7)
    `juju remove-offer a.ca` (rotation.yaml:7)
    ");
    insta::assert_snapshot!(said(&phrase), @r"
    since 1970-01-01T00:00:00Z, a.web distrusts the CA of a.ca (rotation.yaml:7)
    a.web distrusts the CA of a.ca (rotation.yaml:7)
    a.web distrusts the CA of a.ca (rotation.yaml:7)
    ");
}

/// `a.web/0` has a certificate of `a.ca` until 500 s, over a relation of `tls-certificates`.
fn expiring() -> (Script, Authority) {
    let mut script = Script::new(&["a.web/0"]);
    let kind = Kind::Relation {
        change: RelationChange::Created,
        interface: "tls-certificates".into(),
        provider: endpoint("a.ca:certificates"),
        requirer: endpoint("a.web:certificates"),
    };
    script.record(0, None, Subject::default(), kind);
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    note(&mut script, 1, "a.web/0", requested("web.example.com"));
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.trusts(3, "browser", &[&ca.certificate]);
    script.serves(4, None, "a.web/0", &leaf);
    script.record(5, None, Subject::default(), Kind::Settled { at_rest: true });
    script.ok(60, 0);
    (script, ca)
}

fn note(script: &mut Script, at_s: u64, address: &str, note: Note) -> Seq {
    script.record(at_s, None, subject(address), Kind::Note(note))
}

fn requested(common_name: &str) -> Note {
    Note::CertificateRequested(RequestRecord {
        common_name: common_name.to_owned(),
        provider: endpoint("m.ca:certificates"),
        requirer: endpoint("m.web:certificates"),
        is_shared: false,
        is_ca: false,
        content: RequestContent::Names(Vec::new()),
    })
}

fn refused(common_name: &str, reason: &str) -> Note {
    Note::CertificateRefused {
        refused: RefusedRequest {
            common_name: Some(common_name.to_owned()),
            kind: RefusalKind::Other,
            reason: reason.to_owned(),
        },
        request: None,
    }
}

/// The first operator notices a wait.
fn noticed(what: &'static str, detail: &str, answers_in: Option<Span>) -> Note {
    Note::WaitNoticed {
        wait: PendingTask {
            what,
            subject: detail.to_owned(),
            common_name: None,
            detail: detail.to_owned(),
        },
        operator: 0.into(),
        answers_in,
    }
}

fn status(status: Status, message: &str) -> Kind {
    let message = message.into();
    Kind::StatusChanged { status, message }
}

fn cause(deployment: &Deployment, script: &Script) -> Told {
    let findings = diagnose(deployment, &script.manifest, &script.journal);
    told(findings.explanations.first().expect("an outage"))
}

/// What is said where the leaf expires.
fn of_expiry(deployment: &Deployment, mut script: Script) -> (&'static str, String) {
    script.fail(600, 0, ErrorKind::Expired);
    let cause = cause(deployment, &script);
    (cause.kind, cause.line)
}

#[test]
fn without_a_request_nobody_asked() {
    let (script, _) = expiring();
    let (kind, line) = of_expiry(&deployment(), script);
    assert_eq!(kind, "not-asked");
    insta::assert_snapshot!(line, @"a.web/0 never asked for a new certificate in place of the one that ended at 2026-01-01T00:08:20Z");
}

#[test]
fn a_request_that_nobody_answered_names_who_was_asked() {
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    let (kind, line) = of_expiry(&deployment(), script);
    assert_eq!(kind, "not-answered");
    insta::assert_snapshot!(line, @"a.ca has not answered the request of a.web/0 for web.example.com, sent at 2026-01-01T00:07:30Z");
}

#[test]
fn a_request_for_another_name_is_no_renewal() {
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web/0", requested("other.example.com"));
    assert_eq!(of_expiry(&deployment(), script).0, "not-asked");
}

#[test]
fn a_status_says_what_blocks_the_provider_and_what_led_there() {
    let (mut script, _) = expiring();
    let action = script.done(400, Some(Seq(0)), set_option());
    let hook = Kind::HookStarted {
        hook: hook_name("config-changed"),
    };
    let hook = script.record(401, Some(action), subject("a.ca/0"), hook);
    let status = status(Status::Blocked, "x is not valid");
    script.record(401, Some(hook), subject("a.ca/0"), status);
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    let (kind, line) = of_expiry(&deployment(), script);
    assert_eq!(kind, "blocked");
    insta::assert_snapshot!(line, @"a.ca/0 is blocked: x is not valid (since 2026-01-01T00:06:41Z), after `juju config -m a ca x=y` (rotation.yaml:3)");
}

#[test]
fn a_status_that_was_over_before_blocks_nothing() {
    let (mut script, _) = expiring();
    for (at_s, status) in [
        (300, status(Status::Blocked, "x")),
        (310, status(Status::Active, "")),
    ] {
        script.record(at_s, None, subject("a.ca/0"), status);
    }
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    assert_eq!(of_expiry(&deployment(), script).0, "not-answered");
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    let refusal = refused("web.example.com", "the CA ends before");
    note(&mut script, 452, "a.ca/0", refusal);
    note(
        &mut script,
        453,
        "a.ca/0",
        refused("other.example.com", "no"),
    );
    let (kind, line) = of_expiry(&deployment(), script);
    assert_eq!(kind, "refused");
    insta::assert_snapshot!(line, @"a.ca refused a.web/0 a certificate for web.example.com: the CA ends before");
}

#[test]
fn a_hook_that_fails_holds_everything_up_until_it_is_committed() {
    let failed = |script: &mut Script, at_s| {
        let kind = Kind::HookFailed {
            hook: hook_name("certificates-relation-changed"),
            error: HookError::Charm("ValueError: x".to_owned()),
        };
        script.record(at_s, None, subject("a.ca/0"), kind)
    };
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    failed(&mut script, 452);
    failed(&mut script, 460);
    let (kind, line) = of_expiry(&deployment(), script);
    assert_eq!(kind, "hook-failed");
    insta::assert_snapshot!(line, @"hook certificates-relation-changed of a.ca/0 fails since 2026-01-01T00:07:32Z: uncaught exception: ValueError: x");
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    failed(&mut script, 452);
    let committed = Kind::HookCommitted {
        hook: hook_name("certificates-relation-changed"),
    };
    script.record(460, None, subject("a.ca/0"), committed);
    assert_eq!(of_expiry(&deployment(), script).0, "not-answered");
}

/// A deployment with an operator for `a.ca`.
fn looked_after() -> Deployment {
    let mut deployment = deployment();
    deployment.operators.push(OperatorSpec {
        name: "on-call".to_owned(),
        answers: vec![0.into()],
        when: When::At(Vec::new()),
        unit: None,
        rejects: Vec::new(),
        signs_with: None,
        source: source(9, ""),
    });
    deployment
}

#[test]
fn a_person_who_is_absent_is_named() {
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    let wait = noticed("certificate", "web.example.com", None);
    note(&mut script, 452, "a.ca/0", wait);
    let (kind, line) = of_expiry(&looked_after(), script);
    assert_eq!(kind, "operator");
    insta::assert_snapshot!(line, @"a.ca/0 waits since 2026-01-01T00:07:32Z for on-call, who does not come again (certificate: web.example.com)");
}

/// `vault operator unseal` at `a.ca/0`, by the operator of line 9.
fn unseal() -> (Action, Source) {
    let action = Action::AtWorkload {
        application: 0.into(),
        unit: 0,
        command: "vault operator unseal".to_owned(),
        files: BTreeMap::from([(VAULT_UNSEALED.into(), Some("true".into()))]),
        notifies: None,
    };
    (action, source(9, ""))
}

#[test]
fn a_person_who_is_slow_is_named_with_when_they_came() {
    let (mut script, _) = expiring();
    let wait = noticed("unseal", "Vault is sealed", Some(seconds(300)));
    let wait = note(&mut script, 440, "a.ca/0", wait);
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    script.fail(600, 0, ErrorKind::Expired);
    script.done(740, Some(wait), unseal());
    let cause = cause(&looked_after(), &script);
    insta::assert_snapshot!(cause.line, @"a.ca/0 waited for on-call from 2026-01-01T00:07:20Z to 2026-01-01T00:12:20Z (unseal: Vault is sealed)");
    assert_eq!(cause.seq, Some(wait));
    let steps = cause.steps;
    assert_eq!(
        steps[0],
        "a.ca/0 waits for on-call (rotation.yaml:9): unseal: Vault is sealed"
    );
    assert_eq!(steps[1], "a.web/0 asks a.ca for web.example.com");
    assert!(steps[2].ends_with("expires"), "{steps:?}");
}

#[test]
fn a_person_who_came_before_the_request_is_not_to_blame() {
    let (mut script, _) = expiring();
    let wait = noticed("unseal", "Vault is sealed", Some(seconds(300)));
    let wait = note(&mut script, 400, "a.ca/0", wait);
    script.done(420, Some(wait), unseal());
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    assert_eq!(of_expiry(&looked_after(), script).0, "not-answered");
}

/// `a.web/0` was given another certificate at 452 s and serves the first.
fn given_another() -> (Script, Certificate) {
    let (mut script, ca) = expiring();
    note(&mut script, 450, "a.web/0", requested("web.example.com"));
    let second = ca.leaf("web.example.com");
    script.issued(452, None, "a.web/0", &second, &ca.certificate);
    (script, second)
}

#[test]
fn a_newer_certificate_that_was_not_loaded_is_to_blame() {
    let (script, _) = given_another();
    let (kind, line) = of_expiry(&deployment(), script);
    assert_eq!(kind, "not-loaded");
    assert!(line.contains("no hook of its charm heard of it"), "{line}");
    let (mut script, _) = given_another();
    let committed = Kind::HookCommitted {
        hook: hook_name("certificates-relation-changed"),
    };
    script.record(455, None, subject("a.web/0"), committed);
    let (_, line) = of_expiry(&deployment(), script);
    assert!(line.contains("its charm heard of it"), "{line}");
}

#[test]
fn units_whose_names_begin_alike_are_told_apart() {
    let (mut script, _) = expiring();
    note(&mut script, 450, "a.web-b/0", requested("web.example.com"));
    note(&mut script, 450, "a.webs/0", requested("web.example.com"));
    assert_eq!(of_expiry(&deployment(), script).0, "not-asked");
}

fn side(application: ApplicationIndex, endpoint: &str, role: Role) -> Side {
    Side {
        party: Party::Application(application),
        endpoint: endpoint.to_owned(),
        role,
    }
}

#[test]
fn a_removed_transfer_names_the_command_that_removed_it() {
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of("a.client/0");
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.serves(4, None, "a.web/0", &leaf);
    let sides = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
    script.transfer(5, RelationChange::Created, sides.0, sides.1);
    script.trusts(6, "a.client/0", &[&ca.certificate]);
    let removal = Action::RemoveRelation {
        model: 0.into(),
        sides: [
            side(0.into(), "send-ca-cert", Role::Provider),
            side(2.into(), "receive-ca-cert", Role::Requirer),
        ],
    };
    let action = script.done(90, Some(Seq(0)), (removal, source(7, "")));
    let gone = Kind::Relation {
        change: RelationChange::Removed,
        interface: "certificate_transfer".into(),
        provider: endpoint(sides.0),
        requirer: endpoint(sides.1),
    };
    script.record(91, Some(action), Subject::default(), gone);
    script.trusts(92, "a.client/0", &[]);
    script.fail(92, 0, ErrorKind::UnknownIssuer);
    let cause = cause(&deployment(), &script);
    assert_eq!(cause.kind, "transfer-removed");
    insta::assert_snapshot!(cause.line, @"the relation that carried the CA of a.ca to a.client was removed at 2026-01-01T00:01:31Z by `juju remove-relation -m a ca:send-ca-cert client:receive-ca-cert` (rotation.yaml:7)");
}
