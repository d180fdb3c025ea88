//! Making controllers, models, applications, units and relations.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use thiserror::Error;

use super::agent::Agent;
use super::state::{Delivered, EndpointInfo, ScopeMember, Versioned};
use super::{
    About, Application, ApplicationId, ApplicationKind, Controller, ControllerId, End,
    EndpointRole, Event, Happening, Host, Juju, Lease, Life, Link, LinkId, Machine, MachineId,
    Model, ModelId, Relation, RelationId, Status, Unit, UnitId, Workload,
};
use crate::kernel::{Seq, Span, Time};

/// What `juju deploy` takes.
#[derive(Clone, Debug)]
pub struct ApplicationParts {
    /// Name.
    pub name: Arc<str>,
    /// Charm name.
    pub charm: Arc<str>,
    /// Endpoints of the charm.
    pub endpoints: Arc<[EndpointInfo]>,
    /// Workload containers.
    pub containers: Arc<[Arc<str>]>,
    /// Option defaults.
    pub config_defaults: BTreeMap<String, String>,
    /// Options as set.
    pub config: BTreeMap<String, String>,
    /// Whether units live on their principal's machine.
    pub subordinate: bool,
}

/// Why `juju integrate` refuses.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IntegrateError {
    /// An endpoint is full.
    #[error(
        "establishing a new relation for {endpoint} would exceed its maximum relation limit of {limit}"
    )]
    Limit {
        /// `app:endpoint`.
        endpoint: String,
        /// The limit.
        limit: u32,
    },
    /// It is there already.
    #[error("relation {0} already exists")]
    Exists(String),
    /// No such endpoint.
    #[error("application {application:?} has no {endpoint:?} relation")]
    NoEndpoint {
        /// Application name.
        application: String,
        /// Endpoint name.
        endpoint: String,
    },
}

impl Juju {
    /// Bootstraps a controller.
    pub fn add_controller(&mut self, name: &str) -> ControllerId {
        self.controllers.push(Controller { name: name.into() });
        ControllerId::from_index(self.controllers.len() - 1)
    }

    /// `juju add-model`.
    pub fn add_model(
        &mut self,
        name: &str,
        owner: &str,
        controller: ControllerId,
        kubernetes: bool,
        update_status_interval: Span,
    ) -> ModelId {
        let mut stream = self.streams.stream("model-uuid", name);
        let mut bytes = [0_u8; 16];
        stream.fill_bytes(&mut bytes);
        self.models.push(Model {
            name: name.into(),
            owner: owner.into(),
            uuid: uuid_text(bytes).into(),
            controller,
            kubernetes,
            update_status_interval,
            retries_hooks: true,
            next_relation: 0,
            applications: Vec::new(),
        });
        ModelId::from_index(self.models.len() - 1)
    }

    /// `juju add-machine`.
    pub fn add_machine(&mut self, model: ModelId, id: &str) -> MachineId {
        let index = self.machines.len();
        self.machines.push(Machine {
            model,
            id: id.into(),
            address: address(100 + model.index(), index).into(),
            units: Vec::new(),
            lock: None,
            waiting: Vec::new(),
        });
        MachineId::from_index(index)
    }

    /// `juju deploy` without units. Peer relations are there from the start.
    pub fn add_application(
        &mut self,
        model: ModelId,
        parts: ApplicationParts,
        host: &mut dyn Host,
    ) -> ApplicationId {
        let endpoints = Arc::clone(&parts.endpoints);
        let id = self.push_application(model, parts, ApplicationKind::Local);
        let cause = None;
        for endpoint in endpoints
            .iter()
            .filter(|endpoint| endpoint.role == EndpointRole::Peer)
        {
            let end = new_end(id, endpoint);
            self.push_relation(model, &endpoint.interface, vec![end], cause, host);
        }
        id
    }

