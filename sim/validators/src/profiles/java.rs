//! The `java` validator, and what Java's `SunJSSE` prints.

use ::rustls::AlertDescription;

use super::{Profile, Stack, Words, line, patterns};
use crate::catalogue::ErrorKind;
use crate::chain::{Said, java};
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
    of_refusal: |refusal, _, _| match &refusal.said {
        Said::Java(line) => Some(format!("{}: {line}", exception(refusal.alert))),
        _ => None,
    },
    of_alert: |alert, _| {
        let name = alert_name(alert)?;
        Some(format!(
            "{}: Received fatal alert: {name}",
            exception(alert)
        ))
    },
    patterns: |error| patterns(CHAIN, error, VALIDATION),
    alerts: |error| {
        let is_found = CHAIN.iter().any(|(of, _)| *of == error);
        is_found
            .then_some(AlertDescription::CertificateUnknown)
            .into_iter()
            .collect()
    },
};

/// What is before the words of an exception of the path validator.
const VALIDATION: &str = "SSLHandshakeException: PKIX path validation failed: \
                          java.security.cert.CertPathValidatorException: ";

/// The exception that `SunJSSE` makes for an alert (`Alert.createSSLException`).
const fn exception(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::InternalError => "SSLException",
        _ => "SSLHandshakeException",
    }
}

/// Its lines about a chain.
const CHAIN: &[(ErrorKind, &[&str])] = &[
    (
        ErrorKind::UnknownIssuer,
        &[
            "=SSLHandshakeException: PKIX path building failed: \
                 sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid \
                 certification path to requested target",
            "Path does not chain with any of the trust anchors",
            "subject/issuer name chaining check failed: empty/null issuer DN in certificate \
                 is invalid",
            "=SSLException: Unexpected error: \
                 java.security.InvalidAlgorithmParameterException: the trustAnchors parameter \
                 must be non-empty",
        ],
    ),
    (ErrorKind::Expired, &["validity check failed"]),
    (ErrorKind::NotValidYet, &["validity check failed"]),
    (ErrorKind::BadSignature, &["signature check failed"]),
    (
        ErrorKind::NotValidForName,
        &[
            "=SSLHandshakeException: No subject alternative DNS name matching … found.",
            "=SSLHandshakeException: No subject alternative names matching IP address … found",
            "=SSLHandshakeException: No subject alternative names present",
            "=SSLHandshakeException: No name matching … found",
            "=SSLHandshakeException: Illegal given domain name: …",
        ],
    ),
    (
        ErrorKind::InvalidPurpose,
        &[
            "=SSLHandshakeException: KeyUsage does not allow digital signatures",
            "=SSLHandshakeException: Extended key usage does not permit use for TLS … \
                 authentication",
        ],
    ),
    (
        ErrorKind::InvalidCa,
        &[
            "CA key usage check failed: keyCertSign bit is not set",
            "basic constraints check failed: this is not a CA certificate",
            "=SSLHandshakeException: PKIX path … failed: \
                 sun.security.validator.ValidatorException: TrustAnchor with subject \"…\" is not \
                 a CA certificate",
            "=SSLHandshakeException: PKIX path … failed: \
                 sun.security.validator.ValidatorException: TrustAnchor with subject \"…\" does \
                 not have keyCertSign bit set in KeyUsage extension",
        ],
    ),
    (
        ErrorKind::PathLengthExceeded,
        &[
            "basic constraints check failed: pathLenConstraint violated - this cert must be \
               the last cert in the certification path",
        ],
    ),
    (
        ErrorKind::NameConstraintViolation,
        &["name constraints check failed"],
    ),
    (
        ErrorKind::UnhandledCriticalExtension,
        &["unrecognized critical extension(s)"],
    ),
    (
        ErrorKind::BadEncoding,
        &["=SSLHandshakeException: Failed to parse … certificates"],
    ),
];

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
