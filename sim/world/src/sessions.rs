//! What goes on although a new handshake would fail: connections that stay open, and sessions that
//! are taken up again.
//!
//! An open connection dies with either process, when it is as old as it gets, or when the server
//! cannot be reached; a session dies with either process, with the client's configuration, or of
//! age. Until then the journal says of each that it outlives what changed.

use std::sync::Arc;
use trustsim_model::{Entry, Kind, Persistence, Persisting, PersistingRecord, Trigger};

use super::connections::{Meeting, Serials};
use super::simulation::{Event, World};
use trustsim_juju::UnitId;
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_tls::{Case, Resumption, is_taken_up, resume};
use trustsim_validators::{ErrorKind, Verdict};

/// What one connection has open, and the session it could take up.
#[derive(Clone, Debug, Default)]
pub(super) struct Bond {
    open: Option<Held>,
    session: Option<Held>,
    /// Both sides as they were when a full handshake last succeeded.
    last_good: Option<Arc<Case>>,
    /// Both sides as they were when a new handshake would last have succeeded: what a connection
    /// is opened with that is opened anew meanwhile.
    last_able: Option<Arc<Case>>,
    /// Whether the journal says that what the open connection was opened with is trusted no more.
    is_distrusted: bool,
    /// The entry that says that something goes on, where something does.
    pub(super) outlives: Option<Seq>,
    /// Whether the journal says that the session goes on.
    is_session_noted: bool,
    /// Since when a new handshake would fail.
    unable_since: Option<Time>,
    /// Counts ends that were set: an earlier one is stale.
    ends: u32,
}

/// Something that both processes hold.
#[derive(Clone, Debug)]
struct Held {
    since: Time,
    case: Arc<Case>,
    processes: [u32; 2],
}

impl World {
    /// The verdict that holds for a connection, where a new handshake ends with `verdict` now;
    /// `None` where the connection is open, so that there is no handshake at all.
    pub(super) fn carried_on(
        &mut self,
        number: u32,
        meeting: &Meeting,
        verdict: Arc<Verdict>,
        trigger: Trigger,
        agenda: &mut Agenda<Event>,
    ) -> Option<Arc<Verdict>> {
        let persistence = self.connection_spec(number).persistence;
        if persistence == Persistence::default() {
            return Some(verdict);
        }
        let now = agenda.now();
        let processes = self.processes(number);
        let bond = self.bond(number);
        bond.unable_since = match verdict.is_ok() {
            true => None,
            false => bond.unable_since.or(Some(now)),
        };
        if let Some(until) = self.open_until(number, persistence, meeting, now) {
            self.goes_on(number, meeting, &verdict, (trigger, until), agenda);
            return None;
        }
        self.bond(number).open = None;
        if let (Meeting::Case(case), true) = (meeting, verdict.is_ok()) {
            self.hold(number, persistence, case, processes, now);
            return Some(verdict);
        }
        let Some(resumed) = self.taken_up(number, persistence, meeting, now) else {
            if matches!(meeting, Meeting::Case(_)) {
                self.bond(number).session = None;
            }
            return Some(verdict);
        };
        // Only a case can be completed, and one that was has been handled above.
        let error = verdict.error;
        let error = error.expect("a session is taken up where a new handshake fails");
        let held = self.bond(number).session.clone();
        let reopened = persistence.lives.is_some();
        // A connection that took the session up stays open for as long as any other.
        self.bond(number).open = held.clone().filter(|_| reopened).map(|held| Held {
            since: now,
            processes,
            ..held
        });
        let is_noted = self.bond(number).is_session_noted;
        let ends = match persistence.lives {
            Some(lives) => Some(now + lives),
            None => self.session_ends(number, persistence, now),
        };
        if !is_noted {
            let serials = held.map_or_else(Serials::default, |held| Serials::of(&held.case));
            let kind = (Persisting::Session, trigger);
            let entry = self.note_outlives(number, kind, (error, serials), ends, now);
            let bond = self.bond(number);
            (bond.outlives, bond.is_session_noted) = (Some(entry), true);
        }
        if let Some(ends) = ends.filter(|_| !is_noted || reopened) {
            self.end_at(number, ends, agenda);
        }
        Some(Arc::new(resumed))
    }

