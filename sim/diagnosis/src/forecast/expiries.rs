//! When each certificate ends, what took its place, and how long before.

use std::collections::BTreeMap;

use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, CertificateKind, CertificateRecord, Journal, Kind, Manifest};

/// The end of one certificate.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// The certificate and whose it is.
    pub record: CertificateRecord,
    /// When it was issued.
    pub issued_at: Time,
    /// When the next one for the same holder and name was issued.
    pub renewed_at: Option<Time>,
    /// When it came into service, where a workload serves it.
    pub served_from: Option<Time>,
    /// When another took its place there; `None` while it is served at the end of the run.
    pub served_until: Option<Time>,
    /// Whether it ended within the run.
    pub has_ended: bool,
    /// Whether it was still served when it ended.
    pub expired_in_service: bool,
}

impl Expiry {
    /// How long before its end another was issued; `None` where none was, or only afterwards.
    pub fn margin(&self) -> Option<Span> {
        let end = self.record.certificate.not_after();
        let renewed = self.renewed_at.filter(|renewed| *renewed < end)?;
        Some(end.since(renewed))
    }
}

/// Who serves what from an endpoint, and since when.
type Serving = BTreeMap<(Address, String), (String, Time)>;

/// Every certificate of a run, by its end and then in the order in which they were issued.
pub(super) fn expiries(manifest: &Manifest, journal: &Journal) -> Vec<Expiry> {
    let end = manifest.start + manifest.duration;
    let mut all: Vec<Expiry> = Vec::new();
    let mut last: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
    let mut by_serial: BTreeMap<String, usize> = BTreeMap::new();
    let mut serving = Serving::new();
    for entry in journal.entries() {
        match &entry.kind {
            Kind::CertificateIssued(record) => {
                let kind = format!("{} {:?}", record.holder(), record.kind);
                let key = (kind, name_of(record));
                if let Some(before) = last.insert(key, all.len()) {
                    all[before].renewed_at = Some(entry.time);
                }
                by_serial.insert(record.certificate.serial().to_owned(), all.len());
                all.push(Expiry {
                    record: record.clone(),
                    issued_at: entry.time,
                    renewed_at: None,
                    served_from: None,
                    served_until: None,
                    has_ended: record.certificate.not_after() <= end,
                    expired_in_service: false,
                });
            }
            Kind::CertificateServed {
                endpoint,
                certificate,
            } => {
                let Some(who) = entry.subject.address() else {
                    continue;
                };
                let place = (who, endpoint.to_string());
                if let Some((serial, _)) = serving.remove(&place)
                    && let Some(&index) = by_serial.get(&serial)
                {
                    all[index].served_until = Some(entry.time);
                }
                if let Some(certificate) = certificate {
                    let serial = certificate.serial().to_owned();
                    if let Some(&index) = by_serial.get(&serial) {
                        all[index].served_from.get_or_insert(entry.time);
                    }
                    serving.insert(place, (serial, entry.time));
                }
            }
            _ => {}
        }
    }
    // What is served in several places is served until the last of them gives it up.
    for (serial, _) in serving.values() {
        if let Some(&index) = by_serial.get(serial) {
            all[index].served_until = None;
        }
    }
    for expiry in &mut all {
        let not_after = expiry.record.certificate.not_after();
        let is_served = expiry.served_from.is_some()
            && expiry.served_until.is_none_or(|until| until > not_after);
        expiry.expired_in_service = expiry.has_ended && is_served;
    }
    all.sort_by_key(|expiry| expiry.record.certificate.not_after());
    all
}

/// What tells certificates of one holder apart: the name of a leaf. A CA's may change with each.
fn name_of(record: &CertificateRecord) -> Option<String> {
    match record.kind {
        CertificateKind::Leaf => {
            let name = record.certificate.subject_common_name();
            Some(name.unwrap_or_default().to_owned())
        }
        CertificateKind::Root | CertificateKind::OwnRoot | CertificateKind::Intermediate => None,
    }
}
