//! What the workloads of real charms make of certificates and CAs: when they are started anew, stopped, or go on with what
//! they have read, and what a new pod finds on a storage. Each was read in the charm's code:
//!
//! - canonical/loki-k8s-operator 8bcecbf2f `src/charm.py`, `_configure` and what is observed; canonical/prometheus-k8s-operator
//!   432c227 `src/charm.py`, `_configure`, `_generate_prometheus_config`
//! - canonical/opentelemetry-collector-k8s-operator 2a77867 `src/charm.py` 365-368, canonical/opentelemetry-collector-operator
//!   0357b4b `src/charm.py` 556-566
//! - canonical/identity-platform-login-ui-operator 7d3f101 and canonical/kratos-operator 530db02 `src/services.py`,
//!   canonical/identity-platform-admin-ui-operator f28d3e7 `src/services.py`
//! - canonical/prometheus-k8s-operator 432c227 `src/charm.py`, `_on_receive_ca_certs`; canonical/grafana-agent-k8s-operator
//!   98fdd07 `src/grafana_agent.py`, `_on_cert_transfer_available`; canonical/grafana-k8s-operator 382e463 `src/grafana.py`,
//!   `_reconcile_trusted_ca`
//! - canonical/vault-k8s-operator 619be7dc5 `k8s/charmcraft.yaml` 26-36, `vault-package/vault/vault_managers.py` 517-620

use crate::common::{deployed, diagnosed, warnings};
use trustsim::diagnosis::Outage;
use trustsim::kernel::Span;
use trustsim::report::words;
use trustsim::validators::ErrorKind;

const HOUR: Span = Span::from_secs(3_600);

/// The outages after the installation.
fn outages(text: &str) -> Vec<Outage> {
    let (_, record, findings) = diagnosed(deployed(text));
    let settled = record.manifest.start + HOUR * 72;
    let all = findings.outages.into_iter();
    // What charms ask of the workload beside them is another matter.
    let spec = |outage: &Outage| {
        let connection = &record.manifest.connections[outage.connection as usize];
        &record.manifest.deployment.connections[connection.spec]
    };
    all.filter(|outage| {
        settled < outage.from && spec(outage).from_process.as_deref() != Some("charm")
    })
    .collect()
}

/// A client of alertmanager that moves to another CA with it: the relation is there again a minute after it went.
fn moved(client: &str, charm: &str, in_between: &str) -> String {
    format!(
        "name: moved
duration: 10d
models:
  cos:
    bundle: kubernetes
    applications:
      ca1: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      ca2: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      am: {{charm: alertmanager-k8s, channel: dev/edge, scale: 1}}
      {client}: {{charm: {charm}, channel: dev/edge, scale: 1}}
    relations:
      - ['am:certificates', 'ca1:certificates']
      - ['{client}:certificates', 'ca1:certificates']
      - ['{client}:alertmanager', 'am:alerting']
connections: {{derived: true, every: 30s}}
faults:
  - {{at: 5d, remove-relation: {{model: cos, between: ['am:certificates', 'ca1:certificates']}}}}
  - {{at: 5d, remove-relation: {{model: cos, between: ['{client}:certificates', 'ca1:certificates']}}}}
{in_between}  - {{at: 5d1m, integrate: {{model: cos, between: ['am:certificates', 'ca2:certificates']}}}}
  - {{at: 5d1m, integrate: {{model: cos, between: ['{client}:certificates', 'ca2:certificates']}}}}
"
    )
}

/// The configuration is the same as before the relation went, so that nothing restarts and the roots are those of the CA
/// before. Where another hook makes the configuration in between, the process is restarted without TLS, and again with it.
#[test]
fn a_certificate_that_is_there_again_within_a_minute_restarts_nothing() {
    for (client, charm) in [("loki", "loki-k8s"), ("prometheus", "prometheus-k8s")] {
        let found = outages(&moved(client, charm, ""));
        let [outage] = found.as_slice() else {
            panic!("{charm}: {found:?}");
        };
        assert_eq!(
            (outage.error, outage.until),
            (ErrorKind::UnknownIssuer, None),
            "{charm}"
        );
        let option = match client {
            "loki" => "retention-period: 7",
            _ => "web_external_url: 'http://x.example'",
        };
        let changed = format!(
            "  - {{at: 5d30s, set-config: {{app: cos.{client}, options: {{{option}}}}}}}\n"
        );
        let found = outages(&moved(client, charm, &changed));
        let is_over = |outage: &Outage| outage.until.is_some();
        assert!(found.iter().all(is_over), "{charm}: {found:?}");
    }
}

