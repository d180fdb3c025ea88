//! The outcome of one handshake, with everything an operator would see of it.

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, Error};

use super::catalogue::ErrorKind;
use super::chain::{Refusal, StackError, x509_kind};
use super::page;
use super::profiles::{Stack, Validator};
use super::side::Side;
use super::texts::{self, Text};
use trustsim_kernel::Time;

/// Whether the handshake was completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Both sides finished it.
    Ok,
    /// One side refused.
    Failed,
}

/// The outcome of one handshake. Nothing in it depends on the instant as long as no validity
/// boundary passes, so that equal cases have equal verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why the handshake failed; `None` where it was completed.
    pub error: Option<ErrorKind>,
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
    /// Whether the two speak without TLS, as both know: there is no handshake, and nothing fails.
    pub without_tls: bool,
}

impl Verdict {
    /// A completed handshake.
    pub const fn ok() -> Self {
        Self {
            error: None,
            alert: None,
            rustls: String::new(),
            webpki: None,
            judged_by: None,
            openssl_code: None,
            texts: Vec::new(),
            without_tls: false,
        }
    }

    /// The client was told that the server has no TLS now.
    pub fn without_tls() -> Self {
        Self {
            without_tls: true,
            ..Self::ok()
        }
    }

    /// A failure that no chain rule found: the side cannot begin, gets nothing to judge, or finds
    /// no common ground with its peer. The rustls errors and alerts are those of rustls 0.23 (tests
    /// perform each).
    pub fn failed(error: ErrorKind, judged_by: Side) -> Self {
        use rustls::{InvalidMessage, PeerIncompatible};
        let (rustls, alert) = match error {
            ErrorKind::NoCertificate => (Error::NoCertificatesPresented, None),
            ErrorKind::NoClientCertificate => (
                Error::NoCertificatesPresented,
                Some(AlertDescription::CertificateRequired),
            ),
            ErrorKind::KeyMismatch => (rustls::InconsistentKeys::KeyMismatch.into(), None),
            ErrorKind::BadEncoding => (
                Error::InvalidCertificate(CertificateError::BadEncoding),
                None,
            ),
            ErrorKind::PlaintextPeer => (
                InvalidMessage::InvalidContentType.into(),
                Some(AlertDescription::DecodeError),
            ),
            ErrorKind::ClosedByPeer => (Error::General("tls handshake eof".to_owned()), None),
            ErrorKind::NoCommonVersion => (
                PeerIncompatible::Tls12NotOfferedOrEnabled.into(),
                Some(AlertDescription::ProtocolVersion),
            ),
            ErrorKind::NoCommonParameters => (
                PeerIncompatible::NoCipherSuitesInCommon.into(),
                Some(AlertDescription::HandshakeFailure),
            ),
            ErrorKind::NoCommonProtocol => (
                Error::NoApplicationProtocol,
                Some(AlertDescription::NoApplicationProtocol),
            ),
            ErrorKind::NoCertificateForName => (
                Error::General("no server certificate chain resolved".to_owned()),
                Some(AlertDescription::AccessDenied),
            ),
            ErrorKind::InvalidServerName
            | ErrorKind::Unreachable
            | ErrorKind::ClientStopped
            | ErrorKind::Other => (Error::General(error.kebab().to_owned()), None),
            of_chain => panic!("`{of_chain}` is found by the rules about a chain"),
        };
        Self::from_error(error, &rustls, judged_by, alert)
    }

    /// A handshake that rustls broke off.
    pub fn from_error(
        error: ErrorKind,
        rustls: &Error,
        judged_by: Side,
        alert: Option<AlertDescription>,
    ) -> Self {
        let own = texts::of_handshake(error, rustls, judged_by);
        Self::with_texts(error, rustls, judged_by, alert, own)
    }

    fn with_texts(
        error: ErrorKind,
        rustls: &Error,
        judged_by: Side,
        alert: Option<AlertDescription>,
        mut texts: Vec<Text>,
    ) -> Self {
        texts.extend(texts::of_alert(judged_by, alert));
        Self {
            error: Some(error),
            // An alert that RFC 8446 does not name can come from a foreign peer only.
            alert: alert.and_then(alert_name),
            rustls: debug(rustls),
            webpki: None,
            judged_by: Some(judged_by),
            openssl_code: None,
            texts,
            without_tls: false,
        }
    }

