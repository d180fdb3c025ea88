//! Hooks that are made to fail: which, how often, and what of that is left.

use super::simulation::{Event, World};
use trustsim_juju::{Effects, Hook, HookError, HookName, Quiet, UnitId};
use trustsim_kernel::{Agenda, Seq, Time};
use trustsim_model::{FailingHook, HookAction, HookFailure};

/// Hooks that fail while they stand here.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    failing: FailingHook,
    /// How often still; each time where absent.
    left: Option<u32>,
    entry: Seq,
}

/// How one run of a hook is made to fail, and what did it.
pub(super) type Failure = (HookFailure, Seq);

/// What a charm's traceback would end with.
const RAISED: &str = "the scenario makes this hook fail";

impl World {
    pub(super) fn act_on_hooks(
        &mut self,
        action: &HookAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let target = match action {
            HookAction::Fail(failing) => {
                self.failing.push(Armed {
                    failing: failing.clone(),
                    left: failing.times,
                    entry,
                });
                failing.target
            }
            HookAction::Succeed(failing) => {
                let mut armed = self.failing.iter();
                if let Some(index) = armed.position(|armed| armed.failing == *failing) {
                    self.failing.remove(index);
                }
                failing.target
            }
            HookAction::Resolve { target, no_retry } => {
                for unit in self.targets(target.application, target.unit) {
                    self.in_juju(agenda, |juju, desk| {
                        juju.uniter().resolved(unit, *no_retry, desk)
                    });
                }
                *target
            }
        };
        // Hooks that only time brings are played while they would fail.
        for unit in self.targets(target.application, target.unit) {
            self.in_juju(agenda, |juju, desk| juju.look_again(unit, desk));
        }
    }

    /// Whether this run of a hook fails; it is one of so many then.
    pub(super) fn failure_of(&mut self, unit: UnitId, hook: &Hook) -> Option<Failure> {
        let index = self
            .failing
            .iter()
            .position(|armed| armed.left != Some(0) && self.is_meant(&armed.failing, unit, hook))?;
        let armed = &mut self.failing[index];
        armed.left = armed.left.map(|left| left - 1);
        Some((armed.failing.failure, armed.entry))
    }

    /// Whether a hook that time alone brings to this unit would be made to fail.
    fn may_fail_in_time(&self, unit: UnitId) -> bool {
        self.failing.iter().any(|armed| {
            let failing = &armed.failing;
            let repeats = failing.hook.as_ref();
            armed.left != Some(0)
                && self.is_target(failing, unit)
                && repeats.is_none_or(|hook| {
                    matches!(hook, HookName::UpdateStatus | HookName::SecretExpired)
                })
        })
    }

    /// What the unit's charm says of hooks that only time brings, unless they are made to fail.
    pub(super) fn quiet_unless_failing(&self, unit: UnitId, now: Time) -> Quiet {
        if self.may_fail_in_time(unit) {
            return Quiet::No;
        }
        self.quiet(unit, now)
    }

    fn is_target(&self, failing: &FailingHook, unit: UnitId) -> bool {
        let found = self.juju.unit(unit);
        let target = failing.target;
        found.application == self.applications[target.application]
            && target.unit.is_none_or(|number| number == found.number)
    }

    fn is_meant(&self, failing: &FailingHook, unit: UnitId, hook: &Hook) -> bool {
        self.is_target(failing, unit)
            && match &failing.hook {
                Some(name) => self.juju.hook_name(unit, hook) == *name,
                None => !matches!(hook, Hook::Action { .. }),
            }
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
