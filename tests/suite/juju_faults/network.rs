//! Controllers that are down, and networks between them and their agents.

use trustsim::report::words::entry;
use trustsim::world::{Entry, Kind};

use super::stage::{Played, played};

/// A CA in one model offered to another, each at its own controller.
pub(crate) fn apart(faults: &str) -> Played {
    played(&format!(
        "duration: 1d
controllers: {{north: {{}}, south: {{}}}}
models:
  pki:
    controller: north
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, offers: {{certificates: {{endpoints: [certificates]}}}}}}
  shop:
    controller: south
    bundle: kubernetes
    saas: {{certificates: {{url: 'north:admin/pki.certificates'}}}}
    applications:
      web: {{charm: web, scale: 2}}
    relations:
      - [web:certificates, certificates]
charms:
  web: {{config: {{options: {{level: {{type: string, default: info}}}}}}, requires: {{certificates: {{interface: tls-certificates}}}}}}
clients:
  browser: {{trusts: [pki.ca]}}
connections:
  - {{from: browser, to: shop.web, every: 1s}}
faults:
{faults}"
    ))
}

fn seconds(run: &Played, entry: &Entry) -> u64 {
    entry.time.since(run.record.manifest.start).as_secs()
}

/// When the third unit of the shop got its certificate.
fn served_at(run: &Played) -> Option<u64> {
    let served = run.entries(|entry| {
        matches!(
            &entry.kind,
            Kind::CertificateServed {
                certificate: Some(_),
                ..
            }
        ) && entry.subject.unit.as_deref() == Some("web/2")
    });
    served.first().map(|entry| seconds(run, entry))
}

fn noted(run: &Played, wanted: &str) -> Vec<(u64, String)> {
    let notes = run.entries(|entry| entry::kind(&entry.kind) == wanted);
    notes
        .into_iter()
        .map(|entry| {
            let detail = entry::detail(&entry.kind, &run.record.manifest);
            (seconds(run, entry), detail)
        })
        .collect()
}

const NEW_UNIT: &str = "  - {at: 50m, add-units: {app: shop.web}}\n";

/// Without trouble the third unit is served within three minutes.
#[test]
fn nothing_stands_between() {
    let at = served_at(&apart(NEW_UNIT)).expect("served");
    assert!((3_000..3_180).contains(&at), "{at}");
}

/// While the offering controller is down nothing is signed; the consumer dials every 15 s
/// (juju/juju 3.6 `internal/worker/remoterelations`), workloads serve on.
#[test]
fn a_controller_that_is_down_signs_nothing() {
    let run = apart(&format!(
        "  - {{at: 45m, controller-down: {{controller: north, for: 30m}}}}\n{NEW_UNIT}"
    ));
    let at = served_at(&run).expect("served");
    assert!((4_500..4_500 + 180).contains(&at), "{at}");
    let down = noted(&run, "link-down");
    assert_eq!(
        down[0],
        (
            2_700,
            "cannot connect to external controller: connection refused".to_owned()
        )
    );
    // The new unit is ready but for its certificate; the others serve on.
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    assert_eq!(outages[0].0, "browser -> shop.web/2");
    assert_eq!(run.roots(), ["controller north goes down (s.yaml:24)"]);
}

/// Commands that go to it are refused, and agents that it had are lost until it is back.
#[test]
fn a_controller_that_is_down_takes_no_commands() {
    let run = apart(
        "  - {at: 45m, controller-down: {controller: south, for: 30m}}
  - {at: 50m, set-config: {app: shop.web, options: {level: debug}}}\n",
    );
    let refused = noted(&run, "action-refused");
    assert_eq!(
        refused,
        [(3_000, "the controller cannot be reached".to_owned())]
    );
    let lost = noted(&run, "agent-not-connected");
    assert_eq!(lost.len(), 2, "{lost:?}");
    assert_eq!(
        lost[0],
        (
            2_700,
            "unable to connect to API: connection refused".to_owned()
        )
    );
    assert!(run.outages().is_empty());
}

