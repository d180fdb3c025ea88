//! Keys, requests, certificates, authorities. (First shape: the room is being built.)

use std::sync::Arc;

/// Key algorithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// `ecdsa-p256`.
    #[default]
    EcdsaP256,
    /// `ed25519`.
    Ed25519,
    /// `rsa-2048`.
    Rsa2048,
}

impl std::str::FromStr for KeyAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ecdsa-p256" => Ok(Self::EcdsaP256),
            "ed25519" => Ok(Self::Ed25519),
            "rsa-2048" => Ok(Self::Rsa2048),
            other => Err(other.to_owned()),
        }
    }
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate(Arc<[u8; 32]>);

impl Certificate {
    /// SHA-256 of the DER.
    pub fn sha256(&self) -> &[u8; 32] {
        &self.0
    }
}
