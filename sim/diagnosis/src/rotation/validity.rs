//! I5: nothing outlives what signed it.

use super::{Rotated, Violation, ViolationKind};
use trustsim_kernel::Time;
use trustsim_model::{CertificateKind, Kind};

impl Rotated<'_> {
    /// The first leaf of either CA that ends after its issuer does.
    pub(super) fn outlives_issuer(&self, until: Time) -> Option<Violation> {
        let entries = self.journal.entries().iter();
        let mut issued = entries
            .take_while(|entry| entry.time <= until)
            .filter_map(|entry| {
                let Kind::CertificateIssued(record) = &entry.kind else {
                    return None;
                };
                let is_leaf = record.kind == CertificateKind::Leaf;
                (is_leaf && self.generation(record).is_some()).then_some((entry.time, record))
            });
        issued.find_map(|(at, record)| {
            let issuer = &self.facts.certificate(&record.issuer_serial)?.certificate;
            let leaf = &record.certificate;
            if leaf.not_after() <= issuer.not_after() {
                return None;
            }
            Some(Violation {
                at,
                what: ViolationKind::OutlivesIssuer {
                    holder: record.holder(),
                    by: leaf.not_after().since(issuer.not_after()),
                },
            })
        })
    }
}
