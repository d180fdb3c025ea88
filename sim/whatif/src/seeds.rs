//! A deployment played with more seeds than its own.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::kept::KeptWorlds;
use crate::parallel::play_in_batches;
use trustsim_diagnosis::{SeedOutcome, diagnose};
use trustsim_kernel::Time;
use trustsim_world::{Deployment, Options, Simulation};

/// The seeds after one, so many: 0 comes after the largest.
pub fn seeds_after(seed: u64, count: u32) -> Vec<u64> {
    (1..=u64::from(count))
        .map(|more| seed.wrapping_add(more))
        .collect()
}

/// What comes of each of these seeds, in their order. Nothing is kept of a run but its outages, and in `kept` its world as
/// everything was installed.
///
/// # Panics
///
/// Where an assertion of the simulation is broken.
pub fn play_seeds(
    deployment: &Deployment,
    options: Options,
    until: Time,
    seeds: Vec<u64>,
    threads: NonZeroUsize,
    kept: &mut KeptWorlds,
) -> Vec<SeedOutcome> {
    let played = play_in_batches(
        seeds,
        threads,
        |seed| *seed,
        |seed| {
            let mut with_seed = deployment.clone();
            with_seed.seed = *seed;
            let with_seed = Arc::new(with_seed);
            let mut simulation = Simulation::new(Arc::clone(&with_seed), options);
            let installed = kept.play_installation(&mut simulation, until, Simulation::run_until);
            simulation.run_until(until);
            let manifest = simulation.manifest();
            let findings = diagnose(&with_seed, &manifest, simulation.journal());
            (SeedOutcome::of(&manifest, &findings), installed)
        },
    );
    let outcomes = played.into_iter().map(|(outcome, installed)| {
        kept.keep(installed);
        outcome
    });
    outcomes.collect()
}
