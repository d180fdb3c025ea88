//! Scenarios whose connections are derived.

mod catalogues;
mod outside;

use std::path::Path;

use crate::{DiskFiles, LeftOut, Loaded, MemoryFiles, load, parse, resolve};
use trustsim_edges::Outcome;
use trustsim_kernel::Span;
use trustsim_model::{ConnectionSpec, Deployment, Party};
use trustsim_validators::Validator;

fn loaded(text: &str) -> Loaded {
    let files = MemoryFiles::new([("s.yaml", text)]);
    load(Path::new("s.yaml"), &files).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

fn refused(text: &str) -> String {
    let files = MemoryFiles::new([("s.yaml", text)]);
    let wrong = load(Path::new("s.yaml"), &files).expect_err("it is refused");
    wrong.render(false)
}

/// COS Lite with other connections than its file has.
fn cos_lite(connections: &str) -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/cos-lite-tls.yaml");
    let text = std::fs::read_to_string(&path).expect("a scenario");
    let (head, _) = text.split_once("connections:\n").expect("connections");
    let text = format!("{head}{connections}");
    let scenario = parse(&text, "cos-lite-tls.yaml").expect("a scenario");
    resolve(scenario, &path, &DiskFiles).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

fn line(deployment: &Deployment, connection: &ConnectionSpec) -> String {
    let from = match connection.from {
        Party::Application(index) => deployment.application_address(index).to_string(),
        Party::Client(index) => deployment.clients[index].name.clone(),
        Party::Saas(_) => unreachable!("no connection is from a consumed offer"),
    };
    let name = connection.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" as {name}"));
    let to = deployment.application_address(connection.to);
    let process = connection.from_process.as_ref();
    let process = process.map_or_else(String::new, |process| format!(" ({process})"));
    format!("{from}{process} -> {to}{name}")
}

fn lines(loaded: &Loaded) -> Vec<String> {
    let connections = loaded.deployment.connections.iter();
    connections
        .map(|one| line(&loaded.deployment, one))
        .collect()
}

/// The file lists what is derived, but for the client outside, which has no name there, and Grafana's sources. alertmanager-k8s 876ead4 `src/charm.py` 151 and loki-k8s
/// 8bcecbf2f `src/charm.py` 219 give Grafana the URL of their ingress, which recorded databags have too
/// (canonical/juju-doctor `tests/resources/artifacts/show-unit.yaml`, `grafana_source_host`); prometheus-k8s 432c227 gives
/// its own (693-695).
#[test]
fn cos_lite_has_the_connections_that_its_file_lists() {
    let written = crate::tests::shipped("cos-lite-tls.yaml");
    let mut expected = lines(&written);
    expected.retain(|line| {
        line != "cos.grafana -> cos.loki" && line != "cos.grafana -> cos.alertmanager"
    });
    for line in &mut expected {
        *line = line.replace("browser ", "outside ");
    }
    expected.push("cos.grafana -> cos.traefik as cos.example.com".to_owned());
    // What each charm asks of its own workload is not in the file; that of Prometheus checks nothing, and that
    // of Grafana is played by no hook.
    for name in ["alertmanager", "loki"] {
        expected.push(format!("cos.{name} (charm) -> cos.{name}"));
    }
    expected.sort();
    let derived = cos_lite("connections: derived\n");
    let mut found = lines(&derived);
    found.sort();
    assert_eq!(found, expected);
    let what = derived.derived.expect("derived");
    assert_eq!(what.made, found.len());
    // Prometheus scrapes traefik without TLS.
    let left_out: Vec<_> = what.left_out.into_iter().collect();
    assert_eq!(
        left_out,
        [
            (LeftOut::Plain, 1),
            (LeftOut::Unchecked, 1),
            (LeftOut::CharmsTrust, 1)
        ]
    );
    let counts = what.edges.counts();
    assert_eq!(counts.all(), derived.deployment.relations.len());
    assert_eq!((counts.plain, counts.unknown), (1, 0));
}

