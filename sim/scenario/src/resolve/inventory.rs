//! What has been resolved so far: the deployment as it grows, and its models, applications, consumed
//! offers and clients by name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::applications::{Application, Unlisted};
use super::placements::Placed;
use super::relations::Located;
use crate::format::MergedModel;
use crate::lints::Places;
use trustsim_charms::{CharmMetadata, Endpoint, EndpointProfile, REGISTRY, WITHOUT_TLS};
use trustsim_faults::{Plan, draw};
use trustsim_model::{
    AbsentRelation, ApplicationIndex, ClientIndex, ClientSpec, ConnectionSpec, Deployment,
    ModelIndex, ModelSpec, OfferSpec, OperatorSpec, Party, RelationIndex, RelationSpec, SaasIndex,
    SaasSpec, TiVec,
};
use trustsim_yaml::{Map, Place};

/// The names of one model.
struct ModelNames {
    /// Every application that its file has, resolved or not.
    written_applications: BTreeSet<String>,
    /// Every consumed offer that its file has, resolved or not.
    written_saas: BTreeSet<String>,
    applications: BTreeMap<String, ApplicationIndex>,
    saas: BTreeMap<String, SaasIndex>,
}

/// What is there so far.
pub(super) struct Inventory {
    deployment: Deployment,
    models: BTreeMap<String, ModelIndex>,
    names: TiVec<ModelIndex, ModelNames>,
    clients: BTreeMap<String, ClientIndex>,
    unlisted: TiVec<ApplicationIndex, Unlisted>,
    places: Places,
    /// How many units each application is given by faults so far.
    units_added: BTreeMap<ApplicationIndex, u32>,
}

/// What is read.
impl Inventory {
    /// The deployment so far.
    pub(super) const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    pub(super) fn charm(&self, application: ApplicationIndex) -> &CharmMetadata {
        &self.deployment.applications[application].charm
    }

    /// What an application's charm may have although its description does not list it.
    pub(super) fn unlisted(&self, application: ApplicationIndex) -> &Unlisted {
        &self.unlisted[application]
    }

    /// Where an application is named.
    pub(super) fn place_of(&self, application: ApplicationIndex) -> Place {
        self.places.applications[application]
    }

    /// Where a relation is written.
    pub(super) fn place_of_relation(&self, relation: RelationIndex) -> Place {
        self.places.relations[relation]
    }

    pub(super) fn model(&self, name: &str) -> Option<ModelIndex> {
        self.models.get(name).copied()
    }

    pub(super) fn model_names(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    pub(super) fn application(&self, model: ModelIndex, name: &str) -> Option<ApplicationIndex> {
        self.names[model].applications.get(name).copied()
    }

    pub(super) fn application_names(&self, model: ModelIndex) -> impl Iterator<Item = &str> {
        self.names[model].applications.keys().map(String::as_str)
    }

    /// The models that have an application of that name.
    pub(super) fn models_with(&self, application: &str) -> impl Iterator<Item = &ModelSpec> {
        let models = self.names.iter().zip(&self.deployment.models);
        models
            .filter(move |(names, _)| names.applications.contains_key(application))
            .map(|(_, model)| model)
    }

    /// The application or consumed offer of a model by its name, and the application behind it.
    pub(super) fn party(&self, model: ModelIndex, name: &str) -> Option<(Party, ApplicationIndex)> {
        if let Some(application) = self.application(model, name) {
            return Some((Party::Application(application), application));
        }
        let &saas = self.names[model].saas.get(name)?;
        let offer = self.deployment.saas[saas].offer;
        Some((Party::Saas(saas), self.deployment.offers[offer].application))
    }

    pub(super) fn saas_names(&self, model: ModelIndex) -> impl Iterator<Item = &str> {
        self.names[model].saas.keys().map(String::as_str)
    }

    /// Whether a model's file has an application of that name, even one that could not be used.
    pub(super) fn is_application_written(&self, model: ModelIndex, name: &str) -> bool {
        self.names[model].written_applications.contains(name)
    }

    /// Whether a model's file has a consumed offer of that name, even one that could not be used.
    pub(super) fn is_saas_written(&self, model: ModelIndex, name: &str) -> bool {
        self.names[model].written_saas.contains(name)
    }

    pub(super) fn client(&self, name: &str) -> Option<ClientIndex> {
        self.clients.get(name).copied()
    }

    pub(super) fn client_names(&self) -> impl Iterator<Item = &str> {
        self.clients.keys().map(String::as_str)
    }

    /// How many units an application is given by faults so far.
    pub(super) fn units_added(&self, application: ApplicationIndex) -> u32 {
        // An application that no fault gives units to has none added.
        self.units_added.get(&application).copied().unwrap_or(0)
    }
}

/// What is added.
impl Inventory {
    /// The models of a deployment that has none yet.
    pub(super) fn new(
        mut deployment: Deployment,
        models: TiVec<ModelIndex, ModelSpec>,
        bundles: &TiVec<ModelIndex, MergedModel>,
    ) -> Self {
        let named = models.iter_enumerated();
        let named = named.map(|(index, model)| (model.name.clone(), index));
        let names = bundles.iter().map(|bundle| ModelNames {
            written_applications: written(bundle.file.applications.as_ref()),
            written_saas: written(bundle.file.saas.as_ref()),
            applications: BTreeMap::new(),
            saas: BTreeMap::new(),
        });
        let (models_by_name, names) = (named.collect(), names.collect());
        deployment.models = models;
        Self {
            deployment,
            models: models_by_name,
            names,
            clients: BTreeMap::new(),
            unlisted: TiVec::new(),
            places: Places::default(),
            units_added: BTreeMap::new(),
        }
    }

