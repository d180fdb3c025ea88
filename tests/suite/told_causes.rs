//! Causes that were told and that the journal of their own run refuted: a removed relation was told as a workload that
//! "was not given" the certificate which it had served for a month, a wait that ended was blamed for what came after it,
//! and the two CAs of a Vault were taken for one that was rotated.

use trustsim::diagnosis::{
    Cause, CertificateCause, Findings, OpenReason, Performed, diagnose, part_at,
};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::whatif::{Outcome, remedies};
use trustsim::world::{Deployment, Options, Record};

fn played(text: &str) -> (Deployment, Record, Findings) {
    let deployment = crate::common::deployed(text);
    let record = crate::common::play(&deployment, Options::default());
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    (deployment, record, findings)
}

fn server(charm: &str, scale: u32) -> String {
    format!(
        "
duration: 40d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      api: {{charm: {charm}, scale: {scale}}}
      app: {{charm: kratos, scale: 1}}
    relations:
      - [api:certificates, ca:certificates]
      - [app:receive-ca-cert, ca:send-ca-cert]
connections:
  - {{from: m.app, to: m.api, every: 1m}}
faults:
  - {{at: 30d, remove-relation: {{between: [api:certificates, ca:certificates]}}}}
"
    )
}

/// canonical/traefik-k8s-operator, canonical/mongodb-operator, canonical/postgresql-k8s-operator and
/// canonical/istio-ingress-k8s-operator take the certificate away in relation-broken.
#[test]
fn a_server_whose_relation_was_removed_is_told_so_and_related_again() {
    let charms = [
        "traefik-k8s",
        "traefik-k8s, revision: 249",
        "postgresql-k8s, channel: 14/stable",
        "mongodb-k8s",
        "istio-ingress-k8s",
    ];
    for charm in charms {
        for scale in [1, 3] {
            let (deployment, record, mut findings) = played(&server(charm, scale));
            assert_eq!(findings.outages.len(), scale as usize, "{charm}");
            for (_, explanation) in findings.explained() {
                let line = words::cause::line(&explanation.cause.what);
                assert!(
                    matches!(
                        explanation.cause.what.innermost(),
                        Cause::Certificate(CertificateCause::CertificatesRelationRemoved { .. })
                    ),
                    "{charm}, {scale} units: {line}"
                );
            }
            let play = crate::common::forks(&deployment);
            let run = Outcome::of(record.manifest, &record.journal);
            findings.remedies = remedies(&deployment, &run, &findings, 4, play).found;
            let best = findings.remedies.best(0).expect("there is a remedy");
            let commands: Vec<String> = best.commands.iter().map(words::command::text).collect();
            assert_eq!(
                commands,
                ["juju integrate -m m ca:certificates api:certificates"],
                "{charm}"
            );
        }
    }
}

const SEVERAL: &str = "
duration: 120d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      ca2: {charm: self-signed-certificates, scale: 1}
      db: {charm: postgresql-k8s, channel: 14/stable, scale: 2}
      mg: {charm: mongodb-k8s, scale: 2}
    relations:
      - [db:certificates, ca:certificates]
      - [mg:certificates, ca:certificates]
clients: {browser: {trusts: [m.ca, m.ca2]}}
connections:
  - {from: browser, to: m.db}
  - {from: browser, to: m.mg}
faults:
  - {at: 30d, remove-relation: {between: [db:certificates, ca:certificates]}}
  - {at: 31d, integrate: {between: [db:certificates, ca2:certificates]}}
  - {at: 50d, remove-relation: {between: [mg:certificates, ca:certificates]}}
";

#[test]
fn what_stays_is_the_removal_that_did_it_and_no_other() {
    let (_, _, findings) = played(SEVERAL);
    let open: Vec<String> = findings
        .open_outages
        .iter()
        .map(|open| match &open.why {
            Some(OpenReason::NotUndone {
                action: Performed { command, .. },
                ..
            }) => command.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    let own = "juju remove-relation -m m ca:certificates mg:certificates";
    assert_eq!(open, [own, own]);
    assert_eq!(findings.outages.len(), 4, "and two of db that ended");
}

/// The wait was over after two days, and since then the Vault refuses the name.
const REFUSED_LATER: &str = "
duration: 100d
models:
  m:
    bundle: kubernetes
    applications:
      vk: {charm: vault-k8s, scale: 1, options: {pki_ca_common_name: m.svc.cluster.local}}
      w: {charm: traefik-k8s, scale: 1}
    relations:
      - [w:certificates, vk:vault-pki]
clients: {browser: {trusts: [m.vk]}}
connections:
  - {from: browser, to: m.w}
operators:
  slow: {answers: [m.vk], delay: {exactly: 2d}}
faults:
  - {at: 30d, seal: {app: m.vk}}
  - {at: 31d, kill-unit: {unit: m.w/0}}
  - {at: 40d, remove-relation: {between: [w:certificates, vk:vault-pki]}}
  - {at: 41d, integrate: {between: [w:certificates, vk:vault-pki]}}
";

#[test]
fn a_wait_that_ended_is_not_blamed_for_what_came_after_it() {
    let (deployment, record, findings) = played(REFUSED_LATER);
    let end = record.manifest.end();
    let last = findings
        .outages
        .iter()
        .rposition(|outage| outage.until.is_none());
    let last = last.expect("it fails to the end");
    let part = part_at(&findings.parts[last], end);
    let line = words::cause::line(&part.explanation.cause.what);
    let waits: Vec<String> = findings.parts[last]
        .iter()
        .map(|part| {
            let since = part.from.since(deployment.start);
            format!(
                "{since:?}: {}",
                words::cause::line(&part.explanation.cause.what)
            )
        })
        .collect();
    assert!(
        line.starts_with("m.vk refused m.w/0 a certificate"),
        "{line}\n{waits:#?}"
    );
    assert!(
        part.from.since(deployment.start) < Span::from_secs(44 * 86_400),
        "{waits:#?}"
    );
}

/// canonical/vault-k8s-operator `send_ca_cert`: the CA of Vault's own API is another one than that of its PKI.
const TWO_CAS: &str = "
duration: 10d
models:
  m:
    bundle: kubernetes
    applications:
      vk: {charm: vault-k8s, scale: 1, options: {pki_ca_common_name: m.svc.cluster.local, pki_allow_any_name: true}}
      w: {charm: traefik-k8s, scale: 1}
      app: {charm: kratos, scale: 1}
    relations:
      - [w:certificates, vk:vault-pki]
      - [app:receive-ca-cert, vk:send-ca-cert]
clients: {browser: {trusts: [m.vk]}}
connections:
  - {from: browser, to: m.vk}
  - {from: browser, to: m.w}
  - {from: m.app, to: m.vk}
  - {from: m.app, to: m.w}
operators:
  op: {answers: [m.vk], delay: {exactly: 10m}}
";

#[test]
fn the_two_cas_of_a_vault_are_told_apart() {
    let (_, record, findings) = played(TWO_CAS);
    let told: Vec<String> = findings
        .explained()
        .map(|(outage, explanation)| {
            let connection = &record.manifest.connections[outage.connection as usize];
            let line = words::cause::line(&explanation.cause.what);
            format!("{}: {line}", connection.name)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
