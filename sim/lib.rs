//! trustsim rehearses the TLS of a multi-model Juju deployment before there is one.
//!
//! A run is a straight line, and each arrow is one function with one owner:
//!
//! ```text
//! scenario file -> Scenario -> Deployment -> World -> Journal -> Findings -> report files
//! ```
//!
//! Each room is a crate that depends only on crates below it. `ARCHITECTURE.md` has them in order.

pub use trustsim_kernel as kernel;
pub use trustsim_yaml as yaml;

pub use trustsim_juju as juju;
pub use trustsim_pki as pki;

pub use trustsim_interfaces as interfaces;
pub use trustsim_tls as tls;
pub use trustsim_validators as validators;

pub use trustsim_charms as charms;

pub use trustsim_model as model;

pub use trustsim_world as world;

pub use trustsim_faults as faults;

pub use trustsim_diagnosis as diagnosis;
pub use trustsim_edges as edges;
pub use trustsim_scenario as scenario;

pub use trustsim_import as import;

pub use trustsim_whatif as whatif;

pub use trustsim_rehearsal as rehearsal;

pub use trustsim_session as session;
pub use trustsim_trials as trials;

pub use trustsim_report as report;

pub use trustsim_cli as cli;
