//! A consumed offer whose model is not given.

use std::path::Path;

use trustsim::model::{Coverage, Gap, Standing};
use trustsim::report::words::standing;
use trustsim::scenario::{MemoryFiles, load};

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
    let absent: Vec<&str> = deployment
        .absent
        .iter()
        .map(|absent| absent.endpoint.as_str())
        .collect();
    // A dashboard is neither a certificate nor a CA.
    assert_eq!(absent, ["certificates"]);
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
