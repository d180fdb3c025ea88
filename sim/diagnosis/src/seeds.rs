//! The same deployment with several seeds: which outages come with every one of them, and how much they lose.
//!
//! A seed decides what in a real deployment nothing decides: which unit restarts first, in which order Python writes a
//! set of CAs. An outage that comes with three seeds of eight is as real as one that comes with all, and an answer from
//! one seed alone would hide it five times of eight.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::{CauseLikeness, Likeness};
use super::{Cause, Findings, OutageClass};
use trustsim_kernel::Span;
use trustsim_model::Manifest;

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct SeedOutcome {
    /// The seed.
    pub seed: u64,
    /// How many outages there were that are told.
    pub outages: usize,
    /// How many of them were not expected.
    pub unexpected: usize,
    /// How long those that are told were together.
    pub lost: Span,
    /// What they come to, by what makes them alike.
    pub groups: BTreeMap<Likeness, SeedGroup>,
    /// Indices of expectations that do not hold.
    pub broken: Vec<usize>,
    /// Whether the run ended before its time.
    pub ended_early: bool,
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
        let told = findings.classes.iter().enumerate();
        for (index, _) in told.filter(|(_, class)| class.is_told()) {
            let likeness = Likeness::of(manifest, findings, index);
            let length = findings.outages[index].length(manifest.end());
            let cause = &findings.explanations[index].cause.what;
            let known = groups.entry(likeness).or_insert_with(|| SeedGroup {
                outages: 0,
                longest: Span::ZERO,
                lost: Span::ZERO,
                cause: cause.clone(),
            });
            known.outages += 1;
            known.lost += length;
            if length > known.longest {
                known.longest = length;
                known.cause = cause.clone();
            }
        }
        let expectations = findings.expectations.iter().enumerate();
        let broken = expectations.filter(|(_, result)| !result.held);
        Self {
            seed: manifest.seed,
            outages: groups.values().map(|group| group.outages).sum(),
            unexpected: findings.outages_of(OutageClass::Unexpected).count(),
            lost: groups.values().map(|group| group.lost).sum(),
            groups,
            broken: broken.map(|(index, _)| index).collect(),
            ended_early: manifest.endless.is_some(),
        }
    }

    /// Whether every expectation held, and every failure was expected.
    pub const fn passed(&self) -> bool {
        self.unexpected == 0 && self.broken.is_empty()
    }
}

/// The chance of outages of which each is like one of these; `None` where they come with no seed.
pub fn chance(outcomes: &[SeedOutcome], likenesses: &BTreeSet<Likeness>) -> Option<Chance> {
    let found = outcomes.iter().filter_map(|outcome| {
        // An outage that ends at its own instant comes, and loses nothing.
        let groups = likenesses.iter().filter_map(|it| outcome.groups.get(it));
        let lost: Vec<Span> = groups.map(|group| group.lost).collect();
        (!lost.is_empty()).then(|| lost.into_iter().sum())
    });
    let lost: Vec<Span> = found.collect();
    Some(Chance {
        seeds: lost.len(),
        of: outcomes.len(),
        least: lost.iter().min().copied()?,
        most: lost.iter().max().copied()?,
    })
}

/// Outages of one cause that come with other seeds than the first only.
#[derive(Clone, Debug)]
pub struct Elsewhere<'a> {
    /// What makes them alike, once for each pair of applications.
    pub likenesses: BTreeSet<&'a Likeness>,
    /// Those between two applications with one seed that lost the most.
    pub worst: &'a SeedGroup,
    /// The seed.
    pub seed: u64,
    /// How often they come, and what they lose together.
    pub chance: Chance,
}

/// What outages come with other seeds than the first only, those of one cause together; the most common first.
pub fn elsewhere(outcomes: &[SeedOutcome]) -> Vec<Elsewhere<'_>> {
    let Some((first, others)) = outcomes.split_first() else {
        return Vec::new();
    };
    type Alike<'a> = (BTreeSet<&'a Likeness>, (u64, &'a SeedGroup));
    let mut causes: BTreeMap<&CauseLikeness, Alike<'_>> = BTreeMap::new();
    let groups = others.iter().flat_map(|outcome| {
        let groups = outcome.groups.iter();
        groups.map(|(likeness, group)| (outcome.seed, likeness, group))
    });
    for (seed, likeness, group) in groups {
        if first.groups.contains_key(likeness) {
            continue;
        }
        let (alike, worst) = causes
            .entry(&likeness.cause)
            .or_insert_with(|| (BTreeSet::new(), (seed, group)));
        alike.insert(likeness);
        if group.lost > worst.1.lost {
            *worst = (seed, group);
        }
    }
    let found = causes.into_values().map(|(likenesses, (seed, worst))| {
        let each = likenesses.iter().copied().cloned().collect();
        let chance = chance(outcomes, &each);
        Elsewhere {
            likenesses,
            worst,
            seed,
            chance: chance.expect("it came with one of them"),
        }
    });
    let mut found: Vec<Elsewhere<'_>> = found.collect();
    found.sort_by_key(|each| std::cmp::Reverse((each.chance.seeds, each.chance.most)));
    found
}
