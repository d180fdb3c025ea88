//! Remedies with other seeds than the one that they were found with: what helps by luck is no remedy.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::parallel::play_in_batches;
use crate::remedies::Trials;
use trustsim_diagnosis::{RemedyElsewhere, SeedOutcome, diagnose};
use trustsim_kernel::Time;
use trustsim_world::{Deployment, Options, Simulation};

/// Remedies that are played with other seeds: those that are told first.
const PLAYED_MAX: usize = 4;

/// Plays each of these remedies, by its place in `trials.found.proven`, with every seed but the first of `outcomes`, and
/// notes what is lost then. `outcomes` is what comes of each seed without a remedy.
///
/// # Panics
///
/// Where an assertion of the simulation is broken.
pub fn play_remedies(
    trials: &mut Trials,
    told: &[usize],
    outcomes: &[SeedOutcome],
    options: Options,
    until: Time,
    threads: NonZeroUsize,
) {
    let others = outcomes.get(1..).unwrap_or_default();
    let mut plays: Vec<(usize, &SeedOutcome, Arc<Deployment>)> = Vec::new();
    for &index in told.iter().take(PLAYED_MAX) {
        let plan = &trials.plans[trials.found.proven[index].plan];
        // A seed with which nothing is lost shows nothing.
        let lossy = others.iter().filter(|outcome| !outcome.lost.is_zero());
        plays.extend(lossy.map(|outcome| (index, outcome, Arc::clone(plan))));
    }
    let seed = |(_, outcome, _): &(usize, &SeedOutcome, Arc<Deployment>)| outcome.seed;
    let found = play_in_batches(plays, threads, seed, |(index, outcome, plan)| {
        let mut with_seed = Deployment::clone(plan);
        with_seed.seed = outcome.seed;
        let with_seed = Arc::new(with_seed);
        let mut simulation = Simulation::new(Arc::clone(&with_seed), options);
        simulation.run_until(until);
        let manifest = simulation.manifest();
        let findings = diagnose(&with_seed, &manifest, simulation.journal());
        let elsewhere = RemedyElsewhere {
            seed: outcome.seed,
            lost_before: outcome.lost,
            lost_after: SeedOutcome::of(&manifest, &findings).lost,
        };
        (*index, elsewhere)
    });
    for (index, elsewhere) in found {
        trials.found.proven[index].elsewhere.push(elsewhere);
    }
}
