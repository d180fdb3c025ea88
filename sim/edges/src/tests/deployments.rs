//! Deployments by the names of their relations, and edges as lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Checks, Edge, End, Name, Reason, Transport, derive};
use trustsim_charm_model::{
    Bugs, CertificatesProfile, CharmMetadata, Endpoint, EndpointProfile, EndpointSource,
    Implementation, ProcessProfile, Protocol, Provenance, Role, Server, WITHOUT_TLS,
};
use trustsim_model::{
    ApplicationIndex, ApplicationSpec, CharmStore, ControllerSpec, Deployment, ModelIndex,
    ModelKind, ModelSpec, OfferSpec, Party, RelationSpec, SaasIndex, SaasSpec, Side,
};

/// A deployment that grows by its relations.
#[derive(Clone)]
pub(super) struct Built {
    pub(super) deployment: Deployment,
}

impl Built {
    pub(super) fn on_kubernetes() -> Self {
        let mut deployment = Deployment::empty();
        deployment.controllers.push(ControllerSpec {
            name: "c".to_owned(),
        });
        let mut built = Self { deployment };
        built.model("m");
        built
    }

    pub(super) fn on_machines() -> Self {
        let mut built = Self::on_kubernetes();
        built.deployment.models.raw[0].kind = ModelKind::Machine;
        built
    }

    fn model(&mut self, name: &str) -> ModelIndex {
        self.deployment.models.push_and_get_key(ModelSpec {
            name: name.to_owned(),
            owner: "admin".to_owned(),
            controller: 0.into(),
            kind: ModelKind::Kubernetes,
            update_status_interval: trustsim_testkit::seconds(300),
            spaces: BTreeMap::new(),
        })
    }

    /// Relates `provider:endpoint` with `requirer:endpoint` in the first model.
    pub(super) fn relate(&mut self, provider: &str, requirer: &str, interface: &str) {
        let sides = [(provider, Role::Provider), (requirer, Role::Requirer)];
        let sides = sides.map(|(text, role)| self.side(0.into(), text, role, interface));
        self.deployment.relations.push(RelationSpec {
            model: 0.into(),
            sides,
            interface: interface.to_owned(),
        });
    }

    /// Offers an endpoint to a further model.
    pub(super) fn offer_to(&mut self, model: &str, application: &str, endpoint: &str) -> SaasIndex {
        let application = self.application(application);
        let offer = self.deployment.offers.push_and_get_key(OfferSpec {
            name: endpoint.to_owned(),
            application,
            endpoints: vec![endpoint.to_owned()],
        });
        let model = self.model(model);
        let name = "saas".to_owned();
        self.deployment
            .saas
            .push_and_get_key(SaasSpec { model, name, offer })
    }

    /// Relates what was offered with a requirer in the model that consumes it.
    pub(super) fn relate_saas(
        &mut self,
        saas: SaasIndex,
        endpoint: &str,
        requirer: &str,
        interface: &str,
    ) {
        let model = self.deployment.saas[saas].model;
        let provider = Side {
            party: Party::Saas(saas),
            endpoint: endpoint.to_owned(),
            role: Role::Provider,
        };
        let requirer = self.side(model, requirer, Role::Requirer, interface);
        self.deployment.relations.push(RelationSpec {
            model,
            sides: [provider, requirer],
            interface: interface.to_owned(),
        });
    }

    fn side(&mut self, model: ModelIndex, text: &str, role: Role, interface: &str) -> Side {
        let (name, endpoint) = text
            .split_once(':')
            .expect("an application and an endpoint");
        let known = self.deployment.applications.iter();
        let position = known
            .map(|spec| spec.name.as_str())
            .position(|known| known == name);
        let index: ApplicationIndex = match position {
            Some(position) => position.into(),
            None => self
                .deployment
                .applications
                .push_and_get_key(application(model, name)),
        };
        let charm = self.charm_of(index);
        if charm.endpoint(endpoint).is_none() {
            charm.endpoints.push(Endpoint {
                name: endpoint.to_owned(),
                role,
                interface: interface.to_owned(),
                limit: None,
                container_scope: false,
                protocol: Protocol::Current,
                profile: None,
                client_certificate: None,
                library: None,
                bugs: Bugs::default(),
                source: EndpointSource::Description,
            });
        }
        Side {
            party: Party::Application(index),
            endpoint: endpoint.to_owned(),
            role,
        }
    }

