//! Watched connections: who talks to whom, and what the last handshake said.
//!
//! A verdict can change only when the server's certificate, the client's trust or identity, a
//! clock, reachability or a validity boundary changes. Each such change gets one handshake, and
//! between them the verdict stands. Where every attempt is performed, each gets its own.

mod cause;
mod scale;

use std::ops::Range;
use std::sync::Arc;
use trustsim_model::{
    Address, Answering, Away, ClientIndex, ConnectionRecord, ConnectionSpec, ConnectionSpecIndex,
    Entry, HandshakeRecord, Kind, Party, Subject, Trigger,
};

use super::desk::subject;
use super::sessions::Bond;
use super::sides::Served;
use super::simulation::{Event, World};
use super::view::WatchedSource;
use trustsim_juju::{About, UnitId};
use trustsim_kernel::{Agenda, Seq, Span, Time};
use trustsim_pki::Certificate;
use trustsim_tls::{Case, ClientSide, Identity, ServerSide, handshake, next_boundary};
use trustsim_validators::{ErrorKind, Side, TrustStore, Verdict};

/// Attempts fall on half seconds: validity boundaries fall on whole ones, so that no attempt
/// coincides with one.
const ATTEMPT_PHASE: Span = Span::from_millis(500);

/// Every watched connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    all: Vec<Connection>,
}

/// One watched connection.
#[derive(Clone, Debug)]
struct Connection {
    record: ConnectionRecord,
    /// Index of its line in the deployment.
    spec: ConnectionSpecIndex,
    client: Client,
    server: UnitId,
    endpoint: Option<Arc<str>>,
    /// Counts judgements: a boundary set by an earlier one is stale.
    generation: u32,
    /// What goes on without a new handshake.
    bond: Bond,
}

/// Who opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Outside(ClientIndex),
    Unit(UnitId),
}

/// What the two sides of a connection would bring to a handshake now.
pub(super) enum Meeting {
    /// A handshake.
    Case(Box<Case>),
    /// The server cannot begin one.
    Broken(ErrorKind),
}

impl Connections {
    pub(super) fn records(&self) -> Vec<ConnectionRecord> {
        self.all
            .iter()
            .map(|connection| connection.record.clone())
            .collect()
    }

    fn get(&self, number: u32) -> &Connection {
        &self.all[number as usize]
    }

    fn get_mut(&mut self, number: u32) -> &mut Connection {
        &mut self.all[number as usize]
    }

    /// How many are watched, and were.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.all.len()).expect("fewer than 2^32 connections are watched")
    }

    /// The numbers of all from `first` on.
    pub(super) fn since(&self, first: u32) -> Range<u32> {
        first..self.len()
    }
}

impl World {
    /// Makes every connection of the deployment and judges it for the first time.
    pub(super) fn start_connections(&mut self, agenda: &mut Agenda<Event>) {
        assert!(
            self.connections.all.is_empty(),
            "connections are made once, when the deployment settles"
        );
        let deployment = Arc::clone(&self.deployment);
        let second = agenda.now().truncated_to_seconds();
        let first_attempt = second + Span::from_secs(1) + ATTEMPT_PHASE;
        for (index, spec) in deployment.connections.iter_enumerated() {
            self.expand(index, spec, None, first_attempt);
        }
        for connection in self.connections.since(0) {
            if self.options.every_handshake {
                agenda.at(first_attempt, Event::Attempt(connection));
            } else {
                self.judge(connection, Trigger::Start, agenda);
            }
        }
    }

