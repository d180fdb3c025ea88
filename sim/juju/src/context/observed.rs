//! Whether a hook would do nothing, found by running it and looking at what it did: so an agent knows which
//! repeated hooks need not be played.
//!
//! A hook is a function of what it can read. Whatever that is, a change of it wakes the agent, but for the
//! clock. So the context keeps when the clock is looked at. For example, the update-status of a CA's charm
//! asks whether the CA has ended, with [`UnitContext::has_passed`], and does nothing: until that instant every
//! further one does nothing either, and the answer is [`Quiet::Until`]. Where its code reads the clock with
//! [`UnitContext::now`] there is no telling, and the next one is played.

use std::cell::Cell;

use super::UnitContext;
use crate::{Hook, HookError, Juju, Quiet, SecretId, UnitId};
use trustsim_kernel::{Span, Time};

/// How the code of a hook has looked at the clock so far.
#[derive(Debug)]
pub(super) struct ClockReads {
    /// The first instant to come that it was compared with.
    deadline: Cell<Time>,
    /// Its time itself was read.
    is_read: Cell<bool>,
}

impl Default for ClockReads {
    fn default() -> Self {
        Self {
            deadline: Cell::new(Time::MAX),
            is_read: Cell::new(false),
        }
    }
}

impl Juju {
    /// Whether the repeated hooks of a unit would do nothing: `run` runs the charm's code for each of them,
    /// and what it does is dropped.
    pub fn observe<N>(
        &self,
        unit: UnitId,
        now: Time,
        run: impl Fn(&Hook, &mut UnitContext<'_, N>) -> Result<(), HookError>,
    ) -> Quiet {
        let hooks = self.repeated_hooks(unit).into_iter();
        Quiet::all(hooks.map(|hook| {
            let mut context = UnitContext::new(self, unit, now, Some(&hook));
            let result = run(&hook, &mut context);
            context.observed(&result)
        }))
    }
}

impl<N> UnitContext<'_, N> {
    /// The unit's own clock, which may be skewed. Certificates are made and judged by it. Code that only
    /// asks whether an instant has come uses [`UnitContext::has_passed`]: update-status is elided until
    /// then.
    pub fn now(&self) -> Time {
        self.clock.is_read.set(true);
        self.unit_clock()
    }

    /// Whether the unit's clock shows this instant or a later one.
    pub fn has_passed(&self, at: Time) -> bool {
        let has_passed = at <= self.unit_clock();
        if !has_passed {
            let deadline = self.clock.deadline.get();
            self.clock.deadline.set(deadline.min(at));
        }
        has_passed
    }

    /// Whether the unit's clock shows a later instant than this one.
    pub fn is_after(&self, at: Time) -> bool {
        self.has_passed(at + Span::from_nanos(1))
    }

    /// Whether running this hook again would do nothing, where its code ended with `result` just now.
    fn observed(&self, result: &Result<(), HookError>) -> Quiet {
        if result.is_err() || self.did_something() {
            return Quiet::No;
        }
        if self.effects.changes_status(self.unit()) || self.clock.is_read.get() {
            return Quiet::StatusOnly;
        }
        match self.clock.deadline.get() {
            Time::MAX => Quiet::Always,
            deadline => Quiet::Until(deadline),
        }
    }

    /// Whether the hook did anything beside setting the workload status.
    fn did_something(&self) -> bool {
        let effects = &self.effects;
        let changes_tracking = |(id, revision): &(SecretId, u32)| {
            let tracking = self.juju.secret(*id).consumers.get(&self.id);
            tracking.is_none_or(|tracking| tracking.revision != *revision)
        };
        effects.changes_anything()
            || !self.notes.is_empty()
            || !effects.outside.is_empty()
            || effects.spent > Span::ZERO
            || effects.draws != self.juju.agent_of(self.id).draws
            || effects.tracked.iter().any(changes_tracking)
    }

    pub(super) fn unit_clock(&self) -> Time {
        self.true_now.skewed_by(self.unit().skew_ns)
    }
}
