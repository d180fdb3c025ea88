//! `juju bootstrap`, `add-model`, `add-machine`, `deploy` and `add-unit`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;

use crate::agents::Agent;
use crate::relations::integrate::new_end;
use crate::{
    Application, ApplicationId, ApplicationKind, Controller, ControllerId, EndpointInfo, Event,
    Host, Lease, Machine, MachineId, Model, ModelId, Operator, Role, Status, Topology, Unit,
    UnitId, Versioned, Workload,
};
use trustsim_kernel::{Span, Streams, Time};

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
    /// Paths of workload files that lie on volumes begin with one of these: they outlive a pod.
    pub volumes: Vec<Arc<str>>,
}

impl Operator<'_> {
    /// Bootstraps a controller.
    pub fn add_controller(&mut self, name: &str) -> ControllerId {
        self.agents.push_controller(Controller {
            name: name.into(),
            skew_ns: 0,
        })
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
        assert!(
            update_status_interval > Span::ZERO,
            "update-status-hook-interval of {name} is longer than nothing"
        );
        let uuid = drawn_uuid(self.agents.timing().streams, "model-uuid", name);
        self.agents.push_model(Model {
            name: name.into(),
            owner: owner.into(),
            uuid: uuid.into(),
            controller,
            kubernetes,
            update_status_interval,
            retries_hooks: true,
            spaces: BTreeMap::new(),
            next_relation: 0,
            next_machine: 0,
            applications: Vec::new(),
        })
    }

    /// `juju add-machine`.
    pub fn add_machine(&mut self, model: ModelId, id: &str) -> MachineId {
        let index = self.agents.next_machine().index();
        self.agents.push_machine(Machine {
            model,
            id: id.into(),
            address: address(100 + model.index(), index).into(),
            spaces: BTreeMap::new(),
            moved: None,
            units: Vec::new(),
            lock: None,
            waiting: Vec::new(),
        })
    }

    /// `juju deploy` without units. Peer relations are there from the start.
    pub fn add_application(
        &mut self,
        model: ModelId,
        parts: ApplicationParts,
        host: &mut dyn Host,
    ) -> ApplicationId {
        let id = self.add_application_to_come(model, parts);
        self.add_peer_relations(id, host);
        id
    }

    /// An application that is deployed later, when it is given its first unit: its peer relations come then, so that those of
    /// others have the numbers that they have without it.
    pub fn add_application_to_come(
        &mut self,
        model: ModelId,
        parts: ApplicationParts,
    ) -> ApplicationId {
        self.agents
            .create_application(model, parts, ApplicationKind::Local)
    }

    /// Whether an application lacks the peer relations that its charm has.
    fn has_peers_to_come(&self, id: ApplicationId) -> bool {
        let application = self.agents.application(id);
        let mut relations = application.relations.iter();
        let has_peers = relations.any(|relation| self.agents.relation(*relation).is_peer());
        let mut endpoints = application.endpoints.iter();
        !has_peers && endpoints.any(|endpoint| endpoint.role == Role::Peer)
    }

    fn add_peer_relations(&mut self, id: ApplicationId, host: &mut dyn Host) {
        let application = self.agents.application(id);
        let (model, endpoints) = (application.model, Arc::clone(&application.endpoints));
        let peers = endpoints
            .iter()
            .filter(|endpoint| endpoint.role == Role::Peer);
        for endpoint in peers {
            let end = new_end(id, endpoint);
            self.agents.relations_mut().push_relation(
                model,
                &endpoint.interface,
                vec![end],
                None,
                host,
            );
        }
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
        if self.has_peers_to_come(application) {
            self.add_peer_relations(application, host);
        }
        let id =
            self.agents
                .create_unit(application, number, machine, Some(Box::new(Agent::new())));
        host.schedule(starts_at, Event::AgentStart(id));
        self.agents.share_machine(id, host);
        id
    }
}

impl Topology {
    pub(crate) fn create_application(
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
        let index = self.next_application().index();
        let on_kubernetes = self.model(model).kubernetes;
        self.push_application(Application {
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
            charm_version: Versioned {
                version: 1,
                ..Versioned::default()
            },
            rollout: Vec::new(),
            next_unit: 0,
            terminated: false,
            dying: false,
            lease: Lease::default(),
            offers: Vec::new(),
            subordinate: parts.subordinate,
            volumes: parts.volumes,
            service_address: on_kubernetes.then(|| service_address(index).into()),
            bindings: BTreeMap::new(),
            load_balancer: None,
        })
    }

    pub(crate) fn create_unit(
        &mut self,
        application: ApplicationId,
        number: u32,
        machine: Option<MachineId>,
        agent: Option<Box<Agent>>,
    ) -> UnitId {
        if let Some(machine) = machine {
            self.enter_spaces(machine, application);
        }
        let id = self.next_unit();
        let found = self.application(application);
        let name: Arc<str> = format!("{}/{number}", found.name).into();
        let address_text = match machine {
            Some(machine) => Arc::clone(&self.machine(machine).address),
            None => Arc::from(address(1 + found.model.index(), id.index())),
        };
        self.push_unit(Unit {
            application,
            number,
            name,
            machine,
            principal: None,
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
        })
    }
}

impl Topology {
    /// The next number: in a StatefulSet the next ordinal, elsewhere one never used before
    /// (juju/juju 3.6 `state/application.go`, `newUnitName`).
    pub(crate) fn next_unit_number(&self, application: ApplicationId) -> u32 {
        let found = self.application(application);
        if !self.model(found.model).kubernetes {
            return found.next_unit;
        }
        let last = found.units.last();
        last.map_or(0, |unit| self.unit(*unit).number + 1)
    }
}

/// A private address no other unit has.
pub(crate) fn address(network: usize, index: usize) -> String {
    format!(
        "10.{}.{}.{}",
        network % 256,
        index / 250 % 256,
        index % 250 + 1
    )
}

/// The cluster IP of a service, in a range in which no unit has its address.
fn service_address(index: usize) -> String {
    format!(
        "172.{}.{}.{}",
        16 + index / 62_500 % 16,
        index / 250 % 250,
        index % 250 + 1
    )
}

/// A UUID of the fourth version, for a thing of this name.
pub(crate) fn drawn_uuid(streams: &Streams, purpose: &str, name: &str) -> String {
    let mut bytes = [0_u8; 16];
    streams.stream(purpose, name).fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex = hex::encode(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}
