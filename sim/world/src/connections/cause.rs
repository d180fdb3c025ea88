//! The entry that made a judgement necessary, or that stood in the way of a better one.

use super::{Client, World};
use crate::deployed::controller_index;
use trustsim_interfaces::UnitContext;
use trustsim_juju::{ApplicationKind, UnitId};
use trustsim_kernel::{Seq, Time};
use trustsim_model::Trigger;
use trustsim_validators::ErrorKind;

impl World {
    pub(super) fn handshake_cause(
        &self,
        client: Client,
        server: UnitId,
        (trigger, error): (Trigger, Option<ErrorKind>),
        now: Time,
    ) -> Seq {
        let served_by = |unit| self.sides.get(unit).served_by;
        let trusted_by = match client {
            Client::Unit(unit) => self.sides.get(unit).trusted_by,
            Client::Outside(index) => self.clients[index].trusted_by(),
        };
        let is_down = error == Some(ErrorKind::Unreachable);
        let cause = match (trigger, client) {
            _ if is_down || trigger == Trigger::Reachability => {
                let reached = self.sides.get(server).reached_by();
                reached.or(served_by(server))
            }
            (Trigger::Validity | Trigger::Start, _) if error.is_some() => {
                self.hindrance(server, now).or(served_by(server))
            }
            (Trigger::ServerCertificate | Trigger::Validity, _) => served_by(server),
            (Trigger::Trust, _) => trusted_by,
            (Trigger::ClientCertificate, Client::Unit(unit)) => served_by(unit),
            (Trigger::Clock, _) => self.clock_cause,
            (Trigger::Revocation, _) => self.publications.cause(),
            _ => served_by(server).max(trusted_by),
        };
        cause.unwrap_or(self.root)
    }

    /// What keeps a unit from a new certificate now: its own agent that is cut off or stuck in a
    /// failed hook, a controller whose clock is behind and expires no secret, a link that carries nothing, a relation that is suspended, or a provider of
    /// which the same is true, whose process is down or which waits for people.
    fn hindrance(&self, unit: UnitId, now: Time) -> Option<Seq> {
        if let Some(own) = self.juju.hindrance(unit) {
            return Some(own);
        }
        let application = self.juju.unit(unit).application;
        let model = self.juju.application(application).model;
        let controller = self.juju.model(model).controller;
        if self.juju.controller(controller).skew_ns < 0
            && let Some(skewed) = self.controllers[controller_index(controller)].skewed_by()
        {
            return Some(skewed);
        }
        let relations = &self.juju.application(application).relations;
        relations.iter().find_map(|id| {
            let relation = self.juju.relation(*id);
            if relation.is_peer() || !relation.interface.starts_with("tls-certificates") {
                return None;
            }
            if let Some(on_the_way) = self.juju.relation_hindrance(*id) {
                return Some(on_the_way);
            }
            let provider = &relation.ends[0].application;
            let provider = match &self.juju.application(*provider).kind {
                ApplicationKind::Saas { target, .. } => target,
                _ => provider,
            };
            if *provider == application {
                return None;
            }
            let mut units = self.juju.application(*provider).units.iter();
            units.find_map(|unit| self.provider_hindrance(*unit, now))
        })
    }

    fn provider_hindrance(&self, unit: UnitId, now: Time) -> Option<Seq> {
        if let Some(own) = self.juju.hindrance(unit) {
            return Some(own);
        }
        let side = self.sides.get(unit);
        if side.is_held_down() {
            return side.reached_by();
        }
        let charm = self.charm_of(unit, None)?;
        let waits = charm.pending_tasks(&UnitContext::new(&self.juju, unit, now, None));
        let workload = &self.juju.unit(unit).workload;
        workload.cause.filter(|_| !waits.is_empty())
    }
}
