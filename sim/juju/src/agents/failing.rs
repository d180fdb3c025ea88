//! A hook that has failed the same for weeks, run again every five minutes: most of its retries are not played, and no
//! journal has them.
//!
//! The instants of retries follow from each other: a hook takes what a function of (seed, unit, start) says, and the next
//! retry comes a delay after its end, which is five minutes by then. So they are counted on paper, when the unit's rest ends
//! or something happens to it: it is brought to where playing them would have brought it, which may be the middle of
//! a hook.

use crate::agents::{Agents, Failed, Pace, Running, retry_delay};
use crate::timing::Timing;
use crate::{Activity, Effects, Event, Host, RepeatedFailure, UnitId};
use trustsim_kernel::Time;

/// For the delay before a failed hook is run again.
pub(crate) const PURPOSE_RETRY: u64 = 0x7265_7472;

/// Retries that are not played.
#[derive(Clone, Debug)]
pub(crate) struct FailingRest {
    /// What comes of each.
    failure: RepeatedFailure,
    /// The first of them.
    from: Retry,
}

/// A retry of a failed hook.
#[derive(Clone, Copy, Debug)]
struct Retry {
    at: Time,
    failures: u32,
    in_a_row: u32,
}

impl Timing<'_> {
    /// Whether the retries of a unit can be counted on paper: its hook waits to be run again, its calls go through, and it
    /// waits for no other unit.
    pub(crate) fn may_rest_failing(&self, unit: UnitId, now: Time) -> bool {
        let agent = self.agent_of(unit);
        let Activity::Failed(failed) = &agent.state else {
            return false;
        };
        let waits = failed.retry_at.is_some_and(|at| at > now) && !failed.skips;
        waits
            && failed.rest.is_none()
            && !agent.dying
            && !agent.shutting_down
            && agent.actions.is_empty()
            && self.lock_sharers(unit).len() == 1
            && !self.shares_impaired_path(unit)
    }

    /// When a retry that begins at `at` ends.
    fn retry_ends(&self, unit: UnitId, failure: &RepeatedFailure, at: Time) -> Time {
        at + self.hook_duration(unit, at) + failure.spent()
    }

    /// The retry after one.
    fn retry_after(&self, unit: UnitId, failure: &RepeatedFailure, retry: Retry) -> Retry {
        let ends = self.retry_ends(unit, failure, retry.at);
        let key = u64::from(unit.0);
        let jitter = self.streams.below(PURPOSE_RETRY, key, ends.as_nanos(), 61);
        let in_a_row = retry.in_a_row + 1;
        Retry {
            at: ends + retry_delay(in_a_row, jitter),
            failures: retry.failures + 1,
            in_a_row,
        }
    }
}

impl Agents {
    /// The retries of a unit before `until` are not played: each has this outcome.
    pub(crate) fn rest_failing(
        &mut self,
        unit: UnitId,
        failure: RepeatedFailure,
        until: Time,
        host: &mut dyn Host,
    ) {
        let Activity::Failed(failed) = &self.agent_of(unit).state else {
            unreachable!("a unit is asked for its failure while it has one");
        };
        let at = failed
            .retry_at
            .expect("a hook that is run again has a time for that");
        assert!(
            failed.rest.is_none() && failed.hook == *failure.hook(),
            "{unit:?} rests once, and fails {:?}",
            failed.hook
        );
        let from = Retry {
            at,
            failures: failed.failures,
            in_a_row: failed.in_a_row,
        };
        let mut last = from;
        while last.at < until {
            last = self.timing().retry_after(unit, &failure, last);
        }
        let rest = FailingRest { failure, from };
        self.await_retry_at(unit, last.at, Some(rest), host);
    }

    /// Something happens to a unit, or its rest ends: what was not played is counted.
    pub(crate) fn end_failing_rest(&mut self, unit: UnitId, host: &mut dyn Host) {
        // A unit of a proxy has no agent, and rests in nothing.
        let Some(agent) = self.agent(unit) else {
            return;
        };
        let Activity::Failed(failed) = &agent.state else {
            return;
        };
        let Some(FailingRest { failure, from }) = failed.rest.clone() else {
            return;
        };
        let now = host.now();
        let (mut retry, mut skipped) = (from, 0);
        while retry.at < now && self.timing().retry_ends(unit, &failure, retry.at) <= now {
            retry = self.timing().retry_after(unit, &failure, retry);
            skipped += 1;
        }
        let is_running = retry.at < now;
        let agent = self.agent_of_mut(unit);
        agent.skipped_failures += u64::from(skipped) + u64::from(is_running);
        for (purpose, count) in failure.draws() {
            let drawn = agent.draws.entry(purpose).or_insert(0);
            *drawn += count * (skipped + u32::from(is_running));
        }
        if let Activity::Failed(failed) = &mut agent.state {
            failed.failures = retry.failures;
            failed.in_a_row = retry.in_a_row;
        }
        self.await_retry_at(unit, retry.at.max(now), None, host);
        if is_running {
            self.resume_failing(unit, &failure, retry.at, host);
        }
    }

    /// The failed hook of a unit is run again then.
    fn await_retry_at(
        &mut self,
        unit: UnitId,
        at: Time,
        rest: Option<FailingRest>,
        host: &mut dyn Host,
    ) {
        let agent = self.agent_of_mut(unit);
        let Activity::Failed(failed) = &mut agent.state else {
            unreachable!("a unit with a failed hook was looked at");
        };
        if let Some(before) = failed.retry_event.take() {
            host.cancel(before);
        }
        failed.retry_at = Some(at);
        failed.rest = rest;
        failed.retry_event = Some(host.schedule(at, Event::Wake(unit)));
    }

    /// The unit is in the middle of a retry that began at `began`.
    fn resume_failing(
        &mut self,
        unit: UnitId,
        failure: &RepeatedFailure,
        began: Time,
        host: &mut dyn Host,
    ) {
        let ends = self.timing().retry_ends(unit, failure, began);
        let workload = self.unit(unit).workload.clone();
        self.take_lock(unit);
        let agent = self.agent_of_mut(unit);
        let before = std::mem::replace(&mut agent.state, Activity::Idle);
        let Activity::Failed(failed) = before else {
            unreachable!("a unit with a failed hook was looked at");
        };
        let Failed {
            hook,
            entry,
            error,
            failures,
            snapshot,
            in_a_row,
            retry_event,
            ..
        } = *failed;
        if let Some(event) = retry_event {
            host.cancel(event);
        }
        agent.in_a_row = Some(in_a_row);
        agent.state = Activity::Running(Box::new(Running {
            hook,
            entry,
            effects: Effects {
                workload,
                draws: agent.draws.clone(),
                commit_fault: failure.commit_fault(),
                ..Effects::default()
            },
            // Where its commit breaks off its code had run to its end.
            result: match failure.commit_fault() {
                Some(_) => Ok(()),
                None => Err(error),
            },
            failures,
            ends,
            snapshot,
            pace: Pace {
                since: began,
                base: ends.since(began),
                calls: 0,
            },
        }));
        host.schedule(ends, Event::HookEnd(unit));
    }
}
