//! A consumed offer whose model is not given.

use std::path::Path;

use trustsim::edges::derive;
use trustsim::model::{Coverage, Gap, Standing};
use trustsim::report::words::{edges as words, standing};
use trustsim::scenario::{LeftOut, MemoryFiles, load};
use trustsim::whatif::{NoOrder, relation_order};

const SCENARIO: &str = "duration: 2d
models:
  shop:
    deployed: true
    bundle: kubernetes
    saas:
      pki: {url: admin/pki-model.certificates}
      dashboards: {url: admin/cos.dashboards}
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      front: {charm: traefik-k8s, scale: 1}
      back: {charm: alertmanager-k8s, scale: 1}
    relations:
      - [front:certificates, pki:certificates]
      - [back:certificates, ca:certificates]
      - [back:grafana-dashboard, dashboards:grafana-dashboard]
connections:
  - {from: shop.back, to: shop.front}
  - {from: shop.back, to: shop.back}
";

#[test]
fn what_comes_through_it_is_not_simulated() {
    let files = MemoryFiles::new([("s.yaml", SCENARIO)]);
    let loaded =
        load(Path::new("s.yaml"), &files).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    let deployment = &loaded.deployment;
    let absent = deployment.absent.iter();
    let absent = absent.map(|absent| (absent.endpoint.as_str(), absent.brings_trust()));
    // A dashboard is neither a certificate nor a CA.
    let absent: Vec<(&str, bool)> = absent.collect();
    assert_eq!(
        absent,
        [("certificates", true), ("grafana-dashboard", false)]
    );
    let coverage = Coverage::of(deployment);
    let bases: Vec<Standing> = coverage.bases.iter().map(|basis| basis.standing).collect();
    assert_eq!(bases[0], Standing::NotSimulated);
    assert_ne!(bases[1], Standing::NotSimulated);
    assert_eq!(
        standing::charms_and_relations(&coverage).split("; ").nth(1),
        Some("1 of 2 TLS relations")
    );
    let reasons = &coverage.bases.first().expect("a connection").reasons;
    let reason = reasons
        .iter()
        .find(|reason| matches!(reason.gap, Gap::ModelNotGiven { .. }));
    let reason = reason.expect("it says why");
    assert_eq!(
        standing::reason(reason, deployment),
        "shop.front: what comes over certificates is not known: the model of the offer admin/pki-model.certificates \
         is not given"
    );
    assert!(standing::help(reason, deployment).is_some());
    insta::assert_snapshot!(loaded.warnings.render(false));
}

#[test]
fn a_scenario_of_ones_own_names_no_model_that_is_not_there() {
    let text = SCENARIO.replace("    deployed: true\n", "");
    let files = MemoryFiles::new([("s.yaml", text.as_str())]);
    let wrong = load(Path::new("s.yaml"), &files).expect_err("refused");
    assert!(
        wrong.render(false).contains("TS0201"),
        "{}",
        wrong.render(false)
    );
}

#[test]
fn neither_holds_nor_fails() {
    use std::sync::Arc;
    use trustsim::world::{Options, Simulation};
    let files = MemoryFiles::new([("s.yaml", SCENARIO)]);
    let loaded = load(Path::new("s.yaml"), &files).expect("it loads");
    let deployment = Arc::new(loaded.deployment);
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + deployment.duration);
    let findings =
        trustsim::diagnosis::diagnose(&deployment, &simulation.manifest(), simulation.journal());
    let specs: Vec<_> = findings
        .outages
        .iter()
        .map(|outage| simulation.manifest().connections[outage.connection as usize].spec)
        .collect();
    assert!(
        specs.iter().all(|spec| usize::from(*spec) != 0),
        "{specs:?}"
    );
}

/// A relation with a model that is not given is counted, and what its certificate is for is no plain edge: of a central CA in
/// another model it was said that nothing has a certificate, and that there is nothing to order or to ask.
#[test]
fn what_gets_its_certificate_there_is_told_as_such() {
    let text = "models:
  app:
    deployed: true
    bundle: kubernetes
    saas: {certs: {url: admin/pki.certs}}
    applications:
      loki: {charm: loki-k8s, scale: 1}
      prom: {charm: prometheus-k8s, scale: 1}
    relations:
      - [loki:certificates, certs:certificates]
      - [prom:metrics-endpoint, loki:metrics-endpoint]
connections: derived
";
    let files = MemoryFiles::new([("s.yaml", text)]);
    let loaded =
        load(Path::new("s.yaml"), &files).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    let edges = derive(&loaded.deployment);
    let counts = edges.counts();
    assert_eq!((counts.tls, counts.plain, counts.unknown), (1, 0, 1));
    let left_out = &loaded.derived.as_ref().expect("they are derived").left_out;
    assert_eq!(
        left_out.get(&LeftOut::ModelNotGiven),
        Some(&2),
        "{left_out:?}"
    );
    let unnamed = text.replace("loki:certificates, certs:certificates", "loki, certs");
    let files = MemoryFiles::new([("s.yaml", unnamed.as_str())]);
    let other = load(Path::new("s.yaml"), &files).unwrap_or_else(|_| panic!("it is loaded"));
    let told = words::absent(&other.deployment.absent[0], &other.deployment);
    assert_eq!(told[..2], ["admin/pki.certs", "loki"]);
    let told = words::absent(&loaded.deployment.absent[0], &loaded.deployment);
    let why = "the model of admin/pki.certs is not given";
    let interface = "tls-certificates";
    assert_eq!(
        told,
        ["admin/pki.certs", "loki:certificates", interface, why]
    );
    let order = relation_order(&loaded.deployment);
    let NoOrder::ModelsNotGiven(offers) = order.expect_err("nothing is given") else {
        panic!("its CA is in another model");
    };
    assert_eq!(offers, ["admin/pki.certs"]);
}