    /// One connection for each pair of units that a line means; of those with `only`, where it is
    /// given.
    fn expand(
        &mut self,
        index: ConnectionSpecIndex,
        spec: &ConnectionSpec,
        only: Option<UnitId>,
        first_attempt: Time,
    ) {
        let servers = self.targets(spec.to, spec.to_unit);
        let clients: Vec<Client> = match spec.from {
            Party::Client(client) => vec![Client::Outside(client)],
            Party::Application(application) => {
                let units = self.targets(application, spec.from_unit);
                units.into_iter().map(Client::Unit).collect()
            }
            Party::Saas(_) => panic!("a SAAS opens no connection: {}", spec.source),
        };
        let endpoint = self.server_endpoint(spec);
        for &client in &clients {
            for &server in servers.iter().filter(|&&server| {
                let is_meant =
                    only.is_none_or(|only| only == server || client == Client::Unit(only));
                client != Client::Unit(server) && is_meant
            }) {
                let record =
                    self.record_of(spec, client, server, endpoint.as_deref(), first_attempt);
                let number = self.connections.len();
                self.sides.touch(server, number);
                match client {
                    Client::Unit(unit) => self.sides.touch(unit, number),
                    Client::Outside(client) => self.clients[client].opens(number),
                }
                self.connections.all.push(Connection {
                    record,
                    spec: index,
                    client,
                    server,
                    endpoint: endpoint.clone(),
                    generation: 0,
                    bond: Bond::default(),
                });
            }
        }
    }

    fn record_of(
        &self,
        spec: &ConnectionSpec,
        client: Client,
        server: UnitId,
        endpoint: Option<&str>,
        first_attempt: Time,
    ) -> ConnectionRecord {
        let client = match client {
            Client::Outside(index) => Address::outside(&self.deployment.clients[index].name),
            Client::Unit(unit) => self.unit_address(unit),
        };
        let server_name = match &spec.name {
            Some(name) => name.clone(),
            None => self.server_name(spec.to, server, endpoint),
        };
        let server = self.unit_address(server);
        ConnectionRecord {
            name: format!("{client} -> {server}"),
            client,
            server,
            server_name,
            validator: spec.validator.to_string(),
            every: spec.every,
            first_attempt: Some(first_attempt),
            ended: None,
            away: Vec::new(),
        }
    }

    /// `model.app/0`.
    pub(super) fn unit_address(&self, unit: UnitId) -> Address {
        let found = self.juju.unit(unit);
        let application = self.juju.application(found.application);
        let model = &self.juju.model(application.model).name;
        Address::unit_in(model, &application.name, &found.name)
    }

    /// Judges every connection that `unit` takes part in.
    pub(super) fn judge_touching(
        &mut self,
        unit: UnitId,
        trigger: Trigger,
        agenda: &mut Agenda<Event>,
    ) {
        for connection in self.sides.touching(unit) {
            let ends = self.connections.get(connection);
            let is_server = ends.server == unit;
            assert!(
                is_server || ends.client == Client::Unit(unit),
                "{} is judged for a unit that takes part in it",
                ends.record.name
            );
            let trigger = match trigger {
                Trigger::ServerCertificate if !is_server => Trigger::ClientCertificate,
                Trigger::Reachability if !is_server => Trigger::ClientProcess,
                other => other,
            };
            self.judge(connection, trigger, agenda);
        }
    }

    /// Judges one connection now; where every attempt is performed, that is left to the attempts.
    pub(super) fn judge(&mut self, number: u32, trigger: Trigger, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let is_attempted = self.is_attempted(number, now);
        if self.options.every_handshake || !is_attempted {
            return;
        }
        let connection = self.connections.get(number);
        let meeting = self.meeting(number, now);
        let (verdict, performed, serials) = match &meeting {
            Meeting::Broken(error) => (Arc::new(broken(*error)), false, Serials::default()),
            Meeting::Case(case) => {
                let name = &connection.record.name;
                let subject = format!("{name}#{}", connection.generation);
                let streams = self.streams.clone();
                let (verdict, performed) = self
                    .cache
                    .judge(case, || streams.stream("handshake", &subject));
                (verdict, performed, Serials::of(case))
            }
        };
        self.performed += u64::from(performed);
        let connection = self.connections.get_mut(number);
        connection.generation += 1;
        if let Meeting::Case(case) = &meeting
            && let Some(boundary) = next_boundary(case, case.client.clock)
        {
            let at = now + boundary.since(case.client.clock);
            let generation = connection.generation;
            agenda.at(
                at,
                Event::Boundary {
                    connection: number,
                    generation,
                },
            );
        }
        self.attack(number, &meeting, now);
        if let Some(verdict) = self.carried_on(number, &meeting, verdict, trigger, agenda) {
            self.record_handshake(number, verdict, serials, trigger, performed, now);
        }
    }

