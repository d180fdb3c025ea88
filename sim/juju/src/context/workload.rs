//! The workload of a unit: what a hook sees of it and does to it, what its process remembers, and
//! the other workloads it can reach over a network that Juju knows nothing of.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::{ApplicationKind, RelationId, Status, UnitContext, Value, Workload};

/// Files by path. A copy shares them until one side changes something: every hook looks at a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(Arc<BTreeMap<Arc<str>, Value>>);

impl Deref for Files {
    type Target = BTreeMap<Arc<str>, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Files {
    fn deref_mut(&mut self) -> &mut Self::Target {
        Arc::make_mut(&mut self.0)
    }
}

impl Files {
    /// Paths that are not in both, or whose content differs.
    pub(super) fn other_paths(&self, after: &Self) -> Vec<Arc<str>> {
        let differs = |path: &&Arc<str>| self.0.get(*path) != after.0.get(*path);
        let gone = self.0.keys().filter(|path| !after.0.contains_key(*path));
        let written = after.0.keys().filter(differs);
        gone.chain(written).cloned().collect()
    }
}

impl Workload {
    /// What is kept under this prefix is in the process's memory, not on its disk: it is gone when
    /// the process restarts.
    pub const MEMORY: &'static str = "memory/";

    /// The process starts again: what it only remembered is gone, and it reads every file.
    pub fn restart(&mut self) {
        self.files.retain(|path, _| !path.starts_with(Self::MEMORY));
        self.loaded = self.files.clone();
    }

    /// Whether the process knows something that a restart would lose.
    pub(crate) fn has_memory(&self) -> bool {
        let mut paths = self.loaded.keys();
        paths.any(|path| path.starts_with(Self::MEMORY))
    }
}

impl<'a, N> UnitContext<'a, N> {
    /// The workload status, as the hook has left it so far.
    pub fn status(&self) -> (Status, &str) {
        let (status, message) = self.effects.status.as_ref().unwrap_or(&self.unit().status);
        (*status, message)
    }

    /// Whether the workload container's Pebble answers (`Container.can_connect`); on a machine
    /// there is none to wait for.
    pub fn can_connect(&self) -> bool {
        let ready =
            |agent: &crate::Agent| agent.containers_ready > 0 || agent.pebble_from <= self.true_now;
        !self.is_kubernetes() || ready(self.juju.agent_of(self.id))
    }

    /// The workloads of the application's other units, as their processes know them of each other
    /// over a network of their own.
    pub fn fellow_workloads(&self) -> impl Iterator<Item = &'a Workload> {
        let units = self.application().units.iter();
        let others = units.filter(|unit| **unit != self.id);
        others.map(|unit| &self.juju.unit(*unit).workload)
    }

    /// The workloads of the application on the other side of a relation, whichever model it is
    /// in, as a process of this unit would reach them.
    pub fn remote_workloads(&self, relation: RelationId) -> Vec<&'a Workload> {
        let (found, end) = self.own_side(relation);
        let proxy = found.opposite(end).application;
        let application = match &self.juju.application(proxy).kind {
            ApplicationKind::Local => proxy,
            ApplicationKind::Saas { target, .. } | ApplicationKind::Consumer { target } => *target,
        };
        let units = self.juju.application(application).units.iter();
        units.map(|unit| &self.juju.unit(*unit).workload).collect()
    }

    /// The workload of this unit, as the hook has left it so far.
    pub fn workload(&self) -> &Workload {
        &self.effects.workload
    }

    /// Files on the workload's disk.
    pub fn files(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.effects.workload.files
    }

    /// Writes a file to the workload's disk; returns whether it differs from what was there.
    pub fn push_file(&mut self, path: &str, content: Value) -> bool {
        if self.effects.workload.files.get(path) == Some(&content) {
            return false;
        }
        self.effects.workload.files.insert(Arc::from(path), content);
        self.effects.files_changed = true;
        true
    }

    /// Deletes a file; returns whether it was there.
    pub fn remove_file(&mut self, path: &str) -> bool {
        let was_there = self.effects.workload.files.remove(path).is_some();
        self.effects.files_changed |= was_there;
        was_there
    }

    /// Restarts the workload: it reads every file again.
    pub fn restart_workload(&mut self) {
        self.effects.workload.restart();
        self.effects.restarted = true;
    }

    /// Makes the workload read the files under `prefix` again.
    pub fn reload_workload(&mut self, prefix: &str) {
        let workload = &mut self.effects.workload;
        workload.loaded.retain(|path, _| !path.starts_with(prefix));
        let fresh = workload
            .files
            .iter()
            .filter(|(path, _)| path.starts_with(prefix));
        workload
            .loaded
            .extend(fresh.map(|(path, value)| (Arc::clone(path), value.clone())));
    }
}
