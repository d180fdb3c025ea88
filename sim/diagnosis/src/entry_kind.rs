//! The names of the kinds of entries in a journal.

use trustsim_model::{Kind, Note, Persisting};

/// The kind of an entry, kebab-case.
pub fn entry_kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Started => "started",
        Kind::Action(_) => "action",
        Kind::Relation { .. } => "relation",
        Kind::HookStarted { .. } => "hook-started",
        Kind::HookCommitted { .. } => "hook-committed",
        Kind::HookFailed { .. } => "hook-failed",
        Kind::DatabagChanged { .. } => "databag-changed",
        Kind::Secret { .. } => "secret",
        Kind::LeaderElected => "leader-elected",
        Kind::StatusChanged { .. } => "status-changed",
        Kind::AgentNotConnected(_) => "agent-not-connected",
        Kind::LinkDown(_) => "link-down",
        Kind::CertificateIssued(_) => "certificate-issued",
        Kind::CertificateServed { .. } => "certificate-served",
        Kind::TrustChanged { .. } => "trust-changed",
        Kind::KeyStored(_) => "private-key-stored",
        Kind::Settled { .. } => "settled",
        Kind::Handshake(_) => "handshake",
        Kind::Persists(record) => match record.what {
            Persisting::OpenConnection => "open-connection-goes-on",
            Persisting::DistrustedConnection => "distrusted-connection-goes-on",
            Persisting::Session => "session-goes-on",
        },
        Kind::Note(note) => note_kind(note),
    }
}

const fn note_kind(note: &Note) -> &'static str {
    match note {
        Note::PeerRelation { .. } => "peer-relation",
        Note::OfferConnection { .. } => "offer-connection",
        Note::CertificateRequested(_) => "certificate-requested",
        Note::CertificateRefused { .. } => "certificate-refused",
        Note::CertificateRevoked { .. } => "certificate-revoked",
        Note::AcmeOrderRefused(_) => "acme-order-refused",
        Note::AcmeAccountOpened => "acme-account",
        Note::ActionResult { .. } | Note::ActionResults { .. } => "action-result",
        Note::ActionFailed { .. } => "action-failed",
        Note::ActionRefused(_) => "action-refused",
        Note::TrustNotFetched { .. } => "trust-not-fetched",
        Note::WaitNoticed { .. } => "waits-for-operator",
        Note::Impersonation { believed: true, .. } => "impersonation",
        Note::Impersonation {
            believed: false, ..
        } => "impersonation-over",
    }
}
