//! Runs at the same time. They are values that know nothing of each other, so how many play at once changes no answer.

use std::num::NonZeroUsize;

/// What the name of a thread begins with that plays a seed; the seed follows.
pub const SEED_THREAD: &str = "seed ";

/// What a thread that plays is given: unoptimised builds need more than the usual two megabytes.
const STACK_BYTES: usize = 32 << 20;

/// Calls `play` with each, so many at once, and gives what it gave in their order. The thread of each is named after
/// its seed ([`SEED_THREAD`]), which is what a broken assertion has to tell.
///
/// # Panics
///
/// Where `play` does.
pub fn play_in_batches<A: Send, T: Send>(
    all: Vec<A>,
    threads: NonZeroUsize,
    seed: impl Fn(&A) -> u64,
    play: impl Fn(&mut A) -> T + Sync,
) -> Vec<T> {
    let mut results = Vec::with_capacity(all.len());
    let mut waiting = all;
    while !waiting.is_empty() {
        let rest = waiting.split_off(threads.get().min(waiting.len()));
        let mut batch = std::mem::replace(&mut waiting, rest);
        std::thread::scope(|scope| {
            let started = batch.iter_mut().map(|each| {
                let name = format!("{SEED_THREAD}{}", seed(each));
                let builder = std::thread::Builder::new().name(name);
                let builder = builder.stack_size(STACK_BYTES);
                builder
                    .spawn_scoped(scope, || play(each))
                    .expect("the machine has room for a thread")
            });
            let started: Vec<_> = started.collect();
            for thread in started {
                let result = thread.join();
                results.push(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
        });
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_however_many_play_in_batches() {
        let square = |number: &mut u64| *number * *number;
        let expected: Vec<u64> = (0..7).map(|number| number * number).collect();
        for threads in 1..9 {
            let threads = NonZeroUsize::new(threads).expect("not zero");
            let played = play_in_batches((0..7).collect(), threads, |number| *number, square);
            assert_eq!(played, expected);
        }
        assert_eq!(
            play_in_batches(Vec::new(), NonZeroUsize::MIN, |number| *number, square),
            Vec::<u64>::new()
        );
    }
}
