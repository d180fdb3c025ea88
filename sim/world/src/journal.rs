//! The journal of a run while it is written, and which of its entries later ones are caused by.

use std::collections::BTreeMap;

use super::deployed::Deployed;
use trustsim_interfaces::notes::{Note as CharmNote, RequestContent};
use trustsim_juju::{About, UnitId};
use trustsim_kernel::{Seq, Time};
use trustsim_model::{
    ApplicationIndex, CertificateRecord, Deployment, Entry, Journal, Kind, Note, Refusal, Subject,
};
use trustsim_pki::{Certificate, CertificateRequest};

/// The journal, with what has to be remembered of it.
#[derive(Clone, Debug)]
pub(super) struct JournalWriter {
    journal: Journal,
    /// The first entry: what everything at the start is caused by.
    root: Seq,
    /// The last hook of each unit that is in the journal.
    last_hook: BTreeMap<UnitId, Seq>,
    /// The entry that last set a clock.
    clock_cause: Option<Seq>,
    /// How often anything that connections depend on became another thing.
    shifts: u64,
    /// What is known of each request that reached a databag.
    requested: BTreeMap<CertificateRequest, Asked>,
}

/// A request that reached a databag.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The entry in which it did.
    entry: Seq,
    /// When it did; `None` once a certificate was issued, which may be issued again.
    waits_since: Option<Time>,
}

impl JournalWriter {
    /// The run begins.
    pub(super) fn new(start: Time) -> Self {
        let mut journal = Journal::default();
        let root = journal.record(Entry::new(start, None, Subject::default(), Kind::Started));
        Self {
            journal,
            root,
            last_hook: BTreeMap::new(),
            clock_cause: None,
            shifts: 0,
            requested: BTreeMap::new(),
        }
    }

    pub(super) fn written(&self) -> &Journal {
        &self.journal
    }

    pub(super) fn into_journal(self) -> Journal {
        self.journal
    }

    /// The first entry: what everything at the start is caused by.
    pub(super) fn root(&self) -> Seq {
        self.root
    }

    /// The place of the next entry.
    pub(super) fn next_seq(&self) -> Seq {
        self.journal.next_seq()
    }

    pub(super) fn record(&mut self, entry: Entry) -> Seq {
        let shifts = match entry.kind {
            Kind::Handshake(_)
            | Kind::Persists(_)
            | Kind::CertificateServed { .. }
            | Kind::TrustChanged { .. } => 1,
            _ => 0,
        };
        self.shifts += shifts;
        self.journal.record(entry)
    }

    /// How often what a process serves or trusts, or what comes of a connection, became another thing so far.
    pub(super) const fn shifts(&self) -> u64 {
        self.shifts
    }

    /// What an action asked for was refused.
    pub(super) fn refused(&mut self, refusal: Refusal, cause: Seq, time: Time) {
        self.record(Entry::new(
            time,
            Some(cause),
            Subject::default(),
            Kind::Note(Note::ActionRefused(refusal)),
        ));
    }

    /// A unit began a hook.
    pub(super) fn hook_started(&mut self, unit: UnitId, entry: Entry) -> Seq {
        let entry = self.journal.record(entry);
        self.last_hook.insert(unit, entry);
        entry
    }

    /// The last hook of a unit that is in the journal.
    pub(super) fn last_hook(&self, unit: UnitId) -> Option<Seq> {
        self.last_hook.get(&unit).copied()
    }

    /// `entry` set a clock.
    pub(super) fn clock_set(&mut self, entry: Seq) {
        self.clock_cause = Some(entry);
    }

    /// The entry that last set a clock.
    pub(super) fn clock_cause(&self) -> Option<Seq> {
        self.clock_cause
    }

