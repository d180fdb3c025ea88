//! What disruptions do to the connections of agents: which break, which hang, and when each agent is
//! connected again.

mod impaired;

use crate::agents::{Agents, dial_delay};
use crate::convert::{nanos, to_u32};
use crate::network::{Disruption, DisruptionId, NetworkPath, PING_PERIOD, PING_TIMEOUT};
use crate::secrets::{SecretStore, Secrets};
use crate::topology::reads_topology;
use crate::{About, Event, Happening, Host, UnitId};
use trustsim_kernel::{Seq, Span, Time};

const PURPOSE_PING: u64 = 0x7069_6e67;

/// The connections of agents and controllers.
#[derive(Debug)]
pub struct Connections<'a> {
    agents: &'a mut Agents,
    secrets: &'a mut SecretStore,
}

reads_topology!(Connections, agents);

impl<'a> Connections<'a> {
    pub(crate) const fn new(agents: &'a mut Agents, secrets: &'a mut SecretStore) -> Self {
        Self { agents, secrets }
    }
}

impl Connections<'_> {
    fn secrets(&mut self) -> Secrets<'_> {
        Secrets::new(self.agents, self.secrets)
    }

    /// Begins a disruption.
    pub fn disrupt(
        &mut self,
        path: NetworkPath,
        disruption: Disruption,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        if let Disruption::Loss(percent) = disruption {
            assert!(percent <= 100, "{percent} in 100 packets are lost");
        }
        let now = host.now();
        let id = self
            .agents
            .network_mut()
            .begin(path, disruption, cause, now);
        match disruption {
            Disruption::Down => self.break_connections(path, cause, host),
            Disruption::Partition => {
                self.stall_agents(path, cause, host);
                let since_ping = self.agents.timing().streams.below(
                    PURPOSE_PING,
                    u64::from(id.0),
                    now.as_nanos(),
                    nanos(PING_PERIOD),
                );
                let noticed = Span::from_nanos(since_ping) + PING_TIMEOUT;
                host.schedule(now + noticed, Event::PingTimeout(id));
            }
            Disruption::Stall => self.stall_agents(path, cause, host),
            Disruption::Delay(_) | Disruption::Loss(_) => {
                let units = self.units_on(path);
                self.impair(&units, host);
            }
        }
    }

    /// Ends a disruption of this kind on this path. Without one it does nothing: the plan of a run
    /// may end what another fault has ended already.
    pub fn restore(&mut self, path: NetworkPath, disruption: Disruption, host: &mut dyn Host) {
        if !self.agents.network_mut().end(path, disruption) {
            return;
        }
        for link in self.links_on(path) {
            self.agents.relations_mut().resume_link(link, host);
        }
        let units = self.units_on(path);
        if matches!(disruption, Disruption::Delay(_) | Disruption::Loss(_)) {
            self.relieve(&units, host);
        }
        for unit in units {
            self.resume_agent(unit, host);
        }
        if let NetworkPath::Controller(controller) = path
            && !self.agents.timing().is_down(controller)
        {
            self.secrets().schedule_expiries(controller, host);
        }
    }

    /// A health ping over a partition was missed: both sides give their connections up.
    pub(crate) fn ping_timeout(&mut self, id: DisruptionId, host: &mut dyn Host) {
        if let Some((path, cause)) = self.agents.network_mut().notice(id) {
            self.break_connections(path, cause, host);
        }
    }

    /// Both ends of every connection on a path know that it is gone.
    fn break_connections(&mut self, path: NetworkPath, cause: Option<Seq>, host: &mut dyn Host) {
        for link in self.links_on(path) {
            if let Some((error, _)) = self.agents.timing().link_refusal(link) {
                self.agents.link_mut(link).down_by = cause;
                self.agents.relations_mut().cut_link(link, error, host);
            }
        }
        for unit in self.units_on(path) {
            let agent = self.agents.agent_of_mut(unit);
            if !agent.connected {
                continue; // It dials until the disruption ends.
            }
            agent.cut_by = cause;
            self.agents.disconnect(unit, host);
            self.await_controller(unit, host);
        }
    }

    /// A running agent that cannot reach its controller: it is looked for again when it can.
    pub(crate) fn await_controller(&mut self, unit: UnitId, host: &mut dyn Host) {
        let found = self
            .agents
            .timing()
            .agent_refusal(unit)
            .or_else(|| self.agents.timing().cannot_dial(unit));
        let Some((error, cause)) = found else {
            return;
        };
        let now = host.now();
        let agent = self.agents.agent_of_mut(unit);
        if agent.parted_at.is_some() {
            return;
        }
        agent.parted_at = Some(now);
        agent.cut_by = agent.cut_by.or(cause);
        let cause = agent.cut_by;
        let happening = Happening::AgentNotConnected(error);
        host.record(cause, About::Unit(unit), happening);
    }

    /// An agent's path carries again: its next dial succeeds, or its hung call goes through.
    fn resume_agent(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        if self.agents.timing().agent_refusal(unit).is_some()
            || self.agents.timing().is_agent_stalled(unit)
        {
            return;
        }
        let agent = self.agent_of(unit);
        if agent.removed {
            return;
        }
        if agent.connected {
            let hung = agent.is_hung(now);
            self.agents.settle(unit, host);
            self.agents.leases().renew_lease(unit, now);
            self.agents.leases().claim_leadership(unit, host);
            let agent = self.agents.agent_of_mut(unit);
            agent.cut_by = None;
            if hung {
                self.agents.end_hung_hook(unit, host);
            }
            host.schedule(now, Event::Wake(unit));
        } else if let Some(parted_at) = agent.parted_at
            && self.agents.timing().cannot_dial(unit).is_none()
        {
            let (at, dials) = next_dial(parted_at, now);
            let agent = self.agents.agent_of_mut(unit);
            agent.parted_at = None;
            agent.dials_failed = dials;
            host.schedule(at, Event::AgentStart(unit));
        }
    }

    /// Agents whose calls hang: nothing begins, leases are not renewed.
    fn stall_agents(&mut self, path: NetworkPath, cause: Option<Seq>, host: &mut dyn Host) {
        for unit in self.units_on(path) {
            if self.agent_of(unit).connected {
                self.agents.settle(unit, host);
                let agent = self.agents.agent_of_mut(unit);
                agent.cut_by = cause;
                self.agents.leases().lose_leader(unit, host);
            }
        }
    }
}

/// The first dial at or after `now` of an agent that was parted then, and its number. Each dial
/// waits longer than the one before, up to two minutes.
fn next_dial(parted_at: Time, now: Time) -> (Time, u32) {
    let (mut at, mut dials) = (parted_at, 0);
    while at < now {
        dials += 1;
        let delay = dial_delay(dials);
        let longest = dial_delay(u32::MAX);
        at = at + delay;
        if delay == longest && at < now {
            let more = now.since(at).as_nanos().div_ceil(longest.as_nanos());
            let more = to_u32(more);
            at = at + longest * more;
            dials += more;
        }
    }
    (at, dials)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same instants as dialling one by one.
    #[test]
    fn the_next_dial_is_found_without_dialling() {
        let parted = Time::from_seconds(1_000);
        let mut at = parted;
        for dials in 1..200 {
            at = at + dial_delay(dials);
            let (found, number) = next_dial(parted, at);
            assert_eq!((found, number), (at, dials));
            let (found, _) = next_dial(parted, at - Span::from_nanos(1));
            assert_eq!(found, at);
        }
        assert_eq!(next_dial(parted, parted), (parted, 0));
    }
}
