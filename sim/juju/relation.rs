//! The hooks of one relation, in order, and what a change of a relation wakes
//! (juju/juju 3.6 `internal/worker/uniter/relation/resolver.go`).

use super::agent::RelationLocal;
use super::resolver::Operation;
use super::{
    Activity, ApplicationKind, Event, Hook, Host, Juju, Life, Relation, RelationId, ScopeMember,
    UnitId,
};
use crate::kernel::{Seq, Time};

impl Juju {
    /// The next relation hook. Relations to others come first, in the unit's arbitrary order,
    /// peers last.
    pub(super) fn relation_operation(&self, id: UnitId, now: Time) -> Option<Operation> {
        let agent = self.agent(id)?;
        let mut known: Vec<RelationId> = agent
            .relations
            .iter()
            .filter(|(_, local)| local.created && !local.broken)
            .map(|(relation, _)| *relation)
            .collect();
        if known.len() > 1 {
            known.sort_by_key(|relation| {
                (
                    self.relation(*relation).is_peer(),
                    self.relation_order(id, *relation),
                )
            });
        }
        known.into_iter().find_map(|relation| {
            let (hook, cause) =
                self.relation_hook(id, relation, &agent.relations[&relation], now)?;
            Some(Operation::Run(hook, cause))
        })
    }

    fn relation_hook(
        &self,
        id: UnitId,
        relation: RelationId,
        local: &RelationLocal,
        now: Time,
    ) -> Option<(Hook, Option<Seq>)> {
        let found = self.relation(relation);
        let own = found.end_of(self.unit(id).application)?;
        let dying = self.agent(id).is_some_and(|agent| agent.dying);
        let leaving = found.life != Life::Alive || found.suspended;
        let broken = dying || (leaving && found.changed_at + self.latencies.watch <= now);
        if let Some(unit) = local.changed_pending {
            let cause = member_of(found, unit).and_then(|member| member.bag.cause);
            return Some((
                Hook::RelationChanged {
                    relation,
                    unit: Some(unit),
                },
                cause,
            ));
        }
        let is_here = |unit: &UnitId| {
            !broken && member_of(found, *unit).is_some_and(|member| self.is_member(member, now))
        };
        let by_name =
            |left: &UnitId, right: &UnitId| self.unit(*left).name.cmp(&self.unit(*right).name);
        if let Some(unit) = local
            .members
            .keys()
            .copied()
            .filter(|unit| !is_here(unit))
            .min_by(by_name)
        {
            let cause = member_of(found, unit)
                .and_then(|member| member.cause)
                .or(found.cause);
            let departing = if dying { id } else { unit };
            return Some((
                Hook::RelationDeparted {
                    relation,
                    unit,
                    departing,
                },
                cause,
            ));
        }
        if broken {
            let hook = Hook::RelationBroken { relation };
            return (!found.is_peer()).then_some((hook, found.cause));
        }
        let remote = found.opposite(own);
        let application_version = remote.bag.version_seen(now, self.latencies.watch);
        if application_version != local.application_seen && application_version > 0 {
            return Some((
                Hook::RelationChanged {
                    relation,
                    unit: None,
                },
                remote.bag.cause,
            ));
        }
        let joining = remote
            .units
            .iter()
            .filter(|(unit, member)| {
                **unit != id && !local.members.contains_key(unit) && self.is_member(member, now)
            })
            .map(|(unit, _)| *unit)
            .min_by(by_name);
        if let Some(unit) = joining {
            let cause = member_of(found, unit).and_then(|member| member.cause);
            return Some((Hook::RelationJoined { relation, unit }, cause));
        }
        let changed = local
            .members
            .iter()
            .filter(|(unit, seen)| {
                member_of(found, **unit).is_some_and(|member| {
                    member.bag.version_seen(now, self.latencies.watch) != **seen
                })
            })
            .map(|(unit, _)| *unit)
            .min_by(by_name)?;
        let cause = member_of(found, changed).and_then(|member| member.bag.cause);
        Some((
            Hook::RelationChanged {
                relation,
                unit: Some(changed),
            },
            cause,
        ))
    }

    /// Whether a unit is in scope as an agent sees it whose watcher lags.
    fn is_member(&self, member: &ScopeMember, now: Time) -> bool {
        member.in_scope == (member.moved_at + self.latencies.watch <= now)
    }

    /// Wakes whoever watches side `end`, and sends it on where it crosses models.
    pub(super) fn end_changed(&mut self, id: RelationId, end: usize, host: &mut dyn Host) {
        let at = host.now() + self.latencies.watch;
        let relation = self.relation(id);
        for unit in self
            .application(relation.opposite(end).application)
            .units
            .iter()
            .copied()
        {
            self.schedule_wake(unit, at, host);
        }
        self.send_if_cross_model(id, end, host);
    }

    /// Wakes every unit of both sides.
    pub(super) fn wake_relation(&mut self, id: RelationId, host: &mut dyn Host) {
        let at = host.now() + self.latencies.watch;
        for end in &self.relation(id).ends {
            for unit in self.application(end.application).units.iter().copied() {
                self.schedule_wake(unit, at, host);
            }
        }
    }

