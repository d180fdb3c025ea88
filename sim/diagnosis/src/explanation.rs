//! An outage in plain words: what was presented, what was trusted, which hop broke, which
//! relation would have carried what was missing, and what started it.

use super::carrier::{Carrier, carrier, deaf};
use super::case::Case;
use super::cause::{Cause, Detective, Trail};
use super::expectations::application_of;
use super::facts::{Facts, address, cause_chain};
use super::outages::Outage;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::{ErrorKind, Side};
use trustsim_world::{Deployment, HandshakeRecord, Journal, Kind, Manifest, Seq};

/// Why a connection failed, read from the journal.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is to blame: the first line of the diagnosis.
    pub cause: Cause,
    /// One line that names both sides.
    pub headline: String,
    /// Which hop broke, one clause.
    pub reason: String,
    /// The certificates in question: the leaf first, the root last. Empty where none was
    /// presented or the journal does not know them.
    pub presented: Vec<Certificate>,
    /// What the judging side trusted; `None` where the journal does not say.
    pub trusted: Option<Vec<Certificate>>,
    /// `model.app` of the CA that signed the leaf, where the journal knows it.
    pub signer: Option<String>,
    /// Who refused: `model.app/0`, or a client's name.
    pub judge: Option<String>,
    /// How the missing CA would have come, where trust is what was missing.
    pub carrier: Option<Carrier>,
    /// Everything that led to the first failure, the first cause first.
    pub chain: Vec<Seq>,
    /// What started it: the action nearest to the failure, else the first entry after the start
    /// of the run.
    pub root: Option<Seq>,
    /// The root in words with its scenario line.
    pub root_text: Option<String>,
    /// The handshake that is explained.
    pub seq: Seq,
    /// Its error.
    pub error: ErrorKind,
    /// What was to blame from when on, in one line each: where the error became another one, or
    /// where what opened the outage is not what kept it open. The first is from its beginning.
    pub parts: Vec<Part>,
}

/// What was to blame for a stretch of an outage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// From when on.
    pub from: Time,
    /// Its error.
    pub error: ErrorKind,
    /// What was to blame, as [`Cause::line`].
    pub cause: String,
    /// Everything in one line, as [`Explanation::line`].
    pub line: String,
}

impl Explanation {
    /// Everything in one line, for a column: the cause first.
    pub fn line(&self) -> String {
        let mut line = match self.cause.line.is_empty() || self.cause.line == self.reason {
            true => self.reason.clone(),
            false => format!("{}; {}", self.cause.line, self.reason),
        };
        if let Some(carrier) = &self.carrier {
            line.push_str(": ");
            line.push_str(&carrier.sentence());
        }
        if let Some(root) = &self.root_text {
            line.push_str("; after ");
            line.push_str(root);
        }
        line
    }
}

