//! The signature algorithms by which every validator checks signatures: ring's.

use std::sync::LazyLock;

use rustls::crypto::{WebPkiSupportedAlgorithms, ring};

/// The signature algorithms, as rustls and webpki take them.
pub(crate) fn algorithms() -> &'static WebPkiSupportedAlgorithms {
    static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> =
        LazyLock::new(|| ring::default_provider().signature_verification_algorithms);
    &ALGORITHMS
}
