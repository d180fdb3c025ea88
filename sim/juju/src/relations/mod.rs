//! Relations: which units are in a relation's scope, and which agents a change of a relation wakes
//! (juju/juju 3.6 `state/relationunit.go`).
//!
//! For example, `web/0` enters the scope of `web:db db:db`: its unit databag is made with its addresses, and
//! the agents of all units of `db` are woken, one latency of a watcher later. Where `db` is in another
//! model, its side is a proxy here, and a [link](links) carries the change to the other half of the
//! relation. How relations are made is in [`integrate`], offers are in [`offers`], how an application is removed in [`removal`], and the units that live on
//! their principal's machine in [`subordinate`].

pub(crate) mod integrate;
mod links;
mod offers;
mod removal;
mod subordinate;

pub use integrate::IntegrateError;
pub use offers::OfferError;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agents::{Agents, Named};
use crate::topology::reads_topology;
use crate::{
    About, ApplicationKind, Bag, Happening, Hook, Host, Life, Relation, RelationChange, RelationId,
    ScopeMember, Topology, UnitId, Versioned,
};
use trustsim_kernel::{Seq, Time};

/// Operations on the relations of all models and on the links between them. The state is in [`Topology`], reached through
/// the agents; `reads_topology` gives this type the methods of [`Topology`] that read it.
///
/// An operation on relations is a method here or in a file of its own below; what only reads is a method of
/// [`Topology`].
#[derive(Debug)]
pub struct Relations<'a> {
    agents: &'a mut Agents,
}

reads_topology!(Relations, agents);

impl<'a> Relations<'a> {
    pub(crate) const fn new(agents: &'a mut Agents) -> Self {
        Self { agents }
    }
}

