//! Carrying out what an operator does to an application's units and charm.

use super::Commands;
use crate::event::Event;
use std::sync::Arc;
use trustsim_charm_model::{CharmMetadata, EndpointSource};
use trustsim_interfaces::Interface;
use trustsim_juju::Application;
use trustsim_kernel::Span;
use trustsim_model::{ApplicationIndex, ModelKind, Refusal, ScaleAction};

/// How often the world looks whether a new unit is ready.
pub(crate) const READY_CHECK: Span = Span::from_secs(1);

impl Commands<'_> {
    pub(crate) fn act_on_scale(&mut self, action: &ScaleAction) {
        match action {
            ScaleAction::AddUnits { application, count } => {
                if self.juju_application(*application).dying {
                    return self.refused(Refusal::NotAlive);
                }
                for _ in 0..*count {
                    let unit = self
                        .deployed
                        .add_unit(*application, self.journal, self.agenda);
                    let settle_max = self.deployed.spec().timings.settle_max;
                    let deadline = self.agenda.now() + settle_max;
                    self.agenda
                        .after(READY_CHECK, Event::Ready { unit, deadline });
                }
            }
            ScaleAction::RemoveUnit { application, unit } => self.remove_unit(*application, *unit),
            ScaleAction::RemoveApplication { application } => self.remove_application(*application),
            ScaleAction::Refresh {
                application,
                channel,
                revision,
                charm,
            } => {
                let (id, entry) = (self.deployed.id(*application), self.entry);
                if self.juju_application(*application).dying {
                    return self.refused(Refusal::NotAlive);
                }
                if let Some(broken) = charm
                    .as_ref()
                    .and_then(|new| self.breaks(*application, new))
                {
                    return self.refused(Refusal::BreaksRelation(broken));
                }
                let channel = channel.as_deref();
                self.deployed
                    .note_refresh(*application, charm.as_ref(), channel, *revision);
                if let Some(charm) = charm {
                    self.deployed.refresh_charm(*application, charm);
                    self.refresh_config(*application, charm);
                }
                self.in_juju(|juju, host| juju.pods().refresh(id, Some(entry), host));
            }
        }
    }

    /// The key of a relation whose endpoint the charm of now has and the new one has not, which Juju does not upgrade to
    /// (juju/juju 3.6 `state/application.go`, `checkRelationsOps`). Only the endpoints over which certificates and CAs come
    /// are known of every charm of the catalogue.
    fn breaks(&self, application: ApplicationIndex, new: &CharmMetadata) -> Option<String> {
        let (juju, id) = (self.deployed.juju(), self.deployed.id(application));
        let old = &self.deployed.spec().applications[application].charm;
        if new.provenance.is_unread() || !new.is_described() {
            return None;
        }
        let has = |charm: &CharmMetadata, name: &str| {
            charm.endpoint(name).is_some_and(|endpoint| {
                endpoint.source == EndpointSource::Description
                    && Interface::of(&endpoint.interface).is_some()
            })
        };
        let mut relations = juju.application(id).relations.iter();
        let broken = relations.find(|relation| {
            let ends = juju.relation(**relation).ends.iter();
            let mut own = ends.filter(|end| end.application == id);
            own.any(|end| has(old, &end.endpoint) && new.endpoint(&end.endpoint).is_none())
        })?;
        Some(juju.relation_key(*broken))
    }

    /// The options of the new charm. A value that is set stays where the option is of the same type as before.
    fn refresh_config(&mut self, application: ApplicationIndex, charm: &CharmMetadata) {
        let (id, entry) = (self.deployed.id(application), self.entry);
        let old = Arc::clone(&self.deployed.spec().applications[application].charm);
        let options = charm.options.iter();
        let defaults = options
            .filter_map(|(name, option)| Some((name.clone(), option.default.clone()?)))
            .collect();
        let takes = |name: &str| match (old.options.get(name), charm.options.get(name)) {
            (Some(before), Some(now)) => before.kind == now.kind,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        self.in_juju(|juju, host| {
            juju.operator()
                .refresh_config(id, defaults, takes, Some(entry), host);
        });
    }

    fn juju_application(&self, application: ApplicationIndex) -> &Application {
        self.deployed
            .juju()
            .application(self.deployed.id(application))
    }

    fn remove_application(&mut self, application: ApplicationIndex) {
        if self.juju_application(application).dying {
            return self.refused(Refusal::NotAlive);
        }
        let (id, entry) = (self.deployed.id(application), self.entry);
        let done = self.in_juju(|juju, host| {
            juju.relations_mut()
                .remove_application(id, Some(entry), host)
        });
        if let Err(error) = done {
            self.refused(Refusal::Offer(error));
        }
    }

    /// On Kubernetes the unit with the highest number goes (a StatefulSet scales down so).
    fn remove_unit(&mut self, application: ApplicationIndex, number: u32) {
        let deployment = self.deployed.spec();
        let model = deployment.applications[application].model;
        let kubernetes = deployment.models[model].kind == ModelKind::Kubernetes;
        let juju = self.deployed.juju();
        let units = &juju.application(self.deployed.id(application)).units;
        let mut alive = units.iter().copied().filter(|unit| {
            let agent = juju.agent(*unit);
            agent.is_some_and(|agent| !agent.dying)
        });
        let unit = if kubernetes {
            alive.next_back()
        } else {
            alive.find(|unit| juju.unit(*unit).number == number)
        };
        let Some(unit) = unit else {
            return self.refused(Refusal::NoSuchUnit);
        };
        let entry = self.entry;
        self.in_juju(|juju, host| juju.relations_mut().remove_unit(unit, Some(entry), host));
    }
}