    /// A certificate in play became valid or stopped being valid.
    pub(super) fn boundary(
        &mut self,
        connection: u32,
        generation: u32,
        agenda: &mut Agenda<Event>,
    ) {
        let current = self.connections.get(connection).generation;
        assert!(
            generation <= current,
            "a boundary of connection {connection} is set by a judgement that was"
        );
        if current == generation {
            self.judge(connection, Trigger::Validity, agenda);
        }
    }

    /// One attempt, performed in full.
    pub(super) fn attempt(&mut self, number: u32, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let is_attempted = self.is_attempted(number, now);
        let connection = self.connections.get(number);
        if connection.record.ended.is_some() {
            return;
        }
        let every = connection.record.every;
        if !is_attempted {
            agenda.after(every, Event::Attempt(number));
            return;
        }
        let meeting = self.meeting(number, now);
        let (verdict, performed, serials) = match &meeting {
            Meeting::Broken(error) => (broken(*error), false, Serials::default()),
            Meeting::Case(case) => {
                let subject = format!("{}#{}", connection.record.name, connection.generation);
                let stream = self.streams.stream("attempt", &subject);
                (handshake(case, stream), true, Serials::of(case))
            }
        };
        self.performed += u64::from(performed);
        self.connections.get_mut(number).generation += 1;
        self.attack(number, &meeting, now);
        let verdict = self.carried_on(
            number,
            &meeting,
            Arc::new(verdict),
            Trigger::Attempt,
            agenda,
        );
        if let Some(verdict) = verdict {
            self.record_handshake(number, verdict, serials, Trigger::Attempt, performed, now);
        }
        agenda.after(every, Event::Attempt(number));
    }

    /// Whether the client's process is there to attempt anything; notes since when it is not, and
    /// when it is back.
    fn is_attempted(&mut self, number: u32, now: Time) -> bool {
        let connection = self.connections.get_mut(number);
        let record = &mut connection.record;
        if record.ended.is_some() {
            return false;
        }
        let is_there = match connection.client {
            Client::Unit(unit) => self.sides.get(unit).answers(now),
            Client::Outside(_) => true,
        };
        let open = record.away.last_mut().filter(|away| away.until.is_none());
        match (is_there, open) {
            (true, Some(away)) => away.until = Some(now),
            (false, None) => record.away.push(Away {
                from: now,
                until: None,
            }),
            (true, None) | (false, Some(_)) => {}
        }
        is_there
    }

    fn record_handshake(
        &mut self,
        number: u32,
        verdict: Arc<Verdict>,
        serials: Serials,
        trigger: Trigger,
        performed: bool,
        time: Time,
    ) {
        let connection = self.connections.get(number);
        assert!(
            connection.record.ended.is_none_or(|ended| time <= ended),
            "{} is judged after one of its units is gone",
            connection.record.name
        );
        let (client, server) = (connection.client, connection.server);
        let is_down = verdict.error == Some(ErrorKind::Unreachable);
        let is_stale = verdict.error == Some(ErrorKind::RevocationListExpired);
        let cause = match connection.bond.outlives {
            // What went on ends now; what made it go on is why it does not begin anew.
            Some(outlived) if !is_down => outlived,
            _ if is_stale => self.publications.cause().unwrap_or(self.root),
            _ => self.handshake_cause(client, server, (trigger, verdict.error), time),
        };
        let subject = self.connection_subject(number);
        let kind = Kind::Handshake(HandshakeRecord {
            connection: number,
            verdict,
            server_serial: serials.server,
            client_serial: serials.client,
            trigger,
            performed,
        });
        self.journal.record(Entry {
            time,
            cause: Some(cause),
            subject,
            kind,
        });
    }

