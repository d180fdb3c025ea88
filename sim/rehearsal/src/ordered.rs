//! An ordered rotation in place of one that cut connections off: which playbook, with which pauses,
//! and the deployment in which it is played. A proposal: whether it helps is for
//! [`trustsim_whatif::try_proposals`] to see.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::baseline::Baseline;
use super::playbook::Playbook;
use super::playbooks;
use super::{Lost, Request, successor};
use trustsim_diagnosis::{Command, Findings};
use trustsim_faults::rotation::{Refusal, is_step_of_a_rotation, timed};
use trustsim_kernel::Span;
use trustsim_whatif::Proposal;
use trustsim_world::{Action, ActionIndex, ApplicationIndex, Deployment, Manifest, TimedAction};

/// How many changes of a CA are looked at: those that cost most.
const CHANGES_MAX: usize = 2;

/// Pauses that an operator would take, before the switch and before the withdrawal alike.
const PAUSES: [Span; 5] = [
    Span::from_secs(600),
    Span::from_secs(3_600),
    Span::from_secs(86_400),
    Span::from_secs(7 * 86_400),
    Span::from_secs(31 * 86_400),
];

/// For each change of a CA by which connections failed: the first playbook that loses nothing with
/// round pauses, else the one that loses least.
pub fn ordered(deployment: &Deployment, manifest: &Manifest, findings: &Findings) -> Vec<Proposal> {
    let changes = costliest_changes(deployment, manifest, findings);
    let proposals = changes.into_iter().take(CHANGES_MAX);
    proposals
        .filter_map(|change| change.propose(deployment))
        .collect()
}

/// A change of a CA that an operator made.
struct Change {
    /// The application whose CA it is.
    ca: ApplicationIndex,
    /// When it began, from the start of the run.
    at: Span,
    /// The actions that were it, by index.
    actions: Vec<ActionIndex>,
}

/// The changes of a CA that outages are put down to, the costliest first.
fn costliest_changes(
    deployment: &Deployment,
    manifest: &Manifest,
    findings: &Findings,
) -> Vec<Change> {
    let end = manifest.start + manifest.duration;
    let mut cost: BTreeMap<ActionIndex, Span> = BTreeMap::new();
    for (outage, explanation) in findings.explained() {
        let Some((done, source)) = &explanation.cause.action else {
            continue;
        };
        let is_it =
            |timed: &TimedAction| timed.source == *source && deployment.start + timed.at == *done;
        if let Some(action) = deployment.actions.position(is_it) {
            *cost.entry(action).or_default() += outage.length(end);
        }
    }
    let mut cost: Vec<(ActionIndex, Span)> = cost.into_iter().collect();
    cost.sort_by_key(|(action, cost)| (std::cmp::Reverse(*cost), *action));
    let mut changes: Vec<Change> = Vec::new();
    for (action, _) in cost {
        let is_known = changes
            .iter()
            .any(|change| change.actions.contains(&action));
        if !is_known {
            changes.extend(change_with(deployment, action));
        }
    }
    changes
}

/// The change of a CA that an action is, or is a step of.
fn change_with(deployment: &Deployment, action: ActionIndex) -> Option<Change> {
    let ca = ca_changed_by(deployment, &deployment.actions[action])?;
    let is_step = |timed: &TimedAction| match &timed.action {
        Action::RunAction {
            application, name, ..
        } => *application == ca && is_step_of_a_rotation(name),
        // People told clients of it, step by step.
        Action::ClientTrust { ca: of, .. } => *of == ca,
        _ => false,
    };
    let by_hand = is_step(&deployment.actions[action]);
    let all = deployment.actions.iter_enumerated();
    let actions: Vec<ActionIndex> = all
        .filter(|(index, timed)| *index == action || (by_hand && is_step(timed)))
        .map(|(index, _)| index)
        .collect();
    let at = actions.iter().map(|index| deployment.actions[*index].at);
    Some(Change {
        ca,
        at: at.min()?,
        actions,
    })
}

/// The application whose CA an action changes, where it changes one.
fn ca_changed_by(deployment: &Deployment, timed: &TimedAction) -> Option<ApplicationIndex> {
    let (application, is_change) = match &timed.action {
        Action::RunAction {
            application, name, ..
        } => {
            let rotates = deployment.applications[*application]
                .charm
                .rotate_ca_action
                .as_ref();
            let is_change = rotates == Some(name) || is_step_of_a_rotation(name);
            (*application, is_change)
        }
        Action::SetConfig {
            application,
            options,
        } => {
            let option = playbooks::name_option(deployment, *application);
            let is_change = option.is_some_and(|(name, _)| options.contains_key(&name));
            (*application, is_change)
        }
        _ => return None,
    };
    let is_provider = playbooks::is_provider(deployment, application);
    (is_change && is_provider).then_some(application)
}

