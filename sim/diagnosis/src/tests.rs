//! Causes and expectations on hand-made journals.

use super::*;
use trustsim_juju::{HookError, HookName, RelationChange, SecretChange};
use trustsim_testkit::{
    Authority, Script, bad, deployment, expect, good, rotation, seconds, set_option, subject,
};
use trustsim_tls::{ErrorKind, Side, Verdict};
use trustsim_world::{Counted, ExpectationKind, Kind, OfferSpec, Party, SaasSpec, Selector, Seq};

fn explained(deployment: &Deployment, script: &Script) -> Explanation {
    let findings = diagnose(deployment, &script.manifest, &script.journal);
    findings.explanations.into_iter().next().expect("an outage")
}

/// `client` meets `a.web/0`, whose certificate a CA of `a.ca` signed, and trusts nothing.
fn untrusting(client: &str) -> Script {
    let mut script = Script::new(&["a.web/0"]);
    client.clone_into(&mut script.manifest.connections[0].client);
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.trusts(3, client, &[]);
    script.serves(4, None, "a.web/0", &leaf);
    script
}

fn missing(deployment: &Deployment, client: &str) -> String {
    let mut script = untrusting(client);
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let carrier = explained(deployment, &script)
        .carrier
        .expect("trust is missing");
    let mut text = carrier.sentence();
    for command in carrier.commands() {
        text.push_str("\n  ");
        text.push_str(command);
    }
    if let Carrier::Missing {
        obstacle: Some(obstacle),
        ..
    } = &carrier
    {
        text.push_str("\n  but ");
        text.push_str(obstacle);
    }
    text
}

