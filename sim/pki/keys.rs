//! Key pairs whose bytes follow from a random stream, and whose signatures follow from key and
//! message: ECDSA with the nonce of RFC 6979, Ed25519, and RSA PKCS#1 v1.5.
//!
//! What the real charms use is RSA-2048 (canonical/charmlibs, `PrivateKey.generate`); ECDSA P-256 is
//! the default because it is some hundred times cheaper and no verdict depends on the algorithm.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use p256::ecdsa::signature::Signer;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rand::Rng;
use ring::signature::RSA_PKCS1_SHA256;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rsa::rand_core as rand_core_06;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::PublicKeyParts as _;
use thiserror::Error;

use super::{PkiError, PublicKey, pem};
use crate::kernel::Stream;

const LABEL: &str = "PRIVATE KEY";
const RSA_BITS: usize = 2048;
/// PKCS#8 of RFC 8410 up to the 32 bytes of the key.
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The algorithms a key can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// ECDSA on P-256 with SHA-256: `ecdsa-p256`.
    #[default]
    EcdsaP256,
    /// Ed25519: `ed25519`.
    Ed25519,
    /// RSA with 2048 bits, PKCS#1 v1.5 and SHA-256: `rsa-2048`, what the charms use.
    Rsa2048,
}

/// Not the name of a key algorithm.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown key algorithm `{0}`: use ecdsa-p256, ed25519 or rsa-2048")]
pub struct UnknownKeyAlgorithm(pub String);

impl KeyAlgorithm {
    /// Every algorithm, the default first.
    pub const ALL: [Self; 3] = [Self::EcdsaP256, Self::Ed25519, Self::Rsa2048];

    /// The name, as scenarios write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyAlgorithm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|algorithm| algorithm.name() == text)
            .ok_or_else(|| UnknownKeyAlgorithm(text.to_owned()))
    }
}

/// A private key with its public key. Cloning is cheap; two are equal when their public keys are.
#[derive(Clone)]
pub struct KeyPair(Arc<Inner>);

struct Inner {
    public: PublicKey,
    secret: Secret,
}

enum Secret {
    EcdsaP256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<RsaSecret>),
}

/// `ring` signs ten times faster, but cannot generate keys nor salt PSS from a stream of ours.
struct RsaSecret {
    signer: ring::rsa::KeyPair,
    key: rsa::RsaPrivateKey,
}

impl KeyPair {
    /// The next key of `stream`. An RSA key costs some 100 ms, any other some 20 µs.
    pub fn generate(algorithm: KeyAlgorithm, stream: &mut Stream) -> Self {
        match algorithm {
            KeyAlgorithm::EcdsaP256 => loop {
                let mut bytes = [0; 32];
                stream.fill_bytes(&mut bytes);
                // Refused once in 2^32 draws: zero or not below the order of the group.
                if let Ok(key) = p256::ecdsa::SigningKey::from_slice(&bytes) {
                    return Self::from_p256(key);
                }
            },
            KeyAlgorithm::Ed25519 => {
                let mut bytes = [0; 32];
                stream.fill_bytes(&mut bytes);
                Self::from_ed25519(ed25519_dalek::SigningKey::from_bytes(&bytes))
            }
            KeyAlgorithm::Rsa2048 => {
                let key = rsa::RsaPrivateKey::new(&mut OldRng(stream), RSA_BITS)
                    .expect("2048 bits and the exponent 65537 are always accepted");
                Self::from_rsa(key).expect("a generated RSA key is consistent")
            }
        }
    }

