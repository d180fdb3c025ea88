//! What the benches share: a ratio of two workloads measured in the same run.
#![allow(clippy::print_stdout, dead_code, reason = "a bench prints its ratio")]

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Whether this is `cargo bench -- --test`: everything runs once, nothing is measured for long.
pub(crate) fn is_smoke() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Runs `raw` and `ours` in turn and prints `ratio NAME VALUE`, the median over the rounds of
/// raw time by our time: 1 means that ours costs nothing beyond the raw loop.
pub(crate) fn ratio<A, B>(
    name: &str,
    rounds: usize,
    mut raw: impl FnMut() -> A,
    mut ours: impl FnMut() -> B,
) -> f64 {
    let rounds = if is_smoke() { 1 } else { rounds };
    let mut ratios: Vec<f64> = (0..rounds)
        .map(|round| {
            // Each goes first in turn, so that neither always finds the warmer caches.
            let (raw_time, our_time) = if round % 2 == 0 {
                let raw_time = timed(&mut raw);
                (raw_time, timed(&mut ours))
            } else {
                let our_time = timed(&mut ours);
                (timed(&mut raw), our_time)
            };
            raw_time.as_secs_f64() / our_time.as_secs_f64().max(f64::MIN_POSITIVE)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let median = ratios[ratios.len() / 2];
    println!("ratio {name} {median:.3}");
    median
}

/// How long one call takes.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(crate) fn timed<T>(work: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}
