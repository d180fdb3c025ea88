//! A verdict stands between two changes; performing each attempt says the same, in either lane.

mod common;

use common::{cut, in_force, load, play, scenario_files, verdicts};
use trustsim::kernel::Span;
use trustsim::tls::Lane;
use trustsim::world::{Deployment, Kind, Options, Record};

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
        Kind::Handshake(handshake) => {
            Some((handshake.connection, entry.time, handshake.verdict.error))
        }
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
            let stands = in_force(changes, at);
            assert_eq!(
                stands,
                Some(error),
                "{}: connection {connection} at {at}",
                path.display()
            );
        }
    }
}

#[test]
fn both_lanes_agree_on_every_row() {
    for path in scenario_files() {
        let deployment = load(&path);
        let sans_io = verdict_rows(&deployment, Lane::SansIo);
        let duplex = verdict_rows(&deployment, Lane::Duplex);
        assert_eq!(sans_io, duplex, "{}", path.display());
    }
}

fn verdict_rows(deployment: &Deployment, lane: Lane) -> Vec<String> {
    let record = play(
        deployment,
        Options {
            lane,
            ..Options::default()
        },
    );
    let entries = record.journal.entries().iter();
    let rows = entries.filter_map(|entry| match &entry.kind {
        Kind::Handshake(handshake) => {
            let verdict = &handshake.verdict;
            let (connection, trigger) = (handshake.connection, handshake.trigger);
            Some(format!("{} {connection} {trigger} {verdict:?}", entry.time))
        }
        _ => None,
    });
    rows.collect()
}
