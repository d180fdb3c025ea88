//! The first line of a diagnosis names what is to blame: not the certificate that was served last,
//! but who or what kept the next one away.

use trustsim::diagnosis::{Answer, TrustSource, WhyError, why};
use trustsim::kernel::{Span, Time};
use trustsim::report::{self, words};
use trustsim::whatif::said_by_stacks;
use trustsim::world::{Deployment, Options, Record, Simulation};

const DAY: Span = Span::from_secs(86_400);

fn ask(deployment: &Deployment, (client, server): (&str, &str), after: Span) -> (Record, Answer) {
    let record = crate::common::play(deployment, Options::default());
    let at = deployment.start + after;
    let mut answers = why(
        deployment,
        &record.manifest,
        &record.journal,
        client,
        server,
        at,
    )
    .expect("it is watched");
    (record, answers.remove(0))
}

fn named(scenario: &str, pair: (&str, &str), day: u32) -> Answer {
    let deployment = crate::common::load_named(scenario);
    ask(&deployment, pair, DAY * day).1
}

fn cause(answer: &Answer) -> (&'static str, String) {
    let explanation = answer.explanation.as_ref().expect("it fails");
    let what = &explanation.cause.what;
    (what.name(), words::cause::line(what))
}

/// The flaw this was written for: Vault stays sealed while no operator comes, and the certificate that
/// expires meanwhile had been served for weeks (canonical/vault-k8s-operator 619be7dc5).
#[test]
fn a_sealed_vault_that_is_never_unsealed_is_the_cause() {
    let answer = named("vault-sealed", ("browser", "shop.web-late"), 90);
    let (kind, line) = cause(&answer);
    assert_eq!(kind, "operator");
    insta::assert_snapshot!(line, @"shop.vault/0 waited for on-call from 2026-03-23T12:00:10Z to 2026-04-03T00:00:00Z (unseal: Vault is sealed)");
    let steps = &answer.explanation.as_ref().expect("it fails").cause.steps;
    let days = steps
        .iter()
        .map(|step| step.at.to_string()[..10].to_owned());
    let days: Vec<String> = days.collect();
    assert_eq!(
        days,
        ["2026-03-23", "2026-03-25", "2026-03-29", "2026-04-01"]
    );
}

/// Vault signs nothing that would outlive its intermediate, and says so in `request_errors`.
#[test]
fn a_refusal_is_the_cause_with_the_provider_s_own_words() {
    let (kind, line) = {
        let answer = named("vault-half-life-gap", ("browser", "shop.web-tenth"), 60);
        cause(&answer)
    };
    assert_eq!(kind, "refused");
    let begins = "shop.vault refused shop.web-tenth/0 a certificate for ten.example.com: ";
    assert!(line.starts_with(begins), "{line}");
    assert!(line.contains("notAfter"), "{line}");
}

/// A configuration that the provider calls invalid: its status says so, and the scenario line is
/// named.
#[test]
fn a_blocked_provider_is_the_cause_with_the_command_that_blocked_it() {
    let answer = named(
        "reference-architecture-pki-outage",
        ("browser", "a.traefik"),
        335,
    );
    let (kind, line) = cause(&answer);
    assert_eq!(kind, "blocked");
    assert!(
        line.starts_with("pki.tls/0 is blocked: The following configuration values"),
        "{line}"
    );
    assert!(line.contains("`juju config -m pki tls "), "{line}");
    assert!(
        line.contains("reference-architecture-pki-outage.yaml:"),
        "{line}"
    );
}

#[test]
fn two_protocols_are_the_cause_where_nothing_is_presented() {
    let answer = named("two-protocols", ("operator", "mixed.etcd/0"), 5);
    let (kind, line) = cause(&answer);
    assert_eq!(kind, "protocol-mismatch");
    insta::assert_snapshot!(line, @"mixed.ca:certificates and mixed.etcd:certificates speak different protocols (TS0304), so mixed.etcd/0 gets no certificate");
}

#[test]
fn a_missing_transfer_is_the_cause() {
    let answer = named("missing-transfer", ("a.traefik", "a.app/1"), 20);
    assert_eq!(
        cause(&answer),
        (
            "no-transfer",
            "no relation carries the CA of a.ca to a.traefik".to_owned()
        )
    );
    let outage = answer.outage.expect("it lies in an outage");
    assert!(outage.from <= answer.at && outage.until.is_some_and(|until| answer.at < until));
}

const WITH_PEOPLE: &str = "
duration: 200d
timings: {settle-max: 15d}
models:
  m:
    bundle: kubernetes
    applications:
      tls: {charm: manual-tls-certificates}
      web: {charm: web}
    relations:
      - [web:certificates, tls:certificates]
charms:
  web: {requires: {certificates: {interface: tls-certificates}}}
operators:
  pki-team:
    answers: [tls]
    signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}
    WHEN