/// People take two days to sign: the collector is down for as long, and so is all that it would send. Only what dials the
/// collector failed.
#[test]
fn a_collector_that_waits_for_a_certificate_sends_nothing() {
    let text = "name: collector
duration: 100d
timings: {settle-max: 2d}
models:
  cos:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
      manual: {charm: manual-tls-certificates, channel: 1/stable, scale: 1}
      prometheus: {charm: prometheus-k8s, channel: dev/edge, scale: 1}
      otelcol: {charm: opentelemetry-collector-k8s, channel: dev/edge, scale: 1}
    relations:
      - ['prometheus:certificates', 'ca:certificates']
      - ['otelcol:receive-ca-cert', 'ca:send-ca-cert']
      - ['otelcol:receive-server-cert', 'manual:certificates']
      - ['otelcol:send-remote-write', 'prometheus:receive-remote-write']
operators:
  pki: {answers: [cos.manual], delay: {exactly: 2d}, signs-with: {chain: [{common-name: corp-root, validity: 7300d}], leaf-validity: 90d}}
connections: {derived: true, every: 30s}
";
    let (_, record, findings) = diagnosed(deployed(text));
    let settled = record.manifest.start + HOUR * 72;
    let later = |outage: &&Outage| settled < outage.from;
    let found: Vec<&Outage> = findings.outages.iter().filter(later).collect();
    let [outage] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(outage.error, ErrorKind::ClientStopped);
    let length = outage.length(record.manifest.end());
    assert!(HOUR * 47 < length && length < HOUR * 49, "{length:?}");
    let last = findings.explanations.last().expect("it is explained");
    let line = words::cause::line(&last.cause.what);
    assert!(line.contains("waited for pki"), "{line}");
}

/// A running process is replanned with a layer that has no CA in it: after a rotation these go on with the root before.
#[test]
fn identity_charms_do_not_restart_for_a_ca() {
    for charm in [
        "kratos",
        "identity-platform-admin-ui",
        "identity-platform-login-ui-operator",
    ] {
        let text = format!(
            "name: identity
duration: 10d
models:
  iam:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      client: {{charm: {charm}, channel: latest/edge, scale: 1}}
      traefik: {{charm: traefik-k8s, channel: latest/edge, scale: 1, options: {{external_hostname: iam.example.com}}}}
    relations:
      - ['traefik:certificates', 'ca:certificates']
      - ['client:receive-ca-cert', 'ca:send-ca-cert']
connections:
  - {{from: iam.client, to: iam.traefik, name: iam.example.com, every: 30s}}
faults:
  - {{at: 5d, rotate-ca: {{app: iam.ca}}}}
"
        );
        let found = outages(&text);
        let [outage] = found.as_slice() else {
            panic!("{charm}: {found:?}");
        };
        assert_eq!(
            (outage.error, outage.until),
            (ErrorKind::UnknownIssuer, None),
            "{charm}"
        );
    }
}

/// The CA of the peers and that of the Vault that unseals lie beside the certificate, on the storage `certs`.
#[test]
fn a_new_pod_of_vault_has_the_cas_that_it_had() {
    let unsealed = (
        "    relations: [['vault:vault-autounseal-requires', 'root:vault-autounseal-provides']]\n",
        "  - {from: m.vault, to: m.root, every: 60s}\n",
    );
    for (unseals, dials) in [unsealed, ("", "")] {
        let text = format!(
            "name: pods
duration: 12d
timings: {{settle-max: 2d}}
models:
  m:
    bundle: kubernetes
    applications:
      root: {{charm: vault-k8s, channel: 2.0/stable, scale: 1}}
      vault: {{charm: vault-k8s, channel: 2.0/stable, scale: 3}}
{unseals}operators:
  ops: {{answers: [m.root, m.vault], delay: {{exactly: 1h}}}}
connections:
  - {{from: m.vault, to: m.vault, every: 60s}}
{dials}faults:
  - {{at: 6d, kill-unit: {{unit: m.vault/0}}}}
"
        );
        let found = outages(&text);
        let lacks_trust = |outage: &Outage| outage.error == ErrorKind::UnknownIssuer;
        assert!(!found.iter().any(lacks_trust), "{unseals}: {found:?}");
    }
}

