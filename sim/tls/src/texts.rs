//! The lines that programs print about a failed handshake, on both sides.
//!
//! Of OpenSSL 3.0 (`crypto/x509/x509_txt.c`, `ssl/ssl_err.c`), Python's `ssl` on top of it, curl
//! 7.88 (`lib/vtls/openssl.c`), Go 1.27 (`crypto/tls`), OpenJDK 17 (`sun.security.ssl`) and rustls
//! 0.23.

use std::fmt;

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error};

use super::case::Side;
use super::catalogue::ErrorKind;
use super::chain::{NOW, Refusal, Said, x509_text};
use super::verdict::alert_name;
use trustsim_kernel::Time;

/// A TLS library or program with words of its own for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stack {
    /// rustls.
    Rustls,
    /// The `openssl` program.
    OpenSsl,
    /// Python's `ssl`.
    Python,
    /// curl with OpenSSL.
    Curl,
    /// Go's `crypto/tls`.
    Go,
    /// Java's `SunJSSE`.
    Java,
}

impl Stack {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            Self::OpenSsl => "openssl",
            Self::Python => "python",
            Self::Curl => "curl",
            Self::Go => "go",
            Self::Java => "java",
        }
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A line that somebody sees because of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// On which side it is seen.
    pub side: Side,
    /// Which program or library prints it.
    pub stack: Stack,
    /// The line; [`Text::at`] fills in the time of printing, where a stack prints one.
    pub line: String,
}

const NOW_UNIX: &str = "{now unix}";
const SINCE: &str = "{seconds since ";
const UNTIL: &str = "{seconds until ";

impl Text {
    /// The line as it is printed by a side whose clock shows `now`.
    pub fn at(&self, now: Time) -> String {
        let unix = now.as_seconds();
        let line = self
            .line
            .replace(NOW, &now.truncated_to_seconds().to_string())
            .replace(NOW_UNIX, &unix.to_string());
        let distance = |line: String, marker: &str, count: &dyn Fn(u64) -> u64| {
            let Some((before, rest)) = line.split_once(marker) else {
                return line;
            };
            match rest.split_once('}') {
                Some((bound, after)) => {
                    let bound: u64 = bound.parse().unwrap_or(unix);
                    format!("{before}{}{after}", count(bound))
                }
                None => line,
            }
        };
        let line = distance(line, SINCE, &|bound| unix.saturating_sub(bound));
        distance(line, UNTIL, &|bound| bound.saturating_sub(unix))
    }

    const fn new(side: Side, stack: Stack, line: String) -> Self {
        Self { side, stack, line }
    }
}

/// What the stack that refused a chain prints, or the programs that use it.
pub(super) fn of_refusal(
    refusal: &Refusal,
    side: Side,
    name: Option<&ServerName<'_>>,
) -> Vec<Text> {
    match &refusal.said {
        Said::WebPki(_) => vec![Text::new(side, Stack::Rustls, rustls_line(&refusal.rustls))],
        Said::OpenSsl(code) => openssl_lines(*code, side, name),
        Said::Curl(code, line) => {
            let mut texts = openssl_lines(*code, side, name);
            let curl = texts.iter_mut().find(|text| text.stack == Stack::Curl);
            if let Some(text) = curl {
                text.line = format!("curl: (60) SSL: {line}");
            }
            texts
        }
        Said::Go(line) => vec![Text::new(side, Stack::Go, line.clone())],
        Said::Java(line) => {
            let class = java_exception(refusal.alert);
            vec![Text::new(side, Stack::Java, format!("{class}: {line}"))]
        }
    }
}

/// What each stack prints where a side finds an error that is no chain's: its own key, no client
/// certificate, no common ground with its peer.
pub(super) fn own(error: ErrorKind, rustls: &Error, side: Side) -> Vec<Text> {
    let mut texts = vec![Text::new(side, Stack::Rustls, rustls_line(rustls))];
    let others = OWN.iter().filter(|(of, _)| *of == error);
    let others = others.flat_map(|(_, lines)| lines.iter());
    texts.extend(others.map(|&(stack, line)| Text::new(side, stack, line.to_owned())));
    texts
}