    /// What an open connection is noted for, where a new handshake would end with `verdict`: that
    /// it goes on all the same, and that what it was opened with is trusted no more.
    fn goes_on(
        &mut self,
        number: u32,
        meeting: &Meeting,
        verdict: &Verdict,
        (trigger, until): (Trigger, Time),
        agenda: &mut Agenda<Event>,
    ) {
        let now = agenda.now();
        let open = self.bond(number).open.as_ref();
        let open = open.expect("a connection that stays open until then is open");
        let opened = Arc::clone(&open.case);
        if verdict.is_ok() {
            self.bond(number).outlives = None;
        } else if let Some(error) = verdict.error
            && self.bond(number).outlives.is_none()
        {
            let held = (error, Serials::of(&opened));
            let kind = (Persisting::OpenConnection, trigger);
            let entry = self.note_outlives(number, kind, held, Some(until), now);
            self.bond(number).outlives = Some(entry);
            self.end_at(number, until, agenda);
        }
        let Meeting::Case(case) = meeting else { return };
        if !verdict.is_ok() {
            return;
        }
        if let Some(error) = self.trusted_no_more(number, &opened, case) {
            self.bond(number).is_distrusted = true;
            let held = (error, Serials::of(&opened));
            let kind = (Persisting::DistrustedConnection, trigger);
            self.note_outlives(number, kind, held, Some(until), now);
            self.end_at(number, until, agenda);
        }
        self.bond(number).last_able = Some(Arc::new((**case).clone()));
    }

    /// What a handshake would end with that shows what `opened` showed, at its time, to those who
    /// trust what they trust now; `None` where it is good, or was said already.
    fn trusted_no_more(&mut self, number: u32, opened: &Case, now: &Case) -> Option<ErrorKind> {
        let has_same_trust = opened.client.trust == now.client.trust
            && opened.server.client_trust == now.server.client_trust;
        if has_same_trust || self.bond(number).is_distrusted {
            return None;
        }
        let mut again = opened.clone();
        again.client.trust = now.client.trust.clone();
        again
            .server
            .client_trust
            .clone_from(&now.server.client_trust);
        let streams = self.streams.clone();
        let stream = || streams.stream("opened-with", &number.to_string());
        let verdict = self.cache.judge(&again, stream).0;
        verdict.error
    }

    /// A process started again: what it held is gone.
    pub(super) fn judge_bonds(&mut self, unit: UnitId, agenda: &mut Agenda<Event>) {
        for connection in self.sides.touching(unit) {
            if self.connection_spec(connection).persistence != Persistence::default() {
                self.judge(connection, Trigger::Reachability, agenda);
            }
        }
    }

    /// An open connection or a session is as old as it gets.
    pub(super) fn bond_ends(&mut self, number: u32, end: u32, agenda: &mut Agenda<Event>) {
        let last = self.bond(number).ends;
        assert!(end <= last, "an end of connection {number} was set: {end}");
        if end != last {
            return;
        }
        self.bond(number).open = None;
        let outlived = self.bond(number).outlives;
        self.judge(number, Trigger::Reconnect, agenda);
        // A session may go on now in place of what was open.
        let bond = self.bond(number);
        if bond.outlives == outlived && bond.open.is_none() {
            bond.outlives = None;
            bond.is_session_noted = false;
        }
    }

