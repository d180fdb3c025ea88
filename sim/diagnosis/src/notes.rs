//! What notes in a journal say of requests and refusals. The words of foreign software (Vault's
//! refusals) are given a meaning here and nowhere else.

use std::sync::Arc;

use crate::cause::{Refusal, RefusalMeaning, Status};
use trustsim_world::{Entry, Kind, Note};

/// What refusals say that something can be done about: Vault's `role` and `max_lease_ttl`
/// (hashicorp/vault `builtin/logical/pki`).
const MEANINGS: [(&str, RefusalMeaning); 2] = [
    ("not allowed by this role", RefusalMeaning::NameNotAllowed),
    (
        "beyond the expiration of the CA",
        RefusalMeaning::OutlivesCa,
    ),
];

/// What a charm's status says of a request that was denied, before the reason.
const DENIED: &str = "denied: ";

/// The common name that was asked for, of a request.
pub(super) fn requested(entry: &Entry) -> Option<&str> {
    match &entry.kind {
        Kind::Note(Note::CertificateRequested { common_name }) => Some(common_name),
        _ => None,
    }
}

/// That a provider refused a request for this common name.
pub(super) fn refusal(entry: &Entry, name: &str) -> Option<Refusal> {
    match &entry.kind {
        Kind::Note(Note::CertificateRefused {
            common_name,
            reason,
        }) => (common_name.as_deref().unwrap_or("") == name).then(|| by_provider(reason)),
        Kind::Note(Note::AcmeOrderRefused(order)) => {
            (order.common_name == name).then(|| Refusal::AcmeOrder(order.clone()))
        }
        _ => None,
    }
}

/// That a unit says in its status that its request was refused.
pub(super) fn denial(entry: &Entry) -> Option<Refusal> {
    let Kind::StatusChanged { message, .. } = &entry.kind else {
        return None;
    };
    let (_, reason) = message.split_once(DENIED)?;
    Some(by_provider(reason))
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

fn by_provider(reason: &str) -> Refusal {
    let mut known = MEANINGS.iter();
    let meaning = known.find(|(words, _)| reason.contains(words));
    Refusal::Provider {
        reason: reason.to_owned(),
        meaning: meaning.map_or(RefusalMeaning::Other, |(_, meaning)| *meaning),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vault_s_refusals_are_told_apart() {
        let meaning = |reason| match by_provider(reason) {
            Refusal::Provider { meaning, .. } => meaning,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            meaning("common name a.b not allowed by this role"),
            RefusalMeaning::NameNotAllowed
        );
        assert_eq!(
            meaning("notAfter of x is beyond the expiration of the CA certificate"),
            RefusalMeaning::OutlivesCa
        );
        assert_eq!(meaning("no"), RefusalMeaning::Other);
    }
}
