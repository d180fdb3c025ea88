//! The timers of an agent that cause repeated hooks, without playing them: which has fired and waits for its hook, and
//! which fires next.
//!
//! An agent with two expired revisions has three: one for each revision, which fires every five minutes, and that of
//! update-status.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::agents::{Expiry, SECRET_EXPIRE_RETRY, Snapshot, Timer};
use crate::timing::Timing;
use crate::{Hook, SecretId, UnitId};
use trustsim_kernel::{Span, Time};

/// The timers of one agent that cause repeated hooks, and how many of their firings were handled.
#[derive(Clone, Debug)]
pub(crate) struct Repeats<'a> {
    timer: Option<Timer<'a>>,
    pub(super) timer_handled: u64,
    pub(super) expiries: Vec<((SecretId, u32), Expiry)>,
}

impl Repeats<'_> {
    /// Whether a timer has fired by `t` and its hook has not run since. Timers are the expiries, in the order of their
    /// hooks, and update-status after them.
    fn is_due(&self, index: usize, t: Time) -> bool {
        match (self.expiries.get(index), &self.timer) {
            (Some((_, expiry)), _) => expiry.fired(t) > expiry.handled,
            (None, Some(timer)) => timer.fired(t) > self.timer_handled,
            (None, None) => false,
        }
    }

    /// When a timer fires after `t`.
    fn firing_after(&self, index: usize, t: Time) -> Option<Time> {
        match (self.expiries.get(index), &self.timer) {
            (Some((_, expiry)), _) => Some(expiry.firing(expiry.fired(t) + 1)),
            (None, Some(timer)) => Some(timer.firing(timer.fired(t) + 1)),
            (None, None) => None,
        }
    }

    pub(super) fn hook(&self, index: usize) -> Hook {
        match self.expiries.get(index) {
            Some(((secret, revision), _)) => Hook::SecretExpired {
                secret: *secret,
                revision: *revision,
            },
            None => Hook::UpdateStatus,
        }
    }

    /// Whether a hook is due at `t`.
    pub(crate) fn has_due(&self, t: Time) -> bool {
        (0..=self.expiries.len()).any(|index| self.is_due(index, t))
    }

    /// The first firing after `t`; [`Time::MAX`] if there is none.
    pub(crate) fn next_after(&self, t: Time) -> Time {
        let firings = (0..=self.expiries.len()).filter_map(|index| self.firing_after(index, t));
        firings.fold(Time::MAX, Time::min)
    }

    /// What a hook that starts at `t` is told: it takes along every update-status that fired.
    pub(super) fn snapshot(&self, hook: &Hook, t: Time) -> Snapshot {
        let mut expiries = self.expiries.iter();
        let expiry = expiries.find(|(key, _)| Some(*key) == hook.secret_revision());
        Snapshot {
            // Before `start` there is no timer, and update-status is about no secret.
            timer: self.timer.as_ref().map_or(0, |timer| timer.fired(t)),
            firings: expiry.map_or(0, |(_, expiry)| expiry.fired(t)),
            ..Snapshot::default()
        }
    }

    /// Notes that `hook` was committed.
    pub(super) fn commit(&mut self, hook: &Hook, snapshot: Snapshot) {
        self.timer_handled = snapshot.timer;
        for (key, expiry) in &mut self.expiries {
            if Some(*key) == hook.secret_revision() {
                expiry.handled = snapshot.firings;
            }
        }
    }

    /// Adds every firing after `from` and before `until`.
    pub(super) fn add_firings(&self, from: Time, until: Time, found: &mut Vec<Time>) {
        let just_before = until - Span::from_nanos(1);
        if let Some(timer) = &self.timer {
            let fired = timer.fired(from) + 1..=timer.fired(just_before);
            found.extend(fired.map(|k| timer.firing(k)));
        }
        for (_, expiry) in &self.expiries {
            let fired = expiry.fired(from) + 1..=expiry.fired(just_before);
            found.extend(fired.map(|k| expiry.firing(k)));
        }
    }

    /// How many timers there are.
    pub(super) fn timers(&self) -> usize {
        self.expiries.len() + usize::from(self.timer.is_some())
    }

    /// The shortest time between two firings of one of them.
    pub(super) fn period_min(&self) -> Span {
        let interval = self.timer.as_ref().map(|timer| timer.interval / 5 * 4);
        interval.map_or(SECRET_EXPIRE_RETRY, |interval| {
            interval.min(SECRET_EXPIRE_RETRY)
        })
    }

    /// Marks every firing before `t` as handled.
    pub(super) fn handle_before(&mut self, t: Time) {
        let just_before = t - Span::from_nanos(1);
        if let Some(timer) = &self.timer {
            self.timer_handled = timer.fired(just_before);
        }
        for (_, expiry) in &mut self.expiries {
            expiry.handled = expiry.fired(just_before);
        }
    }
}

/// The timers of an agent as time goes on: which have fired and wait for their hook, and which fires next. A timer is
/// its place among the expiries, in the order of their hooks; update-status comes after them.
#[derive(Debug, Default)]
pub(super) struct Firings {
    pub(super) due: BTreeSet<usize>,
    pub(super) upcoming: BinaryHeap<Reverse<(Time, usize)>>,
}

impl Firings {
    /// Those of `repeats` at `t`.
    pub(super) fn at(repeats: &Repeats<'_>, t: Time) -> Self {
        let mut firings = Self::default();
        for index in 0..=repeats.expiries.len() {
            if repeats.is_due(index, t) {
                firings.due.insert(index);
            }
            firings.upcoming.extend(
                repeats
                    .firing_after(index, t)
                    .map(|at| Reverse((at, index))),
            );
        }
        firings
    }

    /// What fires up to `t` is due.
    pub(super) fn go_on(&mut self, repeats: &Repeats<'_>, t: Time) {
        while let Some(Reverse((at, index))) = self.upcoming.peek().copied()
            && at <= t
        {
            self.upcoming.pop();
            self.due.insert(index);
            let next = repeats.firing_after(index, t);
            self.upcoming.extend(next.map(|at| Reverse((at, index))));
        }
    }
}

impl<'a> Timing<'a> {
    /// The timers of an agent that cause repeated hooks.
    pub(crate) fn repeats(&self, id: UnitId) -> Option<Repeats<'a>> {
        let agent = self.agent_of(id);
        let expiries = agent.expiries.iter();
        Some(Repeats {
            timer: agent.started.then(|| self.timer(id)),
            timer_handled: agent.timer_handled,
            expiries: expiries.map(|(key, expiry)| (*key, *expiry)).collect(),
        })
    }
}