/// A partition is noticed by a missed ping, 30 to 90 s later; both go on when it ends.
#[test]
fn a_partition_is_noticed_late() {
    let run = apart(&format!(
        "  - {{at: 45m, partition: {{between: [north, south], for: 30m}}}}\n{NEW_UNIT}"
    ));
    let down = noted(&run, "link-down");
    let (at, text) = &down[0];
    assert!((2_730..=2_790).contains(at), "{at}");
    assert_eq!(text, "cannot connect to external controller: i/o timeout");
    let at = served_at(&run).expect("served");
    assert!((4_500..4_500 + 60).contains(&at), "{at}");
}

/// A short one is not noticed at all: what was held arrives when it ends.
#[test]
fn a_short_partition_only_delays() {
    let run = apart(&format!(
        "{NEW_UNIT}  - {{at: 3020s, partition: {{between: [pki, shop], for: 25s}}}}\n"
    ));
    assert_eq!(noted(&run, "link-down"), []);
    assert!(served_at(&run).is_some());
}

/// What is held for hours arrives at the end of it, through the same connection.
#[test]
fn what_is_held_is_released() {
    let run = apart(&format!(
        "  - {{at: 45m, link: {{between: [north, south], hold: true, for: 3h}}}}\n{NEW_UNIT}"
    ));
    assert_eq!(noted(&run, "link-down"), []);
    let at = served_at(&run).expect("served");
    let over = (45 + 180) * 60;
    assert!((over..over + 30).contains(&at), "{at}");
}

/// A cut is noticed at once.
#[test]
fn a_cut_is_noticed_at_once() {
    let run = apart(&format!(
        "  - {{at: 45m, link: {{between: [north, south], cut: true, for: 10m}}}}\n{NEW_UNIT}"
    ));
    assert_eq!(noted(&run, "link-down")[0].0, 2_700);
    let at = served_at(&run).expect("served");
    assert!((3_300..3_300 + 60).contains(&at), "{at}");
}

/// A request and its answer each take so much longer.
#[test]
fn a_slow_link_delays_each_way() {
    let quick = served_at(&apart(NEW_UNIT)).expect("served");
    let run = apart(&format!(
        "  - {{at: 45m, link: {{between: [north, south], delay: 10m}}}}\n{NEW_UNIT}"
    ));
    let slow = served_at(&run).expect("served");
    assert!((1_190..1_230).contains(&(slow - quick)), "{slow} {quick}");
}

/// TCP sends again what is lost: it arrives, later.
#[test]
fn what_is_lost_is_sent_again() {
    let quick = served_at(&apart(NEW_UNIT)).expect("served");
    let run = apart(&format!(
        "  - {{at: 45m, link: {{between: [north, south], drop: 90}}}}\n{NEW_UNIT}"
    ));
    let lossy = served_at(&run).expect("served");
    assert!(lossy > quick, "{lossy} {quick}");
}

/// Agents that cannot reach their controller: a hook whose last call hangs goes through when the
/// partition was short, and fails when it was noticed; the cause is the partition.
#[test]
fn agents_parted_from_their_controller_go_on_later() {
    let run = apart(&format!(
        "{NEW_UNIT}  - {{at: 3004s, partition: {{between: [pki, north], for: 20m}}}}\n"
    ));
    let at = served_at(&run).expect("served");
    assert!((3_004 + 1_200..3_004 + 1_200 + 180).contains(&at), "{at}");
    let lost = noted(&run, "agent-not-connected");
    assert!((3_034..=3_094).contains(&lost[0].0), "{lost:?}");
}