/// A charm dials in its hooks, with Python's TLS, at least in each update-status.
#[test]
fn a_charm_dials_its_own_workload_as_often_as_its_update_status() {
    let every = |connections: &str| {
        let loaded = cos_lite(connections);
        let all = loaded.deployment.connections.iter();
        let of_charms = all.filter(|one| one.from_process.is_some());
        let found: Vec<_> = of_charms
            .map(|one| (one.every, one.validator, one.mutual))
            .collect();
        assert_eq!(found.len(), 2);
        found
    };
    let pythons = ["python-3.11", "python-3.13"];
    let pythons: [Validator; 2] = pythons.map(|name| name.parse().expect("a stack"));
    let minutes = Span::from_secs(300);
    for (every, validator, mutual) in every("connections: derived\n") {
        let is_python = pythons.contains(&validator);
        assert_eq!((every, is_python, mutual), (minutes, true, false));
    }
    let seldom = every("connections: {derived: true, every: 1h}\n");
    assert!(
        seldom
            .iter()
            .all(|(every, ..)| *every == Span::from_secs(3600))
    );
    // One that is written is not derived too.
    every(
        "connections: {derived: true, add: [{from: cos.loki, process: charm, to: cos.loki, every: 5m}]}\n",
    );
}

#[test]
fn a_derived_connection_is_where_its_relation_is() {
    let text = "connections: {derived: true, every: 5s}\n";
    let loaded = cos_lite(text);
    let connections = &loaded.deployment.connections;
    let of_workloads = connections.iter().filter(|one| one.from_process.is_none());
    assert!(of_workloads.into_iter().all(|one| one.every.as_secs() == 5));
    let first = &connections.raw[0].source;
    assert!(first.file.ends_with("cos-lite.yaml"), "{first}");
    assert!(first.text.starts_with("- ["), "{}", first.text);
}

#[test]
fn connections_are_left_out_and_added() {
    let loaded = cos_lite(
        "connections:
  derived: true
  except: [{from: cos.prometheus, to: cos.loki}]
  add: [{from: browser, to: cos.traefik, name: cos.example.com, every: 30s}]
expect: [no-failures: {from: browser}]
",
    );
    let lines = lines(&loaded);
    assert!(!lines.contains(&"cos.prometheus -> cos.loki".to_owned()));
    assert_eq!(
        lines.last().map(String::as_str),
        Some("browser -> cos.traefik as cos.example.com")
    );
    let derived = loaded.derived.expect("derived");
    assert_eq!(derived.left_out.get(&LeftOut::Excepted), Some(&1));
    assert!(
        loaded.warnings.list.is_empty(),
        "{}",
        loaded.warnings.render(false)
    );
}

#[test]
fn an_exception_that_excepts_nothing_is_warned_of() {
    let loaded =
        cos_lite("connections: {derived: true, except: [{from: cos.loki, to: cos.prometheus}]}\n");
    insta::assert_snapshot!(loaded.warnings.render(false));
}

const KUBERNETES: &str = "models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      db: {charm: db}
      app: {charm: app}
    relations: [[db:certificates, ca], [app:database, db:database]]
charms:
  db:
    requires: {certificates: {interface: tls-certificates}}
    provides: {database: {interface: mongodb_client}}
  app:
    requires:
      certificates: {interface: tls-certificates}
      database: {interface: mongodb_client}
";

fn left_out(text: &str) -> Vec<(LeftOut, usize)> {
    let derived = loaded(text).derived.expect("derived");
    derived.left_out.into_iter().collect()
}

/// Without the CA it would be an outage that the deployment does not have.
#[test]
fn a_ca_that_comes_in_the_databag_is_not_promised() {
    let text = format!("{KUBERNETES}connections: derived\n");
    assert_eq!(left_out(&text), [(LeftOut::CaInDatabag, 1)]);
    let shared = text.replace("[[db:", "[[app:certificates, ca], [db:");
    assert_eq!(left_out(&shared), []);
}

