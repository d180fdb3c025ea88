//! What a journal says about certificates, trust and relations at an instant, indexed once.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_charm_model::CharmMetadata;
use trustsim_interfaces::Interface;
use trustsim_juju::RelationChange;
use trustsim_kernel::Time;
use trustsim_model::{
    Address, ApplicationIndex, CertificateRecord, CharmVersions, Deployment, EndpointRef, Entry,
    Journal, Kind, Seq,
};
use trustsim_pki::Certificate;

/// A journal with an index over what causes are explained by.
pub(super) struct Facts<'a> {
    journal: &'a Journal,
    /// By serial: easyrsa counts, so that two of it give the same ones.
    issued: BTreeMap<&'a str, Vec<&'a CertificateRecord>>,
    served: BTreeMap<Address, Vec<Seq>>,
    trust: BTreeMap<Address, Vec<Seq>>,
    /// By the requirer's application.
    relations: BTreeMap<Address, Vec<Seq>>,
    versions: CharmVersions<'a>,
}

/// A relation as the journal names it, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RelationFact {
    pub(super) provider: EndpointRef,
    pub(super) requirer: EndpointRef,
    pub(super) interface: Interface,
    /// The entry in which it came or went last.
    pub(super) seq: Seq,
    /// Whether it is there.
    pub(super) there: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn new(journal: &'a Journal) -> Self {
        let mut facts = Self {
            journal,
            issued: BTreeMap::new(),
            served: BTreeMap::new(),
            trust: BTreeMap::new(),
            relations: BTreeMap::new(),
            versions: CharmVersions::of(journal),
        };
        for (index, entry) in journal.entries().iter().enumerate() {
            let seq = seq_of(index);
            match &entry.kind {
                Kind::CertificateIssued(record) => {
                    let serial = record.certificate.serial();
                    facts.issued.entry(serial).or_default().push(record);
                }
                Kind::CertificateServed { .. } => add(&mut facts.served, entry, seq),
                Kind::TrustChanged { .. } => add(&mut facts.trust, entry, seq),
                Kind::Relation { requirer, .. } => {
                    let of = facts.relations.entry(requirer.application.clone());
                    of.or_default().push(seq);
                }
                _ => {}
            }
        }
        facts
    }

    /// The charm that an application has at an instant, which a refresh may have brought.
    pub(super) fn charm(
        &self,
        deployment: &'a Deployment,
        application: ApplicationIndex,
        at: Time,
    ) -> &'a CharmMetadata {
        self.versions.at(deployment, application, at).charm
    }

    /// When an entry of the journal was written.
    pub(super) fn time_of(&self, seq: Seq) -> Time {
        self.known(seq).time
    }

    /// An entry that this index points to.
    fn known(&self, seq: Seq) -> &'a Entry {
        let entry = self.journal.get(seq);
        entry.expect("an index of a journal points to entries that it has")
    }

    /// The record of the certificate with this serial; of several, the last.
    pub(super) fn certificate(&self, serial: &str) -> Option<&'a CertificateRecord> {
        self.issued.get(serial)?.last().copied()
    }

    /// The record of a certificate.
    pub(super) fn record_of(&self, certificate: &Certificate) -> Option<&'a CertificateRecord> {
        let mut known = self.issued.get(certificate.serial())?.iter();
        known
            .find(|record| record.certificate == *certificate)
            .copied()
    }

    /// The record of the certificate with this serial that a unit presented when `seq` was written.
    pub(super) fn presented(
        &self,
        who: &Address,
        serial: &str,
        seq: Seq,
    ) -> Option<&'a CertificateRecord> {
        let known = self.issued.get(serial)?;
        if known.len() < 2 {
            return known.last().copied();
        }
        let changes = self.served.get(who).map_or(&[][..], Vec::as_slice);
        let before = changes.partition_point(|&change| change <= seq);
        let shown = changes[..before].iter().rev();
        let shown = shown.filter_map(|&change| match &self.known(change).kind {
            Kind::CertificateServed { certificate, .. } => certificate.as_ref(),
            other => panic!("{change:?} is indexed as a served certificate: {other:?}"),
        });
        let mut shown = shown.filter(|certificate| certificate.serial() == serial);
        let seen = shown.next();
        let is_own = |record: &&&CertificateRecord| {
            let holder = record.holder();
            holder == *who || holder == *who.application()
        };
        let mut known_of = known.iter();
        let found = match seen {
            Some(seen) => known_of.find(|record| record.certificate == *seen),
            None => known_of.rfind(is_own),
        };
        found.or_else(|| known.last()).copied()
    }

    /// The certificates above a leaf: who signed it first, the root last.
    pub(super) fn issuers(&self, leaf: &CertificateRecord) -> Vec<&'a CertificateRecord> {
        let mut issuers: Vec<&CertificateRecord> = Vec::new();
        let mut serial = Arc::clone(&leaf.issuer_serial);
        let mut name = leaf.certificate.issuer().to_owned();
        while let Some(record) = self.issued.get(&*serial).and_then(|known| {
            let mut known_of = known.iter();
            let named = known_of.find(|record| record.certificate.subject() == name);
            named.or_else(|| known.last()).copied()
        }) {
            let known = |each: &&CertificateRecord| each.certificate == record.certificate;
            if record.certificate == leaf.certificate || issuers.iter().any(known) {
                break;
            }
            issuers.push(record);
            serial = Arc::clone(&record.issuer_serial);
            record.certificate.issuer().clone_into(&mut name);
        }
        issuers
    }

    /// What a unit or client trusted when `seq` was written, and the entry that says so. A
    /// unit for which nothing was recorded has what its application has.
    pub(super) fn trusted(&self, who: &Address, seq: Seq) -> Option<(Seq, &'a [Certificate])> {
        let last = |name: &str| {
            let changes = self.trust.get(name)?;
            let at = changes.partition_point(|&change| change <= seq);
            at.checked_sub(1).map(|index| changes[index])
        };
        let change = last(who).or_else(|| last(who.application()))?;
        match &self.known(change).kind {
            Kind::TrustChanged { roots } => Some((change, roots)),
            other => panic!("{change:?} is indexed as a change of trust: {other:?}"),
        }
    }

    /// What each unit of an application trusted when `seq` was written, of which anything was recorded.
    pub(super) fn trusted_in(
        &self,
        application: &Address,
        seq: Seq,
    ) -> impl Iterator<Item = &'a [Certificate]> {
        let from = application.clone();
        let own = self.trust.range(from..);
        let own = own.take_while(|(who, _)| who.as_str().starts_with(application.as_str()));
        let own = own.filter(|(who, _)| who.application() == application.as_str());
        own.filter_map(move |(_, changes)| {
            let at = changes.partition_point(|&change| change <= seq);
            match &self.known(changes[at.checked_sub(1)?]).kind {
                Kind::TrustChanged { roots } => Some(&**roots),
                other => panic!("a change of trust is indexed as one: {other:?}"),
            }
        })
    }

    /// Every relation of these interfaces there ever was up to `seq` in which an application requires, as it was left
    /// then.
    pub(super) fn relations(
        &self,
        requirer: &Address,
        interfaces: &[Interface],
        seq: Seq,
    ) -> Vec<RelationFact> {
        let mut facts: Vec<RelationFact> = Vec::new();
        for (at, change, (interface, provider, requirer)) in self.changes(requirer, seq) {
            let Some(interface) = Interface::of(interface) else {
                // Over any other no CA and no certificate comes.
                continue;
            };
            if !interfaces.contains(&interface)
                || !matches!(change, RelationChange::Created | RelationChange::Removed)
            {
                continue;
            }
            let fact = RelationFact {
                provider: provider.clone(),
                requirer: requirer.clone(),
                interface,
                seq: at,
                there: change == RelationChange::Created,
            };
            let same = |each: &&mut RelationFact| {
                each.provider == fact.provider && each.requirer == fact.requirer
            };
            match facts.iter_mut().find(same) {
                Some(known) => *known = fact,
                None => facts.push(fact),
            }
        }
        facts
    }
}

