//! Charms that bundles use and of which nothing was known: what their code at the named commit comes to.

use trustsim::diagnosis::OutageClass;
use trustsim::validators::ErrorKind;

use crate::common::{deployed, diagnosed};

/// What fails, with the errors that lasted longest.
fn failing(text: &str) -> Vec<(String, ErrorKind)> {
    let (_, record, findings) = diagnosed(deployed(text));
    let attempts = findings.tallies.iter().map(|tally| tally.attempts);
    assert!(attempts.sum::<u64>() > 1_000, "it is played");
    let told = findings.outages.iter().zip(&findings.classes);
    let told = told.filter(|(_, class)| **class == OutageClass::Unexpected);
    told.map(|(outage, _)| {
        let connection = &record.manifest.connections[outage.connection as usize];
        (connection.name.clone(), outage.error)
    })
    .collect()
}

fn kubernetes(applications: &str, relations: &str) -> String {
    format!(
        "duration: 100d
connections: derived
models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, channel: 1/stable}}
{applications}    relations:
{relations}"
    )
}

/// canonical/parca-k8s-operator 745bf6f `src/charm.py` 297-302 (`_service_url`), 344-352 (`sans_dns`), as alertmanager-k8s and
/// loki-k8s have it: the name of the unit without its first label.
#[test]
fn grafana_dials_parca_by_a_name_that_its_certificate_lacks() {
    let text = kubernetes(
        "      graf: {charm: grafana-k8s}\n      parca: {charm: parca-k8s, channel: dev/edge}\n",
        "      - ['graf:grafana-source', 'parca:grafana-source']
      - ['parca:certificates', 'ca:certificates']
      - ['graf:receive-ca-cert', 'ca:send-ca-cert']
",
    );
    let found = failing(&text);
    let expected = (
        "m.graf/0 -> m.parca/0".to_owned(),
        ErrorKind::NotValidForName,
    );
    assert_eq!(found, [expected]);
}

/// canonical/parca-k8s-operator 745bf6f `src/nginx.py` 149-178: files are written, and nginx reads them for another configuration.
#[test]
fn parca_shows_its_first_certificate_to_its_end() {
    let text = kubernetes(
        "      parca: {charm: parca-k8s, channel: dev/edge}\n      agent: {charm: prometheus-k8s}\n",
        "      - ['agent:metrics-endpoint', 'parca:metrics-endpoint']
      - ['parca:certificates', 'ca:certificates']
      - ['agent:receive-ca-cert', 'ca:send-ca-cert']
",
    );
    let found = failing(&text);
    let expected = ("m.agent/0 -> m.parca/0".to_owned(), ErrorKind::Expired);
    assert_eq!(found, [expected]);
}

/// canonical/openfga-operator 7cddede `src/integrations.py` 150-165, 325-334: it asks for the name of its service, and gives it out.
#[test]
fn openfga_is_dialled_by_the_name_that_it_asks_for() {
    let text = kubernetes(
        "      app: {charm: app}\n      fga: {charm: openfga-k8s, channel: latest/edge}\n",
        "      - ['app:openfga', 'fga:openfga']
      - ['fga:certificates', 'ca:certificates']
      - ['app:receive-ca-cert', 'ca:send-ca-cert']
",
    );
    let described = format!(
        "{text}charms:
  app:
    containers: [app]
    validator: go
    requires: {{openfga: {{interface: openfga}}, receive-ca-cert: {{interface: certificate_transfer}}}}
"
    );
    assert_eq!(failing(&described), []);
}

/// canonical/valkey-operator 67ae6e2 `src/events/tls.py` 395-440: each unit has the new CA before any serves under it. In one phase
/// units refuse each other for a moment.
#[test]
fn valkey_gets_from_one_ca_to_the_next_without_a_gap() {
    let text = "duration: 20d
tolerate: 0s
models:
  m:
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, num_units: 1, base: ubuntu@24.04}
      valkey: {charm: valkey, channel: 9/edge, num_units: 3, base: ubuntu@24.04}
    relations:
      - ['valkey:client-certificates', 'ca:certificates']
connections: [{from: m.valkey, to: m.valkey, every: 1m}]
faults: [{at: 10d, rotate-ca: {app: m.ca}}]
";
    assert_eq!(failing(text), []);
    let in_one = "charms: {valkey: {requires: {client-certificates: {phased: false}}}}\n";
    assert_eq!(failing(&format!("{text}{in_one}")).len(), 6);
}
