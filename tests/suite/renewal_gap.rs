//! A renewal replaces the request, and until it is answered nothing is assigned to it. Charms of the observability stack
//! that look at what they are assigned in other hooks than those in which the library tells them of a certificate delete
//! their files then. With a provider that answers in seconds this costs seconds; with one that waits for people, their
//! TLS. Each was read, and the first four were run under `ops[testing]`:
//!
//! - canonical/alertmanager-k8s-operator 876ead4 `src/charm.py`, `_common_exit_hook` (update-status and others)
//! - canonical/prometheus-k8s-operator 432c227 and canonical/loki-k8s-operator 8bcecbf `src/charm.py`, `_update_cert` in
//!   `__init__`
//! - canonical/grafana-k8s-operator 382e463 `src/charm.py`, `_reconcile`
//! - canonical/cos-coordinated-workers 3c7fec5 `src/coordinated_workers/coordinator.py`, `_reconcile`
//! - canonical/opentelemetry-collector-k8s-operator 2a77867 `src/integrations.py`, `receive_server_cert`

use crate::common::{deployed, diagnosed};
use trustsim::diagnosis::{Findings, Outage};
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::validators::ErrorKind;
use trustsim::world::Record;

const HOUR: Span = Span::from_secs(3_600);
const MINUTE: Span = Span::from_secs(60);

/// A charm with a provider, for half a year; certificates live 90 days.
fn scenario(charm: &str, endpoint: &str, provider: &str, more: &str) -> String {
    format!(
        "
name: renewal gap
duration: 180d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{{provider}, scale: 1}}
      web: {{charm: {charm}, scale: 1}}
    relations:
      - ['web:{endpoint}', 'ca:certificates']
clients:
  browser: {{trusts: [m.ca], refresh: 1h}}
connections:
  - {{from: browser, to: m.web, every: 10s}}
{more}"
    )
}

const BY_HAND: &str = "charm: manual-tls-certificates, channel: 1/stable";
const OPERATOR: &str = "operators:
  team: {answers: [m.ca], delay: {exactly: 20h}, signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}}
";
const SELF_SIGNED: &str = "charm: self-signed-certificates, channel: 1/stable, options: {certificate-validity: 90d, root-ca-validity: 3650d}";

/// Its outages after the installation, and what it all came to.
fn played(text: &str) -> (Vec<Outage>, Record, Findings) {
    let (_, record, findings) = diagnosed(deployed(text));
    let settled = record.manifest.start + HOUR * 48;
    let later = findings.outages.iter().filter(|it| settled < it.from);
    (later.cloned().collect(), record, findings)
}

/// An operator needs 20 hours to sign: each of these is without TLS from the first update-status after its request.
#[test]
fn a_provider_that_waits_for_people_costs_these_charms_their_certificate() {
    for (charm, error) in [
        ("alertmanager-k8s", ErrorKind::PlaintextPeer),
        ("prometheus-k8s", ErrorKind::NoCertificate),
        ("loki-k8s", ErrorKind::NoCertificate),
        ("grafana-k8s", ErrorKind::PlaintextPeer),
    ] {
        let (outages, record, findings) =
            played(&scenario(charm, "certificates", BY_HAND, OPERATOR));
        let end = record.manifest.end();
        assert_eq!(outages.len(), 2, "{charm}: {outages:?}");
        for outage in &outages {
            assert_eq!(outage.error, error, "{charm}");
            let length = outage.length(end);
            assert!(
                HOUR * 20 - MINUTE * 10 < length && length < HOUR * 20 + MINUTE,
                "{charm}: {length:?}"
            );
        }
        let last = findings.explanations.last().expect("outages are explained");
        let line = words::cause::line(&last.cause.what);
        assert!(line.contains("team"), "{charm}: {line}");
    }
}