    pub(super) fn add_applications(&mut self, applications: Vec<Application>) {
        for application in applications {
            let (model, name) = (application.spec.model, application.spec.name.clone());
            let index = self
                .deployment
                .applications
                .push_and_get_key(application.spec);
            self.names[model].applications.insert(name, index);
            self.places.applications.push(application.place);
            self.places.options.push(application.option_places);
            self.unlisted.push(application.unlisted);
        }
    }

    /// Puts units on machines.
    pub(super) fn place(&mut self, placed: Placed) {
        self.deployment.machines = placed.machines;
        for (application, placements) in placed.placements {
            self.deployment.applications[application].placements = placements;
        }
    }

    pub(super) fn add_offers(&mut self, offers: Vec<OfferSpec>) {
        self.deployment.offers.extend(offers);
    }

    pub(super) fn add_absent(&mut self, absent: Vec<AbsentRelation>) {
        self.deployment.absent.extend(absent);
    }

    pub(super) fn add_saas(&mut self, consumed: Vec<SaasSpec>) {
        for saas in consumed {
            let (model, name) = (saas.model, saas.name.clone());
            let index = self.deployment.saas.push_and_get_key(saas);
            self.names[model].saas.insert(name, index);
        }
    }

    /// Adds an endpoint to an application's charm. One with container scope makes it a subordinate. One that uses
    /// certificates is played by the generic consumer, where no other code plays the charm.
    pub(super) fn add_endpoint(&mut self, application: ApplicationIndex, endpoint: Endpoint) {
        let charm = Arc::make_mut(&mut self.deployment.applications[application].charm);
        charm.subordinate |= endpoint.container_scope;
        if charm.implementation == &WITHOUT_TLS {
            charm.implementation = match endpoint.profile {
                Some(EndpointProfile::LegacyCertificates(_)) => REGISTRY.legacy_requirer,
                Some(_) => REGISTRY.requirer,
                None => charm.implementation,
            };
        }
        charm.endpoints.push(endpoint);
        charm.endpoints.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Gives an endpoint of an application's charm another interface.
    pub(super) fn set_interface(
        &mut self,
        application: ApplicationIndex,
        endpoint: &str,
        interface: &str,
    ) {
        let charm = Arc::make_mut(&mut self.deployment.applications[application].charm);
        for known in &mut charm.endpoints {
            if known.name == endpoint {
                interface.clone_into(&mut known.interface);
            }
        }
    }

    pub(super) fn add_relations(&mut self, relations: Vec<Located<RelationSpec>>) {
        for (relation, place) in relations {
            self.deployment.relations.push(relation);
            self.places.relations.push(place);
        }
    }

    pub(super) fn add_client(&mut self, client: ClientSpec) {
        let name = client.name.clone();
        let index = self.deployment.clients.push_and_get_key(client);
        self.clients.insert(name, index);
    }

    pub(super) fn add_operators(&mut self, operators: Vec<OperatorSpec>) {
        self.deployment.operators.extend(operators);
    }

    pub(super) fn add_connections(&mut self, connections: Vec<Located<ConnectionSpec>>) {
        for (connection, place) in connections {
            self.deployment.connections.push(connection);
            self.places.connections.push(place);
        }
    }

    /// So many connections follow from the relations and are not simulated.
    pub(super) fn set_underived(&mut self, count: usize) {
        self.deployment.underived = count;
    }

    /// From now on an application has so many more units.
    pub(super) fn add_units(&mut self, application: ApplicationIndex, count: u32) {
        *self.units_added.entry(application).or_insert(0) += count;
    }

    /// Takes over what happens, and draws what is random in it. `places` are those of the faults, by
    /// their lines.
    pub(super) fn plan(&mut self, plan: Plan, places: BTreeMap<u32, Place>) {
        self.places.faults = places;
        self.deployment.actions = plan.actions.into();
        self.deployment.random = plan.random;
        self.deployment.rotations = plan.rotations;
        draw(&mut self.deployment);
    }

    /// The deployment, and where its parts are in the files.
    pub(super) fn into_parts(self) -> (Deployment, Places) {
        (self.deployment, self.places)
    }
}

fn written<T>(map: Option<&Map<T>>) -> BTreeSet<String> {
    let entries = map.into_iter().flat_map(Map::iter);
    entries.map(|(name, _)| name.value.clone()).collect()
}
