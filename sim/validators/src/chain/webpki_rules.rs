//! The `rustls` validator: webpki as rustls calls it.
//!
//! The steps and the mapping of errors are those of `WebPkiServerVerifier` (rustls 0.23.46,
//! `rustls/src/webpki/{server_verifier,mod}.rs`); we make the call ourselves to keep webpki's own
//! error.

use std::sync::Arc;

use rustls::{
    AlertDescription, CertRevocationListError, CertificateError, Error, ExtendedKeyPurpose,
    OtherError,
};
use webpki::{
    EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth, RevocationOptionsBuilder,
    UnknownStatusPolicy,
};

use super::super::catalogue::ErrorKind;
use super::{Purpose, Question, Refusal, StackError, unix};
use crate::algorithms::algorithms;

/// What rustls decides.
pub(crate) fn decide(question: &Question<'_>) -> Result<(), Box<Refusal>> {
    verify(question).map_err(|error| {
        let rustls = rustls_error(error.clone());
        Box::new(Refusal {
            error: kind(&error),
            alert: alert(&rustls),
            rustls,
            stack_error: StackError::WebPki(error),
        })
    })
}

fn verify(question: &Question<'_>) -> Result<(), webpki::Error> {
    let leaf = EndEntityCert::try_from(question.leaf)?;
    let usage = match question.purpose {
        Purpose::Server => KeyUsage::server_auth(),
        Purpose::Client => KeyUsage::client_auth(),
    };
    let lists: Vec<_> = question.trust.parsed_lists().iter().collect();
    // rustls looks nothing up where it was given no list.
    let revocation = (!lists.is_empty()).then(|| {
        RevocationOptionsBuilder::new(&lists)
            .expect("webpki takes any number of lists but none")
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build()
    });
    leaf.verify_for_usage(
        algorithms().all,
        question.trust.anchors(),
        question.others,
        unix(question.clock),
        usage,
        revocation,
        None,
    )?;
    match question.name {
        Some(name) => leaf.verify_is_valid_for_subject_name(name),
        None => Ok(()),
    }
}

/// Our name for a webpki error.
fn kind(error: &webpki::Error) -> ErrorKind {
    use webpki::Error as E;
    match error {
        E::UnknownIssuer => ErrorKind::UnknownIssuer,
        E::CertExpired { .. } | E::InvalidCertValidity => ErrorKind::Expired,
        E::CertNotValidYet { .. } => ErrorKind::NotValidYet,
        E::InvalidSignatureForPublicKey => ErrorKind::BadSignature,
        E::CertNotValidForName(_) => ErrorKind::NotValidForName,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => ErrorKind::InvalidPurpose,
        E::CaUsedAsEndEntity => ErrorKind::CaUsedAsLeaf,
        E::EndEntityUsedAsCa => ErrorKind::InvalidCa,
        E::PathLenConstraintViolated => ErrorKind::PathLengthExceeded,
        E::NameConstraintViolation => ErrorKind::NameConstraintViolation,
        E::UnsupportedCriticalExtension => ErrorKind::UnhandledCriticalExtension,
        E::UnsupportedSignatureAlgorithmContext(_)
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | E::SignatureAlgorithmMismatch => ErrorKind::UnsupportedSignature,
        E::MaximumSignatureChecksExceeded
        | E::MaximumPathBuildCallsExceeded
        | E::MaximumNameConstraintComparisonsExceeded => ErrorKind::TooManyCandidates,
        E::MaximumPathDepthExceeded => ErrorKind::ChainTooLong,
        E::CertRevoked => ErrorKind::Revoked,
        E::UnknownRevocationStatus | E::IssuerNotCrlSigner => ErrorKind::UnknownRevocationStatus,
        E::InvalidCrlSignatureForPublicKey => ErrorKind::RevocationListInvalid,
        E::CrlExpired { .. } => ErrorKind::RevocationListExpired,
        E::BadDer | E::BadDerTime | E::TrailingData(_) | E::MalformedExtensions => {
            ErrorKind::BadEncoding
        }
        _ => ErrorKind::Other,
    }
}

/// `pki_error` of `rustls/src/webpki/mod.rs`, which rustls keeps to itself.
fn rustls_error(error: webpki::Error) -> Error {
    use webpki::Error as E;
    match error {
        E::InvalidCrlSignatureForPublicKey => return CertRevocationListError::BadSignature.into(),
        E::IssuerNotCrlSigner => return CertRevocationListError::IssuerInvalidForCrl.into(),
        E::BadDer | E::BadDerTime | E::TrailingData(_) => CertificateError::BadEncoding,
        E::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        E::CertExpired { time, not_after } => CertificateError::ExpiredContext { time, not_after },
        E::InvalidCertValidity => CertificateError::Expired,
        E::UnknownIssuer => CertificateError::UnknownIssuer,
        E::CertNotValidForName(context) => CertificateError::NotValidForNameContext {
            expected: context.expected,
            presented: context.presented,
        },
        E::CertRevoked => CertificateError::Revoked,
        E::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        E::CrlExpired { time, next_update } => {
            CertificateError::ExpiredRevocationListContext { time, next_update }
        }
        E::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        E::UnsupportedSignatureAlgorithmContext(context) => {
            CertificateError::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: context.signature_algorithm_id,
                supported_algorithms: context.supported_algorithms,
            }
        }
        E::UnsupportedSignatureAlgorithmForPublicKeyContext(context) => {
            CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext {
                signature_algorithm_id: context.signature_algorithm_id,
                public_key_algorithm_id: context.public_key_algorithm_id,
            }
        }
        E::RequiredEkuNotFoundContext(context) => CertificateError::InvalidPurposeContext {
            required: purpose(context.required.oid_values().collect()),
            presented: context.present.into_iter().map(purpose).collect(),
        },
        other => CertificateError::Other(OtherError(Arc::new(other))),
    }
    .into()
}

/// The alert that rustls sends for an error of its verifier (`send_cert_verify_error_alert`).
fn alert(error: &Error) -> AlertDescription {
    match error {
        Error::InvalidCertificate(error) => error.clone().into(),
        _ => AlertDescription::HandshakeFailure,
    }
}

fn purpose(oid: Vec<usize>) -> ExtendedKeyPurpose {
    match oid.as_slice() {
        KeyUsage::CLIENT_AUTH_REPR => ExtendedKeyPurpose::ClientAuth,
        KeyUsage::SERVER_AUTH_REPR => ExtendedKeyPurpose::ServerAuth,
        _ => ExtendedKeyPurpose::Other(oid),
    }
}
