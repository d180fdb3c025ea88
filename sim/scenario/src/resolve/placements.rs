//! Which unit goes on which machine (juju/bundlechanges).

use std::collections::{BTreeMap, BTreeSet};

use super::directives::{self, Target, parse_directive};
use super::inventory::Inventory;
use super::machines::Machines;
use crate::format::MergedModel;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{
    ApplicationIndex, MachineIndex, MachineSpec, ModelIndex, ModelKind, Placement, TiVec,
};
use trustsim_yaml::{FromNode, Map, Node, Reader, Spanned, Unknown, Value};

/// Every machine, and where the units of each application are.
pub(super) struct Placed {
    pub machines: TiVec<MachineIndex, MachineSpec>,
    pub placements: BTreeMap<ApplicationIndex, Vec<Placement>>,
}

type Directive = directives::Directive<ApplicationIndex>;
/// What `to` says of each application, in file order.
type Directives = Vec<(ApplicationIndex, Vec<Spanned<Directive>>)>;

/// The machines of every machine model, with the units on them.
pub(super) fn placements(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Placed {
    let mut machines = TiVec::new();
    let mut placements = BTreeMap::new();
    for (model, bundle) in bundles.iter_enumerated() {
        // On Kubernetes `to` is a node selector and means nothing here.
        if inventory.deployment().models[model].kind != ModelKind::Machine {
            continue;
        }
        let listed = bundle.file.machines.as_ref();
        let machines = Machines::declared(model, listed, &mut machines, out);
        let directives = read_directives(model, bundle, &machines, inventory, out);
        note_unused_machines(listed, &directives, out);
        let placing = Placing {
            inventory,
            directives: directives.iter().cloned().collect(),
            machines,
            placed: BTreeMap::new(),
            visiting: BTreeSet::new(),
            out,
        };
        placements.extend(placing.place_all(&directives));
    }
    Placed {
        machines,
        placements,
    }
}

fn read_directives(
    model: ModelIndex,
    bundle: &MergedModel,
    machines: &Machines<'_>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Directives {
    let mut directives = Vec::new();
    for (name, file) in bundle.file.applications.iter().flat_map(Map::iter) {
        let Some(application) = inventory.application(model, &name.value) else {
            continue;
        };
        let read = match &file.to {
            Some(to) => read_to(application, to, machines, inventory, out),
            None => Vec::new(),
        };
        directives.push((application, read));
    }
    directives
}

/// What `to` says of one application.
fn read_to(
    application: ApplicationIndex,
    to: &Node,
    machines: &Machines<'_>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<Spanned<Directive>> {
    let list = match &to.value {
        Value::List(elements) => elements.as_slice(),
        _ => std::slice::from_ref(to),
    };
    let spec = &inventory.deployment().applications[application];
    if list.len() > spec.units as usize {
        let name = &spec.name;
        let message = if spec.charm.subordinate {
            format!("application {name:?} is subordinate but specifies unit placement")
        } else {
            format!("too many units specified in unit placement for application {name:?}")
        };
        out.push(Diagnostic::error(Code::Placement, to.place, message));
    }
    let mut reader = Reader::new(Unknown::Refused, true);
    let mut read = Vec::new();
    for node in list {
        let Some(text) = Spanned::<String>::from_node(node, &mut reader) else {
            continue;
        };
        let Some(directive) = parse_directive(&text.value) else {
            let message = format!("invalid placement syntax {:?}", text.value);
            let help = "write a machine, `new`, `app` or `app/0`, or one of these after `lxd:`";
            out.push(Diagnostic::error(Code::Placement, text.place, message).help(help));
            continue;
        };
        let found = directive.find(|name| inventory.application(spec.model, name));
        match found.filter(|directive| target_exists(directive, machines, inventory)) {
            Some(directive) => read.push(Spanned::new(directive, text.place)),
            None => {
                let message = format!("placement {:?} refers to nothing in this model", text.value);
                let help = "machines are under `machines`, applications under `applications`";
                out.push(Diagnostic::error(Code::Placement, text.place, message).help(help));
            }
        }
    }
    out.push_mistakes(reader);
    read
}

fn target_exists(directive: &Directive, machines: &Machines<'_>, inventory: &Inventory) -> bool {
    match &directive.target {
        Target::New => true,
        Target::Machine(id) => machines.has(id),
        Target::Unit(application, number) => {
            let units = inventory.deployment().applications[*application].units;
            number.is_none_or(|number| number < units)
        }
    }
}

fn note_unused_machines(
    machines: Option<&Map<Node>>,
    directives: &Directives,
    out: &mut Diagnostics,
) {
    let used: BTreeSet<&str> = directives
        .iter()
        .flat_map(|(_, list)| list)
        .filter_map(|directive| match &directive.value.target {
            Target::Machine(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    for (id, _) in machines.into_iter().flat_map(Map::iter) {
        if !used.contains(id.value.as_str()) && id.value.parse::<u32>().is_ok() {
            let message = format!(
                "machine {:?} is not referred to by a placement directive",
                id.value
            );
            out.push(Diagnostic::warning(Code::Placement, id.place, message));
        }
    }
}

/// The units of one model while they are placed.
struct Placing<'a> {
    inventory: &'a Inventory,
    directives: BTreeMap<ApplicationIndex, Vec<Spanned<Directive>>>,
    machines: Machines<'a>,
    /// The units that are placed already.
    placed: BTreeMap<(ApplicationIndex, u32), Placement>,
    /// The units that wait for the one that is being placed.
    visiting: BTreeSet<(ApplicationIndex, u32)>,
    out: &'a mut Diagnostics,
}

impl Placing<'_> {
    /// Places every unit, in file order.
    fn place_all(mut self, order: &Directives) -> BTreeMap<ApplicationIndex, Vec<Placement>> {
        let applications = &self.inventory.deployment().applications;
        let mut placements = BTreeMap::new();
        for &(application, _) in order {
            for unit in 0..applications[application].units {
                self.visiting.clear();
                self.place(application, unit);
            }
        }
        for &(application, _) in order {
            let units = 0..applications[application].units;
            let of = units.map(|unit| self.placed[&(application, unit)]);
            let mut of: Vec<Placement> = of.collect();
            while of.last() == Some(&Placement::New) {
                of.pop();
            }
            placements.insert(application, of);
        }
        placements
    }

    /// Places one unit and says on which machine; a placement beside another unit places that
    /// one first.
    fn place(&mut self, application: ApplicationIndex, unit: u32) -> Placement {
        if let Some(placement) = self.placed.get(&(application, unit)) {
            return *placement;
        }
        let list = self.directives.get(&application);
        let list = list.map_or(&[][..], Vec::as_slice);
        // A list shorter than the units repeats its last element.
        let directive = list.get(unit as usize).or(list.last()).cloned();
        let placement = match directive {
            None => Placement::New,
            Some(directive) if !self.visiting.insert((application, unit)) => {
                let message = "these placements form a circle";
                self.out
                    .push(Diagnostic::error(Code::Placement, directive.place, message));
                Placement::New
            }
            Some(directive) => self.follow(&directive.value, application, unit),
        };
        self.placed.insert((application, unit), placement);
        placement
    }

    fn follow(
        &mut self,
        directive: &Directive,
        application: ApplicationIndex,
        unit: u32,
    ) -> Placement {
        let host = match &directive.target {
            Target::New if directive.container.is_none() => return Placement::New,
            Target::New => self.machines.fresh(),
            Target::Machine(id) => self.machines.get(id.clone()),
            &Target::Unit(other, number) => {
                // A bare application means its next unit: the same number, as far as it has them.
                let units = self.inventory.deployment().applications[other].units.max(1);
                let number = number.unwrap_or(unit % units);
                match self.place(other, number) {
                    Placement::Machine(machine) => machine,
                    Placement::New => {
                        let machine = self.machines.fresh();
                        self.placed
                            .insert((other, number), Placement::Machine(machine));
                        machine
                    }
                }
            }
        };
        Placement::Machine(match &directive.container {
            Some(kind) => {
                let spaces = &self.inventory.deployment().applications[application].spaces;
                self.machines.container(host, kind, spaces)
            }
            None => host,
        })
    }
}
