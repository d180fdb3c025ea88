//! The validators as rustls' certificate verifiers.
//!
//! Each asks [`decide`] and keeps the refusal, which says more than the rustls error that is
//! returned for its alert.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::provider::provider;
use trustsim_kernel::Time;
use trustsim_validators::{Purpose, Question, Refusal, TrustStore, Validator, decide};

/// One side's rules during one handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    trust: TrustStore,
    validator: Validator,
    /// The side's clock, finer than the seconds that rustls passes on.
    clock: Time,
    refusal: OnceLock<Box<Refusal>>,
}

impl Verifier {
    pub(super) fn new(trust: &TrustStore, validator: Validator, clock: Time) -> Arc<Self> {
        Arc::new(Self {
            trust: trust.clone(),
            validator,
            clock,
            refusal: OnceLock::new(),
        })
    }

    /// Why the chain was refused, where it was.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get().map(AsRef::as_ref)
    }

    fn ask(&self, question: &Question<'_>) -> Result<(), Error> {
        decide(self.validator, question).map_err(|refusal| {
            let wire = refusal.wire();
            self.refusal.get_or_init(|| refusal);
            wire
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.ask(&Question {
            leaf,
            others,
            trust: &self.trust,
            name: Some(name),
            purpose: Purpose::Server,
            clock: self.clock,
        })?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.trust.hints()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.ask(&Question {
            leaf,
            others,
            trust: &self.trust,
            name: None,
            purpose: Purpose::Client,
            clock: self.clock,
        })?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls13_signature(self, message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ServerCertVerifier::supported_verify_schemes(self)
    }
}
