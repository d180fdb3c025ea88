//! Random plans: faults drawn from the seed before the run. Each mends itself, or is mended by
//! another of the plan, before the window is over.

use std::collections::BTreeMap;

use rand::Rng;

use super::{Fault, PlannedFault};
use trustsim_juju::{CommitFault, Disruption, HookName, RelationEvent};
use trustsim_kernel::{Span, Stream, Streams};
use trustsim_model::{
    Action, Between, Deployment, FailingHook, HookAction, HookFailure, ModelKind, NetworkAction,
    OfferAction, Party, RandomPlan, RelationSpec, ScaleAction, Source, Target, UnitAction,
};

/// The shortest fault that lasts.
const SHORTEST_S: u64 = 5;
/// The longest.
const LONGEST_S: u64 = 6 * 3_600;
/// Clocks are off by no more.
const SKEW_MAX_S: u64 = 2 * 3_600;

/// Draws every random plan of a deployment from its seed, in place of what was drawn before.
pub fn draw(deployment: &mut Deployment) {
    let plans = deployment.random.clone();
    let is_drawn = |source: &Source| plans.iter().any(|plan| plan.source == *source);
    deployment.actions.retain(|timed| !is_drawn(&timed.source));
    deployment.drawn.clear();
    for plan in &plans {
        let faults = random_faults(deployment, plan);
        let lines: Vec<String> = faults
            .iter()
            .map(|planned| planned.to_line(deployment))
            .collect();
        deployment.drawn.extend(lines);
        deployment.actions.extend(super::plan(faults));
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
    // A deployment may have nothing that can be struck.
    for _ in 0..u64::from(plan.count) * 50 {
        if struck == plan.count {
            break;
        }
        let window_s = plan.window.as_secs().max(SHORTEST_S + 1);
        let after_s = draw.below(window_s - SHORTEST_S);
        let lasts = draw.length(window_s - after_s);
        let at = plan.from + Span::from_secs(after_s);
        let planned = |at, fault| PlannedFault {
            at,
            fault,
            source: plan.source.clone(),
        };
        let Some((fault, mends)) = draw.fault(lasts) else {
            continue;
        };
        struck += 1;
        faults.push(planned(at, fault));
        faults.extend(mends.map(|fault| planned(at + lasts, fault)));
    }
    faults.sort_by_key(|planned| planned.at);
    faults
}

struct Draw<'a> {
    deployment: &'a Deployment,
    stream: Stream,
}

