//! How far a rotation has come: who uses the new CA first, who distrusts the old one first, and who
//! has not got there yet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Generation, Rotated, Violation, ViolationKind};
use trustsim_kernel::Time;
use trustsim_model::{Address, Kind};
use trustsim_pki::Certificate;

impl Rotated<'_> {
    /// When a workload first serves a certificate of the new CA.
    pub fn first_use(&self) -> Option<Time> {
        let entries = self.journal.entries().iter();
        let mut later = entries.filter(|entry| entry.time >= self.begins());
        let first = later.find(|entry| match &entry.kind {
            Kind::CertificateServed {
                certificate: Some(leaf),
                ..
            } => {
                let record = self.facts.certificate(leaf.serial());
                record.and_then(|record| self.generation(record)) == Some(Generation::New)
            }
            _ => false,
        });
        first.map(|entry| entry.time)
    }

    /// When one that opens connections first ceases to trust the old CA.
    pub fn first_distrust(&self) -> Option<Time> {
        let connections = self.manifest.connections.iter();
        let clients: BTreeSet<&Address> = connections.map(|each| &each.client).collect();
        self.first_distrust_among(|who| clients.contains(who))
    }

    /// Whether any that trusted the old CA had ceased to at `until`.
    pub fn is_distrusted(&self, until: Time) -> bool {
        let first = self.first_distrust_among(|_| true);
        first.is_some_and(|at| at <= until)
    }

    fn first_distrust_among(&self, counts: impl Fn(&Address) -> bool) -> Option<Time> {
        let mut trusting = BTreeSet::new();
        for entry in self.journal.entries() {
            let Kind::TrustChanged { roots } = &entry.kind else {
                continue;
            };
            let Some(who) = entry.subject.address().filter(&counts) else {
                continue;
            };
            if self.has_old(roots) {
                trusting.insert(who);
            } else if trusting.remove(&who) && entry.time >= self.begins() {
                return Some(entry.time);
            }
        }
        None
    }

    /// The first that still serves a certificate of the old CA at `until`.
    pub(super) fn still_served(&self, until: Time) -> Option<Violation> {
        let mut served: BTreeMap<(Address, Arc<str>), &Certificate> = BTreeMap::new();
        for entry in self.up_to(until) {
            let Kind::CertificateServed {
                endpoint,
                certificate,
            } = &entry.kind
            else {
                continue;
            };
            let Some(who) = entry.subject.address() else {
                continue;
            };
            let place = (who, Arc::clone(endpoint));
            match certificate {
                Some(leaf) => served.insert(place, leaf),
                None => served.remove(&place),
            };
        }
        let is_old = |leaf: &Certificate| {
            let record = self.facts.certificate(leaf.serial());
            record.and_then(|record| self.generation(record)) == Some(Generation::Old)
        };
        let ((who, _), _) = served.into_iter().find(|(_, leaf)| is_old(leaf))?;
        Some(Violation {
            at: until,
            what: ViolationKind::StillServed { holder: who },
        })
    }

    /// The first that still trusts the old CA at `until`.
    pub(super) fn still_trusted(&self, until: Time) -> Option<Violation> {
        let mut trusting = BTreeSet::new();
        for entry in self.up_to(until) {
            let Kind::TrustChanged { roots } = &entry.kind else {
                continue;
            };
            let Some(who) = entry.subject.address() else {
                continue;
            };
            match self.has_old(roots) {
                true => trusting.insert(who),
                false => trusting.remove(&who),
            };
        }
        let who = trusting.into_iter().next()?;
        Some(Violation {
            at: until,
            what: ViolationKind::StillTrusted { holder: who },
        })
    }

    fn has_old(&self, roots: &[Certificate]) -> bool {
        let generation = |root: &Certificate| self.authorities.get(root.serial());
        roots
            .iter()
            .any(|root| generation(root) == Some(&Generation::Old))
    }

    fn up_to(&self, until: Time) -> impl Iterator<Item = &trustsim_model::Entry> {
        let entries = self.journal.entries().iter();
        entries.take_while(move |entry| entry.time <= until)
    }
}
