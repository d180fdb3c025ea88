//! Revisions of charms with observability_libs `cert_handler`, in whole scenarios.

use trustsim::kernel::Span;
use trustsim::model::{Coverage, Kind};
use trustsim::report::words;
use trustsim::world::Record;

use super::{causes, played};

const DAY: Span = Span::from_secs(86_400);

/// A server of a charm with a certificate of a CA, dialled by an application that is given each CA.
fn server(charm: &str, days: u32, fault: &str) -> String {
    format!(
        "
name: server
duration: {days}d
charms:
  app:
    requires: {{receive-ca-cert: {{interface: certificate_transfer}}}}
    validator: go
models:
  m:
    type: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1, options: {{root-ca-validity: 3650d}}}}
      server: {{{charm}, num_units: 1}}
      app: {{charm: app, num_units: 1}}
    relations:
      - ['server:certificates', 'ca:certificates']
      - ['app:receive-ca-cert', 'ca:send-ca-cert']
connections:
  - {{from: m.app, to: m.server}}
faults:
  - {fault}
"
    )
}

/// How many certificates that are no CAs were issued.
fn issued_to_server(record: &Record) -> usize {
    let entries = record.journal.entries().iter();
    let leaves = entries.filter(|entry| match &entry.kind {
        Kind::CertificateIssued(issued) => !issued.certificate.is_ca(),
        _ => false,
    });
    leaves.count()
}

/// The same beside a provider whose chain begins with its CA.
fn beside_308(text: &str) -> String {
    let before = "self-signed-certificates, channel: 1/stable";
    assert!(text.contains(before), "{text}");
    text.replace(before, "self-signed-certificates, revision: 308")
}

/// A config option of traefik that has nothing to do with TLS: each config-changed gave a new certificate at
/// canonical/traefik-k8s-operator rev176 (v0 patch 9), none at rev205 (v1 patch 10) and rev236 (v1 patch 15). At rev184
/// (v1 patch 5) the new one is issued and never installed, and the one before ends. All but the first turn a chain round,
/// which fits canonical/self-signed-certificates-operator rev308 and not rev309 (canonical/traefik-k8s-operator#491).
#[test]
fn config_changed_issues_another_certificate_where_traefik_has_v0() {
    for (revision, certificates) in [(176, 2), (184, 2), (205, 1), (236, 1)] {
        let charm = format!("charm: traefik-k8s, revision: {revision}");
        let fault = "{at: 5d, set-config: {app: m.server, options: {routing_mode: subdomain}}}";
        let (deployment, record, found) = played(&beside_308(&server(&charm, 20, fault)));
        assert_eq!(issued_to_server(&record), certificates, "{revision}");
        assert!(found.outages.is_empty(), "{revision}: {:?}", causes(&found));
        let bases = Coverage::of(&deployment).bases;
        let reasons = bases.iter().flat_map(|basis| &basis.reasons);
        let reasons: Vec<String> = reasons
            .map(|reason| words::standing::reason(reason, &deployment))
            .collect();
        let said = reasons.join("\n");
        assert!(!said.contains("cert_handler"), "{revision}: {said}");
    }
    let charm = "charm: traefik-k8s, revision: 184";
    let fault = "{at: 5d, set-config: {app: m.server, options: {routing_mode: subdomain}}}";
    let (deployment, _, found) = played(&beside_308(&server(charm, 95, fault)));
    let said = causes(&found);
    let began = found.outages.iter().map(|outage| outage.from);
    let ends = deployment.start + DAY.saturating_mul(89);
    assert!(
        began.clone().count() > 0 && began.clone().all(|began| began > ends),
        "{said:?}"
    );
}

/// canonical/prometheus-k8s-operator rev200 (v1 patch 10), rev250 (v1 patch 15) and rev170 (v0 patch 9), whose
/// certificate is revoked when the CA is rotated. The request in its place is made with the key that v1 then throws
/// away: what comes goes with no key until the renewal, sixty days later. Version 4, which came with rev255, keeps its
/// key.
#[test]
fn a_rotated_ca_leaves_v1_with_a_key_that_does_not_fit() {
    let fault = "{at: 10d, rotate-ca: {app: m.ca}}";
    for (revision, breaks) in [(170, false), (200, true), (250, true), (260, false)] {
        let charm = format!("charm: prometheus-k8s, revision: {revision}");
        let (_, _, found) = played(&server(&charm, 90, fault));
        let lasting = found.outages.iter().filter_map(|outage| {
            let until = outage.until?;
            Some(until.since(outage.from))
        });
        let longest = lasting.max().unwrap_or(Span::ZERO);
        let said = causes(&found);
        assert_eq!(
            longest > DAY.saturating_mul(50),
            breaks,
            "{revision}: {said:?}"
        );
        assert!(longest < DAY.saturating_mul(70), "{revision}: {said:?}");
        let key = said.iter().any(|line| {
            line.starts_with("m.server/0 has another key than its certificate for server-0: charm prometheus-k8s")
        });
        assert_eq!(key, breaks, "{revision}: {said:?}");
    }
}
