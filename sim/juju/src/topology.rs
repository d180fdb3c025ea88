//! What there is in a deployment: controllers, models, machines, applications, units, relations and
//! cross-model links, each in an arena of its own.
//!
//! A [`Topology`] is read by every crate above and changed by the rest of this crate: `juju.unit(id)` reads a
//! unit through it. It knows how things hang together (which model an application is in, which
//! application a unit is of) and asserts it when something is added. What happens to them over time
//! it must not know.

use std::sync::Arc;

/// A part of this crate is read as the topology that it was lent, for example `leases.unit(id)`.
macro_rules! reads_topology {
    ($part:ident, $lender:ident) => {
        impl std::ops::Deref for $part<'_> {
            type Target = $crate::Topology;

            fn deref(&self) -> &$crate::Topology {
                self.$lender
            }
        }
    };
}
pub(crate) use reads_topology;

use crate::arena::Arena;
use crate::operator::deploy::address;
use crate::{
    Agent, Application, ApplicationId, Controller, ControllerId, Link, LinkId, Machine, MachineId,
    Model, ModelId, Relation, RelationId, Unit, UnitId, Value,
};

/// Every controller with its models, and everything in them.
#[derive(Clone, Debug)]
pub struct Topology {
    controllers: Arena<ControllerId, Controller>,
    models: Arena<ModelId, Model>,
    applications: Arena<ApplicationId, Application>,
    units: Arena<UnitId, Unit>,
    machines: Arena<MachineId, Machine>,
    relations: Arena<RelationId, Relation>,
    links: Arena<LinkId, Link>,
    /// How many pods were replaced: each got a new address.
    pods_replaced: usize,
}

impl Topology {
    pub(crate) const fn new() -> Self {
        Self {
            controllers: Arena::new(),
            models: Arena::new(),
            applications: Arena::new(),
            units: Arena::new(),
            machines: Arena::new(),
            relations: Arena::new(),
            links: Arena::new(),
            pods_replaced: 0,
        }
    }

    /// The controller.
    pub fn controller(&self, id: ControllerId) -> &Controller {
        &self.controllers[id]
    }

    /// The model.
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[id]
    }

    /// The application.
    pub fn application(&self, id: ApplicationId) -> &Application {
        &self.applications[id]
    }

    /// The unit.
    pub fn unit(&self, id: UnitId) -> &Unit {
        &self.units[id]
    }

    /// The machine.
    pub fn machine(&self, id: MachineId) -> &Machine {
        &self.machines[id]
    }

    /// The relation.
    pub fn relation(&self, id: RelationId) -> &Relation {
        &self.relations[id]
    }

    /// The link.
    pub fn link(&self, id: LinkId) -> &Link {
        &self.links[id]
    }

    /// A unit's agent; none for a proxy.
    pub fn agent(&self, id: UnitId) -> Option<&Agent> {
        self.units[id].agent.as_deref()
    }

    /// The agent of a unit that is no proxy.
    pub(crate) fn agent_of(&self, id: UnitId) -> &Agent {
        let unit = &self.units[id];
        match &unit.agent {
            Some(agent) => agent,
            None => panic!("{} is a proxy: its agent is in its own model", unit.name),
        }
    }

    /// The application of a unit.
    pub fn application_of(&self, unit: UnitId) -> &Application {
        &self.applications[self.units[unit].application]
    }

    /// The model of a unit.
    pub fn model_of(&self, unit: UnitId) -> &Model {
        &self.models[self.application_of(unit).model]
    }

    /// Whether a unit is a pod.
    pub fn is_pod(&self, unit: UnitId) -> bool {
        self.model_of(unit).kubernetes
    }

    /// Every model.
    pub fn models(&self) -> impl Iterator<Item = (ModelId, &Model)> {
        self.models.iter()
    }

    /// Every application, proxies included.
    pub fn applications(&self) -> impl Iterator<Item = (ApplicationId, &Application)> {
        self.applications.iter()
    }

    /// Every unit, proxies included.
    pub fn units(&self) -> impl ExactSizeIterator<Item = (UnitId, &Unit)> {
        self.units.iter()
    }

    /// Every relation there ever was.
    pub fn relations(&self) -> impl Iterator<Item = (RelationId, &Relation)> {
        self.relations.iter()
    }

    /// Every cross-model link.
    pub fn links(&self) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links.iter()
    }

    /// Every text in a databag, or in a file of a unit, its process's memory included.
    pub(crate) fn values_in_bags_and_files(&self) -> impl Iterator<Item = &Value> {
        let ends = self.relations().flat_map(|(_, relation)| &relation.ends);
        let bags = ends.flat_map(|end| {
            let of_units = end.units.values().map(|member| &member.bag.value);
            std::iter::once(&end.bag.value).chain(of_units)
        });
        let in_bags = bags.flat_map(|bag| bag.iter().map(|(_, value)| value));
        let workloads = self.units().map(|(_, unit)| &unit.workload);
        let in_files = workloads.flat_map(|workload| workload.files.values());
        in_bags.chain(in_files)
    }

    /// Every machine.
    pub fn machines(&self) -> impl Iterator<Item = (MachineId, &Machine)> {
        self.machines.iter()
    }
}

