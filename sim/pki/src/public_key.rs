//! Public keys: their encoding and identifier, each computed once, and signature checks.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rcgen::SignatureAlgorithm;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::{KeyAlgorithm, PkiError, der};

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes }.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING of 32 bytes }.
const ED25519_PREFIX: [u8; 12] = [
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// SEQUENCE { rsaEncryption, NULL }.
const RSA_ALGORITHM: [u8; 15] = [
    0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// A public key of one of the algorithms that requests may use. Cloning is cheap.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    algorithm: KeyAlgorithm,
    spki: Box<[u8]>,
    /// Where the content of the BIT STRING begins in `spki`; it reaches to the end.
    bits_at: usize,
    key_id: OnceLock<[u8; 20]>,
}

impl PublicKey {
    /// From the content of the BIT STRING of a `SubjectPublicKeyInfo`.
    pub(super) fn from_bits(algorithm: KeyAlgorithm, bits: &[u8]) -> Self {
        let is_of_algorithm = match algorithm {
            KeyAlgorithm::EcdsaP256 => bits.len() == 65,
            KeyAlgorithm::Ed25519 => bits.len() == 32,
            KeyAlgorithm::Rsa2048 => bits.first() == Some(&der::SEQUENCE),
        };
        assert!(
            is_of_algorithm,
            "{} bytes are no public key of {algorithm}",
            bits.len()
        );
        let spki = match algorithm {
            KeyAlgorithm::EcdsaP256 => [&P256_PREFIX, bits].concat(),
            KeyAlgorithm::Ed25519 => [&ED25519_PREFIX, bits].concat(),
            KeyAlgorithm::Rsa2048 => {
                let bits = der::element(der::BIT_STRING, &[&[0], bits].concat());
                der::element(der::SEQUENCE, &[&RSA_ALGORITHM, bits.as_slice()].concat())
            }
        };
        let bits_at = spki.len() - bits.len();
        Self(Arc::new(Inner {
            algorithm,
            spki: spki.into(),
            bits_at,
            key_id: OnceLock::new(),
        }))
    }

    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    ///
    /// [`PkiError::UnsupportedKey`] where it is of another algorithm, or an RSA key of another
    /// size than 2048 to 8192 bits.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, PkiError> {
        let unsupported = || PkiError::UnsupportedKey(super::certificate::key_text(spki));
        let (algorithm, bits) = if let Some(bits) = spki.strip_prefix(&P256_PREFIX) {
            (KeyAlgorithm::EcdsaP256, (bits.len() == 65).then_some(bits))
        } else if let Some(bits) = spki.strip_prefix(&ED25519_PREFIX) {
            (KeyAlgorithm::Ed25519, (bits.len() == 32).then_some(bits))
        } else {
            (KeyAlgorithm::Rsa2048, rsa_bits(spki))
        };
        Ok(Self::from_bits(algorithm, bits.ok_or_else(unsupported)?))
    }

    /// The algorithm; an RSA key of any size counts as [`KeyAlgorithm::Rsa2048`].
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm
    }

    /// The `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// Whether it is an RSA key.
    pub fn is_rsa(&self) -> bool {
        self.algorithm() == KeyAlgorithm::Rsa2048
    }

    /// The content of the BIT STRING: the point, the 32 bytes, or the `RSAPublicKey`.
    pub fn bits(&self) -> &[u8] {
        &self.0.spki[self.0.bits_at..]
    }

    /// The key identifier by method 1 of RFC 5280 4.2.1.2, SHA-1 over [`PublicKey::bits`], as
    /// `x509.SubjectKeyIdentifier.from_public_key` computes it.
    pub fn key_id(&self) -> &[u8; 20] {
        self.0
            .key_id
            .get_or_init(|| Sha1::digest(self.bits()).into())
    }

    /// The key identifier by method 1 of RFC 7093, the first 160 bits of SHA-256 over
    /// [`PublicKey::bits`], as letsencrypt/boulder `core/util.go` `GenerateSKID` computes it.
    pub fn key_id_sha256(&self) -> [u8; 20] {
        let digest: [u8; 32] = Sha256::digest(self.bits()).into();
        std::array::from_fn(|at| digest[at])
    }

    /// Whether `signature` over `message` was made with this key: ECDSA in DER with SHA-256,
    /// Ed25519, or RSA PKCS#1 v1.5 with SHA-256.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn ring::signature::VerificationAlgorithm = match self.algorithm()
        {
            KeyAlgorithm::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
            KeyAlgorithm::Ed25519 => &ED25519,
            KeyAlgorithm::Rsa2048 => &RSA_PKCS1_2048_8192_SHA256,
        };
        UnparsedPublicKey::new(algorithm, self.bits())
            .verify(message, signature)
            .is_ok()
    }
}

fn rsa_bits(spki: &[u8]) -> Option<&[u8]> {
    let (body, []) = der::take(der::SEQUENCE, spki)? else {
        return None;
    };
    let (bits, []) = der::take(der::BIT_STRING, body.strip_prefix(&RSA_ALGORITHM)?)? else {
        return None;
    };
    let bits = bits.strip_prefix(&[0])?;
    let (key, []) = der::take(der::SEQUENCE, bits)? else {
        return None;
    };
    let (modulus, _) = der::take(der::INTEGER, key)?;
    (257..=1025).contains(&modulus.len()).then_some(bits)
}

impl rcgen::PublicKeyData for PublicKey {
    fn subject_public_key_info(&self) -> Vec<u8> {
        self.0.spki.to_vec()
    }

    fn der_bytes(&self) -> &[u8] {
        self.bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.algorithm {
            KeyAlgorithm::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyAlgorithm::Ed25519 => &rcgen::PKCS_ED25519,
            KeyAlgorithm::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm(), hex::encode(self.key_id()))
    }
}