    /// Until when the open connection stays open; `None` where there is none.
    fn open_until(
        &mut self,
        number: u32,
        persistence: Persistence,
        meeting: &Meeting,
        now: Time,
    ) -> Option<Time> {
        let lives = persistence.lives?;
        let processes = self.processes(number);
        let is_gone = matches!(
            meeting,
            Meeting::Broken(
                ErrorKind::Unreachable | ErrorKind::PlaintextPeer | ErrorKind::ClosedByPeer
            )
        );
        let bond = self.bond(number);
        let open = bond.open.as_mut()?;
        if is_gone || open.processes != processes {
            return None;
        }
        let since = generation_of(open.since, lives, now);
        if since > open.since {
            if bond.unable_since.is_some_and(|unable| unable <= since) {
                return None; // It could not be opened anew.
            }
            // Opened anew since it was last looked at, with what was there then.
            open.since = since;
            bond.is_distrusted = false;
            if let Some(case) = &bond.last_able {
                open.case = Arc::clone(case);
            }
        }
        Some(since + lives)
    }

    /// Both sides agreed: the connection is open, and a session may be kept.
    fn hold(
        &mut self,
        number: u32,
        persistence: Persistence,
        case: &Case,
        processes: [u32; 2],
        now: Time,
    ) {
        let lifetime = self.session_lifetime(number, persistence);
        let case = Arc::new(case.clone());
        let held = Held {
            since: now,
            case: Arc::clone(&case),
            processes,
        };
        let bond = self.bond(number);
        bond.outlives = None;
        bond.is_session_noted = false;
        bond.is_distrusted = false;
        bond.open = persistence.lives.map(|_| held.clone());
        let is_kept = bond.session.as_ref().is_some_and(|session| {
            let is_young = persistence.resumes != Some(Resumption::Tls12Id)
                || lifetime.is_none_or(|lifetime| now.since(session.since) < lifetime);
            is_young && session.processes == processes && has_same_client(&session.case, &case)
        });
        if !is_kept {
            bond.session = persistence.resumes.map(|_| held);
        }
        bond.last_able = Some(Arc::clone(&case));
        bond.last_good = Some(case);
    }

    /// The verdict of a handshake that takes the session up, where there is one that both stacks
    /// take up.
    fn taken_up(
        &mut self,
        number: u32,
        persistence: Persistence,
        meeting: &Meeting,
        now: Time,
    ) -> Option<Verdict> {
        let how = persistence.resumes?;
        let Meeting::Case(later) = meeting else {
            return None;
        };
        let earlier = self.usable_session(number, persistence, now)?;
        if !has_same_client(&earlier, later) || !is_taken_up(&earlier, later) {
            return None;
        }
        // Tickets are young: the client had one at its last attempt.
        let mut earlier = (*earlier).clone();
        if how == Resumption::Tls13Ticket {
            earlier.client.clock = earlier
                .client
                .clock
                .max(later.client.clock - Span::from_secs(1));
            earlier.server.clock = earlier
                .server
                .clock
                .max(later.server.clock - Span::from_secs(1));
            if !self.is_good(&earlier, number) {
                // It was verified when it was good, and has been renewed blindly since.
                return Some(Verdict::ok());
            }
        }
        let subject = format!("{number}@{}", now.as_nanos());
        let stream = self.streams.stream("session", &subject);
        let (verdict, resumed) = resume(&earlier, later, how, stream);
        self.performed += 2;
        resumed.then_some(verdict)
    }

    fn is_good(&mut self, case: &Case, number: u32) -> bool {
        let streams = self.streams.clone();
        let stream = || streams.stream("session-before", &number.to_string());
        self.cache.judge(case, stream).0.is_ok()
    }

