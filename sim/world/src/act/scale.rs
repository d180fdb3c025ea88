//! Carrying out what an operator does to an application's units and charm.

use std::sync::Arc;
use trustsim_model::{ApplicationIndex, ModelKind, Refusal, ScaleAction};

use crate::simulation::{Event, World};
use trustsim_charm_model::{Charm, CharmMetadata};
use trustsim_juju::{ApplicationId, Hook, UnitId};
use trustsim_kernel::{Agenda, Seq, Span, Time};

/// How often the world looks whether a new unit is ready.
const READY_CHECK: Span = Span::from_secs(1);

impl World {
    pub(super) fn act_on_scale(
        &mut self,
        action: &ScaleAction,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        match action {
            ScaleAction::AddUnits { application, count } => {
                for _ in 0..*count {
                    let unit = self.add_unit(*application, agenda);
                    let deadline = agenda.now() + self.deployment.timings.settle_max;
                    agenda.after(READY_CHECK, Event::Ready { unit, deadline });
                }
            }
            ScaleAction::RemoveUnit { application, unit } => {
                self.remove_unit(*application, *unit, entry, agenda);
            }
            ScaleAction::Refresh {
                application, charm, ..
            } => {
                if let Some(charm) = charm {
                    self.new_charm(*application, charm);
                }
                let id = self.applications[*application];
                self.in_juju(agenda, |juju, desk| {
                    juju.pods().refresh(id, Some(entry), desk)
                });
            }
        }
    }

    /// On Kubernetes the unit with the highest number goes (a StatefulSet scales down so).
    fn remove_unit(
        &mut self,
        application: ApplicationIndex,
        number: u32,
        entry: Seq,
        agenda: &mut Agenda<Event>,
    ) {
        let model = self.deployment.applications[application].model;
        let kubernetes = self.deployment.models[model].kind == ModelKind::Kubernetes;
        let units = &self.juju.application(self.applications[application]).units;
        let mut alive = units.iter().copied().filter(|unit| {
            let agent = self.juju.agent(*unit);
            agent.is_some_and(|agent| !agent.dying)
        });
        let unit = if kubernetes {
            alive.next_back()
        } else {
            alive.find(|unit| self.juju.unit(*unit).number == number)
        };
        let Some(unit) = unit else {
            self.refused(Refusal::NoSuchUnit, entry, agenda.now());
            return;
        };
        self.in_juju(agenda, |juju, desk| {
            juju.relations_mut().remove_unit(unit, Some(entry), desk)
        });
    }

    /// The code that units run once they have upgraded.
    fn new_charm(&mut self, application: ApplicationIndex, charm: &CharmMetadata) {
        let id = self.applications[application];
        let spec = &self.deployment.applications[application];
        let keys = spec.keys.unwrap_or(self.deployment.keys);
        let code = charm.build(keys, &self.pool, self.acme.as_ref());
        let version = self.juju.application(id).charm_version.version;
        self.charms.refresh(id, version, code);
    }

    /// The code that new units of an application run. Proxies have none.
    pub(crate) fn charm_now(&self, application: ApplicationId) -> &Arc<dyn Charm> {
        let charm = self.charms.current(application);
        charm.expect("an application of the deployment has its charm")
    }

    /// The code a unit runs: what it has unpacked, or unpacks in this hook.
    pub(crate) fn charm_of(&self, unit: UnitId, hook: Option<&Hook>) -> Option<&Arc<dyn Charm>> {
        let application = self.juju.unit(unit).application;
        let unpacks = matches!(hook, Some(Hook::Install | Hook::UpgradeCharm));
        match self.juju.agent(unit).filter(|_| !unpacks) {
            Some(agent) => self.charms.at_version(application, agent.charm_version()),
            None => self.charms.current(application),
        }
    }

    /// A new unit is ready, or is waited for no longer: its connections are watched.
    pub(crate) fn look_if_ready(
        &mut self,
        unit: UnitId,
        deadline: Time,
        agenda: &mut Agenda<Event>,
    ) {
        let now = agenda.now();
        if self.settled.is_none() || self.juju.agent(unit).is_none_or(|agent| agent.removed) {
            return; // It is watched with the others, or never.
        }
        if now < deadline && !self.juju.is_unit_at_rest(unit, now) {
            agenda.after(READY_CHECK, Event::Ready { unit, deadline });
            return;
        }
        self.watch_unit(unit, agenda);
    }
}
