//! Key pairs whose bytes follow from a random stream, and whose signatures follow from key and
//! message: ECDSA with the nonce of RFC 6979, Ed25519, and RSA PKCS#1 v1.5.
//!
//! What the real charms use is RSA-2048 (canonical/charmlibs, `PrivateKey.generate`); ECDSA P-256 is
//! the default because it signs ten times faster, needs no 50 ms to make a key, and no verdict
//! depends on the algorithm.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use p256::ecdsa::signature::Signer;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rand::Rng;
use ring::signature::RSA_PKCS1_SHA256;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::traits::PublicKeyParts as _;
use thiserror::Error;

use super::{PkiError, PublicKey, pem};
use trustsim_kernel::Stream;

const LABEL: &str = "PRIVATE KEY";
const PKCS1_LABEL: &str = "RSA PRIVATE KEY";
const SEC1_LABEL: &str = "EC PRIVATE KEY";
const RSA_BITS: usize = 2048;
/// PKCS#8 of RFC 8410 up to the 32 bytes of the key.
const ED25519_PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// `ECPrivateKey` of RFC 5915 up to the 32 bytes of the key; P-256 as its parameters, up to the 65
/// bytes of the point. OpenSSL leaves out neither.
const SEC1_PREFIX: [u8; 7] = [0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20];
const SEC1_PARAMETERS: [u8; 17] = [
    0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0xA1, 0x44, 0x03, 0x42,
    0x00,
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
    /// The text of the key; writing one costs a multiplication on the curve.
    pem: OnceLock<Box<str>>,
}

enum Secret {
    EcdsaP256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(Box<RsaSecret>),
}

/// `ring` signs faster, but can neither generate keys nor salt PSS from a stream of ours.
struct RsaSecret {
    signer: ring::rsa::KeyPair,
    key: rsa::PrivateKey,
}

