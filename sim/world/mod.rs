//! The deployment as one value, what can be done to it, its connections, the run loop and the
//! journal.
//!
//! Must not know files, the terminal, or why an action happens.

mod action;
mod deployment;
mod journal;

pub use action::{Action, TimedAction};
pub use deployment::{
    ApplicationSpec, ClientSpec, ConnectionSpec, ControllerSpec, Deployment, Expectation,
    ExpectationKind, MachineSpec, ModelKind, ModelSpec, OfferSpec, Party, Placement, RelationSpec,
    SaasSpec, Selector, Side, Source, Timings,
};
pub use journal::{
    CertificateKind, CertificateRecord, ConnectionRecord, Entry, HandshakeRecord, Journal, Kind,
    Manifest, Seq, Subject,
};
