//! The last section of a code's page: what each program prints, on the side that finds the error
//! and on the side that is refused. `…` stands for what depends on the case.

use rustls::AlertDescription;
use rustls::pki_types::ServerName;

use super::case::Side;
use super::catalogue::ErrorKind;
use super::chain::X509_ERRORS;
use super::texts::{Stack, of_alert, openssl_lines};
use super::verdict::{Verdict, alert_name};

/// The section, in Markdown.
pub(super) fn section(kind: ErrorKind) -> String {
    let mut page = "\n## What each program prints\n".to_owned();
    for (stack, line) in lines(kind) {
        page.push_str(&format!("- {stack}: `{line}`\n"));
    }
    for alert in alerts(kind) {
        let name = alert_name(alert).unwrap_or("another alert");
        page.push_str(&format!("\nThe other side, after the alert `{name}`:\n\n"));
        for text in of_alert(Side::Server, Some(alert)) {
            page.push_str(&format!("- {}: `{}`\n", text.stack, text.line));
        }
    }
    page
}

/// What is printed where the error is found, by program.
pub(super) fn lines(kind: ErrorKind) -> Vec<(Stack, String)> {
    const PLACEHOLDER: &str = "host.placeholder";
    let name = ServerName::try_from(PLACEHOLDER).ok();
    let mut lines = Vec::new();
    let own = own(kind);
    let [rustls, go, java] = own;
    lines.extend(
        rustls
            .iter()
            .map(|line| (Stack::Rustls, prefixed(RUSTLS, line))),
    );
    for (code, _, of, _) in X509_ERRORS {
        if *of == kind {
            let texts = openssl_lines(*code, Side::Client, name.as_ref());
            lines.extend(
                texts
                    .into_iter()
                    .map(|text| (text.stack, text.line.replace(PLACEHOLDER, "…"))),
            );
        }
    }
    if matches!(kind, ErrorKind::NotValidForName) {
        let words = [
            "certificate subject name '…' does not match target host name '…'",
            "unable to obtain common name from peer certificate",
        ];
        lines.extend(words.map(|line| (Stack::Curl, format!("curl: (60) SSL: {line}"))));
    }
    lines.extend(go.iter().map(|line| (Stack::Go, prefixed(GO, line))));
    lines.extend(java.iter().map(|line| (Stack::Java, prefixed(JAVA, line))));
    if own.iter().all(|lines| lines.is_empty()) {
        let texts = Verdict::failed(kind, Side::Client).texts;
        let found = texts.into_iter().filter(|text| text.side == Side::Client);
        lines.extend(found.map(|text| (text.stack, text.line)));
    }
    lines
}

/// Whether a line is an instance of one of the page's.
#[cfg(test)]
pub(super) fn is_on_page(kind: ErrorKind, stack: Stack, line: &str) -> bool {
    lines(kind)
        .iter()
        .any(|(of, pattern)| *of == stack && fits(pattern, line))
}

#[cfg(test)]
fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

const RUSTLS: &str = "invalid peer certificate: ";
const GO: &str = "tls: failed to verify certificate: x509: ";
const JAVA: &str = "SSLHandshakeException: PKIX path validation failed: \
                    java.security.cert.CertPathValidatorException: ";

/// A line that begins with `=` stands as it is.
fn prefixed(prefix: &str, line: &str) -> String {
    match line.strip_prefix('=') {
        Some(whole) => whole.to_owned(),
        None => format!("{prefix}{line}"),
    }
}

/// Go's words where a candidate of the right name would not do.
const POSSIBLY: &str = "certificate signed by unknown authority (possibly because of \"…\" while \
                        trying to verify candidate authority certificate \"…\")";