/// A relation: its interface, provider and requirer.
type Related<'a> = (&'a str, &'a EndpointRef, &'a EndpointRef);

impl<'a> Facts<'a> {
    /// What became of the relations in which an application requires, up to `seq`, in order.
    fn changes(
        &self,
        requirer: &Address,
        seq: Seq,
    ) -> impl Iterator<Item = (Seq, RelationChange, Related<'a>)> {
        let own = self.relations.get(requirer).into_iter().flatten();
        own.take_while(move |&&at| at <= seq).map(|&at| {
            let entry = self.known(at);
            let Kind::Relation {
                change,
                interface,
                provider,
                requirer,
            } = &entry.kind
            else {
                panic!("{at:?} is indexed as a relation: {:?}", entry.kind);
            };
            (at, *change, (&**interface, provider, requirer))
        })
    }

    /// Every relation of other interfaces that is there when `seq` was written, in which an application requires: the
    /// interface, provider and requirer.
    pub(super) fn others(&self, requirer: &Address, seq: Seq) -> Vec<Related<'a>> {
        let mut there: Vec<Related<'a>> = Vec::new();
        for (_, change, relation) in self.changes(requirer, seq) {
            match change {
                RelationChange::Created if Interface::of(relation.0).is_none() => {
                    there.push(relation);
                }
                RelationChange::Removed => there.retain(|each| *each != relation),
                _ => {}
            }
        }
        there
    }
}

