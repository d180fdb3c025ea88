//! A protocol library as a charm carries it. Must not know what the charm decides.

use trustsim_interfaces::tls_certificates::Request;
use trustsim_interfaces::{certificate_transfer, tls_certificates};
use trustsim_pki::KeyPair;

/// A library of one endpoint, with what the charm hands it in a hook: what a charm's constructor
/// would give the real one.
#[derive(Clone, Debug)]
pub enum LibraryBinding {
    /// `TLSCertificatesRequiresV4`.
    RequiresCertificates {
        /// Endpoint, mode, version, renewal.
        asks: tls_certificates::Requirer,
        /// `certificate_requests`.
        requests: Vec<Request>,
        /// `private_key`.
        private_key: Option<KeyPair>,
        /// `refresh_events`, as hooks.
        refresh_hooks: &'static [&'static str],
    },
    /// `TLSCertificatesProvidesV4`.
    ProvidesCertificates(tls_certificates::Provider),
    /// `CertificateTransferRequires`.
    RequiresTransfer(certificate_transfer::Requirer),
    /// `CertificateTransferProvides`.
    ProvidesTransfer(certificate_transfer::Provider),
}
