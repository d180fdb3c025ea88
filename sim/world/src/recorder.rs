//! Hooks kept as they were played: what a unit saw before, what it had written after. Kept beside
//! the journal, for those who ask for a unit's hooks; nothing in a run depends on it.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use super::deployed::Deployed;
use trustsim_charm_model::LibraryBinding;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{Hook, HookError, UnitId, VisibleModel};
use trustsim_kernel::Time;

/// The hooks of some units.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    /// `model.app/0`; units that are added later count too.
    units: BTreeSet<Box<str>>,
    /// Whether every unit's are kept.
    is_of_all: bool,
    /// In the order in which they began.
    hooks: Vec<Arc<RecordedHook>>,
}

/// One hook of one unit. It may still fail after this, where its commit is refused.
#[derive(Clone, Debug)]
pub(super) struct RecordedHook {
    /// When it began.
    pub at: Time,
    /// The unit.
    pub unit: UnitId,
    /// The hook.
    pub hook: Hook,
    /// What the charm handed to its libraries.
    pub libraries: Vec<LibraryBinding>,
    /// What the unit saw.
    pub before: VisibleModel,
    /// The same, with what the hook wrote.
    pub after: VisibleModel,
    /// Why the charm's code failed; what it wrote is not committed then.
    pub error: Option<HookError>,
}

impl Recorder {
    pub(super) fn ask(&mut self, unit: &str) {
        self.units.insert(unit.into());
    }

    pub(super) fn ask_all(&mut self) {
        self.is_of_all = true;
    }

    fn wants(&self, unit: &UnitContext<'_>) -> bool {
        if self.is_of_all || self.units.is_empty() {
            return self.is_of_all;
        }
        let address = format!("{}.{}", unit.model_name(), unit.unit_name());
        self.units.contains(address.as_str())
    }

    /// What this unit sees before its hook, where its hooks are asked for.
    pub(super) fn begin(
        &self,
        unit: &UnitContext<'_>,
        hook: &Hook,
        deployed: &Deployed,
    ) -> Option<Begun> {
        if !self.wants(unit) {
            return None;
        }
        let charm = deployed.charm_of(unit.id(), Some(hook))?;
        Some(Begun {
            libraries: charm.libraries(unit),
            before: unit.visible_model(),
        })
    }

    pub(super) fn take(&mut self) -> Vec<Arc<RecordedHook>> {
        mem::take(&mut self.hooks)
    }

    pub(super) fn keep(&mut self, hook: Option<RecordedHook>) {
        if let (Some(last), Some(next)) = (self.hooks.last(), &hook) {
            assert!(
                last.at <= next.at,
                "hooks are kept in the order in which they began"
            );
        }
        self.hooks.extend(hook.map(Arc::new));
    }
}

/// What is known of a hook before the charm's code runs.
pub(super) struct Begun {
    libraries: Vec<LibraryBinding>,
    before: VisibleModel,
}

impl Begun {
    pub(super) fn end(
        self,
        unit: &UnitContext<'_>,
        hook: &Hook,
        at: Time,
        result: &Result<(), HookError>,
    ) -> RecordedHook {
        RecordedHook {
            at,
            unit: unit.id(),
            hook: hook.clone(),
            libraries: self.libraries,
            before: self.before,
            after: unit.visible_model(),
            error: result.as_ref().err().cloned(),
        }
    }
}
