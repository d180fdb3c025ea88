//! Hooks that only time brings and that their charm says do nothing are not played: they are
//! *elided*. Each still keeps its agent busy for as long as it takes, so that every other hook
//! runs at the very instant at which it would if all were played.
//!
//! While nothing happens to an agent, elided hooks cost nothing. When something does, the agent
//! is *settled*: brought to where playing them would have brought it, which may be the middle of
//! one. For that it is enough to play the last few again, on paper, from an instant at which the
//! agent was surely at rest.

use super::agent::{Expiry, Running, Told};
use super::repeats::Timer;
use super::{Activity, Effects, Event, Hook, Host, Juju, Quiet, SecretId, Step, UnitId};
use crate::kernel::{Span, Time};

/// Everything that only time brings to one agent, and how much of it was handled.
#[derive(Clone, Debug)]
pub(super) struct Repeats<'a> {
    timer: Option<Timer<'a>>,
    timer_handled: u64,
    expiries: Vec<((SecretId, u32), Expiry)>,
}

/// What a replay of elided hooks comes to.
#[derive(Clone, Debug)]
struct Replayed {
    timer_handled: u64,
    expiries: Vec<((SecretId, u32), Expiry)>,
    /// The hook that is running still: it is handled once it is committed.
    running: Option<(Hook, Told, Time)>,
}

