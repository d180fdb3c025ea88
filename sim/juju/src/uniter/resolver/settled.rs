//! Whether a deployment has settled: nothing is due that anything but time has caused.

use crate::agents::{Awaits, PEBBLE_POLL};
use crate::uniter::Resolver;
use crate::{Activity, Agent, UnitId};
use trustsim_kernel::{Span, Time};

/// Whatever is under way with delay or loss has arrived by then, or the connection is given up.
const LONG_AFTER: Span = Span::from_secs(3_600);

impl Resolver<'_> {
    /// Whether nothing is due that anything but time has caused: no agent runs a hook, waits to run
    /// one, has one due or is away, and nothing is under way between models or waits for a link.
    /// Repeated hooks do not count, as long as the charms say that they would do nothing.
    pub(crate) fn is_settled(&self, now: Time) -> bool {
        self.rests(now, Awaits::Nothing)
    }

    /// The same, where a unit counts as at rest that tries again what will not succeed until something else happens.
    pub(crate) fn is_still(&self, now: Time) -> bool {
        self.rests(now, Awaits::Vainly)
    }

    /// Whether all units are at rest, none of which awaits more than `most`.
    fn rests(&self, now: Time, most: Awaits) -> bool {
        // A unit may fail for years, and all are asked again and again meanwhile: what is known at a glance goes first.
        self.links()
            .all(|(id, _)| self.has_delivered_everything(id, now))
            && self
                .agents_to_settle()
                .all(|(_, agent)| is_idle(agent, most))
            && self
                .agents_to_settle()
                .all(|(id, _)| !self.has_operation(id, now))
    }

    /// The agents of units that are not gone.
    fn agents_to_settle(&self) -> impl Iterator<Item = (UnitId, &Agent)> {
        let agents = self
            .units()
            .filter_map(|(id, unit)| Some((id, unit.agent.as_deref()?)));
        agents.filter(|(_, agent)| !agent.removed)
    }

    /// Whether a unit has started and has nothing to do.
    pub(crate) fn is_unit_at_rest(&self, unit: UnitId, now: Time) -> bool {
        self.agent(unit).is_some_and(|agent| {
            agent.removed || is_idle(agent, Awaits::Nothing) && !self.has_operation(unit, now)
        })
    }

    /// Whether an agent has an operation due by when all that is under way to it has arrived, but for repeats.
    fn has_operation(&self, id: UnitId, now: Time) -> bool {
        // Whatever is under way to the agent has arrived one latency from now, and containers
        // have been asked.
        let later = match self.timing.impairment(id) {
            None => now + self.timing.latencies.watch.max(PEBBLE_POLL),
            Some(_) => now + LONG_AFTER,
        };
        self.operation_not_of_time(id, later).is_some()
    }
}

/// Whether an agent has started, does nothing that is seen and awaits no more than `most`.
fn is_idle(agent: &Agent, most: Awaits) -> bool {
    let at_rest = match &agent.state {
        Activity::Idle => agent.installed && agent.started,
        // Elided, it would not be seen to run: only what it leaves counts.
        Activity::Running(running) => {
            let changes = running.effects.changes_anything() || running.result.is_err();
            agent.is_repeat(&running.hook) && !changes
        }
        Activity::Failed(_) => false,
    };
    at_rest && agent.connected && agent.awaits <= most && agent.queued.is_none()
}
