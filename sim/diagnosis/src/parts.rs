//! An outage in parts: what was to blame from when on, and which of them is told first.
//!
//! An outage is one stretch of time in which a connection failed, and not always for one reason: a minute in which a new
//! CA is on its way, then forty days in which it was dropped again. Each part is explained by its own handshake, so that
//! whatever asks about an instant (`why`, `failures.csv`, the block of a summary) is told the same.

mod many;

use super::cause::{Cause, FaultCause, PENDING_MAX, ended};
use super::explanation::{Explainer, Explanation};
use super::outages::Outage;
use trustsim_kernel::{Span, Time};
use trustsim_model::Seq;
use trustsim_validators::ErrorKind;

const SECOND: Span = Span::from_secs(1);

/// A stretch of an outage for which one thing is to blame.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its first instant; it lasts until the next part begins, or the outage ends.
    pub from: Time,
    /// What was to blame.
    pub explanation: Explanation,
}

impl Part {
    const fn error(&self) -> ErrorKind {
        self.explanation.symptom.error
    }

    /// Whether two say the same, whatever units and instants are in it.
    fn is_like(&self, other: &Self) -> bool {
        let [one, two] = [&self.explanation.cause.what, &other.explanation.cause.what];
        self.error() == other.error() && one.is_like(two)
    }
}

/// What kept an outage open, and its parts in order of time.
#[derive(Clone, Debug)]
pub(super) struct Explained {
    pub(super) main: Explanation,
    pub(super) parts: Vec<Part>,
}

/// The part in force at an instant.
///
/// # Panics
///
/// Where the outage had not begun.
pub fn part_at(parts: &[Part], at: Time) -> &Part {
    let part = parts.iter().rfind(|part| part.from <= at);
    part.expect("an outage is explained from its beginning")
}

/// A stretch in which handshakes showed one thing.
struct Stretch {
    seq: Seq,
    from: Time,
    until: Time,
}

