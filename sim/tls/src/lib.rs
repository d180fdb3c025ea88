//! Identities, trust stores, validators, the handshake and its verdict.
//!
//! A [`Case`] is everything one handshake depends on; [`handshake`] performs it with rustls over
//! an in-memory pipe and gives a [`Verdict`]; [`VerdictCache`] performs equal cases once. The chain
//! decision belongs to the client's (or server's) [`Validator`], and [`judge_server`] asks it
//! without keys or a handshake.
//!
//! Knows nothing of Juju, of charms, of scheduling or of files.

mod cache;
mod case;
mod catalogue;
mod chain;
mod handshake;
mod identity;
mod provider;
mod resumption;
mod said;
mod texts;
mod trust;
mod validators;
mod verdict;
mod verifier;

// Tests name this crate as the tests of the whole program do.
#[cfg(test)]
extern crate self as trustsim_tls;
#[cfg(test)]
mod tests;

pub use cache::VerdictCache;
pub use case::{Case, ClientSide, ServerSide, Side, next_boundary};
pub use catalogue::{ErrorKind, UnknownErrorKind, explain};
pub use chain::{judge_client, judge_server, presents};
pub use handshake::{Ended, Prepared, handshake};
pub use identity::Identity;
pub use provider::{provider, signing_key, with_stream};
pub use resumption::{Resumption, UnknownResumption, is_taken_up, resume};
pub use texts::Text;
pub use trust::TrustStore;
pub use validators::{Stack, UnknownValidator, Validator};
pub use verdict::{Outcome, Verdict};
