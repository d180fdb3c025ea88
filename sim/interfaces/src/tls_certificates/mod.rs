//! The `tls-certificates` interface, version 1, as `TLSCertificatesRequiresV4` and
//! `TLSCertificatesProvidesV4` play it.
//!
//! Follows canonical/charmlibs `interfaces/tls-certificates` 1.12.0
//! (`src/charmlibs/interfaces/tls_certificates/_tls_certificates.py`); where a charm vendors an
//! older library, [`Library`] says what that one does otherwise.

mod certificates;
mod data;
mod library;
mod provider;
mod requests;
mod requirer;
mod session;
#[cfg(test)]
mod tests;
mod v3;

pub use certificates::{CertificateEntry, CertificateList};
pub use data::{
    BagError, Capabilities, ErrorCode, ErrorEntry, ErrorList, ProviderData, RequestError,
    read_provider, read_requests,
};
pub use library::{LIBID, Library};
pub use provider::{Answer, Outstanding, Provider};
pub use requests::{RequestEntry, RequestList};
pub use requirer::{Asks, Assigned, Event, Mode, Request, Requirer, Side};
pub use v3::{EventV3, RequirerV3, generate_csr, provided};

/// The key of a requirer's requests in its unit or application databag.
pub const REQUESTS: &str = "certificate_signing_requests";
/// The key of the answers in the provider's application databag.
pub const CERTIFICATES: &str = "certificates";
/// The key of refusals in the provider's application databag.
pub const REQUEST_ERRORS: &str = "request_errors";
/// The key of what a provider says it can do, in its application databag.
pub const CAPABILITIES: &str = "capabilities";
