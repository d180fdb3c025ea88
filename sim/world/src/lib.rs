//! A run: the world as one value, what actions do to it, its connections and the run loop.
//!
//! Must not know files, the terminal, or why an action happens.

mod clients;
mod commands;
mod connections;
mod controllers;
mod deployed;
mod event;
mod failing;
mod fork;
mod handshakes;
mod host;
mod journal;
mod keys;
mod operators;
mod recorder;
mod repeats;
mod revocation;
mod sides;
mod simulation;
mod tampering;
#[cfg(test)]
mod tests;
mod view;
mod watchdog;
mod world;

pub use fork::Additions;
pub use simulation::{Options, Record, Simulation, TriesInVain};
pub use view::{ExportedConnection, Trusting, WatchedSource};

/// What is played, and what a run leaves behind: a caller that plays worlds needs both.
pub use trustsim_model::{
    Action, ActionIndex, ActionRecord, Added, Address, Answering, ApplicationIndex,
    ApplicationSpec, Away, Between, CertificateKind, CertificateRecord, Claim, ClientIndex,
    ClientNames, ClientSpec, CommandLine, ConnectionRecord, ConnectionSpec, ConnectionSpecIndex,
    ControllerIndex, ControllerSpec, Counted, Deployment, EndpointRef, Entry, Expectation,
    ExpectationKind, FailingHook, HandshakeRecord, HookAction, HookFailure, Instruction, Journal,
    KeyRecord, Kind, MachineIndex, MachineSpec, Manifest, ModelIndex, ModelKind, ModelSpec,
    NetworkAction, NotFetched, Note, OfferAction, OfferIndex, OfferSpec, OperatorIndex,
    OperatorSpec, Party, Persistence, Persisting, PersistingRecord, Placement, RandomPlan, Refusal,
    RelationIndex, RelationSpec, Revoked, RotationSpec, RotationStep, SaasIndex, SaasSpec,
    ScaleAction, Selector, Seq, Side, Source, Store, Subject, Tampering, Target, TiSlice, TiVec,
    TimedAction, TimedStep, Timings, TlsAction, TlsEdit, Trigger, TrustChange, UnitAction, When,
    setting,
};
