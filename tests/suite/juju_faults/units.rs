//! Units: processes down, pods killed, machines restarted, leaders lost.

use super::stage::{played, shop};
use trustsim::report::words;

const HOUR: f64 = 3_600.0;

/// A process that is down refuses connections for exactly as long; the other unit serves on.
#[test]
fn a_stopped_workload_is_out_for_exactly_as_long() {
    let run = shop("  - {at: 1h, stop: {unit: shop.web/0, for: 5m}}\n");
    let expected = (
        "browser -> shop.web/0".to_owned(),
        HOUR,
        Some(300.0),
        "unreachable".to_owned(),
    );
    assert_eq!(run.outages(), [expected]);
    assert_eq!(run.roots(), ["workload of shop.web/0 stops (s.yaml:17)"]);
    assert_eq!(
        words::symptom::headline(&run.explanations()[0].symptom),
        "shop.web/0 does not answer browser"
    );
}

/// Two that overlap: it is back when the last one ends.
#[test]
fn a_workload_stopped_twice_starts_once() {
    let run = shop(
        "  - {at: 1h, stop: {unit: shop.web/0, for: 5m}}
  - {at: 62m, stop: {app: shop.web, for: 10m}}\n",
    );
    let lengths: Vec<Option<f64>> = run.outages().into_iter().map(|each| each.2).collect();
    assert_eq!(lengths, [Some(720.0), Some(600.0)]);
}

/// Without an end it stays down.
#[test]
fn a_workload_may_stay_down() {
    let run = shop("  - {at: 1h, stop: {unit: shop.web/1}}\n");
    assert_eq!(run.outages()[0].2, None);
}

/// A killed pod is unreachable until its new one starts, and has no certificate until its charm
/// has written it again: `upgrade-charm`, `config-changed`, `start`, `pebble-ready`. The key and
/// the certificate themselves are in Juju, so nothing is issued anew.
#[test]
fn a_killed_pod_has_no_certificate_until_its_charm_wrote_it_again() {
    let run = shop("  - {at: 1h, kill-unit: {unit: shop.web/0, for: 2m}}\n");
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    let (_, from, length, errors) = &outages[0];
    assert_eq!(*from, HOUR);
    assert_eq!(errors, "unreachable no-certificate");
    let hooks = run.hooks_from("web/0", 3_600);
    assert_eq!(
        hooks[..3],
        ["upgrade-charm", "config-changed", "start"],
        "{hooks:?}"
    );
    let length = length.expect("it ends");
    assert!((121.0..150.0).contains(&length), "{length}");
    assert_eq!(
        run.roots(),
        ["kubectl delete pod -n shop web-0 --now --force (back after 2m) (s.yaml:17)"]
    );
}

/// A restarting machine takes every unit on it along; its disk stays, so it serves as it starts.
#[test]
fn a_restarting_machine_serves_what_is_on_its_disk() {
    let run = played(
        "duration: 2d
models:
  shop:
    machines: {'0': {}}
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      web: {charm: web, num_units: 1, to: ['0']}
      api: {charm: web, num_units: 1, to: ['0']}
    relations:
      - [web:certificates, ca:certificates]
      - [api:certificates, ca:certificates]
charms:
  web: {requires: {certificates: {interface: tls-certificates}}}
clients:
  browser: {trusts: [ca]}
connections:
  - {from: browser, to: web}
  - {from: browser, to: api}
faults:
  - {at: 1h, kill-unit: {unit: shop.web/0}}
",
    );
    let outages = run.outages();
    let of = |index: usize| {
        (
            outages[index].1,
            outages[index].2,
            outages[index].3.as_str(),
        )
    };
    assert_eq!(of(0), (HOUR, Some(60.0), "unreachable"));
    assert_eq!(of(1), (HOUR, Some(60.0), "unreachable"));
    assert_eq!(run.roots()[0], "machine of shop.web/0 restarts (s.yaml:20)");
    assert_eq!(run.hooks_from("web/0", 3_600)[0], "start");
}

/// The lease of a leader that cannot be reached passes on within a minute or so; it comes back as
/// a follower. Where it is alone, it leads again.
#[test]
fn a_lost_leader_is_replaced_when_its_lease_ends() {
    for units in [1, 3] {
        let run = played(&format!(
            "duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      web: {{charm: web, scale: {units}}}
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
faults:
  - {{at: 1h, lose-leader: {{app: m.web}}}}
"
        ));
        let elected =
            run.entries(|entry| matches!(entry.kind, trustsim::world::Kind::LeaderElected));
        assert_eq!(elected.len(), 2);
        let (first, second) = (elected[0], elected[1]);
        let hour = run.record.manifest.start + trustsim::kernel::Span::from_secs(3_600);
        let waited = second.time.since(hour).as_secs();
        assert!((32..=64).contains(&waited), "{waited}");
        assert_eq!(first.subject.unit == second.subject.unit, units == 1);
        let cause = run.record.journal.get(second.cause.expect("a cause"));
        let command = crate::common::command(&run.record, cause.expect("there"));
        assert_eq!(
            command.as_deref(),
            Some("leader of m.web cut off until its lease ends")
        );
    }
}
