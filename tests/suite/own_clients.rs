//! What the code of a charm trusts when it dials the workload beside it, as a process that `connections: derived` plays.
//! Each was read in the charm's code:
//!
//! - canonical/vault-k8s-operator 619be7dc5 `k8s/src/charm.py` 376-389, `machine/src/charm.py` 475-480,
//!   `vault-package/vault/vault_client.py` 123: `hvac` with `ca.pem`, at `socket.getfqdn()` or the address of the unit
//! - canonical/notary-k8s-operator a02e839 `src/charm.py` 135-138, `src/notary.py` 146: `requests` with `ca.pem`
//! - canonical/opensearch-operator cd1c0349 `lib/charms/opensearch/v0/opensearch_distro.py` 275, `opensearch_tls.py` 253-257,
//!   580, 628-636: `requests` with `chain.pem`
//! - canonical/charmed-etcd-operator ab2a7bc `src/common/client.py` 261-264: `etcdctl` with `client_ca.pem` and `client.pem`
//! - canonical/grafana-k8s-operator 382e463 `src/charm.py` 432-437, 574-578
//! - canonical/operator 7989557d `tracing/ops_tracing/_api.py`, `_get_destination`, of the charms that have `ops_tracing.Tracing`

use crate::common::{deployed, diagnosed, errors};
use std::sync::Arc;
use trustsim::diagnosis::Outage;
use trustsim::kernel::Span;
use trustsim::validators::ErrorKind;
use trustsim::world::Record;

const DAY: Span = Span::from_secs(86_400);

/// A run, and the outages of charms that dial their own workloads.
fn played(text: &str) -> (Record, Vec<Outage>) {
    let (_, record, findings) = diagnosed(deployed(text));
    let is_own = |outage: &Outage| {
        record.manifest.connections[outage.connection as usize]
            .client
            .as_str()
            .ends_with("(charm)")
    };
    let own = findings.outages.into_iter().filter(is_own).collect();
    (record, own)
}

/// How many connections a charm opens to the workload beside it, with the attempts of all.
fn of_charms(record: &Record) -> usize {
    let connections = record.manifest.connections.iter();
    connections
        .filter(|connection| connection.client.as_str().ends_with("(charm)"))
        .count()
}

fn machines(charm: &str, relations: &str, rest: &str) -> String {
    format!(
        "name: own
duration: 20d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, num_units: 1}}
      it: {{{charm}, num_units: 3}}
    relations:
{relations}connections: {{derived: true, every: 1h}}
{rest}"
    )
}

fn pods(applications: &str, rest: &str) -> String {
    format!(
        "name: own
models:
  m:
    bundle: kubernetes
    applications:
{applications}connections: {{derived: true, every: 1h}}
{rest}"
    )
}

const OF_ETCD: &str = "      - [it:client-certificates, ca:certificates]\n      - [it:peer-certificates, ca:certificates]\n";
const ROTATION: &str = "faults:\n  - {at: 5d, rotate-ca: {app: m.ca}}\n";

/// Both add the new CA to what their charm trusts before anything is issued under it.
#[test]
fn a_rotation_in_two_phases_keeps_a_charm_in_touch_with_its_workload() {
    for (charm, relations) in [
        ("charm: charmed-etcd", OF_ETCD),
        (
            "charm: opensearch",
            "      - [it:certificates, ca:certificates]\n",
        ),
    ] {
        let (record, own) = played(&machines(charm, relations, ROTATION));
        assert_eq!(of_charms(&record), 3, "{charm}");
        assert_eq!(own, [], "{charm}");
    }
}

/// etcd asks for a certificate of each client: a process that has none to show does not come in.
#[test]
fn etcdctl_shows_the_certificate_of_its_server() {
    let mut deployment = deployed(&machines("charm: charmed-etcd", OF_ETCD, ""));
    let (_, _, findings) = diagnosed(deployment.clone());
    assert_eq!(findings.outages, []);
    for application in &mut deployment.applications {
        for process in &mut Arc::make_mut(&mut application.charm).processes {
            process.shows = None;
        }
    }
    let (_, _, findings) = diagnosed(deployment);
    assert_eq!(findings.outages.len(), 3);
    for outage in findings.outages {
        assert_eq!(outage.error, ErrorKind::NoClientCertificate);
    }
}