    /// Reads a PKCS#8 `PRIVATE KEY` block.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where the text is no such block, or of another algorithm or RSA size.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, PkiError> {
        Self::from_pkcs8_der(&pem::decode(LABEL, text)?)
    }

    /// Reads PKCS#8 DER.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where it is no private key, or of another algorithm or RSA size.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, PkiError> {
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::from_p256(key));
        }
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::from_ed25519(key));
        }
        match rsa::RsaPrivateKey::from_pkcs8_der(der) {
            Ok(key) if key.size() * 8 == RSA_BITS => Self::from_rsa(key),
            Ok(key) => Err(PkiError::UnsupportedKey(format!("rsa-{}", key.size() * 8))),
            Err(error) => Err(malformed(&error)),
        }
    }

    /// PKCS#8 DER.
    pub fn to_pkcs8_der(&self) -> Vec<u8> {
        const WRITES: &str = "a key in memory can be written";
        match &self.0.secret {
            Secret::EcdsaP256(key) => key.to_pkcs8_der().expect(WRITES).as_bytes().to_vec(),
            Secret::Ed25519(key) => [&ED25519_PKCS8_PREFIX[..], key.as_bytes()].concat(),
            Secret::Rsa(rsa) => rsa.key.to_pkcs8_der().expect(WRITES).as_bytes().to_vec(),
        }
    }

    /// A PKCS#8 `PRIVATE KEY` block without a trailing newline.
    pub fn to_pkcs8_pem(&self) -> String {
        pem::encode(LABEL, &self.to_pkcs8_der())
    }

    /// The algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.0.public.algorithm()
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }

    /// The `SubjectPublicKeyInfo` of the public key.
    pub fn spki_der(&self) -> &[u8] {
        self.0.public.spki_der()
    }

    /// Signs as certificates are signed, always the same for the same message: ECDSA with SHA-256
    /// in DER, Ed25519, or RSA PKCS#1 v1.5 with SHA-256.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0.secret {
            Secret::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::Rsa(rsa) => {
                let mut signature = vec![0; rsa.signer.public().modulus_len()];
                // PKCS#1 v1.5 draws nothing from the random source it must be handed.
                let unused = ring::rand::SystemRandom::new();
                rsa.signer
                    .sign(&RSA_PKCS1_SHA256, &unused, message, &mut signature)
                    .expect("the signature buffer is as long as the modulus");
                signature
            }
        }
    }

    /// RSA-PSS with SHA-256 and a salt of 32 bytes from `stream`, which TLS 1.3 wants of RSA
    /// keys; `None` for other algorithms. Costs some 2 ms.
    pub fn sign_rsa_pss(&self, message: &[u8], stream: &mut Stream) -> Option<Vec<u8>> {
        let Secret::Rsa(rsa) = &self.0.secret else {
            return None;
        };
        let signer = rsa::pss::SigningKey::<rsa::sha2::Sha256>::new(rsa.key.clone());
        Some(signer.sign_with_rng(&mut OldRng(stream), message).to_vec())
    }

    fn from_p256(key: p256::ecdsa::SigningKey) -> Self {
        let point = key.verifying_key().to_sec1_point(false);
        let public = PublicKey::from_bits(KeyAlgorithm::EcdsaP256, point.as_bytes());
        Self::new(public, Secret::EcdsaP256(key))
    }

    fn from_ed25519(key: ed25519_dalek::SigningKey) -> Self {
        let public = PublicKey::from_bits(KeyAlgorithm::Ed25519, key.verifying_key().as_bytes());
        Self::new(public, Secret::Ed25519(key))
    }

    fn from_rsa(key: rsa::RsaPrivateKey) -> Result<Self, PkiError> {
        let der = key.to_pkcs8_der().map_err(|error| malformed(&error))?;
        let signer =
            ring::rsa::KeyPair::from_pkcs8(der.as_bytes()).map_err(|error| malformed(&error))?;
        let public = PublicKey::from_bits(KeyAlgorithm::Rsa2048, signer.public().as_ref());
        let secret = Secret::Rsa(Box::new(RsaSecret { signer, key }));
        Ok(Self::new(public, secret))
    }

    fn new(public: PublicKey, secret: Secret) -> Self {
        Self(Arc::new(Inner { public, secret }))
    }
}

fn malformed(error: &dyn fmt::Display) -> PkiError {
    PkiError::Malformed {
        what: "private key",
        why: error.to_string(),
    }
}

impl rcgen::PublicKeyData for KeyPair {
    fn subject_public_key_info(&self) -> Vec<u8> {
        self.spki_der().to_vec()
    }

    fn der_bytes(&self) -> &[u8] {
        self.0.public.bits()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        rcgen::PublicKeyData::algorithm(&self.0.public)
    }
}

impl rcgen::SigningKey for KeyPair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Self::sign(self, message))
    }
}

impl PartialEq for KeyPair {
    fn eq(&self, other: &Self) -> bool {
        self.0.public == other.0.public
    }
}

impl Eq for KeyPair {}

/// Shows the public key only.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({:?})", self.0.public)
    }
}

/// A stream of ours as the `rand_core` 0.6 that `rsa` 0.9 asks for.
struct OldRng<'a>(&'a mut Stream);

impl rand_core_06::RngCore for OldRng<'_> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

/// Not for secrets that must be kept: everything here is meant to be found again from the seed.
impl rand_core_06::CryptoRng for OldRng<'_> {}
