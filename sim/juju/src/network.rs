//! What stands between controllers and agents: processes that are down, wires that are cut, held,
//! slow or lossy (juju/juju 3.6 `internal/worker/apicaller`, `api/monitor.go`,
//! `internal/worker/remoterelations`).
//!
//! Nothing here dials in vain: whoever would is counted on when the trouble ends, at the instant
//! at which its back-off would have tried again.

use super::agent::dial_delay;
use super::{
    About, Activity, ConnectionError, ControllerId, Event, Happening, Host, Juju, Life, LinkId,
    ModelId, RelationId, Topology, UnitId,
};
use trustsim_kernel::{Seq, Span, Time};

/// What trouble is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The API server of a controller: its models' agents and every other controller reach it.
    Controller(ControllerId),
    /// Between two controllers.
    Controllers(ControllerId, ControllerId),
    /// Between the agents of a model and their controller.
    Agents(ModelId),
    /// Between one unit's agent and its controller.
    Agent(UnitId),
}

/// What is wrong with a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answers: connections break at once, and are dialled in vain.
    Cut,
    /// Nothing passes and nothing says so: connections break when a health ping is missed.
    Parted,
    /// Nothing passes, but connections outlive it; then everything arrives.
    Held,
    /// Everything takes so much longer one way.
    Slow(Span),
    /// So many in a hundred packets are lost, and sent again.
    Lossy(u32),
}

/// One trouble that is not over.
#[derive(Clone, Debug)]
pub(super) struct Active {
    pub(super) wire: Wire,
    pub(super) trouble: Trouble,
    pub(super) cause: Option<Seq>,
    pub(super) began: Time,
    token: u32,
    /// A missed ping has told both sides.
    noticed: bool,
}

/// A connection is given up when a ping, sent every 60 s, is not answered within 30 s
/// (juju/juju 3.6 `api/apiclient.go`, `PingPeriod`, `pingTimeout`).
pub(super) const PING_PERIOD: Span = Span::from_secs(60);
pub(super) const PING_TIMEOUT: Span = Span::from_secs(30);
const PURPOSE_PING: u64 = 0x7069_6e67;
const PURPOSE_LOSS: u64 = 0x6c6f_7373;
/// First wait before TCP sends a lost packet again (RFC 6298; Linux `TCP_RTO_MIN`).
pub(super) const RESEND_MIN: Span = Span::from_millis(200);
/// Longest wait (Linux `TCP_RTO_MAX`).
pub(super) const RESEND_MAX: Span = Span::from_secs(120);

impl Juju {
    /// Trouble begins.
    pub fn trouble(
        &mut self,
        wire: Wire,
        trouble: Trouble,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        self.troubles_made += 1;
        let token = self.troubles_made;
        self.troubles.push(Active {
            wire,
            trouble,
            cause,
            began: host.now(),
            token,
            noticed: false,
        });
        match trouble {
            Trouble::Cut => self.break_connections(wire, cause, host),
            Trouble::Parted => {
                self.hold_agents(wire, cause, host);
                let ping_ns = u64::try_from(PING_PERIOD.as_nanos()).unwrap_or(u64::MAX);
                let since_ping = self.streams.below(
                    PURPOSE_PING,
                    u64::from(token),
                    host.now().as_nanos(),
                    ping_ns,
                );
                let noticed = Span::from_nanos(since_ping) + PING_TIMEOUT;
                host.schedule(host.now() + noticed, Event::Unheard(token));
            }
            Trouble::Held => self.hold_agents(wire, cause, host),
            Trouble::Slow(_) | Trouble::Lossy(_) => {
                let units = self.units_on(wire);
                self.roughen(&units, host);
            }
        }
    }

    /// A trouble of this kind ends on this wire.
    pub fn trouble_over(&mut self, wire: Wire, trouble: Trouble, host: &mut dyn Host) {
        let mut active = self.troubles.iter();
        let Some(index) = active.position(|on| on.wire == wire && on.trouble == trouble) else {
            return;
        };
        self.troubles.remove(index);
        for link in self.links_on(wire) {
            self.link_is_free(link, host);
        }
        let units = self.units_on(wire);
        if matches!(trouble, Trouble::Slow(_) | Trouble::Lossy(_)) {
            self.smoothen(&units, host);
        }
        for unit in units {
            self.agent_is_free(unit, host);
        }
        if let Wire::Controller(controller) = wire
            && !self.is_down(controller)
        {
            self.look_at_expiries(controller, host);
        }
    }

    /// A ping was missed: both sides know that they are parted.
    pub(super) fn unheard(&mut self, token: u32, host: &mut dyn Host) {
        let mut active = self.troubles.iter_mut();
        let Some(on) = active.find(|on| on.token == token) else {
            return;
        };
        on.noticed = true;
        let (wire, cause) = (on.wire, on.cause);
        self.break_connections(wire, cause, host);
    }

