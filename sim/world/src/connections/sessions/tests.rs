//! Connections that stay open although a new handshake would fail.

use crate::tests::played::{HOUR, play, simulation};
use crate::{Kind, Persisting, Simulation};
use trustsim_kernel::{Span, Time};

/// A browser that keeps its connection for thirty hours, and is told at two hours to distrust the CA.
fn open_connection(faults: &str) -> Simulation {
    simulation(&format!(
        "duration: 5d
timings: {{restart: 10s}}
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {{charm: corporate-ca}}
      api: {{charm: api}}
    relations:
      - [api:certificates, ca:certificates]
charms:
  corporate-ca:
    provides: {{certificates: {{interface: tls-certificates}}}}
    issuer: {{chain: [{{common-name: Corporate Root, validity: 3650d}}], leaf-validity: 100d}}
  api: {{requires: {{certificates: {{interface: tls-certificates, mode: unit, apply: reload}}}}}}
clients:
  browser: {{trusts: [shop.ca], validator: openssl}}
connections:
  - {{from: browser, to: api, every: 5s, lives: 30h}}
faults:
{faults}"
    ))
}

const DISTRUST: &str = "  - {at: 2h, distrust: {client: browser, ca: shop.ca}}\n";

/// What the journal says that goes on, with until when.
fn persisting(simulation: &Simulation) -> Vec<(Persisting, Option<Time>)> {
    let entries = simulation.journal().entries().iter();
    let records = entries.filter_map(|entry| match &entry.kind {
        Kind::Persists(record) => Some((record.what, record.until)),
        _ => None,
    });
    records.collect()
}

/// Times from the start at which handshakes changed to failing (`false`) or succeeding.
fn verdicts(simulation: &Simulation) -> Vec<(Span, bool)> {
    let start = simulation.deployment().start;
    let entries = simulation.journal().entries().iter();
    let verdicts = entries.filter_map(|entry| match &entry.kind {
        Kind::Handshake(record) => Some((entry.time.since(start), record.verdict.is_ok())),
        _ => None,
    });
    verdicts.collect()
}

fn state(simulation: &Simulation) -> &super::SessionState {
    &simulation.world().connections().get(0).sessions
}

fn opened_at(simulation: &Simulation) -> Time {
    let open = state(simulation).open.as_ref();
    open.expect("the connection is open").since
}

#[test]
fn an_open_connection_outlives_the_trust_in_its_ca_until_it_is_as_old_as_it_gets() {
    let mut run = open_connection(DISTRUST);
    play(&mut run, HOUR);
    let opened = opened_at(&run);
    assert!(persisting(&run).is_empty());

    play(&mut run, HOUR * 3);
    let until = opened + HOUR * 30;
    assert_eq!(
        persisting(&run),
        [(Persisting::OpenConnection, Some(until))]
    );
    assert_eq!(opened_at(&run), opened, "the same connection");
    assert!(verdicts(&run).iter().all(|(_, is_ok)| *is_ok));

    let start = run.deployment().start;
    run.run_until(until + Span::from_secs(1));
    assert!(state(&run).open.is_none());
    assert_eq!(verdicts(&run).last(), Some(&(until.since(start), false)));
}

#[test]
fn an_open_connection_does_not_outlive_the_process_of_its_server() {
    let restart = format!("{DISTRUST}  - {{at: 4h, restart: {{app: shop.api}}}}\n");
    let mut run = open_connection(&restart);
    play(&mut run, HOUR * 4 - Span::from_secs(1));
    opened_at(&run);
    play(&mut run, HOUR * 5);
    assert!(state(&run).open.is_none());
    let (at, is_ok) = *verdicts(&run).last().expect("a handshake");
    assert!(
        !is_ok && at >= HOUR * 4 && at < HOUR * 4 + Span::from_secs(60),
        "{at:?}"
    );
}

#[test]
fn trust_that_is_back_before_the_connection_ends_leaves_no_trace_in_it() {
    let back = "  - {at: 2h, distrust: {client: browser, ca: shop.ca, for: 1h}}\n";
    let mut run = open_connection(back);
    play(&mut run, HOUR * 3 - Span::from_secs(1));
    assert!(state(&run).outlives.is_some());
    play(&mut run, HOUR * 3 + Span::from_secs(1));
    assert!(state(&run).outlives.is_none());
    play(&mut run, HOUR * 40);
    assert!(verdicts(&run).iter().all(|(_, is_ok)| *is_ok));
}

#[test]
fn generations_follow_each_other_without_gaps() {
    let at = |seconds| Time::from_seconds(seconds);
    let ten = Span::from_secs(10);
    for (now, expected) in [(100, 100), (109, 100), (110, 110), (135, 130)] {
        assert_eq!(
            super::generation_of(at(100), ten, at(now)),
            at(expected),
            "{now}"
        );
    }
}
