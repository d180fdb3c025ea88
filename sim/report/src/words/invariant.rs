//! The words for what must be true of a rotation: the name of each invariant, and the page that
//! `trustsim explain` prints for its code.

use trustsim_diagnosis::Invariant;

/// Its name.
pub const fn name(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::TrustBeforeUse => "trust before use",
        Invariant::UseEndsBeforeDistrust => "use ends before distrust",
        Invariant::TwoByTwo => "old and new, two by two",
        Invariant::Rollback => "rollback",
        Invariant::LeafWithinIssuer => "leaf within issuer",
        Invariant::DistrustEffective => "distrust effective",
    }
}

/// The page that explains it, in Markdown.
pub const fn page(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::TrustBeforeUse => {
            "# Trust before use (I1)\n\n\
            A client met a certificate of the new CA before it trusted that CA, and nothing \
            bridged the gap. Distribute the new root first and wait until every client has read \
            it, or have the old CA cross-sign the new one and send that bridge along.\n"
        }
        Invariant::UseEndsBeforeDistrust => {
            "# Use ends before distrust (I2)\n\n\
            A server still showed a certificate of the old CA to a client that trusted that CA \
            no more. Withdraw the old root only when every server has a new certificate: re-issue \
            them all, or wait until the last one has been renewed or has expired.\n"
        }
        Invariant::TwoByTwo => {
            "# Old and new, two by two (I3)\n\n\
            While both CAs are in use, a server may show the old leaf or the new one, and a client \
            may hold the bundle from before the switch or the later one. Each of the four must \
            verify; here one did not.\n"
        }
        Invariant::Rollback => {
            "# Rollback (I4)\n\n\
            Until the old root is withdrawn, going back to the old CA must restore every \
            connection; here one failed after it.\n"
        }
        Invariant::LeafWithinIssuer => {
            "# Leaf within issuer (I5)\n\n\
            A certificate ends after the CA that signed it. OpenSSL, Go and Python refuse it as \
            soon as the CA has expired, whatever its own end says; rustls and Java do not look at \
            a root's dates, but at an intermediate's.\n"
        }
        Invariant::DistrustEffective => {
            "# Distrust effective (I6)\n\n\
            After the old CA was withdrawn something lives on that began with a certificate of \
            it: a connection that was open already, or a session that is taken up without \
            looking at certificates again. Nothing fails, but an attacker with a certificate of that \
            CA keeps what they have, and what is put off fails when it is opened anew. Restart \
            the servers once they have their new certificates, before the withdrawal, or hold \
            for as long as a connection lives.\n"
        }
    }
}

/// The page of a code such as `TS0541`; `None` where it is none of a rotation's.
pub fn explain(code: &str) -> Option<&'static str> {
    let known = Invariant::ALL.iter();
    let mut known = known.filter(|each| each.code().eq_ignore_ascii_case(code.trim()));
    known.next().map(|each| page(*each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invariant_has_a_page() {
        for invariant in Invariant::ALL {
            let page = explain(invariant.code()).expect("a page");
            assert!(page.starts_with("# ") && page.contains(invariant.number()));
        }
        assert_eq!(explain("TS0549"), None);
    }
}
