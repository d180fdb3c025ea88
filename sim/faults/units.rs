//! What strikes units.

use super::Strike;
use crate::kernel::Span;
use crate::world::{Action, Target, UnitAction};

/// Something that strikes units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitFault {
    /// Workload processes are down.
    Stop {
        /// Whose.
        target: Target,
        /// Until they start again; `None` for good.
        lasts: Option<Span>,
    },
    /// Pods are killed, or machines restart.
    Kill {
        /// Which.
        target: Target,
        /// How long they are away; as short as can be where absent.
        away: Option<Span>,
    },
    /// Vaults are sealed.
    Seal(Target),
    /// A leader cannot renew its lease.
    LoseLeader {
        /// The application.
        application: usize,
    },
    /// The clock of a machine goes wrong, and right again after a while.
    SkewMachine {
        /// The machine.
        machine: usize,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
        /// Until it is mended; `None` for good.
        lasts: Option<Span>,
    },
}

impl UnitFault {
    pub(super) fn strike(self) -> Strike {
        let (action, mended) = match self {
            Self::Stop { target, lasts } => {
                let mended = lasts.map(|lasts| (lasts, UnitAction::Start(target)));
                (UnitAction::Stop(target), mended)
            }
            Self::Kill { target, away } => (UnitAction::Kill { target, away }, None),
            Self::Seal(target) => (UnitAction::Seal(target), None),
            Self::LoseLeader { application } => (UnitAction::LoseLeader { application }, None),
            Self::SkewMachine {
                machine,
                skew_ns,
                lasts,
            } => {
                let right = UnitAction::SkewMachine {
                    machine,
                    skew_ns: 0,
                };
                let mended = lasts.map(|lasts| (lasts, right));
                (UnitAction::SkewMachine { machine, skew_ns }, mended)
            }
        };
        Strike {
            action: Action::Unit(action),
            mended: mended.map(|(after, action)| (after, Action::Unit(action))),
        }
    }
}
