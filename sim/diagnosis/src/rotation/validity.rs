//! I5: nothing outlives what signed it.

use super::{Invariant, Rotated, Violation};
use trustsim_kernel::{Time, format_duration};
use trustsim_world::{CertificateKind, Kind};

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
            let holder = record.unit.as_ref().unwrap_or(&record.application);
            let over = format_duration(leaf.not_after().since(issuer.not_after()));
            Some(Violation {
                invariant: Some(Invariant::LeafWithinIssuer),
                at,
                message: format!(
                    "the certificate of {}.{holder} issued at {at} ends {over} after its CA",
                    record.model
                ),
            })
        })
    }
}
