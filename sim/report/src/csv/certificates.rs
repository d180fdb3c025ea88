//! `certificates.csv`: every certificate from its request to the end of its service, in the
//! order in which they were issued.

use std::collections::{BTreeMap, BTreeSet};

use std::io::{self, Write};

use super::{Table, text};
use crate::Run;
use crate::words::{self, time::instant_or_empty};
use trustsim_kernel::Time;
use trustsim_model::{Journal, Kind};

const HEADER: [&str; 17] = [
    "serial",
    "subject",
    "issuer",
    "issuer_serial",
    "kind",
    "model",
    "application",
    "unit",
    "not_before",
    "not_after",
    "requested_at",
    "issued_at",
    "served_from",
    "served_until",
    "key",
    "sans",
    "sha256",
];

/// Renders the file. `served_from` is when a workload first served the leaf, `served_until` when
/// the last one stopped; empty while one still does. Names in `sans` are separated by a space.
pub fn certificates(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    let services = services(run.journal);
    for entry in run.journal.entries() {
        let Kind::CertificateIssued(record) = &entry.kind else {
            continue;
        };
        let certificate = &record.certificate;
        let service = services.get(certificate.sha256());
        table.row([
            certificate.serial(),
            certificate.subject(),
            certificate.issuer(),
            &record.issuer_serial,
            words::certificate::kind(record.kind),
            &record.model,
            &record.application,
            &text(record.unit.as_ref()),
            &certificate.not_before().to_string(),
            &certificate.not_after().to_string(),
            &instant_or_empty(record.requested_at),
            &entry.time.to_string(),
            &instant_or_empty(service.map(|service| service.from)),
            &instant_or_empty(service.and_then(|service| service.until)),
            certificate.key_algorithm(),
            &certificate.sans().join(" "),
            &certificate.sha256_hex(),
        ])?;
    }
    table.finish()
}

/// When a certificate was served.
struct Service {
    from: Time,
    until: Option<Time>,
}

/// Model, unit or application, and endpoint. A client outside Juju has no model.
type Place<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

fn services(journal: &Journal) -> BTreeMap<[u8; 32], Service> {
    let mut services: BTreeMap<[u8; 32], Service> = BTreeMap::new();
    let mut serving: BTreeMap<Place<'_>, [u8; 32]> = BTreeMap::new();
    let mut servers: BTreeMap<[u8; 32], BTreeSet<Place<'_>>> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::CertificateServed {
            endpoint,
            certificate,
        } = &entry.kind
        else {
            continue;
        };
        let subject = &entry.subject;
        let unit = subject.unit.as_deref().or(subject.application.as_deref());
        let place = (subject.model.as_deref(), unit, &**endpoint);
        let next = certificate.as_ref().map(|each| *each.sha256());
        let before = match next {
            Some(next) => serving.insert(place, next),
            None => serving.remove(&place),
        };
        if before == next {
            continue;
        }
        if let Some(before) = before {
            let left = servers.entry(before).or_default();
            let was_there = left.remove(&place);
            assert!(was_there, "an endpoint stops to serve what it served");
            if let (true, Some(service)) = (left.is_empty(), services.get_mut(&before)) {
                service.until = Some(entry.time);
            }
        }
        if let Some(next) = next {
            servers.entry(next).or_default().insert(place);
            let service = services.entry(next).or_insert(Service {
                from: entry.time,
                until: None,
            });
            service.until = None;
        }
    }
    services
}
