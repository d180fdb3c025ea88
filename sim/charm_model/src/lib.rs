//! What a charm is, whichever it is: the trait that the run calls, what is known of a charm before any
//! unit runs, and how it is declared.
//!
//! A [`Charm`] is code behind one door, [`Charm::on_hook`]. What is known of it beforehand is
//! [`CharmMetadata`]: endpoints, options, and an [`Implementation`], a row of capabilities that the
//! crates above ask for (which CA it has, what it needs an operator for) instead of asking which charm it
//! is. A [`CharmDeclaration`] is the YAML shape of all that. For example, the entry
//!
//! ```yaml
//! web:
//!   requires:
//!     certificates: {interface: tls-certificates, apply: reload}
//! ```
//!
//! is read as a declaration, and [`CharmDeclaration::to_charm`] makes metadata of it whose
//! implementation is the generic consumer of a [`Registry`], since one of its endpoints uses certificates.
//!
//! Beside that it has what several charms share: a CA with its key ([`issuing`]), the names that are
//! requested ([`names`]), where files of a workload lie ([`surface`]), CAs outside Juju
//! ([`ExternalCa`], [`AcmeServer`]).
//!
//! Must not know what any charm does.

pub mod acme;
mod bugs;
mod charm;
mod declaration;
pub mod declared_chain;
mod generation;
mod implementation;
pub mod issuing;
mod library_binding;
mod metadata;
pub mod names;
mod operators;
mod options;
mod provenance;
mod reconciles;
mod registry;
mod source;
pub mod surface;
mod unread_keys;
mod without_tls;

pub use acme::{
    AcmeLimit, AcmeLimitScope, AcmeProfile, AcmeServer, DOWN as ACME_DOWN, acme_limits, domains,
    refusal as acme_refusal,
};
pub use bugs::Bugs;
pub use charm::Charm;
pub use declaration::{
    AnswerDeclaration, AuthorityDeclaration, CharmDeclaration, ConfigDeclaration, DeclaredDuration,
    EndpointDeclaration, IssuerDeclaration, KnownCharm, OptionDeclaration, ProcessDeclaration,
};
pub use declared_chain::ExternalCa;
pub use generation::{Generation, GenerationDeclaration};
pub use implementation::{
    ApiCertificate, Authority, Implementation, Listens, OperatorNeed, Repair, Requests, Setup,
    Unattended, ValidityOptions,
};
pub use library_binding::LibraryBinding;
pub use metadata::{
    AddressOf, Apply, CertificatesProfile, CharmMetadata, ClientCertificate, DeclaredAuthority,
    Endpoint, EndpointProfile, EndpointSource, IssuerProfile, KeyUse, LibraryProfile, Mode,
    OptionSpec, PassingProfile, ProcessProfile, Protocol, Reads, RenewsOn, Role, Server, Serves,
    Store, TakingProfile, Transfers, TrustProfile, Unnamed,
};
pub use operators::{OperatorAction, OperatorContext, PendingTask};
pub use options::{OptionFault, Options};
pub use provenance::{
    DiffersWithout, DiffersWithoutDeclaration, Pinned, Provenance, Reading, ReadingDeclaration,
    Revisions, UnknownRevisions, is_channel, revisions, track,
};
pub use reconciles::Reconciles;
pub use registry::Registry;
pub use source::{Answered, CharmSource, OWN_CODE, OWN_CODE_OF_CA, SourceCode};
pub use unread_keys::{EndpointKeys, UnreadKey};
pub use without_tls::WITHOUT_TLS;
