//! What the shipped scenarios do not show: every key type, mutual TLS, machines, clocks that are off.

use std::path::Path;
use std::sync::Arc;

use trustsim::diagnosis::diagnose;
use trustsim::kernel::{Span, Time};
use trustsim::scenario::{self, MemoryFiles};
use trustsim::world::{Deployment, Options, Simulation};

const PEERS: &str = "
name: peers
seed: 3
duration: 95d
KEYS
models:
  m:
    MODEL
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      web: {charm: web, num_units: 2}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
connections:
  - {from: web, to: web, every: 1h, mutual: MUTUAL, validator: VALIDATOR}
FAULTS
expect:
  - no-failures: {}
";

fn peers(replacements: &[(&str, &str)]) -> Deployment {
    let defaults = [
        ("KEYS", "keys: ecdsa-p256"),
        ("MODEL", "bundle: kubernetes"),
        ("MUTUAL", "false"),
        ("VALIDATOR", "openssl"),
        ("FAULTS", ""),
    ];
    let mut text = PEERS.to_owned();
    for (place, value) in replacements.iter().chain(&defaults) {
        text = text.replace(place, value);
    }
    let files = MemoryFiles::new([("peers.yaml", text.as_str())]);
    let loaded = scenario::load(Path::new("peers.yaml"), &files);
    loaded
        .unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render(false)))
        .deployment
}

fn outages(deployment: &Deployment) -> Vec<(String, &'static str)> {
    let record = crate::common::play(deployment, Options::default());
    let attempted = record
        .manifest
        .connections
        .iter()
        .all(|one| one.first_attempt.is_some());
    assert!(
        attempted && record.manifest.connections.len() == 2,
        "both peers are watched"
    );
    let found = diagnose(deployment, &record.manifest, &record.journal).outages;
    let connections = &record.manifest.connections;
    found
        .iter()
        .map(|one| {
            (
                connections[one.connection as usize].name.clone(),
                one.error.kebab(),
            )
        })
        .collect()
}

#[test]
fn every_key_type_serves_and_renews() {
    for keys in ["ecdsa-p256", "ed25519", "rsa-2048"] {
        let keys = format!("keys: {keys}");
        assert_eq!(outages(&peers(&[("KEYS", &keys)])), [], "{keys}");
    }
}

#[test]
fn every_validator_accepts_what_the_charm_issues() {
    for validator in trustsim::validators::Validator::ALL {
        assert_eq!(
            outages(&peers(&[("VALIDATOR", validator.name())])),
            [],
            "{validator}"
        );
    }
}

#[test]
fn peers_admit_each_other_in_mutual_tls() {
    assert_eq!(outages(&peers(&[("MUTUAL", "true")])), []);
}

#[test]
fn machines_are_reached_at_their_addresses() {
    let deployment = peers(&[("MODEL", "default-base: ubuntu@24.04")]);
    let record = crate::common::play(&deployment, Options::default());
    let names = record
        .manifest
        .connections
        .iter()
        .map(|one| one.server_name.as_str());
    let addresses = names.filter(|name| name.parse::<std::net::IpAddr>().is_ok());
    assert_eq!(addresses.count(), 2);
    assert_eq!(outages(&deployment), []);
}

#[test]
fn a_clock_that_is_off_fails_for_exactly_as_long() {
    let faults = "faults:\n  - {at: 10d, clock-skew: {unit: web/0, by: 200d, for: 6h}}";
    let mut deployment = peers(&[("FAULTS", faults)]);
    deployment.expectations.clear();
    let record = crate::common::play(&deployment, Options::default());
    let found = diagnose(&deployment, &record.manifest, &record.journal).outages;
    let spans: Vec<_> = found
        .iter()
        .map(|one| {
            let client = &record.manifest.connections[one.connection as usize].client;
            let until = one.until.expect("it ends");
            (client.as_str(), one.error.kebab(), until.since(one.from))
        })
        .collect();
    assert_eq!(spans, [("m.web/0", "expired", Span::from_secs(6 * 3_600))]);
}

/// An agent checks its controller's certificate at its own clock (juju/juju 3.6 `api/apiclient.go`);
/// eleven years ahead, the ten years of the controller's certificate are over.
#[test]
fn an_agent_whose_clock_is_years_ahead_does_not_reach_its_controller() {
    let faults = "faults:\n  - {at: 0s, clock-skew: {unit: web/0, by: 4015d}}";
    let deployment = Arc::new(peers(&[("FAULTS", faults)]));
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    simulation.run_until(deployment.start + Span::from_secs(600));
    let status = simulation.status("m").expect("the model is there");
    let unit = |name: &str| status["applications"]["web"]["units"][name].clone();
    assert_eq!(unit("web/1")["juju-status"]["current"], "idle");
    assert_ne!(unit("web/0")["juju-status"]["current"], "idle");
}

#[test]
fn a_clone_plays_the_same_future() {
    let deployment = Arc::new(crate::common::load_named("ca-rotation-action"));
    let mut first = Simulation::new(Arc::clone(&deployment), Options::default());
    first.run_until(deployment.start + Span::from_secs(29 * 86_400));
    let second = first.clone();
    let end = |simulation: Simulation| simulation.finish().journal.fingerprint();
    assert_eq!(end(first), end(second));
}

#[test]
fn two_journals_that_differ_are_told_apart_at_their_first_different_entry() {
    let play = |seed: u64| {
        let mut deployment = peers(&[]);
        deployment.seed = seed;
        crate::common::play(&deployment, Options::default()).journal
    };
    let (first, same, other) = (play(1), play(1), play(2));
    assert_eq!(first.first_difference(&same), None);
    let differs = first
        .first_difference(&other)
        .expect("another seed, another journal");
    let at =
        |journal: &trustsim::world::Journal| -> Option<Time> { Some(journal.get(differs)?.time) };
    assert!(differs.0 > 0 && at(&first).is_some() && at(&other).is_some());
}