    /// Whether a controller's API server is down.
    pub fn is_down(&self, controller: ControllerId) -> bool {
        let mut active = self.troubles.iter();
        active.any(|on| on.wire == Wire::Controller(controller) && on.trouble == Trouble::Cut)
    }

    /// What took down the controller of a model; `None` where it answers.
    pub fn down_by(&self, model: ModelId) -> Option<Option<Seq>> {
        let wire = Wire::Controller(self.model(model).controller);
        let mut active = self.troubles.iter();
        let on = active.find(|on| on.wire == wire && on.trouble == Trouble::Cut)?;
        Some(on.cause)
    }

    /// Whether a unit's agent hears of an action that somebody runs.
    pub fn answers(&self, unit: UnitId) -> bool {
        self.agent(unit).is_some_and(|agent| agent.connected) && !self.is_agent_held(unit)
    }

    /// Why an agent cannot reach its controller now.
    pub(super) fn agent_trouble(&self, unit: UnitId) -> Option<(ConnectionError, Option<Seq>)> {
        self.trouble_where(|wire| self.is_on(wire, unit))
    }

    /// Why a consumer's controller cannot reach the offering one now.
    pub(super) fn link_trouble(&self, link: LinkId) -> Option<(ConnectionError, Option<Seq>)> {
        let found = self.link(link);
        self.trouble_where(|wire| is_between(wire, found.from, found.to))
    }

    fn trouble_where(
        &self,
        is_on: impl Fn(Wire) -> bool,
    ) -> Option<(ConnectionError, Option<Seq>)> {
        let mut active = self.troubles.iter();
        let on = active
            .find(|on| matches!(on.trouble, Trouble::Cut | Trouble::Parted) && is_on(on.wire))?;
        let error = match on.wire {
            Wire::Controller(_) => ConnectionError::Refused,
            _ => ConnectionError::Timeout,
        };
        Some((error, on.cause))
    }

    /// Whether nothing passes on a link, and nobody knows.
    pub(super) fn is_link_held(&self, link: LinkId) -> bool {
        let found = self.link(link);
        self.is_held(|wire| is_between(wire, found.from, found.to))
    }

    /// Whether an agent's calls hang.
    pub(super) fn is_agent_held(&self, unit: UnitId) -> bool {
        if self.troubles.is_empty() {
            return false;
        }
        self.is_held(|wire| self.is_on(wire, unit))
    }

    fn is_held(&self, is_on: impl Fn(Wire) -> bool) -> bool {
        let holds = |on: &Active| match on.trouble {
            Trouble::Held => true,
            Trouble::Parted => !on.noticed,
            _ => false,
        };
        self.troubles.iter().any(|on| holds(on) && is_on(on.wire))
    }

    /// How much longer a delivery takes that leaves now, for all that slows the link.
    pub(super) fn slowness(&self, link: LinkId) -> Span {
        let found = self.link(link);
        let slow = self.troubles.iter().filter_map(|on| match on.trouble {
            Trouble::Slow(by) if is_between(on.wire, found.from, found.to) => Some(by),
            _ => None,
        });
        slow.fold(Span::ZERO, |sum, by| sum + by)
    }

    /// How long what leaves now is sent again and again before it arrives.
    pub(super) fn losses(&self, link: LinkId, now: Time) -> Span {
        let found = self.link(link);
        let lossy = self.troubles.iter().filter_map(|on| match on.trouble {
            Trouble::Lossy(percent) if is_between(on.wire, found.from, found.to) => Some(percent),
            _ => None,
        });
        let Some(percent) = lossy.max() else {
            return Span::ZERO;
        };
        self.resent(PURPOSE_LOSS, u64::from(link.0) << 8, now, percent)
    }

    /// What keeps a unit from running hooks now: what parted it from its controller, or the
    /// failure that it waits to try again.
    pub fn hindrance(&self, unit: UnitId) -> Option<Seq> {
        let agent = self.agent(unit)?;
        match &agent.state {
            _ if agent.cut_by.is_some() => agent.cut_by,
            Activity::Failed(failed) => failed.entry,
            _ => None,
        }
    }

    /// What keeps a relation from carrying anything now.
    pub fn relation_hindrance(&self, id: RelationId) -> Option<Seq> {
        let relation = self.relation(id);
        if relation.suspended || relation.life != Life::Alive {
            return relation.cause;
        }
        let link = relation.link?;
        let held = self.trouble_on(link);
        self.link(link).down_by.or(held)
    }

    /// The first trouble that stops or slows a link.
    fn trouble_on(&self, link: LinkId) -> Option<Seq> {
        let found = self.link(link);
        let mut active = self.troubles.iter();
        let on = active.find(|on| is_between(on.wire, found.from, found.to))?;
        on.cause
    }