/// What a process shows is a certificate of its charm.
#[test]
fn a_process_shows_what_its_charm_has() {
    let with = |shows: &str| {
        format!(
            "{}charms: {{charmed-etcd: {{processes: {{charm: {{trusts: [client-certificates], shows: {shows}}}}}}}}}\n",
            machines("charm: charmed-etcd", OF_ETCD, "")
        )
    };
    assert!(errors(&with("nowhere")).contains("no certificate comes over `nowhere`"));
    let mutual = |charm: &str| {
        format!(
            "models:
  m:
    applications:
      ca: {{charm: self-signed-certificates}}
      it: {{charm: it}}
      web: {{charm: web}}
    relations: [[it:certificates, ca:certificates], [web:certificates, ca:certificates]]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
  it: {{requires: {{certificates: {{interface: tls-certificates}}}}, processes: {{charm: {{trusts: [certificates]{charm}}}}}}}
connections:
  - {{from: m.it, process: charm, to: m.web, mutual: true}}
"
        )
    };
    assert!(errors(&mutual("")).contains("has no certificate to show"));
    let (_, _, findings) = diagnosed(deployed(&mutual(", shows: certificates")));
    assert_eq!(findings.outages, []);
}

/// A node that goes on with the certificate for its address before is one that its charm does not reach (#394).
#[test]
fn the_charm_of_opensearch_does_not_reach_a_node_at_another_address() {
    let faults = "faults:\n  - {at: 5d, change-address: {unit: m.it/1, to: 10.55.0.7}}\n";
    let relation = "      - [it:certificates, ca:certificates]\n";
    let (record, own) = played(&machines(
        "charm: opensearch, revision: 129",
        relation,
        faults,
    ));
    let [outage] = own.as_slice() else {
        panic!("{own:?}");
    };
    assert_eq!(outage.error, ErrorKind::NotValidForName);
    assert!(outage.length(record.manifest.end()) > DAY * 14);
    // A later revision restarts it.
    let (record, own) = played(&machines(
        "charm: opensearch, revision: 185",
        relation,
        faults,
    ));
    let is_short = |outage: &Outage| outage.length(record.manifest.end()) < DAY;
    assert!(own.iter().all(is_short), "{own:?}");
}

/// Nothing renews the certificate that Notary's charm made for it, which is for 365 days.
#[test]
fn notarys_charm_loses_notary_after_a_year() {
    let notary = "      it: {charm: notary-k8s, scale: 1}\n";
    let (record, own) = played(&pods(notary, "duration: 400d\n"));
    assert_eq!(of_charms(&record), 1);
    let [outage] = own.as_slice() else {
        panic!("{own:?}");
    };
    assert_eq!((outage.error, outage.until), (ErrorKind::Expired, None));
    let after = outage.from.since(record.manifest.start);
    assert!(DAY * 364 < after && after < DAY * 366, "{after:?}");
}

/// `requests` takes no intermediate for an anchor: with a certificate of a CA that another one signed the charm does not reach
/// its Vault, which others do who have the root.
#[test]
fn vaults_charm_takes_no_intermediate_for_an_anchor() {
    let vaults = "      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      above: {charm: vault-k8s, channel: 2.0/stable, scale: 1, options: {pki_ca_common_name: above, pki_allow_any_name: true, pki_allow_ip_sans: true}}
      it: {charm: vault-k8s, channel: 2.0/stable, scale: 1}
";
    let between = |ca: &str, endpoint: &str| {
        format!(
            "duration: 20d
operators: {{ops: {{answers: [m.above, m.it], delay: {{exactly: 10m}}}}}}
faults:
  - {{at: 1h, integrate: {{between: ['above:tls-certificates-pki', 'ca:certificates']}}}}
  - {{at: 5d, integrate: {{between: ['it:tls-certificates-access', '{ca}:{endpoint}']}}}}
"
        )
    };
    let (record, own) = played(&pods(vaults, &between("ca", "certificates")));
    assert_eq!(of_charms(&record), 2);
    assert_eq!(own, []);
    let (record, own) = played(&pods(vaults, &between("above", "vault-pki")));
    let [outage] = own.as_slice() else {
        panic!("{own:?}");
    };
    assert_eq!(
        (outage.error, outage.until),
        (ErrorKind::PartialChain, None)
    );
    assert!(outage.from.since(record.manifest.start) > DAY * 5);
}

/// `_on_collect_status` and `Notary` dial once `ca.pem` is there: what nothing answers is no outage of the charm.
#[test]
fn a_charm_without_a_ca_dials_nothing() {
    let applications = "      ca: {charm: manual-tls-certificates, channel: 1/stable, scale: 1}
      it: {charm: notary-k8s, scale: 1}
    relations: [[it:access-certificates, ca:certificates]]
";
    let (_, record, findings) = diagnosed(deployed(&pods(applications, "duration: 5d\n")));
    assert_eq!(of_charms(&record), 1);
    assert_eq!(findings.outages, []);
    assert_eq!(findings.tallies[0].attempts, 0);
}

