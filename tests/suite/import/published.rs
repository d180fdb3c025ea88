//! What units publish in databags decides what is dialled, and how.

use trustsim::report::words::edges::{dials, names, why};

use super::{from_disk, from_texts, notes};

const LOGS: &str = "bundle: kubernetes
applications:
  loki: {charm: loki-k8s, channel: 1/stable, scale: 1, offers: {source: {endpoints: [grafana-source]}}}
  ca: {charm: self-signed-certificates, channel: 1/stable, scale: 1}
relations:
- [loki:certificates, ca:certificates]
";
const DASH: &str = "bundle: kubernetes
saas: {loki: {url: admin/logs.source}}
applications:
  grafana: {charm: grafana-k8s, channel: 1/stable, scale: 1}
  prom: {charm: prometheus-k8s, channel: 1/stable, scale: 1}
relations:
- [grafana:grafana-source, loki:grafana-source]
- [grafana:grafana-source, prom:grafana-source]
";

/// As `juju show-unit grafana/0` has it; the databag of prometheus says `grafana_source_host` too.
fn unit(loki: &str) -> String {
    format!(
        "grafana/0:
  charm: ch:amd64/grafana-k8s-120
  leader: true
  relation-info:
  - endpoint: grafana-source
    related-endpoint: grafana-source
    cross-model: true
    application-data: {{grafana_source_data: '{{\"type\": \"loki\"}}'}}
    related-units:
      loki/0: {{in-scope: true, data: {{grafana_source_host: '{loki}', private-address: 10.1.2.3}}}}
  - endpoint: grafana-source
    related-endpoint: grafana-source
    application-data: {{}}
    related-units:
      prom/0:
        in-scope: true
        data: {{grafana_source_host: 'http://prom-0.prom-endpoints.dash.svc.cluster.local:9090', password: hunter2}}
"
    )
}

/// Each relation over which grafana gets a source: what is dialled under which name, and why.
fn sources(imported: &trustsim::import::Imported) -> Vec<String> {
    let deployment = &imported.loaded.deployment;
    let edges = trustsim::edges::derive(deployment);
    let relations = deployment.relations.iter().zip(&edges.outcomes);
    let sources = relations.filter(|(relation, _)| relation.interface == "grafana_datasource");
    let told = sources.map(|(relation, outcome)| {
        let (dials, names) = (
            dials(outcome, &edges, deployment),
            names(outcome, &edges, deployment),
        );
        let why = why(outcome, relation, &edges, deployment);
        format!("{dials} ({names}): {why}")
    });
    told.collect()
}

#[test]
fn a_consumed_offer_publishes_what_the_application_behind_it_does() {
    let told = |loki: &str| {
        let unit = unit(loki);
        let files = [
            ("d/logs/bundle.yaml", LOGS),
            ("d/dash/bundle.yaml", DASH),
            ("d/dash/unit.yaml", &unit),
        ];
        let made = from_texts(files, &["d"]);
        let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
        assert!(!imported.text.contains("hunter2"), "{}", imported.text);
        (
            sources(imported),
            imported.loaded.deployment.connections.len(),
        )
    };
    let plain = "http://loki-0.loki-endpoints.logs.svc.cluster.local:3100";
    let (lines, connections) = told(plain);
    assert_eq!(
        lines,
        [
            "dash.grafana -> logs.loki (loki-0.loki-endpoints.logs.svc.cluster.local:3100): logs.loki publishes an http URL",
            "dash.grafana -> dash.prom (prom-0.prom-endpoints.dash.svc.cluster.local:9090): dash.prom publishes an http URL",
        ]
    );
    assert_eq!(connections, 0, "what is plain is no connection over TLS");
    let (lines, _) = told(&plain.replace("http", "https"));
    assert!(
        lines[0].contains("logs.loki:certificates brings its certificate"),
        "{lines:?}"
    );
    let (lines, _) = told("http://192.168.88.12/logs-loki-0");
    assert!(
        lines[0].contains("(its address at 80): logs.loki publishes an http URL"),
        "{lines:?}"
    );
}

/// canonical/juju-doctor `tests/manual/show-unit/cos-k8s-show-unit.yaml`: loki and alertmanager behind an ingress without
/// TLS, prometheus past it.
#[test]
fn a_real_unit_tells_that_nothing_it_dials_is_tls() {
    let Some(folder) = trustsim_oracles::shared("corpus/status") else {
        return;
    };
    let file = folder.join("canonical__juju-doctor__tests_manual_show-unit_cos-k8s-show-unit.yaml");
    let made = from_disk(&[file]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    for line in [
        "grafana-source: [http://192.168.88.12]",
        "grafana-source: [http://prometheus-0.prometheus-endpoints.prom.svc.cluster.local:9090, \
         http://prometheus-1.prometheus-endpoints.prom.svc.cluster.local:9090]",
    ] {
        assert!(imported.text.contains(line), "{line}\n{}", imported.text);
    }
    let lines = sources(imported);
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in &lines {
        assert!(line.contains("publishes an http URL"), "{line}");
    }
}

/// `juju show-unit` names the charm of its own unit and of no other: what is missing is told once, with how to supply it,
/// and not as charms that are to be described.
#[test]
fn a_unit_alone_says_that_the_status_is_missing() {
    let text = unit("http://loki.lab");
    let said = notes(&from_texts([("unit.yaml", text.as_str())], &["unit.yaml"]));
    let missing = "warning[TS0117]: no input says which charm `prom` has: only what its relations tell is simulated";
    let supply = "import the status of the model together with it (juju status --format json)";
    assert!(said.contains(missing) && said.contains(supply), "{said}");
    assert!(
        !said.contains("unknown-") && !said.contains("TS0218"),
        "{said}"
    );
    // With the status nothing is missing.
    let status = r#"{"model": {"name": "dash", "type": "caas", "controller": "c", "version": "3.6.1"}, "machines": {},
      "applications": {
        "grafana": {"charm": "grafana-k8s", "charm-name": "grafana-k8s", "charm-rev": 120, "scale": 1},
        "prom": {"charm": "prometheus-k8s", "charm-name": "prometheus-k8s", "charm-rev": 230, "scale": 1}}}"#;
    let both = [("d/unit.yaml", text.as_str()), ("d/status.json", status)];
    let said = notes(&from_texts(both, &["d"]));
    assert!(!said.contains("no input says which charm"), "{said}");
}
