//! What delay and loss do to agents: which of their pings are missed, how their dials fare, how much longer
//! their hooks take.

use crate::agents::dial_delay;
use crate::convert::{narrow_nanos, to_u32};
use crate::network::impairment::{PING, PINGS_AHEAD};
use crate::network::{Impairment, PING_PERIOD, PING_TIMEOUT};
use crate::{About, Activity, ConnectionError, Connections, Event, Happening, Host, UnitId};
use trustsim_kernel::{Span, Time};

impl Connections<'_> {
    /// Delay or loss began: repeats are played from now on, what is left of a running hook
    /// takes longer, and pings may be missed.
    pub(crate) fn impair(&mut self, units: &[UnitId], host: &mut dyn Host) {
        let now = host.now();
        for unit in units {
            self.agents.settle(*unit, host);
            let agent = self.agent_of(*unit);
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
            host.schedule(
                now + self.agents.timing().latencies.watch,
                Event::Wake(*unit),
            );
        }
    }

    /// What is left of a running hook takes as long as its calls now take.
    fn change_pace(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let Activity::Running(running) = &self.agent_of(unit).state else {
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
        pace.calls = to_u32((u128::from(pace.calls) * left).div_ceil(whole));
        // The commit is a call, and still to come.
        pace.calls = pace.calls.max(1);
        pace.since = now;
        let anew = now
            + pace.base
            + self
                .agents
                .timing()
                .duration_of_calls(unit, now, pace.calls);
        if let Activity::Running(running) = &mut self.agents.agent_of_mut(unit).state {
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
        let agent = self.agent_of(unit);
        if !agent.connected {
            return; // Without a connection there are no pings.
        }
        // On a healthy path every ping is answered in time.
        let Some(impairment) = self.agents.timing().impairment(unit) else {
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
            let answered = self.agents.timing().round_trip(unit, impairment, at, PING);
            if answered > PING_TIMEOUT {
                missed = true;
                break;
            }
            at = at + answered + PING_PERIOD;
        }
        let looked_at = if missed { at + PING_TIMEOUT } else { at };
        let agent = self.agents.agent_of_mut(unit);
        agent.ping_at = looked_at;
        agent.ping_missed = missed;
        host.schedule(looked_at, Event::Ping(unit));
    }

    /// A ping is missed, or more of them are to be looked at.
    pub(crate) fn ping(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let agent = self.agent_of(unit);
        let Some(impairment) = self.agents.timing().impairment(unit) else {
            return; // The path is healthy again, and the ping was answered.
        };
        if agent.ping_at != now || !agent.connected {
            return; // Pings were looked at again meanwhile, or the connection is gone.
        }
        if !agent.ping_missed {
            return self.look_at_pings(unit, impairment, now, host);
        }
        let agent = self.agents.agent_of_mut(unit);
        agent.cut_by = impairment.cause;
        self.agents.disconnect(unit, host);
        let happening = Happening::AgentNotConnected(ConnectionError::PingTimeout);
        host.record(impairment.cause, About::Unit(unit), happening);
        if self.agents.timing().agent_refusal(unit).is_some()
            || self.agents.timing().cannot_dial(unit).is_some()
        {
            self.await_controller(unit, host);
        } else {
            host.schedule(now + dial_delay(1), Event::AgentStart(unit));
        }
    }

    /// An agent dials with delay or loss; true where it is connected now.
    pub(crate) fn dial_through_impairment(&mut self, unit: UnitId, host: &mut dyn Host) -> bool {
        let now = host.now();
        let Some(impairment) = self.agents.timing().impairment(unit) else {
            return true;
        };
        let agent = self.agent_of(unit);
        if agent.dials_until >= now {
            return agent.dials_until == now; // The dial has ended, or is still under way.
        }
        let fate = self.agents.timing().dial_outcome(unit, impairment, now);
        let agent = self.agents.agent_of_mut(unit);
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
}
