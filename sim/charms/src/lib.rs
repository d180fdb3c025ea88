//! What each charm does with its hooks: providers, consumers, and the catalogue of known charms.
//!
//! Must not know scenarios, faults or reports.

mod acme;
mod bugs;
mod catalogue;
mod charm;
mod charm_vault;
mod declaration;
mod declared_chain;
mod declared_provider;
mod easyrsa;
mod etcd;
mod implementation;
mod issuing;
mod kubernetes;
mod leader_settings;
mod legacy_requirer;
mod lego;
mod library_binding;
mod manual_tls_certificates;
mod metadata;
mod names;
mod notary;
mod opensearch;
mod operators;
mod options;
mod registry;
mod requirer;
mod self_signed_certificates;
pub mod surface;
#[cfg(test)]
mod tests;
mod tls_constraints;
mod traefik;
mod vault;
mod without_tls;

pub use acme::{
    AcmeLimit, AcmeProfile, AcmeServer, DOWN as ACME_DOWN, acme_limits, domains,
    refusal as acme_refusal,
};
pub use bugs::Bugs;
pub use catalogue::{catalogue, catalogue_source, known_charm, known_charm_on};
pub use charm::Charm;
pub use declaration::{
    AuthorityDeclaration, CharmDeclaration, ConfigDeclaration, DeclaredDuration,
    EndpointDeclaration, IssuerDeclaration, KnownCharm, OptionDeclaration,
};
pub use declared_chain::ExternalCa;
pub use declared_provider::DECLARED_PROVIDER;
pub use implementation::{
    ApiCertificate, Authority, Implementation, OperatorNeed, Repair, Requests, Setup, Unattended,
    ValidityOptions,
};
pub use library_binding::LibraryBinding;
pub use metadata::{
    Apply, CertificatesProfile, CharmMetadata, DeclaredAuthority, Endpoint, EndpointProfile,
    IssuerProfile, KeyUse, LibraryProfile, Mode, OptionSpec, Protocol, Reads, RenewsOn, Role,
    Serves, Store, Transfers, TrustProfile,
};
pub use operators::{OperatorAction, OperatorContext, PendingTask};
pub use options::{OptionFault, Options};
pub use registry::implementation;
pub use vault::UNSEALED as VAULT_UNSEALED;
pub use without_tls::WITHOUT_TLS;
