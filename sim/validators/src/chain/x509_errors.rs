//! `X509_V_ERR_*`: numbers, texts, alerts, and what each means in our words and in rustls'.
//!
//! Numbers and texts are those of OpenSSL 3.0 (`include/openssl/x509_vfy.h.in`,
//! `crypto/x509/x509_txt.c`); alerts those of `ssl_x509err2alert` (`ssl/statem/statem_lib.c`).

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, OtherError};

use super::super::catalogue::ErrorKind;
use super::facts::{Facts, SubjectName, instant};
use super::{Question, Refusal, StackError, unix};

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal, $kind:ident, $alert:ident;)*) => {
        $(pub(in crate) const $name: u32 = $number;)*

        /// All of them: number, text, our name for it, the alert of an OpenSSL peer.
        pub(in crate) const ALL: &[(u32, &str, ErrorKind, AlertDescription)] =
            &[$(($number, $text, ErrorKind::$kind, AlertDescription::$alert)),*];

        /// What `X509_verify_cert_error_string` says.
        pub(in crate) const fn text(code: u32) -> &'static str {
            match code {
                $($number => $text,)*
                _ => panic!("an X509_V_ERR_* that the table does not have"),
            }
        }

        /// Our name for it.
        pub(in crate) const fn kind(code: u32) -> ErrorKind {
            match code {
                $($number => ErrorKind::$kind,)*
                _ => panic!("an X509_V_ERR_* that the table does not have"),
            }
        }

        /// The alert that an OpenSSL peer sends.
        const fn alert(code: u32) -> AlertDescription {
            match code {
                $($number => AlertDescription::$alert,)*
                _ => panic!("an X509_V_ERR_* that the table does not have"),
            }
        }
    };
}

codes! {
    UNSPECIFIED = 1, "unspecified certificate verification error", BadEncoding, BadCertificate;
    UNABLE_TO_GET_ISSUER_CERT = 2, "unable to get issuer certificate", PartialChain, UnknownCA;
    UNABLE_TO_GET_CRL = 3, "unable to get certificate CRL", UnknownRevocationStatus, UnknownCA;
    CERT_SIGNATURE_FAILURE = 7, "certificate signature failure", BadSignature, DecryptError;
    CRL_SIGNATURE_FAILURE = 8, "CRL signature failure", RevocationListInvalid, DecryptError;
    CERT_NOT_YET_VALID = 9, "certificate is not yet valid", NotValidYet, BadCertificate;
    CERT_HAS_EXPIRED = 10, "certificate has expired", Expired, CertificateExpired;
    CRL_NOT_YET_VALID = 11, "CRL is not yet valid", RevocationListInvalid, BadCertificate;
    CRL_HAS_EXPIRED = 12, "CRL has expired", RevocationListExpired, CertificateExpired;
    DEPTH_ZERO_SELF_SIGNED_CERT = 18, "self-signed certificate", UnknownIssuer, UnknownCA;
    SELF_SIGNED_CERT_IN_CHAIN = 19, "self-signed certificate in certificate chain", UnknownIssuer, UnknownCA;
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20, "unable to get local issuer certificate", UnknownIssuer, UnknownCA;
    CERT_CHAIN_TOO_LONG = 22, "certificate chain too long", ChainTooLong, UnknownCA;
    CERT_REVOKED = 23, "certificate revoked", Revoked, CertificateRevoked;
    PATH_LENGTH_EXCEEDED = 25, "path length constraint exceeded", PathLengthExceeded, UnknownCA;
    INVALID_PURPOSE = 26, "unsuitable certificate purpose", InvalidPurpose, UnsupportedCertificate;
    UNHANDLED_CRITICAL_EXTENSION = 34, "unhandled critical extension", UnhandledCriticalExtension, CertificateUnknown;
    UNABLE_TO_GET_CRL_ISSUER = 33, "unable to get CRL issuer certificate", UnknownRevocationStatus, UnknownCA;
    KEYUSAGE_NO_CRL_SIGN = 35, "key usage does not include CRL signing", UnknownRevocationStatus, CertificateUnknown;
    UNHANDLED_CRITICAL_CRL_EXTENSION = 36, "unhandled critical CRL extension", RevocationListInvalid, CertificateUnknown;
    PERMITTED_VIOLATION = 47, "permitted subtree violation", NameConstraintViolation, CertificateUnknown;
    EXCLUDED_VIOLATION = 48, "excluded subtree violation", NameConstraintViolation, CertificateUnknown;
    UNSUPPORTED_NAME_SYNTAX = 53, "unsupported or invalid name syntax", NameConstraintViolation, CertificateUnknown;
    HOSTNAME_MISMATCH = 62, "hostname mismatch", NotValidForName, BadCertificate;
    IP_ADDRESS_MISMATCH = 64, "IP address mismatch", NotValidForName, BadCertificate;
    EE_KEY_TOO_SMALL = 66, "EE certificate key too weak", WeakKey, BadCertificate;
    CA_KEY_TOO_SMALL = 67, "CA certificate key too weak", WeakKey, BadCertificate;
    CA_MD_TOO_WEAK = 68, "CA signature digest algorithm too weak", UnsupportedSignature, BadCertificate;
    INVALID_CA = 79, "invalid CA certificate", InvalidCa, UnknownCA;
    PATHLEN_INVALID_FOR_NON_CA = 80, "Path length invalid for non-CA cert", ProfileViolation, CertificateUnknown;
    PATHLEN_WITHOUT_KU_KEY_CERT_SIGN = 81, "Path length given without key usage keyCertSign", ProfileViolation, CertificateUnknown;
    KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA = 82, "Key usage keyCertSign invalid for non-CA cert", ProfileViolation, CertificateUnknown;
    ISSUER_NAME_EMPTY = 83, "Issuer name empty", ProfileViolation, CertificateUnknown;
    SUBJECT_NAME_EMPTY = 84, "Subject name empty", ProfileViolation, CertificateUnknown;
    MISSING_AUTHORITY_KEY_IDENTIFIER = 85, "Missing Authority Key Identifier", ProfileViolation, CertificateUnknown;
    MISSING_SUBJECT_KEY_IDENTIFIER = 86, "Missing Subject Key Identifier", ProfileViolation, CertificateUnknown;
    CA_BCONS_NOT_CRITICAL = 89, "Basic Constraints of CA cert not marked critical", ProfileViolation, CertificateUnknown;
    CA_CERT_MISSING_KEY_USAGE = 92, "CA cert does not include key usage extension", ProfileViolation, CertificateUnknown;
}