clients:
  browser: {trusts: [tls]}
connections:
  - {from: browser, to: web}
";

/// Renewal begins at nine tenths of 90 days; an operator who takes twelve days is three too late.
#[test]
fn a_slow_person_is_named() {
    let deployment = crate::common::deployed(&WITH_PEOPLE.replace("WHEN", "delay: {exactly: 12d}"));
    let record = crate::common::play(&deployment, Options::default());
    let changes = &crate::common::verdicts(&record)[&0];
    let (failing, _) = changes
        .iter()
        .find(|(_, error)| *error == "expired")
        .expect("it expires");
    let at = failing.since(deployment.start) + DAY;
    let (_, answer) = ask(&deployment, ("browser", "m.web"), at);
    let (kind, line) = cause(&answer);
    assert_eq!(kind, "operator");
    assert!(
        line.starts_with("m.tls/0 waited for pki-team from "),
        "{line}"
    );
    assert!(line.contains("(certificate for "), "{line}");
}

#[test]
fn a_person_who_never_comes_again_is_named() {
    let deployment = crate::common::deployed(&WITH_PEOPLE.replace("WHEN", "at: [1h]"));
    let (_, answer) = ask(&deployment, ("browser", "m.web"), DAY * 120);
    let (kind, line) = cause(&answer);
    assert_eq!(kind, "operator");
    assert!(
        line.contains("for pki-team, who does not come again"),
        "{line}"
    );
}

#[test]
fn a_connection_that_holds_says_what_it_rests_on() {
    let deployment = crate::common::load_named("missing-transfer");
    let (_, answer) = ask(&deployment, ("a.traefik", "a.app/0"), DAY * 80);
    assert!(answer.explanation.is_none());
    let rests = answer.rests.expect("it holds");
    assert_eq!(rests.signer.as_deref(), Some("a.ca"));
    let TrustSource::Relations(relations) = &rests.source else {
        panic!("{:?}", rests.source);
    };
    let relations: Vec<String> = relations.iter().map(words::transit::relation).collect();
    let relation = "certificate_transfer relation a.ca:send-ca-cert - a.traefik:receive-ca-cert";
    assert_eq!(relations, [relation]);
    assert_eq!(
        rests.until,
        rests.presented.first().map(|leaf| leaf.not_after())
    );
    let (_, answer) = ask(&deployment, ("browser", "a.traefik"), DAY * 80);
    assert_eq!(answer.rests.expect("it holds").source, TrustSource::Given);
}

#[test]
fn who_does_not_talk_is_answered_with_who_does() {
    let deployment = crate::common::load_named("missing-transfer");
    let record = crate::common::play(&deployment, Options::default());
    let ask = |(client, server), at: Time| {
        why(
            &deployment,
            &record.manifest,
            &record.journal,
            client,
            server,
            at,
        )
        .expect_err("no answer")
    };
    let WhyError::NoConnection { known, .. } = ask(("a.app", "a.traefik"), deployment.start) else {
        panic!("there is no such connection");
    };
    assert_eq!(known, ["browser a.traefik", "a.traefik a.app"]);
    let early = ask(("browser", "a.traefik"), deployment.start);
    assert!(matches!(early, WhyError::NotYet { .. }), "{early}");
}

/// The stack that the connection's client runs says what the handshake said.
#[test]
fn the_client_s_own_stack_says_what_the_handshake_said() {
    for (scenario, day) in [
        ("missing-transfer", 20),
        ("vault-sealed", 90),
        ("internal", 100),
    ] {
        let deployment = crate::common::load_named(scenario);
        let at = deployment.start + DAY * day;
        let mut simulation = Simulation::new(deployment.into(), Options::default());
        simulation.run_until(at);
        for connection in simulation.export() {
            let said = said_by_stacks(&connection);
            let own = said
                .iter()
                .find(|said| said.validator.name() == connection.validator);
            let own = own.expect("its stack is one of them");
            assert_eq!(
                own.verdict.error, connection.verdict.error,
                "{}",
                connection.connection
            );
        }
    }
}

/// The fields of the JSON answer are the same whether the connection holds or fails.
#[test]
fn the_json_answer_has_the_same_fields_either_way() {
    let deployment = crate::common::load_named("missing-transfer");
    let fields = |day| {
        let (record, answer) = ask(&deployment, ("a.traefik", "a.app/0"), DAY * day);
        let value = report::why(&record.manifest, &record.journal, &answer, &[]);
        let object = value.as_object().expect("an object").clone();
        let outcome = object["outcome"].as_str().expect("text").to_owned();
        (outcome, object.keys().cloned().collect::<Vec<_>>())
    };
    let (failed, held) = (fields(20), fields(80));
    assert_eq!((failed.0.as_str(), held.0.as_str()), ("failed", "ok"));
    assert_eq!(failed.1, held.1);
}
