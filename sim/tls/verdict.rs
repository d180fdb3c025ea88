//! The outcome of one handshake, with everything an operator would see of it.

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error};

use super::case::Side;
use super::catalogue::ErrorKind;
use super::chain::{Refusal, x509_text};

/// Whether the handshake was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Both sides finished it.
    Ok,
    /// One side refused.
    Failed,
}

/// A line that somebody sees because of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// On which side it is seen.
    pub side: Side,
    /// Which program or library prints it: `rustls`, `openssl`, `python`, `curl`, `go`.
    pub stack: &'static str,
    /// The line.
    pub line: String,
}

/// The outcome of one handshake. Nothing in it depends on the instant as long as no validity
/// boundary passes, so that equal cases have equal verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the handshake was completed.
    pub outcome: Outcome,
    /// `TS04xx`, empty where the handshake was completed.
    pub code: &'static str,
    /// The kebab-case name of the error, empty where the handshake was completed.
    pub error: &'static str,
    /// The alert that the refusing side sent, as RFC 8446 names it.
    pub alert: Option<&'static str>,
    /// The rustls error as rustls' `Debug` writes it, without the time of verification; empty
    /// where the handshake was completed. For a validator that is not rustls: the rustls error of
    /// the same meaning.
    pub rustls: String,
    /// webpki's own error, where webpki decided.
    pub webpki: Option<String>,
    /// Which side refused.
    pub judged_by: Option<Side>,
    /// `X509_V_ERR_*`, where OpenSSL's rules decided.
    pub openssl_code: Option<u32>,
    /// What is seen on both sides.
    pub texts: Vec<Text>,
}

impl Verdict {
    /// A completed handshake.
    pub const fn ok() -> Self {
        Self {
            outcome: Outcome::Ok,
            code: "",
            error: "",
            alert: None,
            rustls: String::new(),
            webpki: None,
            judged_by: None,
            openssl_code: None,
            texts: Vec::new(),
        }
    }

    /// A failure that no chain rule found: the side cannot begin, or gets nothing to judge.
    pub fn failed(error: ErrorKind, judged_by: Side) -> Self {
        let rustls = match error {
            ErrorKind::NoCertificate | ErrorKind::NoClientCertificate => {
                Error::NoCertificatesPresented
            }
            ErrorKind::KeyMismatch => rustls::InconsistentKeys::KeyMismatch.into(),
            other => Error::General(other.kebab().to_owned()),
        };
        let alert = match error {
            ErrorKind::NoClientCertificate => Some(AlertDescription::CertificateRequired),
            _ => None,
        };
        Self::from_error(error, &rustls, judged_by, alert)
    }

    /// A handshake that rustls broke off.
    pub(super) fn from_error(
        error: ErrorKind,
        rustls: &Error,
        judged_by: Side,
        alert: Option<AlertDescription>,
    ) -> Self {
        let mut texts = vec![Text {
            side: judged_by,
            stack: "rustls",
            line: display(rustls),
        }];
        texts.extend(other_side(judged_by, alert));
        Self {
            outcome: Outcome::Failed,
            code: error.code(),
            error: error.kebab(),
            alert: alert.and_then(alert_name),
            rustls: debug(rustls),
            webpki: None,
            judged_by: Some(judged_by),
            openssl_code: None,
            texts,
        }
    }

    /// A chain that `judged_by` refused when it asked for `name`. Without a handshake, the alert is
    /// the one that the refusal would send.
    pub(super) fn refused(
        refusal: &Refusal,
        judged_by: Side,
        alert: Option<AlertDescription>,
        name: Option<&ServerName<'_>>,
    ) -> Self {
        let alert = alert.or_else(|| alert_of(&refusal.wire));
        let mut verdict = Self::from_error(refusal.error, &refusal.rustls, judged_by, alert);
        verdict.webpki = refusal.webpki.as_ref().map(stable_webpki);
        verdict.openssl_code = refusal.openssl;
        if let Some(code) = refusal.openssl {
            verdict.texts.retain(|text| text.side != judged_by);
            verdict
                .texts
                .splice(0..0, openssl_texts(code, judged_by, name));
        }
        verdict
    }

    /// Whether the handshake was completed.
    pub fn is_ok(&self) -> bool {
        self.outcome == Outcome::Ok
    }

    /// What `stack` prints on `side`.
    pub fn text(&self, side: Side, stack: &str) -> Option<&str> {
        let mut texts = self.texts.iter();
        texts
            .find(|text| text.side == side && text.stack == stack)
            .map(|text| text.line.as_str())
    }
}