/// Grafana's charm dials Grafana in an action: nothing is played by itself, and a connection that is written is.
#[test]
fn what_dials_in_an_action_is_played_where_it_is_written() {
    let grafana = "      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      it: {charm: grafana-k8s, channel: dev/edge, scale: 1}
    relations: [[it:certificates, ca:certificates]]
";
    let derived = pods(grafana, "duration: 5d\n");
    assert_eq!(of_charms(&played(&derived).0), 0);
    let written = derived.replace(
        "connections: {derived: true, every: 1h}",
        "connections: [{from: m.it, process: charm, to: m.it, every: 1h}]",
    );
    let (record, own) = played(&written);
    assert_eq!(of_charms(&record), 1);
    assert_eq!(own, []);
}

/// The charms whose traces are sent by `ops_tracing.Tracing` with `ca_relation_name`, and the endpoint: prometheus-k8s 432c227
/// `src/charm.py` 267-271, alertmanager-k8s 876ead4 190-194, loki-k8s 8bcecbf2f 246-250, catalogue-k8s 430b1b3
/// `charm/src/charm.py` 62-66.
const TRACED: [(&str, &str); 4] = [
    ("prometheus-k8s", "charm-tracing"),
    ("alertmanager-k8s", "charm-tracing"),
    ("loki-k8s", "charm-tracing"),
    ("catalogue-k8s", "tracing"),
];

/// Attempts, failed ones, and outages of the process that sends traces, over a rotation of Tempo's CA.
fn traces(charm: &str, relations: &str) -> (u64, usize) {
    let text = pods(
        &format!(
            "      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      tempo: {{charm: tempo-coordinator-k8s, scale: 1}}
      it: {{{charm}, scale: 1}}
    relations:
      - [tempo:certificates, ca:certificates]
{relations}"
        ),
        &format!("duration: 20d\n{ROTATION}"),
    );
    let (_, record, findings) = diagnosed(deployed(&text));
    let connections = record.manifest.connections.iter().enumerate();
    let own = connections.filter(|(_, one)| one.client.as_str().ends_with("(charm-tracing)"));
    let own: Vec<usize> = own.map(|(index, _)| index).collect();
    let [index] = own.as_slice() else {
        panic!("one process sends traces: {own:?}");
    };
    let failed = findings.tallies[*index].failed_attempts;
    let outages = findings.outages.iter();
    let lost = outages.filter(|outage| outage.connection as usize == *index && failed > 0);
    (findings.tallies[*index].attempts, lost.count())
}

/// With the CA that is sent it follows a rotation. Without it nothing is sent, so that nothing fails, and a charm with a
/// certificate of the same CA is none the better for it.
#[test]
fn a_charm_sends_its_traces_with_the_ca_that_it_is_sent() {
    for (charm, endpoint) in TRACED {
        let charm = format!("charm: {charm}");
        let tempo = format!("      - [it:{endpoint}, tempo:tracing]\n");
        let (attempts, lost) = traces(
            &charm,
            &format!("{tempo}      - [it:receive-ca-cert, ca:send-ca-cert]\n"),
        );
        assert!(attempts > 400, "{charm}: {attempts}");
        assert_eq!(lost, 0, "{charm}");
        for own in ["", "      - [it:certificates, ca:certificates]\n"] {
            assert_eq!(traces(&charm, &format!("{tempo}{own}")), (0, 0), "{charm}");
        }
    }
}

/// `charm_tracing_config` of canonical/tempo-coordinator-k8s-operator: loki-k8s 07f10935 `src/charm.py` 232-233 has the CA of its
/// own certificate. traefik-k8s 8ab4a7e `src/charm.py` 248-250 names a file that its charm writes under other names
/// (`src/traefik.py` 219-240), and so sends nothing to a Tempo with TLS.
#[test]
fn what_a_charm_sent_its_traces_with_before_is_of_its_own_certificate() {
    let own = "      - [it:certificates, ca:certificates]\n";
    for (charm, expected) in [
        ("charm: loki-k8s, revision: 201", true),
        ("charm: alertmanager-k8s, revision: 200", true),
        ("charm: catalogue-k8s, revision: 133", true),
        ("charm: traefik-k8s", false),
    ] {
        let endpoint = match charm.contains("loki") || charm.contains("traefik") {
            true => "charm-tracing",
            false => "tracing",
        };
        let tempo = format!("      - [it:{endpoint}, tempo:tracing]\n");
        let (attempts, lost) = traces(charm, &format!("{tempo}{own}"));
        assert_eq!((attempts > 400, lost), (expected, 0), "{charm}: {attempts}");
        assert_eq!(traces(charm, &tempo), (0, 0), "{charm}");
    }
}
