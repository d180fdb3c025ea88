//! How long people take: a duration drawn from a declared distribution.
//!
//! Knows nothing of who waits for what. Floating point goes through `libm`, which is plain Rust,
//! so the bits are the same on every machine.

use std::time::Duration;

use rand::Rng;

use super::{Span, Stream, format_duration};

/// A distribution of durations. Draws are whole seconds, except a fixed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Always the same.
    Fixed(Span),
    /// Anything between the two, both included.
    Between(Span, Span),
    /// Log-normal: half of all draws are below the median, and two thirds lie within a factor of
    /// e^sigma of it.
    LogNormal {
        /// Half of all draws are below it.
        median: Span,
        /// Standard deviation of the logarithm, in thousandths.
        sigma_permille: u32,
    },
}

/// No draw is further out than this many standard deviations: one in 16,000 would be.
const SIGMAS_MAX: f64 = 4.0;

impl Delay {
    /// One duration.
    pub fn draw(&self, stream: &mut Stream) -> Span {
        match *self {
            Self::Fixed(span) => span,
            Self::Between(low, high) => {
                assert!(low <= high, "nothing lies between {low:?} and {high:?}");
                let width = (high - low).as_secs() + 1;
                let drawn = (u128::from(stream.next_u64()) * u128::from(width)) >> 64;
                low + Duration::from_secs(drawn as u64)
            }
            Self::LogNormal {
                median,
                sigma_permille,
            } => {
                let sigma = f64::from(sigma_permille) / 1000.0;
                let factor = libm::exp(sigma * standard_normal(stream));
                Duration::from_secs(libm::round(median.as_secs_f64() * factor) as u64)
            }
        }
    }

    /// The longest that can be drawn.
    pub fn longest(&self) -> Span {
        match *self {
            Self::Fixed(span) | Self::Between(_, span) => span,
            Self::LogNormal {
                median,
                sigma_permille,
            } => {
                let factor = libm::exp(f64::from(sigma_permille) / 1000.0 * SIGMAS_MAX);
                Duration::from_secs(libm::round(median.as_secs_f64() * factor) as u64)
            }
        }
    }
}

impl std::fmt::Display for Delay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(span) => write!(f, "{}", format_duration(*span)),
            Self::Between(low, high) => {
                let (low, high) = (format_duration(*low), format_duration(*high));
                write!(f, "{low} to {high}")
            }
            Self::LogNormal {
                median,
                sigma_permille,
            } => {
                let (whole, part) = (sigma_permille / 1000, sigma_permille % 1000);
                let median = format_duration(*median);
                write!(f, "log-normal, median {median}, sigma {whole}.{part:03}")
            }
        }
    }
}

/// Box and Muller (1958), cut off on both sides.
fn standard_normal(stream: &mut Stream) -> f64 {
    // In (0, 1], so that the logarithm is finite.
    let first = 1.0 - unit_interval(stream);
    let second = unit_interval(stream);
    let radius = libm::sqrt(-2.0 * libm::log(first));
    let drawn = radius * libm::cos(2.0 * std::f64::consts::PI * second);
    drawn.clamp(-SIGMAS_MAX, SIGMAS_MAX)
}

/// In [0, 1), with the 53 bits that a double holds.
fn unit_interval(stream: &mut Stream) -> f64 {
    (stream.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Streams;

    const HOUR: Span = Span::from_secs(3_600);

    fn draws(delay: Delay, count: u32) -> Vec<Span> {
        let streams = Streams::new(1);
        let draw = |k: u32| delay.draw(&mut streams.stream("delay", &k.to_string()));
        (0..count).map(draw).collect()
    }

    #[test]
    fn the_first_draws_are_pinned() {
        let delay = Delay::LogNormal {
            median: 4 * HOUR,
            sigma_permille: 1_000,
        };
        let seconds: Vec<u64> = draws(delay, 6).iter().map(Span::as_secs).collect();
        insta::assert_debug_snapshot!(seconds);
    }

    #[test]
    fn half_of_a_log_normal_is_below_its_median() {
        let median = 4 * HOUR;
        let delay = Delay::LogNormal {
            median,
            sigma_permille: 1_000,
        };
        let drawn = draws(delay, 4_000);
        let below = |bound: Span| drawn.iter().filter(|span| **span < bound).count();
        assert!(
            (1_880..=2_120).contains(&below(median)),
            "{}",
            below(median)
        );
        // One standard deviation above the median: 84 %.
        let above = below(Span::from_secs(
            (median.as_secs_f64() * 1.0_f64.exp()) as u64,
        ));
        assert!((3_280..=3_440).contains(&above), "{above}");
        assert!(drawn.iter().all(|span| *span <= delay.longest()));
    }

    proptest! {
        #[test]
        fn an_even_draw_stays_between_its_ends(low in 0_u64..1_000_000, width in 0_u64..1_000_000) {
            let ends = (Span::from_secs(low), Span::from_secs(low + width));
            for drawn in draws(Delay::Between(ends.0, ends.1), 20) {
                prop_assert!(ends.0 <= drawn && drawn <= ends.1);
            }
        }
    }

    #[test]
    fn a_distribution_reads_as_it_was_declared() {
        let normal = Delay::LogNormal {
            median: 4 * HOUR,
            sigma_permille: 1_250,
        };
        let said = [Delay::Fixed(HOUR), Delay::Between(HOUR, 2 * HOUR), normal]
            .map(|delay| delay.to_string());
        assert_eq!(
            said,
            ["1h", "1h to 2h", "log-normal, median 4h, sigma 1.250"]
        );
    }
}
