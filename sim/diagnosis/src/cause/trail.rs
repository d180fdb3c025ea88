//! A journal indexed by the addresses that its entries are about: what a unit asked for, was given,
//! waited for and failed at. Knows what was written, not what it means.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::seq_of;
use trustsim_kernel::Time;
use trustsim_model::{Address, CertificateRecord, Entry, Journal, Kind, Note, Seq, Subject};

/// The index.
pub(crate) struct Trail<'a> {
    journal: &'a Journal,
    /// By application or client: its own entries, and those of each of its units.
    by_application: BTreeMap<Address, BTreeMap<Address, Vec<Seq>>>,
    /// Certificates by the holder they were issued to.
    issued: BTreeMap<Address, Vec<Seq>>,
    /// Applications of which a hook failed.
    failed: BTreeSet<Address>,
    actions: Vec<Seq>,
    /// The action that answered what waited for a person.
    answers: BTreeMap<Seq, Seq>,
    /// Actions that Juju refused.
    refused: BTreeSet<Seq>,
    settled: Option<Time>,
}

/// A certificate as it was issued: the entry that says so, and its record.
#[derive(Clone, Copy)]
pub(crate) struct Issued<'a> {
    pub(crate) seq: Seq,
    pub(crate) entry: &'a Entry,
    pub(crate) record: &'a CertificateRecord,
}

/// Entries by their address, while a journal is indexed. An address is put together once for each subject: a journal of
/// years has millions of entries about one unit.
#[derive(Default)]
struct Own<'a> {
    found: BTreeMap<Address, Vec<Seq>>,
    addresses: BTreeMap<&'a Subject, Option<Address>>,
}

impl<'a> Own<'a> {
    /// The address of the subject of an entry, which is added to those of the address.
    fn add(&mut self, seq: Seq, subject: &'a Subject) -> Option<&Address> {
        let known = self.addresses.entry(subject);
        let address = known.or_insert_with(|| subject.address()).as_ref()?;
        match self.found.get_mut(&**address) {
            Some(seqs) => seqs.push(seq),
            None => {
                self.found.insert(address.clone(), vec![seq]);
            }
        }
        Some(address)
    }
}

impl<'a> Trail<'a> {
    pub(crate) fn new(journal: &'a Journal) -> Self {
        let mut trail = Self {
            journal,
            by_application: BTreeMap::new(),
            issued: BTreeMap::new(),
            failed: BTreeSet::new(),
            actions: Vec::new(),
            answers: BTreeMap::new(),
            refused: BTreeSet::new(),
            settled: None,
        };
        let mut own = Own::default();
        for (seq, entry) in journal.numbered() {
            if matches!(entry.kind, Kind::Handshake(_)) {
                continue;
            }
            trail.add(seq, entry);
            let address = own.add(seq, &entry.subject);
            if let (Kind::HookFailed { .. }, Some(unit)) = (&entry.kind, address)
                && !trail.failed.contains(unit.application())
            {
                trail.failed.insert(unit.to_application());
            }
        }
        for (address, seqs) in own.found {
            let of = trail.by_application.entry(address.to_application());
            of.or_default().insert(address, seqs);
        }
        trail
    }

    fn add(&mut self, seq: Seq, entry: &Entry) {
        match &entry.kind {
            Kind::Note(Note::ActionRefused(_)) => self.refused.extend(entry.cause),
            Kind::Settled { .. } => self.settled = Some(entry.time),
            Kind::CertificateIssued(record) => {
                self.issued.entry(record.holder()).or_default().push(seq);
            }
            Kind::Action(_) => {
                self.actions.push(seq);
                if let Some(cause) = entry.cause {
                    self.answers.entry(cause).or_insert(seq);
                }
            }
            _ => {}
        }
    }

