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
use trustsim_whatif::play_in_batches;
use trustsim_world::Deployment;

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
        let all = play_in_batches(seeds.collect(), request.threads, |seed| *seed, set_up);
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
        let played = play_in_batches(
            others,
            self.threads,
            |(_, baseline)| baseline.seed(),
            |(index, baseline)| {
                let (lost, failure) = play(baseline);
                (*index, lost, failure)
            },
        );
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
        let seed = |baseline: &&mut Baseline| baseline.seed();
        play_in_batches(all, self.threads, seed, |baseline: &mut &mut Baseline| {
            play(baseline)
        })
    }
}
