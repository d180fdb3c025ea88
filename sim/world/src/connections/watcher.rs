//! Judging connections: when, by which handshake, and what the journal is told.

use std::sync::Arc;

use super::judgement::Judgement;
use super::start::asked_for;
use super::{Attackers, Attempt, Client, Connections, Peers, Serials};
use crate::event::Event;
use crate::handshakes::{Handshakes, Judged};
use crate::journal::JournalWriter;
use trustsim_juju::UnitId;
use trustsim_kernel::{Agenda, Seq, Time};
use trustsim_model::{
    ClientIndex, ConnectionSpec, Entry, HandshakeRecord, Kind, NameSpec, Persistence, Renamed,
    Trigger,
};
use trustsim_tls::next_boundary;
use trustsim_validators::{ErrorKind, Side, Verdict};

/// The connections at one instant, with what they are judged by.
pub(crate) struct Watcher<'a> {
    pub peers: Peers<'a>,
    pub connections: &'a mut Connections,
    pub attackers: &'a mut Attackers,
    pub handshakes: &'a mut Handshakes,
    pub journal: &'a mut JournalWriter,
    pub agenda: &'a mut Agenda<Event>,
    /// Every attempt of every connection is a real handshake.
    pub every_handshake: bool,
}

/// Which connections a change is for.
impl Watcher<'_> {
    /// Judges every connection that `unit` takes part in.
    pub(crate) fn judge_unit(&mut self, unit: UnitId, trigger: Trigger) {
        for number in self.connections.of_unit(unit) {
            let connection = self.connections.get(number);
            let is_server = connection.pair.server == unit;
            assert!(
                is_server || connection.pair.client == Client::Unit(unit),
                "{} is judged for a unit that takes part in it",
                connection.pair.record.name
            );
            let trigger = match trigger {
                Trigger::ServerCertificate if !is_server => Trigger::ClientCertificate,
                Trigger::Reachability if !is_server => Trigger::ClientProcess,
                other => other,
            };
            self.judge(number, trigger);
        }
    }

    /// A server is reached at another address because of `entry`: clients that dial it by that ask for another name.
    pub(crate) fn rename_server(&mut self, unit: UnitId, entry: Seq) {
        self.rename(unit, Some(entry), |_| true);
    }

    /// The pod of a server may be another one: clients that dial it by its own address ask for the one that it has now.
    pub(crate) fn follow_pod(&mut self, unit: UnitId) {
        let cause = self.peers.deployed.juju().unit(unit).address.cause;
        self.rename(unit, cause, |spec| spec.name == Some(NameSpec::BindAddress));
    }

    fn rename(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        is_meant: impl Fn(&ConnectionSpec) -> bool,
    ) {
        let (now, deployed) = (self.agenda.now(), self.peers.deployed);
        for number in self.connections.of_unit(unit) {
            let pair = &mut self.connections.get_mut(number).pair;
            let spec = self.peers.spec(pair);
            if pair.server != unit || pair.record.ended.is_some() || !is_meant(spec) {
                continue;
            }
            let server_name = asked_for(deployed, spec, unit, pair.endpoint.as_deref());
            if server_name == pair.record.last_server_name() {
                continue;
            }
            let from = now;
            pair.record.renamed.push(Renamed { from, server_name });
            pair.renamed_by = cause;
            self.judge(number, Trigger::Address);
        }
    }

    /// A process of `unit` started again: what it held is gone.
    pub(crate) fn judge_sessions(&mut self, unit: UnitId) {
        for number in self.connections.of_unit(unit) {
            let spec = self.peers.spec(&self.connections.get(number).pair);
            if spec.persistence != Persistence::default() {
                self.judge(number, Trigger::Reachability);
            }
        }
    }

    /// A client trusts something else: judges every connection that it opens.
    pub(crate) fn judge_client(&mut self, client: ClientIndex) {
        for number in self.connections.of_client(client) {
            self.judge(number, Trigger::Trust);
        }
    }

    /// Lists were published: judges every connection that looks into them.
    pub(crate) fn judge_revocation(&mut self) {
        for number in self.connections.since(0) {
            if self
                .peers
                .spec(&self.connections.get(number).pair)
                .revocation
            {
                self.judge(number, Trigger::Revocation);
            }
        }
    }

    /// A certificate in play became valid or stopped being valid.
    pub(crate) fn boundary(&mut self, number: u32, generation: u32) {
        let current = self.connections.get(number).generation;
        assert!(
            generation <= current,
            "a boundary of connection {number} is set by a judgement that was"
        );
        if current == generation {
            self.judge(number, Trigger::Validity);
        }
    }

    /// An open connection or a session is as old as it gets.
    pub(crate) fn session_expires(&mut self, number: u32, expiry: u32) {
        let sessions = &mut self.connections.get_mut(number).sessions;
        let Some(outlived) = sessions.expire(expiry) else {
            return;
        };
        self.judge(number, Trigger::Reconnect);
        // A session may go on now in place of what was open.
        let sessions = &mut self.connections.get_mut(number).sessions;
        sessions.forget_unless_changed(outlived);
    }

    /// What the attackers can do on every connection now.
    pub(crate) fn attack_all(&mut self) {
        for number in self.connections.since(0) {
            let attempt = self
                .peers
                .attempt_of(self.connections, number, self.agenda.now());
            let connection = self.connections.get_mut(number);
            let mut judgement = Judgement {
                pair: &connection.pair,
                peers: self.peers,
                attempt: &attempt,
                trigger: Trigger::Trust,
                handshakes: self.handshakes,
                journal: self.journal,
                agenda: self.agenda,
            };
            self.attackers.attack(&mut judgement);
        }
    }
}

