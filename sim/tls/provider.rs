//! The deterministic crypto provider: rustls with every random byte drawn from one stream.
//!
//! rustls wants its source of randomness as a `&'static`, so the stream of the handshake under way
//! lies in a thread-local, put there by [`with_stream`]. Key exchange is X25519 from that stream;
//! signing goes through [`KeyPair`]: ECDSA with RFC 6979 and Ed25519 need no randomness, the salt
//! of RSA-PSS comes from the stream. Ciphers, hashes and verification are ring's.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use rand::Rng;
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::{Digest, Sha256};
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, NamedGroup, PeerMisbehaved, SignatureAlgorithm, SignatureScheme};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::kernel::Stream;
use crate::pki::{KeyAlgorithm, KeyPair};

thread_local! {
    /// The stream of the handshake under way on this thread.
    static STREAM: RefCell<Option<Stream>> = const { RefCell::new(None) };
}

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        secure_random: &Seeded,
        kx_groups: vec![&X25519],
        ..ring::default_provider()
    })
});

/// The provider that every handshake uses. It draws from the stream of [`with_stream`] and fails
/// outside it.
pub fn provider() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// Runs `body` with `stream` as the source of every random byte that the provider is asked for
/// on this thread; whatever stood there before is put back.
pub fn with_stream<T>(stream: Stream, body: impl FnOnce() -> T) -> T {
    struct Restore(Option<Stream>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let before = self.0.take();
            STREAM.with(|slot| *slot.borrow_mut() = before);
        }
    }
    let _restore = Restore(STREAM.with(|slot| slot.borrow_mut().replace(stream)));
    body()
}

fn draw(bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
    STREAM.with(|slot| {
        let mut slot = slot.borrow_mut();
        slot.as_mut().ok_or(GetRandomFailed)?.fill_bytes(bytes);
        Ok(())
    })
}

#[derive(Debug)]
struct Seeded;

impl SecureRandom for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        draw(bytes)
    }
}

/// X25519 (RFC 7748) whose secret is drawn from the stream; ring's own takes the system's.
#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut secret = [0; 32];
        draw(&mut secret)?;
        let secret = StaticSecret::from(secret);
        let public = PublicKey::from(&secret);
        Ok(Box::new(Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Exchange {
    secret: StaticSecret,
    public: PublicKey,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer: [u8; 32] = peer
            .try_into()
            .map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&PublicKey::from(peer));
        if shared.was_contributory() {
            Ok(SharedSecret::from(shared.as_bytes().as_slice()))
        } else {
            Err(PeerMisbehaved::InvalidKeyShare.into())
        }
    }

    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A [`KeyPair`] as rustls signs handshakes with it.
pub(super) struct HandshakeKey {
    key: KeyPair,
    /// The RSA key, where it is one: TLS 1.3 wants RSA-PSS, which [`KeyPair::sign`] is not.
    rsa: Option<Arc<RsaPrivateKey>>,
}

impl HandshakeKey {
    pub(super) fn new(key: KeyPair) -> Self {
        let rsa = match key.algorithm() {
            KeyAlgorithm::Rsa2048 => Some(
                RsaPrivateKey::from_pkcs8_pem(&key.to_pkcs8_pem())
                    .expect("an RSA key pair writes the PKCS#8 that can be read"),
            ),
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::Ed25519 => None,
        };
        Self {
            key,
            rsa: rsa.map(Arc::new),
        }
    }

    const fn scheme_of(algorithm: KeyAlgorithm) -> SignatureScheme {
        match algorithm {
            KeyAlgorithm::EcdsaP256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            KeyAlgorithm::Ed25519 => SignatureScheme::ED25519,
            KeyAlgorithm::Rsa2048 => SignatureScheme::RSA_PSS_SHA256,
        }
    }
}

impl fmt::Debug for HandshakeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = Self::scheme_of(self.key.algorithm());
        f.debug_tuple("HandshakeKey").field(&scheme).finish()
    }
}

impl SigningKey for HandshakeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = Self::scheme_of(self.key.algorithm());
        let signer = HandshakeSigner {
            key: self.key.clone(),
            rsa: self.rsa.clone(),
            scheme,
        };
        offered
            .contains(&scheme)
            .then(|| Box::new(signer) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(self.key.spki_der()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.key.algorithm() {
            KeyAlgorithm::EcdsaP256 => SignatureAlgorithm::ECDSA,
            KeyAlgorithm::Ed25519 => SignatureAlgorithm::ED25519,
            KeyAlgorithm::Rsa2048 => SignatureAlgorithm::RSA,
        }
    }
}

struct HandshakeSigner {
    key: KeyPair,
    rsa: Option<Arc<RsaPrivateKey>>,
    scheme: SignatureScheme,
}

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let Some(rsa) = &self.rsa else {
            return Ok(self.key.sign(message));
        };
        rsa.sign_with_rng(
            &mut FromStream,
            rsa::Pss::new::<Sha256>(),
            &Sha256::digest(message),
        )
        .map_err(|error| Error::General(format!("failed to sign with RSA-PSS: {error}")))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

impl fmt::Debug for HandshakeSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandshakeSigner")
            .field(&self.scheme)
            .finish()
    }
}

/// The stream as the `rsa` crate draws from it.
struct FromStream;

impl rsa::rand_core::RngCore for FromStream {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        draw(bytes).expect("rustls signs only within a handshake, which holds a stream");
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for FromStream {}
