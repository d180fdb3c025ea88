//! What can strike a deployment, as plans of timed actions.
//!
//! Must not know scenario files or reports. A fault knows its purpose; the actions it becomes
//! are what an operator or nature would do, and the world tells none of them apart.

#[cfg(test)]
mod families;
mod hooks;
mod network;
mod offers;
mod random;
pub mod rotation;
mod text;
mod tls;
mod units;

use std::collections::BTreeMap;

pub use hooks::HookFault;
pub use network::NetworkFault;
pub use offers::OfferFault;
pub use random::draw;
pub use tls::TlsFault;
pub use units::UnitFault;

use crate::kernel::Span;
use crate::world::{Action, ScaleAction, Side, Source, TimedAction};

/// One fault; indices point into the deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A provider's CA is rotated by its charm's own action.
    RotateCa {
        /// The provider.
        application: usize,
        /// Name of the action.
        action: String,
    },
    /// An action of the charm is run.
    RunAction {
        /// The application.
        application: usize,
        /// One unit of it; its leader where absent.
        unit: Option<u32>,
        /// Name of the action.
        action: String,
        /// Its parameters.
        parameters: BTreeMap<String, String>,
    },
    /// Options are set; `None` resets one.
    SetConfig {
        /// The application.
        application: usize,
        /// New values.
        options: BTreeMap<String, Option<String>>,
    },
    /// A relation goes.
    RemoveRelation {
        /// Its model.
        model: usize,
        /// Both sides, provider first.
        sides: [Side; 2],
    },
    /// A relation comes.
    Integrate {
        /// Its model.
        model: usize,
        /// Both sides, provider first.
        sides: [Side; 2],
    },
    /// Workload processes are restarted.
    Restart {
        /// The application.
        application: usize,
        /// One unit of it; every one where absent.
        unit: Option<u32>,
    },
    /// The public ACME server cannot be reached for a while.
    AcmeOutage {
        /// Until it is back; `None` for good.
        lasts: Option<Span>,
    },
    /// People revoke a certificate.
    Revoke {
        /// The application that gave it.
        application: usize,
        /// The common name it is for.
        name: String,
    },
    /// A clock goes wrong, and right again after a while.
    ClockSkew {
        /// The application.
        application: usize,
        /// One unit of it; every one where absent.
        unit: Option<u32>,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
        /// Until it is mended; `None` for good.
        lasts: Option<Span>,
    },
    /// Something strikes units.
    Unit(UnitFault),
    /// Something strikes the TLS side of units or clients.
    Tls(TlsFault),
    /// Units come and go, or a charm is refreshed.
    Scale(ScaleAction),
    /// Hooks are made to fail.
    Hook(HookFault),
    /// Something strikes an offer or a relation through one.
    Offer(OfferFault),
    /// Something strikes controllers or what connects them.
    Network(NetworkFault),
}

/// What a fault does when it strikes, and what mends it after a while.
struct Strike {
    action: Action,
    mended: Option<(Span, Action)>,
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
    let mut actions: Vec<TimedAction> = faults.into_iter().flat_map(timed_actions).collect();
    actions.sort_by_key(|action| action.at);
    actions
}

fn timed_actions(planned: PlannedFault) -> Vec<TimedAction> {
    let PlannedFault { at, fault, source } = planned;
    let Strike { action, mended } = fault.strike();
    let timed = |at, action| TimedAction {
        at,
        action,
        source: source.clone(),
    };
    let mended = mended.map(|(after, action)| timed(at.saturating_add(after), action));
    std::iter::once(timed(at, action)).chain(mended).collect()
}

impl Fault {
    fn strike(self) -> Strike {
        match self {
            Self::Unit(fault) => fault.strike(),
            Self::Tls(fault) => fault.strike(),
            Self::Hook(fault) => fault.strike(),
            Self::Offer(fault) => fault.strike(),
            Self::Network(fault) => fault.strike(),
            Self::ClockSkew {
                application,
                unit,
                skew_ns,
                lasts,
            } => {
                let skew = |skew_ns| Action::SkewClock {
                    application,
                    unit,
                    skew_ns,
                };
                Strike {
                    action: skew(skew_ns),
                    mended: lasts.map(|lasts| (lasts, skew(0))),
                }
            }
            Self::AcmeOutage { lasts } => Strike {
                action: Action::AcmeServer { reachable: false },
                mended: lasts.map(|lasts| (lasts, Action::AcmeServer { reachable: true })),
            },
            other => Strike {
                action: other.into_action(),
                mended: None,
            },
        }
    }

    /// The one action of a fault that nothing mends.
    fn into_action(self) -> Action {
        match self {
            Self::RotateCa {
                application,
                action,
            } => Action::RunAction {
                application,
                unit: None,
                name: action,
                parameters: BTreeMap::new(),
            },
            Self::RunAction {
                application,
                unit,
                action,
                parameters,
            } => Action::RunAction {
                application,
                unit,
                name: action,
                parameters,
            },
            Self::SetConfig {
                application,
                options,
            } => Action::SetConfig {
                application,
                options,
            },
            Self::RemoveRelation { model, sides } => Action::RemoveRelation { model, sides },
            Self::Integrate { model, sides } => Action::Integrate { model, sides },
            Self::Restart { application, unit } => Action::Restart { application, unit },
            Self::Scale(action) => Action::Scale(action),
            Self::Revoke { application, name } => Action::Revoke { application, name },
            lasting => lasting.strike().action,
        }
    }
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
        let fault = Fault::ClockSkew {
            application: 3,
            unit: Some(1),
            skew_ns: -5,
            lasts: lasts.map(|hours| Span::from_secs(hours * 3_600)),
        };
        planned(hours, fault)
    }

    #[test]
    fn a_rotation_is_the_charms_own_action_on_the_leader() {
        let fault = Fault::RotateCa {
            application: 2,
            action: "rotate-private-key".to_owned(),
        };
        let actions = plan(vec![planned(1, fault)]);
        let Action::RunAction {
            application: 2,
            unit: None,
            name,
            parameters,
        } = &actions[0].action
        else {
            panic!("{actions:?}");
        };
        assert_eq!((name.as_str(), parameters.len()), ("rotate-private-key", 0));
    }

    #[test]
    fn a_clock_that_is_mended_is_two_actions_in_order_of_time() {
        let restart = Fault::Restart {
            application: 0,
            unit: None,
        };
        let actions = plan(vec![skew(1, Some(4)), planned(2, restart), skew(9, None)]);
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
        let restart = |application| {
            planned(
                1,
                Fault::Restart {
                    application,
                    unit: None,
                },
            )
        };
        let actions = plan(vec![restart(2), restart(1)]);
        let order: Vec<Action> = actions.into_iter().map(|timed| timed.action).collect();
        assert_eq!(
            order,
            [2, 1].map(|application| Action::Restart {
                application,
                unit: None
            })
        );
    }
}
