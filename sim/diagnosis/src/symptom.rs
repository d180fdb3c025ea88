//! What a failing handshake shows of itself: which side presented what, and what the other one trusted. Must
//! not know what led there.

use super::case::lacks_trust;
use trustsim_model::{Address, EndpointRef};
use trustsim_pki::Certificate;
use trustsim_validators::ErrorKind;

/// A failing handshake as both sides saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symptom {
    /// Who presented the certificate that was refused: a unit, or a client outside Juju.
    pub presenter: Address,
    /// Who refused it; the presenter itself where it cannot load its own certificate.
    pub judge: Address,
    /// The name that was asked for.
    pub server_name: String,
    /// The error.
    pub error: ErrorKind,
    /// Serial of the certificate; `None` where none was presented.
    pub serial: Option<String>,
    /// The certificate, where the journal knows it.
    pub leaf: Option<Certificate>,
    /// The CAs above it: who signed it first, the root last.
    pub issuers: Vec<Issuer>,
    /// Which of them the judge should trust: the one whose CA comes to it, else who signed the leaf.
    pub wanted: usize,
    /// What the judge trusted; `None` where the journal does not say.
    pub trusted: Option<Vec<Certificate>>,
    /// The first certificate of the chain that is not valid at the time.
    pub invalid: Option<Certificate>,
    /// Both endpoints of a relation of the presenter's that speak different protocols.
    pub protocols_differ: Option<[EndpointRef; 2]>,
}

/// A CA above a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its certificate.
    pub certificate: Certificate,
    /// The application whose CA it is.
    pub owner: Address,
}

impl Symptom {
    /// The certificates in question: the leaf first, the root last. Empty where none was presented
    /// or the journal does not know them.
    pub fn presented(&self) -> impl Iterator<Item = &Certificate> {
        let issuers = self.issuers.iter().map(|issuer| &issuer.certificate);
        self.leaf.iter().chain(issuers)
    }

    /// The application whose CA the judge should trust, where the journal knows it: who signed the leaf, unless the CA of
    /// another one above it comes to the judge.
    pub fn signer(&self) -> Option<&Address> {
        Some(&self.issuers.get(self.wanted)?.owner)
    }

    /// Whether trust is what broke.
    pub fn lacks_trust(&self) -> bool {
        lacks_trust(self.error, self.serial.is_some())
    }

    /// Whether the judge trusted a CA above the leaf.
    pub fn trusts_any_issuer(&self) -> bool {
        // What is not known to be trusted is not trusted.
        let trusted = self.trusted.as_deref().unwrap_or_default();
        let mut issuers = self.issuers.iter();
        issuers.any(|issuer| trusted.contains(&issuer.certificate))
    }
}
