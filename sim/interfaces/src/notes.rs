//! What the libraries and charms put into the journal: parsed forms of its notes.

use std::sync::Arc;

use super::tls_certificates::Side;
use trustsim_juju::RelationId;
use trustsim_pki::{Certificate, CertificateRequest};

/// The parsed form of a `certificate-requested` note, whose text is the request's PEM.
#[derive(Clone, Debug)]
pub struct Requested {
    /// The request.
    pub request: CertificateRequest,
    /// Whether a CA certificate is asked for.
    pub is_ca: bool,
    /// The requirer's endpoint.
    pub endpoint: Arc<str>,
    /// Whether the unit or the application asks.
    pub side: Side,
}

/// Kinds of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateKind {
    /// Self-signed CA.
    Root,
    /// CA signed by another.
    Intermediate,
    /// Anything that is no CA.
    Leaf,
}

impl CertificateKind {
    /// As reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        }
    }
}

/// The parsed form of a `certificate-issued` note, whose text is the certificate's PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// What it is.
    pub kind: CertificateKind,
    /// Serial number of the CA that signed it; its own for a root.
    pub issuer_serial: String,
    /// The application it is for, as the provider's model names it.
    pub requirer: Arc<str>,
    /// The unit that asked, where one did.
    pub unit: Option<Arc<str>>,
    /// The provider's endpoint; empty for an authority of its own.
    pub endpoint: Arc<str>,
    /// The request it answers; none for an authority of its own.
    pub request: Option<CertificateRequest>,
}

/// The parsed form of a `private-key-stored` note: a private key that stands readable in the
/// controller's store. The note's text is the key's name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The relation whose databag holds it; none for leader settings.
    pub relation: Option<RelationId>,
    /// Databag or setting it stands in, such as `kubernetes-worker_0.server.key`.
    pub place: Arc<str>,
    /// Whom it is for: a unit, or an application whose units share it.
    pub holder: Arc<str>,
    /// Common name of its certificate.
    pub common_name: Arc<str>,
    /// Serial number of its certificate.
    pub serial: Arc<str>,
}
