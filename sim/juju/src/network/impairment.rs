//! Delay and loss between an agent and its controller: what reaches an agent late, how long its calls of the
//! controller's API take, which health pings it misses, how its dials fare.
//!
//! A connection outlives everything but a missed ping (juju/juju 3.6 `api/monitor.go`); what is
//! under way when the disruption ends arrives then. Hooks of a unit with such a connection are played one by
//! one, repeats too: how long they take is nothing that could be told without playing them.

use super::{PING_PERIOD, PING_TIMEOUT};
use crate::agent::dial_delay;
use crate::convert::{count, narrow_nanos};
use crate::{About, Activity, ConnectionError, Event, Happening, Hook, Host, Juju, UnitId};
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
const PINGS_AHEAD: u32 = 1_440;

const PURPOSE_RESEND: u64 = 0x7265_7365;
const PURPOSE_SYN: u64 = 0x7379_6e3f;
/// What is sent, so that each is lost or not by a draw of its own.
const EVENT: u32 = 0;
const PING: u32 = 1;
const LOGIN: u32 = 2;
const CALL: u32 = 16;

/// Delay and loss on a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Impairment {
    /// How much longer a packet takes one way.
    pub(super) delay: Span,
    /// How many packets in a hundred are lost.
    pub(super) loss_percent: u32,
    cause: Option<Seq>,
}

impl Impairment {
    /// Neither delay nor loss, for others to be added.
    pub(super) const fn none(cause: Option<Seq>) -> Self {
        Self {
            delay: Span::ZERO,
            loss_percent: 0,
            cause,
        }
    }
}

