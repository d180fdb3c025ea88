//! A verdict is in force between two changes; performing each attempt says the same, and so does
//! another driver of rustls.

#[path = "../../sim/tls/src/tests/duplex.rs"]
mod duplex;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use duplex::handshake_through_tokio;

use crate::common::{cut, in_force, load, play, scenario_files, verdicts};
use trustsim::kernel::{Span, Streams, Time};
use trustsim::tls::VerdictCache;
use trustsim::world::{Deployment, Kind, Options, Record, Simulation};

/// Attempts of one connection that a test can afford.
const ATTEMPTS: u32 = 120;

/// The scenario with attempts so far apart that the whole of it can be performed.
fn sparse(deployment: &Deployment) -> Deployment {
    let mut deployment = cut(deployment, Span::from_secs(400 * 86_400));
    let apart = Span::from_secs((deployment.duration / ATTEMPTS).as_secs().max(1));
    for connection in &mut deployment.connections {
        connection.every = apart;
    }
    deployment
}

fn attempts(record: &Record) -> Vec<(u32, trustsim::kernel::Time, &'static str)> {
    let entries = record.journal.entries().iter();
    let attempts = entries.filter_map(|entry| match &entry.kind {
        Kind::Handshake(handshake) => Some((
            handshake.connection,
            entry.time,
            handshake.verdict.error_name(),
        )),
        _ => None,
    });
    attempts.collect()
}

#[test]
fn watched_and_performed_runs_agree_on_every_attempt() {
    for path in scenario_files() {
        let deployment = sparse(&load(&path));
        let watched = verdicts(&play(&deployment, Options::default()));
        let every = Options {
            every_handshake: true,
            ..Options::default()
        };
        let performed = attempts(&play(&deployment, every));
        assert!(!performed.is_empty(), "{} has no attempts", path.display());
        for (connection, at, error) in performed {
            let changes = watched
                .get(&connection)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let holds = in_force(changes, at);
            assert_eq!(
                holds,
                Some(error),
                "{}: connection {connection} at {at}",
                path.display()
            );
        }
    }
}

/// Every case that a run judges, at the instants at which it judges any: bytes carried by hand and
/// bytes carried by tokio end with the same verdict.
#[test]
fn both_drivers_agree_on_every_case() {
    let streams = Streams::new(1);
    let mut cache = VerdictCache::new();
    for path in scenario_files() {
        let deployment = Arc::new(load(&path));
        let instants = judged_at(&play(&deployment, Options::default()));
        let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
        for (at, connections) in instants {
            simulation.run_until(at);
            let cases = connections.iter();
            for case in cases.filter_map(|connection| simulation.case_of(*connection)) {
                let stream = || streams.stream("by-hand", &case.server_name);
                let (by_hand, is_new) = cache.judge(&case, stream);
                if is_new {
                    let stream = streams.stream("tokio", &case.server_name);
                    let through_tokio = handshake_through_tokio(&case, stream);
                    assert_eq!(*by_hand, through_tokio, "{} at {at}", path.display());
                }
            }
        }
    }
    assert!(cache.real() > 600, "only {} cases", cache.real());
}

/// The instants at which handshakes were performed, and of which connections.
fn judged_at(record: &Record) -> BTreeMap<Time, BTreeSet<u32>> {
    let mut found: BTreeMap<Time, BTreeSet<u32>> = BTreeMap::new();
    for entry in record.journal.entries() {
        if let Kind::Handshake(handshake) = &entry.kind
            && handshake.performed
        {
            let connections = found.entry(entry.time).or_default();
            connections.insert(handshake.connection);
        }
    }
    found
}

