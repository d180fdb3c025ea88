//! Connections of units that come and go while others are watched.

use std::sync::Arc;
use trustsim_model::Trigger;

use super::{ATTEMPT_PHASE, Client, World};
use crate::simulation::Event;
use trustsim_juju::UnitId;
use trustsim_kernel::{Agenda, Span, Time};

impl World {
    /// Watches every connection that a new unit takes part in.
    pub(crate) fn watch_unit(&mut self, unit: UnitId, agenda: &mut Agenda<Event>) {
        let deployment = Arc::clone(&self.deployment);
        let second = agenda.now().truncated_to_seconds();
        let first_attempt = second + Span::from_secs(1) + ATTEMPT_PHASE;
        let known = self.connections.len();
        for (index, spec) in deployment.connections.iter_enumerated() {
            self.expand(index, spec, Some(unit), first_attempt);
        }
        for connection in self.connections.since(known) {
            if self.options.every_handshake {
                agenda.at(first_attempt, Event::Attempt(connection));
            } else {
                self.judge(connection, Trigger::Start, agenda);
            }
        }
    }

    /// A unit that is gone takes its connections along.
    pub(crate) fn end_if_gone(&mut self, unit: UnitId, now: Time) {
        let gone = self.juju.agent(unit).is_some_and(|agent| agent.removed);
        if !gone {
            return;
        }
        for connection in &mut self.connections.all {
            let is_client = connection.client == Client::Unit(unit);
            if connection.server == unit || is_client {
                connection.record.ended = connection.record.ended.or(Some(now));
            }
        }
    }
}