    /// The subject of an entry about a connection: the client.
    pub(super) fn connection_subject(&self, number: u32) -> Subject {
        match self.connections.get(number).client {
            Client::Unit(unit) => subject(&self.juju, About::Unit(unit)),
            Client::Outside(index) => {
                let name = self.deployment.clients[index].name.as_str();
                Subject {
                    unit: Some(name.into()),
                    ..Subject::default()
                }
            }
        }
    }

    /// Asserts that the list of a client and the connection itself agree on who opens it.
    pub(super) fn assert_opened_by(&self, number: u32, client: ClientIndex) {
        let connection = self.connections.get(number);
        assert_eq!(
            connection.client,
            Client::Outside(client),
            "{} is opened by the client that lists it",
            connection.record.name
        );
    }

    pub(super) fn connection_spec(&self, number: u32) -> &ConnectionSpec {
        let connection = self.connections.get(number);
        &self.deployment.connections[connection.spec]
    }

    pub(super) fn connection_name(&self, number: u32) -> &str {
        &self.connections.get(number).record.name
    }

    pub(super) fn connection_client(&self, number: u32) -> &str {
        &self.connections.get(number).record.client
    }

    pub(super) fn bond(&mut self, number: u32) -> &mut Bond {
        &mut self.connections.get_mut(number).bond
    }

    /// Which process of the client, and which of the server, takes part: counted from their starts.
    pub(super) fn processes(&self, number: u32) -> [u32; 2] {
        let connection = self.connections.get(number);
        let started = |unit| self.sides.get(unit).starts();
        let client = match connection.client {
            Client::Unit(unit) => started(unit),
            Client::Outside(_) => 0,
        };
        [client, started(connection.server)]
    }

    /// The entry behind the judgement that `trigger` brings, where a handshake ends with `error`.
    pub(super) fn change_behind(
        &self,
        number: u32,
        (trigger, error): (Trigger, Option<ErrorKind>),
        time: Time,
    ) -> Seq {
        let connection = self.connections.get(number);
        self.handshake_cause(connection.client, connection.server, (trigger, error), time)
    }

    /// What both sides would bring to a handshake now.
    pub(super) fn meeting(&self, number: u32, now: Time) -> Meeting {
        let connection = self.connections.get(number);
        let spec = &self.deployment.connections[connection.spec];
        let server = self.juju.unit(connection.server);
        let side = self.sides.get(connection.server);
        if !side.answers(now) {
            return Meeting::Broken(ErrorKind::Unreachable);
        }
        match side.answering() {
            Answering::Tls => {}
            Answering::PlainText => return Meeting::Broken(ErrorKind::PlaintextPeer),
            Answering::HangUp => return Meeting::Broken(ErrorKind::ClosedByPeer),
        }
        let name = &connection.record.server_name;
        let Some(identity) = choose(&side.served, connection.endpoint.as_deref(), name) else {
            return Meeting::Broken(ErrorKind::NoCertificate);
        };
        if identity.leaf().is_none() {
            return Meeting::Broken(ErrorKind::BadEncoding);
        }
        let (trust, client_identity, skew_ns) = match connection.client {
            Client::Outside(index) => (self.clients[index].trust().clone(), None, 0),
            Client::Unit(unit) => {
                let side = self.sides.get(unit);
                let endpoint = spec.from_endpoint.as_deref();
                let trust = side.client_trust(endpoint, spec.validator);
                let identity = side.client_identity(endpoint);
                (trust, identity, self.juju.unit(unit).skew_ns)
            }
        };
        let client_trust = spec.mutual.then(|| side.client_trust(None, spec.validator));
        let looked_up = |trust: TrustStore| match spec.revocation {
            true => trust.checking_revocation(self.publications.lists()),
            false => trust,
        };
        Meeting::Case(Box::new(Case {
            client: ClientSide {
                trust: looked_up(trust),
                identity: client_identity.filter(|_| spec.mutual),
                validator: spec.validator,
                clock: now.skewed_by(skew_ns),
            },
            server: ServerSide {
                identity,
                client_trust: client_trust.map(looked_up),
                validator: spec.validator,
                clock: now.skewed_by(server.skew_ns),
            },
            server_name: name.clone(),
        }))
    }

