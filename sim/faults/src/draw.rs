//! Random plans: faults drawn from the seed before the run. Each ends by itself, or is undone by
//! another of the plan, before the window ends.

use rand::Rng;
use trustsim_kernel::{Span, Stream, Streams};
use trustsim_model::{
    Action, ApplicationIndex, Deployment, RandomPlan, RelationSpec, Source, Target,
};

use super::kinds::KINDS;
use super::{Fault, PlannedFault, plan};

/// The shortest fault that lasts.
const SHORTEST_S: u64 = 5;
/// The longest.
const LONGEST_S: u64 = 6 * 3_600;
/// Draws for each fault of a plan before the deployment counts as one in which nothing can be struck.
const ATTEMPTS: u64 = 50;

/// Draws every random plan of a deployment from its seed, in place of what was drawn before.
pub fn draw(deployment: &mut Deployment) {
    let plans = deployment.random.clone();
    let is_drawn = |source: &Source| plans.iter().any(|plan| plan.source == *source);
    deployment.actions.retain(|timed| !is_drawn(&timed.source));
    deployment.drawn.clear();
    for random in &plans {
        let faults = random_faults(deployment, random);
        let lines = faults.iter().map(|planned| {
            let line = planned.to_line(deployment);
            assert!(
                line.starts_with("- "),
                "what is drawn can be asked for: {line}"
            );
            line
        });
        let lines: Vec<String> = lines.collect();
        let actions = plan(faults);
        assert!(
            actions.iter().all(|timed| is_drawn(&timed.source)),
            "what is drawn has the source of its plan, or the next draw would not take it away: \
             {lines:?} at {:?}",
            random.source
        );
        deployment.drawn.extend(lines);
        deployment.actions.extend(actions);
    }
    deployment.actions.sort_by_key(|timed| timed.at);
}

/// Draws the faults of a plan, in order of time.
fn random_faults(deployment: &Deployment, plan: &RandomPlan) -> Vec<PlannedFault> {
    let streams = Streams::new(deployment.seed);
    let subject = format!("{}+{}", plan.from.as_nanos(), plan.window.as_nanos());
    let mut draw = Draw {
        deployment,
        stream: streams.stream("random-faults", &subject),
    };
    let mut faults = Vec::new();
    let mut struck = 0;
    for _ in 0..u64::from(plan.count) * ATTEMPTS {
        if struck == plan.count {
            break;
        }
        // A window shorter than the shortest fault still has room for one.
        let window_s = plan.window.as_secs().max(SHORTEST_S + 1);
        let after_s = draw.below(window_s - SHORTEST_S);
        let lasts = draw.length(window_s - after_s);
        let at = plan.from + Span::from_secs(after_s);
        let planned = |at, fault| PlannedFault {
            at,
            fault,
            source: plan.source.clone(),
        };
        let Some(Drawn { fault, after }) = draw.fault(lasts) else {
            continue;
        };
        assert!(
            after_s + lasts.as_secs() <= window_s,
            "a fault that is drawn ends within its window: {fault:?}"
        );
        assert!(
            fault.lasts.is_none() || after.is_none(),
            "a fault is ended by its inverse or by another fault, not by both: {fault:?} and {after:?}"
        );
        struck += 1;
        faults.push(planned(at, fault));
        faults.extend(after.map(|fault| planned(at + lasts, fault)));
    }
    faults.sort_by_key(|planned| planned.at);
    faults
}

/// A fault that was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// What strikes.
    pub fault: Fault,
    /// What is done when it ends, where that is a fault of its own.
    pub after: Option<Fault>,
}

impl Drawn {
    /// What ends by itself, or by its inverse, after so long.
    pub(crate) fn lasting(action: Action, lasts: Span) -> Self {
        Fault::lasting(action, Some(lasts)).into()
    }
}

impl From<Fault> for Drawn {
    fn from(fault: Fault) -> Self {
        Self { fault, after: None }
    }
}

/// A stream of draws about one deployment.
pub(crate) struct Draw<'a> {
    pub deployment: &'a Deployment,
    stream: Stream,
}

impl<'a> Draw<'a> {
    /// A number below a bound that is not zero, each as likely.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.stream.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// An index into so many; `None` where there are none, which takes a draw too.
    pub(crate) fn index(&mut self, length: usize) -> Option<usize> {
        let drawn = self.below(length as u64);
        (length > 0).then(|| usize::try_from(drawn).expect("below a length"))
    }

    /// Between the shortest and the longest that ends in time; short ones are as likely as long
    /// ones by the order of magnitude.
    fn length(&mut self, left_s: u64) -> Span {
        let longest = LONGEST_S.min(left_s).max(SHORTEST_S);
        let doublings = (longest / SHORTEST_S).ilog2();
        let low = SHORTEST_S << self.below(u64::from(doublings) + 1);
        let seconds = low + self.below(low);
        Span::from_secs(seconds.min(longest))
    }

    /// A fault that lasts so long; `None` where the deployment has nothing of the kind that was
    /// drawn.
    fn fault(&mut self, lasts: Span) -> Option<Drawn> {
        let sides = KINDS.iter().map(|kind| kind.drawn_on.end).max();
        let side = self.below(sides.expect("there are kinds of faults"));
        let mut kinds = KINDS.iter();
        let kind = kinds.find(|kind| kind.drawn_on.contains(&side));
        let kind = kind.expect("every side of the die draws a kind");
        (kind.draw)(self, lasts)
    }

    /// An application whose units can be struck.
    pub(crate) fn application(&mut self) -> Option<ApplicationIndex> {
        let applications = &self.deployment.applications;
        let fitting = applications
            .keys()
            .filter(|index| applications[*index].units > 0);
        let fitting: Vec<ApplicationIndex> = fitting.collect();
        Some(fitting[self.index(fitting.len())?])
    }

    /// Such an application, or one unit of it.
    pub(crate) fn target(&mut self) -> Option<Target> {
        let application = self.application()?;
        let units = self.deployment.applications[application].units;
        let unit = u32::try_from(self.below(u64::from(units) + 1)).expect("at most a u32");
        Some(Target {
            application,
            unit: Some(unit).filter(|unit| *unit < units),
        })
    }

    /// A relation that fits.
    pub(crate) fn relation(
        &mut self,
        fits: impl Fn(&RelationSpec) -> bool,
    ) -> Option<&'a RelationSpec> {
        let relations = self.deployment.relations.iter();
        let fitting: Vec<&RelationSpec> = relations.filter(|each| fits(each)).collect();
        Some(fitting[self.index(fitting.len())?])
    }
}