    fn application(&self, name: &str) -> ApplicationIndex {
        let mut all = self.deployment.applications.iter_enumerated();
        let found = all.find(|(_, spec)| spec.name == name);
        found.expect("an application").0
    }

    fn charm_of(&mut self, index: ApplicationIndex) -> &mut CharmMetadata {
        Arc::make_mut(&mut self.deployment.applications[index].charm)
    }

    pub(super) fn charm(&mut self, application: &str, charm: &str) {
        let index = self.application(application);
        charm.clone_into(&mut self.charm_of(index).name);
    }

    /// Makes an application one that is played as the charm of that behaviour.
    pub(super) fn played_as(&mut self, application: &str, implementation: &'static Implementation) {
        let index = self.application(application);
        self.charm_of(index).implementation = implementation;
    }

    /// Makes an application one of whose charm nothing is known but its endpoints' names.
    pub(super) fn unread(&mut self, application: &str) {
        let index = self.application(application);
        self.charm_of(index).provenance = Provenance::Unknown;
    }

    /// Makes an application's charm one of the catalogue.
    pub(super) fn of_catalogue(&mut self, application: &str) {
        let index = self.application(application);
        self.charm_of(index).provenance = Provenance::Unread {
            repository: "owner/repository".to_owned(),
            missing: "newer revisions".to_owned(),
        };
    }

    pub(super) fn process(&mut self, application: &str, name: &str) {
        let index = self.application(application);
        self.charm_of(index).processes.push(ProcessProfile {
            name: name.to_owned(),
            trusts: vec!["certificates".to_owned()],
            at_start_only: false,
            keeps_first_ca: false,
            system_roots: false,
            shows: None,
            waits_for_ca: false,
            validator: None,
        });
    }

    pub(super) fn revision(&mut self, application: &str, revision: u64) {
        let index = self.application(application);
        self.deployment.applications[index].revision = Some(revision);
    }

    pub(super) fn units(&mut self, application: &str, units: u32) {
        let index = self.application(application);
        self.deployment.applications[index].units = units;
    }

    pub(super) fn set(&mut self, application: &str, option: &str, value: &str) {
        let index = self.application(application);
        let options = &mut self.deployment.applications[index].options;
        options.insert(option.to_owned(), value.to_owned());
    }

    /// Makes an application publish a URL on an endpoint.
    pub(super) fn publish(&mut self, application: &str, endpoint: &str, url: &str) {
        let index = self.application(application);
        let published = &mut self.deployment.applications[index].published;
        let urls = published.entry(endpoint.to_owned()).or_default();
        urls.insert(url.parse().expect("a URL"));
    }

    /// Makes an application request its certificates for the name in an option.
    pub(super) fn certificate_profile(&mut self, application: &str, option: &str) {
        let index = self.application(application);
        let profile = CertificatesProfile {
            name_option: Some(option.to_owned()),
            ..CertificatesProfile::default()
        };
        self.charm_of(index).endpoints[0].profile = Some(EndpointProfile::Certificates(profile));
    }

    /// Makes an endpoint one of which nothing is known.
    pub(super) fn guessed(&mut self, application: &str, endpoint: &str) {
        self.known_by(application, endpoint, EndpointSource::Guess);
    }

    /// Makes an endpoint one that is known by its name alone.
    pub(super) fn named(&mut self, application: &str, endpoint: &str) {
        self.known_by(application, endpoint, EndpointSource::UsualName);
    }

