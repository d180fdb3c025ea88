//! Hooks that only time brings: update-status, and secret events that are repeated.
//!
//! Nearly all of them do nothing. The k-th firing of a timer is a pure function of (seed, unit,
//! k), found in constant time, so a firing that its charm says does nothing is not played: it is
//! *elided*. It still keeps the agent busy for as long as it takes, which is found again when
//! something wants to know.

use super::agent::SECRET_EXPIRE_RETRY;
use super::{Hook, Juju, Quiet, SecretId, UnitId};
use crate::kernel::{Span, Streams, Time};

const PURPOSE_JITTER: u64 = 0x7570_6a69;
const PURPOSE_DRIFT: u64 = 0x7570_6472;
const PURPOSE_DURATION: u64 = 0x6475_7261;
/// Firings between two points of the timer's drift.
const DRIFT_BLOCK: u64 = 64;

/// The update-status timer of one unit.
///
/// Juju arms it again at each firing with I*(0.8 + 0.4*U) (juju/juju 3.6 `uniter/uniter.go`,
/// `updateStatusSignal`). Ours keeps every wait within the same bounds and loses its phase
/// within a few hours, but is a function of k: k*I, plus a drift that moves linearly between
/// points drawn every 64 firings, plus a jitter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer<'a> {
    pub streams: &'a Streams,
    pub unit: u64,
    pub from: Time,
    pub interval: Span,
}

impl Timer<'_> {
    /// The instant of firing `k`, from 1.
    pub(super) fn firing(&self, k: u64) -> Time {
        let interval_ns = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX / 4);
        let jitter_ns = interval_ns / 100 * 8;
        let jitter = self
            .streams
            .below(PURPOSE_JITTER, self.unit, k, 2 * jitter_ns + 1);
        let (block, within) = (k / DRIFT_BLOCK, k % DRIFT_BLOCK);
        let (low, high) = (
            self.drift(block, interval_ns),
            self.drift(block + 1, interval_ns),
        );
        let drift = (i128::from(low) * i128::from(DRIFT_BLOCK - within)
            + i128::from(high) * i128::from(within))
            / i128::from(DRIFT_BLOCK);
        let offset = i128::from(interval_ns) * i128::from(k) + drift + i128::from(jitter)
            - i128::from(jitter_ns);
        self.from + Span::from_nanos(u64::try_from(offset.max(0)).unwrap_or(u64::MAX))
    }

    fn drift(&self, block: u64, interval_ns: u64) -> i64 {
        if block == 0 {
            return 0;
        }
        self.streams
            .below(PURPOSE_DRIFT, self.unit, block, interval_ns)
            .cast_signed()
    }

    /// How many firings there were at or before `now`.
    pub(super) fn fired(&self, now: Time) -> u64 {
        let elapsed = now.since(self.from).as_nanos();
        let interval = self.interval.as_nanos().max(1);
        let mut k = u64::try_from(elapsed / interval).unwrap_or(u64::MAX) + 1;
        while k > 0 && self.firing(k) > now {
            k -= 1;
        }
        k
    }
}