/// A client of postgresql decides by `sslmode` whether it checks: one that takes the CA has decided.
#[test]
fn a_ca_that_is_handed_on_makes_a_connection() {
    let text = format!("{KUBERNETES}connections: derived\n")
        .replace("    bundle: kubernetes\n", "")
        .replace(
            "provides: {database: {",
            "provides: {database: {passes-ca: certificates, ",
        )
        .replace("      database: {", "      database: {trusts-ca: true, ");
    for interface in ["mongodb_client", "postgresql_client", "opensearch_client"] {
        let text = text.replace("mongodb_client", interface);
        assert_eq!(left_out(&text), [], "{interface}");
    }
}

#[test]
fn what_is_not_played_is_counted_by_why() {
    let of = |interface: &str| {
        left_out(
            &format!("{KUBERNETES}connections: derived\n").replace("mongodb_client", interface),
        )
    };
    assert_eq!(of("milter"), [(LeftOut::Plain, 1)]);
    assert_eq!(of("azure_storage"), [(LeftOut::Outside, 1)]);
    assert_eq!(of("postgresql_client"), [(LeftOut::Unchecked, 1)]);
    assert_eq!(of("wazuh_api_client"), [(LeftOut::Address, 1)]);
    assert_eq!(of("karapace_client"), []);
    let text =
        format!("{KUBERNETES}connections: derived\n").replace("mongodb_client", "juju-dashboard");
    let without = text.replace("[db:certificates, ca], ", "");
    assert_eq!(left_out(&without), [(LeftOut::NoCertificate, 1)]);
}

#[test]
fn the_charms_of_kubernetes_pass_on_what_etcd_gives_them() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/charmed-kubernetes.yaml");
    let text = std::fs::read_to_string(&path).expect("a scenario");
    let (head, _) = text.split_once("connections:\n").expect("connections");
    let scenario = parse(&format!("{head}connections: derived\n"), "s.yaml").expect("a scenario");
    let loaded = resolve(scenario, &path, &DiskFiles).expect("a deployment");
    let deployment = &loaded.deployment;
    let mut with_endpoints: Vec<String> = deployment
        .connections
        .iter()
        .map(|one| {
            let endpoint = one.from_endpoint.as_deref().unwrap_or("-");
            format!(
                "{} ({endpoint}, mutual: {})",
                line(deployment, one),
                one.mutual
            )
        })
        .collect();
    with_endpoints.sort();
    insta::assert_snapshot!(with_endpoints.join("\n"));
}

#[test]
fn a_list_derives_nothing() {
    let listed = loaded(&format!(
        "{KUBERNETES}connections: [{{from: m.app, to: m.db}}]\n"
    ));
    assert_eq!(listed.derived, None);
    assert_eq!(listed.deployment.connections.len(), 1);
    let none = loaded(&format!("{KUBERNETES}connections: {{derived: false}}\n"));
    assert_eq!((none.derived, none.deployment.connections.len()), (None, 0));
    let outcomes = loaded(&format!("{KUBERNETES}connections: derived\n"))
        .derived
        .expect("derived")
        .edges
        .outcomes;
    assert!(matches!(outcomes.raw[1], Outcome::Tls(_)));
}

#[test]
fn what_is_wrong_with_derived_connections_is_told() {
    let told: Vec<String> = [
        "connections: all\n",
        "connections: {derive: true}\n",
        "connections: {derived: false, every: 5s}\n",
        "connections: {derived: true, every: 0s}\n",
        "connections: {derived: true, except: [{from: m.nothing, to: m.db}, {to: m.db}]}\n",
    ]
    .map(|text| refused(&format!("{KUBERNETES}{text}")))
    .to_vec();
    insta::assert_snapshot!(told.join("\n"));
}

