//! The chain decision: given what a peer presented, what is trusted and whose rules apply.
//!
//! The verifiers inside the handshake and [`judge_server`]/[`judge_client`] ask the same
//! [`decide`]; nothing here knows keys or connections.

mod constraints;
mod facts;
pub(super) mod go;
mod host;
pub(super) mod java;
mod message;
mod name;
pub(super) mod openssl;
mod revocation;
mod signature;
pub(super) mod webpki_rules;
mod x509_errors;

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, OtherError};

pub(super) use facts::Facts;
pub(super) use message::patterns;
pub(super) use revocation::ListFacts;
pub(super) use x509_errors::{
    ALL as X509_ERRORS, CERT_SIGNATURE_FAILURE as SIGNATURE,
    CRL_SIGNATURE_FAILURE as CRL_SIGNATURE, HOSTNAME_MISMATCH as HOST_MISMATCH,
    IP_ADDRESS_MISMATCH as ADDRESS_MISMATCH, UNABLE_TO_GET_ISSUER_CERT as PARTIAL_CHAIN,
    kind as x509_kind, text as x509_text,
};

use super::catalogue::ErrorKind;
use super::profiles::Validator;
use super::side::Side;
use super::trust::TrustStore;
use super::verdict::Verdict;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;

/// What a certificate is judged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It authenticates a server.
    Server,
    /// It authenticates a client.
    Client,
}

/// Everything a validator may look at.
pub struct Question<'a> {
    /// The leaf that the peer presented.
    pub leaf: &'a CertificateDer<'a>,
    /// What it sent along, in its order.
    pub others: &'a [CertificateDer<'a>],
    /// The roots of the judging side.
    pub trust: &'a TrustStore,
    /// The name asked for; none for client certificates.
    pub name: Option<&'a ServerName<'a>>,
    /// What the certificate is judged for.
    pub purpose: Purpose,
    /// The clock of the judging side.
    pub clock: Time,
}

/// Why a chain was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Our name for it.
    pub(super) error: ErrorKind,
    /// The rustls error that means this.
    pub(super) rustls: Error,
    /// The alert that the validator's stack sends.
    pub(super) alert: AlertDescription,
    /// What the stack says, in its own terms.
    pub(super) stack_error: StackError,
}

/// A refusal in the terms of the stack that decided.
#[derive(Clone, Debug)]
pub(super) enum StackError {
    /// webpki's own error, which rustls shows as [`Refusal::rustls`].
    WebPki(webpki::Error),
    /// `X509_V_ERR_*`.
    OpenSsl(u32),
    /// The same, where curl's own check of the name found it, with curl's words.
    Curl(u32, String),
    /// The line of `crypto/tls`, with [`NOW`] in place of the time.
    Go(String),
    /// The line of `SunJSSE`: its exception with the class.
    Java(String),
}

/// In a line, the clock of the side that prints it, so that a verdict does not depend
/// on it.
pub(super) const NOW: &str = "{now}";

impl Refusal {
    /// A rustls error that makes rustls send the alert, or the nearest one there is.
    pub fn wire(&self) -> Error {
        use AlertDescription as A;
        let other = || CertificateError::Other(OtherError(Arc::new(webpki::Error::UnknownIssuer)));
        match self.alert {
            A::UnknownCA => CertificateError::UnknownIssuer,
            A::CertificateExpired => CertificateError::Expired,
            A::BadCertificate => CertificateError::BadEncoding,
            A::DecryptError => CertificateError::BadSignature,
            A::UnsupportedCertificate => CertificateError::InvalidPurpose,
            A::CertificateRevoked => CertificateError::Revoked,
            A::CertificateUnknown => other(),
            _ => return Error::General(self.error.kebab().to_owned()),
        }
        .into()
    }

    /// The alert that rustls sends for [`Refusal::wire`] (`send_cert_verify_error_alert`, rustls 0.23
    /// `common_state.rs`).
    pub fn alert_on_wire(&self) -> AlertDescription {
        match self.wire() {
            Error::InvalidCertificate(error) => {
                let sent = AlertDescription::from(error);
                assert_eq!(sent, self.alert, "a rustls error was chosen for its alert");
                sent
            }
            _ => AlertDescription::HandshakeFailure,
        }
    }
}

/// Asks `validator`.
pub fn decide(validator: Validator, question: &Question<'_>) -> Result<(), Box<Refusal>> {
    (validator.profile().decide)(question)
}

/// What a client that applies `validator` says at `at` of a server that presents `chain` (leaf
/// first) when it asks for `name` and trusts `roots`: the verdict of the handshake, without one.
pub fn judge_server(
    chain: &[Certificate],
    roots: &TrustStore,
    name: &str,
    at: Time,
    validator: Validator,
) -> Verdict {
    let Ok(name) = ServerName::try_from(name) else {
        return Verdict::failed(ErrorKind::InvalidServerName, Side::Client);
    };
    judge(chain, roots, Some(&name), Purpose::Server, at, validator)
}

/// What a server that applies `validator` says at `at` of a client that presents `chain`.
pub fn judge_client(
    chain: &[Certificate],
    roots: &TrustStore,
    at: Time,
    validator: Validator,
) -> Verdict {
    judge(chain, roots, None, Purpose::Client, at, validator)
}

/// Whether a client of `validator`'s stack presents `chain` to a server that trusts `roots` and
/// names them: where it does not, the server sees a client without a certificate.
pub fn presents(chain: &[Certificate], roots: &TrustStore, validator: Validator) -> bool {
    let authorities = roots.roots().map(Certificate::subject_der);
    is_offered(validator, chain, authorities)
}

/// Whether a client of `validator`'s stack presents `chain` to a server that names `authorities`,
/// in DER.
///
/// rustls and OpenSSL send what they are configured with. Go asks
/// `CertificateRequestInfo.SupportsCertificate` (golang/go `src/crypto/tls/common.go`), and Java its
/// key manager (`sun.security.ssl.SunX509KeyManagerImpl.getAliases`): where the server names
/// authorities and none of them issued a certificate of the chain, they send none.
pub fn is_offered<'a>(
    validator: Validator,
    chain: &[Certificate],
    authorities: impl IntoIterator<Item = &'a [u8]>,
) -> bool {
    let mut authorities = authorities.into_iter().peekable();
    !validator.heeds_hints()
        || authorities.peek().is_none()
        || authorities.any(|name| chain.iter().any(|one| one.issuer_der() == name))
}

fn judge(
    chain: &[Certificate],
    trust: &TrustStore,
    name: Option<&ServerName<'_>>,
    purpose: Purpose,
    at: Time,
    validator: Validator,
) -> Verdict {
    let judged_by = match purpose {
        Purpose::Server => Side::Client,
        Purpose::Client => Side::Server,
    };
    let presented: Vec<_> = chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der()))
        .collect();
    let Some((leaf, others)) = presented.split_first() else {
        let error = match purpose {
            Purpose::Server => ErrorKind::NoCertificate,
            Purpose::Client => ErrorKind::NoClientCertificate,
        };
        return Verdict::failed(error, judged_by);
    };
    let question = Question {
        leaf,
        others,
        trust,
        name,
        purpose,
        clock: at,
    };
    match decide(validator, &question) {
        Ok(()) => Verdict::ok(),
        Err(refusal) => Verdict::refused(&refusal, judged_by, name),
    }
}

/// A clock as rustls reads it.
pub const fn unix(at: Time) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(at.as_seconds()))
}