/// `receive-otlp` and `send-otlp` came with revision 138, went and came on two branches, and stayed from 211 on (the tags of
/// canonical/opentelemetry-collector-k8s-operator).
#[test]
fn the_collector_has_the_endpoints_of_its_revision() {
    let at = |revision: u32| {
        format!(
            "name: otlp
duration: 1d
models:
  cos:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      otelcol: {{charm: opentelemetry-collector-k8s, revision: {revision}, scale: 1}}
      agent: {{charm: opentelemetry-collector-k8s, revision: {revision}, scale: 1}}
    relations:
      - ['otelcol:receive-server-cert', 'ca:certificates']
      - ['agent:receive-ca-cert', 'ca:send-ca-cert']
      - ['agent:send-otlp', 'otelcol:receive-otlp']
connections: derived
"
        )
    };
    for revision in [138, 188, 211, 221] {
        let deployment = deployed(&at(revision));
        assert_eq!(deployment.connections.len(), 1, "{revision}");
    }
}

/// A deployment with Tempo behind a CA of its own, and a client that sends traces there.
fn traced(client: &str, endpoint: &str, more: &str) -> String {
    format!(
        "name: traces
duration: 5d
models:
  cos:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      other: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      tempo: {{charm: tempo-coordinator-k8s, channel: dev/edge, scale: 1}}
      client: {{charm: {client}, channel: dev/edge, scale: 1}}
    relations:
      - ['tempo:certificates', 'ca:certificates']
      - ['client:{endpoint}', 'tempo:tracing']
      - ['client:receive-ca-cert', 'ca:send-ca-cert']
{more}connections: {{derived: true, every: 30s}}
"
    )
}

/// Prometheus and Alertmanager trust of Tempo the CA of their own certificate, and no other: `ca_file` is all that counts
/// (canonical/prometheus-k8s-operator 432c227 `_tracing_config`, canonical/alertmanager-k8s-operator 876ead4
/// `src/config_builder.py`).
#[test]
fn traces_are_sent_with_the_ca_of_the_own_certificate_alone() {
    for (charm, endpoint) in [
        ("prometheus-k8s", "workload-tracing"),
        ("alertmanager-k8s", "tracing"),
    ] {
        let with = |ca: &str| {
            let own = format!("      - ['client:certificates', '{ca}:certificates']\n");
            let (_, _, findings) = diagnosed(deployed(&traced(charm, endpoint, &own)));
            let lasting = findings.outages.into_iter();
            let lasting: Vec<Outage> = lasting.filter(|outage| outage.until.is_none()).collect();
            lasting
        };
        let found = with("other");
        let [outage] = found.as_slice() else {
            panic!("{charm}: {found:?}");
        };
        assert_eq!(outage.error, ErrorKind::UnknownIssuer, "{charm}");
        let found = with("ca");
        assert!(found.is_empty(), "{charm}: {found:?}");
    }
}

/// Grafana never speaks TLS to a receiver of its traces (grafana/grafana 0aff354 `pkg/infra/tracing/tracing_config.go`), and
/// Prometheus does with a certificate of its own only.
#[test]
fn traces_without_tls_to_a_server_with_it_are_warned_of() {
    let own = "      - ['client:certificates', 'ca:certificates']\n";
    for (charm, more) in [
        ("grafana-k8s", ""),
        ("grafana-k8s", own),
        ("prometheus-k8s", ""),
    ] {
        let text = traced(charm, "workload-tracing", more);
        let said = warnings(&text);
        assert!(said.contains("TS0321"), "{charm}: {said}");
        let dials_tempo = |connection: &trustsim::world::ConnectionSpec| {
            let deployment = deployed(&text);
            deployment.applications[connection.to].name == "tempo"
        };
        assert!(
            !deployed(&text).connections.iter().any(dials_tempo),
            "{charm} is played as if it spoke TLS"
        );
    }
    let said = warnings(&traced("prometheus-k8s", "workload-tracing", own));
    assert!(!said.contains("TS0321"), "{said}");
}