/// canonical/cos-registration-server-k8s-operator 707c844 `src/charm.py`: `_scheme` is `http`, and what it asks for over
/// `certificates` is what its devices want signed (`certificate_requests`).
#[test]
fn a_certificate_that_is_for_others_makes_no_tls_server() {
    let text = "models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      other: {charm: self-signed-certificates}
      t: {charm: traefik-k8s, options: {external_hostname: x.example.com}}
      reg: {charm: cos-registration-server-k8s}
      graf: {charm: grafana-k8s}
    relations:
      - ['t:certificates', 'other:certificates']
      - ['reg:certificates', 'ca:certificates']
      - ['reg:ingress', 't:ingress']
      - ['reg:grafana-dashboard', 'graf:grafana-dashboard']
connections: derived
";
    let loaded = loaded(text);
    assert_eq!(lines(&loaded), ["outside -> m.t as x.example.com"]);
    let derived = loaded.derived.expect("derived");
    let left_out: Vec<_> = derived.left_out.into_iter().collect();
    assert_eq!(left_out, [(LeftOut::Plain, 1)]);
}

#[test]
fn what_units_publish_to_each_other_needs_no_relation() {
    let text = "models:
  m:
    bundle: kubernetes
    applications:
      am: {charm: alertmanager-k8s, scale: 1, published: {replicas: ['https://am-0:9093'], ingress: ['https://am-0:9093']}}
";
    let warnings = loaded(text).warnings.list.into_iter();
    let said: Vec<String> = warnings
        .map(|one| one.message)
        .filter(|message| message.contains("has no relation over"))
        .collect();
    assert_eq!(
        said,
        ["`am` has no relation over `ingress`: what it publishes there is not dialled"]
    );
}

/// The edges that scenarios/charmed-kubernetes.yaml writes by hand: charmed-kubernetes/charm-lib-kubernetes-snaps ccb9ec2
/// `charms/kubernetes_snaps.py` 90-104, charm-kubernetes-control-plane 2d58730 `src/k8s_api_endpoints.py` 74-85.
#[test]
fn charmed_kubernetes_has_its_kubelets_and_one_way_to_its_api() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/derived.yaml");
    let text = "models: {k8s: {from: bundles/charmed-kubernetes.yaml}}\nconnections: derived\n";
    let scenario = parse(text, "derived.yaml").expect("a scenario");
    let loaded = resolve(scenario, &path, &DiskFiles).expect("sound");
    let mut found = lines(&loaded);
    found.sort();
    assert_eq!(
        found,
        [
            "k8s.etcd -> k8s.etcd",
            "k8s.kubernetes-control-plane (root) -> k8s.kubernetes-control-plane as 127.0.0.1",
            "k8s.kubernetes-control-plane -> k8s.etcd",
            "k8s.kubernetes-control-plane -> k8s.kubernetes-control-plane",
            "k8s.kubernetes-control-plane -> k8s.kubernetes-worker",
            "k8s.kubernetes-worker -> k8s.kubeapi-load-balancer",
            "outside -> k8s.kubeapi-load-balancer",
        ]
    );
    let deployment = &loaded.deployment;
    let kubelet = deployment.connections.iter().find(|one| {
        line(deployment, one) == "k8s.kubernetes-control-plane -> k8s.kubernetes-worker"
    });
    let kubelet = kubelet.expect("it is derived");
    assert_eq!(kubelet.from_endpoint.as_deref(), Some("certificates"));
    assert!(kubelet.mutual);
}

/// A plain edge that could be TLS is a finding, once for all of them, and no outage.
#[test]
fn plain_edges_that_could_be_tls_are_told_once() {
    let told = |relations: &str| -> Vec<String> {
        let text = format!(
            "models:
  m:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, scale: 1}}
      prom: {{charm: prometheus-k8s, scale: 1}}
      loki: {{charm: loki-k8s, scale: 1}}
    relations: [['prom:metrics-endpoint', 'loki:metrics-endpoint']{relations}]
connections: derived
"
        );
        let warnings = loaded(&text).warnings.list.into_iter();
        let own = warnings.filter(|one| one.code == trustsim_errors::Code::PlainEdge);
        own.map(|one| one.message).collect()
    };
    assert_eq!(
        told(""),
        ["an edge is plain, and would be TLS with a certificate of `m.loki:certificates`"]
    );
    assert_eq!(told(", ['loki:certificates', ca]"), Vec::<String>::new());
}