    /// Both ends of every connection on a wire know that it is gone.
    fn break_connections(&mut self, wire: Wire, cause: Option<Seq>, host: &mut dyn Host) {
        for link in self.links_on(wire) {
            if let Some((error, _)) = self.link_trouble(link) {
                self.topology.link_mut(link).down_by = cause;
                self.cut_link(link, error, host);
            }
        }
        for unit in self.units_on(wire) {
            let Some(agent) = self
                .topology
                .agent_mut(unit)
                .filter(|agent| agent.connected)
            else {
                continue;
            };
            agent.cut_by = cause;
            let hung = agent.is_hung(host.now());
            self.disconnect(unit, host);
            self.waits_for_controller(unit, host);
            if hung {
                self.end_hung_hook(unit, host);
            }
        }
    }

    /// A running agent that cannot reach its controller: it is looked for again when it can.
    pub(super) fn waits_for_controller(&mut self, unit: UnitId, host: &mut dyn Host) {
        let found = self.agent_trouble(unit).or_else(|| self.cannot_dial(unit));
        let Some((error, cause)) = found else {
            return;
        };
        let now = host.now();
        let Some(agent) = self.topology.agent_mut(unit) else {
            return;
        };
        if agent.parted_at.is_some() {
            return;
        }
        agent.parted_at = Some(now);
        agent.cut_by = agent.cut_by.or(cause);
        let cause = agent.cut_by;
        let happening = Happening::AgentNotConnected(error);
        host.record(cause, About::Unit(unit), happening);
    }

    /// An agent's wire carries again: its next dial succeeds, or its hung call goes through.
    fn agent_is_free(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        if self.agent_trouble(unit).is_some() || self.is_agent_held(unit) {
            return;
        }
        let Some(agent) = self.agent(unit).filter(|agent| !agent.removed) else {
            return;
        };
        if agent.connected {
            let hung = agent.is_hung(now);
            self.settle(unit, host);
            self.holder_returns(unit, now);
            self.claim_leadership(unit, host);
            if let Some(agent) = self.topology.agent_mut(unit) {
                agent.cut_by = None;
            }
            if hung {
                self.end_hung_hook(unit, host);
            }
            host.schedule(now, Event::Wake(unit));
        } else if let Some(parted_at) = agent.parted_at
            && self.cannot_dial(unit).is_none()
        {
            let (at, dials) = next_dial(parted_at, now);
            if let Some(agent) = self.topology.agent_mut(unit) {
                agent.parted_at = None;
                agent.dials_failed = dials;
            }
            host.schedule(at, Event::AgentStart(unit));
        }
    }

    /// Agents whose calls hang: nothing begins, leases are not renewed.
    fn hold_agents(&mut self, wire: Wire, cause: Option<Seq>, host: &mut dyn Host) {
        for unit in self.units_on(wire) {
            if self.agent(unit).is_some_and(|agent| agent.connected) {
                self.settle(unit, host);
                if let Some(agent) = self.topology.agent_mut(unit) {
                    agent.cut_by = cause;
                }
                self.lose_leader(unit, host);
            }
        }
    }

    /// The hook whose last call hung ends now.
    pub(super) fn end_hung_hook(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        if let Some(agent) = self.topology.agent_mut(unit)
            && agent.end_hook_at(now)
        {
            host.schedule(now, Event::HookEnd(unit));
        }
    }
}

impl Topology {
    /// Whether a unit's agent reaches its controller over this wire.
    pub(super) fn is_on(&self, wire: Wire, unit: UnitId) -> bool {
        let model = || self.application(self.unit(unit).application).model;
        match wire {
            Wire::Controller(id) => id == self.model(model()).controller,
            Wire::Agents(id) => id == model(),
            Wire::Agent(id) => id == unit,
            Wire::Controllers(..) => false,
        }
    }

    fn links_on(&self, wire: Wire) -> Vec<LinkId> {
        let on = |(_, link): &(LinkId, &super::Link)| is_between(wire, link.from, link.to);
        self.links().filter(on).map(|(id, _)| id).collect()
    }

    fn units_on(&self, wire: Wire) -> Vec<UnitId> {
        let on = |id: &UnitId| self.is_on(wire, *id);
        let units = self.units().filter(|(_, unit)| unit.agent.is_some());
        units.map(|(id, _)| id).filter(on).collect()
    }
}

/// Whether trouble on a wire is on the connection of these controllers. A controller reaches
/// itself through its own API server.
fn is_between(wire: Wire, from: ControllerId, to: ControllerId) -> bool {
    match wire {
        Wire::Controller(id) => id == from || id == to,
        Wire::Controllers(left, right) => {
            (from, to) == (left, right) || (from, to) == (right, left)
        }
        Wire::Agents(_) | Wire::Agent(_) => false,
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
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            at = at + longest * more;
            dials = dials.saturating_add(more);
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
