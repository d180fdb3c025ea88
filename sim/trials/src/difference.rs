//! Two plays of a trial held against each other: what each did where they differ.

use std::collections::BTreeSet;

use trustsim_kernel::Span;

use crate::facts::{Fact, Facts, Occurrence, Subject};

/// So far apart two times may be and are the same: hooks take about as long.
const TOLERANCE: Span = Span::from_secs(60);

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Requests for certificates.
    Requests,
    /// Certificates that are issued.
    Issued,
    /// What is served.
    Served,
    /// What is trusted.
    Trusted,
    /// When the workload starts again.
    Restarts,
    /// Hooks that fail.
    Failures,
    /// The status of the unit.
    Status,
    /// Whether a connection works.
    Connection,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Issued,
        Self::Served,
        Self::Trusted,
        Self::Restarts,
        Self::Failures,
        Self::Status,
        Self::Connection,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Issued => "issued",
            Self::Served => "served",
            Self::Trusted => "trusted",
            Self::Restarts => "restarts",
            Self::Failures => "failing hooks",
            Self::Status => "status",
            Self::Connection => "connection",
        }
    }

    /// Whether it is a state, which holds until the next one, and not something that happens.
    pub(crate) const fn is_state(self) -> bool {
        matches!(
            self,
            Self::Served | Self::Trusted | Self::Status | Self::Connection
        )
    }
}

/// Something that the model and the code do otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Who does.
    pub subject: Subject,
    /// In what.
    pub aspect: Aspect,
    /// What the model does, from where they part; empty where it does nothing more.
    pub model: Vec<Occurrence>,
    /// What the charm's code does, likewise.
    pub code: Vec<Occurrence>,
}

/// Every difference from an instant on. What lasts for no more than a minute is no state.
pub fn differences(model: &Facts, code: &Facts, from: Span) -> Vec<Difference> {
    let keys: BTreeSet<_> = model.0.keys().chain(code.0.keys()).collect();
    let found = keys.into_iter().filter_map(|key| {
        let (subject, aspect) = key;
        let timeline = |facts: &Facts| {
            let whole = facts.0.get(key).map_or(&[][..], Vec::as_slice);
            match aspect.is_state() {
                true => states(whole, from),
                false => events(whole, from),
            }
        };
        let (model, code) = (timeline(model), timeline(code));
        let same = model
            .iter()
            .zip(&code)
            .take_while(|(one, other)| is_same(one, other));
        let same = same.count();
        let differs = same < model.len() || same < code.len();
        // A state is told with that from which both go on.
        let from = if aspect.is_state() {
            same.saturating_sub(1)
        } else {
            same
        };
        differs.then(|| Difference {
            subject: subject.clone(),
            aspect: *aspect,
            model: model[from..].to_vec(),
            code: code[from..].to_vec(),
        })
    });
    found.collect()
}

fn is_same(one: &Occurrence, other: &Occurrence) -> bool {
    let apart = one.at.abs_diff(other.at);
    one.fact == other.fact && apart <= TOLERANCE
}

/// What happened from an instant on; the same twice within a minute is once.
fn events(whole: &[Occurrence], from: Span) -> Vec<Occurrence> {
    let mut found: Vec<Occurrence> = Vec::new();
    for each in whole.iter().filter(|each| each.at >= from) {
        let is_again = |before: &Occurrence| {
            before.fact == each.fact && each.at.abs_diff(before.at) <= TOLERANCE
        };
        let only_restarts = each.fact == Fact::Restarted;
        if !(only_restarts && found.last().is_some_and(is_again)) {
            found.push(each.clone());
        }
    }
    found
}

/// The states from an instant on, the first of them with that instant; what lasts for no more than a minute is left out.
fn states(whole: &[Occurrence], from: Span) -> Vec<Occurrence> {
    let ends = whole.iter().skip(1).map(|next| Some(next.at)).chain([None]);
    let mut found: Vec<Occurrence> = Vec::new();
    for (each, end) in whole.iter().zip(ends) {
        let begins = each.at.max(from);
        let lasts = end.is_none_or(|end| end > begins && end.abs_diff(begins) > TOLERANCE);
        let is_other = found.last().is_none_or(|before| before.fact != each.fact);
        if lasts && is_other {
            found.push(Occurrence {
                at: begins,
                fact: each.fact.clone(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_juju::Status;

    fn timeline(aspect: Aspect, facts: &[(u64, Fact)]) -> Facts {
        let occurrences = facts.iter().map(|(minute, fact)| Occurrence {
            at: Span::from_secs(minute * 60),
            fact: fact.clone(),
        });
        let key = (Subject::Unit("subject/0".to_owned()), aspect);
        Facts([(key, occurrences.collect())].into())
    }

    #[test]
    fn a_state_that_is_over_within_a_minute_is_none() {
        let (active, waiting) = (Fact::Status(Status::Active), Fact::Status(Status::Waiting));
        let status = |facts: &[(u64, Fact)]| timeline(Aspect::Status, facts);
        let steady = status(&[(0, active.clone())]);
        let flickers = status(&[
            (0, active.clone()),
            (5, waiting.clone()),
            (6, active.clone()),
        ]);
        assert_eq!(differences(&steady, &flickers, Span::ZERO), []);
        let waits = status(&[
            (0, active.clone()),
            (5, waiting.clone()),
            (9, active.clone()),
        ]);
        let found = differences(&steady, &waits, Span::ZERO);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].model.len(), found[0].code.len()), (1, 3));
        // What was before counts in another trial.
        assert_eq!(differences(&steady, &waits, Span::from_secs(600)), []);
    }

    #[test]
    fn what_happens_a_minute_later_is_the_same_and_later_than_that_is_not() {
        let restarts = |minutes: &[u64]| {
            let facts: Vec<_> = minutes.iter().map(|at| (*at, Fact::Restarted)).collect();
            timeline(Aspect::Restarts, &facts)
        };
        let model = restarts(&[10, 30]);
        assert_eq!(differences(&model, &restarts(&[11, 29]), Span::ZERO), []);
        assert_eq!(
            differences(&model, &restarts(&[10, 11, 30]), Span::ZERO),
            []
        );
        assert_eq!(
            differences(&model, &restarts(&[10, 32]), Span::ZERO).len(),
            1
        );
        let found = differences(&model, &restarts(&[10]), Span::ZERO);
        assert_eq!(found[0].model.len(), 1, "only what the other has not");
        assert_eq!(found[0].code, []);
    }
}
