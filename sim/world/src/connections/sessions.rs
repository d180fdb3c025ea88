//! What goes on although a new handshake would fail: connections that stay open, and sessions that
//! are taken up again.
//!
//! An open connection dies with either process, when it is as old as it gets, or when the server
//! cannot be reached; a session dies with either process, with the client's configuration, or of
//! age. Until then the journal says of each that it outlives what changed.

use std::sync::Arc;

use super::Attempt;
use super::judgement::Judgement;
use crate::event::Event;
use trustsim_kernel::{Seq, Span, Time};
use trustsim_model::{Persistence, Persisting};
use trustsim_tls::{Case, Resumption, is_taken_up};
use trustsim_validators::{ErrorKind, Verdict};

/// What one connection has open, and the session it could take up.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionState {
    open: Option<Session>,
    session: Option<Session>,
    /// Both sides as they were when a full handshake last succeeded.
    last_good: Option<Arc<Case>>,
    /// Both sides as they were when a new handshake would last have succeeded: what a connection
    /// is opened with that is opened anew meanwhile.
    last_able: Option<Arc<Case>>,
    /// Whether the journal says that what the open connection was opened with is trusted no more.
    is_distrusted: bool,
    /// The entry that says that something goes on, where something does.
    outlives: Option<Seq>,
    /// Whether the journal says that the session goes on.
    is_session_noted: bool,
    /// Since when a new handshake would fail.
    unable_since: Option<Time>,
    /// Counts expiries that were set: an earlier one is stale.
    expiries: u32,
}

/// What both processes have agreed on in a handshake.
#[derive(Clone, Debug)]
struct Session {
    since: Time,
    case: Arc<Case>,
    processes: [u32; 2],
}

/// What the watcher asks.
impl SessionState {
    /// The entry that says that something goes on, where something does.
    pub(super) fn outlives(&self) -> Option<Seq> {
        self.outlives
    }

    /// An expiry is due: what was open is closed, and what went on until now is given back; `None`
    /// where the expiry is stale.
    pub(super) fn expire(&mut self, expiry: u32) -> Option<Option<Seq>> {
        let last = self.expiries;
        assert!(expiry <= last, "expiry {expiry} of a session was set");
        if expiry != last {
            return None;
        }
        self.open = None;
        Some(self.outlives)
    }

    /// What went on has ended, unless something else does in its place.
    pub(super) fn forget_unless_changed(&mut self, outlived: Option<Seq>) {
        if self.outlives == outlived && self.open.is_none() {
            self.outlives = None;
            self.is_session_noted = false;
        }
    }

    /// The verdict that holds for a connection, where a new handshake ends with `verdict` now;
    /// `None` where the connection is open, so that there is no handshake at all.
    pub(super) fn carry_on(
        &mut self,
        verdict: Arc<Verdict>,
        at: &mut Judgement<'_>,
    ) -> Option<Arc<Verdict>> {
        if at.persistence() == Persistence::default() {
            return Some(verdict);
        }
        // The process that had them is gone, and nothing that speaks TLS is in its place.
        if matches!(at.attempt, Attempt::WithoutTls) {
            (self.open, self.session, self.unable_since) = (None, None, None);
            return Some(verdict);
        }
        self.unable_since = match verdict.is_ok() {
            true => None,
            false => self.unable_since.or(Some(at.now())),
        };
        if let Some(until) = self.open_until(at) {
            self.stay_open(&verdict, until, at);
            return None;
        }
        assert!(
            self.unable_since.is_none_or(|unable| unable <= at.now()),
            "connection {} has failed since an instant that has come",
            at.pair.number
        );
        self.open = None;
        if let (Attempt::Handshake(case), true) = (at.attempt, verdict.is_ok()) {
            self.establish(case, at);
            return Some(verdict);
        }
        let Some(resumed) = self.resume(at) else {
            if matches!(at.attempt, Attempt::Handshake(_)) {
                self.session = None;
            }
            return Some(verdict);
        };
        // Only a case can be completed, and one that was has been handled above.
        let error = verdict.error;
        let error = error.expect("a session is taken up where a new handshake fails");
        self.note_resumed(error, at);
        Some(Arc::new(resumed))
    }
}

