//! The `rustls` validator, and what rustls prints.

use ::rustls::pki_types::ServerName;
use ::rustls::{AlertDescription, CertificateError, Error};

use super::{Profile, Stack, Words, patterns};
use crate::catalogue::ErrorKind;
use crate::chain::{Refusal, StackError, webpki_rules};
use crate::side::Side;
use crate::texts::{NOW_UNIX, SINCE, UNTIL};
use trustsim_kernel::Span;

pub(super) const PROFILE: Profile = Profile {
    name: "rustls",
    stack: Stack::Rustls,
    decide: webpki_rules::decide,
    takes_partial_chains: true,
    heeds_hints: false,
    skips_damaged_blocks: true,
    // webpki compares whole seconds.
    grain_after_end: Span::from_secs(1),
    // A session without a lifetime is kept (`msgs/persist.rs`, `has_expired` of a lifetime of zero).
    session_lifetime: None,
    // A stateful ticket (`server/tls13.rs`, `emit_ticket`).
    ticket_lifetime: Some(Span::from_secs(86_400)),
    judges_again_on_resumption: false,
};

pub(super) const WORDS: Words = Words {
    name: "rustls",
    is_shown_in_brief: false,
    of_handshake: |_, error| Some(line(error)),
    of_refusal: |refusal: &Refusal, _: Side, _: Option<&ServerName<'_>>| match refusal.stack_error {
        StackError::WebPki(_) => Some(line(&refusal.rustls)),
        _ => None,
    },
    of_alert: |alert, _| Some(format!("received fatal alert: {alert:?}")),
    patterns: |error| patterns(CHAIN, error, "invalid peer certificate: "),
    alerts: |error| alert(error).into_iter().collect(),
};

/// Its lines about a chain, after `invalid peer certificate: `.
const CHAIN: &[(ErrorKind, &[&str])] = &[
    (ErrorKind::UnknownIssuer, &["UnknownIssuer"]),
    (
        ErrorKind::Expired,
        &[
            "certificate expired: verification time … (UNIX), but certificate is not valid \
                 after … (… seconds ago)",
            "Expired",
        ],
    ),
    (
        ErrorKind::NotValidYet,
        &[
            "certificate not valid yet: verification time … (UNIX), but certificate is not \
               valid before … (… seconds in future)",
        ],
    ),
    (ErrorKind::BadSignature, &["BadSignature"]),
    (
        ErrorKind::NotValidForName,
        &["certificate not valid for name \"…\"; certificate is …"],
    ),
    (
        ErrorKind::InvalidPurpose,
        &[
            "certificate does not allow extended key usage for …",
            "Other(OtherError(EmptyEkuExtension))",
        ],
    ),
    (
        ErrorKind::CaUsedAsLeaf,
        &["Other(OtherError(CaUsedAsEndEntity))"],
    ),
    (
        ErrorKind::InvalidCa,
        &["Other(OtherError(EndEntityUsedAsCa))"],
    ),
    (
        ErrorKind::PathLengthExceeded,
        &["Other(OtherError(PathLenConstraintViolated))"],
    ),
    (
        ErrorKind::NameConstraintViolation,
        &["Other(OtherError(NameConstraintViolation))"],
    ),
    (
        ErrorKind::UnhandledCriticalExtension,
        &["Other(OtherError(UnsupportedCriticalExtension))"],
    ),
    (
        ErrorKind::UnsupportedSignature,
        &[
            "Other(OtherError(SignatureAlgorithmMismatch))",
            "UnsupportedSignatureAlgorithmContext { signature_algorithm_id: …, supported_algorithms: … }",
            "UnsupportedSignatureAlgorithmForPublicKeyContext { signature_algorithm_id: …, public_key_algorithm_id: … }",
        ],
    ),
    (
        ErrorKind::TooManyCandidates,
        &[
            "Other(OtherError(MaximumSignatureChecksExceeded))",
            "Other(OtherError(MaximumPathBuildCallsExceeded))",
        ],
    ),
    (ErrorKind::BadEncoding, &["BadEncoding"]),
    (
        ErrorKind::ChainTooLong,
        &["Other(OtherError(MaximumPathDepthExceeded))"],
    ),
    (ErrorKind::Revoked, &["Revoked"]),
    (
        ErrorKind::UnknownRevocationStatus,
        &[
            "UnknownRevocationStatus",
            "=invalid certificate revocation list: IssuerInvalidForCrl",
        ],
    ),
    (
        ErrorKind::RevocationListExpired,
        &[
            "certificate revocation list expired: verification time … (UNIX), but CRL is not \
               valid after … (… seconds ago)",
        ],
    ),
    (
        ErrorKind::RevocationListInvalid,
        &["=invalid certificate revocation list: BadSignature"],
    ),
    // Whatever else webpki says, such as `UnsupportedCertVersion`.
    (ErrorKind::Other, &["Other(OtherError(…))"]),
];

/// The alert it sends for an error, of a chain or of the handshake.
const fn alert(error: ErrorKind) -> Option<AlertDescription> {
    use AlertDescription as A;
    match error {
        ErrorKind::UnknownIssuer
        | ErrorKind::UnknownRevocationStatus
        | ErrorKind::RevocationListExpired => Some(A::UnknownCA),
        ErrorKind::Expired | ErrorKind::NotValidYet => Some(A::CertificateExpired),
        ErrorKind::BadSignature | ErrorKind::UnsupportedSignature => Some(A::DecryptError),
        ErrorKind::NotValidForName | ErrorKind::BadEncoding => Some(A::BadCertificate),
        ErrorKind::InvalidPurpose => Some(A::UnsupportedCertificate),
        ErrorKind::Revoked => Some(A::CertificateRevoked),
        ErrorKind::RevocationListInvalid | ErrorKind::NoCommonParameters => {
            Some(A::HandshakeFailure)
        }
        ErrorKind::CaUsedAsLeaf
        | ErrorKind::InvalidCa
        | ErrorKind::PathLengthExceeded
        | ErrorKind::NameConstraintViolation
        | ErrorKind::UnhandledCriticalExtension
        | ErrorKind::TooManyCandidates
        | ErrorKind::ChainTooLong => Some(A::CertificateUnknown),
        ErrorKind::NoClientCertificate => Some(A::CertificateRequired),
        ErrorKind::NoCommonVersion => Some(A::ProtocolVersion),
        ErrorKind::NoCommonProtocol => Some(A::NoApplicationProtocol),
        ErrorKind::NoCertificateForName => Some(A::AccessDenied),
        _ => None,
    }
}

/// rustls' `Display`, with markers in place of the time of verification.
fn line(error: &Error) -> String {
    let (what, bound, marker, relation) = match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
            ("certificate expired", not_after, SINCE, "ago")
        }
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            ("certificate not valid yet", not_before, UNTIL, "in future")
        }
        Error::InvalidCertificate(CertificateError::ExpiredRevocationListContext {
            next_update,
            ..
        }) => (
            "certificate revocation list expired",
            next_update,
            SINCE,
            "ago",
        ),
        other => return other.to_string(),
    };
    let bound = bound.as_secs();
    let not = match (marker, what) {
        (UNTIL, _) => "certificate is not valid before",
        (_, "certificate expired") => "certificate is not valid after",
        _ => "CRL is not valid after",
    };
    format!(
        "invalid peer certificate: {what}: verification time {NOW_UNIX} (UNIX), but {not} {bound} \
         ({marker}{bound}}} seconds {relation})"
    )
}
