//! Hooks that are made to fail.

use super::Strike;
use crate::kernel::Span;
use crate::world::{Action, FailingHook, HookAction};

/// Hooks that fail, for a while or so many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFault {
    /// Which and how.
    pub failing: FailingHook,
    /// Until they succeed again; `None` for good, or until they have failed often enough.
    pub lasts: Option<Span>,
}

impl HookFault {
    pub(super) fn strike(self) -> Strike {
        let mend = Action::Hook(HookAction::Mend(self.failing.clone()));
        Strike {
            action: Action::Hook(HookAction::Fail(self.failing)),
            mended: self.lasts.map(|lasts| (lasts, mend)),
        }
    }
}
