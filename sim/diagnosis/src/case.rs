//! One failing handshake with what the journal says around it. Must not know what led there.

use super::symptom::{Issuer, Symptom};
use trustsim_kernel::Time;
use trustsim_model::{
    Address, CertificateKind, CertificateRecord, ConnectionRecord, EndpointRef, Entry,
    HandshakeRecord, Kind, Seq,
};
use trustsim_pki::Certificate;
use trustsim_validators::ErrorKind;

/// One failing handshake and what the journal says around it.
pub(super) struct Case<'a> {
    pub(super) at: Time,
    /// The last entry that counts: the handshake, or the last one of a later instant at which its
    /// verdict still holds.
    pub(super) as_of: Seq,
    pub(super) connection: &'a ConnectionRecord,
    pub(super) record: &'a HandshakeRecord,
    /// Who presented the certificate that was refused.
    pub(super) presenter: &'a Address,
    /// Who refused it.
    pub(super) judge: &'a Address,
    /// Serial of the certificate; empty where none was presented.
    pub(super) serial: &'a str,
    pub(super) leaf: Option<&'a CertificateRecord>,
    pub(super) issuers: Vec<&'a CertificateRecord>,
    /// Which of the issuers the judge should trust: the one whose CA comes to it, else who signed the leaf.
    pub(super) wanted: usize,
    pub(super) trusted: Option<&'a [Certificate]>,
    /// Both sides of a relation of the presenter's that speak different protocols.
    pub(super) protocols_differ: Option<[EndpointRef; 2]>,
}

impl<'a> Case<'a> {
    /// Why it failed.
    pub(super) fn error(&self) -> ErrorKind {
        let error = self.record.verdict.error;
        error.expect("only a handshake that failed is explained")
    }

    /// The CA of the chain that the judge should trust.
    pub(super) fn wanted_issuer(&self) -> Option<&'a CertificateRecord> {
        self.issuers.get(self.wanted).copied()
    }

    /// The application whose CA the judge should trust: who signed the leaf, unless the CA of another one above it comes to
    /// the judge.
    pub(super) fn signer(&self) -> Option<Address> {
        Some(self.wanted_issuer()?.owner())
    }

    /// Whether the CA that signed the leaf signs for the server of its own application alone.
    pub(super) fn is_of_own_root(&self) -> bool {
        let root = self.issuers.last();
        root.is_some_and(|root| root.kind == CertificateKind::OwnRoot)
    }

    /// Whether this is a CA that has signed, or could sign, what the presenter has its certificates from.
    pub(super) fn could_sign(&self, record: &CertificateRecord) -> bool {
        let is_own = record.kind == CertificateKind::OwnRoot;
        record.certificate.is_ca() && is_own == self.is_of_own_root()
    }

    /// Whether a CA of the chain is trusted from an entry on, where the entry is about that.
    pub(super) fn trusted_by(&self, entry: &Entry) -> Option<bool> {
        match &entry.kind {
            Kind::TrustChanged { roots } => {
                let mut issuers = self.issuers.iter();
                Some(issuers.any(|issuer| roots.contains(&issuer.certificate)))
            }
            _ => None,
        }
    }

    /// What the handshake shows of itself.
    pub(super) fn symptom(&self) -> Symptom {
        let leaf = self.leaf.map(|record| record.certificate.clone());
        let issuers = self.issuers.iter().map(|issuer| Issuer {
            certificate: issuer.certificate.clone(),
            owner: issuer.owner(),
        });
        Symptom {
            presenter: self.presenter.clone(),
            judge: self.judge.clone(),
            server_name: self.connection.server_name_at(self.at).to_owned(),
            error: self.error(),
            serial: (!self.serial.is_empty()).then(|| self.serial.to_owned()),
            leaf,
            issuers: issuers.collect(),
            wanted: self.wanted,
            trusted: self.trusted.map(<[_]>::to_vec),
            invalid: self.invalid().cloned(),
            protocols_differ: self.protocols_differ.clone(),
        }
    }

    /// The first certificate of the chain that is not valid at the time, where that is the error.
    fn invalid(&self) -> Option<&Certificate> {
        let chain = self.leaf.into_iter().chain(self.issuers.iter().copied());
        let mut chain = chain.map(|record| &record.certificate);
        match self.error() {
            ErrorKind::Expired => chain.find(|certificate| certificate.not_after() <= self.at),
            ErrorKind::NotValidYet => chain.find(|certificate| certificate.not_before() > self.at),
            _ => None,
        }
    }

    /// Whether trust is what broke.
    pub(super) fn lacks_trust(&self) -> bool {
        lacks_trust(self.error(), !self.serial.is_empty())
    }

    /// The roots that the judge trusts; none before the journal says that it was given any.
    pub(super) fn roots(&self) -> &'a [Certificate] {
        match self.trusted {
            Some(roots) => roots,
            None => &[],
        }
    }

    pub(super) fn trusts_any_issuer(&self) -> bool {
        let trusted = self.roots();
        self.issuers
            .iter()
            .any(|issuer| trusted.contains(&issuer.certificate))
    }
}

/// Whether an error says that trust is what broke. A client that has a certificate, and none of a CA
/// that its server names, sends none (RFC 8446 4.2.4).
pub(super) fn lacks_trust(error: ErrorKind, has_certificate: bool) -> bool {
    error.lacks_trust() || (error == ErrorKind::NoClientCertificate && has_certificate)
}