    /// What a charm says that it did.
    pub(super) fn charm_note(
        &mut self,
        deployed: &Deployed,
        unit: UnitId,
        note: CharmNote,
        cause: Option<Seq>,
        time: Time,
    ) {
        let kind = match note {
            CharmNote::CertificateIssued(issued) => {
                let request = issued.request.as_ref();
                let asked = request.and_then(|request| self.requested.get_mut(request));
                let (waited_since, entry) = match asked {
                    Some(asked) => (asked.waits_since.take(), Some(asked.entry)),
                    None => (None, None),
                };
                Kind::CertificateIssued(CertificateRecord {
                    requested_at: waited_since,
                    request: entry,
                    ..deployed.certificate_record(unit, &issued)
                })
            }
            CharmNote::KeyStored(stored) => Kind::KeyStored(deployed.key_record(unit, &stored)),
            CharmNote::CertificateRequested(requested) => {
                if let RequestContent::Csr(request) = &requested.content {
                    let asked = Asked {
                        entry: self.next_seq(),
                        waits_since: Some(time),
                    };
                    self.requested.insert(request.clone(), asked);
                }
                let record = deployed.request_record(unit, requested);
                Kind::Note(Note::CertificateRequested(record))
            }
            CharmNote::CertificateRefused { refused, request } => {
                let request = request.as_ref();
                let known = request.and_then(|request| self.requested.get(request));
                Kind::Note(Note::CertificateRefused {
                    refused,
                    request: known.map(|asked| asked.entry),
                })
            }
            CharmNote::CertificateRevoked { common_name } => {
                Kind::Note(Note::CertificateRevoked { common_name })
            }
            CharmNote::ActionResult(text) => Kind::Note(Note::ActionResult { text }),
            CharmNote::ActionResults(results) => Kind::Note(Note::ActionResults { results }),
            CharmNote::ActionFailed(message) => Kind::Note(Note::ActionFailed { message }),
            CharmNote::AcmeOrderRefused(order) => Kind::Note(Note::AcmeOrderRefused(order)),
            CharmNote::AcmeAccountOpened => Kind::Note(Note::AcmeAccountOpened),
        };
        self.record(Entry::new(
            time,
            cause,
            deployed.subject(About::Unit(unit)),
            kind,
        ));
    }
}

/// The certificates that were made.
impl JournalWriter {
    /// Every certificate that was made so far, in order.
    pub(super) fn certificates(&self) -> impl DoubleEndedIterator<Item = &CertificateRecord> {
        let entries = self.journal.entries().iter();
        entries.filter_map(|entry| match &entry.kind {
            Kind::CertificateIssued(record) => Some(record),
            _ => None,
        })
    }

    /// Every CA certificate that was made so far, in order.
    fn authorities(&self) -> impl DoubleEndedIterator<Item = &CertificateRecord> {
        let all = self.certificates();
        all.filter(|record| record.certificate.is_ca())
    }

    /// Every CA certificate of an application so far, the newest last.
    pub(super) fn authorities_of(
        &self,
        deployment: &Deployment,
        application: ApplicationIndex,
    ) -> Vec<Certificate> {
        let spec = &deployment.applications[application];
        let model = deployment.models[spec.model].name.as_str();
        let own = self
            .authorities()
            .filter(|record| &*record.model == model && &*record.application == spec.name.as_str());
        own.map(|record| record.certificate.clone()).collect()
    }

    /// The newest CA certificate that signed this one.
    pub(super) fn issuer_of(&self, certificate: &Certificate) -> Option<Certificate> {
        let mut authorities = self.authorities().rev().map(|record| &record.certificate);
        let signed = |ca: &&Certificate| {
            ca.subject_der() == certificate.issuer_der() && certificate.verify_issued_by(ca)
        };
        authorities.find(signed).cloned()
    }

    /// The certificates above one, nearest first.
    pub(super) fn issuers_of(&self, certificate: &Certificate) -> Vec<Certificate> {
        let mut chain: Vec<Certificate> = Vec::new();
        loop {
            let below = chain.last().unwrap_or(certificate);
            if below.is_self_issued() {
                return chain;
            }
            match self.issuer_of(below) {
                Some(issuer) if !chain.contains(&issuer) => chain.push(issuer),
                _ => return chain,
            }
        }
    }
}