impl Draw<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.stream.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    fn index(&mut self, length: usize) -> Option<usize> {
        let drawn = self.below(length as u64);
        (length > 0).then_some(usize::try_from(drawn).ok()?)
    }

    /// Between the shortest and the longest that is over in time; short ones are as likely as long
    /// ones by the order of magnitude.
    fn length(&mut self, left_s: u64) -> Span {
        let longest = LONGEST_S.min(left_s).max(SHORTEST_S);
        let doublings = (longest / SHORTEST_S).ilog2();
        let low = SHORTEST_S << self.below(u64::from(doublings) + 1);
        let seconds = low + self.below(low);
        Span::from_secs(seconds.min(longest))
    }

    /// A fault that lasts so long, and what mends it where it does not mend itself. `None` where
    /// the deployment has nothing of the kind that was drawn.
    fn fault(&mut self, lasts: Span) -> Option<(Fault, Option<Fault>)> {
        let action = match self.below(20) {
            0 | 1 => Action::Unit(UnitAction::Stop(self.target()?)),
            2 | 3 => Action::Unit(UnitAction::Kill {
                target: self.target()?,
                away: Some(lasts),
            }),
            4 => Action::Unit(UnitAction::LoseLeader {
                application: self.application()?,
            }),
            5 => {
                let Target { application, unit } = self.target()?;
                Action::Restart { application, unit }
            }
            6 => self.skew()?,
            7 | 8 => self.failing(HookFailure::Raises)?,
            9 | 10 => {
                let point = self.point();
                self.failing(HookFailure::Commit(point))?
            }
            11 => self.rotation()?,
            12 => Action::Scale(ScaleAction::Refresh {
                application: self.application()?,
                channel: None,
                revision: None,
                charm: None,
            }),
            13 => return self.scaling(),
            14 => {
                let controllers = self.deployment.controllers.len();
                Action::Network(NetworkAction::ControllerDown(self.index(controllers)?))
            }
            15 | 16 => self.network()?,
            17 => self.suspension()?,
            18 => {
                let RelationSpec { model, sides, .. } = self.relation(|_| true)?.clone();
                let removal = Action::RemoveRelation { model, sides };
                let back = removal.inverse().map(Fault::from);
                return Some((removal.into(), back));
            }
            _ => self.sealing()?,
        };
        Some((Fault::lasting(action, Some(lasts)), None))
    }

    /// An application whose units can be struck.
    fn application(&mut self) -> Option<usize> {
        let applications = &self.deployment.applications;
        let fitting = (0..applications.len()).filter(|index| applications[*index].units > 0);
        let fitting: Vec<usize> = fitting.collect();
        Some(fitting[self.index(fitting.len())?])
    }

    fn target(&mut self) -> Option<Target> {
        let application = self.application()?;
        let units = self.deployment.applications[application].units;
        let unit = self.below(u64::from(units) + 1);
        Some(Target {
            application,
            unit: u32::try_from(unit).ok().filter(|unit| *unit < units),
        })
    }

    fn skew(&mut self) -> Option<Action> {
        let ahead = self.below(2) == 0;
        let seconds = 1 + self.below(SKEW_MAX_S);
        let skew_ns = i64::try_from(seconds * 1_000_000_000).ok()?;
        let skew_ns = if ahead { skew_ns } else { -skew_ns };
        if self.below(4) == 0 {
            let controller = self.index(self.deployment.controllers.len())?;
            return Some(Action::Network(NetworkAction::SkewController {
                controller,
                skew_ns,
            }));
        }
        let Target { application, unit } = self.target()?;
        Some(Action::SkewClock {
            application,
            unit,
            skew_ns,
        })
    }

    fn failing(&mut self, failure: HookFailure) -> Option<Action> {
        let target = self.target()?;
        let charm = &self.deployment.applications[target.application].charm;
        let mut names: Vec<Option<HookName>> = vec![None];
        for name in [
            HookName::ConfigChanged,
            HookName::UpdateStatus,
            HookName::LeaderElected,
            HookName::SecretExpired,
        ] {
            names.push(Some(name));
        }
        for endpoint in &charm.endpoints {
            // Its first four: a peer relation never breaks.
            for event in &RelationEvent::ALL[..4] {
                names.push(Some(HookName::Relation {
                    endpoint: endpoint.name.as_str().into(),
                    event: *event,
                }));
            }
        }
        let hook = names.swap_remove(self.index(names.len())?);
        let times = self.below(5);
        Some(Action::Hook(HookAction::Fail(FailingHook {
            target,
            hook,
            failure,
            times: u32::try_from(times).ok().filter(|times| *times > 0),
        })))
    }

    fn point(&mut self) -> CommitFault {
        match self.below(4) {
            0 => CommitFault::BeforeSecrets,
            1 => CommitFault::BetweenSecrets,
            2 => CommitFault::BetweenSecretsAndDatabags,
            _ => CommitFault::AfterCommit,
        }
    }

    fn rotation(&mut self) -> Option<Action> {
        let application = self.application()?;
        let charm = &self.deployment.applications[application].charm;
        Some(Action::RunAction {
            application,
            unit: None,
            name: charm.rotate_ca_action.clone()?,
            parameters: BTreeMap::new(),
        })
    }

    /// One more unit, which stays, or one less, which comes back.
    fn scaling(&mut self) -> Option<(Fault, Option<Fault>)> {
        let application = self.application()?;
        let units = self.deployment.applications[application].units;
        let more = Fault::from(Action::Scale(ScaleAction::AddUnits {
            application,
            count: 1,
        }));
        if units < 2 || self.below(2) == 0 {
            return Some((more, None));
        }
        let unit = units - 1;
        let less = Action::Scale(ScaleAction::RemoveUnit { application, unit });
        Some((less.into(), Some(more)))
    }

    fn network(&mut self) -> Option<Action> {
        let controllers = self.deployment.controllers.len();
        let between = if controllers > 1 && self.below(2) == 0 {
            let left = self.index(controllers)?;
            let right = (left + 1 + self.index(controllers - 1)?) % controllers;
            Between::Controllers(left, right)
        } else if self.below(2) == 0 {
            Between::Agents(self.index(self.deployment.models.len())?)
        } else {
            let application = self.application()?;
            let units = self.deployment.applications[application].units;
            let unit = u32::try_from(self.below(u64::from(units))).ok()?;
            Between::Agent { application, unit }
        };
        // An agent whose packets take longer than a quarter of a minute is only lost.
        let slowest_s = match between {
            Between::Controllers(..) => 600,
            Between::Agents(_) | Between::Agent { .. } => 20,
        };
        let disruption = match self.below(5) {
            0 => Disruption::Down,
            1 => Disruption::Stall,
            2 => Disruption::Delay(Span::from_secs(1 + self.below(slowest_s))),
            3 => Disruption::Loss(u32::try_from(1 + self.below(99)).unwrap_or(1)),
            _ => Disruption::Partition,
        };
        Some(Action::Network(NetworkAction::Disrupt(between, disruption)))
    }

    fn suspension(&mut self) -> Option<Action> {
        let crosses = |relation: &RelationSpec| {
            let mut sides = relation.sides.iter();
            sides.any(|side| matches!(side.party, Party::Saas(_)))
        };
        let relation = self.relation(crosses)?;
        let RelationSpec { model, sides, .. } = relation.clone();
        Some(Action::Offer(OfferAction::Suspend { model, sides }))
    }

    fn relation(&mut self, fits: impl Fn(&RelationSpec) -> bool) -> Option<&RelationSpec> {
        let deployment = self.deployment;
        let fitting: Vec<&RelationSpec> = deployment
            .relations
            .iter()
            .filter(|each| fits(each))
            .collect();
        Some(fitting[self.index(fitting.len())?])
    }

    /// Only where somebody unseals again.
    fn sealing(&mut self) -> Option<Action> {
        let target = self.target()?;
        let mut operators = self.deployment.operators.iter();
        let unsealed = operators.any(|operator| operator.answers.contains(&target.application));
        let spec = &self.deployment.applications[target.application];
        let seals = spec.charm.implementation.seals;
        let in_pods = self.deployment.models[spec.model].kind == ModelKind::Kubernetes;
        (seals && unsealed && in_pods).then_some(Action::Unit(UnitAction::Seal(target)))
    }
}