    fn push_application(
        &mut self,
        model: ModelId,
        parts: ApplicationParts,
        kind: ApplicationKind,
    ) -> ApplicationId {
        let mut config = parts.config_defaults.clone();
        config.extend(parts.config);
        let config = Versioned {
            value: Arc::new(config),
            version: 1,
            ..Versioned::default()
        };
        self.applications.push(Application {
            model,
            name: parts.name,
            kind,
            charm: parts.charm,
            endpoints: parts.endpoints,
            containers: parts.containers,
            config,
            config_defaults: Arc::new(parts.config_defaults),
            units: Vec::new(),
            relations: Vec::new(),
            lease: Lease::default(),
            offers: Vec::new(),
            subordinate: parts.subordinate,
        });
        let id = ApplicationId::from_index(self.applications.len() - 1);
        self.models[model.index()].applications.push(id);
        id
    }

    /// `juju add-unit`: its agent starts at `starts_at`.
    pub fn add_unit(
        &mut self,
        application: ApplicationId,
        machine: Option<MachineId>,
        starts_at: Time,
        host: &mut dyn Host,
    ) -> UnitId {
        let number = self.next_unit_number(application);
        let id = self.push_unit(application, number, machine, Some(Box::new(Agent::new())));
        host.schedule(starts_at, Event::AgentStart(id));
        id
    }

    fn next_unit_number(&self, application: ApplicationId) -> u32 {
        let last = self.application(application).units.last();
        last.map_or(0, |unit| self.unit(*unit).number + 1)
    }

    pub(super) fn push_unit(
        &mut self,
        application: ApplicationId,
        number: u32,
        machine: Option<MachineId>,
        agent: Option<Box<Agent>>,
    ) -> UnitId {
        let id = UnitId::from_index(self.units.len());
        let found = self.application(application);
        let name: Arc<str> = format!("{}/{number}", found.name).into();
        let address_text = match machine {
            Some(machine) => Arc::clone(&self.machine(machine).address),
            None => Arc::from(address(1 + found.model.index(), id.index())),
        };
        self.units.push(Unit {
            application,
            number,
            name,
            machine,
            address: Versioned {
                value: address_text,
                version: 1,
                ..Versioned::default()
            },
            status: (
                if agent.is_some() {
                    Status::Waiting
                } else {
                    Status::Unknown
                },
                "".into(),
            ),
            status_since: Time::EPOCH,
            skew_ns: 0,
            agent,
            workload: Workload::default(),
        });
        self.applications[application.index()].units.push(id);
        if let Some(machine) = machine {
            self.machines[machine.index()].units.push(id);
        }
        id
    }

    /// `juju offer`.
    pub fn offer(&mut self, application: ApplicationId, name: &str, endpoints: &[String]) {
        let endpoints = endpoints
            .iter()
            .map(|endpoint| Arc::from(endpoint.as_str()))
            .collect();
        self.applications[application.index()]
            .offers
            .push((name.into(), endpoints));
    }

    /// `juju consume`: a SAAS named `name` for `offer` of `target`.
    pub fn consume(
        &mut self,
        model: ModelId,
        name: &str,
        offer: &str,
        target: ApplicationId,
    ) -> ApplicationId {
        let offered = self.application(target);
        let home = self.model(offered.model);
        let url = format!("{}/{}.{offer}", home.owner, home.name);
        let url = if home.controller == self.model(model).controller {
            url
        } else {
            format!("{}:{url}", self.controller(home.controller).name)
        };
        let parts = self.proxy_parts(name.into(), target);
        self.push_application(
            model,
            parts,
            ApplicationKind::Saas {
                url: url.into(),
                target,
            },
        )
    }

    fn proxy_parts(&self, name: Arc<str>, target: ApplicationId) -> ApplicationParts {
        let target = self.application(target);
        ApplicationParts {
            name,
            charm: Arc::clone(&target.charm),
            endpoints: Arc::clone(&target.endpoints),
            containers: Arc::from([]),
            config_defaults: BTreeMap::new(),
            config: BTreeMap::new(),
            subordinate: false,
        }
    }

