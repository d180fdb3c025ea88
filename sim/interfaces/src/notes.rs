//! What the libraries and charms put into the journal, as values.

use std::collections::BTreeMap;
use std::sync::Arc;

use trustsim_juju::RelationId;
use trustsim_pki::{Certificate, CertificateRequest};

/// Something that a charm or its library puts into the journal.
#[derive(Clone, Debug)]
pub enum Note {
    /// A requirer asks for a certificate.
    CertificateRequested(Requested),
    /// A CA signed a certificate.
    CertificateIssued(Issued),
    /// A provider refuses a request.
    CertificateRefused {
        /// What is refused, and why.
        refused: RefusedRequest,
        /// The request; `None` in the legacy protocol, which sends names only.
        request: Option<CertificateRequest>,
    },
    /// A CA revoked the certificate that it had given for this common name.
    CertificateRevoked {
        /// Common name of the certificate.
        common_name: String,
    },
    /// A private key comes to stand readable in the controller's store.
    KeyStored(StoredKey),
    /// An action of the charm ended, with this result.
    ActionResult(String),
    /// An action of the charm ended, with these results.
    ActionResults(BTreeMap<String, String>),
    /// An action of the charm failed, with this message.
    ActionFailed(String),
    /// An ACME server, or the way to it, refuses an order.
    AcmeOrderRefused(RefusedOrder),
    /// A new account is opened with an ACME server.
    AcmeAccountOpened,
}

impl Note {
    /// An action ended with this result.
    pub fn action_result(text: impl Into<String>) -> Self {
        Self::ActionResult(text.into())
    }

    /// An action failed with this message.
    pub fn action_failed(message: impl Into<String>) -> Self {
        Self::ActionFailed(message.into())
    }
}

/// A request that a provider does not answer with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefusedRequest {
    /// Common name of the request; `None` where the charm does not say it, or there is none.
    pub common_name: Option<String>,
    /// Why.
    pub kind: RefusalKind,
    /// Why, in the charm's words.
    pub reason: String,
}

/// Why a request is refused, where an operator can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// The role that signs allows no such name (hashicorp/vault `builtin/logical/pki`).
    NameNotAllowed,
    /// The certificate would end after the CA that signs it (`max_lease_ttl`).
    OutlivesCa,
    /// An option of a charm that passes requests on does not allow it (canonical/tls-constraints-operator).
    Filtered {
        /// The option.
        option: &'static str,
        /// Its value that allows everything.
        allows: &'static str,
    },
    /// Anything else: only the charm's words say what.
    Other,
}

/// An order that an ACME server does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedOrder {
    /// Common name of the request; empty where it has none.
    pub common_name: String,
    /// The code of the problem, such as `rateLimited`.
    pub code: &'static str,
    /// What the server or the client says.
    pub detail: String,
    /// Whether a connection was missing: the server could not be reached, or could not reach the
    /// client.
    pub is_connection: bool,
}

/// A request for a certificate.
#[derive(Clone, Debug)]
pub struct Requested {
    /// Its common name; empty where it has none.
    pub common_name: String,
    /// The relation over which it goes, on the side that asks.
    pub relation: RelationId,
    /// Whether the certificate is for the application, and not for the unit alone.
    pub is_shared: bool,
    /// Whether it is for a CA.
    pub is_ca: bool,
    /// What is sent.
    pub content: RequestContent,
}

impl Requested {
    /// A request with a CSR.
    pub fn of(
        request: CertificateRequest,
        relation: RelationId,
        is_shared: bool,
        is_ca: bool,
    ) -> Self {
        let common_name = request.attributes().common_name.clone();
        Self {
            // A request may have no common name; its names are in the SAN then.
            common_name: common_name.unwrap_or_default(),
            relation,
            is_shared,
            is_ca,
            content: RequestContent::Csr(request),
        }
    }
}

/// What a requirer sends to have a certificate signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestContent {
    /// A CSR.
    Csr(CertificateRequest),
    /// Alternative names beside the common name: the legacy protocol, in which the provider makes the key.
    Names(Vec<String>),
}

/// Kinds of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateKind {
    /// Self-signed CA.
    Root,
    /// Self-signed CA that signs for the server of its own application alone, as that of Vault's API, which signs nothing
    /// that others ask for.
    OwnRoot,
    /// CA signed by another.
    Intermediate,
    /// Anything that is no CA.
    Leaf,
}

impl CertificateKind {
    /// Whether it signed itself.
    pub const fn is_root(self) -> bool {
        matches!(self, Self::Root | Self::OwnRoot)
    }
}

/// A certificate that was signed.
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

/// A private key that is readable in the controller's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// The relation whose databag holds it; none for leader settings.
    pub relation: Option<RelationId>,
    /// Databag or setting that holds it, such as `kubernetes-worker_0.server.key`.
    pub place: Arc<str>,
    /// The holder it is for: a unit, or an application whose units share it.
    pub holder: Arc<str>,
    /// Common name of its certificate.
    pub common_name: Arc<str>,
    /// Serial number of its certificate.
    pub serial: Arc<str>,
}
