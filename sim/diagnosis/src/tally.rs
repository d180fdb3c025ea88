//! What each connection did in a run, attempts by arithmetic: between two change points the
//! verdict holds, so attempts at any cadence need only be counted.

use super::outages::Outage;
use trustsim_kernel::{Span, Time};
use trustsim_model::{ConnectionRecord, Journal, Kind, Manifest};

/// What one connection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts from its first to the end of the run.
    pub attempts: u64,
    /// Those within an outage.
    pub failed_attempts: u64,
    /// Outages.
    pub outages: u32,
    /// Time in outages.
    pub lost: Span,
    /// The longest outage.
    pub longest: Span,
    /// Verdicts from a performed handshake.
    pub real: u64,
    /// Verdicts used again from an equal handshake.
    pub reused: u64,
}

/// One tally a connection, in the order of the manifest.
pub fn tallies(manifest: &Manifest, journal: &Journal, outages: &[Outage]) -> Vec<Tally> {
    let end = manifest.start + manifest.duration;
    let mut tallies: Vec<Tally> = manifest
        .connections
        .iter()
        .map(|connection| Tally {
            attempts: attempts(connection, connection.first_attempt, connection.ended, end),
            ..Tally::default()
        })
        .collect();
    for entry in journal.entries() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        let tally = tallies.get_mut(record.connection as usize);
        let tally = tally.expect("a handshake belongs to a connection of the manifest");
        if record.performed {
            tally.real += 1;
        } else {
            tally.reused += 1;
        }
    }
    for outage in outages {
        let index = outage.connection as usize;
        let tally = &mut tallies[index];
        let length = outage.length(end);
        tally.outages += 1;
        tally.lost += length;
        tally.longest = tally.longest.max(length);
        tally.failed_attempts += outage_attempts(&manifest.connections[index], outage, end);
    }
    assert_eq!(
        tallies.len(),
        manifest.connections.len(),
        "each connection has its tally"
    );
    for (tally, connection) in tallies.iter().zip(&manifest.connections) {
        let name = &connection.name;
        assert!(
            tally.failed_attempts <= tally.attempts,
            "{name} fails at most as often as it is attempted: {tally:?}"
        );
        assert!(
            tally.lost <= manifest.duration,
            "outages of {name} do not overlap, so that it loses no more than the run lasts: {tally:?}"
        );
    }
    tallies
}

/// How many of a connection's attempts fall into an outage.
pub fn outage_attempts(connection: &ConnectionRecord, outage: &Outage, end: Time) -> u64 {
    attempts(connection, Some(outage.from), outage.until, end)
}

/// Attempts in `[from, until)`, or in `[from, end]` where there is no `until`: an attempt at the
/// instant of a change meets what the change brought, and the last instant is still played. While
/// its client is away there are no attempts.
fn attempts(
    connection: &ConnectionRecord,
    from: Option<Time>,
    until: Option<Time>,
    end: Time,
) -> u64 {
    let (Some(first), Some(from)) = (connection.first_attempt, from) else {
        return 0;
    };
    let last = end + Span::from_nanos(1);
    let until = until.unwrap_or(last);
    let before = |instant: Time| attempts_before(first, connection.every, instant);
    // A client that is away beyond an interval misses none of it: then its end is before its start.
    let between = |from: Time, until: Time| before(until).saturating_sub(before(from));
    let away = connection.away.iter();
    let missed =
        away.map(|away| between(away.from.max(from), away.until.unwrap_or(last).min(until)));
    between(from, until)
        .checked_sub(missed.sum())
        .expect("the times at which a client is away do not overlap")
}

/// How many of the instants first, first + every, first + 2 every, ... lie before `instant`.
fn attempts_before(first: Time, every: Span, instant: Time) -> u64 {
    let waited = instant.since(first).as_nanos();
    let every = every.as_nanos();
    if waited == 0 {
        return 0;
    }
    if every == 0 {
        return 1;
    }
    u64::try_from(waited.div_ceil(every)).expect("a run has fewer than 2^64 attempts")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::outages;
    use trustsim_model::Away;
    use trustsim_testkit::{Script, seconds};
    use trustsim_validators::ErrorKind;

    fn only(script: &Script) -> Tally {
        let outages = outages(&script.manifest, &script.journal);
        tallies(&script.manifest, &script.journal, &outages).remove(0)
    }

    #[test]
    fn attempts_are_counted_to_the_last_instant_of_the_run() {
        let mut script = Script::new(&["a.web/0"]);
        script.ok(60, 0);
        // 60, 65, ... 1000.
        assert_eq!(only(&script).attempts, 189);
        script.manifest.connections[0].first_attempt = None;
        assert_eq!(only(&script).attempts, 0);
    }

    #[test]
    fn an_attempt_at_a_change_meets_what_the_change_brought() {
        let mut script = Script::new(&["a.web/0"]);
        script.ok(60, 0);
        script.fail(100, 0, ErrorKind::Expired);
        script.ok(110, 0);
        let tally = only(&script);
        // 100 and 105 fail; 110 is good again.
        assert_eq!(tally.failed_attempts, 2);
        assert_eq!((tally.outages, tally.lost), (1, seconds(10)));
        assert_eq!((tally.real, tally.reused), (3, 0));
    }

    #[test]
    fn a_client_that_is_away_attempts_nothing() {
        let mut script = Script::new(&["a.web/0"]);
        script.ok(60, 0);
        script.fail(100, 0, ErrorKind::Expired);
        script.ok(200, 0);
        let start = script.manifest.start;
        let away = |from, until: Option<u64>| Away {
            from: start + seconds(from),
            until: until.map(|until| start + seconds(until)),
        };
        // 80, 85, ... 115, of which 100 to 115 would have failed; then 900, 905, ... 1000.
        script.manifest.connections[0].away = vec![away(80, Some(120)), away(900, None)];
        let tally = only(&script);
        assert_eq!(tally.attempts, 189 - 8 - 21);
        assert_eq!(tally.failed_attempts, 20 - 4);
    }

    #[test]
    fn an_outage_between_two_attempts_fails_none() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(101, 0, ErrorKind::Expired);
        script.ok(104, 0);
        let tally = only(&script);
        assert_eq!((tally.failed_attempts, tally.outages), (0, 1));
        assert_eq!((tally.real, tally.reused), (1, 1));
    }

    #[test]
    fn an_open_outage_fails_to_the_end() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(990, 0, ErrorKind::Expired);
        let tally = only(&script);
        // 990, 995 and 1000.
        assert_eq!((tally.failed_attempts, tally.lost), (3, seconds(10)));
    }

    proptest! {
        #[test]
        fn counting_agrees_with_going_through_them(
            first in 0_u64..50, every in 1_u64..20, from in 0_u64..200, length in 0_u64..200,
        ) {
            let at = |nanos: u64| Time::from_nanos(1_000 + nanos);
            let counted = attempts_before(at(first), Span::from_nanos(every), at(from + length))
                - attempts_before(at(first), Span::from_nanos(every), at(from));
            let walked = (0..500_u64)
                .map(|k| first + k * every)
                .filter(|t| (from..from + length).contains(t))
                .count() as u64;
            prop_assert_eq!(counted, walked);
        }
    }
}
