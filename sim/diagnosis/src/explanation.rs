//! Why a handshake failed: its symptom, the root cause, which relation would have carried what was missing, and what
//! started it, as values. `parts.rs` divides an outage into the stretches that are explained each by one.

use std::collections::BTreeMap;

use super::ca_route::{CaRoute, OwnedCa, PassingRelation, ProtocolMismatches, ca_route, handing};
use super::case::Case;
use super::cause::{Performed, Records, RootCause, Roots, Search, Trail};
use super::facts::{Facts, cause_chain, seq_of};
use super::symptom::Symptom;
use trustsim_kernel::Time;
use trustsim_model::{
    ClientNames, Deployment, Entry, HandshakeRecord, Journal, Kind, Manifest, Seq, Subject,
};
use trustsim_validators::{ErrorKind, Side};

/// The place of the CA that signed a leaf, among the CAs above it.
const LEAF_SIGNER: usize = 0;

/// Why a connection failed at one instant, read from the journal.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is to blame, and how it led there: the first line of the diagnosis.
    pub cause: RootCause,
    /// What the handshake shows of itself.
    pub symptom: Symptom,
    /// How the missing CA would have come, where trust is what was missing.
    pub ca_route: Option<CaRoute>,
    /// Everything that led to the failure, the first cause first.
    pub chain: Vec<Seq>,
    /// What started it: the action nearest to the failure, else the first entry after the start
    /// of the run.
    pub root: Option<Seq>,
    /// The same as a value.
    pub trigger: Option<Trigger>,
    /// The handshake that is explained.
    pub seq: Seq,
}

impl Explanation {
    /// Whether two show the same error and blame the same for it.
    pub fn tells_the_same(&self, other: &Self) -> bool {
        self.symptom.error == other.symptom.error && self.cause.what == other.cause.what
    }

    /// The first instant that what is to blame is about: that of the action that led there, else that of the first step,
    /// or of the entry that shows it.
    pub fn begun(&self, journal: &Journal) -> Time {
        let time = |seq: Seq| journal.get(seq).map(|entry| entry.time);
        let failed = time(self.seq).expect("what is explained is an entry of the journal");
        if let Some((at, _)) = &self.cause.action {
            return failed.min(*at);
        }
        let shown = self.cause.seq.and_then(time);
        let steps = self.cause.steps.iter().map(|step| step.at);
        steps.chain(shown).fold(failed, Time::min)
    }
}

/// What started an outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// An action.
    Action(Performed),
    /// An entry of this kind, about this subject.
    Entry {
        /// What happened, by the kind of the entry.
        what: &'static str,
        /// What it is about.
        subject: Subject,
    },
}

fn handshake(journal: &Journal, seq: Seq) -> (&Entry, &HandshakeRecord) {
    let entry = journal.get(seq);
    let entry = entry.expect("a handshake is known by its entry");
    let Kind::Handshake(record) = &entry.kind else {
        panic!("{seq:?} is the entry of a handshake: {:?}", entry.kind);
    };
    (entry, record)
}

/// Of each handshake of a connection the first that failed as it does, since the connection last worked; itself where it
/// works. A connection that fails again and again for years is asked for it as often.
fn first_alike(journal: &Journal, own: &[Seq]) -> Vec<Seq> {
    let mut failing: BTreeMap<ErrorKind, Seq> = BTreeMap::new();
    let first = own
        .iter()
        .map(|&seq| match handshake(journal, seq).1.verdict.error {
            Some(error) => *failing.entry(error).or_insert(seq),
            None => {
                failing.clear();
                seq
            }
        });
    first.collect()
}

