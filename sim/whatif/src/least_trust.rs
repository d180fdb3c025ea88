//! Trust that nothing needs, and trust that everything rests on: every CA and every source of CAs is
//! taken away from each trust store that has it, at each instant at which one of its connections was judged, and
//! the handshake is done without it.
//!
//! Two sources that bring the same CA hide each other: neither is missed, until both are gone
//! (canonical/traefik-k8s-operator#565: `certificates` brought the CA that `receive-ca-cert` was
//! there for). Must not know the terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustsim_diagnosis::holder;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::Case;
use trustsim_validators::TrustStore;
use trustsim_world::{
    CertificateRecord, Deployment, Journal, Kind, Options, Simulation, WatchedSource,
};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct LeastTrust {
    /// Every CA that is trusted at the end, or was when a connection was judged.
    pub authorities: Vec<TrustedAuthority>,
    /// Every source of CAs.
    pub sources: Vec<SourceOfTrust>,
    /// Pairs of sources that hide each other.
    pub masked: Vec<Masked>,
    /// How many handshakes were judged without something.
    pub judged: u64,
}

/// A CA in a trust store.
#[derive(Clone, Debug)]
pub struct TrustedAuthority {
    /// `model.app/0`, or the name of a client.
    pub holder: String,
    /// The CA.
    pub certificate: Certificate,
    /// `model.app` of the application that made it, where the journal knows.
    pub owner: Option<String>,
    /// Names of connections that fail without it, at some instant.
    pub needed_by: BTreeSet<String>,
    /// When one last did.
    pub needed_until: Option<Time>,
    /// Whether it is still trusted at the end.
    pub is_trusted: bool,
}

/// Where a trust store has CAs from.
#[derive(Clone, Debug)]
pub struct SourceOfTrust {
    /// `model.app/0`, or the name of a client.
    pub holder: String,
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

/// Two sources of which neither is missed, and both are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Masked {
    /// `model.app/0`, or the name of a client.
    pub holder: String,
    /// The two.
    pub sources: [String; 2],
    /// Names of connections that fail without both.
    pub needed_by: BTreeSet<String>,
}

/// Plays a deployment to its end twice: to learn when each connection is judged, and to search.
pub fn least_trust(deployment: &Arc<Deployment>) -> LeastTrust {
    let record = Simulation::new(Arc::clone(deployment), Options::default()).finish();
    let mut judged: BTreeMap<Time, BTreeSet<u32>> = BTreeMap::new();
    for entry in record.journal.entries() {
        if let Kind::Handshake(handshake) = &entry.kind
            && handshake.verdict.is_ok()
        {
            judged
                .entry(entry.time)
                .or_default()
                .insert(handshake.connection);
        }
    }
    let mut search = TrustSearch::default();
    let mut simulation = Simulation::new(Arc::clone(deployment), Options::default());
    for (at, connections) in judged {
        simulation.run_until(at);
        for connection in connections {
            search.at(&simulation, connection);
        }
    }
    simulation.run_until(simulation.end());
    search.conclude(&simulation, &record.journal)
}

type Roots = Vec<Certificate>;

/// What was seen so far.
#[derive(Default)]
struct TrustSearch {
    authorities: BTreeMap<(String, String), TrustedAuthority>,
    sources: BTreeMap<(String, String), SourceOfTrust>,
    pairs: BTreeMap<(String, [String; 2]), BTreeSet<String>>,
    /// Connections judged of each holder.
    connections: BTreeMap<String, BTreeSet<u32>>,
    /// Cases that were looked at before: the same again teaches nothing.
    known: BTreeSet<(u32, [u8; 32], [u8; 32], bool)>,
    judged: u64,
}

/// One side that judges the other.
struct Judge<'a> {
    simulation: &'a Simulation,
    case: Case,
    connection: u32,
    name: String,
    holder: String,
    is_client: bool,
    sources: Vec<WatchedSource>,
}

impl TrustSearch {
    fn at(&mut self, simulation: &Simulation, connection: u32) {
        let Some(case) = simulation.case_of(connection) else {
            return;
        };
        let manifest = simulation.manifest();
        let record = &manifest.connections[connection as usize];
        let judge = |holder: &str, is_client: bool, sources| Judge {
            simulation,
            case: case.clone(),
            connection,
            name: record.name.clone(),
            holder: holder.to_owned(),
            is_client,
            sources,
        };
        self.of(&judge(
            &record.client,
            true,
            simulation.client_sources(connection),
        ));
        if case.server.client_trust.is_some() {
            let sources = simulation.server_sources(connection);
            self.of(&judge(&record.server, false, sources));
        }
    }

    fn of(&mut self, judge: &Judge<'_>) {
        let own = self.connections.entry(judge.holder.clone()).or_default();
        own.insert(judge.connection);
        let (trust, presented) = (judge.trust(), judge.presented());
        if !self.known.insert((
            judge.connection,
            presented,
            *trust.digest(),
            judge.is_client,
        )) {
            return;
        }
        let now = judge.simulation.now();
        let all: Roots = trust.roots().cloned().collect();
        for root in &all {
            let without: Roots = all.iter().filter(|each| *each != root).cloned().collect();
            let is_needed = self.fails(judge, without);
            let key = (judge.holder.clone(), root.serial().to_owned());
            let known = self
                .authorities
                .entry(key)
                .or_insert_with(|| TrustedAuthority {
                    holder: judge.holder.clone(),
                    certificate: root.clone(),
                    owner: None,
                    needed_by: BTreeSet::new(),
                    needed_until: None,
                    is_trusted: false,
                });
            if is_needed {
                known.needed_by.insert(judge.name.clone());
                known.needed_until = Some(now);
            }
        }
        self.of_sources(judge);
    }

