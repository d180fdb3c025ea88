//! The hooks of one relation, in order
//! (juju/juju 3.6 `internal/worker/uniter/relation/resolver.go`).

use crate::agents::RelationLocal;
use crate::uniter::Resolver;
use crate::uniter::resolver::Operation;
use crate::{End, Hook, Life, Relation, RelationId, Role, ScopeMember, Topology, UnitId};
use trustsim_kernel::{Seq, Time};

/// The next remote unit to report for each event.
#[derive(Default)]
struct MemberChanges {
    gone: Option<UnitId>,
    joining: Option<UnitId>,
    changed: Option<UnitId>,
}

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
    fn relation_hook(
        &self,
        id: UnitId,
        relation: RelationId,
        local: &RelationLocal,
        now: Time,
    ) -> Option<(Hook, Option<Seq>)> {
        let found = self.relation(relation);
        let agent = self.agent_of(id);
        let dying = agent.dying;
        let leaving = found.life != Life::Alive || found.suspended;
        let must_break = dying || (leaving && self.timing.has_arrived(id, found.changed_at, now));
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

    /// Who is gone, who joins and who changed: of each the first by name. Both lists of units are in order of id, and a
    /// relation keeps every unit that ever was in its scope, so that each known member is among the remote units. One
    /// walk along both lists therefore finds all three.
    fn member_changes(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        must_break: bool,
        now: Time,
    ) -> MemberChanges {
        let mut changes = MemberChanges::default();
        let mut known = local.members.iter().peekable();
        let remote = self.remote_end(id, found).map(|end| &end.units);
        for (unit, member) in remote.into_iter().flatten() {
            let seen = known.next_if(|(other, _)| *other == unit);
            let here =
                !must_break && *unit != id && self.sees_member(id, found, *unit, member, now);
            let slot = match seen {
                Some(_) if !here => &mut changes.gone,
                None if here => &mut changes.joining,
                Some((_, version)) if self.bag_changed_since(id, member, *version, now) => {
                    &mut changes.changed
                }
                _ => continue,
            };
            let is_first = slot.is_none_or(|best| self.unit(*unit).name < self.unit(best).name);
            if is_first {
                *slot = Some(*unit);
            }
        }
        changes
    }

    fn bag_changed_since(
        &self,
        id: UnitId,
        member: &ScopeMember,
        seen_version: u64,
        now: Time,
    ) -> bool {
        member
            .bag
            .version_seen(|at| self.timing.has_arrived(id, at, now))
            != seen_version
    }

    /// Whether the agent believes the unit to be in scope: the latest move counts only once its watcher has delivered it.
    /// In a container relation it sees the unit it shares its machine with and no other.
    fn sees_member(
        &self,
        id: UnitId,
        relation: &Relation,
        unit: UnitId,
        member: &ScopeMember,
        now: Time,
    ) -> bool {
        let in_scope = if self.timing.has_arrived(id, member.moved_at, now) {
            member.in_scope
        } else {
            // The latest move is not known yet, and it entered or left the scope: before, the reverse was true.
            !member.in_scope
        };
        in_scope && (!relation.container || self.is_pair(id, unit))
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
    fn remote_end<'a>(&self, id: UnitId, found: &'a Relation) -> Option<&'a End> {
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
