//! Remedies with other seeds than the one that they were found with: what helps by luck is no remedy.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::effort::Effort;
use crate::kept::{KeptWorlds, begin};
use crate::parallel::play_in_batches;
use crate::remedies::{Plan, Trials};
use trustsim_diagnosis::{
    Findings, Likeness, OutageGroup, RemedyElsewhere, SeedOutcome, diagnose, outage_groups,
};
use trustsim_kernel::Span;
use trustsim_world::{Address, Manifest, Options, Simulation};

/// Groups of outages whose remedies are played with other seeds: those that are told first.
const GROUPS_MAX: usize = 4;
/// Remedies that are played for one of them, where the one before does not help with each seed.
const ROUNDS: usize = 2;

/// Plays the remedies that are told for a group of outages with every further seed of `findings.seeds` with which such
/// outages come, as long as `effort` lasts, and notes what the connections between their applications lose then. Where
/// one does not help with each seed, the next best is played too. What begins as a run of `kept` did is played on from there.
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
    kept: &KeptWorlds,
    threads: NonZeroUsize,
) {
    // Without further seeds there is nothing to compare with.
    let Some((_, others)) = findings.seeds.split_first() else {
        return;
    };
    let groups = outage_groups(manifest, findings).into_iter();
    let groups: Vec<Group> = groups
        .take(GROUPS_MAX)
        .map(|group| Group::new(group, manifest, findings))
        .collect();
    let (mut affordable, effort_of_one) = effort.share();
    for _ in 0..ROUNDS {
        let told: Vec<(&Group, usize)> = groups
            .iter()
            .filter_map(|group| Some((group, group.next_plan(trials, manifest, findings)?)))
            .collect();
        let mut plays = wanted(&told, others, trials);
        let afforded = affordable.min(plays.len() as u64);
        affordable -= afforded;
        plays.truncate(usize::try_from(afforded).expect("no more than there are"));
        let seed = |play: &Play<'_>| play.before.seed;
        let found = play_in_batches(plays, threads, seed, |play| {
            let after = play.outcome(options, effort_of_one, manifest, kept);
            (play.plan, play.before.seed, after)
        });
        let found: BTreeMap<(usize, u64), SeedOutcome> = found
            .into_iter()
            .filter_map(|(plan, seed, after)| Some(((plan, seed), after?)))
            .collect();
        for (group, plan) in told {
            let each = others.iter().filter(|before| group.comes_with(before));
            let each = each.filter_map(|before| {
                let after = found.get(&(plan, before.seed))?;
                Some(group.compare(before, after))
            });
            let elsewhere = each.collect();
            let remedy = trials.proven(plan);
            remedy.elsewhere.insert(group.outages.longest(), elsewhere);
        }
    }
}

/// A group of outages, and how it is found again with another seed.
struct Group {
    outages: OutageGroup,
    likenesses: BTreeSet<Likeness>,
    /// The applications of the client and the server of each.
    between: BTreeSet<(Address, Address)>,
}

impl Group {
    fn new(outages: OutageGroup, manifest: &Manifest, findings: &Findings) -> Self {
        let likenesses = outages.likenesses(manifest, findings);
        let between = likenesses.iter();
        let between = between.map(|it| (it.client.clone(), it.server.clone()));
        Self {
            between: between.collect(),
            likenesses,
            outages,
        }
    }

    /// The remedy that is told for it and was not played yet; that which is told after one that does not help with each
    /// seed.
    fn next_plan(
        &self,
        trials: &Trials,
        manifest: &Manifest,
        findings: &Findings,
    ) -> Option<usize> {
        let (found, first) = (&trials.found, self.outages.longest());
        let best = found.best_for(manifest, findings, &self.outages.outages)?;
        match best.elsewhere.get(&first) {
            None => Some(best.plan),
            Some(played) if played.iter().all(RemedyElsewhere::helps) => None,
            Some(_) => {
                let fitting = found.all_for(manifest, findings, &self.outages.outages);
                let mut fitting = fitting.into_iter();
                let next = fitting.find(|remedy| !remedy.elsewhere.contains_key(&first));
                next.map(|remedy| remedy.plan)
            }
        }
    }

    /// What its outages lose with a seed.
    fn due(&self, outcome: &SeedOutcome) -> Span {
        let groups = self.likenesses.iter();
        let groups = groups.filter_map(|it| outcome.groups.get(it));
        groups.map(|group| group.lost).sum()
    }

    fn comes_with(&self, outcome: &SeedOutcome) -> bool {
        // Of what ended early the rest is not known.
        !self.due(outcome).is_zero() && !outcome.ended_early
    }

    /// What its applications lose between them, of whatever cause.
    fn lost(&self, outcome: &SeedOutcome) -> Span {
        let groups = outcome.groups.iter();
        let own = groups.filter(|(likeness, _)| {
            let between = (likeness.client.clone(), likeness.server.clone());
            self.between.contains(&between)
        });
        own.map(|(_, group)| group.lost).sum()
    }

    fn compare(&self, before: &SeedOutcome, after: &SeedOutcome) -> RemedyElsewhere {
        RemedyElsewhere {
            seed: before.seed,
            due: self.due(before),
            lost_before: self.lost(before),
            lost_after: self.lost(after),
        }
    }
}

/// A remedy with another seed.
struct Play<'a> {
    plan: usize,
    planned: &'a Plan,
    before: &'a SeedOutcome,
}

impl Play<'_> {
    /// `None` where it ends early, or takes too long.
    fn outcome(
        &self,
        options: Options,
        mut effort: Effort,
        manifest: &Manifest,
        kept: &KeptWorlds,
    ) -> Option<SeedOutcome> {
        let mut plan = self.planned.clone();
        Arc::make_mut(&mut plan.deployment).seed = self.before.seed;
        let mut simulation = begin(&plan, kept.of(self.before.seed), options, effort);
        if !effort.play_from_start(&mut simulation, manifest.end(), Simulation::run_until) {
            return None;
        }
        let manifest = simulation.manifest();
        if manifest.endless.is_some() {
            return None;
        }
        let findings = diagnose(&plan.deployment, &manifest, simulation.journal());
        Some(SeedOutcome::of(&manifest, &findings))
    }
}

/// Each remedy with each seed with which outages come that it is told for, once.
fn wanted<'a>(
    told: &[(&Group, usize)],
    others: &'a [SeedOutcome],
    trials: &'a Trials,
) -> Vec<Play<'a>> {
    let mut plans: Vec<usize> = Vec::new();
    for (_, plan) in told {
        if !plans.contains(plan) {
            plans.push(*plan);
        }
    }
    let mut plays = Vec::new();
    for plan in plans {
        let comes = |before: &&SeedOutcome| {
            let mut own = told.iter().filter(|(_, own)| *own == plan);
            own.any(|(group, _)| group.comes_with(before))
        };
        plays.extend(others.iter().filter(comes).map(|before| Play {
            plan,
            planned: &trials.plans[plan],
            before,
        }));
    }
    plays
}
