//! Elided hooks, played on paper: which agents of one machine would have run what, and where that
//! has left them by now. The last few are enough, from an instant at which all were surely at rest.

use std::cmp::Reverse;

use crate::agents::firings::{Firings, Repeats};
use crate::agents::{Expiry, MACHINE_LOCK_POLL, SECRET_EXPIRE_RETRY, Snapshot};
use crate::convert::to_u32;
use crate::timing::Timing;
use crate::{Hook, SecretId, UnitId};
use trustsim_kernel::{Span, Time};

/// Of hooks without a sure rest among them so much is replayed. A unit with a hundred expired revisions may run hooks all
/// the time: ten years of those are a hundred million. Two replays that rest at one instant are the same from there on, so
/// where the unit rests at all in most turns of its timers, a day leaves it where all of the time would have.
const REPLAYED_MOST: Span = Span::from_secs(86_400);

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
    firings: Firings,
    state: ReplayState,
    /// When something happens to it by itself next.
    next_at: Time,
    /// How much longer its hooks take than those that call no service.
    spends: Span,
}

impl Member<'_> {
    /// It is in another state.
    fn enter(&mut self, state: ReplayState) {
        self.next_at = match &state {
            ReplayState::Resting(since) => {
                self.firings.go_on(&self.repeats, *since);
                let next = self.firings.upcoming.peek();
                match (self.firings.due.is_empty(), next) {
                    (false, _) => *since,
                    (true, Some(Reverse((at, _)))) => *at,
                    (true, None) => Time::MAX,
                }
            }
            ReplayState::Waiting => Time::MAX,
            ReplayState::Polling(at) => *at,
            ReplayState::Running { ends, .. } => *ends,
        };
        self.state = state;
    }

    /// The hook that begins at `t`, if one is due.
    fn take_hook(&mut self, t: Time) -> Option<Hook> {
        self.firings.go_on(&self.repeats, t);
        let index = self.firings.due.pop_first()?;
        // Any hook takes along every update-status that fired.
        let update_status = self.repeats.expiries.len();
        self.firings.due.remove(&update_status);
        Some(self.repeats.hook(index))
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
                firings: Firings::default(),
                state: ReplayState::Resting(Time::EPOCH),
                next_at: Time::MAX,
                spends: timing.agent_of(*unit).repeats_spend,
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
        let rested = rested.or_else(|| assumed_at_rest(from, until));
        for member in &mut self.members {
            if let Some(at) = rested {
                member.repeats.handle_before(at);
            }
            let since = rested.unwrap_or(from);
            member.firings = Firings::at(&member.repeats, since);
            member.enter(ReplayState::Resting(since));
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
                let at = member.next_at;
                counts(member, at).then_some((at, index))
            });
        due.min().map(|(_, index)| index)
    }

    fn try_hook(&mut self, index: usize) {
        if self.members.iter().any(Member::is_running) {
            self.members[index].enter(ReplayState::Waiting);
            return;
        }
        assert!(
            !matches!(self.members[index].state, ReplayState::Waiting),
            "a unit waits for a machine lock that is free"
        );
        let member = &mut self.members[index];
        let start = member.next_at;
        let Some(hook) = member.take_hook(start) else {
            member.enter(ReplayState::Resting(start));
            return;
        };
        let snapshot = member.repeats.snapshot(&hook, start);
        let ends = start + self.timing.hook_duration(member.unit, start) + member.spends;
        member.enter(ReplayState::Running {
            hook,
            snapshot,
            began: start,
            ends,
        });
    }

    fn end_hook(&mut self, index: usize) {
        let member = &mut self.members[index];
        let ends = member.next_at;
        if let ReplayState::Running { hook, snapshot, .. } = &member.state {
            member.repeats.commit(hook, *snapshot);
        }
        member.enter(ReplayState::Resting(ends));
        for member in &mut self.members {
            if matches!(member.state, ReplayState::Waiting) {
                let poll = self.timing.lock_poll(member.unit, ends);
                member.enter(ReplayState::Polling(ends + poll));
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
        let spends = self.members.iter().map(|member| member.spends);
        let spends_most = spends
            .max()
            .expect("agents are elided one or more at a time");
        let turn = self.timing.latencies.hook_max + spends_most + MACHINE_LOCK_POLL;
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

/// Where a replay begins that would have to go back further than [`REPLAYED_MOST`]: assumed to be at rest, with everything
/// handled.
fn assumed_at_rest(from: Time, until: Time) -> Option<Time> {
    (from + REPLAYED_MOST < until).then(|| until - REPLAYED_MOST)
}
