//! More causes that the journal of their own run refuted: a hook that failed once and was run again was blamed for what
//! failed weeks later, a status that had gone was in force for a year, a relation that never carried a CA was told as
//! the one that carried it, and a client that had fetched the new CA was told to have none.

use trustsim::diagnosis::{
    Cause, CertificateCause, Findings, NotGiven, Refusal, TrustCause, part_at,
};
use trustsim::interfaces::notes::RefusalKind;
use trustsim::kernel::Span;
use trustsim::model::Kind;
use trustsim::report::words;
use trustsim::world::{Deployment, Record};

use crate::common::best_commands;

fn played(text: &str, seed: u64) -> (Deployment, Record, Findings) {
    let mut deployment = crate::common::deployed(text);
    deployment.seed = seed;
    crate::common::diagnosed(deployment)
}

fn lines(findings: &Findings) -> Vec<String> {
    let explained = findings.explained();
    explained
        .map(|(_, explanation)| words::cause::line(&explanation.cause.what))
        .collect()
}

/// The leader loses its lease in the middle of an update-status, with some seeds: the hook fails, and succeeds 5 s later.
/// The certificate is not renewed three weeks later, since another unit leads.
#[test]
fn a_hook_that_was_run_again_is_not_failing_any_more() {
    let text = "
duration: 100d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      t: {charm: traefik-k8s, channel: latest/edge, scale: 2, options: {external_hostname: x.example.com}}
    relations: [[t:certificates, ca:certificates]]
connections: [{from: b, to: m.t, name: x.example.com}]
clients: {b: {trusts: [m.ca]}}
faults: [{at: 60d, lose-leader: {app: m.t}}]
";
    let mut failed = 0;
    for seed in 1..=40 {
        let (_, record, findings) = played(text, seed);
        let entries = record.journal.entries().iter();
        let mut fails = entries.filter(|entry| matches!(entry.kind, Kind::HookFailed { .. }));
        if fails.next().is_none() {
            continue;
        }
        failed += 1;
        for (_, explanation) in findings.explained() {
            assert!(
                !matches!(explanation.cause.what.innermost(), Cause::HookFailed { .. }),
                "seed {seed}: {:?}",
                lines(&findings)
            );
        }
    }
    assert!(failed > 0, "no seed has a hook that fails");
}

/// canonical/tls-constraints-operator e071954 `_is_certificate_allowed`: the request is logged and not passed on. Its status
/// is `blocked` for one second, before its relation is created, and was told as the cause.
#[test]
fn a_request_that_a_filter_denies_is_told_with_its_option() {
    let text = "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      con: {charm: tls-constraints, channel: latest/stable, scale: 1, options: {allowed-dns: example.com}}
      graf: {charm: grafana-k8s, channel: 2/stable, scale: 1}
    relations:
      - [con:certificates-upstream, ca:certificates]
      - [graf:certificates, con:certificates-downstream]
connections: [{from: b, to: m.graf}]
clients: {b: {trusts: [m.ca], refresh: 1d}}
";
    for seed in 1..=8 {
        let (deployment, record, findings) = played(text, seed);
        let (_, explanation) = findings
            .explained()
            .next()
            .expect("graf has no certificate");
        let Cause::Refused {
            refusal: Refusal::Request(refused),
            ..
        } = explanation.cause.what.innermost()
        else {
            panic!("seed {seed}: {:?}", lines(&findings));
        };
        let kind = RefusalKind::Filtered {
            option: "allowed-dns",
            allows: "",
        };
        assert_eq!(refused.kind, kind);
        if seed > 1 {
            continue;
        }
        let commands = best_commands((deployment, record, findings), 0, 8);
        assert_eq!(commands, ["juju config -m m con allowed-dns="]);
    }
}

/// Revision 155 of self-signed-certificates writes version 0 of certificate_transfer, which opentelemetry-collector-k8s does
/// not read: nothing came over the relation that was removed.
#[test]
fn a_relation_that_never_carried_a_ca_is_not_the_one_that_did() {
    let text = "
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: latest/stable, revision: 155, scale: 1}
      graf: {charm: grafana-k8s, channel: 2/stable, scale: 1}
      otel: {charm: opentelemetry-collector-k8s, channel: 2/edge, scale: 1}
    relations:
      - [graf:certificates, ca:certificates]
      - [otel:receive-ca-cert, ca:send-ca-cert]
connections: [{from: m.otel, to: m.graf}]
faults:
  - {at: 10d, set-config: {app: m.ca, options: {ca-common-name: other}}}
  - {at: 40d, remove-relation: {model: m, between: [otel:receive-ca-cert, ca:send-ca-cert]}}
