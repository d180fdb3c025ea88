//! One failing handshake, and what it says of itself in plain words: a headline, and what was
//! presented and trusted. Must not know what led there.

use super::describe::certificate_name;
use trustsim_kernel::Time;
use trustsim_pki::Certificate;
use trustsim_tls::ErrorKind;
use trustsim_world::{CertificateRecord, ConnectionRecord, HandshakeRecord, Seq};

/// What a server did that began no handshake.
fn did_instead(error: ErrorKind) -> Option<&'static str> {
    match error {
        ErrorKind::PlaintextPeer => Some("answered in plain text"),
        ErrorKind::ClosedByPeer => Some("closed the connection in the middle of the handshake"),
        _ => None,
    }
}

/// One failing handshake and what the journal says around it.
pub(super) struct Case<'a> {
    pub(super) at: Time,
    /// The last entry that counts: the handshake, or the last one of a later instant at which its
    /// verdict still stands.
    pub(super) as_of: Seq,
    pub(super) connection: &'a ConnectionRecord,
    pub(super) record: &'a HandshakeRecord,
    /// Who presented the certificate that was refused.
    pub(super) presenter: &'a str,
    /// Who refused it.
    pub(super) judge: &'a str,
    /// Serial of the certificate; empty where none was presented.
    pub(super) serial: &'a str,
    pub(super) leaf: Option<&'a CertificateRecord>,
    pub(super) issuers: Vec<&'a CertificateRecord>,
    pub(super) trusted: Option<&'a [Certificate]>,
    /// Both sides of a relation of the presenter's that speak different protocols.
    pub(super) deaf: Option<[String; 2]>,
}

