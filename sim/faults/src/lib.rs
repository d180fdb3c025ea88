//! What can strike a deployment: every kind of fault that a scenario can ask for, and random plans.
//!
//! A fault is an action of the world and how long until its inverse puts it right; the world carries
//! out both and tells neither by its purpose. A kind of fault is one file under `kinds/`: its key and
//! shape in a scenario, the check that turns names into a typed action, the line that would ask for
//! it, its draw in a random plan, its row in the reference. `stop: {unit: shop.web/0, for: 5m}` is
//! read as `StopFile`, checked by `Stop::resolve`, and planned as two actions, `UnitAction::Stop` and
//! five minutes later [`Action::inverse`] of it.
//!
//! Must not know what else a scenario holds: names are looked up through [`Names`]. Must not know
//! reports.

mod check;
mod draw;
mod entry;
#[cfg(test)]
mod families;
mod kind;
mod kinds;
mod reference;
pub mod rotation;
mod site;
mod write;

pub use check::{Plan, resolve};
pub use draw::draw;
pub use entry::FaultFile;
pub use reference::reference;
pub use site::{Addressed, Names, RelationKey, relation_key};

use trustsim_kernel::Span;
use trustsim_model::{Action, Source, TimedAction};

/// Something that strikes a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it does.
    pub action: Action,
    /// Until [`Action::inverse`] puts it right; `None` for good, and for what ends at once.
    pub lasts: Option<Span>,
}

impl Fault {
    /// What is put right after a while; only an action with an inverse can be.
    pub fn lasting(action: Action, lasts: Option<Span>) -> Self {
        assert!(
            lasts.is_none() || action.inverse().is_some(),
            "a fault that lasts for a while has an inverse: {action:?}"
        );
        Self { action, lasts }
    }
}

/// What nothing puts right.
impl From<Action> for Fault {
    fn from(action: Action) -> Self {
        Self::lasting(action, None)
    }
}

/// A fault, when it strikes, and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFault {
    /// From the start of the run.
    pub at: Span,
    /// What strikes.
    pub fault: Fault,
    /// Where it was asked for.
    pub source: Source,
}

/// Everything that happens, in order of time; what happens at the same time keeps its order.
pub fn plan(faults: Vec<PlannedFault>) -> Vec<TimedAction> {
    let count = faults.len();
    let lasting = faults
        .iter()
        .filter(|planned| planned.fault.lasts.is_some());
    let lasting = lasting.count();
    let mut actions: Vec<TimedAction> = faults.into_iter().flat_map(timed_actions).collect();
    assert_eq!(
        actions.len(),
        count + lasting,
        "each of {count} faults is an action, and each of {lasting} that last one more"
    );
    actions.sort_by_key(|action| action.at);
    actions
}

fn timed_actions(planned: PlannedFault) -> Vec<TimedAction> {
    let PlannedFault { at, fault, source } = planned;
    let Fault { action, lasts } = fault;
    let timed = |at, action| TimedAction {
        at,
        action,
        source: source.clone(),
    };
    let inverse = lasts.map(|lasts| {
        let inverse = action
            .inverse()
            .expect("what lasts for a while has an inverse");
        timed(at + lasts, inverse)
    });
    std::iter::once(timed(at, action)).chain(inverse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(hours: u64, fault: Fault) -> PlannedFault {
        PlannedFault {
            at: Span::from_secs(hours * 3_600),
            fault,
            source: Source::default(),
        }
    }

    fn skew(hours: u64, lasts: Option<u64>) -> PlannedFault {
        let action = Action::SkewClock {
            application: 3.into(),
            unit: Some(1),
            skew_ns: -5,
        };
        let lasts = lasts.map(|hours| Span::from_secs(hours * 3_600));
        planned(hours, Fault::lasting(action, lasts))
    }

    fn restart(application: usize) -> Action {
        Action::Restart {
            application: application.into(),
            unit: None,
        }
    }

    #[test]
    fn a_clock_that_is_set_right_is_two_actions_in_order_of_time() {
        let again = planned(2, restart(0).into());
        let actions = plan(vec![skew(1, Some(4)), again, skew(9, None)]);
        let seen: Vec<(u64, Option<i64>)> = actions
            .iter()
            .map(|timed| {
                let skew = match timed.action {
                    Action::SkewClock { skew_ns, .. } => Some(skew_ns),
                    _ => None,
                };
                (timed.at.as_secs() / 3_600, skew)
            })
            .collect();
        assert_eq!(
            seen,
            [(1, Some(-5)), (2, None), (5, Some(0)), (9, Some(-5))]
        );
    }

    #[test]
    fn what_happens_at_once_keeps_its_order() {
        let actions = plan(vec![
            planned(1, restart(2).into()),
            planned(1, restart(1).into()),
        ]);
        let order: Vec<Action> = actions.into_iter().map(|timed| timed.action).collect();
        assert_eq!(order, [restart(2), restart(1)]);
    }
}