";
    let (_, record, findings) = played(text, 1);
    assert_eq!(findings.outages.len(), 1);
    let line_at = |day: u32| {
        let at = record.manifest.start + Span::from_secs(86_400) * day;
        words::cause::line(&part_at(&findings.parts[0], at).explanation.cause.what)
    };
    for day in [5, 11, 20, 39] {
        let line = line_at(day);
        assert!(line.contains("speaks version 0"), "day {day}: {line}");
    }
    let line = line_at(50);
    assert!(!line.contains("that carried"), "{line}");
}

/// The client fetches the CA anew every ten days; the server keeps its certificate of the one before.
#[test]
fn a_client_that_fetched_the_new_ca_is_told_to_have_it() {
    let text = "
duration: 400d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      t: {charm: traefik-k8s, scale: 1, options: {external_hostname: x.example.com}}
    relations: [[t:certificates, ca:certificates]]
connections: [{from: b, to: m.t, name: x.example.com}]
clients: {b: {trusts: [m.ca], refresh: 10d}}
faults: [{at: 90d, rotate-ca: {app: m.ca}}]
";
    let (_, _, findings) = played(text, 1);
    let (_, explanation) = findings
        .explained()
        .last()
        .expect("the second root cuts it off");
    assert!(
        matches!(
            explanation.cause.what.innermost(),
            Cause::Trust(TrustCause::NotGiven {
                why: NotGiven::HasNew { .. },
                ..
            })
        ),
        "{:?}",
        lines(&findings)
    );
}

/// A Vault makes a CA for its own server, and signs for others with an intermediate of another CA: who dials it is given the
/// first (the charm's documentation has people read the secret `self-signed-vault-ca-certificate`).
#[test]
fn who_dials_a_vault_is_given_the_ca_of_its_server() {
    let text = |trusts: &str| {
        format!(
            "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      vault: {{charm: vault-k8s, channel: 1.18/stable, scale: 1, trust: true, options: {{pki_ca_common_name: example.com, pki_allow_any_name: true}}}}
      root: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
    relations: [[vault:tls-certificates-pki, root:certificates]]
connections: [{{from: curl, to: m.vault, every: 5m}}]
clients: {{curl: {{trusts: [{trusts}], refresh: 1h}}}}
operators: {{oncall: {{answers: [m.vault], delay: {{exactly: 30m}}}}}}
"
        )
    };
    let (_, _, findings) = played(&text("m.vault"), 1);
    let unexpected = findings
        .explained()
        .filter(|(outage, _)| outage.until.is_none());
    assert_eq!(unexpected.count(), 0, "{:?}", lines(&findings));
    let told = crate::common::warnings(&text("m.vault"));
    assert!(!told.contains("TS0301"), "{told}");

    let (_, _, findings) = played(&text("m.root"), 1);
    assert_eq!(findings.outages.len(), 1);
    let told = crate::common::warnings(&text("m.root"));
    assert!(
        told.contains("nothing makes `curl` trust `m.vault`"),
        "{told}"
    );
}

/// canonical/traefik-k8s-operator: the relation-broken of a unit that leads clears the application's databag. "None helps"
/// was said of that; the relation made again brings another certificate.
#[test]
fn a_certificate_that_a_hook_took_away_comes_again_over_the_relation_made_again() {
    let text = "
duration: 60d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      t: {charm: traefik-k8s, channel: latest/edge, scale: 3, options: {external_hostname: x.example.com}}
    relations: [[t:certificates, ca:certificates]]
connections: [{from: b, to: m.t, name: x.example.com}]
clients: {b: {trusts: [m.ca], refresh: 1d}}
faults: [{at: 20d, remove-unit: {unit: m.t/2}}]
";
    let taken = |findings: &Findings| {
        let mut explained = findings.explained();
        explained.position(|(outage, explanation)| {
            outage.until.is_none()
                && matches!(
                    explanation.cause.what.innermost(),
                    Cause::Certificate(CertificateCause::TakenAway { .. })
                )
        })
    };
    let mut played = (1..=20).map(|seed| played(text, seed));
    let found = played.find(|(_, _, findings)| taken(findings).is_some());
    let (deployment, record, findings) = found.expect("with some seed t/2 leads");
    let outage = taken(&findings).expect("it was found");
    let commands = best_commands((deployment, record, findings), outage, 8);
    assert_eq!(
        commands,
        [
            "juju remove-relation -m m ca:certificates t:certificates",
            "juju integrate -m m ca:certificates t:certificates"
        ]
    );
}