impl Relations<'_> {
    /// Puts a unit into a relation's scope, with a bag that holds what Juju writes there and
    /// nothing else.
    pub(crate) fn enter_scope(&mut self, unit: UnitId, relation: RelationId, host: &mut dyn Host) {
        let now = host.now();
        let application = self.unit(unit).application;
        let end = self.relation(relation).end_of(application);
        let end = end.unwrap_or_else(|| self.not_its_relation(unit, relation));
        assert_eq!(
            self.application(application).model,
            self.relation(relation).model,
            "{} is not of the model of {relation:?}, whose scope it enters",
            self.unit(unit).name
        );
        let endpoint = &self.relation(relation).ends[end].endpoint;
        let addresses = self.network_info(unit, endpoint);
        let cause = self.relation(relation).cause;
        let member = self.agents.relation_mut(relation).ends[end]
            .units
            .entry(unit)
            .or_insert_with(|| ScopeMember {
                bag: Versioned::default(),
                in_scope: false,
                moved_at: now,
                cause,
            });
        if !member.in_scope {
            member.bag.value = addresses;
            member.bag.touch(now, cause);
            member.in_scope = true;
            member.moved_at = now;
            member.cause = cause;
            self.end_changed(relation, end, Some(unit), host);
        }
        self.ensure_subordinate(unit, relation, host);
    }

    /// Adds the unit's current addresses to its bags when `config-changed` commits
    /// (juju/juju 3.6 `apiserver/facades/agent/uniter`, `updateUnitNetworkInfoOperation`). `bags` has them by
    /// relation and whether they are the application's.
    pub(crate) fn add_network_info(
        &self,
        unit: UnitId,
        bags: &mut BTreeMap<(RelationId, bool), Bag>,
    ) {
        let application = self.unit(unit).application;
        for relation in self.application(application).relations.iter().copied() {
            let found = self.relation(relation);
            let end = found.end_of(application);
            let Some(end) = end.map(|end| &found.ends[end]) else {
                continue;
            };
            let member = end.units.get(&unit);
            let Some(member) = member.filter(|member| member.in_scope) else {
                continue;
            };
            let fresh = self.network_info(unit, &end.endpoint);
            let bag = bags
                .entry((relation, false))
                .or_insert_with(|| member.bag.value.clone());
            for (key, value) in fresh.iter() {
                bag.set(key, Some(value.clone()));
            }
        }
    }

    /// The unit leaves scope; the last one to leave a dying relation removes it.
    pub(crate) fn leave_scope(&mut self, unit: UnitId, id: RelationId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let end = self.relation(id).end_of(application);
        let end = end.unwrap_or_else(|| self.not_its_relation(unit, id));
        let cause = self.relation(id).cause;
        self.set_out_of_scope(unit, id, end, cause, host);
        self.remove_if_empty(id);
    }

    /// Marks a unit as gone from a scope; its bag stays readable.
    pub(crate) fn set_out_of_scope(
        &mut self,
        unit: UnitId,
        id: RelationId,
        end: usize,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let side = &mut self.agents.relation_mut(id).ends[end];
        let Some(member) = side.units.get_mut(&unit).filter(|member| member.in_scope) else {
            return; // It left before, or never entered.
        };
        member.in_scope = false;
        member.moved_at = host.now();
        member.cause = cause;
        self.end_changed(id, end, Some(unit), host);
    }

    /// Removes a dying relation in which no local unit is in scope.
    pub(crate) fn remove_if_empty(&mut self, id: RelationId) {
        let relation = self.relation(id);
        if relation.life != Life::Dying {
            return;
        }
        let is_occupied = |end: &crate::End| {
            self.application(end.application).kind == ApplicationKind::Local
                && end.units.values().any(|member| member.in_scope)
        };
        if relation.ends.iter().any(is_occupied) {
            return;
        }
        let applications: Vec<_> = relation.ends.iter().map(|end| end.application).collect();
        self.agents.relation_mut(id).life = Life::Removed;
        for application in applications {
            self.agents
                .application_mut(application)
                .relations
                .retain(|other| *other != id);
        }
    }

    /// Side `end` changed: wakes the units that watch it, and sends it on where it crosses models.
    /// `unit` is the unit whose databag or scope changed; `None` if it was the application databag.
    pub(crate) fn end_changed(
        &mut self,
        id: RelationId,
        end: usize,
        unit: Option<UnitId>,
        host: &mut dyn Host,
    ) {
        self.agents.relation_mut(id).touched_at = host.now();
        let relation = self.relation(id);
        let watching = relation.opposite(end).application;
        let paired = if relation.container { unit } else { None };
        for watcher in self.application(watching).units.clone() {
            if Some(watcher) == unit || paired.is_some_and(|unit| !self.is_pair(unit, watcher)) {
                continue;
            }
            self.agents.mark_dirty(watcher, id);
            if let Some(unit) = unit {
                self.agents.note_member(watcher, id, unit);
            }
            self.agents.wake_at_arrival(watcher, host);
        }
        self.send_if_cross_model(id, end, unit, host);
    }

    /// The relation itself changed: wakes every unit of both sides.
    pub(crate) fn wake_relation(&mut self, id: RelationId, host: &mut dyn Host) {
        self.agents.relation_mut(id).touched_at = host.now();
        for end in 0..self.relation(id).ends.len() {
            let application = self.relation(id).ends[end].application;
            for unit in self.application(application).units.clone() {
                self.agents.mark_dirty(unit, id);
                self.agents.wake_at_arrival(unit, host);
            }
        }
    }

    /// `juju remove-relation`.
    pub fn remove_relation(&mut self, id: RelationId, cause: Option<Seq>, host: &mut dyn Host) {
        let relation = self.agents.relation_mut(id);
        if relation.life != Life::Alive {
            return;
        }
        relation.life = Life::Dying;
        self.relation_changed(id, RelationChange::Removed, cause, host);
        self.remove_if_empty(id);
    }

    /// `juju suspend-relation`: both sides break it; it can be resumed.
    pub fn suspend_relation(&mut self, id: RelationId, cause: Option<Seq>, host: &mut dyn Host) {
        self.set_suspended(id, true, host.now(), cause, host);
    }

    /// `juju resume-relation`: both sides create it again.
    pub fn resume_relation(&mut self, id: RelationId, cause: Option<Seq>, host: &mut dyn Host) {
        self.set_suspended(id, false, host.now(), cause, host);
    }

    /// Suspends or resumes, as an operator asked for at `asked_at`.
    pub(crate) fn set_suspended(
        &mut self,
        id: RelationId,
        suspended: bool,
        asked_at: Time,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let relation = self.agents.relation_mut(id);
        // The instant of the last request, even of one that changes nothing: of the two halves of a cross-model relation,
        // the one with the later request decides (`links.rs`).
        relation.suspended_at = asked_at;
        if relation.life != Life::Alive || relation.suspended == suspended {
            return;
        }
        relation.suspended = suspended;
        let change = if suspended {
            RelationChange::Suspended
        } else {
            RelationChange::Resumed
        };
        self.relation_changed(id, change, cause, host);
    }

    /// `juju remove-unit`: others are told at once that it departs; the unit runs its last hooks.
    pub fn remove_unit(&mut self, unit: UnitId, cause: Option<Seq>, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let relations = self.application(application).relations.clone();
        let agent = self.agents.agent_of_mut(unit);
        if std::mem::replace(&mut agent.dying, true) {
            return;
        }
        agent.removed_by = cause;
        // Its pod, where it is being replaced, is not replaced any more.
        agent.shutting_down = false;
        self.agents.pods().continue_rollout(unit, host);
        let agent = self.agents.agent_of_mut(unit);
        agent.dirty.extend(agent.relations.keys());
        for relation in relations {
            let end = self.relation(relation).end_of(application);
            let end = end.unwrap_or_else(|| self.not_its_relation(unit, relation));
            self.set_out_of_scope(unit, relation, end, cause, host);
            self.remove_if_empty(relation);
        }
        self.agents.wake_at_arrival(unit, host);
        for subordinate in self.subordinates(unit) {
            self.remove_unit(subordinate, cause, host);
        }
    }

    fn relation_changed(
        &mut self,
        id: RelationId,
        change: RelationChange,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let about = About::Model(self.relation(id).model);
        let entry = host.record(cause, about, Happening::Relation(change, id));
        let relation = self.agents.relation_mut(id);
        relation.changed_at = host.now();
        relation.cause = entry.or(cause);
        self.wake_relation(id, host);
        self.send_life_if_cross_model(id, host);
    }

    /// What the commit of a relation hook changes: the agent's own record of the relation. After `relation-broken` the unit
    /// leaves the scope, and a subordinate its principal.
    pub(crate) fn committed_relation_hook(
        &mut self,
        unit: UnitId,
        hook: &Hook,
        version: u64,
        host: &mut dyn Host,
    ) {
        let Some(relation) = hook.relation() else {
            return;
        };
        if let Hook::RelationBroken { .. } = hook {
            self.leave_scope(unit, relation, host);
            let agent = self.agents.agent_of_mut(unit);
            agent.relations.remove(&relation);
            agent.dirty.insert(relation);
            self.leave_principal(unit, relation, host);
            return;
        }
        let all = match hook {
            Hook::RelationCreated { .. } => self.remote_members(unit, relation),
            _ => Vec::new(),
        };
        let agent = self.agents.agent_of_mut(unit);
        let local = agent.relations.entry(relation).or_default();
        match hook {
            Hook::RelationCreated { .. } => {
                local.created = true;
                local.due.begin(false, all.into_iter());
            }
            Hook::RelationJoined { unit: remote, .. } => {
                local.members.insert(*remote, version);
                local.changed_pending = Some(*remote);
            }
            Hook::RelationChanged { unit: None, .. } => local.application_seen = version,
            Hook::RelationChanged {
                unit: Some(remote), ..
            } => {
                local.members.insert(*remote, version);
                local.changed_pending = None;
            }
            Hook::RelationDeparted { unit: remote, .. } => {
                local.members.remove(remote);
            }
            other => unreachable!("{other:?} has a relation and is no relation hook that is known"),
        }
        if let Some(remote) = hook.remote_unit() {
            self.agents.note_member(unit, relation, remote);
        }
    }
}