impl Change {
    /// The best playbook in place of it.
    fn propose(&self, deployment: &Deployment) -> Option<Proposal> {
        let mut without = deployment.clone();
        for action in self.actions.iter().rev() {
            without.actions.remove(*action);
        }
        without.rotations.retain(|spec| spec.ca != self.ca);
        let own = playbooks::playbooks_of_ca(&without, self.ca);
        let mut tries: Vec<(Deployment, Vec<Playbook>)> = vec![(without.clone(), own)];
        let beside = successor::with_successor(&without, self.ca);
        let second = playbooks::second_provider(&without, beside.index, &beside.commands);
        tries.push((beside.deployment, second));
        let mut best: Option<(Lost, Proposal)> = None;
        for (deployment, playbooks) in tries {
            let Some(mut baseline) = self.baseline(&deployment) else {
                continue;
            };
            for playbook in playbooks.iter().filter(|playbook| playbook.is_orderly()) {
                let Some((lost, pause)) = self.least_lost(&mut baseline, playbook) else {
                    continue;
                };
                let is_better = best
                    .as_ref()
                    .is_none_or(|(known, _)| lost.total < known.total);
                if is_better && let Ok(proposal) = self.write_proposal(&deployment, playbook, pause)
                {
                    best = Some((lost, proposal));
                }
            }
        }
        best.map(|(_, proposal)| proposal)
    }

    /// The deployment up to the change, and nothing of what its plan does later.
    fn baseline(&self, deployment: &Deployment) -> Option<Baseline> {
        let mut quiet = deployment.clone();
        quiet.actions.retain(|timed| timed.at < self.at);
        // Before the deployment has settled there is no rotation to propose.
        Baseline::new(Arc::new(quiet), self.at).ok()
    }

    /// The shortest of the round pauses with which nothing is lost, else the one with which least is
    /// lost, with what that is. Pauses longer than the run are not tried.
    fn least_lost(&self, baseline: &mut Baseline, playbook: &Playbook) -> Option<(Lost, Span)> {
        let left = baseline.deployment().duration.checked_sub(self.at);
        let left = left.expect("a change to which an outage is put down was made within the run");
        let mut least: Option<(Lost, Span)> = None;
        for pause in PAUSES.into_iter().filter(|pause| *pause * 2 < left) {
            let rotation = playbook.rotation(self.request(), pause, pause);
            // A playbook of which the CA refuses a step is not proposed.
            let lost = baseline.play(&rotation).ok()?.lost;
            if lost.total.is_zero() {
                return Some((lost, pause));
            }
            if least
                .as_ref()
                .is_none_or(|(known, _)| lost.total < known.total)
            {
                least = Some((lost, pause));
            }
        }
        least
    }

    /// The proposal of a playbook with this pause: its commands, and the plan with its actions.
    fn write_proposal(
        &self,
        deployment: &Deployment,
        playbook: &Playbook,
        pause: Span,
    ) -> Result<Proposal, Refusal> {
        let rotation = playbook.rotation(self.request(), pause, pause);
        let (actions, _) = timed(deployment, &rotation)?;
        let mut with = deployment.clone();
        let mut later = Vec::new();
        for timed in actions {
            let command = Command::of(&timed.action, deployment);
            later.push((deployment.start + timed.at, command));
            let place = with.actions.partition_point(|other| other.at <= timed.at);
            with.actions.insert(place, timed);
        }
        let (mut commands, mut at) = (playbook.beforehand.clone(), None);
        if commands.is_empty() {
            let first = later.first().map(|(time, _)| *time);
            let then = later.partition_point(|(time, _)| Some(*time) == first);
            commands = later.drain(..then).map(|(_, command)| command).collect();
            at = first;
        }
        Ok(Proposal {
            commands,
            at,
            later,
            deployment: with,
        })
    }

    const fn request(&self) -> Request {
        Request {
            ca: self.ca,
            at: self.at,
            longest: Span::MAX,
            seeds: NonZeroU32::MIN,
            threads: std::num::NonZeroUsize::MIN,
        }
    }
}
