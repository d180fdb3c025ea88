//! The relation protocols, one module per real library, with the library's version as a profile.
//!
//! What the libraries do in a hook (read databags, keep secrets, write databags back) and what
//! they tell the charm, bugs included. Databag texts are those the real libraries write, byte for
//! byte. Must not know what a charm decides.

pub mod cert_handler;
pub mod certificate_transfer;
mod interface;
pub mod json;
mod keys;
pub mod notes;
pub mod passed_ca;
pub mod pem;
pub mod tls_certificates;
pub mod tls_certificates_legacy;

pub use interface::Interface;
pub use keys::{KeySource, serial_number};

/// What a charm sees and does inside one hook, with [`notes::Note`] for the journal.
pub type UnitContext<'a> = trustsim_juju::UnitContext<'a, notes::Note>;
