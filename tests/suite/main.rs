//! Whole deployments, played from their scenarios: one binary, so that everything is linked once. A
//! module is one subject; `cargo test --test suite MODULE::` runs it alone.
//!
//! Tests marked `#[ignore]` take long or write a file: name the module that is meant, as `.ci/run` does.

mod common;

mod asked;
mod audit;
mod clients;
mod constraints;
mod consumers;
mod corpus;
mod coverage;
mod data_platform;
mod determinism;
mod edges;
mod endless;
mod every_handshake;
mod every_hook;
mod expectations;
mod fault_kinds;
mod files;
mod forecast;
mod fuzz;
mod generations;
mod import;
mod incidents;
mod judge;
mod juju_faults;
mod kubeconfig;
mod lasting_causes;
mod lego;
mod metamorphic;
mod missed_remedies;
mod newer_revisions;
mod one_cause;
mod openssl_verify;
mod ordered_remedies;
mod own_code;
mod pairings;
mod passed_ca;
mod patterns;
mod people;
mod playbooks;
mod played_again;
mod printed;
mod random_faults;
mod recording;
mod refuted_causes;
mod rehearsal;
mod remedies;
mod renewal_gap;
mod repeats;
mod requested_names;
mod rotation;
mod scenarios;
mod seeds;
mod seen_in_use;
mod spaces;
mod switches;
mod templates;
mod tls_faults;
mod told_causes;
mod true_causes;
mod variants;
mod why;
mod workloads;