/// One connection.
impl Watcher<'_> {
    /// Judges one connection now; where every attempt is performed, that is left to the attempts.
    pub(super) fn judge(&mut self, number: u32, trigger: Trigger) {
        if !self.is_attempted(number) || self.every_handshake {
            return;
        }
        let now = self.agenda.now();
        let connection = self.connections.get_mut(number);
        let attempt = self.peers.attempt(&connection.pair, now);
        let judged = match &attempt {
            Attempt::Failed(error) => Judged::supposed(failed(*error)),
            Attempt::WithoutTls => Judged::supposed(Verdict::without_tls()),
            Attempt::Handshake(case) => {
                let subject = format!("{}#{}", connection.pair.record.name, connection.generation);
                self.handshakes.judge(case, "handshake", &subject)
            }
        };
        connection.generation += 1;
        if let Attempt::Handshake(case) = &attempt
            && let Some(boundary) = next_boundary(case, case.client.clock)
        {
            let event = Event::Boundary {
                connection: number,
                generation: connection.generation,
            };
            let at = now + boundary.since(case.client.clock);
            assert!(
                now < at,
                "what a verdict of now depends on changes later than now, {now}: {at}"
            );
            self.agenda.at(at, event);
        }
        self.conclude(number, &attempt, judged, trigger);
    }

    /// One attempt, performed in full.
    pub(crate) fn attempt(&mut self, number: u32) {
        let is_attempted = self.is_attempted(number);
        let now = self.agenda.now();
        let connection = self.connections.get_mut(number);
        if connection.pair.record.ended.is_some() {
            return;
        }
        let every = connection.pair.record.every;
        let name = &connection.pair.record.name;
        assert!(
            !every.is_zero(),
            "time passes between two attempts of {name}"
        );
        if is_attempted {
            let attempt = self.peers.attempt(&connection.pair, now);
            let judged = match &attempt {
                Attempt::Failed(error) => Judged::supposed(failed(*error)),
                Attempt::WithoutTls => Judged::supposed(Verdict::without_tls()),
                Attempt::Handshake(case) => {
                    let subject =
                        format!("{}#{}", connection.pair.record.name, connection.generation);
                    Judged {
                        verdict: Arc::new(self.handshakes.perform(case, &subject)),
                        performed: true,
                    }
                }
            };
            connection.generation += 1;
            self.conclude(number, &attempt, judged, Trigger::Attempt);
        }
        self.agenda.after(every, Event::Attempt(number));
    }

    /// Whether the client's process is there to attempt anything.
    fn is_attempted(&mut self, number: u32) -> bool {
        let now = self.agenda.now();
        let connection = self.connections.get_mut(number);
        if connection.pair.record.ended.is_some() {
            return false;
        }
        let is_there = self.peers.has_client(&connection.pair, now);
        connection.client_is_there(is_there, now);
        is_there
    }

    /// What a verdict means to attackers, to what goes on without a handshake, and to the journal.
    fn conclude(&mut self, number: u32, attempt: &Attempt, judged: Judged, trigger: Trigger) {
        let connection = self.connections.get_mut(number);
        let mut judgement = Judgement {
            pair: &connection.pair,
            peers: self.peers,
            attempt,
            trigger,
            handshakes: self.handshakes,
            journal: self.journal,
            agenda: self.agenda,
        };
        self.attackers.attack(&mut judgement);
        let Judged { verdict, performed } = judged;
        let verdict = connection.sessions.carry_on(verdict, &mut judgement);
        if let Some(verdict) = verdict {
            let recorded = Judged { verdict, performed };
            self.record_handshake(number, recorded, attempt, trigger);
        }
    }

    fn record_handshake(
        &mut self,
        number: u32,
        Judged { verdict, performed }: Judged,
        attempt: &Attempt,
        trigger: Trigger,
    ) {
        let time: Time = self.agenda.now();
        let connection = self.connections.get(number);
        assert!(
            connection
                .pair
                .record
                .ended
                .is_none_or(|ended| time <= ended),
            "{} is judged after one of its units is gone",
            connection.pair.record.name
        );
        assert!(
            !performed || matches!(attempt, Attempt::Handshake(_)),
            "{} performs a handshake where both sides begin one",
            connection.pair.record.name
        );
        let is_down = verdict.error == Some(ErrorKind::Unreachable);
        let is_stale = verdict.error == Some(ErrorKind::RevocationListExpired);
        let (peers, root) = (self.peers, self.journal.root());
        let cause = match connection.sessions.outlives() {
            // What went on ends now; what made it go on is why it does not begin anew.
            Some(outlived) if !is_down => outlived,
            _ if is_stale => peers.publications.cause().unwrap_or(root),
            _ => peers.cause(&connection.pair, trigger, verdict.error, time, self.journal),
        };
        let serials = match attempt {
            Attempt::Handshake(case) => Serials::of(case),
            Attempt::Failed(_) | Attempt::WithoutTls => Serials::default(),
        };
        let subject = peers.subject(&connection.pair);
        let kind = Kind::Handshake(HandshakeRecord {
            connection: number,
            verdict,
            server_serial: serials.server,
            client_serial: serials.client,
            trigger,
            performed,
        });
        self.journal
            .record(Entry::new(time, Some(cause), subject, kind));
    }
}

/// The verdict where a side cannot begin: the server cannot read its own certificate, what the client finds does not speak
/// TLS, or there is no client, which is what its server misses.
fn failed(error: ErrorKind) -> Verdict {
    let side = match error {
        ErrorKind::BadEncoding | ErrorKind::ClientStopped => Side::Server,
        _ => Side::Client,
    };
    Verdict::failed(error, side)
}
