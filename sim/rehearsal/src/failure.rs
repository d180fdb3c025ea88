//! What goes wrong with a rotation that was tried, as values: a connection that fails, what stays in
//! use, a step that the CA cannot do.

use trustsim_diagnosis::Violation;
use trustsim_faults::rotation::Refusal;
use trustsim_kernel::Span;
use trustsim_validators::ErrorKind;

/// Why a rotation with some pauses is not safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A connection fails because of it: the first one.
    Connection(ConnectionFailure),
    /// What began with the old CA stays in use after the CA is distrusted (I6).
    StaysInUse(Violation),
    /// A connection uses a certificate of the old CA when all is done: the second provider gave none.
    StillOld {
        /// Its name.
        connection: String,
    },
    /// The CA cannot do one of the steps, so nothing was played.
    Refused(Refusal),
}

/// A connection that fails because of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFailure {
    /// Its name, such as `shop.web/0 -> shop.api/1`.
    pub connection: String,
    /// How long after the beginning of the rotation.
    pub after: Span,
    /// The error.
    pub error: ErrorKind,
}
