//! Finds the CAs and the sources of CAs that no connection needs: repeats each successful handshake with a smaller
//! trust store.
//!
//! A source is where a trust store has CAs from: a file that a relation brought, or what a client was given. Each
//! side that verifies the other is visited whenever one of its connections is judged or its sources change, and the
//! handshake is repeated without each CA, without each source, and without each two sources.
//!
//! Two sources that bring the same CA hide each other: each can be removed alone, but not both
//! (canonical/traefik-k8s-operator#565: `certificates` brought the CA that `receive-ca-cert` was there for). Three
//! sources that hide each other are not found: only pairs are tried. This file must not know how the
//! result is shown.

mod search;
mod verifier;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use search::TrustSearch;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_world::{Address, Deployment, Kind, Options, Record, Simulation};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct LeastTrust {
    /// Every CA that is trusted at the end, or was when a connection was judged.
    pub authorities: Vec<TrustedAuthority>,
    /// Every source of CAs.
    pub sources: Vec<SourceOfTrust>,
    /// Pairs of sources that hide each other.
    pub masked: Vec<MaskedSources>,
    /// How many handshakes were repeated with a smaller trust store.
    pub repeated: u64,
}

/// A CA in a trust store.
#[derive(Clone, Debug)]
pub struct TrustedAuthority {
    /// A unit, or a client outside Juju.
    pub holder: Address,
    /// The CA.
    pub certificate: Certificate,
    /// The application that made it, where the journal knows.
    pub owner: Option<Address>,
    /// Names of connections that fail without it, at some instant.
    pub needed_by: BTreeSet<String>,
    /// Until when a connection last needed it: the instant at which that connection was next looked at, or the end of
    /// the run.
    pub needed_until: Option<Time>,
    /// Whether it is still trusted at the end.
    pub is_trusted: bool,
}

/// Where a trust store has CAs from.
#[derive(Clone, Debug)]
pub struct SourceOfTrust {
    /// A unit, or a client outside Juju.
    pub holder: Address,
    /// The source: a file that begins with the endpoint it came over, or `given` or `system`.
    pub source: String,
    /// Names of connections that fail without it, at some instant.
    pub needed_by: BTreeSet<String>,
    /// How many of the holder's connections were judged.
    pub connections: usize,
}

impl SourceOfTrust {
    /// Whether everything that its holder does rests on it alone.
    pub fn is_single(&self) -> bool {
        self.connections > 0 && self.needed_by.len() == self.connections
    }
}

/// Two sources that could each be removed alone, but not together, at some instant of the run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaskedSources {
    /// A unit, or a client outside Juju.
    pub holder: Address,
    /// The two.
    pub sources: [String; 2],
    /// Names of connections that fail without both.
    pub needed_by: BTreeSet<String>,
}

/// Plays the deployment twice: once to learn when to look at which connection, once to look.
pub fn least_trust(deployment: &Arc<Deployment>) -> LeastTrust {
    let record = Simulation::new(Arc::clone(deployment), Options::default()).finish();
    let mut search = TrustSearch::default();
    let mut simulation = Simulation::new(Arc::clone(deployment), Options::default());
    for (at, connections) in visits(&record) {
        simulation.run_until(at);
        for (connection, is_ok) in connections {
            search.visit_connection(&simulation, connection, is_ok);
        }
    }
    simulation.run_until(simulation.end());
    assert_eq!(
        simulation.journal().entries().len(),
        record.journal.entries().len(),
        "the second play of the same deployment has another number of journal entries than the first"
    );
    search.conclude(&simulation, &record.journal)
}

/// When each connection is looked at, by instant and number of the connection, and whether its last verdict is ok then.
///
/// A connection is looked at whenever it is judged, and whenever one of its sides gets other CAs or the same CAs from
/// another source: a connection that stays open is not judged then.
fn visits(record: &Record) -> BTreeMap<Time, BTreeMap<u32, bool>> {
    let mut visits: BTreeMap<Time, BTreeMap<u32, bool>> = BTreeMap::new();
    let mut last_verdicts: BTreeMap<u32, bool> = BTreeMap::new();
    for entry in record.journal.entries() {
        match &entry.kind {
            Kind::Handshake(handshake) => {
                let is_ok = handshake.verdict.is_ok();
                last_verdicts.insert(handshake.connection, is_ok);
                let now = visits.entry(entry.time).or_default();
                now.insert(handshake.connection, is_ok);
            }
            Kind::TrustChanged { .. } => {
                let Some(changed) = entry.subject.address() else {
                    continue;
                };
                for (number, connection) in (0..).zip(&record.manifest.connections) {
                    let takes_part = [&connection.client, &connection.server].contains(&&changed);
                    if let Some(is_ok) = last_verdicts.get(&number).filter(|_| takes_part) {
                        let now = visits.entry(entry.time).or_default();
                        now.insert(number, *is_ok);
                    }
                }
            }
            _ => {}
        }
    }
    visits
}
