//! The model: a deployment, what can be done to it, and the record of what happened, as plain data.
//!
//! A [`Deployment`] is what a scenario comes to, with no name left to look up; an [`Action`] is one thing
//! done to it, printable as the `juju` command where there is one; a [`Journal`] is what a run leaves
//! behind, each [`Entry`] naming its cause. For example, `faults` turns "rotate the CA of `pki.ca` at 30
//! days" into a [`TimedAction`] of a deployment, `world` plays it and records [`Kind::Action`] and
//! what comes of it, and `diagnosis` and `report` read that.
//!
//! Must not know how any of it is played: no agenda, no Juju, no handshake runs here.

mod action;
mod address;
mod charm_versions;
mod client_names;
mod command_line;
mod deployment;
mod free_names;
mod index;
mod journal;
mod note;
mod published;
mod reference;
mod rotation;
mod standing;
mod tls_action;

pub use action::{
    Action, ActionTarget, Between, FailingHook, HookAction, HookFailure, Instruction,
    NetworkAction, OfferAction, ScaleAction, Target, TimedAction, UnitAction, offering, setting,
};
pub use address::{Address, process_name};
pub use charm_versions::{CharmVersion, CharmVersions};
pub use client_names::ClientNames;
pub use command_line::{CommandLine, FileContent, Word};
pub use deployment::{
    AbsentRelation, ApplicationSpec, CharmStore, ClientSpec, ConnectionSpec, ControllerSpec,
    Counted, Deployment, EdgeBasis, Expectation, ExpectationKind, LoadBalancerSpec, MachineSpec,
    ModelKind, ModelSpec, NameSpec, OfferSpec, OperatorSpec, Party, Persistence, Placement,
    RandomPlan, RelationSpec, SaasSpec, Selector, Side, Source, Timings, When,
};
pub use index::{
    ActionIndex, ApplicationIndex, ClientIndex, ConnectionSpecIndex, ControllerIndex, MachineIndex,
    ModelIndex, OfferIndex, OperatorIndex, RelationIndex, SaasIndex,
};
pub use journal::{
    ActionRecord, Away, CertificateKind, CertificateRecord, ConnectionRecord, EndlessLoop, Entries,
    Entry, EntryIter, Event, HandshakeRecord, Journal, KeyRecord, Kind, Manifest, Persisting,
    PersistingRecord, Renamed, Seq, Subject, Trigger, UnplayedRepeats,
};
pub use note::{NotFetched, Note, Refusal, RequestRecord};
pub use published::{NoPublishedUrl, PublishedUrl};
pub use reference::EndpointRef;
pub use rotation::{Claim, RotationSpec, RotationStep, TimedStep, TrustChange};
pub use standing::{Basis, Coverage, Gap, Reason, Share, Standing, Standings};
pub use tls_action::{Added, Answering, Revoked, Store, Tampering, TlsAction, TlsEdit};
pub use typed_index_collections::{TiSlice, TiVec};
