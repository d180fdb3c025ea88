//! What entries of a journal say of requests, refusals, statuses and certificates that are shown: which are which, as values.

use std::sync::Arc;

use crate::cause::{Refusal, Status};
use trustsim_charm_model::surface::DEFAULT_CERTIFICATE;
use trustsim_model::{Entry, Kind, Note};

/// The common name that was asked for, of a request.
pub(super) fn requested(entry: &Entry) -> Option<&str> {
    match &entry.kind {
        Kind::Note(Note::CertificateRequested(record)) => Some(&record.common_name),
        _ => None,
    }
}

/// That a provider refused a request for this common name; empty where the request had none.
pub(super) fn refusal(entry: &Entry, name: &str) -> Option<Refusal> {
    match &entry.kind {
        Kind::Note(Note::CertificateRefused { refused, .. }) => {
            // A charm that does not say the name refused one that has none, as far as is known.
            let refused_name = refused.common_name.as_deref().unwrap_or("");
            (refused_name == name).then(|| Refusal::Request(refused.clone()))
        }
        Kind::Note(Note::AcmeOrderRefused(order)) => {
            (order.common_name == name).then(|| Refusal::AcmeOrder(order.clone()))
        }
        _ => None,
    }
}

/// The status that a unit set.
pub(super) fn status(entry: &Entry) -> Option<Status> {
    match &entry.kind {
        Kind::StatusChanged { status, message } => Some(Status {
            word: *status,
            message: Arc::clone(message),
        }),
        _ => None,
    }
}

/// Whether a unit presents a certificate that it was given from an entry on, where the entry is about that. What a
/// workload makes for itself in its place does not count.
pub(super) fn presents(entry: &Entry) -> Option<bool> {
    match &entry.kind {
        Kind::CertificateServed {
            endpoint,
            certificate,
        } if **endpoint != *DEFAULT_CERTIFICATE => Some(certificate.is_some()),
        _ => None,
    }
}
