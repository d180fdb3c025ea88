//! The same deployment with several seeds: which outages come with every one of them, and how much they lose.
//!
//! A seed decides what in a real deployment nothing decides: which unit restarts first, in which order Python writes a
//! set of CAs. An outage that comes with three seeds of eight is as real as one that comes with all, and an answer from
//! one seed alone would hide it five times of eight.

use std::collections::BTreeMap;

use super::groups::{Likeness, outage_groups};
use super::{Cause, Findings};
use trustsim_kernel::Span;
use trustsim_model::Manifest;

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct SeedOutcome {
    /// The seed.
    pub seed: u64,
    /// How many outages there were that are told.
    pub outages: usize,
    /// How long those were together.
    pub lost: Span,
    /// What they come to, by what makes them alike.
    pub groups: BTreeMap<Likeness, SeedGroup>,
    /// Indices of expectations that do not hold.
    pub broken: Vec<usize>,
}

/// Alike outages of one seed.
#[derive(Clone, Debug)]
pub struct SeedGroup {
    /// How many.
    pub outages: usize,
    /// How long the longest was.
    pub longest: Span,
    /// How long all of them were together.
    pub lost: Span,
    /// The cause of the longest.
    pub cause: Cause,
}

/// In how many runs alike outages came, and what they lost where they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chance {
    /// With how many seeds they came.
    pub seeds: usize,
    /// How many seeds were played.
    pub of: usize,
    /// The least that was lost where they came.
    pub least: Span,
    /// The most.
    pub most: Span,
}

impl SeedOutcome {
    /// What came of a run.
    pub fn of(manifest: &Manifest, findings: &Findings) -> Self {
        let mut groups: BTreeMap<Likeness, SeedGroup> = BTreeMap::new();
        for group in outage_groups(manifest, findings) {
            let index = group.longest();
            let longest = findings.outages[index].length(manifest.end());
            let likeness = group.likeness(manifest, findings);
            match groups.get_mut(&likeness) {
                Some(known) => {
                    known.outages += group.outages.len();
                    known.lost += group.lost;
                    if longest > known.longest {
                        known.longest = longest;
                        known.cause = findings.explanations[index].cause.what.clone();
                    }
                }
                None => {
                    let alike = SeedGroup {
                        outages: group.outages.len(),
                        longest,
                        lost: group.lost,
                        cause: findings.explanations[index].cause.what.clone(),
                    };
                    groups.insert(likeness, alike);
                }
            }
        }
        let expectations = findings.expectations.iter().enumerate();
        let broken = expectations.filter(|(_, result)| !result.held);
        Self {
            seed: manifest.seed,
            outages: groups.values().map(|group| group.outages).sum(),
            lost: groups.values().map(|group| group.lost).sum(),
            groups,
            broken: broken.map(|(index, _)| index).collect(),
        }
    }
}

/// The chance of outages that are alike; `None` where they come with no seed.
pub fn chance(outcomes: &[SeedOutcome], likeness: &Likeness) -> Option<Chance> {
    let found = outcomes
        .iter()
        .filter_map(|outcome| outcome.groups.get(likeness));
    let lost: Vec<Span> = found.map(|group| group.lost).collect();
    Some(Chance {
        seeds: lost.len(),
        of: outcomes.len(),
        least: lost.iter().min().copied()?,
        most: lost.iter().max().copied()?,
    })
}

/// What outages come with other seeds than the first only, with the worst of each kind; the most common first.
pub fn elsewhere(outcomes: &[SeedOutcome]) -> Vec<(&Likeness, &SeedGroup, Chance)> {
    let Some((first, others)) = outcomes.split_first() else {
        return Vec::new();
    };
    let mut worst: BTreeMap<&Likeness, &SeedGroup> = BTreeMap::new();
    for (likeness, group) in others.iter().flat_map(|outcome| &outcome.groups) {
        if first.groups.contains_key(likeness) {
            continue;
        }
        let known = worst.entry(likeness).or_insert(group);
        if group.lost > known.lost {
            *known = group;
        }
    }
    let found = worst.into_iter().map(|(likeness, group)| {
        let chance = chance(outcomes, likeness);
        (likeness, group, chance.expect("it came with one of them"))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(_, group, chance)| std::cmp::Reverse((chance.seeds, group.lost)));
    found
}
