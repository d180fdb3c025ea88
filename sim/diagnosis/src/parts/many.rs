//! Outages whose handshakes show one thing after another, hundreds of times: explaining each would take minutes.

use std::collections::BTreeMap;

use super::{Part, Stretch};
use crate::explanation::{Explainer, Explanation};
use crate::outages::Outage;
use trustsim_validators::ErrorKind;

/// So many stretches of an outage are each explained.
const EACH: usize = 32;

impl Explainer<'_> {
    /// The parts of stretches that follow each other. Of many, such as those of a certificate that has ended whenever it
    /// comes, those with one error are explained by halves, and where an error comes again, so does what it was put down
    /// to: whatever shows itself has a part.
    pub(super) fn parts_of_all(&self, outage: &Outage, stretches: &[Stretch]) -> Vec<Part> {
        if stretches.len() <= EACH {
            let each = stretches.iter();
            return each.flat_map(|each| self.parts_of(outage, each)).collect();
        }
        let mut by_error: BTreeMap<ErrorKind, Vec<&Stretch>> = BTreeMap::new();
        for stretch in stretches {
            let own = by_error.entry(self.error_of(stretch)).or_default();
            own.push(stretch);
        }
        let explained = by_error.values();
        let mut explained: Vec<Part> = explained
            .flat_map(|own| self.parts_by_halves(outage, own))
            .collect();
        explained.sort_by_key(|part| part.from);
        self.with_returns(stretches, explained)
    }

    /// The parts of stretches, of which some were explained: a part begins wherever another error shows itself than
    /// before, with what was said of that error last.
    fn with_returns(&self, stretches: &[Stretch], explained: Vec<Part>) -> Vec<Part> {
        let mut explained = explained.into_iter().peekable();
        let mut last_of: BTreeMap<ErrorKind, Explanation> = BTreeMap::new();
        let mut parts: Vec<Part> = Vec::new();
        for stretch in stretches {
            let shown = self.error_of(stretch);
            let begins = explained.next_if(|part| part.from == stretch.from);
            let goes_on = parts.last().is_some_and(|last| last.error() == shown);
            let begins = begins.or_else(|| {
                let explanation = last_of.get(&shown).filter(|_| !goes_on)?.clone();
                let from = stretch.from;
                Some(Part { from, explanation })
            });
            parts.extend(begins);
            while let Some(part) = explained.next_if(|part| part.from < stretch.until) {
                parts.push(part);
            }
            let last = parts.last().filter(|last| last.error() == shown);
            let last =
                last.expect("what shows itself first is explained, and a part has its error");
            last_of.insert(shown, last.explanation.clone());
        }
        parts
    }

    fn error_of(&self, stretch: &Stretch) -> ErrorKind {
        let (_, record) = self.handshake(stretch.seq);
        let error = record.verdict.error;
        error.expect("every handshake of an outage failed")
    }

    /// The parts of stretches with one error. Of many the first and the last are explained: what is the same in both, one
    /// part or several, is taken to be so in between, as it is within a stretch.
    fn parts_by_halves(&self, outage: &Outage, stretches: &[&Stretch]) -> Vec<Part> {
        let (first, last) = match stretches {
            [first, .., last] if stretches.len() > EACH => (first, last),
            few => {
                let each = few.iter();
                return each.flat_map(|each| self.parts_of(outage, each)).collect();
            }
        };
        let mut parts = self.parts_of(outage, first);
        let ending = self.parts_of(outage, last);
        let mut both = parts.iter().zip(&ending);
        if parts.len() == ending.len() && both.all(|(one, other)| one.is_like(other)) {
            return parts;
        }
        let half = stretches.len() / 2;
        parts = self.parts_by_halves(outage, &stretches[..half]);
        parts.extend(self.parts_by_halves(outage, &stretches[half..]));
        parts
    }
}