    fn of_sources(&mut self, judge: &Judge<'_>) {
        let names: Vec<&str> = judge
            .sources
            .iter()
            .map(|source| source.name.as_str())
            .collect();
        let mut missed: Vec<bool> = Vec::new();
        for name in &names {
            let is_needed = self.fails(judge, judge.without(&[name]));
            missed.push(is_needed);
            let key = (judge.holder.clone(), (*name).to_owned());
            let known = self.sources.entry(key).or_insert_with(|| SourceOfTrust {
                holder: judge.holder.clone(),
                source: (*name).to_owned(),
                needed_by: BTreeSet::new(),
                connections: 0,
            });
            if is_needed {
                known.needed_by.insert(judge.name.clone());
            }
        }
        for (index, one) in names.iter().enumerate() {
            for (other, two) in names.iter().enumerate().skip(index + 1) {
                if missed[index] || missed[other] {
                    continue;
                }
                if self.fails(judge, judge.without(&[one, two])) {
                    let pair = [(*one).to_owned(), (*two).to_owned()];
                    let key = (judge.holder.clone(), pair);
                    self.pairs
                        .entry(key)
                        .or_default()
                        .insert(judge.name.clone());
                }
            }
        }
    }

    /// Whether the judge refuses its peer when it trusts only these.
    fn fails(&mut self, judge: &Judge<'_>, roots: Roots) -> bool {
        self.judged += 1;
        let mut case = judge.case.clone();
        let lists = judge.trust().revocation_lists().to_vec();
        let trust: TrustStore = roots.into_iter().collect();
        let trust = trust.with_revocation_lists(lists);
        match judge.is_client {
            true => case.client.trust = trust,
            false => case.server.client_trust = Some(trust),
        }
        let subject = format!("least-trust {}", judge.name);
        !judge.simulation.perform(&case, &subject).is_ok()
    }

    fn conclude(self, simulation: &Simulation, journal: &Journal) -> LeastTrust {
        let mut found = LeastTrust {
            authorities: self.authorities.into_values().collect(),
            sources: self.sources.into_values().collect(),
            masked: Vec::new(),
            judged: self.judged,
        };
        let trusting = simulation.trusting();
        // Who trusts something and was never judged needs none of it.
        for one in &trusting {
            for root in one.trust.roots() {
                let own = |known: &&mut TrustedAuthority| {
                    known.holder == one.address && known.certificate == *root
                };
                match found.authorities.iter_mut().find(own) {
                    Some(known) => known.is_trusted = true,
                    None => found.authorities.push(TrustedAuthority {
                        holder: one.address.clone(),
                        certificate: root.clone(),
                        owner: None,
                        needed_by: BTreeSet::new(),
                        needed_until: None,
                        is_trusted: true,
                    }),
                }
            }
        }
        let issued: BTreeMap<&str, &CertificateRecord> = journal
            .entries()
            .iter()
            .filter_map(|entry| match &entry.kind {
                Kind::CertificateIssued(record) => Some((record.certificate.serial(), record)),
                _ => None,
            })
            .collect();
        for authority in &mut found.authorities {
            // A public CA, or one that was there before the run, has no record.
            let record = issued.get(authority.certificate.serial());
            authority.owner = record.map(|record| holder(record));
        }
        for source in &mut found.sources {
            let judged = self.connections.get(&source.holder);
            let judged = judged.expect("a source is known from a connection that was judged");
            source.connections = judged.len();
            assert!(
                source.needed_by.len() <= source.connections,
                "a source is needed by connections that were judged: {source:?}"
            );
        }
        let needed: BTreeSet<(String, String)> = found
            .sources
            .iter()
            .filter(|source| !source.needed_by.is_empty())
            .map(|source| (source.holder.clone(), source.source.clone()))
            .collect();
        let hidden = self.pairs.into_iter().filter(|((holder, sources), _)| {
            let is_needed = |source: &String| needed.contains(&(holder.clone(), source.clone()));
            !sources.iter().any(is_needed)
        });
        found.masked = hidden
            .map(|((holder, sources), needed_by)| Masked {
                holder,
                sources,
                needed_by,
            })
            .collect();
        found
    }
}

impl Judge<'_> {
    fn trust(&self) -> &TrustStore {
        match (self.is_client, &self.case.server.client_trust) {
            (false, Some(trust)) => trust,
            _ => &self.case.client.trust,
        }
    }

    /// A digest of what the peer presents.
    fn presented(&self) -> [u8; 32] {
        let client = self.case.client.identity.as_ref();
        match (self.is_client, client) {
            (false, Some(identity)) => *identity.digest(),
            _ => *self.case.server.identity.digest(),
        }
    }

    /// Everything it trusts but what only these sources bring.
    fn without(&self, names: &[&str]) -> Roots {
        let kept: Vec<&TrustStore> = self
            .sources
            .iter()
            .filter(|source| !names.contains(&source.name.as_str()))
            .map(|source| &source.trust)
            .collect();
        let gone: Vec<&TrustStore> = self
            .sources
            .iter()
            .filter(|source| names.contains(&source.name.as_str()))
            .map(|source| &source.trust)
            .collect();
        let stays = |root: &&Certificate| {
            kept.iter().any(|trust| trust.contains(root))
                || !gone.iter().any(|trust| trust.contains(root))
        };
        self.trust().roots().filter(stays).cloned().collect()
    }
}
