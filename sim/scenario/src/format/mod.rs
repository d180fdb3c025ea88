//! The format of scenarios: the shape of every key with its place, Juju's bundles with their overlays
//! merged as `juju deploy` merges them, variants laid over a file, the texts that files are read
//! from, and the JSON Schema.
//!
//! Reading gives a [`ScenarioFile`], in which every field is what was written or `None`; what it
//! means, and whether the names in it are there, is found out in `resolve`.

mod bundle;
mod connections;
mod documents;
mod files;
mod given_charms;
mod merge;
mod other_files;
mod packed;
mod read;
mod schema;
mod shape;
mod unseen;
mod variants;

pub use bundle::{
    ApplicationFile, LoadBalancerFile, ModelConfigFile, ModelFile, OfferFile, SaasFile,
};
pub use connections::{ConnectionsFile, DerivedFile, ExceptFile};
pub use documents::merged_bundle;
pub(crate) use documents::{MergedModel, merged_model};
pub use files::read_text;
pub use files::{DigestedFiles, DiskFiles, FILE_SIZE_MAX, Files, MemoryFiles};
pub(crate) use files::{beside, read_bytes};
pub use given_charms::GivenCharm;
pub(crate) use packed::{PACKED_SIZE_MAX, is_packed, unpacked};
pub use read::{LoadOptions, Scenario, parse, parse_with};
pub use schema::schema;
pub(crate) use shape::{AcmeFile, CertificatesFile, DelayFile, HooksFile, OperatorFile};
pub use shape::{
    CharmNode, ClientFile, ConnectionFile, ControllerFile, ExpectFile, FailsFile, ModelNode,
    OutageFile, ScenarioFile, SelectorFile, TimingsFile,
};
