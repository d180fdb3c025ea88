//! The six things that must be true of every rotation, with their numbers and codes. Their names and
//! pages are in `trustsim_report::words::invariant`.

/// What must be true of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// I1.
    TrustBeforeUse,
    /// I2.
    UseEndsBeforeDistrust,
    /// I3.
    TwoByTwo,
    /// I4.
    Rollback,
    /// I5.
    LeafWithinIssuer,
    /// I6.
    DistrustEffective,
}

impl Invariant {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::TrustBeforeUse,
        Self::UseEndsBeforeDistrust,
        Self::TwoByTwo,
        Self::Rollback,
        Self::LeafWithinIssuer,
        Self::DistrustEffective,
    ];

    /// `I1` to `I6`.
    pub const fn number(self) -> &'static str {
        match self {
            Self::TrustBeforeUse => "I1",
            Self::UseEndsBeforeDistrust => "I2",
            Self::TwoByTwo => "I3",
            Self::Rollback => "I4",
            Self::LeafWithinIssuer => "I5",
            Self::DistrustEffective => "I6",
        }
    }

    /// The code of a breach.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TrustBeforeUse => "TS0541",
            Self::UseEndsBeforeDistrust => "TS0542",
            Self::TwoByTwo => "TS0543",
            Self::Rollback => "TS0544",
            Self::LeafWithinIssuer => "TS0545",
            Self::DistrustEffective => "TS0546",
        }
    }
}
