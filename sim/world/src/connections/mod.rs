//! Watched connections: which client connects to which server, and what the last handshake said.
//!
//! A verdict can change only when the server's certificate, the client's trust or identity, a
//! clock, reachability or a validity boundary changes. Each such change gets one handshake, and
//! between them the verdict holds. Where every attempt is performed, each gets its own.
//!
//! [`Connections`] is what is known of each; [`Peers`] reads what both sides of one are now; a
//! [`Watcher`] has all that it takes to judge them.

mod attackers;
mod cause;
mod judgement;
mod peers;
mod sessions;
mod start;
mod watcher;

use std::ops::Range;
use std::sync::Arc;

use sessions::SessionState;
use trustsim_juju::UnitId;
use trustsim_kernel::{Seq, Span, Time};
use trustsim_model::{Away, ClientIndex, ConnectionRecord, ConnectionSpecIndex};
use trustsim_pki::Certificate;
use trustsim_tls::{Case, Identity};
use trustsim_validators::ErrorKind;

pub(super) use attackers::Attackers;
pub(super) use peers::Peers;
pub(super) use watcher::Watcher;

/// Attempts fall on half seconds: validity boundaries fall on whole ones, so that no attempt
/// coincides with one.
const ATTEMPT_PHASE: Span = Span::from_millis(500);

/// Every watched connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    all: Vec<Connection>,
    /// Connections that a unit takes part in, by its id.
    of_units: Vec<Vec<u32>>,
}

/// One watched connection.
#[derive(Clone, Debug)]
struct Connection {
    pair: Pair,
    /// Counts judgements: a boundary set by an earlier one is stale.
    generation: u32,
    /// What goes on without a new handshake.
    sessions: SessionState,
}

/// A client and a server, and the line of the deployment that connects them.
#[derive(Clone, Debug)]
struct Pair {
    /// Which connection it is.
    number: u32,
    /// Index of its line in the deployment.
    spec: ConnectionSpecIndex,
    client: Client,
    server: UnitId,
    /// The certificates endpoint of the server.
    endpoint: Option<Arc<str>>,
    record: ConnectionRecord,
    /// The entry of what last changed the server's name, where something did.
    renamed_by: Option<Seq>,
}

/// Who opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Outside(ClientIndex),
    Unit(UnitId),
}

/// What an attempt to connect comes to before anything is verified.
pub(super) enum Attempt {
    /// Both sides begin a handshake.
    Handshake(Box<Case>),
    /// The server cannot begin one.
    Failed(ErrorKind),
    /// The server has no TLS now, and the client was told so.
    WithoutTls,
}

impl Attempt {
    /// What both sides bring to the handshake, or what fails before there is one.
    pub(super) fn into_case(self) -> Result<Case, ErrorKind> {
        match self {
            Self::Handshake(case) => Ok(*case),
            Self::Failed(error) => Err(error),
            Self::WithoutTls => Err(ErrorKind::NoCertificate),
        }
    }
}

impl Connections {
    /// Every connection, in the order of its number.
    pub(super) fn records(&self) -> impl Iterator<Item = &ConnectionRecord> {
        self.all.iter().map(|connection| &connection.pair.record)
    }

    fn get(&self, number: u32) -> &Connection {
        &self.all[number as usize]
    }

    fn get_mut(&mut self, number: u32) -> &mut Connection {
        &mut self.all[number as usize]
    }

    /// How many are watched, and were.
    fn len(&self) -> u32 {
        u32::try_from(self.all.len()).expect("fewer than 2^32 connections are watched")
    }

    /// The numbers of all from `first` on.
    fn since(&self, first: u32) -> Range<u32> {
        first..self.len()
    }

    /// The connections that a unit takes part in.
    fn of_unit(&self, unit: UnitId) -> Vec<u32> {
        match self.of_units.get(unit.index()) {
            Some(connections) => connections.clone(),
            None => Vec::new(), // It and all units after it take part in no connection.
        }
    }

    /// The connections that a client outside Juju opens.
    fn of_client(&self, client: ClientIndex) -> Vec<u32> {
        let own = self.all.iter().filter(|connection| {
            let opener = connection.pair.client;
            opener == Client::Outside(client)
        });
        own.map(|connection| connection.pair.number).collect()
    }

    fn add(&mut self, pair: Pair) {
        let number = pair.number;
        assert_eq!(number, self.len(), "connections are found by their numbers");
        self.touch(pair.server, pair.number);
        if let Client::Unit(unit) = pair.client {
            self.touch(unit, pair.number);
        }
        self.all.push(Connection {
            pair,
            generation: 0,
            sessions: SessionState::default(),
        });
    }

    fn touch(&mut self, unit: UnitId, connection: u32) {
        if self.of_units.len() <= unit.index() {
            self.of_units.resize_with(unit.index() + 1, Vec::new);
        }
        self.of_units[unit.index()].push(connection);
    }

    /// A unit is gone, and with it its connections.
    pub(super) fn end_of_unit(&mut self, unit: UnitId, now: Time) {
        for connection in &mut self.all {
            let is_client = connection.pair.client == Client::Unit(unit);
            if connection.pair.server == unit || is_client {
                connection.pair.record.ended = connection.pair.record.ended.or(Some(now));
            }
        }
    }
}

impl Connection {
    /// Notes whether the client's process is there to attempt anything: since when it is not, and
    /// when it is back.
    fn client_is_there(&mut self, is_there: bool, now: Time) {
        let record = &mut self.pair.record;
        let open = record.away.last_mut().filter(|away| away.until.is_none());
        match (is_there, open) {
            (true, Some(away)) => {
                assert!(
                    away.from <= now,
                    "a client is away before it is back: {now}"
                );
                away.until = Some(now);
            }
            (false, None) => record.away.push(Away {
                from: now,
                until: None,
            }),
            (true, None) | (false, Some(_)) => {}
        }
    }
}

/// Serials of the leaves shown.
#[derive(Clone, Default)]
struct Serials {
    server: Arc<str>,
    client: Arc<str>,
}

impl Serials {
    fn of(case: &Case) -> Self {
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