/// Everything an outage is explained from.
pub(super) struct Explainer<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) manifest: &'a Manifest,
    pub(super) journal: &'a Journal,
    pub(super) facts: Facts<'a>,
    pub(super) clients: ClientNames<'a>,
    pub(super) trail: Trail<'a>,
    mismatches: ProtocolMismatches,
    /// The handshakes of each connection, in order.
    pub(super) handshakes: Vec<Vec<Seq>>,
    /// Of each of them the first that failed as it does, since the connection last worked; itself where it works.
    first_alike: Vec<Vec<Seq>>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(
        deployment: &'a Deployment,
        manifest: &'a Manifest,
        journal: &'a Journal,
    ) -> Self {
        let mut handshakes = vec![Vec::new(); manifest.connections.len()];
        for (index, entry) in journal.entries().iter().enumerate() {
            if let Kind::Handshake(record) = &entry.kind {
                let connection = record.connection as usize;
                assert!(
                    connection < handshakes.len(),
                    "a handshake belongs to a connection of the manifest: {connection}"
                );
                handshakes[connection].push(seq_of(index));
            }
        }
        let first_alike = handshakes.iter().map(|own| first_alike(journal, own));
        Self {
            deployment,
            manifest,
            journal,
            first_alike: first_alike.collect(),
            facts: Facts::new(journal),
            clients: ClientNames::of(deployment),
            trail: Trail::new(journal),
            mismatches: ProtocolMismatches::of(deployment),
            handshakes,
        }
    }

    /// The entry of a handshake, and what it recorded.
    pub(super) fn handshake(&self, seq: Seq) -> (&'a Entry, &'a HandshakeRecord) {
        handshake(self.journal, seq)
    }

    /// The last handshake of a connection up to an instant.
    pub(super) fn in_force(
        &self,
        connection: u32,
        at: Time,
    ) -> Option<(Seq, Time, &'a HandshakeRecord)> {
        let of = &self.handshakes[connection as usize];
        let count = of.partition_point(|seq| self.handshake(*seq).0.time <= at);
        let seq = *of[..count].last()?;
        let (entry, record) = self.handshake(seq);
        Some((seq, entry.time, record))
    }

    /// Explains the handshake at `seq`, whose verdict still holds at `at`.
    pub(super) fn explain_at(&self, connection: u32, seq: Seq, at: Time) -> Explanation {
        let chain = cause_chain(self.journal, seq);
        let root = self.root(&chain);
        let mut case = self.case(connection, seq, at);
        case.wanted = self.wanted(&case);
        let ca_route = self.ca_route(&case);
        let search = Search {
            records: Records {
                deployment: self.deployment,
                facts: &self.facts,
                trail: &self.trail,
                mismatches: &self.mismatches,
            },
        };
        let begun = self.what_began(&case, connection, seq);
        let cause = search.root_cause(&case, ca_route.as_ref(), Roots { root, begun });
        assert!(
            cause.seq.is_none_or(|seq| self.journal.get(seq).is_some()),
            "a cause rests on an entry of the journal: {cause:?}"
        );
        assert_eq!(
            chain.last(),
            Some(&seq),
            "what led to a handshake ends with it"
        );
        Explanation {
            cause,
            symptom: case.symptom(),
            ca_route,
            chain,
            root,
            trigger: root.map(|seq| self.trigger(seq)),
            seq,
        }
    }

    /// What led to the first handshake, since a connection last worked, that failed as it does at `seq`. What came in
    /// between, a renewal for example, changed what is presented, and not that it is wrong. `None` where trust is missing
    /// and it failed before already: by then it may be the trust of another CA.
    fn what_began(&self, case: &Case<'a>, connection: u32, seq: Seq) -> Option<Seq> {
        let own = &self.handshakes[connection as usize];
        let last = own.partition_point(|each| *each < seq);
        assert_eq!(
            own.get(last),
            Some(&seq),
            "a handshake is one of its connection"
        );
        let before = own[..last].last();
        let failed = before.is_some_and(|seq| !self.handshake(*seq).1.verdict.is_ok());
        let first = match (case.lacks_trust(), failed) {
            (true, true) => return None,
            (true, false) => seq,
            (false, _) => self.first_alike[connection as usize][last],
        };
        self.root(&cause_chain(self.journal, first))
    }

    pub(super) fn case(&self, connection: u32, seq: Seq, at: Time) -> Case<'a> {
        let (entry, record) = self.handshake(seq);
        assert_eq!(
            record.connection, connection,
            "a connection is explained by a handshake of its own: {seq:?}"
        );
        let connection = &self.manifest.connections[connection as usize];
        let (client, server) = (&connection.client, &connection.server);
        let (presenter, judge, serial) = match record.verdict.judged_by {
            // A server that cannot load what it would present refuses only itself.
            Some(Side::Server)
                if record
                    .verdict
                    .error
                    .is_some_and(ErrorKind::prevents_loading) =>
            {
                (server, server, &record.server_serial)
            }
            Some(Side::Server) => (client, server, &record.client_serial),
            _ => (server, client, &record.server_serial),
        };
        let leaf = self.facts.presented(presenter, serial, seq);
        let as_of = match at > entry.time {
            true => self.trail.last_before(at).max(seq),
            false => seq,
        };
        Case {
            at: at.max(entry.time),
            as_of,
            connection,
            record,
            presenter,
            judge,
            serial,
            leaf,
            issuers: leaf.map_or_else(Vec::new, |leaf| self.facts.issuers(leaf)),
            wanted: LEAF_SIGNER,
            trusted: self.facts.trusted(judge, as_of).map(|(_, roots)| roots),
            protocols_differ: self.mismatches.of_requirer(presenter),
        }
    }

    /// Which CA of a chain the judge should trust. Of a Vault that has an intermediate of another CA, the one or the other
    /// may come to it.
    fn wanted(&self, case: &Case<'_>) -> usize {
        if case.issuers.len() < 2 || !case.lacks_trust() || case.trusts_any_issuer() {
            return LEAF_SIGNER;
        }
        let mut owners = case.issuers.iter().map(|issuer| issuer.owner());
        let comes = owners.position(|owner| {
            let ca = OwnedCa {
                owner: &owner,
                is_own_root: case.is_of_own_root(),
            };
            let clients = &self.clients;
            let route = ca_route(
                self.deployment,
                &self.facts,
                clients,
                ca,
                case.judge,
                case.as_of,
            );
            route.has_carried()
        });
        // Where none comes, what is missing is the CA that signed.
        comes.unwrap_or(LEAF_SIGNER)
    }

    /// Where trust is what broke: the relation from the application whose CA signed the leaf.
    fn ca_route(&self, case: &Case<'_>) -> Option<CaRoute> {
        let signer = case.signer()?;
        let lacks_trust = case.lacks_trust();
        let trusts_chain = case.trusts_any_issuer();
        if let Some(handing) = self.handing(case).filter(|_| lacks_trust && !trusts_chain) {
            return Some(CaRoute::PassedOn(handing));
        }
        (lacks_trust && !trusts_chain).then(|| {
            ca_route(
                self.deployment,
                &self.facts,
                &self.clients,
                OwnedCa {
                    owner: &signer,
                    is_own_root: case.is_of_own_root(),
                },
                case.judge,
                case.as_of,
            )
        })
    }

    /// The relation over which the server has a certificate of this client, which is not the one that it shows.
    fn handing(&self, case: &Case<'_>) -> Option<PassingRelation> {
        let presenter = case.presenter.to_unit();
        let mut known = case
            .roots()
            .iter()
            .filter_map(|root| self.facts.record_of(root));
        known.find(|record| record.holder() == presenter)?;
        let ends = [case.presenter, case.judge];
        handing(self.deployment, &self.facts, ends, case.as_of)
    }

    fn root(&self, chain: &[Seq]) -> Option<Seq> {
        let kind = |seq: &&Seq| self.journal.get(**seq).map(|entry| &entry.kind);
        let actions = || {
            let all = chain.iter().rev();
            all.filter(|seq| matches!(kind(seq), Some(Kind::Action(_))))
        };
        let is_planned = |seq: &&Seq| {
            let action = kind(seq);
            matches!(action, Some(Kind::Action(record)) if record.planned)
        };
        // What an operator did who was waited for came of something else.
        let action = actions().find(is_planned).or_else(|| actions().next());
        let first = || {
            chain
                .iter()
                .find(|seq| !matches!(kind(seq), Some(Kind::Started | Kind::Handshake(_))))
        };
        action.or_else(first).copied()
    }

    fn trigger(&self, seq: Seq) -> Trigger {
        let entry = self.journal.get(seq);
        let entry = entry.expect("a chain of causes is made of entries");
        match &entry.kind {
            Kind::Action(record) => Trigger::Action(Performed::new(record, self.deployment)),
            kind => Trigger::Entry {
                what: super::entry_kind::entry_kind(kind),
                subject: entry.subject.clone(),
            },
        }
    }
}
