//! Whole explanations on journals made by hand: symptom, ca_route, what started it.

use crate::words;
use trustsim_diagnosis::{CaRoute, Explanation, diagnose};
use trustsim_juju::{RelationChange, SecretChange};
use trustsim_model::{Deployment, Kind, OfferSpec, SaasSpec, Seq};
use trustsim_pki::Certificate;
use trustsim_testkit::{Authority, Script, address_of, bad, deployment, rotation, subject};
use trustsim_validators::{ErrorKind, Side, Verdict};

fn explained(deployment: &Deployment, script: &Script) -> Explanation {
    let findings = diagnose(deployment, &script.manifest, &script.journal);
    findings.explanations.into_iter().next().expect("an outage")
}

/// `client` meets `a.web/0`, whose certificate a CA of `a.ca` signed, and trusts nothing.
fn untrusting(client: &str) -> Script {
    untrusting_of(client).0
}

/// The same, with the CA that it does not trust.
fn untrusting_of(client: &str) -> (Script, Certificate) {
    let mut script = Script::new(&["a.web/0"]);
    script.manifest.connections[0].client = address_of(client);
    let ca = Authority::root("ca");
    let leaf = ca.leaf("web.example.com");
    script.issued(1, None, "a.ca", &ca.certificate, &ca.certificate);
    script.issued(2, None, "a.web/0", &leaf, &ca.certificate);
    script.trusts(3, client, &[]);
    script.serves(4, None, "a.web/0", &leaf);
    (script, ca.certificate)
}