#[test]
fn a_missing_relation_in_one_model_takes_one_command() {
    insta::assert_snapshot!(missing(&deployment(), "a.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to a.client
      juju integrate -m a client:receive-ca-cert ca:send-ca-cert
    ");
}

#[test]
fn a_missing_relation_to_another_model_takes_an_offer() {
    insta::assert_snapshot!(missing(&deployment(), "b.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to b.client
      juju offer a.ca:send-ca-cert ca
      juju consume -m b admin/a.ca
      juju integrate -m b client:receive-ca-cert ca:send-ca-cert
    ");
}

#[test]
fn a_missing_relation_to_another_controller_names_the_controller() {
    insta::assert_snapshot!(missing(&deployment(), "c.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to c.client
      juju offer -c lxd a.ca:send-ca-cert ca
      juju consume -m c lxd:admin/a.ca
      juju integrate -m c client:receive-ca-cert ca:send-ca-cert
    ");
}

#[test]
fn an_offer_and_a_saas_that_are_there_are_used() {
    let mut deployment = deployment();
    deployment.offers.push(OfferSpec {
        name: "root-ca".to_owned(),
        application: 0,
        endpoints: vec!["send-ca-cert".to_owned()],
    });
    insta::assert_snapshot!(missing(&deployment, "b.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to b.client
      juju consume -m b admin/a.root-ca
      juju integrate -m b client:receive-ca-cert root-ca:send-ca-cert
    ");
    deployment.saas.push(SaasSpec {
        model: 1,
        name: "trust".to_owned(),
        offer: 0,
    });
    insta::assert_snapshot!(missing(&deployment, "b.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to b.client
      juju integrate -m b client:receive-ca-cert trust:send-ca-cert
    ");
}

#[test]
fn names_that_are_taken_are_not_used_again() {
    let mut deployment = deployment();
    deployment.offers.push(OfferSpec {
        name: "ca".to_owned(),
        application: 0,
        endpoints: vec!["certificates".to_owned()],
    });
    deployment.saas.push(SaasSpec {
        model: 1,
        name: "ca-send-ca-cert".to_owned(),
        offer: 0,
    });
    insta::assert_snapshot!(missing(&deployment, "b.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to b.client
      juju offer a.ca:send-ca-cert ca-send-ca-cert
      juju consume -m b admin/a.ca-send-ca-cert a-ca-send-ca-cert
      juju integrate -m b client:receive-ca-cert a-ca-send-ca-cert:send-ca-cert
    ");
}

#[test]
fn a_charm_that_cannot_take_a_ca_is_named() {
    insta::assert_snapshot!(missing(&deployment(), "a.web/1"), @r"
    no certificate_transfer relation carries it from a.ca to a.web
      but charm web of a.web has no endpoint that requires certificate_transfer
    ");
}

#[test]
fn a_client_outside_juju_has_what_it_was_given() {
    let mut deployment = deployment();
    insta::assert_snapshot!(missing(&deployment, "browser"), @"client browser still has the CA of a.ca that it was given before");
    deployment.clients[0].trusts.clear();
    insta::assert_snapshot!(missing(&deployment, "browser"), @"client browser was not given the CA of a.ca");
}

#[test]
fn a_removed_relation_is_told_from_one_that_never_was() {
    let mut script = untrusting("a.client/0");
    let sides = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
    script.transfer(5, RelationChange::Created, sides.0, sides.1);
    let gone = script.transfer(6, RelationChange::Removed, sides.0, sides.1);
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let carrier = explained(&deployment(), &script).carrier;
    let Some(Carrier::Missing { removed, .. }) = carrier else {
        panic!("{carrier:?}");
    };
    assert_eq!(removed, Some(gone));
}

#[test]
fn a_relation_that_is_there_only_has_not_carried_it_yet() {
    let mut script = untrusting("a.client/0");
    script.transfer(
        5,
        RelationChange::Created,
        "a.ca:send-ca-cert",
        "a.client:receive-ca-cert",
    );
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let carrier = explained(&deployment(), &script).carrier.expect("trust");
    insta::assert_snapshot!(carrier.sentence(), @"the certificate_transfer relation a.ca:send-ca-cert - a.client:receive-ca-cert is there, but had not brought it into the client's trust store");
}

/// The line without serials, which are random.
fn line(explanation: &Explanation) -> String {
    let mut text = explanation.line();
    while let Some(start) = text.find(" (serial ") {
        let end = text[start..].find(')').expect("closed") + start + 1;
        text.replace_range(start..end, "");
    }
    text
}

#[test]
fn an_expired_leaf_is_told_by_its_end() {
    let mut script = untrusting("a.client/0");
    script.fail(600, 0, ErrorKind::Expired);
    let explanation = explained(&deployment(), &script);
    assert!(explanation.carrier.is_none());
    insta::assert_snapshot!(explanation.headline, @"a.web/0 presents an expired certificate to a.client/0");
    insta::assert_snapshot!(line(&explanation), @"no relation brings a.web/0 a certificate; a.web/0 presented CN=web.example.com, which was valid until 2026-01-01T00:08:20Z");
}

#[test]
fn a_good_leaf_that_a_client_calls_expired_is_its_clock() {
    let mut script = untrusting("a.client/0");
    script.fail(100, 0, ErrorKind::Expired);
    insta::assert_snapshot!(line(&explained(&deployment(), &script)), @"a.web/0 presented CN=web.example.com, expired by the clock of a.client/0");
}

#[test]
fn a_wrong_name_is_told_by_both_names() {
    let mut script = untrusting("a.client/0");
    "10.0.0.1".clone_into(&mut script.manifest.connections[0].server_name);
    script.fail(100, 0, ErrorKind::NotValidForName);
    insta::assert_snapshot!(line(&explained(&deployment(), &script)), @"a.web/0 has a certificate for DNS:web.example.com, and a.client/0 asks for 10.0.0.1; a.web/0 was asked for 10.0.0.1, its certificate CN=web.example.com names DNS:web.example.com");
}

#[test]
fn a_namesake_root_is_pointed_out() {
    let mut script = Script::new(&["a.web/0"]);
    let (ca, other) = (
        Authority::root("ca"),
        Authority::root("ca").intermediate("ca"),
    );
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.serves(3, None, "a.web/0", &leaf);
    script.trusts(4, "browser", &[&other.certificate]);
    script.fail(60, 0, ErrorKind::BadSignature);
    insta::assert_snapshot!(line(&explained(&deployment(), &script)), @"a.ca has a new CA since 2026-01-01T00:00:01Z, and client browser still has the one that it was given before; a.web/0 presented CN=web.example.com, signed by CN=ca of a.ca; browser trusted CN=ca, of the same name but another certificate: client browser still has the CA of a.ca that it was given before");
}

#[test]
fn a_trusted_root_that_no_chain_reaches_is_the_chains_fault() {
    let mut script = Script::new(&["a.web/0"]);
    let root = Authority::root("root");
    let inner = root.intermediate("inner");
    let leaf = inner.leaf("web.example.com");
    script.issued(1, None, "a.root", &root.certificate, &root.certificate);
    script.issued(2, None, "a.ca", &inner.certificate, &root.certificate);
    script.issued(3, None, "a.web/0", &leaf, &inner.certificate);
    script.serves(4, None, "a.web/0", &leaf);
    script.trusts(5, "browser", &[&root.certificate]);
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let explanation = explained(&deployment(), &script);
    assert!(explanation.carrier.is_none(), "no relation is missing");
    assert_eq!(explanation.presented.len(), 3);
    insta::assert_snapshot!(line(&explanation), @"a.web/0 presents its certificate without CN=inner, so that no path leads to what browser trusts; a.web/0 presented CN=web.example.com, signed by CN=inner of a.ca, signed by CN=root of a.root, which browser trusts, but no chain to it could be built from what was presented");
}

#[test]
fn a_server_that_refuses_its_client_is_the_judge() {
    let mut script = untrusting("a.client/0");
    let verdict = Verdict::failed(ErrorKind::NoClientCertificate, Side::Server);
    script.judge(100, None, 0, verdict);
    let explanation = explained(&deployment(), &script);
    insta::assert_snapshot!(explanation.headline, @"a.client/0 presents no certificate to a.web/0");
    insta::assert_snapshot!(line(&explanation), @"no relation brings a.client/0 a certificate; a.client/0 had no certificate");
}

#[test]
fn the_root_of_a_failure_is_the_nearest_action() {
    let (deployment, script) = rotation();
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    for explanation in &findings.explanations {
        let root = explanation.root.expect("a root");
        let entry = script.journal.get(root).expect("an entry");
        assert!(matches!(entry.kind, Kind::Action(_)));
        insta::allow_duplicates! {
            insta::assert_snapshot!(explanation.root_text.as_deref().unwrap_or(""), @"`juju run -m a ca/leader rotate-private-key` (rotation.yaml:31)");
        }
    }
}

#[test]
fn without_an_action_the_root_is_the_first_thing_that_happened() {
    let mut script = untrusting("a.client/0");
    let kind = Kind::Secret {
        change: SecretChange::Expired,
        label: "ca".into(),
    };
    let secret = script.record(100, Some(Seq(0)), subject("a.ca/0"), kind);
    script.judge(110, Some(secret), 0, bad(ErrorKind::UnknownIssuer));
    let explanation = explained(&deployment(), &script);
    assert_eq!(explanation.root, Some(secret));
    insta::assert_snapshot!(explanation.root_text.unwrap_or_default(), @"secret of a.ca/0");
}

#[test]
fn a_change_of_error_has_a_cause_of_its_own() {
    let (deployment, script) = rotation();
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    let parts: Vec<usize> = findings
        .explanations
        .iter()
        .map(|each| each.parts.len())
        .collect();
    assert_eq!(parts, [2, 1]);
    assert!(
        findings.explanations[0].parts[1]
            .line
            .contains("which was valid until")
    );
}

/// Judges one expectation on a run in which `browser` fails from 100 s to 130 s.
fn judged(kind: ExpectationKind) -> (bool, String, usize) {
    let mut deployment = deployment();
    deployment.expectations = vec![expect(kind)];
    let mut script = Script::new(&["a.web/0"]);
    script.ok(60, 0);
    script.fail(100, 0, ErrorKind::Expired);
    script.ok(130, 0);
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    let result = &findings.expectations[0];
    let text = format!("{}: {}", result.claim, result.detail);
    (result.held, text, findings.unexpected.len())
}

fn from_browser() -> Selector {
    Selector {
        from: Some(Party::Client(0)),
        to: None,
    }
}

#[test]
fn no_failures_breaks_on_any_outage() {
    let (held, text, unexpected) = judged(ExpectationKind::NoFailures(from_browser()));
    assert!(!held);
    assert_eq!(unexpected, 1);
    insta::assert_snapshot!(text, @"no failures from browser: 1 of 1 connection failed, the worst, browser -> a.web/0, for 30s");
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
    let (held, text, unexpected) = fails(Some(ErrorKind::UnknownIssuer));
    assert_eq!((held, unexpected), (false, 1));
    insta::assert_snapshot!(text, @"failure from browser with unknown-issuer: browser -> a.web/0 failed with expired");
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
    let (held, text, unexpected) = outage(None, Some(29));
    assert_eq!((held, unexpected), (false, 1));
    insta::assert_snapshot!(text, @"outage from browser of at most 29s: browser -> a.web/0 lost 30s");
}

#[test]
fn a_claim_about_no_connection_is_broken() {
    let nobody = Selector {
        from: Some(Party::Application(3)),
        to: None,
    };
    let (held, text, _) = judged(ExpectationKind::NoFailures(nobody));
    assert!(!held);
    insta::assert_snapshot!(text, @"no failures from b.client: no connection is meant by it");
}

#[test]
fn a_connection_that_was_never_attempted_proves_nothing() {
    let mut deployment = deployment();
    deployment.expectations = vec![expect(ExpectationKind::NoFailures(Selector::default()))];
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].first_attempt = None;
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    assert!(!findings.passed());
    insta::assert_snapshot!(findings.expectations[0].detail, @"browser -> a.web/0 was never attempted");
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
                application: 0,
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
    let unit = format!("{}/0", deployment.application_address(0));
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
        (30, "a.nobody/0", failed()),
    ] {
        script.record(at, None, subject(who), kind);
    }
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    let said: Vec<String> = findings
        .expectations
        .iter()
        .map(|each| format!("{} {}: {}", each.held, each.claim, each.detail))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    true at least 1 at most 1 update-status hooks of a.ca: 1 update-status hooks of a.ca
    false at least 3 update-status failed hooks of a.ca: 2 update-status failed hooks of a.ca
    false at most 1 update-status failed hooks of a.ca: 2 update-status failed hooks of a.ca
    ");
}