    /// `juju integrate`: both sides with their endpoints, in any order.
    ///
    /// # Errors
    ///
    /// [`IntegrateError`] in Juju's words.
    pub fn integrate(
        &mut self,
        sides: [(ApplicationId, &str); 2],
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<RelationId, IntegrateError> {
        let mut ends = Vec::new();
        for (application, endpoint) in sides {
            ends.push(new_end(
                application,
                &self.checked_endpoint(application, endpoint)?,
            ));
        }
        ends.sort_by_key(|end| end.role);
        let (model, interface) = self.model_and_interface(&ends[0]);
        if let Some(id) = self.find_relation(&ends) {
            return Err(IntegrateError::Exists(self.relation_key(id)));
        }
        let id = self.push_relation(model, &interface, ends, cause, host);
        self.link_if_cross_model(id, cause, host);
        Ok(id)
    }

    fn checked_endpoint(
        &self,
        application: ApplicationId,
        endpoint: &str,
    ) -> Result<EndpointInfo, IntegrateError> {
        let found = self.application(application);
        let info = found
            .endpoints
            .iter()
            .find(|info| *info.name == *endpoint)
            .cloned();
        let info = info.ok_or_else(|| IntegrateError::NoEndpoint {
            application: found.name.to_string(),
            endpoint: endpoint.to_owned(),
        })?;
        if let Some(limit) = info.limit {
            let used = found.relations.iter().filter(|id| {
                let relation = self.relation(**id);
                let end = relation.end_of(application);
                end.is_some_and(|end| *relation.ends[end].endpoint == *endpoint)
            });
            if used.count() >= limit as usize && found.kind == ApplicationKind::Local {
                let endpoint = format!("{}:{endpoint}", found.name);
                return Err(IntegrateError::Limit { endpoint, limit });
            }
        }
        Ok(info)
    }

    fn model_and_interface(&self, end: &End) -> (ModelId, Arc<str>) {
        let application = self.application(end.application);
        let info = application
            .endpoints
            .iter()
            .find(|info| info.name == end.endpoint);
        (
            application.model,
            info.map_or_else(|| "".into(), |info| Arc::clone(&info.interface)),
        )
    }

    fn find_relation(&self, ends: &[End]) -> Option<RelationId> {
        let relations = &self.application(ends[0].application).relations;
        relations.iter().copied().find(|id| {
            let same = |(left, right): (&End, &End)| {
                left.application == right.application && left.endpoint == right.endpoint
            };
            self.relation(*id).ends.iter().zip(ends).all(same)
        })
    }

    /// The relation of these sides that is not removed, in any order.
    pub fn relation_between(&self, sides: [(ApplicationId, &str); 2]) -> Option<RelationId> {
        let relations = &self.application(sides[0].0).relations;
        relations.iter().copied().find(|id| {
            sides.iter().all(|(application, endpoint)| {
                let mut ends = self.relation(*id).ends.iter();
                ends.any(|end| end.application == *application && *end.endpoint == **endpoint)
            })
        })
    }

    /// `app:endpoint app:endpoint`, requirer first, as Juju writes a relation's key.
    pub fn relation_key(&self, id: RelationId) -> String {
        let ends = self.relation(id).ends.iter().rev();
        let names: Vec<String> = ends
            .map(|end| {
                format!(
                    "{}:{}",
                    self.application(end.application).name,
                    end.endpoint
                )
            })
            .collect();
        names.join(" ")
    }

    fn push_relation(
        &mut self,
        model: ModelId,
        interface: &Arc<str>,
        ends: Vec<End>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> RelationId {
        let number = self.models[model.index()].next_relation;
        self.models[model.index()].next_relation += 1;
        let id = RelationId::from_index(self.relations.len());
        let applications: Vec<ApplicationId> = ends.iter().map(|end| end.application).collect();
        self.relations.push(Relation {
            model,
            number,
            interface: Arc::clone(interface),
            ends,
            life: Life::Alive,
            suspended: false,
            changed_at: host.now(),
            cause,
            link: None,
        });
        for application in applications {
            self.applications[application.index()].relations.push(id);
        }
        let entry = host.record(
            cause,
            About::Model(model),
            Happening::Relation("created", id),
        );
        self.relations[id.index()].cause = entry;
        self.wake_relation(id, host);
        id
    }

    /// Where one side is a SAAS: makes the other half in the offering model and dials.
    fn link_if_cross_model(&mut self, id: RelationId, cause: Option<Seq>, host: &mut dyn Host) {
        let relation = self.relation(id);
        let Some((saas_end, target)) = relation.ends.iter().enumerate().find_map(|(index, end)| {
            match &self.application(end.application).kind {
                ApplicationKind::Saas { target, .. } => Some((index, *target)),
                _ => None,
            }
        }) else {
            return;
        };
        let local = relation.opposite(saas_end).clone();
        let offered_endpoint = Arc::clone(&relation.ends[saas_end].endpoint);
        let interface = Arc::clone(&relation.interface);
        let offering_model = self.application(target).model;
        let from = self.model(relation.model).controller;
        let to = self.model(offering_model).controller;
        let proxy = self.consumer_proxy(local.application, offering_model);
        let far = End {
            application: target,
            endpoint: offered_endpoint,
            role: self.relation(id).ends[saas_end].role,
            bag: Versioned::default(),
            units: BTreeMap::new(),
        };
        let near = End {
            application: proxy,
            bag: Versioned::default(),
            units: BTreeMap::new(),
            ..local
        };
        let mut ends = vec![far, near];
        ends.sort_by_key(|end| end.role);
        let offering = self.push_relation(offering_model, &interface, ends, cause, host);
        let link = LinkId::from_index(self.links.len());
        self.links.push(Link {
            consumer: id,
            offering,
            from,
            to,
            connected: false,
            error: None,
            dialled_at: host.now(),
            due: [None, None],
            delivered: [Delivered::default(), Delivered::default()],
        });
        self.relations[id.index()].link = Some(link);
        self.relations[offering.index()].link = Some(link);
        host.schedule(host.now(), Event::Dial(link));
    }

    /// The proxy of a consuming application in the offering model, `remote-<token>`.
    fn consumer_proxy(&mut self, consumer: ApplicationId, model: ModelId) -> ApplicationId {
        let kind = ApplicationKind::Consumer { target: consumer };
        let known = self.model(model).applications.iter().copied();
        if let Some(found) = known
            .into_iter()
            .find(|id| self.application(*id).kind == kind)
        {
            return found;
        }
        let subject = format!(
            "{}.{}",
            self.application(consumer).model.0,
            self.application(consumer).name
        );
        let mut bytes = [0_u8; 16];
        self.streams
            .stream("application-token", &subject)
            .fill_bytes(&mut bytes);
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = self.proxy_parts(format!("remote-{token}").into(), consumer);
        self.push_application(model, parts, kind)
    }

    /// Puts a unit into a relation's scope, with what Juju writes there.
    pub(super) fn enter_scope(&mut self, unit: UnitId, relation: RelationId, host: &mut dyn Host) {
        let now = host.now();
        let application = self.unit(unit).application;
        let address = Arc::clone(&self.unit(unit).address.value);
        let Some(end) = self.relation(relation).end_of(application) else {
            return;
        };
        let cause = self.relation(relation).cause;
        let member = self.relations[relation.index()].ends[end]
            .units
            .entry(unit)
            .or_insert_with(|| ScopeMember {
                bag: Versioned::default(),
                in_scope: false,
                moved_at: now,
                cause,
            });
        let subnet = format!("{address}/32");
        for (key, text) in [
            ("egress-subnets", subnet.as_str()),
            ("ingress-address", &*address),
            ("private-address", &*address),
        ] {
            member.bag.value.set(key, Some(text.into()));
        }
        member.bag.touch(now, cause);
        member.in_scope = true;
        member.moved_at = now;
        self.end_changed(relation, end, host);
    }
}

fn new_end(application: ApplicationId, info: &EndpointInfo) -> End {
    End {
        application,
        endpoint: Arc::clone(&info.name),
        role: info.role,
        bag: Versioned::default(),
        units: BTreeMap::new(),
    }
}

/// A private address no other unit has.
fn address(network: usize, index: usize) -> String {
    format!(
        "10.{}.{}.{}",
        network % 256,
        index / 250 % 256,
        index % 250 + 1
    )
}

fn uuid_text(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
