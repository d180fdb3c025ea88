//! What must not change a verdict, on random deployments: all clocks moved, roots that are not used,
//! a CA taken away, the presented issuers in another order.

use std::fmt::Write as _;

use trustsim::kernel::{Span, Time};
use trustsim::world::{Options, Record};

use crate::common::random::RandomDeployment;
use crate::common::{deployed, in_force, play, verdicts};

const START: &str = "2026-01-01T00:00:00Z";
const SEEDS: u64 = 24;

fn played(text: &str) -> Record {
    play(&deployed(text), Options::default())
}

/// When each connection's verdict became what, from the start of the run.
fn timeline(record: &Record) -> Vec<(u32, Vec<(Span, &'static str)>)> {
    let start = record.manifest.start;
    let from_start = |(at, error): &(Time, &'static str)| (at.since(start), *error);
    verdicts(record)
        .iter()
        .map(|(connection, changes)| (*connection, changes.iter().map(from_start).collect()))
        .collect()
}

/// Every instant at which `better` has a connection that works and `worse` has it not.
fn where_better(better: &Record, worse: &Record) -> Vec<String> {
    let (better_verdicts, worse_verdicts) = (verdicts(better), verdicts(worse));
    let mut found = Vec::new();
    for (connection, changes) in &better_verdicts {
        let other = &worse_verdicts[connection];
        for (at, _) in changes.iter().chain(other) {
            let (here, there) = (in_force(changes, *at), in_force(other, *at));
            if here == Some("") && there.is_some_and(|error| !error.is_empty()) {
                let name = &better.manifest.connections[*connection as usize].name;
                found.push(format!("{name} at {at}: {there:?}"));
            }
        }
    }
    found
}

/// Hooks take as long as each other here: how long one takes is drawn for the instant at which it
/// starts, so that two runs that begin apart draw apart.
#[test]
fn moving_all_clocks_changes_no_verdict() {
    for seed in 0..SEEDS {
        let drawn = RandomDeployment::new(seed);
        let faults: String = drawn.authorities.iter().fold(String::new(), |text, ca| {
            text + &format!("  - {{at: 5d, distrust: {{client: client0, ca: {ca}, for: 1h}}}}\n")
        });
        let text = |start: &str| {
            let even = "timings: {hook-min: 4s, hook-max: 4s}\nmodels:";
            drawn.text(start, &faults).replacen("models:", even, 1)
        };
        let here = timeline(&played(&text(START)));
        assert!(!here.is_empty(), "{seed} has no connection");
        for start in ["2026-03-29T00:59:59Z", "2031-07-04T17:23:11Z"] {
            let there = timeline(&played(&text(start)));
            assert_eq!(here, there, "{seed} from {start}");
        }
    }
}

#[test]
fn unused_roots_make_nothing_worse() {
    for seed in 0..SEEDS {
        let drawn = RandomDeployment::new(seed);
        let plain = played(&drawn.text(START, ""));
        let mut faults = String::new();
        for app in &drawn.consumers {
            writeln!(
                faults,
                "  - {{at: 2d, trust: {{app: {app}, unrelated: 3}}}}"
            )
            .unwrap();
        }
        for client in &drawn.clients {
            writeln!(
                faults,
                "  - {{at: 2d, trust: {{client: {client}, unrelated: 3}}}}"
            )
            .unwrap();
        }
        let more = played(&drawn.text(START, &faults));
        let worse = where_better(&plain, &more);
        assert!(worse.is_empty(), "{seed}: {worse:?}");
    }
}

#[test]
fn a_ca_taken_away_makes_nothing_better_and_something_worse() {
    let mut any_worse = false;
    for seed in 0..SEEDS {
        let drawn = RandomDeployment::new(seed);
        let plain = played(&drawn.text(START, ""));
        let ca = &drawn.authorities[0];
        let mut faults = String::new();
        for app in &drawn.consumers {
            writeln!(faults, "  - {{at: 2d, distrust: {{app: {app}, ca: {ca}}}}}").unwrap();
        }
        for client in &drawn.clients {
            writeln!(
                faults,
                "  - {{at: 2d, distrust: {{client: {client}, ca: {ca}}}}}"
            )
            .unwrap();
        }
        let fewer = played(&drawn.text(START, &faults));
        let better = where_better(&fewer, &plain);
        assert!(better.is_empty(), "{seed}: {better:?}");
        any_worse |= !where_better(&plain, &fewer).is_empty();
    }
    assert!(any_worse, "distrust never mattered");
}

#[test]
fn issuers_in_another_order_change_no_verdict() {
    for seed in 0..SEEDS {
        let drawn = RandomDeployment::new(seed);
        let plain = timeline(&played(&drawn.text(START, "")));
        let turned = drawn.servers.iter().fold(String::new(), |text, app| {
            text + &format!("  - {{at: 2d, tamper: {{app: {app}, how: reversed}}}}\n")
        });
        let turned = timeline(&played(&drawn.text(START, &turned)));
        assert_eq!(plain, turned, "{seed}");
    }
}
