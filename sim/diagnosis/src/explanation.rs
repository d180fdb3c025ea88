//! Why an outage is: its symptom, the root cause, which relation would have carried what was missing,
//! and what started it, as values. Explains the moment that counts: what opened an outage, unless
//! something else kept it open.

use super::ca_route::{CaRoute, ca_route, protocols_differ};
use super::case::Case;
use super::cause::{Cause, Performed, Records, RootCause, Search, Trail};
use super::facts::{Facts, cause_chain, seq_of};
use super::outages::Outage;
use super::symptom::Symptom;
use trustsim_kernel::Time;
use trustsim_model::{Deployment, Entry, HandshakeRecord, Journal, Kind, Manifest, Seq, Subject};
use trustsim_validators::{ErrorKind, Side};

/// Why a connection failed, read from the journal.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is to blame, and how it led there: the first line of the diagnosis.
    pub cause: RootCause,
    /// What the handshake shows of itself.
    pub symptom: Symptom,
    /// How the missing CA would have come, where trust is what was missing.
    pub ca_route: Option<CaRoute>,
    /// Everything that led to the first failure, the first cause first.
    pub chain: Vec<Seq>,
    /// What started it: the action nearest to the failure, else the first entry after the start
    /// of the run.
    pub root: Option<Seq>,
    /// The same as a value.
    pub trigger: Option<Trigger>,
    /// The handshake that is explained.
    pub seq: Seq,
    /// What was to blame from when on: where the error became another one, or where what opened the
    /// outage is not what kept it open. The first is from its beginning.
    pub parts: Vec<Part>,
}

/// What was to blame for a stretch of an outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From when on.
    pub from: Time,
    /// What was to blame.
    pub cause: Cause,
    /// What the handshake shows of itself.
    pub symptom: Symptom,
    /// How the missing CA would have come.
    pub ca_route: Option<CaRoute>,
    /// What started it.
    pub trigger: Option<Trigger>,
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

impl Explanation {
    fn part(&self, from: Time) -> Part {
        Part {
            from,
            cause: self.cause.what.clone(),
            symptom: self.symptom.clone(),
            ca_route: self.ca_route.clone(),
            trigger: self.trigger.clone(),
        }
    }
}

/// Everything an outage is explained from.
pub(super) struct Explainer<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) manifest: &'a Manifest,
    pub(super) journal: &'a Journal,
    pub(super) facts: Facts<'a>,
    pub(super) trail: Trail<'a>,
    /// The handshakes of each connection, in order.
    handshakes: Vec<Vec<Seq>>,
}