/// What the users of OpenSSL print about a chain they refuse.
fn openssl_texts(code: u32, side: Side, name: Option<&ServerName<'_>>) -> Vec<Text> {
    const PARTIAL_CHAIN: u32 = 2;
    const SIGNATURE: u32 = 7;
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
        ("openssl", format!("Verify return code: {code} ({text})")),
        (
            "python",
            format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {python}"),
        ),
    ];
    match code {
        // curl allows partial chains (since 7.68), so it has nothing to say.
        PARTIAL_CHAIN => {}
        HOST | ADDRESS => lines.push((
            "curl",
            format!(
                "curl: (60) SSL: no alternative certificate subject name matches target host name '{name}'"
            ),
        )),
        SIGNATURE => lines.push((
            "curl",
            "curl: (35) OpenSSL/3.0.19: error:06880006:asn1 encoding routines::EVP lib".to_owned(),
        )),
        _ => lines.push(("curl", format!("curl: (60) SSL certificate problem: {text}"))),
    }
    if side == Side::Server {
        lines.retain(|(stack, _)| *stack != "curl");
    }
    let texts = lines.into_iter();
    texts
        .map(|(stack, line)| Text { side, stack, line })
        .collect()
}

/// What the side that receives the alert prints.
fn other_side(judged_by: Side, alert: Option<AlertDescription>) -> Vec<Text> {
    let side = match judged_by {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    };
    let Some(alert) = alert else {
        return Vec::new();
    };
    let (openssl, go) = alert_texts(alert);
    let mut texts = vec![Text {
        side,
        stack: "rustls",
        line: format!("received fatal alert: {alert:?}"),
    }];
    if let (Some(openssl), Some(go)) = (openssl, go) {
        let line = format!(
            "[SSL: {}] {}",
            openssl.to_uppercase().replace(' ', "_"),
            openssl
        );
        texts.push(Text {
            side,
            stack: "openssl",
            line,
        });
        texts.push(Text {
            side,
            stack: "go",
            line: format!("remote error: tls: {go}"),
        });
    }
    texts
}

/// The reasons of OpenSSL 3.0 (`ssl/ssl_err.c`) and of Go (`crypto/tls/alert.go`) for an alert.
const fn alert_texts(alert: AlertDescription) -> (Option<&'static str>, Option<&'static str>) {
    let (openssl, go) = match alert {
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
        AlertDescription::UnknownCA => ("tlsv1 alert unknown ca", "unknown certificate authority"),
        AlertDescription::AccessDenied => ("tlsv1 alert access denied", "access denied"),
        AlertDescription::DecryptError => ("tlsv1 alert decrypt error", "error decrypting message"),
        AlertDescription::CertificateRequired => {
            ("tlsv13 alert certificate required", "certificate required")
        }
        _ => return (None, None),
    };
    (Some(openssl), Some(go))
}

/// The name of an alert in RFC 8446.
const fn alert_name(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::HandshakeFailure => "handshake_failure",
        AlertDescription::BadCertificate => "bad_certificate",
        AlertDescription::UnsupportedCertificate => "unsupported_certificate",
        AlertDescription::CertificateRevoked => "certificate_revoked",
        AlertDescription::CertificateExpired => "certificate_expired",
        AlertDescription::CertificateUnknown => "certificate_unknown",
        AlertDescription::IllegalParameter => "illegal_parameter",
        AlertDescription::UnknownCA => "unknown_ca",
        AlertDescription::AccessDenied => "access_denied",
        AlertDescription::DecodeError => "decode_error",
        AlertDescription::DecryptError => "decrypt_error",
        AlertDescription::ProtocolVersion => "protocol_version",
        AlertDescription::InternalError => "internal_error",
        AlertDescription::CertificateRequired => "certificate_required",
        _ => return None,
    })
}

/// The alert that rustls sends for an error.
fn alert_of(error: &Error) -> Option<AlertDescription> {
    match error {
        Error::InvalidCertificate(error) => Some(error.clone().into()),
        Error::NoCertificatesPresented => Some(AlertDescription::CertificateRequired),
        Error::InvalidCertRevocationList(_) => Some(AlertDescription::HandshakeFailure),
        _ => None,
    }
}

/// rustls' `Debug`, without the time of verification.
fn debug(error: &Error) -> String {
    let Error::InvalidCertificate(certificate) = error else {
        return format!("{error:?}");
    };
    let inner = match certificate {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("Expired {{ not_after: {} }}", not_after.as_secs())
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("NotValidYet {{ not_before: {} }}", not_before.as_secs())
        }
        other => format!("{other:?}"),
    };
    format!("InvalidCertificate({inner})")
}

/// rustls' `Display`, without the time of verification.
fn display(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => format!(
            "invalid peer certificate: certificate expired: certificate is not valid after {}",
            not_after.as_secs()
        ),
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
            format!(
                "invalid peer certificate: certificate not valid yet: certificate is not valid before {}",
                not_before.as_secs()
            )
        }
        other => other.to_string(),
    }
}

fn stable_webpki(error: &webpki::Error) -> String {
    match error {
        webpki::Error::CertExpired { .. } => "CertExpired".to_owned(),
        webpki::Error::CertNotValidYet { .. } => "CertNotValidYet".to_owned(),
        webpki::Error::CertNotValidForName(_) => "CertNotValidForName".to_owned(),
        webpki::Error::CrlExpired { .. } => "CrlExpired".to_owned(),
        webpki::Error::RequiredEkuNotFoundContext(_) => "RequiredEkuNotFound".to_owned(),
        other => format!("{other:?}"),
    }
}
