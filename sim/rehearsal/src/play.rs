//! One playbook, played: the pauses that it takes, what it costs, what it keeps and what is typed.

use std::collections::BTreeMap;

use super::playbooks::Playbook;
use super::solve::{Tried, solve};
use super::stage::Stage;
use super::stages::Stages;
use super::timetable::timetable;
use super::{Judged, Lost, Quadrant, Rehearsed, Request, invariants};
use trustsim_diagnosis::{Invariant, Rotated};
use trustsim_faults::rotation::Rotation;
use trustsim_kernel::Span;
use trustsim_world::Source;

impl Playbook {
    /// Plays it, with whatever pauses it takes.
    pub(super) fn rehearse(&self, stages: &mut Stages, request: Request) -> Rehearsed {
        let mut tried: BTreeMap<(Span, Span), (Lost, Tried)> = BTreeMap::new();
        let pauses = solve(self.pauses, request.longest, |lead, tail| {
            let attempt = || {
                let rotation = self.rotation(request, lead, tail);
                stages.attempt(|stage| self.attempt(stage, &rotation))
            };
            let (_, wrong) = tried.entry((lead, tail)).or_insert_with(attempt);
            wrong.clone()
        });
        let (lead, tail) = match &pauses {
            Some(pauses) => (pauses.before_switch.length, pauses.before_withdrawal.length),
            None => {
                let least = tried.iter().min_by_key(|(_, (lost, _))| lost.total);
                least.map_or((Span::ZERO, Span::ZERO), |(pauses, _)| *pauses)
            }
        };
        let rotation = self.rotation(request, lead, tail);
        let mut rehearsed = Rehearsed {
            name: self.name,
            about: self.about,
            pauses,
            lost: tried.remove(&(lead, tail)).unwrap_or_default().0,
            invariants: Vec::new(),
            two_by_two: Vec::new(),
            timetable: Vec::new(),
        };
        let shown = stages.each(|stage| {
            let played = stage.play(&rotation).ok()?;
            let (invariants, two_by_two) = invariants::judge(stage, &rotation, &played);
            let timetable = timetable(self, stage, &played);
            Some((stage.seed(), played.lost, invariants, two_by_two, timetable))
        });
        for (index, (seed, lost, judged, quadrants, timetable)) in
            shown.into_iter().flatten().enumerate()
        {
            if index == 0 {
                rehearsed.lost = lost;
                rehearsed.invariants = judged;
                rehearsed.two_by_two = quadrants;
                rehearsed.timetable = timetable;
                continue;
            }
            rehearsed.and_with(seed, lost, judged, quadrants);
        }
        rehearsed
    }

    /// What is lost, and what is wrong with it: a connection that fails, or one that stays open where
    /// none should.
    fn attempt(&self, stage: &mut Stage, rotation: &Rotation) -> (Lost, Option<String>) {
        let played = match stage.play(rotation) {
            Ok(played) => played,
            Err(refusal) => {
                // Nothing was played, so nothing can be said of less.
                let cannot = Lost {
                    total: Span::MAX,
                    first: Some(refusal.why.clone()),
                    ..Lost::default()
                };
                return (cannot, Some(refusal.why));
            }
        };
        let wrong = match played.is_safe() {
            false => Some(played.lost.first.clone().unwrap_or_default()),
            true if self.closes => {
                let open = |rotated: &Rotated<'_>, end| {
                    rotated.violation(Invariant::DistrustEffective, end)
                };
                played.judged(open).map(|violation| violation.message)
            }
            true => None,
        };
        (played.lost, wrong)
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

impl Rehearsed {
    /// The same with another seed: the worst of all is what is said.
    fn and_with(
        &mut self,
        seed: u64,
        lost: Lost,
        judged: Vec<(Invariant, Judged)>,
        quadrants: Vec<Quadrant>,
    ) {
        let cost = |lost: &Lost| (lost.total, lost.restarts);
        if cost(&lost) > cost(&self.lost) {
            self.lost = lost;
        }
        for ((_, known), (_, judged)) in self.invariants.iter_mut().zip(judged) {
            *known = match (std::mem::replace(known, Judged::Held), judged) {
                (Judged::Broken(why), _) => Judged::Broken(why),
                (_, Judged::Broken(why)) => Judged::Broken(format!("with seed {seed}: {why}")),
                (Judged::NotApplicable(_), other) | (other, _) => other,
            };
        }
        if self.two_by_two.is_empty() {
            self.two_by_two = quadrants;
            return;
        }
        for (known, quadrant) in self.two_by_two.iter_mut().zip(quadrants) {
            known.verified += quadrant.verified;
            known.refused = known.refused.take().or(quadrant.refused);
        }
    }
}
