//! What had been done to the deployment and was still so at an instant: an outage that has not
//! ended, a relation that is gone, a clock that is off.

use super::{Fault, Separation, short};
use trustsim_juju::Disruption;
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Action, ApplicationIndex, Between, Deployment, NetworkAction, OfferAction, OfferIndex,
    ScaleAction, Side, TimedAction, UnitAction,
};

/// Longer than a pod or a machine is away that comes back as fast as it goes.
const REPLACED: Span = Span::from_secs(600);

/// What was done up to `at` and not undone since, in order of time.
pub(super) fn in_force(deployment: &Deployment, at: Time) -> Vec<&TimedAction> {
    let mut open: Vec<&TimedAction> = Vec::new();
    let done = deployment.actions.iter();
    for timed in done.take_while(|timed| deployment.start + timed.at <= at) {
        open.retain(|earlier| !timed.action.undoes(&earlier.action, deployment));
        if lasts(&timed.action) {
            open.push(timed);
        }
    }
    open.retain(|timed| match &timed.action {
        Action::Unit(UnitAction::Kill { away, .. }) => {
            at < deployment.start + timed.at + away.unwrap_or(REPLACED)
        }
        _ => true,
    });
    open
}

/// When what keeps something away was over, as far as the scenario says.
pub(crate) fn ended(deployment: &Deployment, fault: &Fault) -> Option<Time> {
    let time = |timed: &TimedAction| deployment.start + timed.at;
    let mut actions = deployment.actions.iter();
    let done =
        actions.find(|timed| timed.source == fault.source && short(time(timed)) == fault.since)?;
    match &done.action {
        Action::Unit(UnitAction::Kill { away, .. }) => Some(time(done) + away.unwrap_or(REPLACED)),
        action => {
            let undoing = actions.find(|timed| timed.action.undoes(action, deployment));
            undoing.map(time)
        }
    }
}

/// Whether an action leaves a state behind in which something is worse than before.
const fn lasts(action: &Action) -> bool {
    match action {
        Action::AcmeServer { reachable } => !*reachable,
        Action::SkewClock { skew_ns, .. } => *skew_ns != 0,
        Action::RemoveRelation { .. }
        | Action::Unit(UnitAction::Stop(_) | UnitAction::Seal(_) | UnitAction::Kill { .. }) => true,
        Action::Unit(UnitAction::SkewMachine { skew_ns, .. })
        | Action::Network(NetworkAction::SkewController { skew_ns, .. }) => *skew_ns != 0,
        Action::Network(NetworkAction::ControllerDown(_) | NetworkAction::Disrupt(..)) => true,
        Action::Scale(ScaleAction::RemoveApplication { .. }) => true,
        Action::Offer(
            OfferAction::Suspend { .. } | OfferAction::Remove { .. } | OfferAction::Revoke { .. },
        ) => true,
        _ => false,
    }
}

/// What keeps two applications apart: their relation is gone or suspended, its offer is, or nothing
/// passes between their controllers.
pub(super) fn parts<'a>(
    deployment: &Deployment,
    open: &[&'a TimedAction],
    pair: [ApplicationIndex; 2],
) -> Option<&'a TimedAction> {
    let joins = |sides: &[Side; 2]| {
        let of = sides
            .each_ref()
            .map(|side| deployment.application_of(side.party));
        pair.iter().all(|index| of.contains(&Some(*index)))
    };
    let models = pair.map(|index| deployment.applications[index].model);
    let controllers = models.map(|model| deployment.models[model].controller);
    let offered = |offer: OfferIndex| {
        models[0] != models[1] && pair.contains(&deployment.offers[offer].application)
    };
    let mut latest = open.iter().rev();
    latest
        .find(|timed| match &timed.action {
            Action::RemoveRelation { sides, .. }
            | Action::Offer(OfferAction::Suspend { sides, .. }) => joins(sides),
            Action::Offer(
                OfferAction::Remove { offer, .. } | OfferAction::Revoke { offer, .. },
            ) => offered(*offer),
            Action::Scale(ScaleAction::RemoveApplication { application }) => {
                pair.contains(application)
            }
            Action::Network(NetworkAction::Disrupt(Between::Controllers(one, two), _)) => {
                controllers == [*one, *two] || controllers == [*two, *one]
            }
            _ => false,
        })
        .copied()
}

/// How an action keeps two apart, of those that [`parts`] finds.
pub(super) const fn separation(timed: &TimedAction) -> Separation {
    match &timed.action {
        Action::RemoveRelation { .. } | Action::Scale(_) => Separation::Relation,
        Action::Offer(_) => Separation::Offer,
        _ => Separation::Network,
    }
}

/// What keeps an application from working, or its clock from being right.
pub(super) fn strikes(
    deployment: &Deployment,
    action: &Action,
    application: ApplicationIndex,
) -> Option<Strike> {
    let model = deployment.applications[application].model;
    let controller = deployment.models[model].controller;
    match action {
        Action::SkewClock {
            application: of,
            skew_ns,
            ..
        } if *of == application => Some(Strike::Clock(*skew_ns)),
        Action::Unit(UnitAction::Stop(target) | UnitAction::Kill { target, .. })
            if target.application == application =>
        {
            Some(Strike::Down)
        }
        Action::Unit(UnitAction::Seal(target)) if target.application == application => {
            Some(Strike::Sealed)
        }
        Action::Network(NetworkAction::ControllerDown(index)) if *index == controller => {
            Some(Strike::Isolated)
        }
        Action::Network(NetworkAction::Disrupt(Between::Agents(of), disruption))
            if *of == model && isolates(*disruption) =>
        {
            Some(Strike::Isolated)
        }
        Action::Network(NetworkAction::Disrupt(
            Between::Agent {
                application: of, ..
            },
            disruption,
        )) if *of == application && isolates(*disruption) => Some(Strike::Isolated),
        Action::Network(NetworkAction::SkewController {
            controller: index,
            skew_ns,
        }) if *index == controller && *skew_ns < 0 => Some(Strike::Late),
        _ => None,
    }
}

/// Whether an action that cuts agents off is about the unit of a number.
pub(super) fn is_about(action: &Action, number: Option<u32>) -> bool {
    match action {
        Action::Network(NetworkAction::Disrupt(Between::Agent { unit, .. }, _)) => {
            number.is_none_or(|number| number == *unit)
        }
        _ => true,
    }
}

/// Whether agents are lost to their controller while it lasts, and not only late.
fn isolates(disruption: Disruption) -> bool {
    match disruption {
        Disruption::Down | Disruption::Partition | Disruption::Stall => true,
        // Health pings take half a minute there and back.
        Disruption::Delay(by) => by > Span::from_secs(15),
        Disruption::Loss(_) => false,
    }
}

/// What an action does to an application that it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strike {
    /// It cannot work.
    Down,
    /// Its agents do nothing, and its workloads go on.
    Isolated,
    /// It signs nothing until it is unsealed.
    Sealed,
    /// Its secrets expire late, so that nothing is asked for in time.
    Late,
    /// Its clock is off by so many nanoseconds.
    Clock(i64),
}
