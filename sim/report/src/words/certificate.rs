//! The words for certificates: what one is called, and what kind it is of.

use trustsim_model::CertificateKind;

pub use trustsim_diagnosis::describe::{certificate_name as name, short_serial};

/// `root`, `intermediate` or `leaf`.
pub const fn kind(kind: CertificateKind) -> &'static str {
    match kind {
        CertificateKind::Root => "root",
        CertificateKind::Intermediate => "intermediate",
        CertificateKind::Leaf => "leaf",
    }
}