/// By error: program and line.
const OWN: &[(ErrorKind, &[(Stack, &str)])] = &[
    (
        ErrorKind::NoClientCertificate,
        &[
            (
                Stack::OpenSsl,
                "error:0A0000C7:SSL routines::peer did not return a certificate",
            ),
            (
                Stack::Python,
                "[SSL: PEER_DID_NOT_RETURN_A_CERTIFICATE] peer did not return a certificate",
            ),
            (Stack::Go, "tls: client didn't provide a certificate"),
            (
                Stack::Java,
                "SSLHandshakeException: Empty client certificate chain",
            ),
        ],
    ),
    (
        ErrorKind::KeyMismatch,
        &[
            (
                Stack::OpenSsl,
                "error:05800074:x509 certificate routines::key values mismatch",
            ),
            (
                Stack::Python,
                "[X509: KEY_VALUES_MISMATCH] key values mismatch",
            ),
            (Stack::Go, "tls: private key does not match public key"),
        ],
    ),
    (
        ErrorKind::BadEncoding,
        &[
            (Stack::Python, "[SSL] PEM lib"),
            (Stack::Go, "x509: malformed certificate"),
        ],
    ),
    (
        ErrorKind::PlaintextPeer,
        &[
            (
                Stack::OpenSsl,
                "error:0A00010B:SSL routines::wrong version number",
            ),
            (
                Stack::Python,
                "[SSL: WRONG_VERSION_NUMBER] wrong version number",
            ),
            (
                Stack::Curl,
                "curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number",
            ),
            (
                Stack::Go,
                "tls: first record does not look like a TLS handshake",
            ),
            (
                Stack::Java,
                "SSLException: Unsupported or unrecognized SSL message",
            ),
        ],
    ),
    (
        ErrorKind::ClosedByPeer,
        &[
            (
                Stack::OpenSsl,
                "error:0A000126:SSL routines::unexpected eof while reading",
            ),
            (
                Stack::Python,
                "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol",
            ),
            (
                Stack::Curl,
                "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL",
            ),
            (Stack::Go, "EOF"),
            (
                Stack::Java,
                "SSLHandshakeException: Remote host terminated the handshake",
            ),
        ],
    ),
    (
        ErrorKind::Unreachable,
        &[
            (Stack::Python, "[Errno 111] Connection refused"),
            (
                Stack::Curl,
                "curl: (7) Failed to connect: Couldn't connect to server",
            ),
            (Stack::Go, "connect: connection refused"),
            (Stack::Java, "ConnectException: Connection refused"),
        ],
    ),
    (
        ErrorKind::NoCommonVersion,
        &[
            (
                Stack::OpenSsl,
                "error:0A000102:SSL routines::unsupported protocol",
            ),
            (
                Stack::Python,
                "[SSL: UNSUPPORTED_PROTOCOL] unsupported protocol",
            ),
            (Stack::Go, "tls: client offered only unsupported versions"),
        ],
    ),
    (
        ErrorKind::NoCommonParameters,
        &[
            (
                Stack::OpenSsl,
                "error:0A0000C1:SSL routines::no shared cipher",
            ),
            (Stack::Python, "[SSL: NO_SHARED_CIPHER] no shared cipher"),
            (
                Stack::Go,
                "tls: no cipher suite supported by both client and server",
            ),
            (
                Stack::Java,
                "SSLHandshakeException: no cipher suites in common",
            ),
        ],
    ),
    (
        ErrorKind::NoCommonProtocol,
        &[(
            Stack::Go,
            "tls: client requested unsupported application protocols",
        )],
    ),
];

/// What the side that receives the alert prints.
pub(super) fn of_alert(judged_by: Side, alert: Option<AlertDescription>) -> Vec<Text> {
    let side = match judged_by {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    };
    let Some(alert) = alert else {
        return Vec::new();
    };
    let mut texts = vec![Text::new(
        side,
        Stack::Rustls,
        format!("received fatal alert: {alert:?}"),
    )];
    if let Some((openssl, go)) = alert_texts(alert) {
        let number = u8::from(alert);
        let code = 0x0A00_03E8 + u32::from(number);
        let reason = openssl.to_uppercase().replace(' ', "_");
        let line = format!("error:{code:08X}:SSL routines::{openssl}");
        texts.push(Text::new(
            side,
            Stack::OpenSsl,
            format!("{line}:SSL alert number {number}"),
        ));
        texts.push(Text::new(
            side,
            Stack::Python,
            format!("[SSL: {reason}] {openssl}"),
        ));
        if side == Side::Client {
            let line = match is_of_handshake(alert) {
                true => format!("curl: (35) OpenSSL/3.0.19: {line}"),
                // In TLS 1.3 the client's own handshake is over by then.
                false => {
                    format!("curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: {line}, errno 0")
                }
            };
            texts.push(Text::new(side, Stack::Curl, line));
        }
        texts.push(Text::new(
            side,
            Stack::Go,
            format!("remote error: tls: {go}"),
        ));
    }
    if let Some(name) = alert_name(alert) {
        let class = java_exception(alert);
        let line = format!("{class}: Received fatal alert: {name}");
        texts.push(Text::new(side, Stack::Java, line));
    }
    texts
}

