//! Units that come and go, charms that are refreshed.

use trustsim::juju::SecretChange;
use trustsim::world::{Kind, Note, Refusal};

use super::stage::{played, shop};

/// A new unit is watched once it is ready; then it is like the others.
#[test]
fn a_new_unit_is_watched_once_it_is_ready() {
    let run = shop("  - {at: 1h, add-units: {app: web, count: 2}}\n");
    let names: Vec<&str> = run
        .record
        .manifest
        .connections
        .iter()
        .map(|connection| connection.name.as_str())
        .collect();
    assert_eq!(names.len(), 4);
    assert!(names.contains(&"browser -> shop.web/2") && names.contains(&"browser -> shop.web/3"));
    assert!(run.outages().is_empty(), "{:?}", run.outages());
}

/// A unit that goes takes its connection along: no outage from then on.
#[test]
fn a_removed_unit_takes_its_connection_along() {
    let run = shop(
        "  - {at: 1h, remove-unit: {unit: web/1}}
  - {at: 2h, add-units: {app: web}}\n",
    );
    let connections = &run.record.manifest.connections;
    let ended = connections[1].ended.expect("it ended");
    let after = ended.since(run.record.manifest.start).as_secs();
    assert!((3_600..3_660).contains(&after), "{after}");
    assert_eq!(connections.len(), 3);
    // A StatefulSet gives the same ordinal again.
    assert_eq!(connections[2].name, "browser -> shop.web/1");
    assert!(run.outages().is_empty(), "{:?}", run.outages());
    let attempts = run.findings.tallies[1].attempts;
    assert!((3_000..3_700).contains(&attempts), "{attempts}");
}

/// A CA that is removed leaves its certificates, and they end where nothing renews them: what breaks is told with the
/// removal, months later. Clients of what is removed have nothing to dial any more.
#[test]
fn a_removed_application_takes_its_relations_along() {
    let text =
        |faults: &str| super::stage::shop_text(faults).replace("duration: 2d", "duration: 120d");
    let run = played(&text("  - {at: 1d, remove-application: {app: ca}}\n"));
    let outages = run.outages();
    let told: Vec<(&str, &str)> = outages
        .iter()
        .map(|(name, _, _, error)| (name.as_str(), error.as_str()))
        .collect();
    let expired = "expired";
    assert_eq!(
        told,
        [
            ("browser -> shop.web/0", expired),
            ("browser -> shop.web/1", expired)
        ],
        "{outages:?}"
    );
    let told = run.first_line();
    let removal = "was removed at 2026-01-02T00:00:00Z by `juju remove-application -m shop ca --no-prompt` (s.yaml:17)";
    assert!(told.ends_with(removal), "{told}");
    let run = played(&text("  - {at: 1d, remove-application: {app: web}}\n"));
    assert!(run.outages().is_empty(), "{:?}", run.outages());
    let connections = &run.record.manifest.connections;
    assert!(
        connections
            .iter()
            .all(|connection| connection.ended.is_some())
    );
    // What comes later is refused, as Juju does.
    let run = played(&text(
        "  - {at: 1d, remove-application: {app: ca}}
  - {at: 2d, remove-application: {app: ca}}
  - {at: 2d, refresh: {app: ca, channel: 1/edge}}
  - {at: 2d, add-units: {app: ca}}\n",
    ));
    let entries = run.record.journal.entries().iter();
    let refused: Vec<&Refusal> = entries
        .filter_map(|entry| match &entry.kind {
            Kind::Note(Note::ActionRefused(refusal)) => Some(refusal),
            _ => None,
        })
        .collect();
    assert_eq!(refused, [&Refusal::NotAlive; 3]);
}

/// Pods are replaced one after the other, the last first, and each has no certificate until its
/// charm wrote it again.
#[test]
fn a_refresh_rolls_over_the_pods() {
    let run = shop("  - {at: 1h, refresh: {app: web, channel: latest/edge, revision: 7}}\n");
    let outages = run.outages();
    assert_eq!(outages.len(), 2, "{outages:?}");
    assert_eq!(outages[0].0, "browser -> shop.web/1");
    assert_eq!(outages[1].0, "browser -> shop.web/0");
    assert!(outages[1].1 > outages[0].1 + 5.0);
    let root = "`juju refresh -m shop web --channel latest/edge --revision 7` (s.yaml:17)";
    assert_eq!(run.roots(), [root, root]);
}

/// What the new charm does otherwise it does from its upgrade on.
#[test]
fn a_refreshed_charm_does_what_the_new_one_does() {
    let run = played(
        "duration: 2d
models:
  shop:
    machines: {'0': {}}
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      web: {charm: web, num_units: 1}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {requires: {certificates: {interface: tls-certificates, library: tls-certificates-v3}}}
clients:
  browser: {trusts: [ca]}
connections:
  - {from: browser, to: web}
faults:
  - at: 1h
    refresh: {app: web, charm: {requires: {certificates: {interface: tls-certificates, library: tls-certificates}}}}
",
    );
    let hooks = run.hooks_from("web/0", 3_600);
    assert_eq!(hooks[..2], ["upgrade-charm", "config-changed"], "{hooks:?}");
    // Today's library keeps its key in a secret, which version 3 did not have.
    let secrets = run.entries(|entry| {
        matches!(&entry.kind, Kind::Secret { change, .. } if *change == SecretChange::Created)
            && entry.subject.unit.as_deref() == Some("web/0")
            && entry.time.since(run.record.manifest.start).as_secs() >= 3_600
    });
    assert!(!secrets.is_empty());
}