    /// Wakes an agent, unless it is busy: one that is busy looks again when it is done.
    pub(super) fn schedule_wake(&self, unit: UnitId, at: Time, host: &mut dyn Host) {
        if self.agent(unit).is_some_and(|agent| agent.connected) {
            host.schedule(at, Event::Wake(unit));
        }
    }

    /// `juju remove-relation`.
    pub fn remove_relation(&mut self, id: RelationId, cause: Option<Seq>, host: &mut dyn Host) {
        let now = host.now();
        let relation = &mut self.relations[id.index()];
        if relation.life != Life::Alive {
            return;
        }
        relation.life = Life::Dying;
        relation.changed_at = now;
        let about = super::About::Model(relation.model);
        let entry = host.record(cause, about, super::Happening::Relation("removed", id));
        self.relations[id.index()].cause = entry;
        self.wake_relation(id, host);
        for end in 0..self.relation(id).ends.len() {
            self.send_if_cross_model(id, end, host);
        }
        self.remove_if_left(id);
    }

    /// The unit leaves scope; the last one to leave a dying relation removes it.
    pub(super) fn leave_scope(&mut self, unit: UnitId, id: RelationId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let Some(end) = self.relation(id).end_of(application) else {
            return;
        };
        let cause = self.relation(id).cause;
        if let Some(member) = self.relations[id.index()].ends[end].units.get_mut(&unit) {
            if member.in_scope {
                member.in_scope = false;
                member.moved_at = host.now();
                member.cause = cause;
            }
        }
        self.end_changed(id, end, host);
        self.remove_if_left(id);
    }

    fn remove_if_left(&mut self, id: RelationId) {
        let relation = self.relation(id);
        if relation.life != Life::Dying {
            return;
        }
        let is_local =
            |end: &&super::End| self.application(end.application).kind == ApplicationKind::Local;
        let left = |end: super::End| !end.units.values().any(|member| member.in_scope);
        if !relation.ends.iter().filter(is_local).cloned().all(left) {
            return;
        }
        let applications: Vec<_> = relation.ends.iter().map(|end| end.application).collect();
        self.relations[id.index()].life = Life::Removed;
        for application in applications {
            self.applications[application.index()]
                .relations
                .retain(|other| *other != id);
        }
    }

    /// What committing a relation hook changes in the agent's own record.
    pub(super) fn relation_hook_done(&mut self, unit: UnitId, hook: &Hook, host: &mut dyn Host) {
        let Some(relation) = hook.relation() else {
            return;
        };
        if let Hook::RelationBroken { .. } = hook {
            self.leave_scope(unit, relation, host);
        }
        let Some(agent) = self.agent_mut(unit) else {
            return;
        };
        let local = agent.relations.entry(relation).or_default();
        match hook {
            Hook::RelationCreated { .. } => local.created = true,
            Hook::RelationJoined { unit: remote, .. } => local.changed_pending = Some(*remote),
            Hook::RelationChanged {
                unit: Some(remote), ..
            } if local.changed_pending == Some(*remote) => {
                local.changed_pending = None;
            }
            Hook::RelationDeparted { unit: remote, .. } => {
                local.members.remove(remote);
            }
            Hook::RelationBroken { .. } => {
                agent.relations.remove(&relation);
            }
            _ => {}
        }
    }

    /// What the agent has been told once this hook starts: versions as it sees them now, so that
    /// what changes while the hook runs gives another hook.
    pub(super) fn relation_hook_starts(&mut self, unit: UnitId, hook: &Hook, now: Time) {
        let Some(relation) = hook.relation() else {
            return;
        };
        let application = self.unit(unit).application;
        let found = self.relation(relation);
        let Some(own) = found.end_of(application) else {
            return;
        };
        let watch = self.latencies.watch;
        let remote_application = found.opposite(own).bag.version_seen(now, watch);
        let remote_unit = match hook {
            Hook::RelationJoined { unit, .. }
            | Hook::RelationChanged {
                unit: Some(unit), ..
            } => member_of(found, *unit).map(|member| (*unit, member.bag.version_seen(now, watch))),
            _ => None,
        };
        let Some(agent) = self.agent_mut(unit) else {
            return;
        };
        let local = agent.relations.entry(relation).or_default();
        if let Hook::RelationChanged { unit: None, .. } = hook {
            local.application_seen = remote_application;
        }
        if let Some((remote, version)) = remote_unit {
            local.members.insert(remote, version);
        }
    }

    /// Whether the agent's hook waits to be run again.
    pub(super) fn has_failed(&self, unit: UnitId) -> bool {
        self.agent(unit)
            .is_some_and(|agent| matches!(agent.state, Activity::Failed(_)))
    }
}

fn member_of(relation: &Relation, unit: UnitId) -> Option<&ScopeMember> {
    relation.ends.iter().find_map(|end| end.units.get(&unit))
}
