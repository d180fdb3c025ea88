//! From a deployment to what is deployed: controllers, models, applications, offers, relations, units,
//! in the order in which Juju deploys a bundle.

use std::sync::Arc;
use trustsim_model::{
    ApplicationIndex, ApplicationSpec, Deployment, ModelKind, OfferSpec, Placement, SaasSpec,
};

use super::{Deployed, controller_id, machine_id, model_id};
use crate::event::Event;
use crate::journal::JournalWriter;
use trustsim_charm_model::{AcmeServer, CharmMetadata, Role};
use trustsim_interfaces::KeySource;
use trustsim_juju::{ApplicationParts, EndpointInfo, LoadBalancer, MachineId, UnitId};
use trustsim_kernel::Agenda;

const PURPOSE_PROVISION: u64 = 0x7072_6f76;
const PURPOSE_ADDED: u64 = 0x6164_6465;

impl Deployed {
    /// Deploys everything.
    pub(crate) fn deploy(&mut self, journal: &mut JournalWriter, agenda: &mut Agenda<Event>) {
        let deployment = Arc::clone(&self.deployment);
        for (index, controller) in deployment.controllers.iter_enumerated() {
            let id = self.juju.operator().add_controller(&controller.name);
            assert_eq!(
                id,
                controller_id(index),
                "controllers are added in the order of the deployment"
            );
        }
        for (index, model) in deployment.models.iter_enumerated() {
            let controller = controller_id(model.controller);
            let kubernetes = model.kind == ModelKind::Kubernetes;
            let interval = model.update_status_interval;
            let id = self.juju.operator().add_model(
                &model.name,
                &model.owner,
                controller,
                kubernetes,
                interval,
            );
            assert_eq!(
                id,
                model_id(index),
                "models are added in the order of the deployment"
            );
            for (space, subnets) in &model.spaces {
                self.juju.operator().add_space(id, space, subnets);
            }
        }
        for (index, machine) in deployment.machines.iter_enumerated() {
            let id = self
                .juju
                .operator()
                .add_machine(model_id(machine.model), &machine.id);
            assert_eq!(
                id,
                machine_id(index),
                "machines are added in the order of the deployment"
            );
            for (space, addresses) in &machine.addresses {
                self.juju.operator().give_addresses(id, space, addresses);
            }
            let spaces = machine.spaces.iter();
            let spaces = spaces.map(|space| space.as_str().into()).collect();
            self.juju.operator().constrain_to_spaces(id, &spaces);
        }
        self.acme = self.acme_server(&deployment);
        for application in deployment.applications.keys() {
            self.deploy_application(application, journal, agenda);
        }
        for offer in &deployment.offers {
            self.deploy_offer(offer);
        }
        for saas in &deployment.saas {
            self.deploy_saas(saas);
        }
        for relation in &deployment.relations {
            self.integrate(&relation.sides, journal.root(), journal, agenda);
        }
        for application in deployment.applications.keys() {
            self.deploy_units(application, journal, agenda);
        }
    }

    /// Adds offers and SAAS behind those of the deployment.
    pub(crate) fn add_offers(&mut self, offers: &[OfferSpec], saas: &[SaasSpec]) {
        let deployment = Arc::make_mut(&mut self.deployment);
        deployment.offers.extend(offers.iter().cloned());
        deployment.saas.extend(saas.iter().cloned());
        for offer in offers {
            self.deploy_offer(offer);
        }
        for saas in saas {
            self.deploy_saas(saas);
        }
        assert_eq!(
            (self.saas.len(), self.applications.len()),
            (
                self.deployment.saas.len(),
                self.deployment.applications.len()
            ),
            "there is an id for each SAAS and application of the deployment"
        );
    }

    /// `juju offer`.
    fn deploy_offer(&mut self, offer: &OfferSpec) {
        let application = self.applications[offer.application];
        self.juju
            .relations_mut()
            .offer(application, &offer.name, &offer.endpoints);
    }

    /// `juju consume`.
    fn deploy_saas(&mut self, saas: &SaasSpec) {
        let offer = &self.deployment.offers[saas.offer];
        let target = self.applications[offer.application];
        let model = model_id(saas.model);
        let id = self
            .juju
            .relations_mut()
            .consume(model, &saas.name, &offer.name, target);
        self.saas.push(id);
    }