    /// The session that the client would offer, where it is not too old and both processes still
    /// run.
    fn usable_session(
        &mut self,
        number: u32,
        persistence: Persistence,
        now: Time,
    ) -> Option<Arc<Case>> {
        let processes = self.processes(number);
        let lifetime = self.session_lifetime(number, persistence);
        let every = self.connection_spec(number).every;
        let bond = self.bond(number);
        let session = bond.session.as_ref()?;
        if session.processes != processes {
            return None;
        }
        match (persistence.resumes?, lifetime) {
            (_, None) => Some(Arc::clone(&session.case)),
            // Each attempt brings a new ticket, in time for the next.
            (Resumption::Tls13Ticket, Some(lifetime)) => {
                (every < lifetime).then(|| Arc::clone(&session.case))
            }
            (Resumption::Tls12Id, Some(lifetime)) if now.since(session.since) < lifetime => {
                Some(Arc::clone(&session.case))
            }
            // A full handshake began a new session meanwhile, with what was there then.
            (Resumption::Tls12Id, Some(lifetime)) => {
                let since = generation_of(session.since, period(persistence, lifetime), now);
                let was_able = bond.unable_since.is_none_or(|unable| since < unable);
                let is_young = now.since(since) < lifetime;
                (was_able && is_young && since < now).then(|| bond.last_good.clone())?
            }
        }
    }

    /// When the session ends by its age; `None` where every attempt renews it, or it never does.
    fn session_ends(&mut self, number: u32, persistence: Persistence, now: Time) -> Option<Time> {
        let lifetime = self.session_lifetime(number, persistence)?;
        let session = self.bond(number).session.as_ref()?;
        match persistence.resumes? {
            Resumption::Tls13Ticket => None,
            Resumption::Tls12Id => {
                let since = generation_of(session.since, period(persistence, lifetime), now);
                Some(since + lifetime)
            }
        }
    }

    fn session_lifetime(&self, number: u32, persistence: Persistence) -> Option<Span> {
        let stack = self.connection_spec(number).validator;
        let by_default = persistence.resumes.and_then(|how| how.lifetime(stack));
        persistence.session_lifetime.or(by_default)
    }

    fn end_at(&mut self, number: u32, at: Time, agenda: &mut Agenda<Event>) {
        let bond = self.bond(number);
        bond.ends += 1;
        let end = bond.ends;
        agenda.at(
            at,
            Event::BondEnds {
                connection: number,
                end,
            },
        );
    }

    /// `error` is what a handshake would end with, `serials` what it was opened or verified with.
    fn note_outlives(
        &mut self,
        number: u32,
        (what, trigger): (Persisting, Trigger),
        (error, serials): (ErrorKind, Serials),
        until: Option<Time>,
        time: Time,
    ) -> Seq {
        let cause = self.change_behind(number, (trigger, Some(error)), time);
        let record = PersistingRecord {
            connection: number,
            name: self.connection_name(number).into(),
            what,
            until,
            error,
            server_serial: serials.server,
            client_serial: serials.client,
        };
        self.journal.record(Entry {
            time,
            cause: Some(cause),
            subject: self.connection_subject(number),
            kind: Kind::Persists(record),
        })
    }
}

/// How long after one full handshake the next one comes: when the session is too old, and a
/// connection is opened.
fn period(persistence: Persistence, lifetime: Span) -> Span {
    let Some(lives) = persistence.lives.filter(|lives| !lives.is_zero()) else {
        return lifetime;
    };
    let opened = lifetime.as_nanos().div_ceil(lives.as_nanos());
    span_of(lives.as_nanos() * opened.max(1))
}

/// When the present one of a row of generations of this length began.
fn generation_of(first: Time, length: Span, now: Time) -> Time {
    let length = length.as_nanos().max(1);
    let passed = now.since(first).as_nanos() / length;
    first + span_of(passed * length)
}

fn span_of(nanos: u128) -> Span {
    Span::from_nanos(u64::try_from(nanos).expect("a session is younger than 584 years"))
}

/// Whether the client is configured as it was: rustls asks for the very same verifier and
/// credentials, and another store makes others.
fn has_same_client(earlier: &Case, later: &Case) -> bool {
    earlier.client.trust == later.client.trust && earlier.client.identity == later.client.identity
}

#[cfg(test)]
mod tests;