impl SessionState {
    /// The client took the session up, where a new handshake ends with `error`.
    fn note_resumed(&mut self, error: ErrorKind, at: &mut Judgement<'_>) {
        let persistence = at.persistence();
        let reopened = persistence.lives.is_some();
        assert!(
            self.session.is_some(),
            "connection {} takes up a session that it has",
            at.pair.number
        );
        // A connection that took the session up stays open for as long as any other.
        let opened = self.session.clone().filter(|_| reopened);
        self.open = opened.map(|session| Session {
            since: at.now(),
            processes: at.processes(),
            ..session
        });
        let is_noted = self.is_session_noted;
        let ends = match persistence.lives {
            Some(lives) => Some(at.now() + lives),
            None => self.session_ends(at),
        };
        if !is_noted {
            let case = self.session.as_ref().map(|session| &*session.case);
            let entry = at.note_outlives(Persisting::Session, error, case, ends);
            (self.outlives, self.is_session_noted) = (Some(entry), true);
        }
        if let Some(ends) = ends.filter(|_| !is_noted || reopened) {
            self.expire_at(ends, at);
        }
    }

    /// What an open connection is noted for, where a new handshake would end with `verdict`: that
    /// it goes on all the same, and that what it was opened with is trusted no more.
    fn stay_open(&mut self, verdict: &Verdict, until: Time, at: &mut Judgement<'_>) {
        let open = self.open.as_ref();
        let open = open.expect("a connection that stays open until then is open");
        assert!(
            open.since <= at.now() && at.now() < until,
            "what is open at {} was opened at {} and is closed at {until}",
            at.now(),
            open.since
        );
        let opened = Arc::clone(&open.case);
        if verdict.is_ok() {
            self.outlives = None;
        } else if let Some(error) = verdict.error
            && self.outlives.is_none()
        {
            let what = Persisting::OpenConnection;
            let entry = at.note_outlives(what, error, Some(&opened), Some(until));
            self.outlives = Some(entry);
            self.expire_at(until, at);
        }
        let Attempt::Handshake(case) = at.attempt else {
            return;
        };
        if !verdict.is_ok() {
            return;
        }
        if let Some(error) = self.trusted_no_more(&opened, case, at) {
            self.is_distrusted = true;
            let what = Persisting::DistrustedConnection;
            at.note_outlives(what, error, Some(&opened), Some(until));
            self.expire_at(until, at);
        }
        self.last_able = Some(Arc::new((**case).clone()));
    }

    /// What a handshake would end with that shows what `opened` showed, at its time, to those who
    /// trust what they trust now; `None` where it is good, or was said already.
    fn trusted_no_more(
        &self,
        opened: &Case,
        now: &Case,
        at: &mut Judgement<'_>,
    ) -> Option<ErrorKind> {
        let has_same_trust = opened.client.trust == now.client.trust
            && opened.server.client_trust == now.server.client_trust;
        if has_same_trust || self.is_distrusted {
            return None;
        }
        let mut again = opened.clone();
        again.client.trust = now.client.trust.clone();
        again
            .server
            .client_trust
            .clone_from(&now.server.client_trust);
        let subject = at.pair.number.to_string();
        let verdict = at.handshakes.suppose(&again, "opened-with", &subject);
        verdict.error
    }

    /// Until when the open connection stays open; `None` where there is none.
    fn open_until(&mut self, at: &Judgement<'_>) -> Option<Time> {
        let lives = at.persistence().lives?;
        let is_gone = matches!(
            at.attempt,
            Attempt::Failed(
                ErrorKind::Unreachable
                    | ErrorKind::PlaintextPeer
                    | ErrorKind::ClosedByPeer
                    | ErrorKind::ClientStopped
            )
        );
        let open = self.open.as_mut()?;
        if is_gone || open.processes != at.processes() {
            return None;
        }
        let since = generation_of(open.since, lives, at.now());
        if since > open.since {
            if self.unable_since.is_some_and(|unable| unable <= since) {
                return None; // It could not be opened anew.
            }
            // Opened anew since it was last looked at, with what was there then.
            open.since = since;
            self.is_distrusted = false;
            if let Some(case) = &self.last_able {
                open.case = Arc::clone(case);
            }
        }
        Some(since + lives)
    }

