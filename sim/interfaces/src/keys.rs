//! Where the keys of a unit come from.

use crate::UnitContext;
use trustsim_kernel::Stream;
use trustsim_pki::{KeyAlgorithm, KeyPair, KeyPool, SerialNumber};

/// The algorithm of an application's keys and the pool that RSA keys are drawn from.
#[derive(Clone, Debug)]
pub struct KeySource {
    algorithm: KeyAlgorithm,
    pool: KeyPool,
}

impl KeySource {
    /// Keys of this algorithm; the real charms' are `rsa-2048`.
    pub const fn new(algorithm: KeyAlgorithm, pool: KeyPool) -> Self {
        Self { algorithm, pool }
    }

    /// The pool that RSA keys are drawn from.
    pub const fn pool(&self) -> &KeyPool {
        &self.pool
    }

    /// A key for a leaf (`generate_private_key`).
    pub fn leaf(&self, unit: &mut UnitContext<'_>) -> KeyPair {
        self.pool
            .leaf(self.algorithm, &mut unit.stream("private-key"))
    }

    /// A key for an authority, which no other ever has.
    pub fn authority(&self, unit: &mut UnitContext<'_>) -> KeyPair {
        self.authority_from(&mut unit.stream("authority-key"))
    }

    /// A key for an authority outside Juju, drawn from this stream.
    pub fn authority_from(&self, stream: &mut Stream) -> KeyPair {
        self.pool.authority(self.algorithm, stream)
    }
}

/// `x509.random_serial_number()`.
pub fn serial_number(unit: &mut UnitContext<'_>) -> SerialNumber {
    SerialNumber::random(&mut unit.stream("serial-number"))
}
