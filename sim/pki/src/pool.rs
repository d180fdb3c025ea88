//! RSA keys on credit: a bounded set that leaf holders share, since each costs some 100 ms.
//!
//! **Assumption.** With RSA, the holders of leaf keys share [`KeyPool::DEFAULT_SIZE`] keys, and
//! two of them can hold the same one. No rule of any validator compares the keys of two leaves, so
//! no verdict changes; what would be wrong is a fault that swaps the keys of two holders, which
//! one time in 32 swaps a key with itself. Authorities never share: their key decides what
//! verifies under what, so [`KeyPool::authority`] always makes a new one.

use std::sync::{Arc, OnceLock};

use rand::Rng;

use super::{KeyAlgorithm, KeyPair};
use trustsim_kernel::{Stream, Streams};

/// The keys of a run. Cloning is cheap and shares the RSA keys made so far.
#[derive(Clone, Debug)]
pub struct KeyPool {
    streams: Streams,
    rsa: Arc<[OnceLock<KeyPair>]>,
}

impl KeyPool {
    /// How many RSA keys leaf holders share where nothing else is said.
    pub const DEFAULT_SIZE: usize = 32;

    /// The pool of a run; at most `size` RSA keys (at least one) are ever made for leaves.
    pub fn new(streams: &Streams, size: usize) -> Self {
        Self {
            streams: streams.clone(),
            rsa: (0..size.max(1)).map(|_| OnceLock::new()).collect(),
        }
    }

    /// A key for a leaf: new from `stream`, or with RSA one of the pool, drawn from `stream`.
    pub fn leaf(&self, algorithm: KeyAlgorithm, stream: &mut Stream) -> KeyPair {
        if algorithm != KeyAlgorithm::Rsa2048 {
            return KeyPair::generate(algorithm, stream);
        }
        let index = (u128::from(stream.next_u64()) * self.rsa.len() as u128) >> 64;
        let index = index as usize;
        let make = || {
            let mut own = self.streams.stream("rsa-key", &index.to_string());
            KeyPair::generate(KeyAlgorithm::Rsa2048, &mut own)
        };
        self.rsa[index].get_or_init(make).clone()
    }

    /// A key for an authority: always a new one from `stream`.
    pub fn authority(&self, algorithm: KeyAlgorithm, stream: &mut Stream) -> KeyPair {
        KeyPair::generate(algorithm, stream)
    }

    /// How many RSA keys have been made so far.
    pub fn made(&self) -> usize {
        self.rsa.iter().filter(|slot| slot.get().is_some()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_are_shared_and_follow_from_the_seed() {
        let streams = Streams::new(5);
        let pool = KeyPool::new(&streams, 1);
        let mut stream = streams.stream("key", "web/0");
        let first = pool.clone().leaf(KeyAlgorithm::Rsa2048, &mut stream);
        assert_eq!(first, pool.leaf(KeyAlgorithm::Rsa2048, &mut stream));
        assert_eq!(pool.made(), 1);
        let again = KeyPool::new(&Streams::new(5), 1).leaf(KeyAlgorithm::Rsa2048, &mut stream);
        assert_eq!(first, again);
    }

    #[test]
    fn other_keys_are_never_shared() {
        let pool = KeyPool::new(&Streams::new(5), 1);
        let mut stream = Streams::new(5).stream("key", "web/0");
        let first = pool.leaf(KeyAlgorithm::EcdsaP256, &mut stream);
        assert_ne!(first, pool.leaf(KeyAlgorithm::EcdsaP256, &mut stream));
        assert_eq!(pool.made(), 0);
    }
}