    /// Both sides agreed: the connection is open, and a session may be kept.
    fn establish(&mut self, case: &Case, at: &Judgement<'_>) {
        let (persistence, processes, now) = (at.persistence(), at.processes(), at.now());
        let lifetime = at.session_lifetime();
        let case = Arc::new(case.clone());
        let agreed = Session {
            since: now,
            case: Arc::clone(&case),
            processes,
        };
        self.outlives = None;
        self.is_session_noted = false;
        self.is_distrusted = false;
        self.open = persistence.lives.map(|_| agreed.clone());
        let is_kept = self.session.as_ref().is_some_and(|session| {
            let is_young = persistence.resumes != Some(Resumption::Tls12Id)
                || lifetime.is_none_or(|lifetime| now.since(session.since) < lifetime);
            is_young && session.processes == processes && has_same_client(&session.case, &case)
        });
        if !is_kept {
            self.session = persistence.resumes.map(|_| agreed);
        }
        self.last_able = Some(Arc::clone(&case));
        self.last_good = Some(case);
    }

    /// The verdict of a handshake that takes the session up, where there is one that both stacks
    /// take up.
    fn resume(&self, at: &mut Judgement<'_>) -> Option<Verdict> {
        let how = at.persistence().resumes?;
        let Attempt::Handshake(later) = at.attempt else {
            return None;
        };
        let earlier = self.usable_session(at)?;
        if !has_same_client(&earlier, later) || !is_taken_up(&earlier, later) {
            return None;
        }
        // Tickets are young: the client had one at its last attempt.
        let mut earlier = (*earlier).clone();
        let number = at.pair.number;
        if how == Resumption::Tls13Ticket {
            let second = Span::from_secs(1);
            let (client, server) = (&mut earlier.client, &mut earlier.server);
            client.clock = client.clock.max(later.client.clock - second);
            server.clock = server.clock.max(later.server.clock - second);
            let subject = number.to_string();
            let before = at.handshakes.suppose(&earlier, "session-before", &subject);
            if !before.is_ok() {
                // It was verified when it was good, and has been renewed blindly since.
                return Some(Verdict::ok());
            }
        }
        let subject = format!("{number}@{}", at.now().as_nanos());
        at.handshakes.resume(&earlier, later, how, &subject)
    }

    /// The session that the client would offer, where it is not too old and both processes still
    /// run.
    fn usable_session(&self, at: &Judgement<'_>) -> Option<Arc<Case>> {
        let (persistence, now) = (at.persistence(), at.now());
        let session = self.session.as_ref()?;
        if session.processes != at.processes() {
            return None;
        }
        match (persistence.resumes?, at.session_lifetime()) {
            (_, None) => Some(Arc::clone(&session.case)),
            // Each attempt brings a new ticket, in time for the next.
            (Resumption::Tls13Ticket, Some(lifetime)) => {
                (at.spec().every < lifetime).then(|| Arc::clone(&session.case))
            }
            (Resumption::Tls12Id, Some(lifetime)) if now.since(session.since) < lifetime => {
                Some(Arc::clone(&session.case))
            }
            // A full handshake began a new session meanwhile, with what was there then.
            (Resumption::Tls12Id, Some(lifetime)) => {
                let since = generation_of(session.since, period(persistence, lifetime), now);
                let was_able = self.unable_since.is_none_or(|unable| since < unable);
                let is_young = now.since(since) < lifetime;
                (was_able && is_young && since < now).then(|| self.last_good.clone())?
            }
        }
    }

    /// When the session ends by its age; `None` where every attempt renews it, or it never does.
    fn session_ends(&self, at: &Judgement<'_>) -> Option<Time> {
        let persistence = at.persistence();
        let lifetime = at.session_lifetime()?;
        let session = self.session.as_ref()?;
        match persistence.resumes? {
            Resumption::Tls13Ticket => None,
            Resumption::Tls12Id => {
                let period = period(persistence, lifetime);
                Some(generation_of(session.since, period, at.now()) + lifetime)
            }
        }
    }

    fn expire_at(&mut self, time: Time, at: &mut Judgement<'_>) {
        let now = at.now();
        assert!(now < time, "what goes on at {now} ends later than {time}");
        self.expiries += 1;
        let event = Event::SessionExpires {
            connection: at.pair.number,
            expiry: self.expiries,
        };
        at.agenda.at(time, event);
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
    assert!(
        first <= now,
        "a row that begins at {first} has no generation at {now}"
    );
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
