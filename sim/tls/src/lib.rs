//! Identities, real handshakes between two sides, sessions that are resumed, and a cache of verdicts.
//!
//! A [`Case`] is everything one handshake depends on: who presents what, who trusts whom, by which
//! stack's rules and clock. [`handshake`] performs it with rustls over an in-memory pipe and gives a
//! [`trustsim_validators::Verdict`]; [`VerdictCache`] performs equal cases once, where equal means that
//! both clocks are between the same validity boundaries. [`resume`] performs a second handshake that
//! takes up the session of the first, which no certificate is judged in.
//!
//! The decision about a chain is `trustsim_validators`'. Knows nothing of Juju, of charms, of
//! scheduling or of files.

mod cache;
mod case;
mod handshake;
mod identity;
mod provider;
mod resumption;
mod verifier;

// Tests name this crate as the tests of the whole program do.
#[cfg(test)]
extern crate self as trustsim_tls;
#[cfg(test)]
mod tests;

pub use cache::VerdictCache;
pub use case::{Case, ClientSide, ServerSide, next_boundary};
pub use handshake::{Ended, Prepared, handshake};
pub use identity::Identity;
pub use provider::{provider, signing_key, with_stream};
pub use resumption::{Resumption, UnknownResumption, is_taken_up, resume};