fn missing(deployment: &Deployment, client: &str) -> String {
    let mut script = untrusting(client);
    script.fail(60, 0, ErrorKind::UnknownIssuer);
    let ca_route = explained(deployment, &script)
        .ca_route
        .expect("trust is missing");
    let mut text = words::ca_route::clause(&ca_route);
    for command in ca_route.commands() {
        text.push_str("\n  ");
        text.push_str(&words::command::text(command));
    }
    if let CaRoute::NoRelation {
        obstacle: Some(obstacle),
        ..
    } = &ca_route
    {
        text.push_str("\n  but ");
        text.push_str(&words::command::obstacle(obstacle));
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
        application: 0.into(),
        endpoints: vec!["send-ca-cert".to_owned()],
    });
    insta::assert_snapshot!(missing(&deployment, "b.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to b.client
      juju consume -m b admin/a.root-ca
      juju integrate -m b client:receive-ca-cert root-ca:send-ca-cert
    ");
    deployment.saas.push(SaasSpec {
        model: 1.into(),
        name: "trust".to_owned(),
        offer: 0.into(),
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
        application: 0.into(),
        endpoints: vec!["certificates".to_owned()],
    });
    deployment.saas.push(SaasSpec {
        model: 1.into(),
        name: "ca-send-ca-cert".to_owned(),
        offer: 0.into(),
    });
    insta::assert_snapshot!(missing(&deployment, "b.client/0"), @r"
    no certificate_transfer relation carries it from a.ca to b.client
      juju offer a.ca:send-ca-cert ca-send-ca-cert
      juju consume -m b admin/a.ca-send-ca-cert a-ca-send-ca-cert
      juju integrate -m b client:receive-ca-cert a-ca-send-ca-cert:send-ca-cert
    ");
}

/// An offer of another application has the second name too, and so has an application of the consuming model.
#[test]
fn where_all_names_are_taken_the_last_gets_a_number() {
    let mut deployment = deployment();
    for (name, application) in [("ca", 0), ("ca-send-ca-cert", 1)] {
        deployment.offers.push(OfferSpec {
            name: name.to_owned(),
            application: application.into(),
            endpoints: vec!["certificates".to_owned()],
        });
    }
    for name in ["ca-send-ca-cert-2", "a-ca-send-ca-cert-2"] {
        deployment.saas.push(SaasSpec {
            model: 1.into(),
            name: name.to_owned(),
            offer: 0.into(),
        });
    }
    insta::assert_snapshot!(missing(&deployment, "b.client/0"), @"
    no certificate_transfer relation carries it from a.ca to b.client
      juju offer a.ca:send-ca-cert ca-send-ca-cert-2
      juju consume -m b admin/a.ca-send-ca-cert-2 a-ca-send-ca-cert-2-2
      juju integrate -m b client:receive-ca-cert a-ca-send-ca-cert-2-2:send-ca-cert
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
    insta::assert_snapshot!(missing(&deployment, "browser"), @"client browser has of a.ca only what the scenario gave it when it began");
    deployment.clients.raw[0].trusts.clear();
    insta::assert_snapshot!(missing(&deployment, "browser"), @"client browser was not given the CA of a.ca");
}

#[test]
fn a_removed_relation_is_told_from_one_that_never_was_and_one_that_carried_nothing() {
    for had_come in [true, false] {
        let (mut script, ca) = untrusting_of("a.client/0");
        let sides = ("a.ca:send-ca-cert", "a.client:receive-ca-cert");
        script.transfer(5, RelationChange::Created, sides.0, sides.1);
        if had_come {
            script.trusts(6, "a.client/0", &[&ca]);
        }
        let gone = script.transfer(7, RelationChange::Removed, sides.0, sides.1);
        script.trusts(8, "a.client/0", &[]);
        script.fail(60, 0, ErrorKind::UnknownIssuer);
        let ca_route = explained(&deployment(), &script).ca_route;
        let Some(CaRoute::NoRelation { removed, .. }) = ca_route else {
            panic!("{ca_route:?}");
        };
        assert_eq!(removed, had_come.then_some(gone));
    }
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
    let ca_route = explained(&deployment(), &script).ca_route.expect("trust");
    insta::assert_snapshot!(words::ca_route::clause(&ca_route), @"the certificate_transfer relation between a.ca:send-ca-cert and a.client:receive-ca-cert is there, and the client's trust store does not have the CA");
}

/// The line without serials, which are random.
fn line(explanation: &Explanation) -> String {
    let mut text = words::explanation::line(explanation);
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
    assert!(explanation.ca_route.is_none());
    insta::assert_snapshot!(words::symptom::headline(&explanation.symptom), @"a.web/0 presents an expired certificate to a.client/0");
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
    insta::assert_snapshot!(line(&explained(&deployment(), &script)), @"a.ca has a new CA since 2026-01-01T00:00:01Z, and client browser was given its CAs before there was one; a.web/0 presented CN=web.example.com, signed by CN=ca of a.ca; browser trusted CN=ca, of the same name but another certificate: client browser has of a.ca only what the scenario gave it when it began");
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
    assert!(explanation.ca_route.is_none(), "no relation is missing");
    assert_eq!(explanation.symptom.presented().count(), 3);
    insta::assert_snapshot!(line(&explanation), @"a.web/0 presents its certificate without CN=inner, so that no path leads to what browser trusts; a.web/0 presented CN=web.example.com, signed by CN=inner of a.ca, signed by CN=root of a.root, which browser trusts, but no chain to it could be built from what was presented");
}

#[test]
fn a_server_that_refuses_its_client_is_the_judge() {
    let mut script = untrusting("a.client/0");
    let verdict = Verdict::failed(ErrorKind::NoClientCertificate, Side::Server);
    script.judge(100, None, 0, verdict);
    let explanation = explained(&deployment(), &script);
    insta::assert_snapshot!(words::symptom::headline(&explanation.symptom), @"a.client/0 presents no certificate to a.web/0");
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
            insta::assert_snapshot!(words::explanation::trigger(explanation.trigger.as_ref().expect("an action")), @"`juju run -m a ca/leader rotate-private-key` (rotation.yaml:31)");
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
    insta::assert_snapshot!(words::explanation::trigger(&explanation.trigger.expect("an entry")), @"secret of a.ca/0");
}

#[test]
fn a_change_of_error_has_a_cause_of_its_own() {
    let (deployment, script) = rotation();
    let findings = diagnose(&deployment, &script.manifest, &script.journal);
    let parts: Vec<usize> = findings.parts.iter().map(Vec::len).collect();
    assert_eq!(parts, [2, 1]);
    let part = line(&findings.parts[0][1].explanation);
    assert!(part.contains("which was valid until"), "{part}");
}
