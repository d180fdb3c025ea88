//! Loops of hooks: the run ends where a unit has run more of them in a day than anything but a loop explains.
//!
//! A charm that renews a certificate which is over when it arrives asks again in the hook that brought it, and so on: a
//! real agent goes on like that, a few seconds a hook. Played to the end it is no news after the first day, and takes as
//! long as the run has days. So the run ends there, as a partial one, and says of which unit the hooks are.
//!
//! A repeated hook that does nothing while nothing waits behind it is no part of a loop and is not counted: it is elided
//! in one run and played in another, and both have to end at the same instant.

use std::collections::BTreeMap;

use trustsim_juju::{HookName, UnitId};
use trustsim_kernel::{Span, Time};
use trustsim_model::EndlessLoop;

use super::deployed::Deployed;

/// A day.
const WINDOW: Span = Span::from_secs(86_400);
/// Hooks of one unit in a day: with 3 s each it did nothing else for a third of the day.
const HOOKS_MAX: u32 = 10_000;
/// Hooks more for each unit of the deployment: a provider runs a few for each requirer when all of them come, or renew,
/// on one day.
const HOOKS_PER_UNIT: u32 = 20;

/// Counts the hooks of every unit.
#[derive(Clone, Debug, Default)]
pub(super) struct Watchdog {
    windows: BTreeMap<UnitId, Window>,
    found: Option<EndlessLoop>,
}

/// The hooks of one unit since an instant.
#[derive(Clone, Debug)]
struct Window {
    since: Time,
    hooks: u32,
    by_name: BTreeMap<HookName, u32>,
}

impl Watchdog {
    /// Why the run ended early, if it did.
    pub(super) const fn found(&self) -> Option<&EndlessLoop> {
        self.found.as_ref()
    }

    /// A unit begins a hook that counts. Where it is one too many, the run ends here.
    pub(super) fn hook_began(
        &mut self,
        unit: UnitId,
        hook: HookName,
        now: Time,
        deployed: &Deployed,
    ) {
        let new = || Window {
            since: now,
            hooks: 0,
            by_name: BTreeMap::new(),
        };
        let window = self.windows.entry(unit).or_insert_with(new);
        if now.since(window.since) > WINDOW {
            *window = new();
        }
        window.hooks += 1;
        *window.by_name.entry(hook).or_default() += 1;
        if window.hooks <= HOOKS_MAX {
            return;
        }
        let units = u32::try_from(deployed.juju().units().len());
        let units = units.expect("a unit's id has 32 bits");
        // A million units have more hooks in a day than can be counted here.
        if window.hooks <= HOOKS_MAX.saturating_add(units.saturating_mul(HOOKS_PER_UNIT)) {
            return;
        }
        let by_name = std::mem::take(&mut window.by_name);
        let mut hooks: Vec<(HookName, u32)> = by_name.into_iter().collect();
        hooks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        self.found = Some(EndlessLoop {
            unit: deployed.unit_address(unit),
            since: window.since,
            at: now,
            hooks,
        });
    }
}
