//! The `java` validator, and what Java's `SunJSSE` prints.

use ::rustls::AlertDescription;

use super::{Profile, Stack, Words, line};
use crate::catalogue::ErrorKind;
use crate::chain::{StackError, java, patterns};
use crate::verdict::alert_name;
use trustsim_kernel::Span;

pub(super) const PROFILE: Profile = Profile {
    name: "java",
    stack: Stack::Java,
    decide: java::decide,
    takes_partial_chains: true,
    heeds_hints: true,
    skips_damaged_blocks: false,
    // `Date` counts milliseconds.
    grain_after_end: Span::from_millis(1),
    // `SSLSessionContextImpl`, `DEFAULT_SESSION_TIMEOUT`.
    session_lifetime: Some(Span::from_secs(86_400)),
    ticket_lifetime: Some(Span::from_secs(86_400)),
    judges_again_on_resumption: false,
};

pub(super) const WORDS: Words = Words {
    name: "java",
    is_shown_in_brief: true,
    of_handshake: |error, _| line(HANDSHAKE, error),
    of_refusal: |refusal, _, _| match &refusal.stack_error {
        StackError::Java(line) => Some(line.clone()),
        _ => None,
    },
    of_alert: |alert, _| {
        let name = alert_name(alert)?;
        Some(format!(
            "{}: Received fatal alert: {name}",
            exception(alert)
        ))
    },
    patterns: |error| patterns(java::MESSAGES, error),
    alerts: |error| {
        let is_found = java::MESSAGES.iter().any(|one| one.error() == error);
        is_found
            .then_some(AlertDescription::CertificateUnknown)
            .into_iter()
            .collect()
    },
};

/// The exception that `SunJSSE` makes for an alert (`Alert.createSSLException`).
const fn exception(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::InternalError => "SSLException",
        _ => "SSLHandshakeException",
    }
}

/// The line for each error that no chain rule finds.
const HANDSHAKE: &[(ErrorKind, &str)] = &[
    (
        ErrorKind::NoClientCertificate,
        "SSLHandshakeException: Empty client certificate chain",
    ),
    (
        ErrorKind::PlaintextPeer,
        "SSLException: Unsupported or unrecognized SSL message",
    ),
    (
        ErrorKind::ClosedByPeer,
        "SSLHandshakeException: Remote host terminated the handshake",
    ),
    (
        ErrorKind::Unreachable,
        "ConnectException: Connection refused",
    ),
    (
        ErrorKind::NoCommonParameters,
        "SSLHandshakeException: no cipher suites in common",
    ),
];
