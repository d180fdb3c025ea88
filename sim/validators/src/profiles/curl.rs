//! The `curl` validator: curl with OpenSSL, and what it prints.

use ::rustls::AlertDescription;
use ::rustls::pki_types::ServerName;

use super::{Profile, Stack, Words, line, openssl};
use crate::catalogue::ErrorKind;
use crate::chain::openssl::{Rules, decide};
use crate::chain::{
    ADDRESS_MISMATCH, CRL_SIGNATURE, HOST_MISMATCH, PARTIAL_CHAIN, SIGNATURE, StackError, x509_text,
};
use crate::side::Side;

pub(super) const PROFILE: Profile = Profile {
    name: "curl",
    stack: Stack::Curl,
    decide: |question| decide(&Rules::CURL, question),
    takes_partial_chains: true,
    ..openssl::PROFILE
};

pub(super) const WORDS: Words = Words {
    name: "curl",
    is_shown_in_brief: true,
    of_handshake: |error, _| line(HANDSHAKE, error),
    of_refusal: |refusal, side, name| match (&refusal.stack_error, side) {
        // curl is never a server.
        (_, Side::Server) => None,
        (StackError::Curl(_, line), _) => Some(format!("curl: (60) SSL: {line}")),
        _ => {
            let name = name.map(ServerName::to_str);
            code_line(openssl::code(refusal)?, name.as_deref())
        }
    },
    of_alert: |alert, side| {
        let error = openssl::alert_error(alert)?;
        match side {
            Side::Server => None,
            Side::Client if is_of_handshake(alert) => {
                Some(format!("curl: (35) OpenSSL/3.0.19: {error}"))
            }
            // In TLS 1.3 the client's own handshake is done by then.
            Side::Client => Some(format!(
                "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: {error}, errno 0"
            )),
        }
    },
    patterns: |error| {
        // What is said of an address is what is said of a name.
        let codes = openssl::codes(error).filter(|code| *code != ADDRESS_MISMATCH);
        let codes = codes.filter_map(|code| code_line(code, Some("…")));
        let names = COMMON_NAME
            .iter()
            .filter(|_| error == ErrorKind::NotValidForName);
        let names = names.map(|line| format!("curl: (60) SSL: {line}"));
        codes.chain(names).collect()
    },
    // They are OpenSSL's.
    alerts: |_| Vec::new(),
};

/// What it says where it fell back to the common name (`chain/host.rs`).
const COMMON_NAME: [&str; 2] = [
    "certificate subject name '…' does not match target host name '…'",
    "unable to obtain common name from peer certificate",
];

fn code_line(code: u32, name: Option<&str>) -> Option<String> {
    Some(match code {
        // curl allows partial chains (since 7.68), so it has nothing to say.
        PARTIAL_CHAIN => return None,
        HOST_MISMATCH | ADDRESS_MISMATCH => format!(
            "curl: (60) SSL: no alternative certificate subject name matches target host name \
             '{}'",
            openssl::refused_name(name)
        ),
        SIGNATURE | CRL_SIGNATURE => {
            "curl: (35) OpenSSL/3.0.19: error:06880006:asn1 encoding routines::EVP lib".to_owned()
        }
        _ => format!("curl: (60) SSL certificate problem: {}", x509_text(code)),
    })
}

/// Whether a server sends the alert before the client's handshake is done.
const fn is_of_handshake(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::HandshakeFailure
            | AlertDescription::ProtocolVersion
            | AlertDescription::NoApplicationProtocol
            | AlertDescription::UnrecognisedName
            | AlertDescription::AccessDenied
    )
}

/// The line for each error that no chain rule finds.
const HANDSHAKE: &[(ErrorKind, &str)] = &[
    (
        ErrorKind::PlaintextPeer,
        "curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number",
    ),
    (
        ErrorKind::ClosedByPeer,
        "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL",
    ),
    (
        ErrorKind::Unreachable,
        "curl: (7) Failed to connect: Couldn't connect to server",
    ),
];
