//! The `certificate_transfer` interface, version 1, with the version 0 that its provider falls
//! back to.
//!
//! Follows canonical/charmlibs `interfaces/certificate_transfer` 1.1.0
//! (`src/charmlibs/interfaces/certificate_transfer/_certificate_transfer.py`); where a charm
//! vendors another library, [`Library`] says what that one does otherwise.

mod data;
mod provider;
mod requirer;

pub use data::CertificateSet;
pub use provider::Provider;
pub use requirer::{Event, Requirer};

/// The key of the certificates in the provider's application databag.
pub const CERTIFICATES: &str = "certificates";
/// The key of the version in both application databags.
pub const VERSION: &str = "version";

/// Which library a charm carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Library {
    /// charmlibs-interfaces-certificate-transfer 1.1.0.
    #[default]
    Current,
    /// Charmhub `certificate_transfer_interface.v1`, patch 15, as canonical/traefik-k8s-operator
    /// (8ab4a7e) vendors it: it tells the charm of every relation-changed, and the order of a set
    /// is that of Python's hashes, another one in each hook.
    V1Patch15,
}