/// Changes, for the rest of this crate.
impl Topology {
    pub(crate) fn controller_mut(&mut self, id: ControllerId) -> &mut Controller {
        &mut self.controllers[id]
    }

    pub(crate) fn application_mut(&mut self, id: ApplicationId) -> &mut Application {
        &mut self.applications[id]
    }

    pub(crate) fn applications_mut(&mut self) -> impl Iterator<Item = &mut Application> {
        self.applications.values_mut()
    }

    pub(crate) fn unit_mut(&mut self, id: UnitId) -> &mut Unit {
        &mut self.units[id]
    }

    pub(crate) fn agent_mut(&mut self, id: UnitId) -> Option<&mut Agent> {
        self.units[id].agent.as_deref_mut()
    }

    pub(crate) fn agent_of_mut(&mut self, id: UnitId) -> &mut Agent {
        let unit = &mut self.units[id];
        match &mut unit.agent {
            Some(agent) => agent,
            None => panic!("{} is a proxy: its agent is in its own model", unit.name),
        }
    }

    pub(crate) fn model_mut(&mut self, id: ModelId) -> &mut Model {
        &mut self.models[id]
    }

    pub(crate) fn machine_mut(&mut self, id: MachineId) -> &mut Machine {
        &mut self.machines[id]
    }

    pub(crate) fn relation_mut(&mut self, id: RelationId) -> &mut Relation {
        &mut self.relations[id]
    }

    pub(crate) fn link_mut(&mut self, id: LinkId) -> &mut Link {
        &mut self.links[id]
    }

    pub(crate) fn push_controller(&mut self, controller: Controller) -> ControllerId {
        self.controllers.push(controller)
    }

    pub(crate) fn push_model(&mut self, model: Model) -> ModelId {
        let _ = self.controller(model.controller);
        self.models.push(model)
    }

    pub(crate) fn next_machine(&self) -> MachineId {
        self.machines.next_id()
    }

    pub(crate) fn push_machine(&mut self, machine: Machine) -> MachineId {
        let model = &mut self.models[machine.model];
        // The id of a container, such as `0/lxd/1`, is no number.
        if let Ok(number) = machine.id.parse::<u64>() {
            model.next_machine = model.next_machine.max(number + 1);
        }
        self.machines.push(machine)
    }

    pub(crate) fn push_application(&mut self, application: Application) -> ApplicationId {
        let model = application.model;
        let id = self.applications.push(application);
        self.models[model].applications.push(id);
        id
    }

    pub(crate) fn next_application(&self) -> ApplicationId {
        self.applications.next_id()
    }

    pub(crate) fn next_unit(&self) -> UnitId {
        self.units.next_id()
    }

    /// Adds a unit to its application, in order of number, and to its machine.
    pub(crate) fn push_unit(&mut self, unit: Unit) -> UnitId {
        let (application, number, machine) = (unit.application, unit.number, unit.machine);
        if let Some(machine) = machine {
            assert_eq!(
                self.machines[machine].model, self.applications[application].model,
                "a unit is on a machine of its own model"
            );
        }
        let id = self.units.push(unit);
        let siblings = &self.applications[application].units;
        let place = siblings.partition_point(|other| self.units[*other].number < number);
        assert!(
            siblings
                .get(place)
                .is_none_or(|other| self.units[*other].number != number),
            "two units of {} would have the number {number}",
            self.applications[application].name
        );
        let found = &mut self.applications[application];
        found.next_unit = found.next_unit.max(number + 1);
        found.units.insert(place, id);
        if let Some(machine) = machine {
            self.machines[machine].units.push(id);
        }
        id
    }

    /// Adds a relation to its model, with the model's next number, and to its applications.
    pub(crate) fn push_relation(&mut self, mut relation: Relation) -> RelationId {
        let model = &mut self.models[relation.model];
        relation.number = model.next_relation;
        model.next_relation += 1;
        let id = self.relations.next_id();
        for end in &relation.ends {
            let application = &mut self.applications[end.application];
            assert_eq!(
                application.model, relation.model,
                "a relation is between applications, or proxies, of its own model"
            );
            application.relations.push(id);
        }
        self.relations.push(relation)
    }

    /// The address of a pod that replaces another: one no unit ever had.
    pub(crate) fn next_address(&mut self, unit: UnitId) -> Arc<str> {
        let model = self.application(self.unit(unit).application).model;
        self.pods_replaced += 1;
        address(200 + model.index(), self.pods_replaced).into()
    }

    pub(crate) fn push_link(&mut self, link: Link) -> LinkId {
        let halves = [link.consumer, link.offering];
        let controllers = halves.map(|half| self.models[self.relations[half].model].controller);
        assert_eq!(
            controllers,
            [link.from, link.to],
            "a link is between the controllers of its two halves"
        );
        let id = self.links.push(link);
        for half in halves {
            let former = self.relations[half].link.replace(id);
            assert!(former.is_none(), "a relation is half of one link");
        }
        id
    }
}