impl KeyPair {
    /// The next key of `stream`. An RSA key costs some 50 ms, any other less than 0.1 ms.
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
                let key = rsa::PrivateKey::new(stream, RSA_BITS)
                    .expect("2048 bits and the exponent 65537 are always accepted");
                Self::from_rsa(key).expect("a generated RSA key is consistent")
            }
        }
    }

    /// Reads a PKCS#8 `PRIVATE KEY` block, or what [`KeyPair::to_pem`] writes.
    ///
    /// # Errors
    ///
    /// [`PkiError`] where the text is no such block, or of another algorithm or RSA size.
    pub fn from_pem(text: &str) -> Result<Self, PkiError> {
        if let Some((block, _)) = pem::next_block(PKCS1_LABEL, text)? {
            let key = rsa::PrivateKey::from_pkcs1_der(&pem::decode(PKCS1_LABEL, block)?);
            return Self::from_sized_rsa(key.map_err(|error| malformed(&error))?);
        }
        if let Some((block, _)) = pem::next_block(SEC1_LABEL, text)? {
            let key = p256::SecretKey::from_sec1_der(&pem::decode(SEC1_LABEL, block)?);
            let key = key.map_err(|error| malformed(&error))?;
            return Ok(Self::from_p256(key.into()));
        }
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
        let key = rsa::PrivateKey::from_pkcs8_der(der);
        Self::from_sized_rsa(key.map_err(|error| malformed(&error))?)
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

    /// The block that the libraries write, without a trailing newline: `RSA PRIVATE KEY` or
    /// `EC PRIVATE KEY` (canonical/charmlibs `interfaces/tls-certificates` 1.12.0,
    /// `PrivateKey.__str__`: `TraditionalOpenSSL`). Ed25519, which they do not know, has PKCS#8
    /// only.
    pub fn to_pem(&self) -> &str {
        const WRITES: &str = "a key in memory can be written";
        let write = || match &self.0.secret {
            Secret::EcdsaP256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (secret, point) = (key.to_bytes(), point.as_bytes());
                let der = [&SEC1_PREFIX[..], &secret, &SEC1_PARAMETERS, point].concat();
                pem::encode(SEC1_LABEL, &der).into()
            }
            Secret::Ed25519(_) => self.to_pkcs8_pem().into(),
            Secret::Rsa(rsa) => {
                let der = rsa.key.to_pkcs1_der().expect(WRITES);
                pem::encode(PKCS1_LABEL, der.as_bytes()).into()
            }
        };
        self.0.pem.get_or_init(write)
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
        let signer = rsa::pss::SigningKey::<sha2::Sha256>::new(rsa.key.clone());
        Some(signer.sign_with_rng(stream, message).to_vec())
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

    fn from_sized_rsa(key: rsa::PrivateKey) -> Result<Self, PkiError> {
        match key.size() * 8 {
            RSA_BITS => Self::from_rsa(key),
            bits => Err(PkiError::UnsupportedKey(format!("rsa-{bits}"))),
        }
    }

    fn from_rsa(key: rsa::PrivateKey) -> Result<Self, PkiError> {
        let der = key.to_pkcs8_der().map_err(|error| malformed(&error))?;
        let signer =
            ring::rsa::KeyPair::from_pkcs8(der.as_bytes()).map_err(|error| malformed(&error))?;
        let public = PublicKey::from_bits(KeyAlgorithm::Rsa2048, signer.public().as_ref());
        let secret = Secret::Rsa(Box::new(RsaSecret { signer, key }));
        Ok(Self::new(public, secret))
    }

    fn new(public: PublicKey, secret: Secret) -> Self {
        let pem = OnceLock::new();
        Self(Arc::new(Inner {
            public,
            secret,
            pem,
        }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_kernel::Streams;

    fn stream(subject: &str) -> Stream {
        Streams::new(7).stream("key", subject)
    }

    #[test]
    fn keys_follow_from_the_stream() {
        let keys: Vec<String> = KeyAlgorithm::ALL
            .iter()
            .map(|algorithm| format!("{:?}", KeyPair::generate(*algorithm, &mut stream("pinned"))))
            .collect();
        insta::assert_snapshot!(keys.join("\n"), @r"
        KeyPair(ecdsa-p256 8d2b9dfa10d6ca314b1de67743b11d4358c78980)
        KeyPair(ed25519 a2daaaf6ccb4ec15958e3bc6875f351ffe5beac2)
        KeyPair(rsa-2048 13e76c2a771882a8387072e33bb3eb3a67aa1bb6)
        ");
    }

    #[test]
    fn keys_survive_pkcs8() {
        for algorithm in KeyAlgorithm::ALL {
            let key = KeyPair::generate(algorithm, &mut stream("pinned"));
            let text = key.to_pkcs8_pem();
            let read = KeyPair::from_pem(&text).unwrap();
            assert_eq!(read, key);
            assert_eq!(read.sign(b"message"), key.sign(b"message"));
            assert_eq!(read.to_pkcs8_pem(), text);
            assert_eq!(
                PublicKey::from_spki_der(key.spki_der()).as_ref(),
                Ok(key.public_key())
            );
        }
    }

    #[test]
    fn signatures_verify_and_do_not_vary() {
        for algorithm in KeyAlgorithm::ALL {
            let key = KeyPair::generate(algorithm, &mut stream("pinned"));
            let signature = key.sign(b"message");
            assert_eq!(signature, key.sign(b"message"));
            assert!(key.public_key().verify(b"message", &signature));
            assert!(!key.public_key().verify(b"other", &signature));
        }
    }

    /// RFC 6979 A.2.5, P-256 with SHA-256, message `sample`.
    #[test]
    fn the_nonce_is_that_of_rfc_6979() {
        let scalar = [
            0xC9, 0xAF, 0xA9, 0xD8, 0x45, 0xBA, 0x75, 0x16, 0x6B, 0x5C, 0x21, 0x57, 0x67, 0xB1,
            0xD6, 0x93, 0x4E, 0x50, 0xC3, 0xDB, 0x36, 0xE8, 0x9B, 0x12, 0x7B, 0x8A, 0x62, 0x2B,
            0x12, 0x0F, 0x67, 0x21,
        ];
        let key = KeyPair::from_p256(p256::ecdsa::SigningKey::from_slice(&scalar).unwrap());
        let hex = hex::encode(key.sign(b"sample"));
        let r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
        let s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        assert_eq!(hex, format!("3046022100{r}022100{s}"));
    }

    #[test]
    fn pss_signatures_verify_and_follow_from_the_stream() {
        let key = KeyPair::generate(KeyAlgorithm::Rsa2048, &mut stream("pinned"));
        let signature = key.sign_rsa_pss(b"message", &mut stream("salt")).unwrap();
        assert_eq!(
            key.sign_rsa_pss(b"message", &mut stream("salt")),
            Some(signature.clone())
        );
        let algorithm = &ring::signature::RSA_PSS_2048_8192_SHA256;
        let public = ring::signature::UnparsedPublicKey::new(algorithm, key.public_key().bits());
        assert!(public.verify(b"message", &signature).is_ok());
        let other = KeyPair::generate(KeyAlgorithm::Ed25519, &mut stream("pinned"));
        assert_eq!(other.sign_rsa_pss(b"message", &mut stream("salt")), None);
    }

    #[test]
    fn algorithms_have_names() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
        }
        let error = "rsa".parse::<KeyAlgorithm>().unwrap_err().to_string();
        insta::assert_snapshot!(error, @"unknown key algorithm `rsa`: use ecdsa-p256, ed25519 or rsa-2048");
    }

    #[test]
    fn keys_are_read_as_they_are_written() {
        let labels = ["EC PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY"];
        for (algorithm, label) in KeyAlgorithm::ALL.into_iter().zip(labels) {
            let key = KeyPair::generate(algorithm, &mut stream("written"));
            assert!(
                key.to_pem()
                    .starts_with(&format!("-----BEGIN {label}-----"))
            );
            for text in [key.to_pem(), &key.to_pkcs8_pem()] {
                let read = KeyPair::from_pem(text).unwrap();
                assert_eq!(read, key, "{text}");
                assert_eq!(read.sign(b"message"), key.sign(b"message"));
            }
        }
    }

    #[test]
    fn other_keys_are_refused() {
        let damaged = pem::encode(LABEL, b"nothing");
        let missing = "-----BEGIN DSA PRIVATE KEY-----";
        let messages: Vec<String> = [damaged.as_str(), missing]
            .iter()
            .map(|text| KeyPair::from_pem(text).unwrap_err().to_string())
            .collect();
        insta::assert_snapshot!(messages.join("\n"), @r"
        not a private key: PKCS#8 ASN.1 error: unexpected ASN.1 DER tag: expected SEQUENCE, got APPLICATION [14] (constructed)
        there is no `PRIVATE KEY` block in the PEM text
        ");
    }
}
