//! Random streams keyed by (seed, purpose, subject).
//!
//! Each draw that a run makes names what it is for and whose it is, so that adding a unit or
//! removing a fault leaves every other draw as it was. Only integers are drawn: the bits are the
//! same on every machine.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use sha2::{Digest, Sha256};

use super::Span;

/// One stream: ChaCha8, whose output is fixed by its specification.
pub type Stream = ChaCha8Rng;

/// The source of every stream of a run.
#[derive(Clone, Debug)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of a run with this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed they all come from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream for `purpose` (what is drawn) and `subject` (for whom, and which time).
    pub fn stream(&self, purpose: &str, subject: &str) -> Stream {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update((purpose.len() as u64).to_le_bytes());
        hash.update(purpose.as_bytes());
        hash.update(subject.as_bytes());
        Stream::from_seed(hash.finalize().into())
    }

    /// A number below `bound` (zero where the bound is zero) that depends on nothing but the
    /// seed and the three keys: for draws that must be found again without having drawn the
    /// ones before, such as the jitter of the thousandth update-status.
    pub fn below(&self, purpose: u64, subject: u64, index: u64, bound: u64) -> u64 {
        let mut state = self.seed;
        for key in [purpose, subject, index] {
            state = mix(state ^ key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        }
        ((u128::from(state) * u128::from(bound)) >> 64) as u64
    }

    /// A duration from `low` to `high`, both included, by the same keys as [`Streams::below`].
    pub fn between(&self, purpose: u64, subject: u64, index: u64, low: Span, high: Span) -> Span {
        assert!(low <= high, "nothing lies between {low:?} and {high:?}");
        let width = u64::try_from((high - low).as_nanos());
        let width = width.expect("every span of a run is shorter than 584 years");
        low + Duration::from_nanos(self.below(purpose, subject, index, width + 1))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn the_first_draws_are_pinned() {
        let mut stream = Streams::new(1).stream("serial", "pki.ca");
        let draws: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        insta::assert_debug_snapshot!(draws);
        let below: Vec<u64> = (0..5)
            .map(|k| Streams::new(1).below(7, 8, k, 1_000))
            .collect();
        insta::assert_debug_snapshot!(below);
    }

    #[test]
    fn purpose_and_subject_do_not_run_together() {
        let streams = Streams::new(1);
        let first = streams.stream("ab", "c").next_u64();
        assert_ne!(first, streams.stream("a", "bc").next_u64());
        assert_ne!(first, Streams::new(2).stream("ab", "c").next_u64());
    }

    #[test]
    fn keyed_draws_are_spread_over_their_range() {
        let streams = Streams::new(3);
        let mut buckets = [0_u32; 10];
        for index in 0..10_000 {
            buckets[streams.below(1, 2, index, 10) as usize] += 1;
        }
        assert!(
            buckets.iter().all(|&count| (850..1_150).contains(&count)),
            "{buckets:?}"
        );
        assert_eq!(streams.below(1, 2, 3, 0), 0);
    }
}
