//! One judgement of a connection: what it is about, and what it may change.

use super::{Attempt, Pair, Peers, Serials};
use crate::event::Event;
use crate::handshakes::Handshakes;
use crate::journal::JournalWriter;
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_model::{
    ConnectionSpec, Entry, Kind, Persistence, Persisting, PersistingRecord, Trigger,
};
use trustsim_tls::Case;
use trustsim_validators::ErrorKind;

/// A connection that is judged, with all that this takes.
pub(super) struct Judgement<'a> {
    pub pair: &'a Pair,
    pub peers: Peers<'a>,
    /// What an attempt comes to now.
    pub attempt: &'a Attempt,
    /// Why it is judged.
    pub trigger: Trigger,
    pub handshakes: &'a mut Handshakes,
    pub journal: &'a mut JournalWriter,
    pub agenda: &'a mut Agenda<Event>,
}

impl<'a> Judgement<'a> {
    pub(super) fn now(&self) -> Time {
        self.agenda.now()
    }

    pub(super) fn spec(&self) -> &'a ConnectionSpec {
        self.peers.spec(self.pair)
    }

    pub(super) fn persistence(&self) -> Persistence {
        self.spec().persistence
    }

    pub(super) fn processes(&self) -> [u32; 2] {
        self.peers.processes(self.pair)
    }

    pub(super) fn session_lifetime(&self) -> Option<Span> {
        let persistence = self.persistence();
        let stack = self.spec().validator;
        let by_default = persistence.resumes.and_then(|how| how.lifetime(stack));
        persistence.session_lifetime.or(by_default)
    }

    /// `error` is what a handshake would end with, `with` what it was opened or verified with.
    pub(super) fn note_outlives(
        &mut self,
        what: Persisting,
        error: ErrorKind,
        with: Option<&Case>,
        until: Option<Time>,
    ) -> Seq {
        let time = self.now();
        let (trigger, failed) = (self.trigger, Some(error));
        let cause = self
            .peers
            .cause(self.pair, trigger, failed, time, self.journal);
        let serials = with.map_or_else(Serials::default, Serials::of);
        let record = PersistingRecord {
            connection: self.pair.number,
            name: self.pair.record.name.as_str().into(),
            what,
            until,
            error,
            server_serial: serials.server,
            client_serial: serials.client,
        };
        self.journal.record(Entry::new(
            time,
            Some(cause),
            self.peers.subject(self.pair),
            Kind::Persists(record),
        ))
    }
}
