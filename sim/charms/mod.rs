//! What each charm does with its hooks: providers, consumers, and the catalogue of known charms.
//!
//! Must not know scenarios, faults or reports.

mod charm;
mod metadata;
pub mod surface;

pub use charm::Charm;
pub use metadata::{
    Apply, Behaviour, CertificatesProfile, CharmMetadata, DeclaredAuthority, Endpoint,
    EndpointProfile, IssuerProfile, Mode, OptionSpec, Role, Transfers, TrustProfile,
};