impl Case<'_> {
    /// Why it failed.
    pub(super) fn error(&self) -> ErrorKind {
        let error = self.record.verdict.error;
        error.expect("only a handshake that failed is explained")
    }

    /// `model.app` of the CA that signed the leaf.
    pub(super) fn signer(&self) -> Option<String> {
        let signer = self.issuers.first()?;
        Some(format!("{}.{}", signer.model, signer.application))
    }

    pub(super) fn headline(&self) -> String {
        let (presenter, judge) = (self.presenter, self.judge);
        let error = self.error();
        if error == ErrorKind::Unreachable {
            return format!("{presenter} does not answer {judge}");
        }
        if error.prevents_loading() && presenter == judge {
            return format!("{presenter} cannot load its own certificate: {error}");
        }
        if let Some(did) = did_instead(error) {
            return format!("{presenter} {did} when {judge} connected");
        }
        if self.serial.is_empty() {
            return format!("{presenter} presents no certificate to {judge}");
        }
        match error {
            ErrorKind::UnknownIssuer | ErrorKind::PartialChain => {
                format!("{judge} does not trust the issuer of {presenter}")
            }
            ErrorKind::NoClientCertificate => {
                format!("{presenter} has no certificate of a CA that {judge} asks its clients for")
            }
            ErrorKind::BadSignature => {
                format!("{judge} trusts another key than the one that signed {presenter}")
            }
            ErrorKind::Expired => format!("{presenter} presents an expired certificate to {judge}"),
            ErrorKind::NotValidYet => {
                format!("{presenter} presents a certificate to {judge} that is not valid yet")
            }
            ErrorKind::NotValidForName => format!(
                "{presenter} presents a certificate to {judge} that does not name {}",
                self.connection.server_name
            ),
            other => format!("{judge} refuses {presenter}: {other}"),
        }
    }

    pub(super) fn reason(&self) -> String {
        if self.presenter == self.judge {
            let presenter = self.presenter;
            return match self.error() {
                ErrorKind::KeyMismatch => {
                    format!("the key of {presenter} does not belong to the certificate beside it")
                }
                _ => format!("the certificate file of {presenter} holds no certificate"),
            };
        }
        let Some(leaf) = self.leaf else {
            return self.reason_without_leaf();
        };
        match self.error() {
            _ if self.lacks_trust() => self.trust_reason(leaf),
            ErrorKind::Expired => self.validity_reason(leaf, "expired", |certificate| {
                (certificate.not_after() <= self.at)
                    .then(|| format!("was valid until {}", certificate.not_after()))
            }),
            ErrorKind::NotValidYet => self.validity_reason(leaf, "not valid yet", |certificate| {
                (certificate.not_before() > self.at)
                    .then(|| format!("is valid from {}", certificate.not_before()))
            }),
            ErrorKind::NotValidForName => format!(
                "{} was asked for {}, its certificate {} names {}",
                self.presenter,
                self.connection.server_name,
                certificate_name(&leaf.certificate),
                or_nothing(leaf.certificate.sans().join(", "))
            ),
            other => format!(
                "{} presented {}, refused as {other}",
                self.presenter,
                certificate_name(&leaf.certificate)
            ),
        }
    }

    fn reason_without_leaf(&self) -> String {
        if self.error() == ErrorKind::Unreachable {
            return format!("nobody listened at {}", self.presenter);
        }
        if let (true, Some([left, right])) = (self.serial.is_empty(), &self.deaf) {
            return format!(
                "{} had no certificate: {left} and {right} speak different protocols (TS0304)",
                self.presenter
            );
        }
        if let Some(did) = did_instead(self.error()) {
            return format!("{} {did}", self.presenter);
        }
        if self.serial.is_empty() {
            return format!("{} had no certificate", self.presenter);
        }
        format!(
            "{} presented the certificate with serial {}, refused as {}",
            self.presenter,
            self.serial,
            self.error()
        )
    }

    fn trust_reason(&self, leaf: &CertificateRecord) -> String {
        let mut reason = format!(
            "{} presented {}",
            self.presenter,
            certificate_name(&leaf.certificate)
        );
        let signers: Vec<String> = self
            .issuers
            .iter()
            .map(|issuer| {
                let name = certificate_name(&issuer.certificate);
                format!(
                    "signed by {name} of {}.{}",
                    issuer.model, issuer.application
                )
            })
            .collect();
        if signers.is_empty() {
            reason.push_str(&format!(", signed by {}", leaf.certificate.issuer()));
        } else {
            reason.push_str(", ");
            reason.push_str(&signers.join(", "));
        }
        let judge = self.judge;
        match self.trusted {
            None => {}
            Some(_) if self.trusts_any_issuer() => reason.push_str(&format!(
                ", which {judge} trusts, but no chain to it could be built from what was presented"
            )),
            Some([]) => reason.push_str(&format!("; {judge} trusted nothing")),
            Some(trusted) => {
                let names: Vec<String> = trusted.iter().map(certificate_name).collect();
                let namesake = self.issuers.iter().any(|issuer| {
                    let subject = issuer.certificate.subject();
                    trusted.iter().any(|root| root.subject() == subject)
                });
                let but = if namesake {
                    ", of the same name but another certificate"
                } else {
                    ""
                };
                reason.push_str(&format!("; {judge} trusted {}{but}", list(&names)));
            }
        }
        reason
    }

    fn validity_reason(
        &self,
        leaf: &CertificateRecord,
        word: &str,
        broken: impl Fn(&Certificate) -> Option<String>,
    ) -> String {
        let chain = std::iter::once(leaf).chain(self.issuers.iter().copied());
        let culprit = chain
            .map(|record| &record.certificate)
            .find_map(|certificate| broken(certificate).map(|when| (certificate, when)));
        let name = certificate_name(&leaf.certificate);
        match culprit {
            Some((certificate, when)) if *certificate == leaf.certificate => {
                format!("{} presented {name}, which {when}", self.presenter)
            }
            Some((certificate, when)) => format!(
                "{} presented {name}, signed under {}, which {when}",
                self.presenter,
                certificate_name(certificate)
            ),
            None => format!(
                "{} presented {name}, {word} by the clock of {}",
                self.presenter, self.judge
            ),
        }
    }

    /// Whether trust is what broke. A client that has a certificate, and none of a CA that its
    /// server names, sends none (RFC 8446 4.2.4).
    pub(super) fn lacks_trust(&self) -> bool {
        let error = self.error();
        error.lacks_trust() || (error == ErrorKind::NoClientCertificate && !self.serial.is_empty())
    }

    pub(super) fn trusts_any_issuer(&self) -> bool {
        let trusted = self.trusted.unwrap_or_default();
        self.issuers
            .iter()
            .any(|issuer| trusted.contains(&issuer.certificate))
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() {
        "nothing".to_owned()
    } else {
        text
    }
}

/// The first three names, and how many more there are.
fn list(names: &[String]) -> String {
    match names.len() {
        0..=3 => names.join(", "),
        many => format!("{} and {} more", names[..3].join(", "), many - 3),
    }
}
