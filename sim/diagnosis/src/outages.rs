//! Outages: the maximal intervals in which a connection's verdict is a failure.

use super::facts::seq_of;
use trustsim_kernel::{Span, Time};
use trustsim_model::{Journal, Kind, Manifest, Seq};
use trustsim_validators::ErrorKind;

/// One interval in which one connection failed, from its first failing verdict to the first
/// good one after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Index into [`Manifest::connections`].
    pub connection: u32,
    /// The first failing instant; never before the connection's first attempt.
    pub from: Time,
    /// The first good instant after it; `None` where it was still open at the end.
    pub until: Option<Time>,
    /// Its first error.
    pub error: ErrorKind,
    /// The handshake entry that opened it.
    pub opened: Seq,
    /// The handshake entry that closed it.
    pub closed: Option<Seq>,
    /// Where the error became another one while the outage went on.
    pub changes: Vec<ErrorChange>,
}

/// An instant within an outage from which the error was a different one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorChange {
    /// From when.
    pub at: Time,
    /// The handshake entry.
    pub seq: Seq,
    /// The new error.
    pub error: ErrorKind,
}

impl Outage {
    /// How long it lasted, up to `end` where it was still open.
    pub fn length(&self, end: Time) -> Span {
        self.until.unwrap_or(end).since(self.from)
    }

    /// Every error in it, first to last.
    pub fn errors(&self) -> impl Iterator<Item = ErrorKind> + '_ {
        std::iter::once(self.error).chain(self.changes.iter().map(|change| change.error))
    }
}

/// Every outage of a run, by (start, connection).
///
/// Adjacent different errors are one outage: what an operator lost is one stretch of time. A
/// failure that ends at the very same instant took no time and is none. Verdicts from
/// before a connection's first attempt count from that attempt on; a connection that was never
/// attempted has no outage.
pub fn outages(manifest: &Manifest, journal: &Journal) -> Vec<Outage> {
    let mut open: Vec<Option<Outage>> = vec![None; manifest.connections.len()];
    let mut found = Vec::new();
    for (index, entry) in journal.entries().iter().enumerate() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        let connection = record.connection as usize;
        assert!(
            connection < open.len(),
            "a handshake belongs to a connection of the manifest: {connection} of {}",
            open.len()
        );
        let Some(first) = manifest.connections[connection].first_attempt else {
            continue;
        };
        let at = entry.time.max(first);
        let seq = seq_of(index);
        match (&mut open[connection], record.verdict.error) {
            (slot @ None, Some(error)) => {
                *slot = Some(Outage {
                    connection: record.connection,
                    from: at,
                    until: None,
                    error,
                    opened: seq,
                    closed: None,
                    changes: Vec::new(),
                });
            }
            (Some(outage), Some(error)) => note_change(outage, at, seq, error),
            (slot @ Some(_), None) => {
                found.extend(slot.take().and_then(|outage| close(outage, at, seq)));
            }
            (None, None) => {}
        }
    }
    // What a removed unit took along ends with it.
    found.extend(open.into_iter().flatten().map(|mut outage| {
        let connection = &manifest.connections[outage.connection as usize];
        assert!(
            connection.ended.is_none_or(|ended| outage.from <= ended),
            "a connection that has ended does not begin to fail: {outage:?}"
        );
        outage.until = connection.ended;
        outage
    }));
    found.sort_by_key(|outage| (outage.from, outage.connection));
    found
}

fn note_change(outage: &mut Outage, at: Time, seq: Seq, error: ErrorKind) {
    if outage.from == at {
        // Judged again at its first instant: the later verdict is the one that held.
        outage.error = error;
        outage.opened = seq;
        return;
    }
    if outage.changes.last().is_some_and(|last| last.at == at) {
        outage.changes.pop();
    }
    if outage.errors().last() != Some(error) {
        outage.changes.push(ErrorChange { at, seq, error });
    }
}

