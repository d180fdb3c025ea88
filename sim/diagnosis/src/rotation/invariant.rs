//! The six things that must be true of every rotation, with their codes and pages.

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

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TrustBeforeUse => "trust before use",
            Self::UseEndsBeforeDistrust => "use ends before distrust",
            Self::TwoByTwo => "old and new, two by two",
            Self::Rollback => "rollback",
            Self::LeafWithinIssuer => "leaf within issuer",
            Self::DistrustEffective => "distrust effective",
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

    /// The page that explains it, in Markdown.
    pub const fn page(self) -> &'static str {
        match self {
            Self::TrustBeforeUse => {
                "# Trust before use (I1)\n\n\
                A client met a certificate of the new CA before it trusted that CA, and nothing \
                bridged the gap. Distribute the new root first and wait until every client has read \
                it, or have the old CA cross-sign the new one and send that bridge along.\n"
            }
            Self::UseEndsBeforeDistrust => {
                "# Use ends before distrust (I2)\n\n\
                A server still showed a certificate of the old CA to a client that trusted that CA \
                no more. Withdraw the old root only when every server has a new certificate: re-issue \
                them all, or wait until the last one has been renewed or has expired.\n"
            }
            Self::TwoByTwo => {
                "# Old and new, two by two (I3)\n\n\
                While both CAs are in use, a server may show the old leaf or the new one, and a client \
                may hold the bundle from before the switch or the later one. Each of the four must \
                verify; here one did not.\n"
            }
            Self::Rollback => {
                "# Rollback (I4)\n\n\
                Until the old root is withdrawn, going back to the old CA must restore every \
                connection; here one failed after it.\n"
            }
            Self::LeafWithinIssuer => {
                "# Leaf within issuer (I5)\n\n\
                A certificate ends after the CA that signed it. OpenSSL, Go and Python refuse it as \
                soon as the CA has expired, whatever its own end says; rustls and Java do not look at \
                a root's dates, but at an intermediate's.\n"
            }
            Self::DistrustEffective => {
                "# Distrust effective (I6)\n\n\
                After the old CA was withdrawn something lives on that began with a certificate of \
                it: a connection that was open already, or a session that is taken up without \
                looking at certificates again. Nothing fails, but whoever stole a certificate of that \
                CA keeps what they have, and what is put off fails when it is opened anew. Restart \
                the servers once they have their new certificates, before the withdrawal, or hold \
                for as long as a connection lives.\n"
            }
        }
    }
}

/// The page of a code such as `TS0541`; `None` where it is none of a rotation's.
pub fn explain(code: &str) -> Option<&'static str> {
    let known = Invariant::ALL.iter();
    let mut known = known.filter(|each| each.code().eq_ignore_ascii_case(code.trim()));
    known.next().map(|each| each.page())
}
