//! Machines, and which unit goes where (juju/charm `ParsePlacement`, juju/bundlechanges).

use std::collections::{BTreeMap, BTreeSet};

use super::Resolver;
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{
    ApplicationIndex, MachineIndex, MachineSpec, ModelIndex, ModelKind, Placement,
};
use trustsim_yaml::{FromNode, Map, Node, Reader, Spanned, Unknown, Value};

/// One entry of `to`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Directive {
    container: Option<String>,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    New,
    Machine(String),
    Unit(String, Option<u32>),
}

/// The machines of one model while they are handed out.
struct Machines {
    model: ModelIndex,
    by_id: BTreeMap<String, MachineIndex>,
    containers: BTreeMap<(String, String), u32>,
    next: u32,
}

impl Resolver<'_> {
    pub(super) fn placements(&mut self) {
        for model in self.models.keys() {
            // On Kubernetes `to` is a node selector and means nothing here.
            if self.deployment.models[model].kind == ModelKind::Machine {
                self.place_model(model);
            }
        }
    }

    fn place_model(&mut self, model: ModelIndex) {
        let machines = self.models[model].file.machines.take().unwrap_or_default();
        let mut handed = self.declared_machines(model, &machines);
        let mut directives: Vec<(ApplicationIndex, Vec<Spanned<Directive>>)> = Vec::new();
        let applications = self.models[model].file.applications.take();
        for (name, file) in applications.iter().flat_map(Map::iter) {
            let Some(&index) = self.application_names[model].get(&name.value) else {
                continue;
            };
            let read = self.directives(index, file.to.as_ref(), &handed);
            directives.push((index, read));
        }
        self.models[model].file.applications = applications;
        self.note_unused_machines(&machines, &directives);
        let by_application: BTreeMap<ApplicationIndex, Vec<Spanned<Directive>>> =
            directives.iter().cloned().collect();
        for (application, _) in &directives {
            for unit in 0..self.deployment.applications[*application].units {
                let mut visiting = BTreeSet::new();
                self.place_unit(
                    *application,
                    unit,
                    &by_application,
                    &mut handed,
                    &mut visiting,
                );
            }
        }
        for (application, _) in directives {
            let placements = &mut self.deployment.applications[application].placements;
            while placements.last() == Some(&Placement::New) {
                placements.pop();
            }
        }
    }

    fn declared_machines(&mut self, model: ModelIndex, machines: &Map<Node>) -> Machines {
        let mut handed = Machines {
            model,
            by_id: BTreeMap::new(),
            containers: BTreeMap::new(),
            next: 0,
        };
        for (id, _) in machines.iter() {
            let next = id.value.parse::<u32>().ok();
            let Some(next) = next.and_then(|number| number.checked_add(1)) else {
                let message = format!("invalid machine id {:?}", id.value);
                let help = "machines are numbered: \"0\", \"1\", ...";
                self.push(Diagnostic::error(Code::Placement, id.place, message).help(help));
                continue;
            };
            handed.next = handed.next.max(next);
            self.machine(&mut handed, id.value.clone());
        }
        handed
    }

    fn machine(&mut self, handed: &mut Machines, id: String) -> MachineIndex {
        let model = handed.model;
        *handed.by_id.entry(id).or_insert_with_key(|id| {
            let id = id.clone();
            let machines = &mut self.deployment.machines;
            machines.push_and_get_key(MachineSpec { model, id })
        })
    }

    fn directives(
        &mut self,
        application: ApplicationIndex,
        to: Option<&Node>,
        handed: &Machines,
    ) -> Vec<Spanned<Directive>> {
        let Some(to) = to else {
            return Vec::new();
        };
        let list = match &to.value {
            Value::List(elements) => elements.as_slice(),
            _ => std::slice::from_ref(to),
        };
        let spec = &self.deployment.applications[application];
        let (model, units, subordinate) = (spec.model, spec.units, spec.charm.subordinate);
        if list.len() > units as usize {
            let message = if subordinate {
                format!(
                    "application {:?} is subordinate but specifies unit placement",
                    spec.name
                )
            } else {
                format!(
                    "too many units specified in unit placement for application {:?}",
                    spec.name
                )
            };
            self.push(Diagnostic::error(Code::Placement, to.place, message));
        }
        let mut reader = Reader::new(Unknown::Refused, true);
        let mut read = Vec::new();
        for node in list {
            let Some(text) = Spanned::<String>::from_node(node, &mut reader) else {
                continue;
            };
            match parse_directive(&text.value) {
                Some(directive) if self.target_exists(&directive, model, handed) => {
                    read.push(Spanned::new(directive, text.place));
                }
                Some(_) => {
                    let message =
                        format!("placement {:?} refers to nothing in this model", text.value);
                    let help = "machines are under `machines`, applications under `applications`";
                    self.push(Diagnostic::error(Code::Placement, text.place, message).help(help));
                }
                None => {
                    let message = format!("invalid placement syntax {:?}", text.value);
                    let help =
                        "write a machine, `new`, `app` or `app/0`, or one of these after `lxd:`";
                    self.push(Diagnostic::error(Code::Placement, text.place, message).help(help));
                }
            }
        }
        self.out
            .list
            .extend(reader.mistakes.into_iter().map(Diagnostic::from));
        read
    }

    fn target_exists(&self, directive: &Directive, model: ModelIndex, handed: &Machines) -> bool {
        match &directive.target {
            Target::New => true,
            Target::Machine(id) => handed.by_id.contains_key(id),
            Target::Unit(name, number) => {
                let application = self.application_names[model].get(name);
                application.is_some_and(|&application| {
                    let units = self.deployment.applications[application].units;
                    number.is_none_or(|number| number < units)
                })
            }
        }
    }

    fn note_unused_machines(
        &mut self,
        machines: &Map<Node>,
        directives: &[(ApplicationIndex, Vec<Spanned<Directive>>)],
    ) {
        let used: BTreeSet<&str> = directives
            .iter()
            .flat_map(|(_, list)| list)
            .filter_map(|directive| match &directive.value.target {
                Target::Machine(id) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        for (id, _) in machines.iter() {
            if !used.contains(id.value.as_str()) && id.value.parse::<u32>().is_ok() {
                let message = format!(
                    "machine {:?} is not referred to by a placement directive",
                    id.value
                );
                self.push(Diagnostic::warning(Code::Placement, id.place, message));
            }
        }
    }

    /// Places one unit and says on which machine; a placement beside another unit places that
    /// one first.
    fn place_unit(
        &mut self,
        application: ApplicationIndex,
        unit: u32,
        directives: &BTreeMap<ApplicationIndex, Vec<Spanned<Directive>>>,
        handed: &mut Machines,
        visiting: &mut BTreeSet<(ApplicationIndex, u32)>,
    ) -> Placement {
        let index = unit as usize;
        if let Some(placement) = self.deployment.applications[application]
            .placements
            .get(index)
        {
            return *placement;
        }
        let list = directives.get(&application).map_or(&[][..], Vec::as_slice);
        // A list shorter than the units repeats its last element.
        let directive = list.get(index).or(list.last()).cloned();
        let placement = match directive {
            None => Placement::New,
            Some(directive) if !visiting.insert((application, unit)) => {
                let message = "these placements go round in a circle";
                self.push(Diagnostic::error(Code::Placement, directive.place, message));
                Placement::New
            }
            Some(directive) => self.follow(&directive.value, unit, directives, handed, visiting),
        };
        let placements = &mut self.deployment.applications[application].placements;
        if placements.len() <= index {
            placements.resize(index + 1, Placement::New);
        }
        placements[index] = placement;
        placement
    }

    fn follow(
        &mut self,
        directive: &Directive,
        unit: u32,
        directives: &BTreeMap<ApplicationIndex, Vec<Spanned<Directive>>>,
        handed: &mut Machines,
        visiting: &mut BTreeSet<(ApplicationIndex, u32)>,
    ) -> Placement {
        let host = match &directive.target {
            Target::New if directive.container.is_none() => return Placement::New,
            Target::New => self.fresh_machine(handed),
            Target::Machine(id) => self.machine(handed, id.clone()),
            Target::Unit(name, number) => {
                let other = self.application_names[handed.model][name];
                // A bare application means its next unit: the same number, as far as it has them.
                let units = self.deployment.applications[other].units.max(1);
                let number = number.unwrap_or(unit % units);
                match self.place_unit(other, number, directives, handed, visiting) {
                    Placement::Machine(machine) => machine,
                    Placement::New => {
                        let machine = self.fresh_machine(handed);
                        let placements = &mut self.deployment.applications[other].placements;
                        placements
                            .resize(placements.len().max(number as usize + 1), Placement::New);
                        placements[number as usize] = Placement::Machine(machine);
                        machine
                    }
                }
            }
        };
        let Some(container) = &directive.container else {
            return Placement::Machine(host);
        };
        let host_id = self.deployment.machines[host].id.clone();
        let key = (host_id.clone(), container.clone());
        let next = handed.containers.entry(key).or_insert(0);
        let id = format!("{host_id}/{container}/{next}");
        *next += 1;
        Placement::Machine(self.machine(handed, id))
    }

    fn fresh_machine(&mut self, handed: &mut Machines) -> MachineIndex {
        let id = handed.next.to_string();
        handed.next += 1;
        self.machine(handed, id)
    }
}

/// `(lxd|kvm:)?(machine|app(/N)?|new)`.
fn parse_directive(text: &str) -> Option<Directive> {
    let (container, target) = match text.split_once(':') {
        Some((container @ ("lxd" | "kvm" | "lxc"), target)) => (Some(container.to_owned()), target),
        Some(_) => return None,
        // `lxd` alone is a container on a new machine.
        None if text == "lxd" || text == "kvm" => (Some(text.to_owned()), "new"),
        None => (None, text),
    };
    let target = match target.split_once('/') {
        _ if target == "new" => Target::New,
        Some((application, number)) => {
            Target::Unit(application.to_owned(), Some(number.parse().ok()?))
        }
        None if target.is_empty() => return None,
        None if target.bytes().all(|byte| byte.is_ascii_digit()) => {
            Target::Machine(target.to_owned())
        }
        None => Target::Unit(target.to_owned(), None),
    };
    Some(Directive { container, target })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read() {
        let read = |text: &str| {
            parse_directive(text).map(|directive| (directive.container, directive.target))
        };
        let lxd = || Some("lxd".to_owned());
        assert_eq!(read("0"), Some((None, Target::Machine("0".to_owned()))));
        assert_eq!(
            read("lxd:3"),
            Some((lxd(), Target::Machine("3".to_owned())))
        );
        assert_eq!(read("new"), Some((None, Target::New)));
        assert_eq!(read("lxd:new"), Some((lxd(), Target::New)));
        assert_eq!(
            read("etcd"),
            Some((None, Target::Unit("etcd".to_owned(), None)))
        );
        assert_eq!(
            read("lxd:etcd/2"),
            Some((lxd(), Target::Unit("etcd".to_owned(), Some(2))))
        );
        assert_eq!(read("vm:0"), None);
        assert_eq!(read("etcd/x"), None);
        assert_eq!(read(""), None);
    }
}