/// Whether a server sends it before the client's handshake is over.
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

/// The exception that `SunJSSE` makes for an alert (`Alert.createSSLException`).
const fn java_exception(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::InternalError => "SSLException",
        _ => "SSLHandshakeException",
    }
}

/// What the users of OpenSSL print about a chain they refuse.
pub(super) fn openssl_lines(code: u32, side: Side, name: Option<&ServerName<'_>>) -> Vec<Text> {
    const PARTIAL_CHAIN: u32 = 2;
    const SIGNATURE: u32 = 7;
    const CRL_SIGNATURE: u32 = 8;
    const HOST: u32 = 62;
    const ADDRESS: u32 = 64;
    let text = x509_text(code);
    let name = name.map(ServerName::to_str).unwrap_or_default();
    let python = match code {
        HOST => format!("Hostname mismatch, certificate is not valid for '{name}'."),
        ADDRESS => format!("IP address mismatch, certificate is not valid for '{name}'."),
        _ => text.to_owned(),
    };
    let mut lines = vec![
        (
            Stack::OpenSsl,
            format!("Verify return code: {code} ({text})"),
        ),
        (
            Stack::Python,
            format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {python}"),
        ),
    ];
    match code {
        // curl allows partial chains (since 7.68), so it has nothing to say.
        PARTIAL_CHAIN => {}
        HOST | ADDRESS => lines.push((
            Stack::Curl,
            format!("curl: (60) SSL: {}", no_alternative_name(&name)),
        )),
        SIGNATURE | CRL_SIGNATURE => lines.push((
            Stack::Curl,
            "curl: (35) OpenSSL/3.0.19: error:06880006:asn1 encoding routines::EVP lib".to_owned(),
        )),
        _ => lines.push((
            Stack::Curl,
            format!("curl: (60) SSL certificate problem: {text}"),
        )),
    }
    if side == Side::Server {
        lines.retain(|(stack, _)| *stack != Stack::Curl);
    }
    let texts = lines.into_iter();
    texts
        .map(|(stack, line)| Text::new(side, stack, line))
        .collect()
}

/// curl's words where there are alternative names.
fn no_alternative_name(name: &str) -> String {
    format!("no alternative certificate subject name matches target host name '{name}'")
}

/// The reasons of OpenSSL 3.0 (`ssl/ssl_err.c`) and of Go (`crypto/tls/alert.go`) for an alert.
const fn alert_texts(alert: AlertDescription) -> Option<(&'static str, &'static str)> {
    Some(match alert {
        AlertDescription::HandshakeFailure => {
            ("sslv3 alert handshake failure", "handshake failure")
        }
        AlertDescription::BadCertificate => ("sslv3 alert bad certificate", "bad certificate"),
        AlertDescription::UnsupportedCertificate => (
            "sslv3 alert unsupported certificate",
            "unsupported certificate",
        ),
        AlertDescription::CertificateRevoked => {
            ("sslv3 alert certificate revoked", "revoked certificate")
        }
        AlertDescription::CertificateExpired => {
            ("sslv3 alert certificate expired", "expired certificate")
        }
        AlertDescription::CertificateUnknown => {
            ("sslv3 alert certificate unknown", "unknown certificate")
        }
        AlertDescription::IllegalParameter => {
            ("sslv3 alert illegal parameter", "illegal parameter")
        }
        AlertDescription::UnknownCA => ("tlsv1 alert unknown ca", "unknown certificate authority"),
        AlertDescription::AccessDenied => ("tlsv1 alert access denied", "access denied"),
        AlertDescription::DecodeError => ("tlsv1 alert decode error", "error decoding message"),
        AlertDescription::DecryptError => ("tlsv1 alert decrypt error", "error decrypting message"),
        AlertDescription::ProtocolVersion => (
            "tlsv1 alert protocol version",
            "protocol version not supported",
        ),
        AlertDescription::InternalError => ("tlsv1 alert internal error", "internal error"),
        AlertDescription::UnrecognisedName => ("tlsv1 unrecognized name", "unrecognized name"),
        AlertDescription::CertificateRequired => {
            ("tlsv13 alert certificate required", "certificate required")
        }
        AlertDescription::NoApplicationProtocol => (
            "tlsv1 alert no application protocol",
            "no application protocol",
        ),
        _ => return None,
    })
}

/// rustls' `Display`, with markers where the time of verification stands.
fn rustls_line(error: &Error) -> String {
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