    fn deploy_application(
        &mut self,
        index: ApplicationIndex,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) {
        let deployment = Arc::clone(&self.deployment);
        let spec = &deployment.applications[index];
        let charm = &spec.charm;
        let model = model_id(spec.model);
        let kubernetes = deployment.models[spec.model].kind == ModelKind::Kubernetes;
        let containers: Vec<Arc<str>> = if kubernetes {
            charm
                .containers
                .iter()
                .map(|name| Arc::from(name.as_str()))
                .collect()
        } else {
            Vec::new()
        };
        let defaults = charm.options.iter().filter_map(|(name, option)| {
            option
                .default
                .as_ref()
                .map(|value| (name.clone(), value.clone()))
        });
        let parts = ApplicationParts {
            name: spec.name.as_str().into(),
            charm: charm.name.as_str().into(),
            endpoints: endpoints(charm),
            containers: containers.into(),
            config_defaults: defaults.collect(),
            config: spec.options.clone(),
            subordinate: charm.subordinate,
            volumes: charm
                .volumes
                .iter()
                .map(|path| path.as_str().into())
                .collect(),
        };
        let load_balancer = spec.load_balancer.as_ref().map(|spec| LoadBalancer {
            address: spec.address.to_string().into(),
            reverse_name: spec.reverse_name.as_deref().map(Arc::from),
        });
        let bindings = spec.bindings.iter();
        let bindings = bindings
            .map(|(endpoint, space)| (endpoint.as_str().into(), space.as_str().into()))
            .collect();
        let begins = begins_with_units(spec);
        let id = self.in_juju(journal, agenda, |juju, host| {
            let id = match begins {
                true => juju.operator().add_application(model, parts, host),
                false => juju.operator().add_application_to_come(model, parts),
            };
            juju.operator().set_load_balancer(id, load_balancer, host);
            juju.operator().bind(id, bindings);
            id
        });
        self.applications.push(id);
        let keys = spec.keys.unwrap_or(deployment.keys);
        let code = charm.build(keys, &self.pool, self.acme.as_ref());
        self.charms.deploy(id, code);
    }

    /// The public ACME server, where a charm orders from one.
    fn acme_server(&self, deployment: &Deployment) -> Option<AcmeServer> {
        let mut applications = deployment.applications.iter();
        if !applications.any(|spec| spec.charm.implementation.orders_from_acme()) {
            return None;
        }
        let server = AcmeServer::new(
            deployment.acme.clone(),
            &KeySource::new(deployment.keys, self.pool.clone()),
            &self.streams,
            deployment.start,
            deployment.duration,
        );
        Some(server.expect("its names can be written"))
    }

    fn deploy_units(
        &mut self,
        index: ApplicationIndex,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) {
        let deployment = Arc::clone(&self.deployment);
        let spec = &deployment.applications[index];
        let application = self.applications[index];
        let machines = deployment.models[spec.model].kind == ModelKind::Machine;
        let timings = &deployment.timings;
        for number in 0..spec.units {
            let machine = match spec.placements.get(number as usize) {
                Some(Placement::Machine(machine)) => Some(machine_id(*machine)),
                _ if machines => Some(self.new_machine(index)),
                _ => None,
            };
            // Each unit comes up by itself. A StatefulSet would start its pods one after the other.
            let provision = self.streams.between(
                PURPOSE_PROVISION,
                self.place_among_units(index),
                u64::from(number),
                timings.provision_min,
                timings.provision_max,
            );
            let starts_at = deployment.start + provision;
            self.in_juju(journal, agenda, |juju, host| {
                juju.operator()
                    .add_unit(application, machine, starts_at, host);
            });
        }
    }

    /// `juju add-unit`, on a machine of its own where the model has machines.
    pub(crate) fn add_unit(
        &mut self,
        index: ApplicationIndex,
        journal: &mut JournalWriter,
        agenda: &mut Agenda<Event>,
    ) -> UnitId {
        let model = self.deployment.applications[index].model;
        let machines = self.deployment.models[model].kind == ModelKind::Machine;
        let machine = machines.then(|| self.new_machine(index));
        let application = self.applications[index];
        let (low, high) = {
            let timings = &self.deployment.timings;
            (timings.provision_min, timings.provision_max)
        };
        let made = self.juju.units().len() as u64;
        let place = self.place_among_units(index);
        let provision = self.streams.between(PURPOSE_ADDED, place, made, low, high);
        let starts_at = agenda.now() + provision;
        self.in_juju(journal, agenda, |juju, host| {
            juju.operator()
                .add_unit(application, machine, starts_at, host)
        })
    }

    /// How many applications before this one begin with units. One that begins without any, to be given some later, leaves
    /// what is drawn for the others as it is without it.
    fn place_among_units(&self, index: ApplicationIndex) -> u64 {
        let before = self.deployment.applications.iter().take(index.into());
        before.filter(|spec| begins_with_units(spec)).count() as u64
    }

    /// A machine that is made for a unit of an application, whose constraints it has.
    fn new_machine(&mut self, index: ApplicationIndex) -> MachineId {
        let spec = &self.deployment.applications[index];
        let model = model_id(spec.model);
        let spaces = spec.spaces.iter();
        let spaces = spaces.map(|space| space.as_str().into()).collect();
        let id = self.juju.model(model).next_machine.to_string();
        let machine = self.juju.operator().add_machine(model, &id);
        self.juju.operator().constrain_to_spaces(machine, &spaces);
        machine
    }
}

/// Whether an application has units from the start, or as soon as its principal has; without, it is deployed later.
fn begins_with_units(spec: &ApplicationSpec) -> bool {
    spec.units > 0 || spec.charm.subordinate
}

fn endpoints(charm: &CharmMetadata) -> Arc<[EndpointInfo]> {
    let endpoints = charm.endpoints.iter().map(|endpoint| EndpointInfo {
        name: endpoint.name.as_str().into(),
        role: endpoint.role,
        interface: endpoint.interface.as_str().into(),
        limit: endpoint.limit,
        container_scope: endpoint.container_scope,
    });
    let juju_info = EndpointInfo {
        name: "juju-info".into(),
        role: Role::Provider,
        interface: "juju-info".into(),
        limit: None,
        container_scope: false,
    };
    endpoints.chain([juju_info]).collect()
}
