//! Hooks that are made to fail: which, how often, and what of that is left.

use super::deployed::Deployed;
use trustsim_juju::{Effects, Hook, HookError, HookName, Quiet, UnitId};
use trustsim_kernel::{Seq, Time};
use trustsim_model::{FailingHook, HookFailure};

/// Every hook that is made to fail.
#[derive(Clone, Debug, Default)]
pub(super) struct FailingHooks(Vec<Armed>);

/// Hooks that fail while this is listed.
#[derive(Clone, Debug)]
struct Armed {
    failing: FailingHook,
    /// How often still; each time where absent.
    left: Option<u32>,
    entry: Seq,
}

/// How one run of a hook is made to fail, and what did it.
pub(super) type Failure = (HookFailure, Seq);

/// What a charm's traceback would end with.
const RAISED: &str = "the scenario makes this hook fail";

impl FailingHooks {
    /// Hooks fail from now on, by `entry`.
    pub(super) fn add(&mut self, failing: &FailingHook, entry: Seq) {
        self.0.push(Armed {
            failing: failing.clone(),
            left: failing.times,
            entry,
        });
    }

    /// The first of equal ones is taken back.
    pub(super) fn remove(&mut self, failing: &FailingHook) {
        let mut armed = self.0.iter();
        if let Some(index) = armed.position(|armed| armed.failing == *failing) {
            self.0.remove(index);
        }
    }

    /// Whether this run of a hook fails; it is one of so many then.
    pub(super) fn failure_of(
        &mut self,
        unit: UnitId,
        hook: &Hook,
        deployed: &Deployed,
    ) -> Option<Failure> {
        let mut all = self.0.iter_mut();
        let armed = all.find(|armed| {
            armed.left != Some(0) && is_meant(&armed.failing, unit, hook, deployed)
        })?;
        armed.left = armed.left.map(|left| left - 1);
        Some((armed.failing.failure, armed.entry))
    }

    /// How each run of a hook fails until the next action, where it is made to fail; `None` where that changes by itself,
    /// since only so many runs fail.
    pub(super) fn lasting_failure_of(
        &self,
        unit: UnitId,
        hook: &Hook,
        deployed: &Deployed,
    ) -> Option<Option<HookFailure>> {
        let mut all = self.0.iter();
        let armed = all
            .find(|armed| armed.left != Some(0) && is_meant(&armed.failing, unit, hook, deployed));
        match armed {
            None => Some(None),
            Some(armed) if armed.left.is_none() => Some(Some(armed.failing.failure)),
            Some(_) => None,
        }
    }

    /// What the unit's charm says of hooks that only time brings, unless they are made to fail.
    pub(super) fn quiet_unless_failing(
        &self,
        unit: UnitId,
        now: Time,
        deployed: &Deployed,
    ) -> Quiet {
        if self.may_fail_in_time(unit, deployed) {
            return Quiet::No;
        }
        deployed.quiet(unit, now)
    }

    /// Whether a hook that time alone brings to this unit would be made to fail.
    pub(super) fn may_fail_in_time(&self, unit: UnitId, deployed: &Deployed) -> bool {
        self.0.iter().any(|armed| {
            let failing = &armed.failing;
            let repeats = failing.hook.as_ref();
            armed.left != Some(0)
                && is_target(failing, unit, deployed)
                && repeats.is_none_or(|hook| {
                    matches!(hook, HookName::UpdateStatus | HookName::SecretExpired)
                })
        })
    }
}

fn is_target(failing: &FailingHook, unit: UnitId, deployed: &Deployed) -> bool {
    let found = deployed.juju().unit(unit);
    let target = failing.target;
    found.application == deployed.id(target.application)
        && target.unit.is_none_or(|number| number == found.number)
}

fn is_meant(failing: &FailingHook, unit: UnitId, hook: &Hook, deployed: &Deployed) -> bool {
    is_target(failing, unit, deployed)
        && match &failing.hook {
            Some(name) => deployed.juju().hook_name(unit, hook) == *name,
            None => !matches!(hook, Hook::Action { .. }),
        }
}

/// Makes what a hook left behind fail.
pub(super) fn fail(
    failure: HookFailure,
    ran: impl FnOnce() -> (Effects, Result<(), HookError>),
    nothing: impl FnOnce() -> Effects,
) -> (Effects, Result<(), HookError>) {
    match failure {
        HookFailure::Raises => (nothing(), Err(HookError::Charm(RAISED.to_owned()))),
        HookFailure::Commit(point) => {
            let (mut effects, result) = ran();
            effects.commit_fault = Some(point);
            (effects, result)
        }
    }
}