impl Juju {
    pub(super) fn timer(&self, id: UnitId) -> Timer<'_> {
        let unit = self.unit(id);
        let model = self.model(self.application(unit.application).model);
        let from = unit
            .agent
            .as_ref()
            .map_or(Time::EPOCH, |agent| agent.timer_from);
        Timer {
            streams: &self.streams,
            unit: u64::from(id.0),
            from,
            interval: model.update_status_interval,
        }
    }

    /// How long a hook that starts at `at` takes: a function of (seed, unit, start).
    pub(super) fn hook_duration(&self, id: UnitId, at: Time) -> Span {
        let (low, high) = (self.latencies.hook_min, self.latencies.hook_max);
        self.streams
            .between(PURPOSE_DURATION, u64::from(id.0), at.as_nanos(), low, high)
    }

    /// How often a secret's expiry has been signalled by `now`.
    pub(super) fn expiry_firings(&self, id: SecretId, now: Time) -> u64 {
        let secret = self.secret(id);
        match secret.fires_from {
            Some(from) if from <= now && !secret.removed => {
                1 + now.since(from).as_secs() / SECRET_EXPIRE_RETRY.as_secs()
            }
            _ => 0,
        }
    }

    /// Whether hooks that only time brings are skipped now. Units that share a machine share
    /// its lock, so theirs are all played.
    pub(super) fn elides(&self, id: UnitId, now: Time) -> bool {
        if self.every_hook || self.shares_machine(id) {
            return false;
        }
        let unit = self.unit(id);
        match unit.agent.as_ref().map_or(Quiet::No, |agent| agent.quiet) {
            Quiet::Always => true,
            Quiet::Until(until) => now.skewed_by(unit.skew_ns) < until,
            Quiet::No => false,
        }
    }

    fn shares_machine(&self, id: UnitId) -> bool {
        self.unit(id)
            .machine
            .is_some_and(|machine| self.machine(machine).units.len() > 1)
    }

    /// Plays elided hooks up to `now` without running them: counts their firings as handled and
    /// notes until when the last ones keep the agent busy.
    pub(super) fn elide(&mut self, id: UnitId, now: Time) {
        let mut due: Vec<(Time, bool)> = Vec::new();
        let Some(agent) = self.agent(id) else {
            return;
        };
        let timer = self.timer(id);
        let fired = timer.fired(now);
        if fired > agent.timer_handled {
            due.push((timer.firing(fired), true));
        }
        let mut expiries = Vec::new();
        for secret in self.owned_secrets(id, agent.leader) {
            let firings = self.expiry_firings(secret, now);
            let handled = agent.expiries.get(&secret).copied().unwrap_or(0);
            if firings > handled && handled > 0 {
                due.push((self.expiry_firing(secret, firings), false));
                expiries.push((secret, firings));
            }
        }
        due.sort_unstable();
        let mut busy_until = agent.elided_until;
        for (at, _) in due {
            let starts = at.max(busy_until);
            busy_until = starts + self.hook_duration(id, starts);
        }
        if let Some(agent) = self.agent_mut(id) {
            agent.timer_handled = fired.max(agent.timer_handled);
            agent.expiries.extend(expiries);
            agent.elided_until = busy_until;
        }
    }

    fn expiry_firing(&self, id: SecretId, firing: u64) -> Time {
        let from = self.secret(id).fires_from.unwrap_or(Time::MAX);
        from + SECRET_EXPIRE_RETRY * u32::try_from(firing.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// A hook that only time brings and that is due now: secrets first, update-status last.
    pub(super) fn repeat_due(&self, id: UnitId, now: Time) -> Option<Hook> {
        let agent = self.agent(id)?;
        if agent.dying || !agent.installed {
            return None;
        }
        for secret in self.owned_secrets(id, agent.leader) {
            let handled = agent.expiries.get(&secret).copied().unwrap_or(0);
            if handled > 0 && self.expiry_firings(secret, now) > handled {
                let revision = self.secret(secret).latest();
                return Some(Hook::SecretExpired { secret, revision });
            }
        }
        let due = agent.started && self.timer(id).fired(now) > agent.timer_handled;
        due.then_some(Hook::UpdateStatus)
    }

    /// When the next hook that only time brings must be played; `None` while all are elided.
    pub(super) fn next_repeat(&self, id: UnitId, now: Time) -> Option<Time> {
        let agent = self.agent(id)?;
        let skew_ns = self.unit(id).skew_ns;
        let after = if self.elides(id, now) {
            match agent.quiet {
                Quiet::Until(until) if until < Time::MAX => until.skewed_by(-skew_ns),
                _ => return None,
            }
        } else {
            now
        };
        let timer = self.timer(id);
        let mut next = timer.firing(timer.fired(after) + 1);
        if timer.fired(after) > agent.timer_handled && after > now {
            next = next.min(timer.firing(timer.fired(after) + 1));
        }
        for secret in self.owned_secrets(id, agent.leader) {
            let firings = self.expiry_firings(secret, after);
            if firings > 0 {
                next = next.min(self.expiry_firing(secret, firings + 1));
            }
        }
        Some(next.max(now))
    }

    /// Notes that the repeats fired so far are handled by the hook that starts now.
    pub(super) fn repeat_starts(&mut self, id: UnitId, hook: &Hook, now: Time) {
        let fired = self.timer(id).fired(now);
        let firings = match hook {
            Hook::SecretExpired { secret, .. } => {
                Some((*secret, self.expiry_firings(*secret, now)))
            }
            _ => None,
        };
        let elides = self.elides(id, now);
        if let Some(agent) = self.agent_mut(id) {
            if matches!(hook, Hook::UpdateStatus) || elides {
                agent.timer_handled = agent.timer_handled.max(fired);
            }
            agent.expiries.extend(firings);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// juju/juju 3.6: each wait is the interval, give or take a fifth.
        #[test]
        fn every_wait_is_within_a_fifth_of_the_interval(seed: u64, unit: u64, k in 1_u64..200_000) {
            let streams = Streams::new(seed);
            let interval = Span::from_secs(300);
            let timer = Timer { streams: &streams, unit, from: Time::from_seconds(1_000), interval };
            let wait = timer.firing(k + 1).since(timer.firing(k));
            prop_assert!((240..=360).contains(&wait.as_secs()), "{wait:?}");
        }

        #[test]
        fn firings_are_counted_without_playing_them(seed: u64, seconds in 0_u64..40_000_000) {
            let streams = Streams::new(seed);
            let from = Time::from_seconds(1_000);
            let timer = Timer { streams: &streams, unit: 7, from, interval: Span::from_secs(300) };
            let now = from + Span::from_secs(seconds);
            let fired = timer.fired(now);
            prop_assert!(timer.firing(fired + 1) > now);
            prop_assert!(fired == 0 || timer.firing(fired) <= now);
        }
    }
}
