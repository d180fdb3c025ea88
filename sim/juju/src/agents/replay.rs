//! Elided hooks, played on paper: which agents of one machine would have run what, and where that
//! has left them by now. The last few are enough, from an instant at which all were surely at rest.

use crate::agents::{Expiry, MACHINE_LOCK_POLL, SECRET_EXPIRE_RETRY, Snapshot, Timer};
use crate::convert::to_u32;
use crate::timing::Timing;
use crate::{Hook, SecretId, UnitId};
use trustsim_kernel::{Span, Time};

/// The timers of one agent that cause repeated hooks, and how many of their firings were handled.
#[derive(Clone, Debug)]
pub(crate) struct Repeats<'a> {
    timer: Option<Timer<'a>>,
    timer_handled: u64,
    expiries: Vec<((SecretId, u32), Expiry)>,
}

impl Repeats<'_> {
    /// The hook due at `t`: expired secrets first, update-status last.
    pub(crate) fn due(&self, t: Time) -> Option<Hook> {
        for ((secret, revision), expiry) in &self.expiries {
            if expiry.fired(t) > expiry.handled {
                let (secret, revision) = (*secret, *revision);
                return Some(Hook::SecretExpired { secret, revision });
            }
        }
        let timer = self.timer.as_ref()?;
        (timer.fired(t) > self.timer_handled).then_some(Hook::UpdateStatus)
    }

    /// The first firing after `t`; [`Time::MAX`] if there is none.
    pub(crate) fn next_after(&self, t: Time) -> Time {
        let timer = self
            .timer
            .iter()
            .map(|timer| timer.firing(timer.fired(t) + 1));
        let expiries = self.expiries.iter();
        let expiries = expiries.map(|(_, expiry)| expiry.firing(expiry.fired(t) + 1));
        timer.chain(expiries).fold(Time::MAX, Time::min)
    }

    /// What a hook that starts at `t` is told: it takes along every update-status that fired.
    fn snapshot(&self, hook: &Hook, t: Time) -> Snapshot {
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
    fn commit(&mut self, hook: &Hook, snapshot: Snapshot) {
        self.timer_handled = snapshot.timer;
        for (key, expiry) in &mut self.expiries {
            if Some(*key) == hook.secret_revision() {
                expiry.handled = snapshot.firings;
            }
        }
    }

    /// Adds every firing after `from` and before `until`.
    fn add_firings(&self, from: Time, until: Time, found: &mut Vec<Time>) {
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
    fn timers(&self) -> usize {
        self.expiries.len() + usize::from(self.timer.is_some())
    }

    /// The shortest time between two firings of one of them.
    fn period_min(&self) -> Span {
        let interval = self.timer.as_ref().map(|timer| timer.interval / 5 * 4);
        interval.map_or(SECRET_EXPIRE_RETRY, |interval| {
            interval.min(SECRET_EXPIRE_RETRY)
        })
    }

    /// Marks every firing before `t` as handled.
    fn handle_before(&mut self, t: Time) {
        let just_before = t - Span::from_nanos(1);
        if let Some(timer) = &self.timer {
            self.timer_handled = timer.fired(just_before);
        }
        for (_, expiry) in &mut self.expiries {
            expiry.handled = expiry.fired(just_before);
        }
    }
}

/// What an agent does at an instant of a replay.
#[derive(Clone, Debug)]
pub(crate) enum ReplayState {
    /// Nothing since then.
    Resting(Time),
    /// It waits for the machine lock.
    Waiting,
    /// It looks for the machine lock again then.
    Polling(Time),
    /// It runs a hook.
    Running {
        hook: Hook,
        snapshot: Snapshot,
        began: Time,
        ends: Time,
    },
}

/// Where a replay leaves an agent.
#[derive(Clone, Debug)]
pub(crate) struct Replayed {
    pub unit: UnitId,
    pub timer_handled: u64,
    pub expiries: Vec<((SecretId, u32), Expiry)>,
    pub state: ReplayState,
}

struct Member<'a> {
    unit: UnitId,
    repeats: Repeats<'a>,
    state: ReplayState,
}

impl Member<'_> {
    /// When something happens to it by itself next.
    fn next_at(&self) -> Time {
        match &self.state {
            ReplayState::Resting(since) if self.repeats.due(*since).is_some() => *since,
            ReplayState::Resting(since) => self.repeats.next_after(*since),
            ReplayState::Waiting => Time::MAX,
            ReplayState::Polling(at) => *at,
            ReplayState::Running { ends, .. } => *ends,
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.state, ReplayState::Running { .. })
    }
}