fn close(mut outage: Outage, at: Time, seq: Seq) -> Option<Outage> {
    assert!(
        outage.from <= at && outage.opened < seq,
        "an outage ends after it began: {outage:?} at {at}"
    );
    outage.until = Some(at);
    outage.closed = Some(seq);
    (outage.from < at).then_some(outage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_testkit::{Script, seconds};

    fn spans(script: &Script) -> Vec<(u32, u64, Option<u64>, ErrorKind, usize)> {
        outages(&script.manifest, &script.journal)
            .into_iter()
            .map(|outage| {
                (
                    outage.connection,
                    outage.from.since(script.manifest.start).as_secs(),
                    outage
                        .until
                        .map(|until| until.since(script.manifest.start).as_secs()),
                    outage.error,
                    outage.changes.len(),
                )
            })
            .collect()
    }

    #[test]
    fn an_outage_runs_from_the_first_failure_to_the_next_good_verdict() {
        let mut script = Script::new(&["a.web/0"]);
        script.ok(60, 0);
        script.fail(100, 0, ErrorKind::UnknownIssuer);
        script.fail(150, 0, ErrorKind::UnknownIssuer);
        script.ok(160, 0);
        assert_eq!(
            spans(&script),
            [(0, 100, Some(160), ErrorKind::UnknownIssuer, 0)]
        );
    }

    #[test]
    fn another_error_stays_in_the_same_outage_and_is_listed() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(100, 0, ErrorKind::UnknownIssuer);
        script.fail(150, 0, ErrorKind::Expired);
        script.fail(170, 0, ErrorKind::UnknownIssuer);
        script.ok(200, 0);
        assert_eq!(
            spans(&script),
            [(0, 100, Some(200), ErrorKind::UnknownIssuer, 2)]
        );
        let found = outages(&script.manifest, &script.journal);
        assert_eq!(
            found[0].errors().collect::<Vec<_>>(),
            [
                ErrorKind::UnknownIssuer,
                ErrorKind::Expired,
                ErrorKind::UnknownIssuer
            ]
        );
        assert_eq!(
            found[0].length(script.manifest.start + seconds(999)),
            seconds(100)
        );
    }

    #[test]
    fn what_was_still_open_has_no_end() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(100, 0, ErrorKind::Expired);
        assert_eq!(spans(&script), [(0, 100, None, ErrorKind::Expired, 0)]);
    }

    #[test]
    fn connections_do_not_mix_and_come_in_order_of_time() {
        let mut script = Script::new(&["a.web/0", "a.web/1"]);
        script.fail(100, 1, ErrorKind::Expired);
        script.fail(100, 0, ErrorKind::Expired);
        script.ok(120, 1);
        script.fail(130, 1, ErrorKind::Expired);
        assert_eq!(
            spans(&script),
            [
                (0, 100, None, ErrorKind::Expired, 0),
                (1, 100, Some(120), ErrorKind::Expired, 0),
                (1, 130, None, ErrorKind::Expired, 0)
            ]
        );
    }

    #[test]
    fn a_failure_mended_at_its_own_instant_is_no_outage() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(100, 0, ErrorKind::Expired);
        script.ok(100, 0);
        assert_eq!(spans(&script), []);
    }

    #[test]
    fn a_verdict_replaced_at_its_own_instant_never_held() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(100, 0, ErrorKind::Expired);
        script.fail(100, 0, ErrorKind::UnknownIssuer);
        script.ok(101, 0);
        assert_eq!(
            spans(&script),
            [(0, 100, Some(101), ErrorKind::UnknownIssuer, 0)]
        );
    }

    #[test]
    fn nothing_fails_before_the_first_attempt() {
        let mut script = Script::new(&["a.web/0"]);
        script.fail(10, 0, ErrorKind::Expired);
        script.ok(90, 0);
        // The first attempt is at 60 s.
        assert_eq!(spans(&script), [(0, 60, Some(90), ErrorKind::Expired, 0)]);
        script.manifest.connections[0].first_attempt = None;
        assert_eq!(spans(&script), []);
    }
}
