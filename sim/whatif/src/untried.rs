//! The changes that might help and were not tried yet, in the order in which they are tried.

use super::candidates::{Candidate, candidates};
use super::change::{Change, Changed};
use super::futures::Outcome;
use trustsim_diagnosis::Findings;
use trustsim_world::Deployment;

/// Each change is made in a copy of the deployment. Where there are more of them than this, those that cannot be made
/// are counted with those that are not tried.
const LOOKED_AT_MAX: usize = 100;

/// A change that can be made, and the outages that it was guessed from.
pub(super) struct Possible {
    /// Its place among all candidates.
    pub(super) rank: usize,
    pub(super) change: Change,
    pub(super) changed: Changed,
    pub(super) meant_for: Vec<usize>,
}

/// Candidates that were not taken yet, the most likely first.
pub(super) struct Untried<'a> {
    deployment: &'a Deployment,
    candidates: Vec<(usize, Candidate)>,
}

impl<'a> Untried<'a> {
    pub(super) fn new(deployment: &'a Deployment, run: &Outcome, findings: &Findings) -> Self {
        let all = candidates(deployment, &run.manifest, findings).into_iter();
        // What is done after the end of the run helps nothing in it.
        let within = all.filter(|candidate| candidate.change.at() < run.manifest.duration);
        Self {
            deployment,
            candidates: within.enumerate().collect(),
        }
    }

    /// Takes the first that are wanted and can be made, `count_max` of them at most; those that are wanted and cannot be
    /// made are gone, too.
    pub(super) fn take(
        &mut self,
        count_max: usize,
        is_wanted: impl Fn(&Candidate) -> bool,
    ) -> Vec<Possible> {
        let mut taken = Vec::new();
        let mut left = Vec::new();
        for (rank, candidate) in std::mem::take(&mut self.candidates) {
            if taken.len() == count_max || !is_wanted(&candidate) {
                left.push((rank, candidate));
                continue;
            }
            // A change that the deployment does not take is none.
            if let Ok(changed) = candidate.change.make(self.deployment) {
                let Candidate { change, meant_for } = candidate;
                taken.push(Possible {
                    rank,
                    change,
                    changed,
                    meant_for,
                });
            }
        }
        self.candidates = left;
        taken
    }

    /// How many could still be made.
    pub(super) fn count(&self) -> usize {
        let left = self.candidates.iter();
        left.filter(|(rank, candidate)| {
            *rank >= LOOKED_AT_MAX || candidate.change.make(self.deployment).is_ok()
        })
        .count()
    }
}