    pub(super) fn entry(&self, seq: Seq) -> Option<&'a Entry> {
        self.journal.get(seq)
    }

    /// An entry that this index points to.
    fn known(&self, seq: Seq) -> &'a Entry {
        self.journal
            .get(seq)
            .expect("an index of a journal points to entries that it has")
    }

    /// The last entry written up to an instant.
    pub(crate) fn last_before(&self, at: Time) -> Seq {
        let entries = self.journal.entries();
        let count = entries.partition_point(|entry| entry.time <= at);
        let last = count
            .checked_sub(1)
            .expect("nothing is looked for before the first entry of a journal");
        seq_of(last)
    }

    /// When the deployment settled.
    pub(super) fn settled(&self) -> Option<Time> {
        self.settled
    }

    /// Every action, in order.
    pub(super) fn actions(&self) -> impl DoubleEndedIterator<Item = (Seq, &'a Entry)> + '_ {
        self.actions.iter().map(|seq| (*seq, self.known(*seq)))
    }

    /// Whether Juju refused an action.
    pub(super) fn is_refused(&self, seq: Seq) -> bool {
        self.refused.contains(&seq)
    }

    /// The action that was taken because of this entry.
    pub(super) fn answer(&self, seq: Seq) -> Option<(Seq, &'a Entry)> {
        let answer = *self.answers.get(&seq)?;
        Some((answer, self.known(answer)))
    }

    /// Whether a hook of any unit of an application failed in the run.
    pub(super) fn has_failed(&self, of: &Address) -> bool {
        self.failed.contains(of.application())
    }

    /// Every entry about a unit or, of an application, about itself and any of its units, from
    /// `since` to `until`, in order.
    pub(super) fn about(
        &self,
        wanted: &Address,
        since: Time,
        until: Time,
    ) -> Vec<(Seq, &'a Entry)> {
        self.about_if(wanted, since, until, |_| true)
    }

    /// Those of them for which `is_it` holds: of the hooks of years little is asked for.
    pub(super) fn about_if(
        &self,
        wanted: &Address,
        since: Time,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Vec<(Seq, &'a Entry)> {
        let mut found = Vec::new();
        let all = self.by_application.get(wanted.application());
        let all = all.into_iter();
        let unit = wanted.to_unit();
        // A unit is looked up: an application may have very many.
        let own: Vec<&Vec<Seq>> = match wanted.unit_number() {
            None => all.flat_map(BTreeMap::values).collect(),
            Some(_) => {
                let both = [Some(wanted), (unit != *wanted).then_some(&unit)];
                all.flat_map(|all| both.iter().flatten().filter_map(|who| all.get(*who)))
                    .collect()
            }
        };
        for seqs in own {
            let time = |seq: &Seq| self.known(*seq).time;
            let first = seqs.partition_point(|seq| time(seq) < since);
            let last = seqs.partition_point(|seq| time(seq) <= until);
            let own = seqs[first..last.max(first)].iter();
            let own = own.map(|seq| (*seq, self.known(*seq)));
            found.extend(own.filter(|(_, entry)| is_it(entry)));
        }
        if wanted.process().is_some() {
            // What its workload trusts is no matter of another process.
            found.retain(|(_, entry)| {
                !matches!(entry.kind, Kind::TrustChanged { .. })
                    || entry
                        .subject
                        .address()
                        .is_some_and(|about| about == *wanted)
            });
        }
        // Each list is in order: a stable sort merges them.
        found.sort_by_key(|(seq, _)| *seq);
        found
    }

    /// Certificates issued to a unit or to an application, in order.
    pub(super) fn issued_to(&self, holder: &str) -> Vec<Issued<'a>> {
        let seqs = self.issued.get(holder).map_or(&[][..], Vec::as_slice);
        let of = |seq: &Seq| {
            let entry = self.known(*seq);
            let Kind::CertificateIssued(record) = &entry.kind else {
                panic!(
                    "{seq:?} is indexed as an issued certificate: {:?}",
                    entry.kind
                );
            };
            Issued {
                seq: *seq,
                entry,
                record,
            }
        };
        seqs.iter().map(of).collect()
    }
}