/// Hydra and Kratos give the addresses of their services, and the URL of an internal route; never that of the public one
/// (canonical/hydra-operator e629051 and canonical/kratos-operator 530db02, `src/integrations.py`).
#[test]
fn hydra_and_kratos_are_dialled_past_their_public_route() {
    let with = |options: &str, route: &str| {
        let text = format!(
            "name: identity
duration: 1d
models:
  iam:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      hydra: {{charm: hydra, channel: latest/edge, scale: 1{options}}}
      kratos: {{charm: kratos, channel: latest/edge, scale: 1}}
      login-ui: {{charm: identity-platform-login-ui-operator, channel: latest/edge, scale: 1}}
      traefik: {{charm: traefik-k8s, channel: latest/edge, scale: 1, options: {{external_hostname: iam.example.com}}}}
    relations:
      - ['traefik:certificates', 'ca:certificates']
      - ['hydra:{route}-route', 'traefik:traefik-route']
      - ['kratos:{route}-route', 'traefik:traefik-route']
      - ['kratos:hydra-endpoint-info', 'hydra:hydra-endpoint-info']
      - ['login-ui:hydra-endpoint-info', 'hydra:hydra-endpoint-info']
      - ['login-ui:kratos-info', 'kratos:kratos-info']
connections: derived
"
        );
        let deployment = deployed(&text);
        // Clients outside come to traefik.
        let name = |connection: &trustsim::world::ConnectionSpec| {
            let from = deployment.application_of(connection.from)?;
            Some(deployment.applications[from].name.clone())
        };
        let mut found: Vec<String> = deployment.connections.iter().filter_map(name).collect();
        found.sort();
        found
    };
    let given = ", options: {use_ingress_for_relations: true}";
    assert!(with("", "public").is_empty());
    assert!(with(given, "public").is_empty());
    assert_eq!(with("", "internal"), ["login-ui"], "of Kratos alone");
    assert_eq!(with(given, "internal"), ["kratos", "login-ui"]);
}

/// A client that is given the CA of the server it dials.
fn given(charm: &str, faults: &str) -> String {
    format!(
        "name: given
duration: 12d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable, scale: 1}}
      client: {{charm: {charm}, channel: dev/edge, scale: 1}}
      web: {{charm: alertmanager-k8s, channel: dev/edge, scale: 1}}
    relations:
      - ['web:certificates', 'ca:certificates']
      - ['client:receive-ca-cert', 'ca:send-ca-cert']
connections:
  - {{from: m.client, to: m.web, every: 30s}}
faults:
{faults}"
    )
}

/// The disk of a new pod is empty, and the charm writes the CAs for events of the library alone, which come with another set
/// of them. Grafana's looks in each hook.
#[test]
fn a_new_pod_lacks_received_cas_that_no_hook_brings_back() {
    let killed = "  - {at: 6d, kill-unit: {unit: m.client/0}}\n";
    for charm in ["prometheus-k8s", "grafana-agent-k8s"] {
        let found = outages(&given(charm, killed));
        let [outage] = found.as_slice() else {
            panic!("{charm}: {found:?}");
        };
        assert_eq!(
            (outage.error, outage.until),
            (ErrorKind::UnknownIssuer, None),
            "{charm}"
        );
    }
    let found = outages(&given("grafana-k8s", killed));
    assert!(
        found.iter().all(|outage| outage.until.is_some()),
        "{found:?}"
    );
}

/// Without a CA the file is deleted, and the bundle of the system is not made anew.
#[test]
fn grafana_trusts_a_ca_whose_relation_is_gone_until_its_pod_is_replaced() {
    let removed =
        "  - {at: 5d, remove-relation: {between: ['client:receive-ca-cert', 'ca:send-ca-cert']}}\n";
    let found = outages(&given("grafana-k8s", removed));
    assert!(found.is_empty(), "{found:?}");
    let killed = format!("{removed}  - {{at: 8d, kill-unit: {{unit: m.client/0}}}}\n");
    let found = outages(&given("grafana-k8s", &killed));
    let last = found.last().expect("an outage");
    assert_eq!((last.error, last.until), (ErrorKind::UnknownIssuer, None));
}
