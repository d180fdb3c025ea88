//! What was not as it must be in a rotation, one variant each. Knows no English:
//! `trustsim_report::words::violation` has the sentence for each.

use trustsim_kernel::{Span, Time};
use trustsim_model::{Address, Persisting};
use trustsim_validators::ErrorKind;

use super::Invariant;

/// The first thing in a rotation that was not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Time,
    /// What it was.
    pub what: ViolationKind,
}

/// What was not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// A connection failed.
    ConnectionFailed {
        /// Its name.
        connection: String,
        /// Its first error.
        error: ErrorKind,
    },
    /// A side was shown a certificate of the new CA before it trusted that CA.
    UsedTooEarly {
        /// Who was shown it.
        judge: Address,
        /// Who presented it.
        presenter: Address,
        /// When the judge trusted the new CA.
        trusted: TrustGained,
    },
    /// A side was shown a certificate of the old CA after it ceased to trust that CA.
    DistrustedTooEarly {
        /// Who was shown it.
        judge: Address,
        /// Who presented it.
        presenter: Address,
    },
    /// A certificate ends after the CA that signed it.
    OutlivesIssuer {
        /// Whose certificate.
        holder: Address,
        /// By how much.
        by: Span,
    },
    /// A connection goes on with a certificate of the old CA, which one side no longer trusts.
    OutlivesDistrust {
        /// Its name.
        connection: String,
        /// What goes on.
        what: Persisting,
        /// Who no longer trusts the old CA.
        judge: Address,
        /// How it ends.
        end: PersistenceEnd,
    },
    /// A certificate of the old CA is still served.
    StillServed {
        /// Who serves it.
        holder: Address,
    },
    /// The old CA is still trusted.
    StillTrusted {
        /// Who trusts it.
        holder: Address,
    },
}

/// When a side that was shown a certificate of a new CA came to trust that CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustGained {
    /// It trusted that CA already, but not for this connection.
    Elsewhere,
    /// So long after.
    After(Span),
    /// Never.
    Never,
}

/// How what goes on without a new handshake ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersistenceEnd {
    /// It was opened anew at this instant.
    Reopened(Time),
    /// It reaches its greatest age at this instant.
    Due(Time),
    /// Only a restart of one of its processes ends it.
    Restart,
}

impl Violation {
    /// The invariant that it breaks; `None` for what no invariant is about.
    pub const fn invariant(&self) -> Option<Invariant> {
        match self.what {
            ViolationKind::UsedTooEarly { .. } => Some(Invariant::TrustBeforeUse),
            ViolationKind::DistrustedTooEarly { .. } => Some(Invariant::UseEndsBeforeDistrust),
            ViolationKind::OutlivesIssuer { .. } => Some(Invariant::LeafWithinIssuer),
            ViolationKind::OutlivesDistrust { .. } => Some(Invariant::DistrustEffective),
            ViolationKind::ConnectionFailed { .. }
            | ViolationKind::StillServed { .. }
            | ViolationKind::StillTrusted { .. } => None,
        }
    }
}
