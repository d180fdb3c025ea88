//! What strikes controllers and what connects them.

use super::Strike;
use crate::juju::Trouble;
use crate::kernel::Span;
use crate::world::{Action, Between, NetworkAction};

/// Something that strikes controllers or what connects them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkFault {
    /// A controller is down.
    ControllerDown {
        /// Which.
        controller: usize,
        /// Until it is back; `None` for good.
        lasts: Option<Span>,
    },
    /// Something is wrong with a connection.
    Trouble {
        /// Between whom.
        between: Between,
        /// What.
        trouble: Trouble,
        /// Until it is over; `None` for good.
        lasts: Option<Span>,
    },
    /// The clock of a controller goes wrong, and right again after a while.
    SkewController {
        /// Which.
        controller: usize,
        /// Nanoseconds ahead of true time; negative is behind.
        skew_ns: i64,
        /// Until it is mended; `None` for good.
        lasts: Option<Span>,
    },
}

impl NetworkFault {
    pub(super) fn strike(self) -> Strike {
        let (action, mends, lasts) = match self {
            Self::ControllerDown { controller, lasts } => (
                NetworkAction::ControllerDown(controller),
                NetworkAction::ControllerUp(controller),
                lasts,
            ),
            Self::Trouble {
                between,
                trouble,
                lasts,
            } => (
                NetworkAction::Trouble(between, trouble),
                NetworkAction::TroubleOver(between, trouble),
                lasts,
            ),
            Self::SkewController {
                controller,
                skew_ns,
                lasts,
            } => {
                let skew = |skew_ns| NetworkAction::SkewController {
                    controller,
                    skew_ns,
                };
                (skew(skew_ns), skew(0), lasts)
            }
        };
        Strike {
            action: Action::Network(action),
            mended: lasts.map(|lasts| (lasts, Action::Network(mends))),
        }
    }
}