impl Topology {
    /// A unit with its name, by which units are told of in order.
    pub(crate) fn named(&self, unit: UnitId) -> Named {
        Named {
            name: Arc::clone(&self.unit(unit).name),
            unit,
        }
    }

    /// The units on the other side of a relation that are or were in its scope.
    fn remote_members(&self, unit: UnitId, relation: RelationId) -> Vec<UnitId> {
        let found = self.relation(relation);
        let own = found.end_of(self.unit(unit).application);
        let own = own.unwrap_or_else(|| self.not_its_relation(unit, relation));
        found.opposite(own).units.keys().copied().collect()
    }

    fn not_its_relation(&self, unit: UnitId, relation: RelationId) -> ! {
        panic!(
            "{} takes part in {relation:?}, which is no relation of its application",
            self.unit(unit).name
        )
    }

    /// What Juju writes into a unit's bag.
    fn network_info(&self, unit: UnitId, endpoint: &str) -> Bag {
        let address = self.ingress_address(unit, endpoint);
        let bits = if address.contains(':') { 128 } else { 32 };
        let subnet = format!("{address}/{bits}");
        [
            ("egress-subnets", subnet.as_str().into()),
            ("ingress-address", address.into()),
            ("private-address", address.into()),
        ]
        .into_iter()
        .collect()
    }

    /// Whether a relation is one in which units pair with their subordinates.
    pub(crate) fn pairs_subordinates(&self, relation: &Relation) -> bool {
        relation.container && !relation.is_peer()
    }
}