impl Explainer<'_> {
    /// Explains an outage by its parts. What is told first is the part that lasted longest, unless trust was missing from
    /// the beginning to the end.
    pub(super) fn explain(&self, outage: &Outage) -> Explained {
        let (entry, record) = self.handshake(outage.opened);
        assert!(
            record.connection == outage.connection && !record.verdict.is_ok(),
            "an outage is opened by a failing handshake of its connection: {outage:?}"
        );
        assert!(
            entry.time <= outage.from,
            "an outage begins with the handshake that opened it: {outage:?}"
        );
        let stretches = self.stretches(outage);
        assert!(
            stretches.iter().all(|each| each.from <= each.until),
            "what the handshakes of an outage show follows each other: {outage:?}"
        );
        let mut parts: Vec<Part> = Vec::new();
        for part in self.parts_of_all(outage, &stretches) {
            match parts.last_mut() {
                Some(last) if last.is_like(&part) => {
                    // The same, of which more is known once the hooks have run.
                    if last.explanation.cause.pending {
                        last.explanation = part.explanation;
                    }
                }
                _ => parts.push(part),
            }
        }
        assert!(
            parts.first().is_some_and(|part| part.from == outage.from),
            "an outage is explained from its beginning: {outage:?}"
        );
        assert!(
            parts.windows(2).all(|two| two[0].from <= two[1].from),
            "what was to blame comes in order of time: {outage:?}"
        );
        let main = self.longest(outage, &parts);
        let main = parts[main].explanation.clone();
        Explained { main, parts }
    }

    /// The part that is told first.
    fn longest(&self, outage: &Outage, parts: &[Part]) -> usize {
        let ends = parts.iter().skip(1).map(|part| part.from);
        let ends = ends.chain([self.end_of(outage)]);
        let lengths: Vec<Span> = parts
            .iter()
            .zip(ends)
            .map(|(part, end)| end.since(part.from))
            .collect();
        let error = |index: usize| parts[index].error();
        // The error that lasted longest, and of that what was to blame the longest.
        let lasted = |wanted: ErrorKind| -> Span {
            let alike = (0..parts.len()).filter(|&index| error(index) == wanted);
            alike.map(|index| lengths[index]).sum()
        };
        let indices = (0..parts.len()).rev();
        let longest = indices.max_by_key(|&index| (lasted(error(index)), lengths[index]));
        let longest = longest.expect("an outage has a part");
        match self.lacks_trust_throughout(outage, &parts[longest]) {
            // What opened it counts where trust is missing from then on.
            true => 0,
            false => longest,
        }
    }

    /// Whether an outage that opened because trust was missing still lacks it in a later part, beneath
    /// what else is wrong by then.
    fn lacks_trust_throughout(&self, outage: &Outage, later: &Part) -> bool {
        let opened = self.case(outage.connection, outage.opened, outage.from);
        let later = self.case(outage.connection, later.explanation.seq, later.from);
        opened.lacks_trust()
            && later.error() != opened.error()
            && later.leaf.is_some()
            && later.judge == opened.judge
            && !later.trusts_any_issuer()
    }

    fn end_of(&self, outage: &Outage) -> Time {
        outage.until.unwrap_or(self.manifest.end())
    }

    /// The stretches of an outage in which its handshakes showed one thing: the error, what was presented, what was
    /// trusted.
    fn stretches(&self, outage: &Outage) -> Vec<Stretch> {
        let until = self.end_of(outage);
        let own = &self.handshakes[outage.connection as usize];
        let first = own.partition_point(|seq| *seq <= outage.opened);
        let mut begins = vec![(outage.opened, outage.from)];
        for &seq in &own[first..] {
            let at = self.handshake(seq).0.time;
            if outage.closed.is_some_and(|closed| closed <= seq) || until <= at {
                break;
            }
            let (last, from) = begins.last_mut().expect("it begins with what opened it");
            if *from == at {
                // Judged again at its own instant: the later verdict is the one that held.
                *last = seq;
            } else if self.shows_another(outage.connection, *last, seq) {
                begins.push((seq, at));
            }
        }
        let ends = begins.iter().skip(1).map(|(_, at)| *at).chain([until]);
        let stretches = begins.iter().zip(ends);
        stretches
            .map(|((seq, from), until)| Stretch {
                seq: *seq,
                from: *from,
                until,
            })
            .collect()
    }

    fn shows_another(&self, connection: u32, one: Seq, other: Seq) -> bool {
        let [left, right] = [one, other].map(|seq| {
            let at = self.handshake(seq).0.time;
            self.case(connection, seq, at)
        });
        left.record.verdict != right.record.verdict
            || left.record.server_serial != right.record.server_serial
            || left.record.client_serial != right.record.client_serial
            || left.trusted != right.trusted
    }

    /// What opened a stretch is to blame for it, unless it was only on its way then, nothing opened it because it never
    /// worked, or it was over long before the stretch ended: then what is so at the midpoint of the rest, and whatever was
    /// in between.
    fn parts_of(&self, outage: &Outage, stretch: &Stretch) -> Vec<Part> {
        let connection = outage.connection;
        let opening = self.explain_at(connection, stretch.seq, stretch.from);
        let first_attempt = self.manifest.connections[connection as usize].first_attempt;
        let never_worked = first_attempt.is_some_and(|first| stretch.from <= first);
        // A person who came ends a wait once the hooks have run that act on it.
        let ended = opening.cause.what.ended();
        let over = ended.or_else(|| self.undone(&opening.cause.what));
        let over = over.map(|end| end + PENDING_MAX);
        let over = over.filter(|over| *over < stretch.until);
        let is_settled = !never_worked && !opening.cause.pending && over.is_none();
        let opening = Part {
            from: stretch.from,
            explanation: opening,
        };
        // What was replaced at its own instant has no later moment to look at.
        if stretch.from == stretch.until || is_settled {
            return vec![opening];
        }
        let rest = over.map_or(stretch.from, |over| over.max(stretch.from));
        let half = rest + stretch.until.since(rest) / 2;
        let kept = self.explain_at(connection, stretch.seq, half);
        if kept.cause.what == opening.explanation.cause.what {
            return vec![opening];
        }
        let since = self.begun(outage, stretch, half, &kept.cause.what);
        // Between what opened it and what is to blame in the end may be something else.
        let before = Stretch {
            until: since,
            ..*stretch
        };
        let mut parts = match SECOND < since.since(stretch.from) {
            true => self.parts_of(outage, &before),
            false => vec![opening],
        };
        let kept = Part {
            from: since,
            explanation: kept,
        };
        match parts.split_last_mut() {
            // The same, of which more is known by then: a hook that fails again.
            Some((last, before)) if !before.is_empty() && last.is_like(&kept) => {
                last.explanation = kept.explanation;
            }
            _ => parts.push(kept),
        }
        parts
    }

    /// When a fault was over that only kept something from coming.
    fn undone(&self, cause: &Cause) -> Option<Time> {
        match cause.innermost() {
            Cause::Fault(
                FaultCause::AcmeOutage(fault)
                | FaultCause::Down {
                    fault,
                    instead: None,
                },
            ) => ended(self.deployment, fault),
            _ => None,
        }
    }

    /// From when on this was to blame, which is at `half`: to the second, by halves.
    fn begun(&self, outage: &Outage, stretch: &Stretch, half: Time, kept: &Cause) -> Time {
        let (mut before, mut after) = (stretch.from, half);
        while SECOND < after.since(before) {
            let middle = before + after.since(before) / 2;
            let then = self.explain_at(outage.connection, stretch.seq, middle);
            match then.cause.what == *kept {
                true => after = middle,
                false => before = middle,
            }
        }
        after
    }
}
