//! Clients outside Juju: when they are first given CAs, and what they have when they cannot fetch.

use crate::common::{deployed, notes, play, text_of};
use trustsim::diagnosis::diagnose;
use trustsim::kernel::{Span, Time};
use trustsim::world::{Entry, Kind, Options, Record};

/// When the deployment settled.
fn settled(record: &Record) -> Time {
    let mut entries = record.journal.entries().iter();
    let found = entries.find(|entry| matches!(entry.kind, Kind::Settled { .. }));
    found.expect("it settles").time
}

/// How many CAs the client trusts from each change of its store on.
fn trusted(record: &Record, client: &str) -> Vec<(Time, usize)> {
    let entries = record.journal.entries().iter();
    let changes = entries.filter_map(|entry| match &entry.kind {
        Kind::TrustChanged { roots } if entry.subject.unit.as_deref() == Some(client) => {
            Some((entry.time, roots.len()))
        }
        _ => None,
    });
    changes.collect()
}

/// A Vault that people initialise, unseal and authorise, each after `delay`, offered to a model at
/// another controller.
fn vault(seed: u64, delay: u64) -> String {
    format!(
        "seed: {seed}
duration: 3h
timings: {{settle-max: 2h, hook-min: 20s, hook-max: 40s}}
controllers: {{north: {{}}, south: {{}}}}
models:
  pki:
    controller: north
    bundle: kubernetes
    applications:
      ca: {{charm: vault-k8s, scale: 1, options: {{pki_ca_common_name: Root, pki_allow_any_name: true, pki_allow_ip_sans: true}}, offers: {{certificates: {{endpoints: [vault-pki]}}}}}}
  m:
    controller: south
    bundle: kubernetes
    saas: {{certificates: {{url: 'north:admin/pki.certificates'}}}}
    applications:
      web: {{charm: web, scale: 2}}
    relations:
      - [web:certificates, certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
operators:
  team: {{answers: [pki.ca], delay: {{exactly: {delay}s}}}}
clients:
  browser: {{trusts: [pki.ca]}}
connections:
  - {{from: browser, to: m.web}}
"
    )
}

/// Hooks that a deployment has yet to run when it says that it has settled, though something other
/// than time has caused them: within ten minutes, and not behind a hook that only time brings.
fn late(record: &Record) -> Vec<String> {
    let from = settled(record);
    let is_late = |entry: &&Entry| {
        matches!(&entry.kind, Kind::HookStarted { .. })
            && entry.time > from
            && entry.time.since(from) < Span::from_secs(600)
    };
    let entries = record.journal.entries().iter();
    entries
        .filter(is_late)
        .map(|entry| format!("{} {:?} {:?}", entry.time, entry.subject.unit, entry.kind))
        .collect()
}

/// A client that fetches CAs once, when the deployment has settled, has them: whenever people act, and
/// whatever update-status runs just then.
#[test]
fn what_settled_has_a_ca_to_give() {
    for seed in 0..30 {
        let record = play(&deployed(&vault(seed, 60 + 7 * seed)), Options::default());
        let (from, trusted) = (settled(&record), trusted(&record, "browser"));
        assert_eq!(trusted, [(from, 1)], "seed {seed}");
        assert_eq!(late(&record), Vec::<String>::new(), "seed {seed}");
    }
}

fn refreshing(faults: &str) -> String {
    format!(
        "duration: 3d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates}}
      web: {{charm: web}}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
clients:
  once: {{trusts: [ca]}}
  hourly: {{trusts: [ca], refresh: 1h}}
connections:
  - {{from: once, to: web, every: 10s}}
  - {{from: hourly, to: web, every: 10s}}
faults:
{faults}"
    )
}

/// `juju run` against a controller that is down fails; the file stays as it is.
#[test]
fn a_client_that_cannot_fetch_keeps_what_it_has() {
    let text = refreshing("  - {at: 1d, controller-down: {for: 5h}}\n");
    let record = play(&deployed(&text), Options::default());
    assert_eq!(trusted(&record, "hourly").len(), 1);
    let failed = notes(&record, "trust-not-fetched");
    // Once more before the agent that led has dialled again.
    assert_eq!(failed.len(), 6);
    for (index, (_, entry)) in failed.into_iter().enumerate() {
        let reason = match index {
            5 => "no unit leads it",
            _ => "the controller cannot be reached",
        };
        assert_eq!(text_of(&record, entry), format!("CA of shop.ca: {reason}"));
        let cause = entry.cause.and_then(|cause| record.journal.get(cause));
        let by_action = matches!(&cause.expect("there").kind, Kind::Action(_));
        assert!(by_action || index == 5);
    }
    let deployment = deployed(&text);
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    assert!(findings.outages.is_empty(), "{:?}", findings.outages);
}

/// Nor does it lose anything while the agent that would answer is cut off or its pod is away.
#[test]
fn a_leader_that_does_not_answer_takes_no_trust_away() {
    for fault in [
        "partition: {between: [shop, controller], for: 5h}",
        "kill-unit: {unit: shop.ca/0, for: 5h}",
    ] {
        let text = refreshing(&format!("  - {{at: 1d, {fault}}}\n"));
        let record = play(&deployed(&text), Options::default());
        assert_eq!(trusted(&record, "hourly").len(), 1, "{fault}");
        assert!(notes(&record, "trust-not-fetched").len() >= 4, "{fault}");
    }
}

/// What was rotated while no client could fetch is fetched at the next turn after.
#[test]
fn a_client_fetches_again_when_it_can() {
    let text = refreshing(
        "  - {at: 1450m, rotate-ca: {app: shop.ca}}
  - {at: 1455m, controller-down: {for: 5h}}\n",
    );
    let record = play(&deployed(&text), Options::default());
    let stores = trusted(&record, "hourly");
    assert_eq!(stores.len(), 2, "{stores:?}");
    let back = record.manifest.start + Span::from_secs(1_455 * 60 + 5 * 3_600);
    assert!(stores[1].0 >= back && stores[1].0.since(back) <= Span::from_secs(7_200));
    assert_eq!(trusted(&record, "once").len(), 1);
}