/// It pushes a renewed certificate, and restarts for another configuration alone: it serves its first certificate to its end
/// and beyond (canonical/catalogue-k8s-operator 430b1b3 `src/charm.py`, `_configure`, run under `ops[testing]`).
#[test]
fn a_charm_that_restarts_for_a_configuration_serves_its_first_certificate_to_its_end() {
    for (provider, more) in [(SELF_SIGNED, ""), (BY_HAND, OPERATOR)] {
        let text = scenario("catalogue-k8s", "certificates", provider, more);
        let (outages, _, findings) = played(&text);
        let [outage] = outages.as_slice() else {
            panic!("{outages:?}");
        };
        assert_eq!((outage.error, outage.until), (ErrorKind::Expired, None));
        let last = findings.explanations.last().expect("it is explained");
        let line = words::cause::line(&last.cause.what);
        assert!(
            line.ends_with("the charm catalogue-k8s writes it to disk and neither restarts nor reloads its process"),
            "{line}"
        );
    }
}

/// With a provider that answers at once the gap mostly ends before the next update-status.
#[test]
fn a_provider_that_answers_at_once_costs_seconds_at_most() {
    for charm in [
        "alertmanager-k8s",
        "prometheus-k8s",
        "loki-k8s",
        "grafana-k8s",
    ] {
        let (outages, record, _) = played(&scenario(charm, "certificates", SELF_SIGNED, ""));
        let lost: Span = outages
            .iter()
            .map(|it| it.length(record.manifest.end()))
            .sum();
        assert!(lost < MINUTE, "{charm}: {lost:?} in {outages:?}");
    }
}

/// A coordinator looks after its library in the hook of the request itself.
#[test]
fn a_coordinator_is_without_tls_at_each_renewal() {
    for charm in ["tempo-coordinator-k8s", "loki-coordinator-k8s"] {
        let (outages, record, _) = played(&scenario(charm, "certificates", SELF_SIGNED, ""));
        assert_eq!(outages.len(), 2, "{charm}: {outages:?}");
        for outage in &outages {
            assert!(
                outage.length(record.manifest.end()) < MINUTE,
                "{charm}: {outage:?}"
            );
        }
    }
}

/// Its workers serve with what it hands them, and are as long without: the person who does not come is to blame.
#[test]
fn workers_of_a_coordinator_wait_for_the_person_that_it_waits_for() {
    let text = scenario("tempo-coordinator-k8s", "certificates", BY_HAND, OPERATOR)
        .replace(
            "    relations:\n",
            "      worker: {charm: tempo-worker-k8s, scale: 1}\n    relations:\n      - ['worker:tempo-cluster', 'web:tempo-cluster']\n",
        )
        .replace("to: m.web,", "to: m.worker,");
    let (outages, record, findings) = played(&text);
    assert_eq!(outages.len(), 2, "{outages:?}");
    for outage in &outages {
        let length = outage.length(record.manifest.end());
        assert!(
            HOUR * 20 - MINUTE < length && length < HOUR * 20 + MINUTE * 2,
            "{length:?}"
        );
    }
    let last = findings.explanations.last().expect("outages are explained");
    let line = words::cause::line(&last.cause.what);
    assert!(line.starts_with("m.ca/0 waited for team"), "{line}");
}

/// The library's observers are collected as garbage: nothing happens at nine tenths of the certificate's life, and in the
/// first hook past 95 percent it asks anew and is stopped until the answer comes.
#[test]
fn a_library_that_is_collected_renews_in_the_last_twentieth() {
    let text = scenario(
        "opentelemetry-collector-k8s",
        "receive-server-cert",
        BY_HAND,
        OPERATOR,
    );
    let (outages, record, _) = played(&text);
    let first = outages.first().expect("it renews within the run");
    let issued_at = record.manifest.start + HOUR * 20;
    let life = first.from.since(issued_at);
    let (day, end) = (HOUR * 24, record.manifest.end());
    // 95 percent of 90 days are 85.5 days; a certificate is valid from when it was signed on.
    assert!(
        day * 85 + HOUR * 12 <= life && life <= day * 85 + HOUR * 14,
        "{life:?} after its certificate came"
    );
    let length = first.length(end);
    assert!(
        HOUR * 20 - MINUTE <= length && length <= HOUR * 20 + MINUTE,
        "{length:?}"
    );
}