impl Repeats<'_> {
    /// The hook due at `t`: expired secrets first, update-status last.
    fn due(&self, t: Time) -> Option<Hook> {
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
    pub(super) fn next_after(&self, t: Time) -> Time {
        let timer = self
            .timer
            .iter()
            .map(|timer| timer.firing(timer.fired(t) + 1));
        let expiries = self.expiries.iter();
        let expiries = expiries.map(|(_, expiry)| expiry.firing(expiry.fired(t) + 1));
        timer.chain(expiries).min().unwrap_or(Time::MAX)
    }

    /// What a hook that starts at `t` is told: it takes along every update-status that fired.
    fn told(&self, hook: &Hook, t: Time) -> Told {
        let mut expiries = self.expiries.iter();
        let expiry = expiries.find(|(key, _)| Some(*key) == hook.secret_revision());
        Told {
            timer: self.timer.as_ref().map_or(0, |timer| timer.fired(t)),
            firings: expiry.map_or(0, |(_, expiry)| expiry.fired(t)),
            ..Told::default()
        }
    }

    /// Notes that `hook` was committed.
    fn commit(&mut self, hook: &Hook, told: Told) {
        self.timer_handled = told.timer;
        for (key, expiry) in &mut self.expiries {
            if Some(*key) == hook.secret_revision() {
                expiry.handled = told.firings;
            }
        }
    }

    /// Every firing after `from` and before `until`, in order.
    fn firings(&self, from: Time, until: Time) -> Vec<Time> {
        let mut found = Vec::new();
        if let Some(timer) = &self.timer {
            found.extend((timer.fired(from) + 1..=timer.fired(until)).map(|k| timer.firing(k)));
        }
        for (_, expiry) in &self.expiries {
            found.extend((expiry.fired(from) + 1..=expiry.fired(until)).map(|k| expiry.firing(k)));
        }
        found.retain(|at| *at < until);
        found.sort_unstable();
        found
    }

    /// The latest instant up to `until`, and after `rested_at`, before which the agent was surely
    /// at rest with everything handled.
    ///
    /// Within less than a period each timer fires once at most, so hooks that follow each other
    /// without rest take no longer than `busy_max`, one hook of each timer. An agent is at rest
    /// at the end of every stretch of that length without a firing.
    fn surely_at_rest(&self, rested_at: Time, until: Time, hook_max: Span) -> Option<Time> {
        let timers = self.expiries.len() + usize::from(self.timer.is_some());
        let busy_max = hook_max.saturating_mul(u32::try_from(timers).unwrap_or(u32::MAX));
        let interval = self.timer.as_ref().map(|timer| timer.interval / 5 * 4);
        let period_min = interval.map_or(super::agent::SECRET_EXPIRE_RETRY, |interval| {
            interval.min(super::agent::SECRET_EXPIRE_RETRY)
        });
        if busy_max >= period_min {
            return None;
        }
        let mut window = super::agent::SECRET_EXPIRE_RETRY * 2;
        while rested_at + window < until {
            let from = until - window;
            let mut later = until;
            for firing in self.firings(from, until).into_iter().rev().chain([from]) {
                if later.since(firing) > busy_max {
                    return Some(later);
                }
                later = firing;
            }
            window *= 2;
        }
        None
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

impl Juju {
    /// What only time brings to an agent.
    pub(super) fn repeats(&self, id: UnitId) -> Option<Repeats<'_>> {
        let agent = self.agent(id)?;
        let expiries = agent.expiries.iter();
        Some(Repeats {
            timer: agent.started.then(|| self.timer(id)),
            timer_handled: agent.timer_handled,
            expiries: expiries.map(|(key, expiry)| (*key, *expiry)).collect(),
        })
    }

    /// The unit has nothing to do but what time brings; `quiet` is what its charm says of that.
    pub fn rest(&mut self, unit: UnitId, quiet: Quiet, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let skew_ns = self.unit(unit).skew_ns;
        let quiet_until = match quiet {
            _ if self.every_hook || self.shares_machine(unit) => now,
            Quiet::Always | Quiet::Until(Time::MAX) => Time::MAX,
            Quiet::Until(until) => until.skewed_by(skew_ns.saturating_neg()),
            Quiet::No => now,
        };
        let agent = self.agent_mut(unit)?;
        agent.rested_at = now;
        agent.quiet_until = quiet_until;
        agent.awaits_time = quiet == Quiet::No;
        if quiet_until > now {
            self.set_alarm(unit, quiet_until, host);
        } else {
            self.arm_alarm(unit, None, host);
        }
        None
    }

    /// Units that share a machine share its lock, so theirs are all played.
    fn shares_machine(&self, id: UnitId) -> bool {
        let machine = self.unit(id).machine;
        machine.is_some_and(|machine| self.machine(machine).units.len() > 1)
    }

    /// Brings an agent whose repeats were elided to where playing them would have brought it, and
    /// ends the elision: from now on they are played, until it rests again.
    pub(super) fn settle(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let Some(agent) = self.agent(unit).filter(|agent| agent.is_eliding()) else {
            return;
        };
        let until = now.min(agent.quiet_until);
        let replayed = self.replay(unit, until, now);
        let workload = self.unit(unit).workload.clone();
        let Some(agent) = self.agent_mut(unit) else {
            return;
        };
        agent.quiet_until = Time::EPOCH;
        let Some(replayed) = replayed else {
            return;
        };
        agent.timer_handled = replayed.timer_handled;
        agent.expiries.extend(replayed.expiries);
        let Some((hook, told, ends)) = replayed.running else {
            return;
        };
        let draws = agent.draws.clone();
        let effects = Effects {
            workload,
            draws,
            ..Effects::default()
        };
        agent.state = Activity::Running(Box::new(Running {
            hook,
            entry: None,
            effects,
            result: Ok(()),
            failures: 0,
            ends,
            told,
        }));
        host.schedule(ends, Event::HookEnd(unit));
    }

    /// Plays what was elided, starting before `until`, on paper up to `now`.
    fn replay(&self, id: UnitId, until: Time, now: Time) -> Option<Replayed> {
        let mut repeats = self.repeats(id)?;
        let rested_at = self.agent(id)?.rested_at;
        let mut free = rested_at;
        let hook_max = self.latencies.hook_max;
        if let Some(at) = repeats.surely_at_rest(rested_at, until, hook_max) {
            repeats.handle_before(at);
            free = at;
        }
        let mut running = None;
        loop {
            let start = match repeats.due(free) {
                Some(_) => free,
                None => repeats.next_after(free),
            };
            let Some(hook) = repeats.due(start).filter(|_| start < until) else {
                break;
            };
            let told = repeats.told(&hook, start);
            free = start + self.hook_duration(id, start);
            if free > now {
                running = Some((hook, told, free));
                break;
            }
            repeats.commit(&hook, told);
        }
        Some(Replayed {
            timer_handled: repeats.timer_handled,
            expiries: repeats.expiries,
            running,
        })
    }
}
