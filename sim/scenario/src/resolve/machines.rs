//! The machines of a model while they are handed out.

use std::collections::{BTreeMap, BTreeSet};

use super::constraints::constrained;
use super::spaces::addresses;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{MachineIndex, MachineSpec, ModelIndex, TiVec};
use trustsim_yaml::{Map, Node};

/// The machines of one model, among those of all.
pub(super) struct Machines<'a> {
    model: ModelIndex,
    all: &'a mut TiVec<MachineIndex, MachineSpec>,
    by_id: BTreeMap<String, MachineIndex>,
    /// The number of the next container, by its machine and its kind.
    containers: BTreeMap<(String, String), u32>,
    next: u32,
}

impl<'a> Machines<'a> {
    /// Those that the file lists under `machines`.
    pub(super) fn declared(
        model: ModelIndex,
        listed: Option<&Map<Node>>,
        all: &'a mut TiVec<MachineIndex, MachineSpec>,
        out: &mut Diagnostics,
    ) -> Self {
        let mut machines = Self {
            model,
            all,
            by_id: BTreeMap::new(),
            containers: BTreeMap::new(),
            next: 0,
        };
        for (id, node) in listed.into_iter().flat_map(Map::iter) {
            let next = id.value.parse::<u32>().ok();
            let Some(next) = next.and_then(|number| number.checked_add(1)) else {
                let message = format!("invalid machine id {:?}", id.value);
                let help = "machines are numbered: \"0\", \"1\", ...";
                out.push(Diagnostic::error(Code::Placement, id.place, message).help(help));
                continue;
            };
            machines.next = machines.next.max(next);
            let index = machines.get(id.value.clone());
            machines.all[index].addresses = addresses(node, out);
            machines.all[index].spaces = constrained(node.get("constraints"), out).include;
        }
        machines
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// The machine of that id, new where it is asked for first.
    pub(super) fn get(&mut self, id: String) -> MachineIndex {
        let (model, all) = (self.model, &mut *self.all);
        *self.by_id.entry(id).or_insert_with_key(|id| {
            let id = id.clone();
            all.push_and_get_key(MachineSpec {
                model,
                id,
                addresses: BTreeMap::new(),
                spaces: BTreeSet::new(),
            })
        })
    }

    pub(super) fn fresh(&mut self) -> MachineIndex {
        let id = self.next.to_string();
        self.next += 1;
        self.get(id)
    }

    /// A new container on a machine, in the spaces of the constraints of the application that it is for.
    pub(super) fn container(
        &mut self,
        host: MachineIndex,
        kind: &str,
        spaces: &BTreeSet<String>,
    ) -> MachineIndex {
        let host = self.all[host].id.clone();
        let next = self.containers.entry((host.clone(), kind.to_owned()));
        let next = next.or_insert(0);
        let id = format!("{host}/{kind}/{next}");
        *next += 1;
        let container = self.get(id);
        self.all[container].spaces.clone_from(spaces);
        container
    }
}
