//! The deployment as one value, what can be done to it, its connections, the run loop and the
//! journal.
//!
//! Must not know files, the terminal, or why an action happens.

mod act;
mod action;
mod attack;
mod clients;
mod connections;
mod controllers;
mod deploy;
mod deployment;
mod desk;
mod failing;
mod fork;
mod hooks;
mod journal;
mod keys;
mod names;
mod note;
mod people;
mod recorder;
mod revocation;
mod rotation;
mod sessions;
mod sides;
mod simulation;
mod tampering;
mod tls_action;
mod view;

pub use action::{
    Action, Between, FailingHook, HookAction, HookFailure, NetworkAction, OfferAction, ScaleAction,
    Target, TimedAction, UnitAction, setting,
};
pub use deployment::{
    ApplicationSpec, ClientSpec, ConnectionSpec, ControllerSpec, Counted, Deployment, Expectation,
    ExpectationKind, MachineSpec, ModelKind, ModelSpec, OfferSpec, OperatorSpec, Party, Placement,
    RandomPlan, RelationSpec, SaasSpec, Selector, Side, Source, Timings, When,
};
pub use fork::Additions;
pub use journal::{
    ActionRecord, Away, CertificateKind, CertificateRecord, ConnectionRecord, Entry,
    HandshakeRecord, Journal, KeyRecord, Kind, Manifest, Persisting, PersistingRecord, Seq,
    Subject, Trigger,
};
pub use note::{NotFetched, Note, Refusal};
pub use rotation::{Claim, RotationSpec, RotationStep, TimedStep, TrustChange};
pub use sessions::Persistence;
pub use simulation::{Options, Record, Simulation};
pub use tls_action::{Added, Answering, Revoked, Store, Tampering, TlsAction, TlsEdit};
pub use view::{ExportedConnection, Trusting, WatchedSource};
