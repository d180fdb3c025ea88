//! Delay and loss between an agent and its controller: what reaches an agent late, how long its calls of the
//! controller's API take, how its dials fare. Reads only.
//!
//! A connection outlives everything but a missed ping (juju/juju 3.6 `api/monitor.go`); what is
//! under way when the disruption ends arrives then. Hooks of a unit with such a connection are played one by
//! one, repeated ones too, because how long they take can only be told by playing them.

use crate::timing::Timing;
use crate::{ConnectionError, Hook, UnitId};
use trustsim_kernel::{Seq, Span, Time};

/// First wait before TCP sends a lost packet again (RFC 6298; Linux `TCP_RTO_MIN`).
const RESEND_MIN: Span = Span::from_millis(200);
/// Longest wait (Linux `TCP_RTO_MAX`).
const RESEND_MAX: Span = Span::from_secs(120);
/// A new connection's TCP handshake takes no longer than that, or the dial has failed; the whole
/// login no longer than that (juju/juju 3.6 `internal/worker/apicaller`, `DialTimeout`,
/// `Timeout`).
const DIAL_TIMEOUT: Span = Span::from_secs(3);
const LOGIN_TIMEOUT: Span = Span::from_secs(60);
/// A lost SYN is sent again one second later, the next time after two more (RFC 6298 2.1).
const SYN_AT: [Span; 2] = [Span::ZERO, Span::from_secs(1)];
/// TLS 1.3, the websocket's upgrade and `Admin.Login`, a round trip each.
const LOGIN_CALLS: u32 = 3;
/// Calls that every hook makes: six to fill its context, one to say that the agent executes, three
/// to keep the agent's own state, one to commit (juju/juju 3.6 `internal/worker/uniter`:
/// `runner/context/contextfactory.go` `updateContext`, `operation/runhook.go`,
/// `operation/executor.go`). An estimate from reading those, not a count of a running agent's calls.
const HOOK_CALLS: u32 = 11;
/// On a machine also its addresses (`updateContext`).
const MACHINE_CALLS: u32 = 2;
/// Pings are looked at for so many at a time.
pub(super) const PINGS_AHEAD: u32 = 1_440;

const PURPOSE_RESEND: u64 = 0x7265_7365;
const PURPOSE_SYN: u64 = 0x7379_6e3f;
/// What is sent, so that each is lost or not by a draw of its own.
const EVENT: u32 = 0;
pub(super) const PING: u32 = 1;
const LOGIN: u32 = 2;
const CALL: u32 = 16;

/// Delay and loss on a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Impairment {
    /// How much longer a packet takes one way.
    pub(crate) delay: Span,
    /// How many packets in a hundred are lost.
    pub(crate) loss_percent: u32,
    pub(super) cause: Option<Seq>,
}

impl Impairment {
    /// Neither delay nor loss, for others to be added.
    pub(crate) const fn none(cause: Option<Seq>) -> Self {
        Self {
            delay: Span::ZERO,
            loss_percent: 0,
            cause,
        }
    }
}

