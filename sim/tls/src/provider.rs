//! The deterministic crypto provider: rustls with every random byte drawn from one stream.
//!
//! rustls wants its source of randomness as a `&'static`, so the stream of the handshake under way
//! lies in a thread-local, put there by [`with_stream`]. Key exchange is X25519 with one pair of keys
//! that both sides of every handshake use; signing goes through [`KeyPair`]: ECDSA with RFC 6979 and
//! Ed25519 need no randomness, the salt of RSA-PSS comes from the stream. Ciphers, hashes and
//! verification are ring's.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use rand::Rng;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, NamedGroup, PeerMisbehaved, SignatureAlgorithm, SignatureScheme};
use x25519_dalek::{PublicKey, StaticSecret};

use trustsim_kernel::Stream;
use trustsim_pki::{KeyAlgorithm, KeyPair};

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

/// The key as rustls signs handshakes with it, deterministically.
pub fn signing_key(key: &KeyPair) -> Arc<dyn SigningKey> {
    Arc::new(HandshakeKey(key.clone()))
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

/// The keys of every key exchange, and what two sides that both have them agree on. Fresh keys would be a quarter of the
/// time of a handshake, and no verdict depends on them: nothing that is encrypted here is a secret.
static KEYS: LazyLock<ExchangeKeys> = LazyLock::new(|| {
    let secret = StaticSecret::from([0x5A; 32]);
    let public = PublicKey::from(&secret);
    let agreed = secret.diffie_hellman(&public);
    ExchangeKeys {
        agreed: *agreed.as_bytes(),
        secret,
        public,
    }
});

struct ExchangeKeys {
    secret: StaticSecret,
    public: PublicKey,
    agreed: [u8; 32],
}

/// X25519 (RFC 7748) with [`KEYS`].
#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Exchange))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Exchange;

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        if peer == KEYS.public.as_bytes() {
            return Ok(SharedSecret::from(KEYS.agreed.as_slice()));
        }
        let peer: [u8; 32] = peer
            .try_into()
            .map_err(|_| PeerMisbehaved::InvalidKeyShare)?;
        let shared = KEYS.secret.diffie_hellman(&PublicKey::from(peer));
        if shared.was_contributory() {
            Ok(SharedSecret::from(shared.as_bytes().as_slice()))
        } else {
            Err(PeerMisbehaved::InvalidKeyShare.into())
        }
    }

    fn pub_key(&self) -> &[u8] {
        KEYS.public.as_bytes()
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// A [`KeyPair`] as rustls signs handshakes with it.
#[derive(Clone)]
struct HandshakeKey(KeyPair);

impl HandshakeKey {
    fn only_scheme(&self) -> SignatureScheme {
        match self.0.algorithm() {
            KeyAlgorithm::EcdsaP256 => SignatureScheme::ECDSA_NISTP256_SHA256,
            KeyAlgorithm::Ed25519 => SignatureScheme::ED25519,
            KeyAlgorithm::Rsa2048 => SignatureScheme::RSA_PSS_SHA256,
        }
    }
}

impl fmt::Debug for HandshakeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandshakeKey")
            .field(&self.only_scheme())
            .finish()
    }
}

impl SigningKey for HandshakeKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&self.only_scheme())
            .then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some(SubjectPublicKeyInfoDer::from(self.0.spki_der()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.algorithm() {
            KeyAlgorithm::EcdsaP256 => SignatureAlgorithm::ECDSA,
            KeyAlgorithm::Ed25519 => SignatureAlgorithm::ED25519,
            KeyAlgorithm::Rsa2048 => SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for HandshakeKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match self.0.algorithm() {
            KeyAlgorithm::EcdsaP256 | KeyAlgorithm::Ed25519 => Ok(self.0.sign(message)),
            KeyAlgorithm::Rsa2048 => STREAM.with(|slot| {
                let mut slot = slot.borrow_mut();
                let stream = slot.as_mut().ok_or(GetRandomFailed)?;
                self.0
                    .sign_rsa_pss(message, stream)
                    .ok_or_else(|| Error::General("failed to sign with RSA-PSS".to_owned()))
            }),
        }
    }

    fn scheme(&self) -> SignatureScheme {
        self.only_scheme()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Streams;

    fn bytes() -> Result<[u8; 8], GetRandomFailed> {
        let mut bytes = [0; 8];
        provider().secure_random.fill(&mut bytes).map(|()| bytes)
    }

    #[test]
    fn outside_a_handshake_there_is_no_randomness() {
        assert!(bytes().is_err());
    }

    #[test]
    fn streams_nest_and_repeat() {
        let stream = |subject| Streams::new(1).stream("provider", subject);
        let (first, inner, second) = with_stream(stream("outer"), || {
            let first = bytes().unwrap();
            let inner = with_stream(stream("inner"), || bytes().unwrap());
            (first, inner, bytes().unwrap())
        });
        assert!(first != inner && first != second);
        assert_eq!(first, with_stream(stream("outer"), || bytes().unwrap()));
        assert!(bytes().is_err());
    }

    /// With each other, and with a peer that has keys of its own.
    #[test]
    fn both_ends_of_a_key_exchange_agree() {
        let group = provider().kx_groups[0];
        let agreed = |peer: &[u8]| group.start().unwrap().complete(peer).unwrap();
        let own = group.start().unwrap().pub_key().to_vec();
        let direct = KEYS.secret.diffie_hellman(&KEYS.public);
        assert_eq!(agreed(&own).secret_bytes(), direct.as_bytes());
        let other = StaticSecret::from([7; 32]);
        assert_eq!(
            agreed(PublicKey::from(&other).as_bytes()).secret_bytes(),
            other.diffie_hellman(&KEYS.public).as_bytes()
        );
        assert!(group.start().unwrap().complete(&[0; 32]).is_err());
        assert!(group.start().unwrap().complete(&[1; 31]).is_err());
    }
}