/// A shop whose connections stay open or take sessions up, and what happens to it.
fn bonded(validator: &str, keys: &str, faults: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 2d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {{charm: chain-ca}}
      web: {{charm: web}}
    relations: [[web:certificates, ca:certificates]]
charms:
  chain-ca:
    issuer:
      chain: [{{common-name: root, validity: 400d}}, {{common-name: middle, validity: 300d}}]
      leaf-validity: 60d
    provides: {{certificates: {{interface: tls-certificates}}}}
  web: {{requires: {{certificates: {{interface: tls-certificates, mode: unit}}}}}}
clients: {{browser: {{trusts: [shop.ca], validator: {validator}}}}}
connections:
  - {{from: browser, to: shop.web, every: 10m, {keys}}}
faults:
{faults}"
    ))
}

/// How a connection goes on, and what may end it.
const BONDS: [&str; 8] = [
    "lives: 5h",
    "lives: 50m",
    "resume: tls12-id",
    "resume: tls13-ticket",
    "resume: tls12-id, session-lifetime: 2h",
    "resume: tls13-ticket, session-lifetime: 2h",
    "lives: 3h, resume: tls12-id",
    "lives: 3h, resume: tls13-ticket",
];

const STRIKES: [&str; 6] = [
    "  - {at: 5h, distrust: {client: browser, ca: shop.ca, for: 20h}}\n",
    "  - {at: 5h, tamper: {app: shop.web, how: wrong-name, for: 20h}}\n",
    "  - {at: 5h, tamper: {app: shop.web, how: expired, for: 20h}}\n  - {at: 15h, restart: {app: shop.web}}\n",
    "  - {at: 5h, stop: {app: shop.web, for: 1h}}\n  - {at: 10h, tamper: {app: shop.web, how: self-signed, for: 3h}}\n",
    "  - {at: 5h, tamper: {app: shop.web, how: leaf-only, for: 9h}}\n  - {at: 20h, distrust: {client: browser, ca: shop.ca}}\n",
    "  - {at: 5h, plaintext: {app: shop.web, for: 90m}}\n  - {at: 11h, hang-up: {app: shop.web, for: 90m}}\n",
];

/// What is open or resumed goes on as long in both: each attempt that is performed says what the
/// watched run says at its instant, or said since the attempt before, and nothing that lasts is
/// missed by either.
#[test]
fn watched_and_performed_bonds_agree() {
    // Attempts are ten minutes apart, and a performed connection is opened at one of them.
    let slack = Span::from_secs(603);
    let mut outages = 0;
    for (index, keys) in BONDS.into_iter().enumerate() {
        for (strike, faults) in STRIKES.into_iter().enumerate() {
            let validators = ["rustls", "openssl", "go", "java"];
            let validator = validators[(index + strike) % validators.len()];
            let deployment = bonded(validator, keys, faults);
            let what = format!("{validator} {keys}\n{faults}");
            let watched = verdicts(&play(&deployment, Options::default()));
            let watched = &watched[&0];
            let every = Options {
                every_handshake: true,
                ..Options::default()
            };
            let performed = attempts(&play(&deployment, every));
            for (_, at, error) in &performed {
                let holds = in_force(watched, *at) == Some(*error);
                let since = at.since(deployment.start).saturating_sub(slack);
                let stood = in_force(watched, deployment.start + since) == Some(*error);
                let became = watched.iter().any(|(changed, to)| {
                    to == error && changed <= at && at.since(*changed) <= slack
                });
                assert!(
                    holds || stood || became,
                    "{what}: `{error}` at {at}, but {watched:?}"
                );
            }
            // Each outage of the watched run that lasts is met by attempts.
            for (index, (from, error)) in watched.iter().enumerate() {
                let until = watched.get(index + 1).map(|(until, _)| *until);
                let until = until.unwrap_or(deployment.start + deployment.duration);
                if error.is_empty() || until.since(*from) < slack * 2 {
                    continue;
                }
                let met = performed
                    .iter()
                    .filter(|(_, at, what)| what == error && *at >= *from && *at <= until);
                outages += 1;
                let expected = until.since(*from).as_secs() / 600;
                let met = met.count() as u64;
                assert!(
                    met + 3 >= expected,
                    "{what}: `{error}` from {from} to {until}: {met} of {expected}"
                );
            }
        }
    }
    assert!(outages >= 40, "only {outages} outages were compared");
}
