//! The same deployment with several seeds: a rotation is safe where it is with each of them. Runs
//! are values that know nothing of each other, so that some are played at once; how many at once
//! changes no answer.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::baseline::Baseline;
use super::failure::Failure;
use super::solve::{Shortfall, Tried};
use super::{Lost, RehearsalError, Request};
use trustsim_faults::rotation::Refusal;
use trustsim_world::Deployment;

/// What a thread that plays is given: unoptimised builds need more than the usual two megabytes.
const STACK_BYTES: usize = 32 << 20;

/// A baseline for each seed.
pub(super) struct Baselines {
    all: Vec<Baseline>,
    threads: NonZeroUsize,
    /// The baseline on which something went wrong last: where it will the next time, most likely.
    suspect: usize,
}

impl Baselines {
    /// # Errors
    ///
    /// [`RehearsalError::NotSettled`] where with one of the seeds it is too early.
    pub(super) fn new(deployment: &Deployment, request: Request) -> Result<Self, RehearsalError> {
        // A seed is any number: 0 comes after the largest.
        let seeds = (0..request.seeds.get()).map(|more| deployment.seed.wrapping_add(more.into()));
        let set_up = |seed: &mut u64| {
            let mut with_seed = deployment.clone();
            with_seed.seed = *seed;
            Baseline::new(Arc::new(with_seed), request.at)
        };
        let all = play_in_batches(seeds.collect(), request.threads, set_up);
        Ok(Self {
            all: all.into_iter().collect::<Result<_, _>>()?,
            threads: request.threads,
            suspect: 0,
        })
    }

    /// That of the scenario's own seed.
    pub(super) fn first(&self) -> &Baseline {
        &self.all[0]
    }

    /// Every seed, in order.
    pub(super) fn seeds(&self) -> Vec<u64> {
        self.all.iter().map(Baseline::seed).collect()
    }

    /// How many futures were played.
    pub(super) fn plays(&self) -> usize {
        self.all.iter().map(Baseline::plays).sum()
    }

    /// Plays with each seed until something goes wrong: first where it did the last time, then all
    /// the others. What is lost is that of the seed that goes wrong, else the most of any; a refusal
    /// where nothing could be played.
    pub(super) fn attempt(
        &mut self,
        play: impl Fn(&mut Baseline) -> (Result<Lost, Refusal>, Option<Failure>) + Sync,
    ) -> (Result<Lost, Refusal>, Tried) {
        let suspect = self.suspect;
        let (lost, failure) = play(&mut self.all[suspect]);
        if let Some(failure) = failure {
            let seed = self.all[suspect].seed();
            return (lost, Some(Shortfall { seed, failure }));
        }
        let others = self.all.iter_mut().enumerate();
        let others: Vec<_> = others.filter(|(index, _)| *index != suspect).collect();
        let played = play_in_batches(others, self.threads, |(index, baseline)| {
            let (lost, failure) = play(baseline);
            (*index, lost, failure)
        });
        let mut most = lost;
        for (index, lost, failure) in played {
            if let Some(failure) = failure {
                self.suspect = index;
                let seed = self.all[index].seed();
                return (lost, Some(Shortfall { seed, failure }));
            }
            let cost = |lost: &Result<Lost, Refusal>| lost.as_ref().ok().map(Lost::cost);
            if cost(&lost) > cost(&most) {
                most = lost;
            }
        }
        (most, None)
    }

    /// What comes of each seed, in order.
    pub(super) fn each<T: Send>(&mut self, play: impl Fn(&mut Baseline) -> T + Sync) -> Vec<T> {
        let all = self.all.iter_mut().collect();
        play_in_batches(all, self.threads, |baseline: &mut &mut Baseline| {
            play(baseline)
        })
    }
}

/// Calls `play` with each, so many at once, and gives what it gave in their order.
fn play_in_batches<A: Send, T: Send>(
    all: Vec<A>,
    threads: NonZeroUsize,
    play: impl Fn(&mut A) -> T + Sync,
) -> Vec<T> {
    let mut results = Vec::with_capacity(all.len());
    let mut waiting = all;
    while !waiting.is_empty() {
        let rest = waiting.split_off(threads.get().min(waiting.len()));
        let mut batch = std::mem::replace(&mut waiting, rest);
        if let [only] = &mut batch[..] {
            results.push(play(only));
            continue;
        }
        std::thread::scope(|scope| {
            let started = batch.iter_mut().map(|each| {
                let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
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
            assert_eq!(play_in_batches((0..7).collect(), threads, square), expected);
        }
        assert_eq!(
            play_in_batches(Vec::new(), NonZeroUsize::MIN, square),
            Vec::<u64>::new()
        );
    }
}
