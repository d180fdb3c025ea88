//! The validators of Python's `ssl` module, and what it prints.

use ::rustls::pki_types::ServerName;

use super::{Profile, Stack, Words, line, openssl};
use crate::catalogue::ErrorKind;
use crate::chain::openssl::{Rules, decide};
use crate::chain::{ADDRESS_MISMATCH, HOST_MISMATCH, x509_text};

pub(super) const UP_TO_3_12: Profile = Profile {
    name: "python-3.11",
    stack: Stack::Python,
    ..openssl::PROFILE
};

pub(super) const SINCE_3_13: Profile = Profile {
    name: "python-3.13",
    decide: |question| decide(&Rules::STRICT, question),
    takes_partial_chains: true,
    ..UP_TO_3_12
};

pub(super) const WORDS: Words = Words {
    name: "python",
    is_shown_in_brief: false,
    of_handshake: |error, _| line(HANDSHAKE, error),
    of_refusal: |refusal, _, name| {
        let name = name.map(ServerName::to_str);
        openssl::code(refusal).map(|code| code_line(code, name.as_deref()))
    },
    of_alert: |alert, _| {
        let text = openssl::alert_reason(alert)?;
        let reason = text.to_uppercase().replace(' ', "_");
        Some(format!("[SSL: {reason}] {text}"))
    },
    patterns: |error| {
        openssl::codes(error)
            .map(|code| code_line(code, Some("…")))
            .collect()
    },
    // They are OpenSSL's.
    alerts: |_| Vec::new(),
};

fn code_line(code: u32, name: Option<&str>) -> String {
    let text = match code {
        HOST_MISMATCH => format!(
            "Hostname mismatch, certificate is not valid for '{}'.",
            openssl::refused_name(name)
        ),
        ADDRESS_MISMATCH => format!(
            "IP address mismatch, certificate is not valid for '{}'.",
            openssl::refused_name(name)
        ),
        _ => x509_text(code).to_owned(),
    };
    format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {text}")
}

/// The line for each error that no chain rule finds.
const HANDSHAKE: &[(ErrorKind, &str)] = &[
    (
        ErrorKind::NoClientCertificate,
        "[SSL: PEER_DID_NOT_RETURN_A_CERTIFICATE] peer did not return a certificate",
    ),
    (
        ErrorKind::KeyMismatch,
        "[X509: KEY_VALUES_MISMATCH] key values mismatch",
    ),
    (ErrorKind::BadEncoding, "[SSL] PEM lib"),
    (
        ErrorKind::PlaintextPeer,
        "[SSL: WRONG_VERSION_NUMBER] wrong version number",
    ),
    (
        ErrorKind::ClosedByPeer,
        "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol",
    ),
    (ErrorKind::Unreachable, "[Errno 111] Connection refused"),
    (
        ErrorKind::NoCommonVersion,
        "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol",
    ),
    (
        ErrorKind::NoCommonParameters,
        "[SSL: NO_SHARED_CIPHER] no shared cipher",
    ),
];