/// Agents that share a lock, on paper.
pub(crate) struct Replay<'a> {
    timing: Timing<'a>,
    members: Vec<Member<'a>>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(timing: Timing<'a>, units: &[UnitId]) -> Self {
        let members = units.iter().filter_map(move |unit| {
            Some(Member {
                unit: *unit,
                repeats: timing.repeats(*unit)?,
                state: ReplayState::Resting(Time::EPOCH),
            })
        });
        Self {
            members: members.collect(),
            timing,
        }
    }

    /// Plays what starts before `until`, up to `now`; all were at rest at `from`.
    pub(crate) fn play(mut self, from: Time, until: Time, now: Time) -> Vec<Replayed> {
        let rested = self.surely_at_rest(from, until);
        for member in &mut self.members {
            if let Some(at) = rested {
                member.repeats.handle_before(at);
            }
            member.state = ReplayState::Resting(rested.unwrap_or(from));
        }
        while let Some(index) = self.next_member(until, now) {
            if self.members[index].is_running() {
                self.end_hook(index);
            } else {
                self.try_hook(index);
            }
        }
        let replayed = self.members.into_iter().map(|member| Replayed {
            unit: member.unit,
            timer_handled: member.repeats.timer_handled,
            expiries: member.repeats.expiries,
            state: member.state,
        });
        replayed.collect()
    }

    /// To whom something happens next: a hook that starts before `until`, or ends by `now`.
    fn next_member(&self, until: Time, now: Time) -> Option<usize> {
        let counts = |member: &Member<'_>, at: Time| match member.state {
            ReplayState::Running { .. } => at <= now,
            _ => at < until,
        };
        let due = self
            .members
            .iter()
            .enumerate()
            .filter_map(|(index, member)| {
                let at = member.next_at();
                counts(member, at).then_some((at, index))
            });
        due.min().map(|(_, index)| index)
    }

    fn try_hook(&mut self, index: usize) {
        if self.members.iter().any(Member::is_running) {
            self.members[index].state = ReplayState::Waiting;
            return;
        }
        assert!(
            !matches!(self.members[index].state, ReplayState::Waiting),
            "a unit waits for a machine lock that is free"
        );
        let member = &mut self.members[index];
        let start = member.next_at();
        let Some(hook) = member.repeats.due(start) else {
            member.state = ReplayState::Resting(start);
            return;
        };
        let snapshot = member.repeats.snapshot(&hook, start);
        let ends = start + self.timing.hook_duration(member.unit, start);
        member.state = ReplayState::Running {
            hook,
            snapshot,
            began: start,
            ends,
        };
    }

    fn end_hook(&mut self, index: usize) {
        let member = &mut self.members[index];
        let ends = member.next_at();
        if let ReplayState::Running { hook, snapshot, .. } = &member.state {
            member.repeats.commit(hook, *snapshot);
        }
        member.state = ReplayState::Resting(ends);
        for member in &mut self.members {
            if matches!(member.state, ReplayState::Waiting) {
                member.state =
                    ReplayState::Polling(ends + self.timing.lock_poll(member.unit, ends));
            }
        }
    }

    /// The latest instant up to `until`, and after `from`, before which every agent was surely at
    /// rest with everything handled.
    ///
    /// Within less than a period each timer fires once at most, so hooks that follow each other
    /// without rest take no longer than `busy_max`: one hook of each timer, and a wait for the
    /// lock before it. All are at rest at the end of every stretch of that length without a
    /// firing.
    fn surely_at_rest(&self, from: Time, until: Time) -> Option<Time> {
        let timers: usize = self
            .members
            .iter()
            .map(|member| member.repeats.timers())
            .sum();
        let turn = self.timing.latencies.hook_max + MACHINE_LOCK_POLL;
        let busy_max = turn * to_u32(timers);
        let periods = self
            .members
            .iter()
            .map(|member| member.repeats.period_min());
        let shortest = periods
            .min()
            .expect("agents are elided one or more at a time");
        if busy_max >= shortest {
            return None;
        }
        let mut window = SECRET_EXPIRE_RETRY * 2;
        while from + window < until {
            let since = until - window;
            let mut later = until;
            for firing in self.firings(since, until).into_iter().rev().chain([since]) {
                if later.since(firing) > busy_max {
                    return Some(later);
                }
                later = firing;
            }
            window *= 2;
        }
        None
    }

    /// Every firing of a timer of theirs after `from` and before `until`, in order.
    fn firings(&self, from: Time, until: Time) -> Vec<Time> {
        let mut found: Vec<Time> = Vec::new();
        for member in &self.members {
            member.repeats.add_firings(from, until, &mut found);
        }
        found.sort_unstable();
        found
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
