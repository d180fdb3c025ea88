//! What a TLS stack says of a chain of certificates, without a handshake.
//!
//! A [`Validator`] is a real stack: rustls, OpenSSL and what is built on it, Go, Java. Asked with
//! [`judge_server`] or [`judge_client`] about a chain, a [`TrustStore`], a name and an instant, it
//! follows that stack's own source in its order and gives a [`Verdict`]: the [`ErrorKind`], the alert
//! it sends, and the line that an operator would find in its log. For example, a server that kept its
//! CA's name and changed its key is `bad-signature` to rustls and `unknown-issuer` to OpenSSL, which
//! looks for the key's identifier first.
//!
//! A handshake asks the same [`decide`] through a [`Question`]. The page of each error
//! ([`explain`]) is made from what the stacks print.
//!
//! Knows nothing of handshakes, keys, Juju, scheduling or files.

mod algorithms;
mod catalogue;
mod chain;
mod page;
mod profiles;
mod side;
mod texts;
mod trust;
mod verdict;

// Tests name this crate as the tests of handshakes do, which share some files with them.
#[cfg(test)]
extern crate self as trustsim_validators;
#[cfg(test)]
mod tests;

pub use catalogue::{ErrorKind, UnknownErrorKind, explain};
pub use chain::{
    Purpose, Question, Refusal, decide, is_offered, judge_client, judge_server, presents, unix,
};
pub use profiles::{Stack, UnknownValidator, Validator};
pub use side::Side;
pub use texts::Text;
pub use trust::TrustStore;
pub use verdict::{Outcome, Verdict};
