//! The entry that made a judgement necessary, or that kept a better one from coming.

use super::{Client, Pair, Peers};
use crate::deployed::controller_index;
use crate::journal::JournalWriter;
use trustsim_juju::{ApplicationKind, UnitId};
use trustsim_kernel::{Seq, Time};
use trustsim_model::Trigger;
use trustsim_validators::ErrorKind;

impl Peers<'_> {
    /// The entry behind the judgement that `trigger` brings, where a handshake ends with `error`.
    pub(super) fn cause(
        &self,
        pair: &Pair,
        trigger: Trigger,
        error: Option<ErrorKind>,
        now: Time,
        journal: &JournalWriter,
    ) -> Seq {
        let (client, server) = (pair.client, pair.server);
        let served_by = |unit| self.sides.get(unit).served_by();
        let trusted_by = match client {
            Client::Unit(unit) => match &self.spec(pair).from_process {
                Some(process) => {
                    let side = self.sides.get(unit).process(process);
                    side.and_then(|side| side.trusted_by)
                }
                None => self.sides.get(unit).trusted_by(),
            },
            Client::Outside(index) => self.clients.trusted_by(index),
        };
        let is_down = error == Some(ErrorKind::Unreachable);
        let cause = match (trigger, client) {
            (_, Client::Unit(unit)) if error == Some(ErrorKind::ClientStopped) => {
                let by_hand = self.hindrance(unit, now);
                by_hand.or(served_by(unit))
            }
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
            (Trigger::Address, _) => pair.renamed_by,
            (Trigger::Clock, _) => journal.clock_cause(),
            (Trigger::Revocation, _) => self.publications.cause(),
            _ => served_by(server).max(trusted_by),
        };
        cause.unwrap_or(journal.root())
    }

    /// What keeps a unit from a new certificate now: its own agent that is cut off or stuck in a
    /// failed hook, a controller whose clock is behind and expires no secret, a link that carries nothing, a relation that is suspended, or a provider of
    /// which the same is true, whose process is down or which waits for people.
    fn hindrance(&self, unit: UnitId, now: Time) -> Option<Seq> {
        if let Some(own) = self.deployed.juju().hindrance(unit) {
            return Some(own);
        }
        let application = self.deployed.juju().unit(unit).application;
        let model = self.deployed.juju().application(application).model;
        let controller = self.deployed.juju().model(model).controller;
        if self.deployed.juju().controller(controller).skew_ns < 0
            && let Some(skewed) = self.controllers.skewed_by(controller_index(controller))
        {
            return Some(skewed);
        }
        let relations = &self.deployed.juju().application(application).relations;
        relations.iter().find_map(|id| {
            let relation = self.deployed.juju().relation(*id);
            if relation.is_peer() || !relation.interface.starts_with("tls-certificates") {
                return None;
            }
            if let Some(on_the_way) = self.deployed.juju().relation_hindrance(*id) {
                return Some(on_the_way);
            }
            let provider = &relation.ends[0].application;
            let provider = match &self.deployed.juju().application(*provider).kind {
                ApplicationKind::Saas { target, .. } => target,
                _ => provider,
            };
            if *provider == application {
                return None;
            }
            let mut units = self.deployed.juju().application(*provider).units.iter();
            units.find_map(|unit| self.provider_hindrance(*unit, now))
        })
    }

    fn provider_hindrance(&self, unit: UnitId, now: Time) -> Option<Seq> {
        if let Some(own) = self.deployed.juju().hindrance(unit) {
            return Some(own);
        }
        let side = self.sides.get(unit);
        if side.is_held_down() {
            return side.reached_by();
        }
        let charm = self.deployed.charm_of(unit, None)?;
        let waits = charm.pending_tasks(&self.deployed.context(unit, now));
        let workload = &self.deployed.juju().unit(unit).workload;
        workload.cause.filter(|_| !waits.is_empty())
    }
}
