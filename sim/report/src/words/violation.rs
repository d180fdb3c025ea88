//! The words for what was not as it must be in a rotation: the sentence of each broken invariant and
//! each broken assertion.

use trustsim_diagnosis::{PersistenceEnd, TrustGained, Violation, ViolationKind};
use trustsim_kernel::{Span, format_duration};
use trustsim_model::Persisting;

/// What happened, in one line.
pub fn line(violation: &Violation) -> String {
    let at = violation.at;
    match &violation.what {
        ViolationKind::ConnectionFailed { connection, error } => {
            format!("{connection} failed at {at}: {error}")
        }
        ViolationKind::UsedTooEarly {
            judge,
            presenter,
            trusted,
        } => format!(
            "{judge} met the new certificate of {presenter} at {at}; {}",
            trust_gained(*trusted)
        ),
        ViolationKind::DistrustedTooEarly { judge, presenter } => format!(
            "{presenter} still showed a certificate of the old CA at {at}, which {judge} trusted no \
             more"
        ),
        ViolationKind::OutlivesIssuer { holder, by } => {
            let by = format_duration(*by);
            format!("the certificate of {holder} issued at {at} ends {by} after its CA")
        }
        ViolationKind::OutlivesDistrust {
            connection,
            what,
            judge,
            end,
        } => {
            let how = match what {
                Persisting::Session => "takes up a session that began with",
                Persisting::OpenConnection | Persisting::DistrustedConnection => "stays open with",
            };
            let end = match end {
                PersistenceEnd::Reopened(ended) => {
                    format!("until {ended}, {}", format_duration(ended.since(at)))
                }
                PersistenceEnd::Due(due) => format!("until {due}"),
                PersistenceEnd::Restart => "until one of its processes restarts".to_owned(),
            };
            format!(
                "{connection} {how} a certificate of the old CA, which {judge} trusts no more since \
                 {at}: {end}"
            )
        }
        ViolationKind::StillServed { holder } => {
            format!("{holder} serves a certificate of the old CA at {at}")
        }
        ViolationKind::StillTrusted { holder } => format!("{holder} trusts the old CA at {at}"),
    }
}

fn trust_gained(trusted: TrustGained) -> String {
    match trusted {
        TrustGained::Elsewhere => "it trusted that CA, but not for this connection".to_owned(),
        TrustGained::After(late) => {
            // Whole seconds, and at least one: what is shorter would read as nothing.
            let late = Span::from_secs(late.as_secs().max(1));
            format!("it trusted that CA {} later", format_duration(late))
        }
        TrustGained::Never => "it never trusted that CA".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Time;
    use trustsim_testkit::address_of;
    use trustsim_validators::ErrorKind;

    fn said(what: ViolationKind) -> String {
        let at = Time::EPOCH + Span::from_secs(60);
        line(&Violation { at, what })
    }

    fn early(trusted: TrustGained) -> ViolationKind {
        ViolationKind::UsedTooEarly {
            judge: address_of("browser"),
            presenter: address_of("a.web/0"),
            trusted,
        }
    }

    fn going_on(what: Persisting, end: PersistenceEnd) -> ViolationKind {
        ViolationKind::OutlivesDistrust {
            connection: "browser -> a.web/0".to_owned(),
            what,
            judge: address_of("browser"),
            end,
        }
    }

    #[test]
    fn every_violation_has_its_sentence() {
        let holder = || address_of("a.web/0");
        let later = Time::EPOCH + Span::from_secs(360);
        let all = [
            ViolationKind::ConnectionFailed {
                connection: "browser -> a.web/0".to_owned(),
                error: ErrorKind::UnknownIssuer,
            },
            early(TrustGained::Elsewhere),
            early(TrustGained::After(Span::from_secs(45))),
            early(TrustGained::After(Span::from_nanos(1))),
            early(TrustGained::Never),
            ViolationKind::DistrustedTooEarly {
                judge: address_of("browser"),
                presenter: holder(),
            },
            ViolationKind::OutlivesIssuer {
                holder: holder(),
                by: Span::from_secs(500),
            },
            going_on(Persisting::DistrustedConnection, PersistenceEnd::Due(later)),
            going_on(Persisting::OpenConnection, PersistenceEnd::Reopened(later)),
            going_on(Persisting::Session, PersistenceEnd::Restart),
            ViolationKind::StillServed { holder: holder() },
            ViolationKind::StillTrusted { holder: holder() },
        ];
        let all = all.map(said);
        insta::assert_snapshot!(all.join("\n"), @"
        browser -> a.web/0 failed at 1970-01-01T00:01:00Z: unknown-issuer
        browser met the new certificate of a.web/0 at 1970-01-01T00:01:00Z; it trusted that CA, but not for this connection
        browser met the new certificate of a.web/0 at 1970-01-01T00:01:00Z; it trusted that CA 45s later
        browser met the new certificate of a.web/0 at 1970-01-01T00:01:00Z; it trusted that CA 1s later
        browser met the new certificate of a.web/0 at 1970-01-01T00:01:00Z; it never trusted that CA
        a.web/0 still showed a certificate of the old CA at 1970-01-01T00:01:00Z, which browser trusted no more
        the certificate of a.web/0 issued at 1970-01-01T00:01:00Z ends 8m20s after its CA
        browser -> a.web/0 stays open with a certificate of the old CA, which browser trusts no more since 1970-01-01T00:01:00Z: until 1970-01-01T00:06:00Z
        browser -> a.web/0 stays open with a certificate of the old CA, which browser trusts no more since 1970-01-01T00:01:00Z: until 1970-01-01T00:06:00Z, 5m
        browser -> a.web/0 takes up a session that began with a certificate of the old CA, which browser trusts no more since 1970-01-01T00:01:00Z: until one of its processes restarts
        a.web/0 serves a certificate of the old CA at 1970-01-01T00:01:00Z
        a.web/0 trusts the old CA at 1970-01-01T00:01:00Z
        ");
    }
}
