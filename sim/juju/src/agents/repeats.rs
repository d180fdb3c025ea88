//! Repeated hooks, which a timer causes and no change: update-status, and `secret-expired` after its first
//! time.
//!
//! The k-th firing of a timer is a pure function of (seed, unit, k), found in constant time, and
//! so is the duration of a hook of (seed, unit, start): what was not played can be found again.

use crate::agents::{Agents, Expiry, SECRET_EXPIRE_RETRY};
use crate::convert::{nanos, narrow_nanos, to_u32};
use crate::timing::Timing;
use crate::{Event, Host, UnitId};
use trustsim_kernel::{Span, Streams, Time};

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
pub(crate) struct Timer<'a> {
    pub streams: &'a Streams,
    pub unit: u64,
    pub from: Time,
    pub interval: Span,
}

impl Timer<'_> {
    /// The instant of firing `k`, from 1.
    pub(crate) fn firing(&self, k: u64) -> Time {
        let interval_ns = nanos(self.interval);
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
        let offset = u64::try_from(offset).expect("a timer fires after it was set");
        self.from + Span::from_nanos(offset)
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
    pub(crate) fn fired(&self, now: Time) -> u64 {
        let elapsed = now.since(self.from).as_nanos();
        let mut k = narrow_nanos(elapsed / self.interval.as_nanos()) + 1;
        while k > 0 && self.firing(k) > now {
            k -= 1;
        }
        k
    }
}

impl Expiry {
    /// How often it has fired by `now`.
    pub(crate) fn fired(&self, now: Time) -> u64 {
        if now < self.from {
            return 0;
        }
        1 + now.since(self.from).as_secs() / SECRET_EXPIRE_RETRY.as_secs()
    }

    /// Where in its period it fires.
    pub(crate) fn phase_ns(&self) -> u64 {
        self.from.as_nanos() % nanos(SECRET_EXPIRE_RETRY)
    }

    /// The instant of firing `k`, from 1.
    pub(crate) fn firing(&self, k: u64) -> Time {
        assert!(k > 0, "firings of an expiry are counted from 1");
        self.from + SECRET_EXPIRE_RETRY * to_u32(k - 1)
    }
}

impl<'a> Timing<'a> {
    pub(crate) fn timer(&self, id: UnitId) -> Timer<'a> {
        let unit = self.unit(id);
        let model = self.model(self.application(unit.application).model);
        let from = unit
            .agent
            .as_ref()
            .map_or(Time::EPOCH, |agent| agent.timer_from);
        Timer {
            streams: self.streams,
            unit: u64::from(id.0),
            from,
            interval: model.update_status_interval,
        }
    }

    /// How long a hook that starts at `at` takes: a function of (seed, unit, start).
    pub(crate) fn hook_duration(&self, id: UnitId, at: Time) -> Span {
        let (low, high) = (self.latencies.hook_min, self.latencies.hook_max);
        self.streams
            .between(PURPOSE_DURATION, u64::from(id.0), at.as_nanos(), low, high)
    }
}

impl Agents {
    /// Schedules the agent's own timer for the next repeat, if that comes before `before`.
    pub(crate) fn arm_alarm(&mut self, id: UnitId, before: Option<Time>, host: &mut dyn Host) {
        let now = host.now();
        let Some(next) = self
            .timing()
            .repeats(id)
            .map(|repeats| repeats.next_after(now))
        else {
            return;
        };
        if before.is_none_or(|before| next < before) {
            self.set_alarm(id, next, host);
        }
    }

    /// Sets the agent's own timer to `at`, instead of what it was set to before.
    pub(crate) fn set_alarm(&mut self, id: UnitId, at: Time, host: &mut dyn Host) {
        let agent = self.topology.agent_of_mut(id);
        if at < Time::MAX && agent.alarm != at {
            // Otherwise each look would leave a timer behind: a million of them, where a thousand units look a thousand times.
            if let Some(before) = agent.alarm_event.take() {
                host.cancel(before);
            }
            agent.alarm = at;
            agent.alarm_event = Some(host.schedule(at, Event::Alarm(id)));
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
