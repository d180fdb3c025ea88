//! The `go` validator, and what Go's `crypto/tls` prints.

use ::rustls::AlertDescription;

use super::{Profile, Stack, Words, line};
use crate::catalogue::ErrorKind;
use crate::chain::{StackError, go, patterns};
use trustsim_kernel::Span;

pub(super) const PROFILE: Profile = Profile {
    name: "go",
    stack: Stack::Go,
    decide: go::decide,
    takes_partial_chains: true,
    heeds_hints: true,
    skips_damaged_blocks: true,
    grain_after_end: Span::from_nanos(1),
    // `crypto/tls/common.go`, `maxSessionTicketLifetime`.
    session_lifetime: Some(Span::from_secs(7 * 86_400)),
    ticket_lifetime: Some(Span::from_secs(7 * 86_400)),
    // `crypto/tls/handshake_client.go`, `loadSession`.
    judges_again_on_resumption: true,
};

pub(super) const WORDS: Words = Words {
    name: "go",
    is_shown_in_brief: true,
    of_handshake: |error, _| line(HANDSHAKE, error),
    of_refusal: |refusal, _, _| match &refusal.stack_error {
        StackError::Go(line) => Some(line.clone()),
        _ => None,
    },
    of_alert: |alert, _| alert_reason(alert).map(|text| format!("remote error: tls: {text}")),
    patterns: |error| patterns(go::MESSAGES, error),
    alerts: |error| {
        let is_found = go::MESSAGES.iter().any(|one| one.error() == error);
        is_found
            .then_some(AlertDescription::BadCertificate)
            .into_iter()
            .collect()
    },
};

/// The reason for an alert that was received (`crypto/tls/alert.go`).
const fn alert_reason(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::HandshakeFailure => "handshake failure",
        AlertDescription::BadCertificate => "bad certificate",
        AlertDescription::UnsupportedCertificate => "unsupported certificate",
        AlertDescription::CertificateRevoked => "revoked certificate",
        AlertDescription::CertificateExpired => "expired certificate",
        AlertDescription::CertificateUnknown => "unknown certificate",
        AlertDescription::IllegalParameter => "illegal parameter",
        AlertDescription::UnknownCA => "unknown certificate authority",
        AlertDescription::AccessDenied => "access denied",
        AlertDescription::DecodeError => "error decoding message",
        AlertDescription::DecryptError => "error decrypting message",
        AlertDescription::ProtocolVersion => "protocol version not supported",
        AlertDescription::InternalError => "internal error",
        AlertDescription::UnrecognisedName => "unrecognized name",
        AlertDescription::CertificateRequired => "certificate required",
        AlertDescription::NoApplicationProtocol => "no application protocol",
        _ => return None,
    })
}

/// The line for each error that no chain rule finds.
const HANDSHAKE: &[(ErrorKind, &str)] = &[
    (
        ErrorKind::NoClientCertificate,
        "tls: client didn't provide a certificate",
    ),
    (
        ErrorKind::KeyMismatch,
        "tls: private key does not match public key",
    ),
    (ErrorKind::BadEncoding, "x509: malformed certificate"),
    (
        ErrorKind::PlaintextPeer,
        "tls: first record does not look like a TLS handshake",
    ),
    (ErrorKind::ClosedByPeer, "EOF"),
    (ErrorKind::Unreachable, "connect: connection refused"),
    (
        ErrorKind::NoCommonVersion,
        "tls: client offered only unsupported versions",
    ),
    (
        ErrorKind::NoCommonParameters,
        "tls: no cipher suite supported by both client and server",
    ),
    (
        ErrorKind::NoCommonProtocol,
        "tls: client requested unsupported application protocols",
    ),
];