impl Timing<'_> {
    /// The delay and loss between a unit's agent and its controller now.
    pub(crate) fn impairment(&self, unit: UnitId) -> Option<Impairment> {
        self.impairment_since(unit, Time::MAX)
    }

    /// What there is now of the delay and loss that there was at `since`.
    fn impairment_since(&self, unit: UnitId, since: Time) -> Option<Impairment> {
        if self.network.is_healthy() {
            return None;
        }
        self.network
            .impairment(since, |path| self.is_on(path, unit))
    }

    /// When a change made now reaches the agent.
    pub(crate) fn arrival(&self, unit: UnitId, now: Time) -> Time {
        now + self.lag(unit, now)
    }

    /// Whether a change made at `at` has reached the agent by `now`.
    pub(crate) fn has_arrived(&self, unit: UnitId, at: Time, now: Time) -> bool {
        at + self.lag(unit, at) <= now
    }

    /// Whether an agent knows by `now` of what was asked of it at `at`: an action comes over its
    /// connection, a notice of its workload does not.
    pub(crate) fn is_known(&self, unit: UnitId, hook: &Hook, at: Time, now: Time) -> bool {
        let comes_over = matches!(hook, Hook::Action { .. });
        !comes_over || self.has_arrived(unit, at, now + self.latencies.watch)
    }

    /// How long a change made at `at` is under way to the agent. One that connected later was
    /// told of it with everything else.
    fn lag(&self, unit: UnitId, at: Time) -> Span {
        let watch = self.latencies.watch;
        let Some(impairment) = self.impairment_since(unit, at) else {
            return watch;
        };
        if at < self.agent_of(unit).timer_from {
            return watch;
        }
        watch + self.one_way_delay(unit, impairment, at, EVENT)
    }

    /// How much longer a packet takes that leaves then.
    fn one_way_delay(&self, unit: UnitId, impairment: Impairment, at: Time, number: u32) -> Span {
        let key = u64::from(unit.0) << 32 | u64::from(number) << 5;
        impairment.delay + self.resend_delay(PURPOSE_RESEND, key, at, impairment.loss_percent)
    }

    pub(crate) fn round_trip(
        &self,
        unit: UnitId,
        impairment: Impairment,
        at: Time,
        number: u32,
    ) -> Span {
        let there = self.one_way_delay(unit, impairment, at, number * 2);
        there + self.one_way_delay(unit, impairment, at, number * 2 + 1)
    }

    /// How long what leaves at `at` is sent again and again before it arrives.
    pub(crate) fn resend_delay(&self, purpose: u64, key: u64, at: Time, percent: u32) -> Span {
        let (mut waited, mut wait) = (Span::ZERO, RESEND_MIN);
        for attempt in 0_u64..16 {
            let draw = self
                .streams
                .below(purpose, key | attempt, at.as_nanos(), 100);
            if draw >= u64::from(percent) {
                break;
            }
            waited += wait;
            wait = (wait * 2).min(RESEND_MAX);
        }
        waited
    }

    /// How many calls of the API a hook makes before its charm asks for anything.
    pub(crate) fn count_hook_calls(&self, unit: UnitId) -> u32 {
        let on_machine = self.unit(unit).machine.is_some();
        HOOK_CALLS + if on_machine { MACHINE_CALLS } else { 0 }
    }

    /// How much longer a hook takes that begins at `at` and makes so many calls, one by one.
    pub(crate) fn duration_of_calls(&self, unit: UnitId, at: Time, calls: u32) -> Span {
        let Some(impairment) = self.impairment(unit) else {
            return Span::ZERO;
        };
        let calls = (0..calls).map(|call| self.round_trip(unit, impairment, at, CALL + call));
        calls.fold(Span::ZERO, |sum, call| sum + call)
    }

    /// Whether a unit, or one that it shares its machine with, has delay or loss.
    pub(crate) fn shares_impaired_path(&self, unit: UnitId) -> bool {
        let is_impaired = |id: &UnitId| self.impairment(*id).is_some();
        !self.network.is_healthy() && self.lock_sharers(unit).iter().any(is_impaired)
    }

    /// Why no dial of a unit's agent can succeed, though packets pass: a round trip takes longer
    /// than it waits.
    pub(crate) fn cannot_dial(&self, unit: UnitId) -> Option<(ConnectionError, Option<Seq>)> {
        let impairment = self.impairment(unit)?;
        (impairment.delay * 2 > DIAL_TIMEOUT)
            .then_some((ConnectionError::Timeout, impairment.cause))
    }

    /// How long a dial takes that begins at `at`; or how long it takes to fail, and how.
    pub(crate) fn dial_outcome(
        &self,
        unit: UnitId,
        impairment: Impairment,
        at: Time,
    ) -> Result<Span, (Span, ConnectionError)> {
        let passes = |number: usize| {
            let key = u64::from(unit.0) << 8 | number as u64;
            let draw = self.streams.below(PURPOSE_SYN, key, at.as_nanos(), 100);
            draw >= u64::from(impairment.loss_percent)
        };
        let mut syns = (0..SYN_AT.len()).filter(|n| passes(n * 2) && passes(n * 2 + 1));
        let sent = syns.next().map(|n| SYN_AT[n] + impairment.delay * 2);
        let Some(open) = sent.filter(|open| *open <= DIAL_TIMEOUT) else {
            return Err((DIAL_TIMEOUT, ConnectionError::Timeout));
        };
        let calls = (0..LOGIN_CALLS).map(|n| self.round_trip(unit, impairment, at, LOGIN + n));
        let whole = calls.fold(open, |sum, call| sum + call);
        match whole > LOGIN_TIMEOUT {
            true => Err((LOGIN_TIMEOUT, ConnectionError::LoginTimeout)),
            false => Ok(whole),
        }
    }
}