    /// Where the client of a connection has what it trusts there.
    pub(super) fn client_sources(&self, number: u32) -> Vec<WatchedSource> {
        let connection = self.connections.get(number);
        let spec = &self.deployment.connections[connection.spec];
        let endpoint = spec.from_endpoint.as_deref();
        match connection.client {
            Client::Unit(unit) => self.sources_of(unit, endpoint),
            Client::Outside(index) => vec![WatchedSource {
                name: "given".to_owned(),
                trust: self.clients[index].trust().clone(),
            }],
        }
    }

    /// Where the server of a connection has what it trusts of clients.
    pub(super) fn server_sources(&self, number: u32) -> Vec<WatchedSource> {
        self.sources_of(self.connections.get(number).server, None)
    }

    fn sources_of(&self, unit: UnitId, endpoint: Option<&str>) -> Vec<WatchedSource> {
        let side = self.sides.get(unit);
        let own = side
            .trust_of
            .iter()
            .filter(|(source, _)| endpoint.is_none_or(|endpoint| source.starts_with(endpoint)));
        own.map(|(source, trust)| WatchedSource {
            name: source.to_string(),
            trust: trust.clone(),
        })
        .collect()
    }

    /// Every watched connection with its number.
    pub(super) fn connections_watched(&self) -> impl Iterator<Item = (u32, &ConnectionRecord)> {
        (0..).zip(
            self.connections
                .all
                .iter()
                .map(|connection| &connection.record),
        )
    }

    /// The verdict of a case, performed apart from the run.
    pub(super) fn verdict_of(&self, case: &Case, subject: &str) -> Verdict {
        handshake(case, self.streams.stream("export", subject))
    }
}

/// The verdict where the server cannot begin: it cannot read its own certificate, or the client
/// finds nobody who speaks TLS.
fn broken(error: ErrorKind) -> Verdict {
    let side = match error {
        ErrorKind::BadEncoding => Side::Server,
        _ => Side::Client,
    };
    Verdict::failed(error, side)
}

/// The chain a server shows for a name: of those of the endpoint, the one that is valid for the
/// name as SNI picks it, else the first.
fn choose(served: &[Served], endpoint: Option<&str>, name: &str) -> Option<Identity> {
    let of_endpoint = |served: &&Served| endpoint.is_none_or(|wanted| *served.endpoint == *wanted);
    let fits = |served: &&Served| {
        served.identity.leaf().is_some_and(|leaf| {
            leaf.sans()
                .iter()
                .any(|san| san.split_once(':').is_some_and(|(_, text)| text == name))
        })
    };
    let mut candidates = served.iter().filter(of_endpoint);
    let fitting = served.iter().filter(of_endpoint).find(fits);
    fitting
        .or_else(|| candidates.next())
        .map(|served| served.identity.clone())
}

/// Serials of the leaves shown.
#[derive(Clone, Default)]
pub(super) struct Serials {
    pub(super) server: Arc<str>,
    pub(super) client: Arc<str>,
}

impl Serials {
    pub(super) fn of(case: &Case) -> Self {
        // The journal has an empty text for a side that presents no certificate.
        let serial = |identity: Option<&Identity>| -> Arc<str> {
            let leaf = identity.and_then(Identity::leaf);
            leaf.map_or("", Certificate::serial).into()
        };
        Self {
            server: serial(Some(&case.server.identity)),
            client: serial(case.client.identity.as_ref()),
        }
    }
}