/// Files a change under the unit or client that it is about.
fn add(changes: &mut BTreeMap<Address, Vec<Seq>>, entry: &Entry, seq: Seq) {
    if let Some(who) = entry.subject.address() {
        changes.entry(who).or_default().push(seq);
    }
}

/// The name of the entry at an index of a journal.
pub(super) fn seq_of(index: usize) -> Seq {
    Seq(u32::try_from(index).expect("a journal has fewer than 2^32 entries"))
}

/// The entries that led to `seq`, from the first cause to `seq` itself.
pub fn cause_chain(journal: &Journal, seq: Seq) -> Vec<Seq> {
    let mut chain = Vec::new();
    let mut next = Some(seq);
    while let Some(seq) = next {
        let Some(entry) = journal.get(seq) else {
            break;
        };
        chain.push(seq);
        // The journal asserts that a cause comes before its effect, so the walk ends.
        next = entry.cause;
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_juju::HookName;
    use trustsim_testkit::{Authority, Script, address_of, set_option, subject};

    #[test]
    fn a_chain_runs_from_the_first_cause_to_the_effect() {
        let mut script = Script::new(&["a.web/0"]);
        let action = script.done(10, Some(Seq(0)), set_option());
        script.ok(11, 0);
        let hook = Kind::HookStarted {
            hook: HookName::ConfigChanged,
        };
        let hook = script.record(12, Some(action), subject("a.ca/0"), hook);
        let chain = cause_chain(&script.journal, hook);
        assert_eq!(chain, [Seq(0), action, hook]);
        assert_eq!(cause_chain(&script.journal, Seq(99)), []);
    }

    #[test]
    fn trust_is_what_was_recorded_last_before() {
        let mut script = Script::new(&["a.web/0"]);
        let (one, two) = (Authority::root("one"), Authority::root("two"));
        let first = script.trusts(1, "a.client/0", &[&one.certificate]);
        let other = script.trusts(2, "a.other/0", &[]);
        let second = script.trusts(3, "a.client/0", &[&one.certificate, &two.certificate]);
        let facts = Facts::new(&script.journal);
        let trusted = |who, seq| facts.trusted(&address_of(who), seq).map(|(seq, _)| seq);
        let at = |seq| trusted("a.client/0", seq);
        assert_eq!(at(Seq(0)), None);
        assert_eq!(at(other), Some(first));
        assert_eq!(at(second), Some(second));
        assert_eq!(trusted("b.client/0", second), None);
    }

    #[test]
    fn a_unit_has_the_trust_of_its_application() {
        let mut script = Script::new(&["a.web/0"]);
        let one = Authority::root("one");
        let of_application = script.trusts(1, "a.client", &[&one.certificate]);
        let facts = Facts::new(&script.journal);
        let found = facts.trusted(&address_of("a.client/3"), of_application);
        assert_eq!(found.map(|(seq, _)| seq), Some(of_application));
    }

    #[test]
    fn a_relation_is_as_it_was_left() {
        let mut script = Script::new(&["a.web/0"]);
        let made = script.transfer(1, RelationChange::Created, "a.ca:s", "a.c:r");
        let gone = script.transfer(2, RelationChange::Removed, "a.ca:s", "a.c:r");
        let facts = Facts::new(&script.journal);
        let there = |seq| {
            facts
                .relations(&address_of("a.c"), &[Interface::CertificateTransfer], seq)
                .iter()
                .map(|fact| fact.there)
                .collect::<Vec<_>>()
        };
        assert_eq!(there(made), [true]);
        assert_eq!(there(gone), [false]);
        let own = address_of("a.c");
        assert_eq!(
            facts.relations(&own, &[Interface::TlsCertificates], gone),
            []
        );
        let other = [Interface::CertificateTransfer];
        assert_eq!(facts.relations(&address_of("a.ca"), &other, made), []);
    }

    #[test]
    fn of_two_certificates_with_one_serial_the_one_that_was_served_counts() {
        let mut script = Script::new(&["a.web/0", "a.other/0"]);
        let (one, two) = (Authority::root("one"), Authority::root("two"));
        let mine = one.leaf("web");
        let theirs = two.leaf("web");
        assert_eq!(mine.serial(), theirs.serial());
        script.issued(1, None, "a.ca", &one.certificate, &one.certificate);
        script.issued(1, None, "a.cb", &two.certificate, &two.certificate);
        script.issued(2, None, "a.web/0", &mine, &one.certificate);
        script.issued(3, None, "a.other/0", &theirs, &two.certificate);
        let served = script.serves(4, None, "a.web/0", &mine);
        let facts = Facts::new(&script.journal);
        let found = |who| facts.presented(&address_of(who), mine.serial(), served);
        let record = found("a.web/0").expect("issued");
        assert_eq!(record.certificate, mine);
        assert_eq!(facts.issuers(record)[0].certificate, one.certificate);
        // It was never seen to serve anything: its own is meant.
        let record = found("a.other/0").expect("issued");
        assert_eq!(record.certificate, theirs);
    }

    #[test]
    fn issuers_go_up_to_the_root() {
        let mut script = Script::new(&["a.web/0"]);
        let root = Authority::root("root");
        let ca = root.intermediate("ca");
        let leaf = ca.leaf("web");
        script.issued(1, None, "pki.root", &root.certificate, &root.certificate);
        script.issued(2, None, "pki.ca", &ca.certificate, &root.certificate);
        script.issued(3, None, "a.web/0", &leaf, &ca.certificate);
        let facts = Facts::new(&script.journal);
        let record = facts.certificate(leaf.serial()).expect("issued");
        let above: Vec<&str> = facts
            .issuers(record)
            .iter()
            .map(|record| record.certificate.serial())
            .collect();
        assert_eq!(above, [ca.certificate.serial(), root.certificate.serial()]);
        let root = facts
            .certificate(root.certificate.serial())
            .expect("issued");
        assert!(facts.issuers(root).is_empty());
    }
}