impl Explanation {
    fn part(&self, from: Time) -> Part {
        let cause = match self.cause.line.is_empty() {
            true => self.headline.clone(),
            false => self.cause.line.clone(),
        };
        Part {
            from,
            error: self.error,
            cause,
            line: self.line(),
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
            if let Kind::Handshake(record) = &entry.kind
                && let Some(of) = handshakes.get_mut(record.connection as usize)
            {
                of.push(Seq(u32::try_from(index).unwrap_or(u32::MAX)));
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

    /// The last handshake of a connection up to an instant.
    pub(super) fn in_force(
        &self,
        connection: u32,
        at: Time,
    ) -> Option<(Seq, Time, &'a HandshakeRecord)> {
        let of = self.handshakes.get(connection as usize)?;
        let entry = |seq: Seq| self.journal.get(seq);
        let count = of.partition_point(|seq| entry(*seq).is_some_and(|entry| entry.time <= at));
        let seq = of[..count].last().copied()?;
        let entry = entry(seq)?;
        match &entry.kind {
            Kind::Handshake(record) => Some((seq, entry.time, record)),
            _ => None,
        }
    }

    /// Explains an outage: the error that lasted longest, by what kept it so.
    pub(super) fn explain(&self, outage: &Outage) -> Explanation {
        let phases = self.phases(outage);
        let longest = (0..phases.len())
            .rev()
            .max_by_key(|&index| phases[index].until.since(phases[index].from))
            .filter(|&index| !self.lacks_trust_throughout(outage, &phases[index]))
            .unwrap_or_default();
        let mut explained: Vec<Explanation> = phases
            .iter()
            .map(|phase| self.explain_phase(outage, phase))
            .collect();
        let parts = explained.iter().flat_map(|each| each.parts.clone());
        let parts: Vec<Part> = parts.collect();
        let mut explanation = explained.swap_remove(longest);
        explanation.parts = parts;
        explanation
    }

    /// Whether an outage that opened for want of trust still wants it in a later phase, beneath
    /// whatever else is wrong by then.
    fn lacks_trust_throughout(&self, outage: &Outage, later: &Phase) -> bool {
        let case = |seq, at| self.case(outage.connection, seq, at);
        let (Some(opened), Some(later)) = (
            case(outage.opened, outage.from),
            case(later.seq, later.from),
        ) else {
            return false;
        };
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
            Some(phase) if phase.error == now.error => self.explain_phase(outage, phase),
            _ => return now,
        };
        let is_other = whole.cause.kind != now.cause.kind && !now.cause.is_passing();
        match is_other || whole.cause.line == now.cause.line {
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
    /// opened it because it never worked: then what is so at its half.
    fn explain_phase(&self, outage: &Outage, phase: &Phase) -> Explanation {
        let connection = outage.connection;
        let mut opening = self.explain_at(connection, phase.seq, phase.from);
        let first_attempt = self
            .manifest
            .connections
            .get(connection as usize)
            .and_then(|connection| connection.first_attempt);
        let never_worked = first_attempt.is_some_and(|first| phase.from <= first);
        opening.parts.push(opening.part(phase.from));
        if !never_worked && !opening.cause.is_passing() {
            return opening;
        }
        let half = phase.from + phase.until.since(phase.from) / 2;
        let Some((seq, _, _)) = self.in_force(connection, half) else {
            return opening;
        };
        let mut kept = self.explain_at(connection, seq, half);
        if kept.cause.line.is_empty() || kept.cause.line == opening.cause.line {
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

    /// Explains the handshake at `seq`, whose verdict still stands at `at`.
    pub(super) fn explain_at(&self, connection: u32, seq: Seq, at: Time) -> Explanation {
        let error = match self.journal.get(seq).map(|entry| &entry.kind) {
            Some(Kind::Handshake(record)) => record.verdict.error,
            _ => None,
        };
        let error = error.expect("only a handshake that failed is explained");
        let chain = cause_chain(self.journal, seq);
        let root = self.root(&chain);
        let root_text = root.and_then(|seq| self.root_text(seq));
        let Some(case) = self.case(connection, seq, at) else {
            return Explanation {
                cause: Cause::default(),
                headline: error.to_string(),
                reason: error.to_string(),
                presented: Vec::new(),
                trusted: None,
                signer: None,
                judge: None,
                carrier: None,
                chain,
                root,
                root_text,
                seq,
                error,
                parts: Vec::new(),
            };
        };
        let presented = case.leaf.iter().chain(&case.issuers);
        let carrier = self.carrier(&case);
        let detective = Detective {
            deployment: self.deployment,
            facts: &self.facts,
            trail: &self.trail,
        };
        Explanation {
            cause: detective.cause(&case, carrier.as_ref(), root),
            headline: case.headline(),
            reason: case.reason(),
            presented: presented.map(|record| record.certificate.clone()).collect(),
            trusted: case.trusted.map(<[_]>::to_vec),
            signer: case.signer(),
            judge: Some(case.judge.to_owned()),
            carrier,
            chain,
            root,
            root_text,
            seq,
            error,
            parts: Vec::new(),
        }
    }

    pub(super) fn case(&self, connection: u32, seq: Seq, at: Time) -> Option<Case<'a>> {
        let connection = self.manifest.connections.get(connection as usize)?;
        let entry = self.facts.entry(seq)?;
        let Kind::Handshake(record) = &entry.kind else {
            return None;
        };
        let (client, server) = (&connection.client, &connection.server);
        let (presenter, judge, serial) = match record.verdict.judged_by {
            // A server that cannot load what it would present refuses nobody but itself.
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
        Some(Case {
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
            deaf: deaf(self.deployment, application_of(presenter)),
        })
    }

    /// Where trust is what broke: the relation from the application whose CA signed the leaf.
    fn carrier(&self, case: &Case<'_>) -> Option<Carrier> {
        let signer = case.signer()?;
        let lacks_trust = case.lacks_trust();
        let trusts_chain = case.trusts_any_issuer();
        (lacks_trust && !trusts_chain).then(|| {
            carrier(
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

    fn root_text(&self, seq: Seq) -> Option<String> {
        let entry = self.journal.get(seq)?;
        Some(match &entry.kind {
            Kind::Action(record) => super::describe::action_line(record, self.deployment),
            kind => {
                let word = super::describe::kind_word(kind).replace('-', " ");
                format!("{word} of {}", address(&entry.subject))
            }
        })
    }
}