/// Without a certificate grafana, prometheus and alertmanager serve in the clear and tell their scheme over ingress,
/// self-metrics-endpoint and alerting (`_scheme` in the `src/charm.py` of each): those who are told follow, so that nothing
/// fails and nothing is encrypted. It was told as two days of outage at each renewal.
#[test]
fn those_who_take_the_scheme_from_a_relation_follow_without_tls() {
    let text = "
name: without TLS
duration: 180d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: manual-tls-certificates, channel: 1/stable, scale: 1}
      grafana: {charm: grafana-k8s, channel: dev/edge, scale: 1}
      prom: {charm: prometheus-k8s, channel: dev/edge, scale: 1}
      traefik: {charm: traefik-k8s, channel: latest/edge, scale: 1}
    relations:
      - [grafana:certificates, ca:certificates]
      - [prom:metrics-endpoint, grafana:metrics-endpoint]
      - [traefik:ingress, grafana:ingress]
      - [traefik:receive-ca-cert, ca:trust_certificate]
      - [prom:receive-ca-cert, ca:trust_certificate]
connections: {derived: true}
operators:
  team: {answers: [m.ca], delay: {exactly: 20h}, signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}}
";
    let (outages, record, findings) = played(text);
    assert_eq!(record.manifest.connections.len(), 2);
    assert_eq!(outages, []);
    let end = record.manifest.end();
    // The first 20 hours are its installation.
    let later = findings.unencrypted.iter();
    let later: Vec<_> = later
        .filter(|stretch| record.manifest.start + HOUR * 48 < stretch.from)
        .collect();
    assert_eq!(
        later.len(),
        2 * 2,
        "two renewals: {:?}",
        findings.unencrypted
    );
    for stretch in later {
        let length = stretch.length(end);
        assert!(
            HOUR * 20 - MINUTE * 10 < length && length < HOUR * 20 + MINUTE,
            "{length:?}"
        );
    }
}

/// `_update_cert` of canonical/prometheus-k8s-operator 432c227 `src/charm.py` takes the files away in the first hook of the gap,
/// and `_configure`, which makes the configuration without TLS and says so over relations, does not run in update-status: the
/// process still expects TLS and has no certificate. It was told as both sides speaking without TLS.
#[test]
fn a_process_that_was_started_with_tls_fails_when_its_files_are_taken_away() {
    let text = "
name: taken away
duration: 100d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: manual-tls-certificates, channel: 1/stable, scale: 1}
      prom: {charm: prometheus-k8s, channel: dev/edge, scale: 1}
      grafana: {charm: grafana-k8s, channel: dev/edge, scale: 1}
    relations:
      - [prom:certificates, ca:certificates]
      - [prom:grafana-source, grafana:grafana-source]
      - [grafana:receive-ca-cert, ca:trust_certificate]
connections: {derived: true}
operators:
  team: {answers: [m.ca], delay: {exactly: 20h}, signs-with: {chain: [{common-name: Corporate Root, validity: 3650d}], leaf-validity: 90d}}
";
    let (outages, record, findings) = played(text);
    let end = record.manifest.end();
    let later = |from: trustsim::kernel::Time| record.manifest.start + HOUR * 48 < from;
    let gaps: Vec<_> = outages.iter().filter(|outage| later(outage.from)).collect();
    assert_eq!(gaps.len(), 1, "{outages:?}");
    assert_eq!(
        gaps[0].error,
        trustsim::validators::ErrorKind::NoCertificate
    );
    let length = gaps[0].length(end);
    assert!(
        HOUR * 20 - MINUTE * 10 < length && length < HOUR * 20 + MINUTE * 2,
        "{length:?}"
    );
    let plain = findings.unencrypted.iter();
    assert_eq!(plain.filter(|stretch| later(stretch.from)).count(), 0);
}
