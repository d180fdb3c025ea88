//! A journal indexed by the addresses that its entries are about: what a unit asked for, was given,
//! waited for and failed at. Knows what was written, not what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use crate::facts::seq_of;
use trustsim_kernel::Time;
use trustsim_model::{Address, CertificateRecord, Entry, Journal, Kind, Note, Seq, Subject};

/// The index.
pub(crate) struct Trail<'a> {
    journal: &'a Journal,
    /// By application or client: its own entries, and those of each of its units.
    by_application: BTreeMap<Address, BTreeMap<Address, OwnEntries>>,
    /// Certificates by the holder they were issued to.
    issued: BTreeMap<Address, Vec<Seq>>,
    /// All of them in the order of what they are, byte for byte, and of when they were issued.
    by_bytes: Vec<Seq>,
    /// Of each entry the nearest action of those that led to it, itself included.
    nearest_actions: Vec<Option<Action>>,
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

/// The entry of an action, counted from one. `Option` of it is four bytes: a long journal has millions of entries.
#[derive(Clone, Copy)]
struct Action(NonZeroU32);

impl Action {
    fn at(seq: Seq) -> Self {
        let number = NonZeroU32::MIN.checked_add(seq.0);
        Self(number.expect("a journal has fewer entries than its positions can count"))
    }

    const fn seq(self) -> Seq {
        Seq(self.0.get() - 1)
    }
}

/// The entries about one address, in order.
#[derive(Default)]
struct OwnEntries {
    /// Hooks that began or were committed: nearly all of a journal of years.
    hooks: Vec<Seq>,
    /// Databags that changed.
    bags: Vec<Seq>,
    facts: Vec<Seq>,
}

impl OwnEntries {
    fn add(&mut self, seq: Seq, kind: &Kind) {
        match kind {
            Kind::HookStarted { .. } | Kind::HookCommitted { .. } => self.hooks.push(seq),
            Kind::DatabagChanged { .. } => self.bags.push(seq),
            _ => self.facts.push(seq),
        }
    }

    fn lists(&self) -> [&[Seq]; 3] {
        [&self.hooks, &self.bags, &self.facts]
    }
}

/// Entries by their address, while a journal is indexed. An address is put together once for each subject: a journal of
/// years has millions of entries about one unit.
#[derive(Default)]
struct Own<'a> {
    found: BTreeMap<Address, OwnEntries>,
    addresses: BTreeMap<&'a Subject, Option<Address>>,
}

impl<'a> Own<'a> {
    /// The address of the subject of an entry, which is added to those of the address.
    fn add(&mut self, seq: Seq, entry: &'a Entry) -> Option<&Address> {
        let subject = &entry.subject;
        let known = self.addresses.entry(subject);
        let address = known.or_insert_with(|| subject.address()).as_ref()?;
        if !self.found.contains_key(&**address) {
            self.found.insert(address.clone(), OwnEntries::default());
        }
        let own = self.found.get_mut(&**address);
        own.expect("it was added").add(seq, &entry.kind);
        Some(address)
    }
}

impl<'a> Trail<'a> {
    pub(crate) fn new(journal: &'a Journal) -> Self {
        let mut trail = Self {
            journal,
            by_application: BTreeMap::new(),
            issued: BTreeMap::new(),
            by_bytes: Vec::new(),
            nearest_actions: Vec::with_capacity(journal.entries().len()),
            failed: BTreeSet::new(),
            actions: Vec::new(),
            answers: BTreeMap::new(),
            refused: BTreeSet::new(),
            settled: None,
        };
        let mut own = Own::default();
        for (seq, entry) in journal.numbered() {
            let nearest = trail.nearest_of(seq, entry);
            trail.nearest_actions.push(nearest);
            if matches!(entry.kind, Kind::Handshake(_)) {
                continue;
            }
            trail.add(seq, entry);
            let address = own.add(seq, entry);
            if let (Kind::HookFailed { .. }, Some(unit)) = (&entry.kind, address)
                && !trail.failed.contains(unit.application())
            {
                trail.failed.insert(unit.to_application());
            }
        }
        let mut by_bytes = std::mem::take(&mut trail.by_bytes);
        by_bytes.sort_by_key(|seq| (trail.issued_at(*seq).record.certificate.der(), *seq));
        trail.by_bytes = by_bytes;
        for (address, seqs) in own.found {
            let of = trail.by_application.entry(address.to_application());
            of.or_default().insert(address, seqs);
        }
        trail
    }

    /// What is nearest to an entry of which all that led to it is known.
    fn nearest_of(&self, seq: Seq, entry: &Entry) -> Option<Action> {
        match entry.kind {
            Kind::Action(_) => Some(Action::at(seq)),
            _ => self.nearest_actions[entry.cause?.0 as usize],
        }
    }

