//! The `go` validator: `Certificate.Verify` of `crypto/x509` as `crypto/tls` calls it.
//!
//! The steps, their order and the texts are those of Go 1.27 (golang/go, `src/crypto/x509/
//! {verify,cert_pool,parser,x509}.go`, `src/crypto/tls/{handshake_client,handshake_server}.go`):
//! the leaf's own dates and name come before any issuer is looked for. Not covered: certificate
//! policies (none of the charms' certificates carry them), the platform verifiers of Windows and
//! macOS, P-521 and ML-DSA keys, and of the parser only what an issuer may get wrong.

mod constraints;
mod host;
mod messages;
mod paths;
mod quote;

use rustls::AlertDescription;

use super::super::catalogue::ErrorKind;
use super::facts::{Facts, SubjectName, instant};
use super::message::Message;
use super::{NOW, Purpose, Question, Refusal, StackError, x509_errors};
use crate::trust::TrustStore;
use trustsim_kernel::Time;

/// What Go decides.
pub(crate) fn decide(question: &Question<'_>) -> Result<(), Box<Refusal>> {
    let refuse = |failure: Failure<'_>| {
        let text = failure.text;
        Box::new(Refusal {
            error: failure.error,
            rustls: x509_errors::meaning(failure.error, failure.certificate, question).into(),
            alert: match question.purpose {
                // A client sends one alert for everything it finds in a chain.
                Purpose::Server if failure.by_server != AlertDescription::DecodeError => {
                    AlertDescription::BadCertificate
                }
                _ => failure.by_server,
            },
            stack_error: StackError::Go(text),
        })
    };
    let leaf = parse(question.leaf, question.purpose).map_err(refuse)?;
    let mut sent = Vec::new();
    for der in question.others {
        sent.push(parse(der, question.purpose).map_err(refuse)?);
    }
    let verification = Verification {
        roots: question.trust,
        sent: &sent,
        purpose: question.purpose,
        clock: question.clock,
    };
    verification.verify(&leaf, question).map_err(refuse)
}

pub(crate) use messages::ALL as MESSAGES;

/// An error of Go, and what a server that meets it sends (`processCertsFromClient`).
struct Failure<'a> {
    error: ErrorKind,
    text: String,
    certificate: Option<&'a Facts>,
    by_server: AlertDescription,
}

impl<'a> Failure<'a> {
    fn new(message: Message, values: &[&str], certificate: &'a Facts) -> Self {
        Self {
            error: message.error(),
            text: message.fill(values),
            certificate: Some(certificate),
            by_server: AlertDescription::BadCertificate,
        }
    }
}

/// What a certificate is in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Leaf,
    Intermediate,
    Root,
}

struct Verification<'a> {
    roots: &'a TrustStore,
    sent: &'a [Facts],
    purpose: Purpose,
    clock: Time,
}