    /// A chain that `judged_by` refused when it asked for `name`. The alert and the words are
    /// those of the stack whose rules decided.
    pub fn refused(refusal: &Refusal, judged_by: Side, name: Option<&ServerName<'_>>) -> Self {
        let texts = texts::of_refusal(refusal, judged_by, name);
        let error = refusal.error;
        assert!(
            !texts.is_empty(),
            "the stack whose rules refused a chain as `{error}` prints a line about it"
        );
        for text in &texts {
            debug_assert!(
                page::is_on_page(error, text.stack, &text.line),
                "the page of `{error}` has what {} prints: {}",
                text.stack,
                text.line
            );
        }
        let alert = Some(refusal.alert);
        let mut verdict = Self::with_texts(error, &refusal.rustls, judged_by, alert, texts);
        match &refusal.stack_error {
            StackError::WebPki(error) => verdict.webpki = Some(stable_webpki(error)),
            StackError::OpenSsl(code) | StackError::Curl(code, _) => {
                assert_eq!(
                    x509_kind(*code),
                    error,
                    "X509_V_ERR_* {code} means the error of the verdict"
                );
                verdict.openssl_code = Some(*code);
            }
            StackError::Go(_) | StackError::Java(_) => {}
        }
        verdict
    }

    /// Whether the handshake was completed.
    pub const fn is_ok(&self) -> bool {
        self.error.is_none()
    }

    /// Whether the handshake was completed, as a value to match on.
    pub const fn outcome(&self) -> Outcome {
        match self.error {
            None => Outcome::Ok,
            Some(_) => Outcome::Failed,
        }
    }

    /// The code of the error, `TS04xx`; empty where the handshake was completed.
    pub fn code(&self) -> &'static str {
        self.error.map_or("", ErrorKind::code)
    }

    /// The kebab-case name of the error; empty where the handshake was completed.
    pub fn error_name(&self) -> &'static str {
        self.error.map_or("", ErrorKind::kebab)
    }

    /// What the side that refused prints at `at`, in the words of `validator`'s program where it
    /// has some; curl, which is never a server, speaks as OpenSSL there.
    pub fn said_by(&self, validator: Validator, at: Time) -> Option<String> {
        let own = self
            .texts
            .iter()
            .filter(|text| Some(text.side) == self.judged_by);
        let spoken = own.clone().find(|text| text.stack == validator.stack());
        let text = spoken.or_else(|| own.clone().find(|text| text.stack == Stack::OpenSsl));
        text.or_else(|| own.clone().next()).map(|text| text.at(at))
    }

    /// What `stack` prints on `side`.
    pub fn text(&self, side: Side, stack: Stack) -> Option<&str> {
        let mut texts = self.texts.iter();
        texts
            .find(|text| text.side == side && text.stack == stack)
            .map(|text| text.line.as_str())
    }
}

/// The name of an alert in RFC 8446.
pub(super) const fn alert_name(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::HandshakeFailure => "handshake_failure",
        AlertDescription::BadCertificate => "bad_certificate",
        AlertDescription::UnsupportedCertificate => "unsupported_certificate",
        AlertDescription::CertificateRevoked => "certificate_revoked",
        AlertDescription::CertificateExpired => "certificate_expired",
        AlertDescription::CertificateUnknown => "certificate_unknown",
        AlertDescription::IllegalParameter => "illegal_parameter",
        AlertDescription::UnrecognisedName => "unrecognized_name",
        AlertDescription::NoApplicationProtocol => "no_application_protocol",
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
        CertificateError::ExpiredRevocationListContext { next_update, .. } => {
            format!(
                "ExpiredRevocationList {{ next_update: {} }}",
                next_update.as_secs()
            )
        }
        other => format!("{other:?}"),
    };
    format!("InvalidCertificate({inner})")
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
