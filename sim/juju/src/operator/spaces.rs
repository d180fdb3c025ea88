//! `juju add-space`, `juju bind`, and addresses that machines are known to have.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::Operator;
use crate::spaces::{ALPHA, Subnet, sort_addresses};
use crate::{ApplicationId, MachineId, ModelId};

impl Operator<'_> {
    /// `juju add-space`, with its subnets.
    pub fn add_space(&mut self, model: ModelId, name: &str, subnets: &[Subnet]) {
        let space = self.agents.space_mut(model, name);
        space.subnets = subnets.to_vec();
    }

    /// `juju bind` before there are units: the space of each endpoint, and under the empty name that of all others.
    pub fn bind(&mut self, application: ApplicationId, bindings: BTreeMap<Arc<str>, Arc<str>>) {
        let found = self.agents.application_mut(application);
        assert!(
            found.units.is_empty(),
            "{} is bound to spaces before it has units",
            found.name
        );
        found.bindings = bindings;
    }

    /// A machine is in the spaces that its constraints name (`spaces=`), whatever its units are bound to.
    pub fn constrain_to_spaces(&mut self, machine: MachineId, spaces: &BTreeSet<Arc<str>>) {
        assert!(
            self.machine(machine).units.is_empty(),
            "a machine is in the spaces of its constraints before it has units"
        );
        self.agents.enter_constrained(machine, spaces);
    }

    /// A machine is known to have these addresses in a space, and no other there.
    pub fn give_addresses(&mut self, machine: MachineId, space: &str, addresses: &[IpAddr]) {
        let model = self.machine(machine).model;
        let mut sorted = addresses.to_vec();
        sort_addresses(&mut sorted);
        let taken = &mut self.agents.space_mut(model, space).taken;
        taken.extend(sorted.iter().copied());
        let texts: Vec<Arc<str>> = sorted.iter().map(|one| one.to_string().into()).collect();
        let Some(first) = texts.first().cloned() else {
            return;
        };
        let found = self.agents.machine_mut(machine);
        if found.spaces.is_empty() || space == ALPHA {
            found.address = first;
        }
        found.spaces.insert(space.into(), texts);
    }
}