/// A stretch of an outage with one error.
struct Phase {
    seq: Seq,
    error: ErrorKind,
    from: Time,
    until: Time,
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
        Self {
            deployment,
            manifest,
            journal,
            facts: Facts::new(journal),
            trail: Trail::new(journal),
            handshakes,
        }
    }

    /// The entry of a handshake, and what it recorded.
    fn handshake(&self, seq: Seq) -> (&'a Entry, &'a HandshakeRecord) {
        let entry = self.journal.get(seq);
        let entry = entry.expect("a handshake is known by its entry");
        let Kind::Handshake(record) = &entry.kind else {
            panic!("{seq:?} is the entry of a handshake: {:?}", entry.kind);
        };
        (entry, record)
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

    /// Explains an outage: the error that lasted longest, by what kept it so.
    pub(super) fn explain(&self, outage: &Outage) -> Explanation {
        let (entry, record) = self.handshake(outage.opened);
        assert!(
            record.connection == outage.connection && !record.verdict.is_ok(),
            "an outage is opened by a failing handshake of its connection: {outage:?}"
        );
        assert!(
            entry.time <= outage.from,
            "an outage begins with the handshake that opened it: {outage:?}"
        );
        let phases = self.phases(outage);
        assert!(
            phases.iter().all(|phase| phase.from <= phase.until),
            "the errors of an outage follow each other: {outage:?}"
        );
        let longest = (0..phases.len())
            .rev()
            .max_by_key(|&index| phases[index].until.since(phases[index].from))
            .filter(|&index| !self.lacks_trust_throughout(outage, &phases[index]))
            // What opened it counts where trust is missing from then on.
            .unwrap_or(0);
        let mut explained: Vec<Explanation> = phases
            .iter()
            .map(|phase| self.explain_phase(outage, phase))
            .collect();
        let parts = explained.iter().flat_map(|each| each.parts.clone());
        let parts: Vec<Part> = parts.collect();
        assert!(
            parts.first().is_some_and(|part| part.from == outage.from),
            "an outage is explained from its beginning: {outage:?}"
        );
        assert!(
            parts.windows(2).all(|two| two[0].from <= two[1].from),
            "what was to blame comes in order of time: {outage:?}"
        );
        let mut explanation = explained.swap_remove(longest);
        explanation.parts = parts;
        explanation
    }

    /// Whether an outage that opened because trust was missing still lacks it in a later phase, beneath
    /// what else is wrong by then.
    fn lacks_trust_throughout(&self, outage: &Outage, later: &Phase) -> bool {
        let case = |seq, at| self.case(outage.connection, seq, at);
        let opened = case(outage.opened, outage.from);
        let later = case(later.seq, later.from);
        opened.lacks_trust()
            && later.leaf.is_some()
            && later.judge == opened.judge
            && !later.trusts_any_issuer()
    }

    /// How an outage is explained at an instant within it: as [`Explainer::explain`] does, but
    /// where something else was to blame just then.
    pub(super) fn explain_within(&self, outage: &Outage, seq: Seq, at: Time) -> Explanation {
        let now = self.explain_at(outage.connection, seq, at);
        let phases = self.phases(outage);
        let phase = phases.iter().rfind(|phase| phase.from <= at);
        let whole = match phase {
            Some(phase) if phase.error == now.symptom.error => self.explain_phase(outage, phase),
            _ => return now,
        };
        let (of_whole, of_now) = (&whole.cause.what, &now.cause.what);
        let is_other = !of_whole.is_like(of_now) && !now.cause.pending;
        match is_other || of_whole == of_now {
            true => now,
            false => whole,
        }
    }

    fn phases(&self, outage: &Outage) -> Vec<Phase> {
        let end = self.manifest.start + self.manifest.duration;
        let end = outage.until.unwrap_or(end);
        let first = (outage.opened, outage.error, outage.from);
        let changes = outage.changes.iter();
        let begins = changes.map(|change| (change.seq, change.error, change.at));
        let begins: Vec<_> = std::iter::once(first).chain(begins).collect();
        let ends = begins.iter().skip(1).map(|(_, _, at)| *at);
        let ends = ends.chain(std::iter::once(end));
        let phases = begins.iter().zip(ends);
        phases
            .map(|((seq, error, from), until)| Phase {
                seq: *seq,
                error: *error,
                from: *from,
                until,
            })
            .collect()
    }

    /// What opened a phase is to blame for it, unless it was only on its way then, or nothing
    /// opened it because it never worked: then what is so at its midpoint.
    fn explain_phase(&self, outage: &Outage, phase: &Phase) -> Explanation {
        let connection = outage.connection;
        let mut opening = self.explain_at(connection, phase.seq, phase.from);
        let first_attempt = self.manifest.connections[connection as usize].first_attempt;
        let never_worked = first_attempt.is_some_and(|first| phase.from <= first);
        opening.parts.push(opening.part(phase.from));
        // What was replaced at its own instant has no later moment to look at.
        if phase.from == phase.until || (!never_worked && !opening.cause.pending) {
            return opening;
        }
        let half = phase.from + phase.until.since(phase.from) / 2;
        let (seq, _, _) = self
            .in_force(connection, half)
            .expect("an outage is opened by a handshake");
        let mut kept = self.explain_at(connection, seq, half);
        if kept.cause.what == opening.cause.what {
            return opening;
        }
        let steps = kept.cause.steps.iter().map(|step| step.at);
        let since = steps.filter(|at| *at <= half).max();
        let since = since.unwrap_or(phase.from).max(phase.from);
        if since > phase.from {
            kept.parts.append(&mut opening.parts);
        }
        kept.parts.push(kept.part(since));
        kept
    }

    /// Explains the handshake at `seq`, whose verdict still holds at `at`.
    pub(super) fn explain_at(&self, connection: u32, seq: Seq, at: Time) -> Explanation {
        let chain = cause_chain(self.journal, seq);
        let root = self.root(&chain);
        let case = self.case(connection, seq, at);
        let ca_route = self.ca_route(&case);
        let search = Search {
            records: Records {
                deployment: self.deployment,
                facts: &self.facts,
                trail: &self.trail,
            },
        };
        let cause = search.root_cause(&case, ca_route.as_ref(), root);
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
            parts: Vec::new(),
        }
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
            trusted: self.facts.trusted(judge, as_of).map(|(_, roots)| roots),
            protocols_differ: protocols_differ(self.deployment, presenter),
        }
    }

    /// Where trust is what broke: the relation from the application whose CA signed the leaf.
    fn ca_route(&self, case: &Case<'_>) -> Option<CaRoute> {
        let signer = case.signer()?;
        let lacks_trust = case.lacks_trust();
        let trusts_chain = case.trusts_any_issuer();
        (lacks_trust && !trusts_chain).then(|| {
            ca_route(
                self.deployment,
                &self.facts,
                &signer,
                case.judge,
                case.as_of,
            )
        })
    }

    fn root(&self, chain: &[Seq]) -> Option<Seq> {
        let kind = |seq: &&Seq| self.journal.get(**seq).map(|entry| &entry.kind);
        let action = chain
            .iter()
            .rev()
            .find(|seq| matches!(kind(seq), Some(Kind::Action(_))));
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