/// Each call of a hook takes a round trip, and each event a way longer: the CA's agent alone signs
/// half a minute later (juju/juju 3.6 `internal/worker/uniter/runner/context/contextfactory.go`).
#[test]
fn a_slow_wire_makes_hooks_take_longer() {
    let quick = served_at(&apart(NEW_UNIT)).expect("served");
    for between in ["pki, north", "pki.ca/0, north"] {
        let run = apart(&format!(
            "  - {{at: 45m, link: {{between: [{between}], delay: 1s, for: 2h}}}}\n{NEW_UNIT}"
        ));
        let slow = served_at(&run).expect("served");
        assert!((22..240).contains(&(slow - quick)), "{slow} {quick}");
        assert_eq!(noted(&run, "agent-not-connected"), []);
    }
}

/// A wire that loses most packets: pings time out, agents dial again, and what is asked of them is
/// done in the end (juju/juju 3.6 `api/monitor.go`).
#[test]
fn agents_on_a_lossy_wire_come_and_go() {
    let run = apart(&format!(
        "  - {{at: 45m, link: {{between: [pki, north], drop: 75, for: 20h}}}}\n{NEW_UNIT}"
    ));
    let lost = noted(&run, "agent-not-connected");
    let pings = lost
        .iter()
        .filter(|(_, text)| text == "health ping timed out after 30s");
    assert!(pings.count() > 10, "{lost:?}");
    assert!(lost.iter().any(|(_, text)| text.ends_with("i/o timeout")));
    assert!(served_at(&run).is_some());
}

/// An agent whose pings take longer than half a minute is lost, and with it the renewal; the wire
/// is why.
#[test]
fn an_agent_behind_a_wire_too_slow_renews_nothing() {
    let run = played(&renewing(
        "  - {at: 5d, link: {between: [shop.web/0, controller], delay: 20s, for: 8d}}\n",
    ));
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    assert_eq!(outages[0].3, "expired");
    assert_eq!(
        run.roots(),
        ["messages between the agent of shop.web/0 and the controller take 20s longer (s.yaml:17)"]
    );
    assert_eq!(
        run.first_line(),
        "since 2026-01-06T00:00:00Z, messages between the agent of shop.web/0 and the controller take 20s longer (s.yaml:17): shop.web/0 never asked for a new certificate"
    );
    // With a round trip of three seconds more no connection gets through; one of a second less does.
    let run = played(&renewing(
        "  - {at: 5d, link: {between: [shop, controller], delay: 1s, for: 8d}}\n",
    ));
    assert!(run.outages().is_empty(), "{:?}", run.outages());
}

/// The lease of a leader whose controller is down runs out; the unit that is back first leads.
#[test]
fn leadership_may_move_while_a_controller_is_down() {
    let run = apart("  - {at: 45m, controller-down: {controller: south, for: 30m}}\n");
    let elected = run.entries(|entry| {
        matches!(entry.kind, Kind::LeaderElected) && seconds(&run, entry) >= 2_700
    });
    assert_eq!(elected.len(), 1);
    assert!(seconds(&run, elected[0]) >= 4_500);
}

/// Certificates of ten days, renewed on the ninth.
pub(crate) fn renewing(faults: &str) -> String {
    format!(
        "duration: 40d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {{charm: self-signed-certificates, options: {{certificate-validity: 10d, root-ca-validity: 100d}}}}
      web: {{charm: web}}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}
clients:
  browser: {{trusts: [ca]}}
connections:
  - {{from: browser, to: web}}
faults:
{faults}"
    )
}

/// Secrets do not expire while the controller is down: late, when the controller is back. Renewal is late
/// then, and here it is too late; the controller is why.
#[test]
fn secrets_expire_late_after_a_long_outage() {
    let run = played(&renewing("  - {at: 8d, controller-down: {for: 5d}}\n"));
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    assert_eq!(outages[0].3, "expired");
    let day = 86_400.0;
    assert!((10.0 * day..10.1 * day).contains(&outages[0].1));
    let length = outages[0].2.expect("it ends");
    assert!(
        (3.0 * day - 60.0..3.0 * day + 300.0).contains(&length),
        "{length}"
    );
    assert_eq!(run.roots(), ["the controller goes down (s.yaml:17)"]);
}
