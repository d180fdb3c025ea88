//! Charms that are nothing but their declaration: one YAML entry says all that they do.
//!
//! The generic consumer requests certificates, writes them to its workload's disk and restarts or reloads
//! it, each as its endpoints' profiles say; most charms of the catalogue are played by it. Its twin for the
//! legacy protocol does the same for reactive charms. The declared provider signs with a chain of CAs that
//! the entry gives under `issuer`, for providers that are not modelled and for CAs whose keys people hold:
//!
//! ```yaml
//! tls:
//!   provides:
//!     certificates: {interface: tls-certificates}
//!   issuer: {chain: [{common-name: root, validity: 3650d}], leaf-validity: 90d}
//! ```
//!
//! Must not know any real charm, nor the catalogue.

mod declared_provider;
mod legacy_requirer;
mod requirer;

pub use declared_provider::DECLARED_PROVIDER;
pub use legacy_requirer::LEGACY_REQUIRER;
pub use requirer::REQUIRER;