impl Juju {
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
        if self.agent(unit).is_some_and(|agent| at < agent.timer_from) {
            return watch;
        }
        watch + self.one_way(unit, impairment, at, EVENT)
    }

    /// How much longer a packet takes that leaves then.
    fn one_way(&self, unit: UnitId, impairment: Impairment, at: Time, number: u32) -> Span {
        let key = u64::from(unit.0) << 32 | u64::from(number) << 5;
        impairment.delay + self.resent(PURPOSE_RESEND, key, at, impairment.loss_percent)
    }

    fn round_trip(&self, unit: UnitId, impairment: Impairment, at: Time, number: u32) -> Span {
        let there = self.one_way(unit, impairment, at, number * 2);
        there + self.one_way(unit, impairment, at, number * 2 + 1)
    }

    /// How long what leaves at `at` is sent again and again before it arrives.
    pub(crate) fn resent(&self, purpose: u64, key: u64, at: Time, percent: u32) -> Span {
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
    pub(crate) fn calls_of_a_hook(&self, unit: UnitId) -> u32 {
        let on_machine = self.unit(unit).machine.is_some();
        HOOK_CALLS + if on_machine { MACHINE_CALLS } else { 0 }
    }

    /// How much longer a hook takes that begins at `at` and makes so many calls, one by one.
    pub(crate) fn calls_take(&self, unit: UnitId, at: Time, calls: u32) -> Span {
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

    /// Delay or loss began: repeats are played from now on, what is left of a running hook
    /// takes longer, and pings may be missed.
    pub(crate) fn impair(&mut self, units: &[UnitId], host: &mut dyn Host) {
        let now = host.now();
        for unit in units {
            self.settle(*unit, host);
            let Some(agent) = self.agent(*unit) else {
                continue;
            };
            let repeats = matches!(&agent.state, Activity::Running(running) if agent.is_repeat(&running.hook));
            // Of an elided hook it is not known which calls are left.
            if !repeats {
                self.change_pace(*unit, host);
            }
            self.watch_pings(*unit, now, host);
            host.schedule(now, Event::Wake(*unit));
        }
    }

    /// Delay or loss ended: what is under way arrives, what is left of a hook is done sooner.
    pub(crate) fn relieve(&mut self, units: &[UnitId], host: &mut dyn Host) {
        let now = host.now();
        for unit in units {
            self.change_pace(*unit, host);
            self.watch_pings(*unit, now, host);
            host.schedule(now + self.latencies.watch, Event::Wake(*unit));
        }
    }

    /// What is left of a running hook takes as long as its calls now take.
    fn change_pace(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let Some(Activity::Running(running)) = self.agent(unit).map(|agent| &agent.state) else {
            return;
        };
        let (mut pace, ends) = (running.pace, running.ends);
        if ends <= now {
            return; // Its last call hangs.
        }
        let (left, whole) = (
            ends.since(now).as_nanos(),
            ends.since(pace.since).as_nanos(),
        );
        assert!(
            left <= whole && left > 0,
            "{left} ns are left of a hook's {whole} ns"
        );
        pace.base = Span::from_nanos(narrow_nanos(pace.base.as_nanos() * left / whole));
        pace.calls = count((u128::from(pace.calls) * left).div_ceil(whole));
        // The commit is a call, and still to come.
        pace.calls = pace.calls.max(1);
        pace.since = now;
        let anew = now + pace.base + self.calls_take(unit, now, pace.calls);
        if let Some(agent) = self.topology.agent_mut(unit)
            && let Activity::Running(running) = &mut agent.state
        {
            running.pace = pace;
            running.ends = anew;
        }
        if anew != ends {
            host.schedule(anew, Event::HookEnd(unit));
        }
    }

    /// Looks for the next ping that is missed. They are sent a minute after the connection was
    /// made, and a minute after each answer.
    pub(crate) fn watch_pings(&mut self, unit: UnitId, now: Time, host: &mut dyn Host) {
        let Some(agent) = self.agent(unit).filter(|agent| agent.connected) else {
            return;
        };
        let Some(impairment) = self.impairment(unit) else {
            return;
        };
        let period_ns = PING_PERIOD.as_nanos();
        let since = now.since(agent.timer_from).as_nanos() % period_ns;
        let to_next = narrow_nanos(period_ns - since);
        self.look_at_pings(unit, impairment, now + Span::from_nanos(to_next), host);
    }

    fn look_at_pings(
        &mut self,
        unit: UnitId,
        impairment: Impairment,
        first: Time,
        host: &mut dyn Host,
    ) {
        let (mut at, mut missed) = (first, false);
        for _ in 0..PINGS_AHEAD {
            let answered = self.round_trip(unit, impairment, at, PING);
            if answered > PING_TIMEOUT {
                missed = true;
                break;
            }
            at = at + answered + PING_PERIOD;
        }
        let looked_at = if missed { at + PING_TIMEOUT } else { at };
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.ping_at = looked_at;
            agent.ping_missed = missed;
        }
        host.schedule(looked_at, Event::Ping(unit));
    }

    /// A ping is missed, or more of them are to be looked at.
    pub(crate) fn ping(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let (Some(agent), Some(impairment)) = (self.agent(unit), self.impairment(unit)) else {
            return;
        };
        if agent.ping_at != now || !agent.connected {
            return;
        }
        if !agent.ping_missed {
            return self.look_at_pings(unit, impairment, now, host);
        }
        let hung = agent.is_hung(now);
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.cut_by = impairment.cause;
        }
        self.disconnect(unit, host);
        let happening = Happening::AgentNotConnected(ConnectionError::PingTimeout);
        host.record(impairment.cause, About::Unit(unit), happening);
        if hung {
            self.end_hung_hook(unit, host);
        }
        if self.agent_refusal(unit).is_some() || self.cannot_dial(unit).is_some() {
            self.await_controller(unit, host);
        } else {
            host.schedule(now + dial_delay(1), Event::AgentStart(unit));
        }
    }

    /// Why no dial of a unit's agent can succeed, though packets pass: a round trip takes longer
    /// than it waits.
    pub(crate) fn cannot_dial(&self, unit: UnitId) -> Option<(ConnectionError, Option<Seq>)> {
        let impairment = self.impairment(unit)?;
        (impairment.delay * 2 > DIAL_TIMEOUT)
            .then_some((ConnectionError::Timeout, impairment.cause))
    }

    /// An agent dials with delay or loss; true where it is connected now.
    pub(crate) fn dial_through_impairment(&mut self, unit: UnitId, host: &mut dyn Host) -> bool {
        let now = host.now();
        let Some((impairment, agent)) = self.impairment(unit).zip(self.agent(unit)) else {
            return true;
        };
        if agent.dials_until >= now {
            return agent.dials_until == now; // The dial is over, or still under way.
        }
        let fate = self.dial_outcome(unit, impairment, now);
        let Some(agent) = self.topology.agent_mut(unit) else {
            return false;
        };
        agent.cut_by = impairment.cause;
        match fate {
            Ok(after) => {
                agent.dials_until = now + after;
                host.schedule(now + after, Event::AgentStart(unit));
            }
            Err((after, error)) => {
                agent.dials_failed += 1;
                let again = now + after + dial_delay(agent.dials_failed);
                let happening = Happening::AgentNotConnected(error);
                host.record(impairment.cause, About::Unit(unit), happening);
                host.schedule(again, Event::AgentStart(unit));
            }
        }
        false
    }

    /// How long a dial takes that begins at `at`; or how long it takes to fail, and how.
    fn dial_outcome(
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
