//! Remedies with other seeds than the one that they were found with: what helps by luck is no remedy.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::effort::Effort;
use crate::parallel::play_in_batches;
use crate::remedies::{Trials, told_plans};
use trustsim_diagnosis::{Findings, RemedyElsewhere, SeedOutcome, diagnose};
use trustsim_world::{Deployment, Manifest, Options, Simulation};

/// Remedies that are played with other seeds: those that are told first.
const PLAYED_MAX: usize = 4;

/// Plays the remedies that are told for a group of outages with every further seed of `findings.seeds`, as long as
/// `effort` lasts, and notes what is lost then.
///
/// # Panics
///
/// Where an assertion of the simulation is broken.
pub fn play_remedies(
    trials: &mut Trials,
    manifest: &Manifest,
    findings: &Findings,
    options: Options,
    effort: Effort,
    threads: NonZeroUsize,
) {
    // Without further seeds there is nothing to compare with.
    let Some((_, others)) = findings.seeds.split_first() else {
        return;
    };
    let mut plays: Vec<(usize, &SeedOutcome, Arc<Deployment>)> = Vec::new();
    for plan in told_plans(&trials.found, manifest, findings)
        .into_iter()
        .take(PLAYED_MAX)
    {
        // A seed with which nothing is lost shows nothing, nor does one that ended early.
        let lossy = others.iter();
        let lossy = lossy.filter(|outcome| !outcome.lost.is_zero() && !outcome.ended_early);
        plays.extend(lossy.map(|outcome| (plan, outcome, Arc::clone(&trials.plans[plan]))));
    }
    let (affordable, effort_of_one) = effort.share();
    let kept = affordable.min(plays.len() as u64);
    plays.truncate(usize::try_from(kept).expect("no more than there are"));
    let seed = |(_, outcome, _): &(usize, &SeedOutcome, Arc<Deployment>)| outcome.seed;
    let found = play_in_batches(plays, threads, seed, |(plan, outcome, planned)| {
        let mut with_seed = Deployment::clone(planned);
        with_seed.seed = outcome.seed;
        let with_seed = Arc::new(with_seed);
        let mut simulation = Simulation::new(Arc::clone(&with_seed), options);
        let mut effort = effort_of_one;
        if !effort.play(&mut simulation, manifest.end(), Simulation::run_until) {
            return (*plan, None);
        }
        let manifest = simulation.manifest();
        if manifest.endless.is_some() {
            return (*plan, None);
        }
        let findings = diagnose(&with_seed, &manifest, simulation.journal());
        let elsewhere = RemedyElsewhere {
            seed: outcome.seed,
            lost_before: outcome.lost,
            lost_after: SeedOutcome::of(&manifest, &findings).lost,
        };
        (*plan, Some(elsewhere))
    });
    for (plan, elsewhere) in found {
        trials.proven(plan).elsewhere.extend(elsewhere);
    }
}