    fn known_by(&mut self, application: &str, endpoint: &str, source: EndpointSource) {
        let index = self.application(application);
        for known in &mut self.charm_of(index).endpoints {
            if known.name == endpoint {
                known.source = source;
            }
        }
    }
}

fn application(model: ModelIndex, name: &str) -> ApplicationSpec {
    ApplicationSpec {
        model,
        name: name.to_owned(),
        charm: Arc::new(CharmMetadata {
            name: format!("some-{name}"),
            subordinate: false,
            containers: Vec::new(),
            endpoints: Vec::new(),
            options: BTreeMap::new(),
            implementation: &WITHOUT_TLS,
            issuer: None,
            validator: None,
            system_roots: true,
            server: Server::default(),
            volumes: Vec::new(),
            rotate_ca_action: None,
            processes: Vec::new(),
            actions: Vec::new(),
            provenance: Provenance::Scenario,
            source: None,
        }),
        channel: None,
        revision: None,
        store: CharmStore::default(),
        units: 1,
        options: BTreeMap::new(),
        keys: None,
        placements: Vec::new(),
        published: BTreeMap::new(),
        bindings: BTreeMap::new(),
        spaces: Default::default(),
        load_balancer: None,
    }
}

/// Every edge as a line.
pub(super) fn edge_lines(built: &Built) -> Vec<String> {
    let edges = derive(&built.deployment).edges;
    edges
        .iter()
        .map(|edge| line(&built.deployment, edge))
        .collect()
}

fn line(deployment: &Deployment, edge: &Edge) -> String {
    let end = |end: End| match end {
        End::Application(index) => deployment.applications[index].name.as_str(),
        End::Outside => "outside",
    };
    let name = match &edge.name {
        Name::Host => String::new(),
        Name::Address => " at its address".to_owned(),
        Name::IngressAddress => " at its ingress address".to_owned(),
        Name::Service => " at its service".to_owned(),
        Name::HeadlessService => " at its headless service".to_owned(),
        Name::Localhost => " at localhost".to_owned(),
        Name::External(None) => " at its public name".to_owned(),
        Name::External(Some(name)) => format!(" as {name}"),
    };
    let transport = match &edge.transport {
        Transport::Tls { certificate } => format!("tls {}", certificate.as_deref().unwrap_or("")),
        plain => match plain.possible_certificate() {
            None => "plain".to_owned(),
            Some(endpoint) => format!("plain, tls over {endpoint}"),
        },
    };
    let mut facts = vec![transport.trim_end().to_owned()];
    match edge.checks {
        Checks::ChainOnly => facts.push("chain only".to_owned()),
        Checks::Unverified => facts.push("unverified".to_owned()),
        Checks::Verified | Checks::ClientDecides => {}
    }
    if edge.mutual {
        facts.push("mutual".to_owned());
    }
    if edge.is_unread {
        facts.push("unread".to_owned());
    }
    if let Some(endpoint) = edge.shows {
        facts.push(format!("with its {endpoint}"));
    }
    if edge.ca_in_databag {
        facts.push("ca in databag".to_owned());
    }
    let reasons: Vec<String> = edge
        .reasons
        .iter()
        .map(|reason| match reason {
            Reason::Relation { relation, .. } => format!("relation {relation:?}"),
            Reason::Ingress { client, .. } => format!("ingress {client:?}"),
            Reason::Front(relation, _) => format!("front {relation:?}"),
            Reason::Units(_) => "units".to_owned(),
            Reason::Workload(_) => "workload".to_owned(),
            Reason::Catalogue {
                client, service, ..
            } => format!("catalogue {client:?}, {service:?}"),
        })
        .collect();
    format!(
        "{} -> {}{name}, {} ({})",
        match edge.process {
            Some(process) => format!("{} ({})", end(edge.from), process.name),
            None => end(edge.from).to_owned(),
        },
        end(edge.to),
        facts.join(", "),
        reasons.join(", ")
    )
}
