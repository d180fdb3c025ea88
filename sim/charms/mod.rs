//! What each charm does with its hooks: providers, consumers, and the catalogue of known charms.
//!
//! Must not know scenarios, faults or reports.

mod catalogue;
mod charm;
mod declaration;
mod declared_chain;
mod declared_provider;
mod instance;
mod issuing;
mod manual_tls_certificates;
mod metadata;
mod names;
mod notary;
mod opensearch;
mod people;
mod plain;
mod requirer;
mod self_signed_certificates;
pub mod surface;
#[cfg(test)]
mod tests;
mod traefik;
mod vault;

pub use catalogue::{catalogue, catalogue_source};
pub use charm::Charm;
pub use declaration::{
    AuthorityDeclaration, CharmDeclaration, ConfigDeclaration, EndpointDeclaration,
    IssuerDeclaration, KnownCharm, Lasting, OptionDeclaration,
};
pub use declared_chain::ExternalCa;
pub use declared_provider::DeclaredProvider;
pub use instance::Instance;
pub use manual_tls_certificates::ManualTlsCertificates;
pub use metadata::{
    Apply, Behaviour, CertificatesProfile, CharmMetadata, DeclaredAuthority, Endpoint,
    EndpointProfile, IssuerProfile, KeyUse, LibraryProfile, Mode, OptionSpec, Reads, RenewsOn,
    Role, Serves, Store, Transfers, TrustProfile,
};
pub use notary::Notary;
pub use opensearch::OpenSearch;
pub use people::{Deed, Hand, Wait};
pub use plain::Plain;
pub use requirer::Requirer;
pub use self_signed_certificates::SelfSignedCertificates;
pub use traefik::Traefik;
pub use vault::{Guard as VaultGuard, Vault};

pub use crate::interfaces::notes::{
    CertificateKind, Issued as IssuedNote, Requested as RequestedNote,
};
