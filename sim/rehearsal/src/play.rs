//! One playbook, played: the pauses that it takes, what it costs, what it keeps and what is typed.

use std::collections::BTreeMap;

use super::baseline::Baseline;
use super::baselines::Baselines;
use super::failure::Failure;
use super::invariants::Breach;
use super::playbook::Playbook;
use super::solve::{Tried, solve};
use super::timetable::timetable;
use super::{Judged, Lost, Quadrant, Rehearsed, Request, invariants};
use trustsim_diagnosis::{Invariant, Rotated};
use trustsim_faults::rotation::{Refusal, Rotation};
use trustsim_kernel::Span;
use trustsim_world::Source;

impl Playbook {
    /// Plays it, with whatever pauses it takes.
    pub(super) fn rehearse(&self, baselines: &mut Baselines, request: Request) -> Rehearsed {
        let mut tried: BTreeMap<(Span, Span), (Result<Lost, Refusal>, Tried)> = BTreeMap::new();
        let pauses = solve(self.pauses, request.longest, |lead, tail| {
            let attempt = || {
                let rotation = self.rotation(request, lead, tail);
                baselines.attempt(|baseline| self.attempt(baseline, &rotation))
            };
            let (_, shortfall) = tried.entry((lead, tail)).or_insert_with(attempt);
            shortfall.clone()
        });
        let (lead, tail) = match &pauses {
            Some(pauses) => (pauses.before_switch.length, pauses.before_withdrawal.length),
            None => least_lost(&tried),
        };
        let rotation = self.rotation(request, lead, tail);
        let (lost, shortfall) = tried
            .remove(&(lead, tail))
            .expect("these pauses were tried");
        let mut rehearsed = Rehearsed {
            playbook: self.kind,
            pauses,
            lost,
            failure: shortfall.map(|shortfall| shortfall.failure),
            invariants: Vec::new(),
            two_by_two: Vec::new(),
            timetable: Vec::new(),
        };
        let shown = baselines.each(|baseline| {
            let played = baseline.play(&rotation).ok()?;
            let (invariants, two_by_two) = invariants::judge(baseline, &rotation, &played);
            let timetable = timetable(self, baseline, &played);
            Some((
                baseline.seed(),
                played.lost,
                invariants,
                two_by_two,
                timetable,
            ))
        });
        let is_refused = rehearsed.lost.is_err();
        assert!(
            shown.iter().all(|seed| seed.is_none() == is_refused),
            "whether a CA can do a step does not depend on the seed"
        );
        for (index, (seed, lost, judged, quadrants, timetable)) in
            shown.into_iter().flatten().enumerate()
        {
            if index == 0 {
                rehearsed.lost = Ok(lost);
                rehearsed.invariants = judged;
                rehearsed.two_by_two = quadrants;
                rehearsed.timetable = timetable;
                continue;
            }
            rehearsed.merge_seed(seed, lost, judged, quadrants);
        }
        rehearsed
    }

    /// What is lost, where it could be played, and what is wrong with it: a connection that fails, or
    /// one that stays open where none should.
    fn attempt(
        &self,
        baseline: &mut Baseline,
        rotation: &Rotation,
    ) -> (Result<Lost, Refusal>, Option<Failure>) {
        let played = match baseline.play(rotation) {
            Ok(played) => played,
            Err(refusal) => return (Err(refusal.clone()), Some(Failure::Refused(refusal))),
        };
        let failure = match played.lost.first.clone() {
            Some(first) => Some(Failure::Connection(first)),
            None if self.kind.closes_connections() => {
                let open = |rotated: &Rotated<'_>, end| {
                    rotated.violation(Invariant::DistrustEffective, end)
                };
                played.judged(open).map(Failure::StaysInUse)
            }
            None => None,
        };
        // A CA that is rotated in its own application has the same owner before and after, which tells nothing.
        let still_old = || {
            let connection = self.successor.and(played.still_old.clone())?;
            Some(Failure::StillOld { connection })
        };
        let failure = failure.or_else(still_old);
        (Ok(played.lost), failure)
    }

    pub(super) fn rotation(&self, request: Request, lead: Span, tail: Span) -> Rotation {
        let steps = (self.steps)(lead, tail).into_iter();
        Rotation {
            ca: request.ca,
            successor: self.successor,
            at: request.at,
            steps: steps.map(|step| (step, Source::default())).collect(),
        }
    }
}

/// What came of each pair of pauses that was tried.
type TriedPauses = BTreeMap<(Span, Span), (Result<Lost, Refusal>, Tried)>;

/// The shortest pauses with which no more was lost than the least of all that were tried, but for a tenth: how long restarts
/// take differs from play to play. The first where none could be played.
fn least_lost(tried: &TriedPauses) -> (Span, Span) {
    let total = |lost: &Result<Lost, Refusal>| lost.as_ref().ok().map(|lost| lost.total);
    let least = tried.values().filter_map(|(lost, _)| total(lost)).min();
    let enough = |lost: &Result<Lost, Refusal>| match (least, total(lost)) {
        (Some(least), Some(total)) => total <= least + least / 10,
        (least, _) => least.is_none(),
    };
    let mut in_order = tried.iter();
    let shortest = in_order.find(|(_, (lost, _))| enough(lost));
    let (pauses, _) = shortest.expect("a playbook without safe pauses was tried with some");
    *pauses
}

impl Rehearsed {
    /// Takes in what came of another seed: the worst of all is what is reported.
    fn merge_seed(
        &mut self,
        seed: u64,
        lost: Lost,
        judged: Vec<(Invariant, Judged)>,
        quadrants: Vec<Quadrant>,
    ) {
        if let Ok(known) = &self.lost
            && lost.cost() > known.cost()
        {
            self.lost = Ok(lost);
        }
        assert_eq!(
            self.invariants.len(),
            judged.len(),
            "every seed is judged by the same invariants"
        );
        for ((_, known), (_, judged)) in self.invariants.iter_mut().zip(judged) {
            *known = match (std::mem::replace(known, Judged::Held), judged) {
                (Judged::Broken(breach), _) => Judged::Broken(breach),
                (_, Judged::Broken(breach)) => Judged::Broken(Breach {
                    seed: Some(seed),
                    ..breach
                }),
                (Judged::NotApplicable(_), other) | (other, _) => other,
            };
        }
        if self.two_by_two.is_empty() {
            self.two_by_two = quadrants;
            return;
        }
        assert_eq!(
            self.two_by_two.len(),
            quadrants.len(),
            "every seed has the same quadrants"
        );
        for (known, quadrant) in self.two_by_two.iter_mut().zip(quadrants) {
            assert_eq!(
                (known.new_leaf, known.new_bundle),
                (quadrant.new_leaf, quadrant.new_bundle),
                "every seed has its quadrants in the same order"
            );
            known.verified += quadrant.verified;
            known.refused = known.refused.take().or(quadrant.refused);
        }
    }
}