/// The lines of rustls, Go and Java about a chain.
const OWN: &[(ErrorKind, [&[&str]; 3])] = &[
    (
        ErrorKind::UnknownIssuer,
        [
            &["UnknownIssuer"],
            &["certificate signed by unknown authority"],
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
        ],
    ),
    (
        ErrorKind::Expired,
        [
            &[
                "certificate expired: verification time … (UNIX), but certificate is not valid \
                 after … (… seconds ago)",
                "Expired",
            ],
            &["certificate has expired or is not yet valid: current time … is after …"],
            &["validity check failed"],
        ],
    ),
    (
        ErrorKind::NotValidYet,
        [
            &[
                "certificate not valid yet: verification time … (UNIX), but certificate is not \
               valid before … (… seconds in future)",
            ],
            &["certificate has expired or is not yet valid: current time … is before …"],
            &["validity check failed"],
        ],
    ),
    (
        ErrorKind::BadSignature,
        [&["BadSignature"], &[POSSIBLY], &["signature check failed"]],
    ),
    (
        ErrorKind::NotValidForName,
        [
            &["certificate not valid for name \"…\"; certificate is …"],
            &[
                "certificate is valid for …, not …",
                "certificate relies on legacy Common Name field, use SANs instead",
                "cannot validate certificate for … because it doesn't contain any IP SANs",
                "certificate is not valid for any names, but wanted to match …",
                "certificate is valid for … SANs, but none matched …",
                "certificate is valid for … names, but none matched …",
            ],
            &[
                "=SSLHandshakeException: No subject alternative DNS name matching … found.",
                "=SSLHandshakeException: No subject alternative names matching IP address … found",
                "=SSLHandshakeException: No subject alternative names present",
                "=SSLHandshakeException: No name matching … found",
                "=SSLHandshakeException: Illegal given domain name: …",
            ],
        ],
    ),
    (
        ErrorKind::InvalidPurpose,
        [
            &[
                "certificate does not allow extended key usage for …",
                "Other(OtherError(EmptyEkuExtension))",
            ],
            &["certificate specifies an incompatible key usage"],
            &[
                "=SSLHandshakeException: KeyUsage does not allow digital signatures",
                "=SSLHandshakeException: Extended key usage does not permit use for TLS … \
                 authentication",
            ],
        ],
    ),
    (
        ErrorKind::CaUsedAsLeaf,
        [&["Other(OtherError(CaUsedAsEndEntity))"], &[], &[]],
    ),
    (
        ErrorKind::InvalidCa,
        [
            &["Other(OtherError(EndEntityUsedAsCa))"],
            &[
                POSSIBLY,
                "certificate is not authorized to sign other certificates",
            ],
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
        ],
    ),
    (
        ErrorKind::PathLengthExceeded,
        [
            &["Other(OtherError(PathLenConstraintViolated))"],
            &["too many intermediates for path length constraint"],
            &[
                "basic constraints check failed: pathLenConstraint violated - this cert must be \
               the last cert in the certification path",
            ],
        ],
    ),
    (
        ErrorKind::NameConstraintViolation,
        [
            &["Other(OtherError(NameConstraintViolation))"],
            &["a root or intermediate certificate is not authorized to sign for this name: …"],
            &["name constraints check failed"],
        ],
    ),
    (
        ErrorKind::UnhandledCriticalExtension,
        [
            &["Other(OtherError(UnsupportedCriticalExtension))"],
            &["unhandled critical extension"],
            &["unrecognized critical extension(s)"],
        ],
    ),
    (
        ErrorKind::UnsupportedSignature,
        [
            &["certificate uses unsupported signature algorithm"],
            &[POSSIBLY],
            &[],
        ],
    ),
    (
        ErrorKind::TooManyCandidates,
        [
            &[
                "Other(OtherError(MaximumSignatureChecksExceeded))",
                "Other(OtherError(MaximumPathBuildCallsExceeded))",
            ],
            &["signature check attempts limit reached while verifying certificate chain"],
            &[],
        ],
    ),
    (
        ErrorKind::BadEncoding,
        [
            &["BadEncoding"],
            &["=tls: failed to parse …: x509: …"],
            &["=SSLHandshakeException: Failed to parse … certificates"],
        ],
    ),
    (
        ErrorKind::ChainTooLong,
        [&["Other(OtherError(MaximumPathDepthExceeded))"], &[], &[]],
    ),
    (ErrorKind::Revoked, [&["Revoked"], &[], &[]]),
    (
        ErrorKind::UnknownRevocationStatus,
        [
            &[
                "UnknownRevocationStatus",
                "=invalid certificate revocation list: IssuerInvalidForCrl",
            ],
            &[],
            &[],
        ],
    ),
    (
        ErrorKind::RevocationListExpired,
        [
            &[
                "certificate revocation list expired: verification time … (UNIX), but CRL is not \
               valid after … (… seconds ago)",
            ],
            &[],
            &[],
        ],
    ),
    (
        ErrorKind::RevocationListInvalid,
        [
            &["=invalid certificate revocation list: BadSignature"],
            &[],
            &[],
        ],
    ),
];

fn own(kind: ErrorKind) -> [&'static [&'static str]; 3] {
    let found = OWN.iter().find(|(of, _)| *of == kind);
    found.map_or([&[]; 3], |(_, lines)| *lines)
}

/// The alerts of the stacks, each once: rustls', OpenSSL's, those of Go and Java where they find
/// the error.
fn alerts(kind: ErrorKind) -> Vec<AlertDescription> {
    use AlertDescription as A;
    let rustls = match kind {
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
    };
    let openssl = X509_ERRORS
        .iter()
        .filter(|(_, _, of, _)| *of == kind)
        .map(|(_, _, _, alert)| *alert);
    let [_, go, java] = own(kind);
    let go = (!go.is_empty()).then_some(A::BadCertificate);
    let java = (!java.is_empty()).then_some(A::CertificateUnknown);
    let mut alerts: Vec<AlertDescription> = Vec::new();
    for alert in rustls.into_iter().chain(openssl).chain(go).chain(java) {
        if !alerts.contains(&alert) {
            alerts.push(alert);
        }
    }
    alerts
}
