//! A journal indexed by whom its entries are about: what a unit asked for, was given, waited for
//! and failed at. Knows what was written, not what it means.

use std::collections::BTreeMap;

use crate::expectations::application_of;
use crate::facts::address;
use trustsim_kernel::Time;
use trustsim_world::{CertificateRecord, Entry, Journal, Kind, Note, Seq};

/// The index. Addresses are `model.app/0`, `model.app`, or the name of a client.
pub(crate) struct Trail<'a> {
    journal: &'a Journal,
    by_address: BTreeMap<String, Vec<Seq>>,
    /// Certificates by whom they were issued to.
    issued: BTreeMap<String, Vec<Seq>>,
    actions: Vec<Seq>,
    /// The action that answered what waited for somebody.
    answers: BTreeMap<Seq, Seq>,
    settled: Option<Time>,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(journal: &'a Journal) -> Self {
        let mut trail = Self {
            journal,
            by_address: BTreeMap::new(),
            issued: BTreeMap::new(),
            actions: Vec::new(),
            answers: BTreeMap::new(),
            settled: None,
        };
        for (seq, entry) in journal.numbered() {
            trail.add(seq, entry);
        }
        trail
    }

    fn add(&mut self, seq: Seq, entry: &Entry) {
        match &entry.kind {
            Kind::Handshake(_) => return,
            Kind::Settled => self.settled = Some(entry.time),
            Kind::CertificateIssued(record) => {
                self.issued.entry(holder(record)).or_default().push(seq);
            }
            Kind::Action(_) => {
                self.actions.push(seq);
                if let Some(cause) = entry.cause {
                    self.answers.entry(cause).or_insert(seq);
                }
            }
            _ => {}
        }
        let of = self.by_address.entry(address(&entry.subject)).or_default();
        of.push(seq);
    }

    pub(super) fn entry(&self, seq: Seq) -> Option<&'a Entry> {
        self.journal.get(seq)
    }

    /// The last entry written up to an instant.
    pub(crate) fn last_before(&self, at: Time) -> Seq {
        let entries = self.journal.entries();
        let count = entries.partition_point(|entry| entry.time <= at);
        Seq(u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX))
    }

    /// When the deployment settled.
    pub(super) fn settled(&self) -> Option<Time> {
        self.settled
    }

    /// Every action, in order.
    pub(super) fn actions(&self) -> impl DoubleEndedIterator<Item = (Seq, &'a Entry)> + '_ {
        let of = |seq: &Seq| Some((*seq, self.journal.get(*seq)?));
        self.actions.iter().filter_map(of)
    }

    /// The action that somebody took because of this entry.
    pub(super) fn answer(&self, seq: Seq) -> Option<(Seq, &'a Entry)> {
        let answer = *self.answers.get(&seq)?;
        Some((answer, self.journal.get(answer)?))
    }

    /// Every entry about a unit or, of an application, about itself and any of its units, from
    /// `since` to `until`, in order.
    pub(super) fn about(&self, whom: &str, since: Time, until: Time) -> Vec<(Seq, &'a Entry)> {
        let mut found = Vec::new();
        let range = self.by_address.range(whom.to_owned()..);
        // `model.app/10` stands behind `model.app-b`, so the end of the range says nothing.
        let own = range
            .take_while(|(address, _)| address.starts_with(whom))
            .filter(|(address, _)| *address == whom || application_of(address) == whom);
        for (_, seqs) in own {
            let time = |seq: &Seq| {
                self.journal
                    .get(*seq)
                    .map_or(Time::EPOCH, |entry| entry.time)
            };
            let first = seqs.partition_point(|seq| time(seq) < since);
            let last = seqs.partition_point(|seq| time(seq) <= until);
            found.extend(seqs[first..last.max(first)].iter().copied());
        }
        found.sort_unstable();
        let of = |seq: Seq| Some((seq, self.journal.get(seq)?));
        found.into_iter().filter_map(of).collect()
    }

    /// Certificates issued to `model.app/0` or to `model.app`, in order.
    pub(super) fn issued_to(&self, holder: &str) -> Vec<(Seq, &'a Entry, &'a CertificateRecord)> {
        let seqs = self.issued.get(holder).map_or(&[][..], Vec::as_slice);
        let of = |seq: &Seq| {
            let entry = self.journal.get(*seq)?;
            match &entry.kind {
                Kind::CertificateIssued(record) => Some((*seq, entry, record)),
                _ => None,
            }
        };
        seqs.iter().filter_map(of).collect()
    }
}

/// Whom a certificate was issued to: `model.app/0`, or `model.app` for one of all its units.
pub(crate) fn holder(record: &CertificateRecord) -> String {
    let whom = record.unit.as_ref().unwrap_or(&record.application);
    format!("{}.{whom}", record.model)
}

/// The common name of a request for a certificate; `None` of any other entry.
pub(super) fn requested(entry: &Entry) -> Option<&str> {
    match &entry.kind {
        Kind::Note(Note::CertificateRequested { common_name }) => Some(common_name),
        _ => None,
    }
}
