//! trustsim rehearses the TLS of a multi-model Juju deployment before there is one.
//!
//! A run is a straight line, and each arrow is one function with one owner:
//!
//! ```text
//! scenario file -> Scenario -> Deployment -> World -> Journal -> Findings -> report files
//! ```
//!
//! The rooms are floors: a room imports only from floors below it. `ARCHITECTURE.md` draws them.

pub mod kernel;
pub mod yaml;

pub mod juju;
pub mod pki;

pub mod interfaces;
pub mod tls;

pub mod charms;

pub mod world;

pub mod faults;

pub mod diagnosis;
pub mod scenario;

pub mod rehearsal;

pub mod report;

pub mod cli;
