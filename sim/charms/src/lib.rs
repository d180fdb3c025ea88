//! The charms that have code of their own, and the catalogue of all that are known.
//!
//! Each charm is one file, or one with a folder: what its real code does in each hook, branch by branch, with
//! the repository and the commit in its header. The file ends up as one line of [`REGISTRY`]. For example,
//! `self_signed_certificates.rs` registers the behaviour `self-signed-certificates`; the entry of that name
//! in `catalogue.yaml` chooses it, and the run calls its [`Charm::on_hook`].
//!
//! What a charm is, and what several share, is `trustsim_charm_model`; charms that are nothing but their
//! entry are `trustsim_generic_charms`. Both are named here too.
//!
//! Must not know scenarios, faults or reports.

mod action_error;
mod catalogue;
mod charm_vault;
mod easyrsa;
mod etcd;
mod kubernetes;
mod leader_settings;
mod lego;
mod manual_tls_certificates;
mod notary;
mod opensearch;
mod own_client;
mod registry;
mod self_signed_certificates;
#[cfg(test)]
mod tests;
mod tls_constraints;
mod traefik;
mod vault;

use trustsim_charm_model::{issuing, names};

pub use catalogue::{
    KnownReading, catalogue, catalogue_entry, catalogue_source, entry_key, known_charm, readings,
    revisions_with_action, revisions_with_option,
};
pub use registry::{REGISTRY, implementation};
pub use trustsim_charm_model::names::{filled_name, names_in};
pub use trustsim_charm_model::surface;
pub use trustsim_charm_model::{
    ACME_DOWN, AcmeLimit, AcmeLimitScope, AcmeProfile, AcmeServer, AddressOf, AnswerDeclaration,
    ApiCertificate, Apply, Authority, AuthorityDeclaration, Bugs, CertificatesProfile, Charm,
    CharmDeclaration, CharmMetadata, ConfigDeclaration, DeclaredAuthority, DeclaredDuration,
    Endpoint, EndpointDeclaration, EndpointProfile, ExternalCa, Implementation, IssuerDeclaration,
    IssuerProfile, KeyUse, KnownCharm, LibraryBinding, LibraryProfile, Listens, Mode,
    OperatorAction, OperatorContext, OperatorNeed, OptionDeclaration, OptionFault, OptionSpec,
    Options, PendingTask, Pinned, ProcessProfile, Protocol, Provenance, Reading, Reads, Registry,
    RenewsOn, Repair, Requests, Revisions, Role, Server, Serves, Setup, Store, Transfers,
    TrustProfile, Unattended, Unnamed, ValidityOptions, WITHOUT_TLS, acme_limits, acme_refusal,
    domains, is_channel, track,
};
pub use trustsim_charm_model::{
    Answered, CharmSource, EndpointKeys, EndpointSource, OWN_CODE, OWN_CODE_OF_CA, SourceCode,
    UnreadKey,
};
pub use trustsim_generic_charms::DECLARED_PROVIDER;
