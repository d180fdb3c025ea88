//! What puts an action right again: the other half of whatever can last for a while.

use super::{Action, HookAction, NetworkAction, OfferAction, UnitAction};
use crate::tls_action::{Answering, TlsAction};

impl Action {
    /// What undoes it; `None` for what is over at once, or cannot be undone.
    pub fn mended(&self) -> Option<Self> {
        match self {
            Self::AcmeServer { reachable: false } => Some(Self::AcmeServer { reachable: true }),
            Self::SkewClock {
                application, unit, ..
            } => Some(Self::SkewClock {
                application: *application,
                unit: *unit,
                skew_ns: 0,
            }),
            Self::RemoveRelation { model, sides } => Some(Self::Integrate {
                model: *model,
                sides: sides.clone(),
            }),
            Self::Unit(action) => action.mended().map(Self::Unit),
            Self::Hook(action) => action.mended().map(Self::Hook),
            Self::Offer(action) => action.mended().map(Self::Offer),
            Self::Network(action) => action.mended().map(Self::Network),
            Self::Tls(action) => action.mended().map(Self::Tls),
            _ => None,
        }
    }
}

impl UnitAction {
    fn mended(&self) -> Option<Self> {
        match self {
            Self::Stop(target) => Some(Self::Start(*target)),
            Self::SkewMachine { machine, .. } => Some(Self::SkewMachine {
                machine: *machine,
                skew_ns: 0,
            }),
            _ => None,
        }
    }
}

impl HookAction {
    fn mended(&self) -> Option<Self> {
        match self {
            Self::Fail(failing) => Some(Self::Mend(failing.clone())),
            _ => None,
        }
    }
}

impl OfferAction {
    fn mended(&self) -> Option<Self> {
        match self {
            Self::Suspend { model, sides } => Some(Self::Resume {
                model: *model,
                sides: sides.clone(),
            }),
            Self::Revoke { offer, user } => Some(Self::Grant {
                offer: *offer,
                user: user.clone(),
            }),
            _ => None,
        }
    }
}

impl NetworkAction {
    fn mended(&self) -> Option<Self> {
        match self {
            Self::ControllerDown(controller) => Some(Self::ControllerUp(*controller)),
            Self::Disrupt(between, disruption) => Some(Self::Restore(*between, *disruption)),
            Self::SkewController { controller, .. } => Some(Self::SkewController {
                controller: *controller,
                skew_ns: 0,
            }),
            _ => None,
        }
    }
}

impl TlsAction {
    fn mended(&self) -> Option<Self> {
        match self {
            Self::Edit(edit) => Some(Self::Undo(edit.clone())),
            Self::PublishLists { ca, .. } => Some(Self::StopLists { ca: *ca }),
            Self::Answer {
                application, unit, ..
            } => Some(Self::Answer {
                application: *application,
                unit: *unit,
                how: Answering::Tls,
            }),
            _ => None,
        }
    }
}
