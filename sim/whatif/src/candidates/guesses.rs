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
    all: Vec<Guess>,
    place: BTreeMap<Change, usize>,
    /// How many of a likelihood were guessed for an outage.
    rounds: BTreeMap<(usize, Likelihood), usize>,
}

struct Guess {
    likelihood: Likelihood,
    /// How many were guessed for the same outage before it: the first guess for each outage comes before the second for
    /// any, so that outages which cost most leave tries for the others.
    round: usize,
    cost: Span,
    candidate: Candidate,
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
        let round = self.rounds.entry((outage, likelihood)).or_default();
        let own = *round;
        *round += 1;
        let Some(&place) = self.place.get(&change) else {
            self.place.insert(change.clone(), self.all.len());
            let meant_for = vec![outage];
            self.all.push(Guess {
                likelihood,
                round: own,
                cost: length,
                candidate: Candidate { change, meant_for },
            });
            return;
        };
        let known = &mut self.all[place];
        // The round is that among those as likely.
        let better = (likelihood, own).min((known.likelihood, known.round));
        (known.likelihood, known.round) = better;
        known.cost += length;
        known.candidate.note(outage);
    }

    /// Notes that changes which were added are for another outage too, whose cost does not count.
    pub(super) fn also_for(&mut self, changes: &[Change], outage: usize) {
        for change in changes {
            self.all[self.place[change]].candidate.note(outage);
        }
    }

    /// The most likely first, of those the first guess for each outage, and of those what is for the costliest outages.
    pub(super) fn in_order(mut self) -> Vec<Candidate> {
        // Of equal cost, what its cause says comes first, as it was guessed.
        self.all
            .sort_by_key(|guess| (guess.likelihood, guess.round, Reverse(guess.cost)));
        self.all.into_iter().map(|guess| guess.candidate).collect()
    }
}

impl Candidate {
    /// Whether it was guessed from one of these outages.
    pub(crate) fn is_for(&self, group: &[usize]) -> bool {
        let mut group = group.iter();
        group.any(|outage| self.meant_for.binary_search(outage).is_ok())
    }

    fn note(&mut self, outage: usize) {
        let last = self.meant_for.last();
        assert!(
            last.is_none_or(|last| *last <= outage),
            "outages are looked at in order: {outage} after {last:?}"
        );
        // The same is often guessed twice from one outage.
        if last != Some(&outage) {
            self.meant_for.push(outage);
        }
    }
}
