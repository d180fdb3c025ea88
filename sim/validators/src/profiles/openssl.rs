//! The validators of OpenSSL 3.0 itself, and what it prints.

use ::rustls::AlertDescription;

use super::{Profile, Stack, Words, line};
use crate::catalogue::ErrorKind;
use crate::chain::openssl::{Rules, decide};
use crate::chain::{Refusal, StackError, X509_ERRORS, x509_text};
use trustsim_kernel::Span;

pub(super) const PROFILE: Profile = Profile {
    name: "openssl",
    stack: Stack::OpenSsl,
    decide: |question| decide(&Rules::DEFAULT, question),
    takes_partial_chains: false,
    heeds_hints: false,
    skips_damaged_blocks: false,
    // `X509_cmp_time` counts the instant itself as past.
    grain_after_end: Span::ZERO,
    // `ssl/t1_lib.c`, `tls1_default_timeout`.
    session_lifetime: Some(Span::from_secs(7_200)),
    ticket_lifetime: Some(Span::from_secs(7_200)),
    judges_again_on_resumption: false,
};

pub(super) const PARTIAL: Profile = Profile {
    name: "openssl-partial",
    decide: |question| decide(&Rules::PARTIAL, question),
    takes_partial_chains: true,
    ..PROFILE
};

pub(super) const WORDS: Words = Words {
    name: "openssl",
    is_shown_in_brief: false,
    of_handshake: |error, _| line(HANDSHAKE, error),
    of_refusal: |refusal, _, _| code(refusal).map(code_line),
    of_alert: |alert, _| {
        let number = u8::from(alert);
        alert_error(alert).map(|error| format!("{error}:SSL alert number {number}"))
    },
    patterns: |error| codes(error).map(code_line).collect(),
    alerts: |error| {
        let known = X509_ERRORS.iter().filter(move |(_, _, of, _)| *of == error);
        known.map(|(_, _, _, alert)| *alert).collect()
    },
};

fn code_line(code: u32) -> String {
    format!("Verify return code: {code} ({})", x509_text(code))
}

/// The `X509_V_ERR_*` of a refusal by OpenSSL's rules, whichever program applied them.
pub(super) const fn code(refusal: &Refusal) -> Option<u32> {
    match &refusal.stack_error {
        StackError::OpenSsl(code) | StackError::Curl(code, _) => Some(*code),
        _ => None,
    }
}

/// The name in a line about a certificate that does not have it. OpenSSL's rules check a name only
/// where one was asked for, so a refusal for its name without a name is a mistake of the caller.
pub(super) const fn refused_name(name: Option<&str>) -> &str {
    name.expect("a chain is refused for its name only where a name was asked for")
}

/// Every `X509_V_ERR_*` that means this error.
pub(super) fn codes(error: ErrorKind) -> impl Iterator<Item = u32> {
    let known = X509_ERRORS.iter().filter(move |(_, _, of, _)| *of == error);
    known.map(|(code, _, _, _)| *code)
}

/// What OpenSSL's error queue has for an alert that was received.
pub(super) fn alert_error(alert: AlertDescription) -> Option<String> {
    let reason = alert_reason(alert)?;
    let code = 0x0A00_03E8 + u32::from(u8::from(alert));
    Some(format!("error:{code:08X}:SSL routines::{reason}"))
}

/// The reason for an alert that was received (`ssl/ssl_err.c`).
pub(super) const fn alert_reason(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::HandshakeFailure => "sslv3 alert handshake failure",
        AlertDescription::BadCertificate => "sslv3 alert bad certificate",
        AlertDescription::UnsupportedCertificate => "sslv3 alert unsupported certificate",
        AlertDescription::CertificateRevoked => "sslv3 alert certificate revoked",
        AlertDescription::CertificateExpired => "sslv3 alert certificate expired",
        AlertDescription::CertificateUnknown => "sslv3 alert certificate unknown",
        AlertDescription::IllegalParameter => "sslv3 alert illegal parameter",
        AlertDescription::UnknownCA => "tlsv1 alert unknown ca",
        AlertDescription::AccessDenied => "tlsv1 alert access denied",
        AlertDescription::DecodeError => "tlsv1 alert decode error",
        AlertDescription::DecryptError => "tlsv1 alert decrypt error",
        AlertDescription::ProtocolVersion => "tlsv1 alert protocol version",
        AlertDescription::InternalError => "tlsv1 alert internal error",
        AlertDescription::UnrecognisedName => "tlsv1 unrecognized name",
        AlertDescription::CertificateRequired => "tlsv13 alert certificate required",
        AlertDescription::NoApplicationProtocol => "tlsv1 alert no application protocol",
        _ => return None,
    })
}

/// The line for each error that no chain rule finds.
const HANDSHAKE: &[(ErrorKind, &str)] = &[
    (
        ErrorKind::NoClientCertificate,
        "error:0A0000C7:SSL routines::peer did not return a certificate",
    ),
    (
        ErrorKind::KeyMismatch,
        "error:05800074:x509 certificate routines::key values mismatch",
    ),
    (
        ErrorKind::PlaintextPeer,
        "error:0A00010B:SSL routines::wrong version number",
    ),
    (
        ErrorKind::ClosedByPeer,
        "error:0A000126:SSL routines::unexpected eof while reading",
    ),
    (
        ErrorKind::NoCommonVersion,
        "error:0A000102:SSL routines::unsupported protocol",
    ),
    (
        ErrorKind::NoCommonParameters,
        "error:0A0000C1:SSL routines::no shared cipher",
    ),
];