/// The refusal for a code about a certificate of the chain.
pub(super) fn refusal(
    code: u32,
    certificate: Option<&Facts>,
    question: &Question<'_>,
) -> Box<Refusal> {
    let error = kind(code);
    Box::new(Refusal {
        error,
        rustls: meaning(error, certificate, question).into(),
        alert: alert(code),
        stack_error: StackError::OpenSsl(code),
    })
}

/// The rustls error that means the same.
pub(super) fn meaning(
    error: ErrorKind,
    certificate: Option<&Facts>,
    question: &Question<'_>,
) -> CertificateError {
    let time = unix(question.clock);
    let bound = |pick: fn(&Facts) -> i64| {
        let certificate = certificate.expect("a date is refused of a certificate that was read");
        unix(instant(pick(certificate)))
    };
    let other = |error: webpki::Error| CertificateError::Other(OtherError(Arc::new(error)));
    match error {
        ErrorKind::Expired => CertificateError::ExpiredContext {
            time,
            not_after: bound(|facts| facts.not_after),
        },
        ErrorKind::NotValidYet => CertificateError::NotValidYetContext {
            time,
            not_before: bound(|facts| facts.not_before),
        },
        ErrorKind::UnknownIssuer | ErrorKind::PartialChain => CertificateError::UnknownIssuer,
        ErrorKind::BadSignature => CertificateError::BadSignature,
        ErrorKind::InvalidPurpose => CertificateError::InvalidPurpose,
        ErrorKind::NotValidForName => match question.name.map(ServerName::to_owned) {
            Some(expected) => CertificateError::NotValidForNameContext {
                expected,
                presented: presented(certificate),
            },
            None => CertificateError::NotValidForName,
        },
        ErrorKind::InvalidCa => other(webpki::Error::EndEntityUsedAsCa),
        ErrorKind::PathLengthExceeded => other(webpki::Error::PathLenConstraintViolated),
        ErrorKind::ChainTooLong => other(webpki::Error::MaximumPathDepthExceeded),
        ErrorKind::NameConstraintViolation => other(webpki::Error::NameConstraintViolation),
        ErrorKind::UnhandledCriticalExtension => CertificateError::UnhandledCriticalExtension,
        ErrorKind::BadEncoding => CertificateError::BadEncoding,
        ErrorKind::Revoked => CertificateError::Revoked,
        ErrorKind::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        ErrorKind::RevocationListExpired => CertificateError::ExpiredRevocationList,
        ErrorKind::CaUsedAsLeaf => other(webpki::Error::CaUsedAsEndEntity),
        ErrorKind::TooManyCandidates => other(webpki::Error::MaximumSignatureChecksExceeded),
        // Checks that rustls does not make.
        ErrorKind::WeakKey
        | ErrorKind::UnsupportedSignature
        | ErrorKind::ProfileViolation
        | ErrorKind::RevocationListInvalid => CertificateError::ApplicationVerificationFailure,
        of_handshake => panic!("no rule about a chain finds `{of_handshake}`"),
    }
}

fn presented(leaf: Option<&Facts>) -> Vec<String> {
    let names = leaf.into_iter().flat_map(Facts::alternative_names);
    names
        .filter_map(|name| match name {
            SubjectName::Dns(name) => Some(format!("DnsName({name:?})")),
            SubjectName::Ip(octets) => Some(format!("IpAddress({octets:?})")),
            _ => None,
        })
        .collect()
}
