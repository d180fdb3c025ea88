//! The `java` validator: the default trust manager of `SunJSSE`.
//!
//! The steps, their order and the texts are those of OpenJDK 17 (openjdk/jdk17u,
//! `sun.security.validator.{PKIXValidator,EndEntityChecker}`, `sun.security.provider.certpath`,
//! `sun.security.util.HostnameChecker`). If the last certificate that the peer sent is issued by
//! a trust anchor, that path is checked unchanged. Otherwise a path is built, and if none is found Java says only
//! that. Where several anchors of one name fail, Java shows the error of whichever its hash set gives last; here it is
//! the last one given. Not covered: certificate policies; `jdk.certpath.disabledAlgorithms` (RSA below 1024 bits and
//! MD5 fail as bad signatures instead); the public suffix list; the distrusted public authorities.

mod constraints;
mod host;
mod messages;
mod principal;
mod search;
mod validate;

use rustls::AlertDescription;

pub(crate) use messages::ALL as MESSAGES;

use super::super::catalogue::ErrorKind;
use super::facts::Facts;
use super::message::Message;
use super::{Purpose, Question, Refusal, StackError, x509_errors};

/// Accepts or refuses the chain as Java does.
pub(crate) fn decide(question: &Question<'_>) -> Result<(), Box<Refusal>> {
    let refuse = |failure: Failure<'_>| {
        Box::new(Refusal {
            error: failure.error,
            rustls: x509_errors::meaning(failure.error, failure.certificate, question).into(),
            alert: failure.alert,
            stack_error: StackError::Java(failure.text),
        })
    };
    let ders = std::iter::once(question.leaf).chain(question.others);
    let read: Option<Vec<_>> = ders
        .map(|der| Facts::read(der).filter(java_accepts_encoding))
        .collect();
    let Some(chain) = read else {
        let peer = match question.purpose {
            Purpose::Server => "server",
            Purpose::Client => "client",
        };
        return Err(refuse(Failure {
            alert: AlertDescription::BadCertificate,
            ..Failure::without_certificate(messages::UNPARSABLE, &[peer])
        }));
    };
    check(&chain, question).map_err(refuse)
}

/// `X509CertInfo.parse` and `verifyCert`: an issuer must have a name, and a subject without one
/// must have alternative names, marked critical.
fn java_accepts_encoding(facts: &Facts) -> bool {
    const SUBJECT_ALT_NAME: &str = "2.5.29.17";
    let has_names = facts.alternative_names().next().is_some();
    let is_critical = facts.critical.iter().any(|id| id == SUBJECT_ALT_NAME);
    !facts.issuer.is_empty() && (!facts.subject.is_empty() || (has_names && is_critical))
}

/// An exception of Java.
struct Failure<'a> {
    error: ErrorKind,
    text: String,
    certificate: Option<&'a Facts>,
    /// `certificate_unknown`, except for a certificate that cannot be parsed and for an empty store: OpenJDK 17 tells
    /// the peer no other reason but revocation (`getCertificateAlert`), which it does not look up by default.
    alert: AlertDescription,
}

impl<'a> Failure<'a> {
    fn new(message: Message, values: &[&str], certificate: &'a Facts) -> Self {
        Self {
            certificate: Some(certificate),
            ..Self::without_certificate(message, values)
        }
    }

    fn without_certificate(message: Message, values: &[&str]) -> Self {
        Self {
            error: message.error(),
            text: message.fill(values),
            certificate: None,
            alert: AlertDescription::CertificateUnknown,
        }
    }
}

/// `PKIXValidator.engineValidate`, `EndEntityChecker`, then the name (`X509TrustManagerImpl`).
fn check<'a>(chain: &'a [Facts], question: &Question<'_>) -> Result<(), Failure<'a>> {
    if question.trust.is_empty() {
        return Err(Failure {
            alert: AlertDescription::InternalError,
            ..Failure::without_certificate(messages::EMPTY_STORE, &[])
        });
    }
    let leaf = &chain[0];
    if !question.trust.contains_der(&leaf.der) {
        build_and_check_path(chain, question)?;
        check_end_entity(leaf, question.purpose)?;
    }
    match question.name {
        Some(name) => host::check(leaf, name),
        None => Ok(()),
    }
}

/// Finds the anchor of the path and checks the path below it.
fn build_and_check_path<'a>(
    chain: &'a [Facts],
    question: &Question<'_>,
) -> Result<(), Failure<'a>> {
    let validated = |path: &[&'a Facts]| {
        validate::check_path(path, question)
            .and_then(|anchor| check_anchor(anchor, path[0], "validation"))
    };
    let mut path = vec![&chain[0]];
    for (below, certificate) in chain.iter().zip(&chain[1..]) {
        if certificate.subject.canonical != below.issuer.canonical {
            return search::find_path(chain, question);
        }
        if is_anchor(certificate, question) {
            return validated(&path);
        }
        path.push(certificate);
    }
    let issuer = &path[path.len() - 1].issuer;
    if question.trust.with_subject(&issuer.canonical).is_empty() {
        search::find_path(chain, question)
    } else {
        validated(&path)
    }
}

/// Whether the store holds the certificate, or another one of its name and key.
fn is_anchor(certificate: &Facts, question: &Question<'_>) -> bool {
    let same_name = question.trust.with_subject(&certificate.subject.canonical);
    same_name
        .iter()
        .any(|root| root.der == certificate.der || root.raw_key == certificate.raw_key)
}

/// `verifyTrustAnchor`; `phase` is the word that Java puts into the message.
fn check_anchor<'a>(anchor: &Facts, leaf: &'a Facts, phase: &str) -> Result<(), Failure<'a>> {
    /// Of an X.509 v3 certificate, as it is encoded.
    const VERSION_3: u32 = 2;
    if anchor.version < VERSION_3 {
        return Ok(());
    }
    let subject = principal::text(&anchor.subject);
    let fails = |message| Err(Failure::new(message, &[phase, &subject], leaf));
    if !anchor.is_ca() {
        return fails(messages::ANCHOR_NO_CA);
    }
    if anchor.key_usage.is_some_and(|usage| !usage.cert_sign) {
        return fails(messages::ANCHOR_MAY_NOT_SIGN);
    }
    Ok(())
}

/// `EndEntityChecker`: left out where the leaf is itself trusted.
fn check_end_entity(leaf: &Facts, purpose: Purpose) -> Result<(), Failure<'_>> {
    if leaf.key_usage.is_some_and(|usage| !usage.digital_signature) {
        return Err(Failure::new(messages::NO_DIGITAL_SIGNATURE, &[], leaf));
    }
    let (allowed, role) = match purpose {
        Purpose::Server => (
            leaf.extended_key_usage
                .is_none_or(|one| one.any || one.server || one.gated),
            "server",
        ),
        Purpose::Client => (
            leaf.extended_key_usage
                .is_none_or(|one| one.any || one.client),
            "client",
        ),
    };
    if allowed {
        return Ok(());
    }
    Err(Failure::new(messages::WRONG_PURPOSE, &[role], leaf))
}
