//! The hooks of one relation, in order
//! (juju/juju 3.6 `internal/worker/uniter/relation/resolver.go`).

use crate::agents::RelationLocal;
use crate::uniter::Resolver;
use crate::uniter::resolver::Operation;
use crate::{End, Hook, Life, Relation, RelationId, Role, ScopeMember, Topology, UnitId};
use trustsim_kernel::{Seq, Time};

impl Resolver<'_> {
    /// The next relation hook. Relations to others come first, in an order that is arbitrary but fixed for each unit
    /// (Juju iterates over a Go map), peers last.
    pub(crate) fn relation_operation(&self, id: UnitId, now: Time) -> Option<Operation> {
        let agent = self.agent_of(id);
        let mut due: Vec<RelationId> = agent.dirty.iter().copied().collect();
        due.retain(|relation| {
            let known = agent.relations.get(relation);
            known.is_some_and(|local| local.created && !local.broken)
        });
        if due.len() > 1 {
            due.sort_by_cached_key(|relation| {
                (
                    self.relation(*relation).is_peer(),
                    self.timing.relation_order(id, *relation),
                )
            });
        }
        due.into_iter().find_map(|relation| {
            let local = &agent.relations[&relation];
            let (hook, cause) = self.relation_hook(id, relation, local, now)?;
            Some(Operation::Run(hook, cause))
        })
    }

    /// The next hook of one relation.
    pub(super) fn relation_hook(
        &self,
        id: UnitId,
        relation: RelationId,
        local: &RelationLocal,
        now: Time,
    ) -> Option<(Hook, Option<Seq>)> {
        let found = self.relation(relation);
        let agent = self.agent_of(id);
        let dying = agent.dying;
        let must_break = self.must_break(id, found, now);
        if self.is_implicit(id, found) {
            let hook = Hook::RelationBroken { relation };
            return must_break.then_some((hook, agent.removed_by.or(found.cause)));
        }
        // In the order of resolver.go: first the relation-changed that follows each relation-joined,
        if let Some(unit) = local.changed_pending {
            let cause = found.member(unit).and_then(|member| member.bag.cause);
            let unit = Some(unit);
            return Some((Hook::RelationChanged { relation, unit }, cause));
        }
        // then the units that left,
        let changes = self.member_changes(id, found, local, must_break, now);
        if let Some(unit) = changes.gone {
            let cause = found.member(unit).and_then(|member| member.cause);
            let departing = if dying { id } else { unit };
            let hook = Hook::RelationDeparted {
                relation,
                unit,
                departing,
            };
            return Some((hook, agent.removed_by.or(cause).or(found.cause)));
        }
        // then relation-broken, which is never run for a peer relation (resolver.go),
        if must_break {
            let hook = Hook::RelationBroken { relation };
            return (!found.is_peer()).then_some((hook, agent.removed_by.or(found.cause)));
        }
        // then the application's databag, and last the units that joined and those whose databag changed.
        let bag = &self.remote_end(id, found)?.bag;
        if bag.version_seen(|at| self.timing.has_arrived(id, at, now)) != local.application_seen {
            let unit = None;
            return Some((Hook::RelationChanged { relation, unit }, bag.cause));
        }
        if let Some(unit) = changes.joining {
            let cause = found.member(unit).and_then(|member| member.cause);
            return Some((Hook::RelationJoined { relation, unit }, cause));
        }
        let unit = changes.changed?;
        let cause = found.member(unit).and_then(|member| member.bag.cause);
        let unit = Some(unit);
        Some((Hook::RelationChanged { relation, unit }, cause))
    }

    /// The version of what a relation hook tells the unit, as it sees it now: what changes
    /// afterwards gives another hook. Hooks that tell no contents of a databag have version 0, which is not read
    /// ([`committed_relation_hook`](crate::Relations::committed_relation_hook)).
    pub(crate) fn current_version(&self, unit: UnitId, hook: &Hook, now: Time) -> u64 {
        let seen = |at: Time| self.timing.has_arrived(unit, at, now);
        let Some(found) = hook.relation().map(|relation| self.relation(relation)) else {
            return 0;
        };
        let remote = self.remote_end(unit, found);
        match hook {
            Hook::RelationJoined { unit, .. }
            | Hook::RelationChanged {
                unit: Some(unit), ..
            } => {
                let member = found.member(*unit);
                let member = member.expect("a hook is about a unit that was in scope");
                member.bag.version_seen(seen)
            }
            Hook::RelationChanged { unit: None, .. } => {
                let remote = remote.expect("a unit runs hooks of its application's relations");
                remote.bag.version_seen(seen)
            }
            _ => 0,
        }
    }

    /// Whether nothing is due in a relation, nor will be before something changes in it.
    pub(crate) fn has_nothing_due(&self, id: UnitId, relation: RelationId, now: Time) -> bool {
        let found = self.relation(relation);
        // With delay or loss what is newer may arrive first.
        if self.timing.impairment(id).is_some()
            || !self.timing.has_arrived(id, found.touched_at, now)
        {
            return false;
        }
        match self
            .agent(id)
            .and_then(|agent| agent.relations.get(&relation))
        {
            Some(local) if local.created => self.relation_hook(id, relation, local, now).is_none(),
            _ => found.life != Life::Alive || found.suspended,
        }
    }
}

impl Topology {
    pub(super) fn remote_end<'a>(&self, id: UnitId, found: &'a Relation) -> Option<&'a End> {
        let own = found.end_of(self.unit(id).application)?;
        Some(found.opposite(own))
    }

    /// Whether one of them is the other's subordinate.
    pub(crate) fn is_pair(&self, left: UnitId, right: UnitId) -> bool {
        self.unit(left).principal == Some(right) || self.unit(right).principal == Some(left)
    }

    /// Whether the unit takes part through the endpoint every application has, which runs no
    /// hooks.
    pub(crate) fn is_implicit(&self, id: UnitId, relation: &Relation) -> bool {
        relation
            .end_of(self.unit(id).application)
            .is_some_and(|end| {
                let end = &relation.ends[end];
                end.role == Role::Provider && &*end.endpoint == "juju-info"
            })
    }
}

impl Relation {
    /// A unit that is or was in scope.
    pub(crate) fn member(&self, unit: UnitId) -> Option<&ScopeMember> {
        self.ends.iter().find_map(|end| end.units.get(&unit))
    }
}
