//! What each charm does with its hooks: providers, consumers, and the catalogue of known charms.
//!
//! Must not know scenarios, faults or reports.

mod acme;
mod bugs;
mod carried;
mod catalogue;
mod charm;
mod charm_vault;
mod declaration;
mod declared_chain;
mod declared_provider;
mod easyrsa;
mod etcd;
mod instance;
mod issuing;
mod kubernetes;
mod leader_settings;
mod legacy_requirer;
mod lego;
mod manual_tls_certificates;
mod metadata;
mod names;
mod notary;
mod opensearch;
mod options;
mod people;
mod plain;
mod requirer;
mod self_signed_certificates;
pub mod surface;
#[cfg(test)]
mod tests;
mod tls_constraints;
mod traefik;
mod vault;

pub use acme::{
    AcmeLimit, AcmeProfile, AcmeServer, DOWN as ACME_DOWN, acme_limits, domains,
    refusal as acme_refusal,
};
pub use bugs::Bugs;
pub use carried::Carried;
pub use catalogue::{catalogue, catalogue_source, known_charm, known_charm_on};
pub use charm::Charm;
pub use charm_vault::CharmVault;
pub use declaration::{
    AuthorityDeclaration, CharmDeclaration, ConfigDeclaration, EndpointDeclaration,
    IssuerDeclaration, KnownCharm, Lasting, OptionDeclaration,
};
pub use declared_chain::ExternalCa;
pub use declared_provider::DeclaredProvider;
pub use easyrsa::EasyRsa;
pub use etcd::Etcd;
pub use instance::Instance;
pub use kubernetes::Kubernetes;
pub use legacy_requirer::LegacyRequirer;
pub use lego::Lego;
pub use manual_tls_certificates::ManualTlsCertificates;
pub use metadata::{
    Apply, Behaviour, CertificatesProfile, CharmMetadata, CharmVaultVersion, DeclaredAuthority,
    EasyRsaVersion, Endpoint, EndpointProfile, IssuerProfile, KeyUse, KubernetesPart,
    LibraryProfile, Mode, OptionSpec, Protocol, Reads, RenewsOn, Role, Serves, Store, Transfers,
    TrustProfile,
};
pub use notary::Notary;
pub use opensearch::OpenSearch;
pub use options::{OptionFault, option_faults, vault_role};
pub use people::{Deed, Hand, Wait};
pub use plain::Plain;
pub use requirer::Requirer;
pub use self_signed_certificates::SelfSignedCertificates;
pub use tls_constraints::TlsConstraints;
pub use traefik::Traefik;
pub use vault::{Guard as VaultGuard, UNSEALED as VAULT_UNSEALED, Vault};
