//! Real signature checks for the rules that build their own chains: webpki's algorithms on ring.

use std::ops::Range;

use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::algorithms::algorithms;

/// What kind of key signs or is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    EllipticCurve,
    Ed25519,
    Other,
}

/// A subject public key.
#[derive(Debug)]
pub(super) struct PublicKey {
    /// The contents of the algorithm identifier, in DER.
    algorithm: Vec<u8>,
    /// The key itself.
    bits: Vec<u8>,
    kind: KeyKind,
    /// The size of the modulus or of the curve.
    size_bits: usize,
}

/// The signed part of a certificate and its signature.
#[derive(Debug)]
pub(super) struct Signed {
    certificate: Vec<u8>,
    /// Where the signed part is in it.
    message: Range<usize>,
    /// The contents of the algorithm identifier, in DER.
    algorithm: Vec<u8>,
    signature: Vec<u8>,
    kind: KeyKind,
    digest: Digest,
}

/// The digest of a signature, as far as a judge refuses some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Other,
}

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const RSA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
const ECDSA: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
const ECDSA_SHA1: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];

impl PublicKey {
    pub(super) fn read(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let (_, body, _) = element(info.raw, SEQUENCE)?;
        let (_, algorithm, rest) = element(body, SEQUENCE)?;
        let (_, bits, _) = element(rest, BIT_STRING)?;
        let (kind, size_bits) = match info.parsed() {
            Ok(ParsedKey::RSA(key)) => (KeyKind::Rsa, key.key_size()),
            Ok(ParsedKey::EC(point)) => (KeyKind::EllipticCurve, point.key_size()),
            _ if algorithm.starts_with(ED25519) => (KeyKind::Ed25519, 256),
            _ => (KeyKind::Other, 256),
        };
        Some(Self {
            algorithm: algorithm.to_vec(),
            bits: bits.get(1..)?.to_vec(),
            kind,
            size_bits,
        })
    }

    pub(super) const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether the key has fewer than 112 bits of security, what OpenSSL's security level 2 asks
    /// (NIST SP 800-57: RSA 2048, curves of 224 bits).
    pub(super) const fn is_weak(&self) -> bool {
        match self.kind {
            KeyKind::Rsa => self.size_bits < 2048,
            KeyKind::EllipticCurve => self.size_bits < 224,
            KeyKind::Ed25519 | KeyKind::Other => false,
        }
    }
}

impl Signed {
    pub(super) fn read(certificate: &[u8]) -> Option<Self> {
        let (_, body, _) = element(certificate, SEQUENCE)?;
        let start = certificate.len() - body.len();
        let (whole, _, rest) = element(body, SEQUENCE)?;
        let message = start..start + whole.len();
        let (_, algorithm, rest) = element(rest, SEQUENCE)?;
        let (_, signature, _) = element(rest, BIT_STRING)?;
        let kind = if algorithm.starts_with(RSA) {
            KeyKind::Rsa
        } else if algorithm.starts_with(ECDSA) || algorithm.starts_with(ECDSA_SHA1) {
            KeyKind::EllipticCurve
        } else if algorithm.starts_with(ED25519) {
            KeyKind::Ed25519
        } else {
            KeyKind::Other
        };
        // md2, md4, md5 and sha1WithRSAEncryption are the arcs 2 to 5 below PKCS #1.
        let digest = match algorithm.get(RSA.len()) {
            Some(2..=4) if kind == KeyKind::Rsa => Digest::Md5,
            Some(5) if kind == KeyKind::Rsa => Digest::Sha1,
            _ if algorithm.starts_with(ECDSA_SHA1) => Digest::Sha1,
            _ => Digest::Other,
        };
        Some(Self {
            certificate: certificate.to_vec(),
            message,
            algorithm: algorithm.to_vec(),
            signature: signature.get(1..)?.to_vec(),
            kind,
            digest,
        })
    }

    pub(super) const fn kind(&self) -> KeyKind {
        self.kind
    }

    pub(super) const fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the digest has fewer than 112 bits of security: MD5 or SHA-1.
    pub(super) fn has_weak_digest(&self) -> bool {
        self.digest != Digest::Other
    }

    /// Whether `key` made the signature. Algorithms that ring does not have (P-521, SHA-224, MD5)
    /// count as failures.
    pub(super) fn is_by(&self, key: &PublicKey) -> bool {
        let message = &self.certificate[self.message.clone()];
        let mut algorithms = algorithms().all.iter();
        algorithms.any(|known| {
            known.signature_alg_id().as_ref() == self.algorithm
                && known.public_key_alg_id().as_ref() == key.algorithm
                && known
                    .verify_signature(&key.bits, message, &self.signature)
                    .is_ok()
        }) || self.is_by_old_rsa(key, message)
    }

    /// RSA as OpenSSL, Go and Java still take it and webpki does not: keys from 1024 bits on, and
    /// SHA-1 where the judge has not refused it before.
    fn is_by_old_rsa(&self, key: &PublicKey, message: &[u8]) -> bool {
        use ring::signature as ring;
        if self.kind != KeyKind::Rsa || key.kind != KeyKind::Rsa {
            return false;
        }
        let algorithm = match self.algorithm.get(RSA.len()) {
            Some(5) => &ring::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Some(11) => &ring::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            Some(13) => &ring::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            _ => return false,
        };
        ring::UnparsedPublicKey::new(algorithm, &key.bits)
            .verify(message, &self.signature)
            .is_ok()
    }
}

/// Splits the first DER element off: the whole element, its contents, and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, contents) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.len() > 4 {
            return None;
        }
        let value = |sum: usize, &digit: &u8| (sum << 8) | usize::from(digit);
        (digits.iter().fold(0, value), rest)
    };
    let (contents, rest) = contents.split_at_checked(length)?;
    let whole = &der[..der.len() - rest.len()];
    (found == tag).then_some((whole, contents, rest))
}
