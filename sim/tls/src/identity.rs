//! A certificate chain with its private key, as a TLS side presents it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use sha2::{Digest, Sha256};

use super::provider::signing_key;
use trustsim_pki::{Certificate, KeyPair};

/// What a side presents: its chain, leaf first, and the key it signs with.
#[derive(Clone)]
pub struct Identity(Arc<Inner>);

struct Inner {
    chain: Vec<Certificate>,
    key: KeyPair,
    digest: [u8; 32],
    /// As rustls wants it; made at the first handshake.
    loaded: OnceLock<Result<Arc<SingleCertAndKey>, rustls::Error>>,
}

impl Identity {
    /// An identity; the chain is sent in this order. Nothing is checked: a key that does not
    /// belong to the leaf fails the handshake, as it stops a real server from starting.
    pub fn new(chain: impl IntoIterator<Item = Certificate>, key: KeyPair) -> Self {
        let chain: Vec<_> = chain.into_iter().collect();
        let mut hash = Sha256::new();
        for certificate in &chain {
            hash.update(certificate.sha256());
        }
        hash.update(Sha256::digest(key.spki_der()));
        Self(Arc::new(Inner {
            chain,
            key,
            digest: hash.finalize().into(),
            loaded: OnceLock::new(),
        }))
    }

    /// The chain, leaf first.
    pub fn chain(&self) -> &[Certificate] {
        &self.0.chain
    }

    /// The certificate of the side itself, where there is one.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.0.chain.first()
    }

    /// The private key.
    pub fn key(&self) -> &KeyPair {
        &self.0.key
    }

    /// SHA-256 over the chain and the public key: equal digests behave equally.
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    /// The chain and the key as rustls resolves them.
    ///
    /// # Errors
    ///
    /// What a server would say at its start: no certificate, or a key that is not the leaf's.
    pub(super) fn loaded(&self) -> Result<Arc<SingleCertAndKey>, rustls::Error> {
        self.0.loaded.get_or_init(|| self.load()).clone()
    }

    fn load(&self) -> Result<Arc<SingleCertAndKey>, rustls::Error> {
        let chain: Vec<_> = self
            .0
            .chain
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der().to_vec()))
            .collect();
        let certified = CertifiedKey::new(chain, signing_key(&self.0.key));
        certified.keys_match()?;
        let leaf = self.leaf().map(Certificate::spki_der);
        assert_eq!(
            leaf,
            Some(self.0.key.spki_der()),
            "a key that rustls takes for the leaf's is the leaf's"
        );
        Ok(Arc::new(SingleCertAndKey::from(certified)))
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.0.chain).finish()
    }
}