    fn add(&mut self, seq: Seq, entry: &Entry) {
        match &entry.kind {
            Kind::Note(Note::ActionRefused(_)) => self.refused.extend(entry.cause),
            Kind::Settled { .. } => self.settled = Some(entry.time),
            Kind::CertificateIssued(record) => {
                self.issued.entry(record.holder()).or_default().push(seq);
                self.by_bytes.push(seq);
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

    /// The actions that led to an entry, itself included, the nearest first.
    pub(super) fn actions_behind(&self, seq: Seq) -> impl Iterator<Item = Seq> + '_ {
        let nearest = |seq: Seq| Some(self.nearest_actions[seq.0 as usize]?.seq());
        std::iter::successors(nearest(seq), move |action| {
            nearest(self.known(*action).cause?)
        })
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

    /// Those of them that are not about hooks that began or were committed, or databags that changed.
    pub(super) fn facts_about(
        &self,
        wanted: &Address,
        since: Time,
        until: Time,
    ) -> Vec<(Seq, &'a Entry)> {
        let own = self.entries_of(wanted);
        let facts = own.iter().map(|own| &*own.facts);
        self.merged(wanted, facts, since, until, |_| true)
    }

    /// Those of them for which `is_it` holds: of the hooks of years little is asked for.
    pub(super) fn about_if(
        &self,
        wanted: &Address,
        since: Time,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Vec<(Seq, &'a Entry)> {
        let own = self.entries_of(wanted);
        let lists = own.iter().flat_map(|own| own.lists());
        self.merged(wanted, lists, since, until, is_it)
    }

    fn merged<'s>(
        &self,
        wanted: &Address,
        lists: impl Iterator<Item = &'s [Seq]>,
        since: Time,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Vec<(Seq, &'a Entry)> {
        let matters = matters_of(wanted);
        let mut found = Vec::new();
        for seqs in lists {
            let own = self.within(seqs, since, until).iter();
            let own = own.map(|seq| (*seq, self.known(*seq)));
            found.extend(own.filter(|(_, entry)| matters(entry) && is_it(entry)));
        }
        // Each list is in order: a stable sort merges them.
        found.sort_by_key(|(seq, _)| *seq);
        found
    }

    /// The last of them for which `is_it` holds: what is looked for is mostly near the end.
    pub(super) fn last_about(
        &self,
        wanted: &Address,
        since: Time,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<(Seq, &'a Entry)> {
        let own = self.entries_of(wanted);
        let lists = own.iter().flat_map(|own| own.lists());
        self.last_in(wanted, lists, since, until, is_it)
    }

    /// The last of [`Self::facts_about`] for which `is_it` holds.
    pub(super) fn last_fact_about(
        &self,
        wanted: &Address,
        since: Time,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<(Seq, &'a Entry)> {
        let own = self.entries_of(wanted);
        let facts = own.iter().map(|own| &*own.facts);
        self.last_in(wanted, facts, since, until, is_it)
    }

    /// The last change of a databag for which `is_it` holds.
    pub(super) fn last_databag_change(
        &self,
        wanted: &Address,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<(Seq, &'a Entry)> {
        let own = self.entries_of(wanted);
        let bags = own.iter().map(|own| &*own.bags);
        self.last_in(wanted, bags, Time::EPOCH, until, is_it)
    }

    fn last_in<'s>(
        &self,
        wanted: &Address,
        lists: impl Iterator<Item = &'s [Seq]>,
        since: Time,
        until: Time,
        is_it: impl Fn(&Entry) -> bool,
    ) -> Option<(Seq, &'a Entry)> {
        let matters = matters_of(wanted);
        let last = lists.filter_map(|seqs| {
            let own = self.within(seqs, since, until).iter().rev();
            let mut own = own.map(|seq| (*seq, self.known(*seq)));
            own.find(|(_, entry)| matters(entry) && is_it(entry))
        });
        last.max_by_key(|(seq, _)| *seq)
    }

    /// The entries about a unit or, of an application, about itself and each of its units.
    fn entries_of(&self, wanted: &Address) -> Vec<&OwnEntries> {
        let all = self.by_application.get(wanted.application());
        let all = all.into_iter();
        let unit = wanted.to_unit();
        // A unit is looked up: an application may have very many.
        match wanted.unit_number() {
            None => all.flat_map(BTreeMap::values).collect(),
            Some(_) => {
                let both = [Some(wanted), (unit != *wanted).then_some(&unit)];
                all.flat_map(|all| both.iter().flatten().filter_map(|who| all.get(*who)))
                    .collect()
            }
        }
    }

    fn within<'s>(&self, seqs: &'s [Seq], since: Time, until: Time) -> &'s [Seq] {
        let time = |seq: &Seq| self.known(*seq).time;
        let first = seqs.partition_point(|seq| time(seq) < since);
        let last = seqs.partition_point(|seq| time(seq) <= until);
        &seqs[first..last.max(first)]
    }

    /// The first issue of a certificate to its holder.
    pub(super) fn issue_of(&self, wanted: &CertificateRecord) -> Option<Issued<'a>> {
        let der = wanted.certificate.der();
        let of = |seq: &Seq| self.issued_at(*seq).record.certificate.der();
        let first = self.by_bytes.partition_point(|seq| of(seq) < der);
        let same = self.by_bytes[first..].iter();
        let same = same.take_while(|seq| of(seq) == der);
        let mut issued = same.map(|seq| self.issued_at(*seq));
        issued.find(|issued| issued.record.holder() == wanted.holder())
    }

    fn issued_at(&self, seq: Seq) -> Issued<'a> {
        let entry = self.known(seq);
        let Kind::CertificateIssued(record) = &entry.kind else {
            panic!(
                "{seq:?} is indexed as an issued certificate: {:?}",
                entry.kind
            );
        };
        Issued { seq, entry, record }
    }

    /// Certificates issued to a unit or to an application, in order.
    pub(super) fn issued_to(
        &self,
        holder: &str,
    ) -> impl DoubleEndedIterator<Item = Issued<'a>> + use<'_, 'a> {
        let seqs = self.issued.get(holder).map_or(&[][..], Vec::as_slice);
        seqs.iter().map(|seq| self.issued_at(*seq))
    }
}

/// Whether an entry about an address or its unit is any matter of it: what a unit's workload trusts is none of another
/// process.
fn matters_of(wanted: &Address) -> impl Fn(&Entry) -> bool {
    let is_process = wanted.process().is_some();
    move |entry| {
        !is_process
            || !matches!(entry.kind, Kind::TrustChanged { .. })
            || entry
                .subject
                .address()
                .is_some_and(|about| about == *wanted)
    }
}