impl<'a> Verification<'a> {
    /// `Certificate.Verify`.
    fn verify(&self, leaf: &'a Facts, question: &Question<'_>) -> Result<(), Failure<'a>> {
        self.check(leaf, Level::Leaf, &[])?;
        if let Some(name) = question.name {
            host::check(leaf, name)?;
        }
        let paths = if self.roots.contains_der(&leaf.der) {
            vec![vec![leaf]]
        } else {
            self.paths(leaf)?
        };
        let mut constraint = None;
        for path in &paths {
            let end = path.last().expect("a path begins with the leaf");
            assert!(
                self.roots.contains_der(&end.der),
                "a path that Go takes ends with a certificate of the pool of roots"
            );
            if !self.allows_purpose(path) {
                continue;
            }
            match constraints::check(path) {
                Ok(()) => return Ok(()),
                Err(detail) => constraint = constraint.or(Some(detail)),
            }
        }
        Err(match constraint {
            Some(detail) => Failure::new(messages::NAME_CONSTRAINT, &[&detail], leaf),
            None => Failure::new(messages::WRONG_PURPOSE, &[], leaf),
        })
    }

    /// `isValid`: whether the certificate may be appended to `path`.
    fn check(
        &self,
        certificate: &'a Facts,
        level: Level,
        path: &[&Facts],
    ) -> Result<(), Failure<'a>> {
        let fail = |message| Err(Failure::new(message, &[], certificate));
        if has_unhandled_critical(certificate) {
            return fail(messages::UNHANDLED_CRITICAL);
        }
        let now = i128::from(self.clock.as_nanos());
        let nanos = |seconds: i64| i128::from(seconds) * 1_000_000_000;
        let outside = if now < nanos(certificate.not_before) {
            Some((messages::NOT_VALID_YET, certificate.not_before))
        } else if now > nanos(certificate.not_after) {
            Some((messages::EXPIRED, certificate.not_after))
        } else {
            None
        };
        if let Some((message, bound)) = outside {
            let bound = instant(bound).to_string();
            return Err(Failure {
                by_server: AlertDescription::CertificateExpired,
                ..Failure::new(message, &[NOW, &bound], certificate)
            });
        }
        if level == Level::Intermediate && !certificate.is_ca() {
            return fail(messages::MAY_NOT_SIGN);
        }
        let intermediates = path.iter().skip(1).count() as u64;
        match certificate.path_length() {
            Some(allowed) if intermediates > u64::from(allowed) => fail(messages::PATH_TOO_LONG),
            _ => Ok(()),
        }
    }

    /// `checkChainForKeyUsage`: every certificate that names purposes must name this one.
    fn allows_purpose(&self, path: &[&Facts]) -> bool {
        let purposes = path.iter().filter_map(|one| one.extended_key_usage);
        purposes.filter(|one| !one.is_empty).all(|one| {
            one.any
                || match self.purpose {
                    Purpose::Server => one.server,
                    Purpose::Client => one.client,
                }
        })
    }
}

/// `ParseCertificate`, as far as an issuer gets it wrong.
fn parse(der: &[u8], purpose: Purpose) -> Result<Facts, Failure<'static>> {
    let from = match purpose {
        Purpose::Server => "certificate from server",
        Purpose::Client => "client certificate",
    };
    let fail = |text: &str| Failure {
        error: messages::UNPARSABLE.error(),
        text: messages::UNPARSABLE.fill(&[from, text]),
        certificate: None,
        by_server: AlertDescription::DecodeError,
    };
    let facts = Facts::read(der).ok_or_else(|| fail("malformed certificate"))?;
    match unparsable(&facts) {
        Some(text) => Err(fail(text)),
        None => Ok(facts),
    }
}

/// What the parser refuses although it is X.509.
pub(super) fn unparsable(facts: &Facts) -> Option<&'static str> {
    const SUBJECT_KEY_ID: &str = "2.5.29.14";
    const AUTHORITY_KEY_ID: &str = "2.5.29.35";
    const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
    let is_critical = |id: &str| facts.critical.iter().any(|found| found == id);
    if facts.serial.first().is_some_and(|first| first & 0x80 != 0) {
        Some("negative serial number")
    } else if is_critical(SUBJECT_KEY_ID) {
        Some("subject key identifier incorrectly marked critical")
    } else if is_critical(AUTHORITY_KEY_ID) {
        Some("authority key identifier incorrectly marked critical")
    } else if is_critical(AUTHORITY_INFO_ACCESS) {
        Some("authority info access incorrectly marked critical")
    } else {
        None
    }
}

/// `UnhandledCriticalExtensions`: beyond the extensions that Go does not know, names and
/// constraints of kinds that it does not know.
fn has_unhandled_critical(facts: &Facts) -> bool {
    const HANDLED: [&str; 8] = [
        "2.5.29.15",
        "2.5.29.19",
        "2.5.29.31",
        "2.5.29.32",
        "2.5.29.33",
        "2.5.29.36",
        "2.5.29.37",
        "2.5.29.54",
    ];
    const SUBJECT_NAMES: &str = "2.5.29.17";
    const NAME_CONSTRAINTS: &str = "2.5.29.30";
    let is_known =
        |name: &SubjectName| !matches!(name, SubjectName::Directory(_) | SubjectName::Other);
    facts.critical.iter().any(|id| match id.as_str() {
        SUBJECT_NAMES => !facts.alternative_names().any(is_known),
        NAME_CONSTRAINTS => !facts.permitted.iter().chain(&facts.excluded).all(is_known),
        id => !HANDLED.contains(&id),
    })
}
