//! What was guessed so far: each change once, with the outages that it is for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Likelihood;
use crate::change::Change;
use trustsim_kernel::Span;

/// A change that might help.
pub(crate) struct Candidate {
    pub(crate) change: Change,
    /// The outages whose explanation it was guessed from, in order, and those alike.
    pub(crate) meant_for: Vec<usize>,
}

/// What was guessed so far, once each.
#[derive(Default)]
pub(super) struct Guesses {
    all: Vec<(Likelihood, Span, Candidate)>,
    place: BTreeMap<Change, usize>,
}

impl Guesses {
    /// Adds one for an outage of this length, by its index; indices come in order.
    pub(super) fn add(
        &mut self,
        likelihood: Likelihood,
        change: Change,
        length: Span,
        outage: usize,
    ) {
        let Some(&place) = self.place.get(&change) else {
            self.place.insert(change.clone(), self.all.len());
            let meant_for = vec![outage];
            let candidate = Candidate { change, meant_for };
            self.all.push((likelihood, length, candidate));
            return;
        };
        let (known, sum, candidate) = &mut self.all[place];
        *known = likelihood.min(*known);
        *sum += length;
        candidate.note(outage);
    }

    /// Notes that changes which were added are for another outage too, whose cost does not count.
    pub(super) fn also_for(&mut self, changes: &[Change], outage: usize) {
        for change in changes {
            let (_, _, candidate) = &mut self.all[self.place[change]];
            candidate.note(outage);
        }
    }

    /// The most likely first, and of those what is for the costliest outages.
    pub(super) fn in_order(mut self) -> Vec<Candidate> {
        // Of equal cost, what its cause says comes first, as it was guessed.
        self.all
            .sort_by_key(|(likelihood, sum, _)| (*likelihood, Reverse(*sum)));
        let all = self.all.into_iter();
        all.map(|(_, _, candidate)| candidate).collect()
    }
}

impl Candidate {
    fn note(&mut self, outage: usize) {
        // The same is often guessed twice from one outage.
        if self.meant_for.last() != Some(&outage) {
            self.meant_for.push(outage);
        }
        assert!(
            self.meant_for.is_sorted(),
            "outages are looked at in order: {:?}",
            self.meant_for
        );
    }
}
