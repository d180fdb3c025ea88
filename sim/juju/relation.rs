//! The hooks of one relation, in order
//! (juju/juju 3.6 `internal/worker/uniter/relation/resolver.go`).

use super::agent::RelationLocal;
use super::resolver::Operation;
use super::{EndpointRole, Hook, Juju, Life, Relation, RelationId, ScopeMember, UnitId};
use crate::kernel::{Seq, Time};

impl Juju {
    /// The next relation hook. Relations to others come first, in the unit's arbitrary order,
    /// peers last.
    pub(super) fn relation_operation(&self, id: UnitId, now: Time) -> Option<Operation> {
        let agent = self.agent(id)?;
        let mut due: Vec<RelationId> = agent.dirty.iter().copied().collect();
        due.retain(|relation| {
            let known = agent.relations.get(relation);
            known.is_some_and(|local| local.created && !local.broken)
        });
        if due.len() > 1 {
            due.sort_by_cached_key(|relation| {
                (
                    self.relation(*relation).is_peer(),
                    self.relation_order(id, *relation),
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
        let dying = self.agent(id).is_some_and(|agent| agent.dying);
        let leaving = found.life != Life::Alive || found.suspended;
        let broken = dying || (leaving && found.changed_at + self.latencies.watch <= now);
        if self.is_implicit(id, found) {
            let hook = Hook::RelationBroken { relation };
            return broken.then_some((hook, found.cause));
        }
        if let Some(unit) = local.changed_pending {
            let cause = found.member(unit).and_then(|member| member.bag.cause);
            let unit = Some(unit);
            return Some((Hook::RelationChanged { relation, unit }, cause));
        }
        if let Some(unit) = self.gone_member(id, found, local, broken, now) {
            let cause = found.member(unit).and_then(|member| member.cause);
            let departing = if dying { id } else { unit };
            let hook = Hook::RelationDeparted {
                relation,
                unit,
                departing,
            };
            return Some((hook, cause.or(found.cause)));
        }
        if broken {
            let hook = Hook::RelationBroken { relation };
            return (!found.is_peer()).then_some((hook, found.cause));
        }
        self.news(id, relation, local, now)
    }

    /// A member that is not in scope any more; all of them where the relation breaks.
    fn gone_member(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        broken: bool,
        now: Time,
    ) -> Option<UnitId> {
        let is_here = |unit: UnitId| {
            !broken
                && found
                    .member(unit)
                    .is_some_and(|member| self.sees_member(id, found, unit, member, now))
        };
        let gone = local.members.keys().copied().filter(|unit| !is_here(*unit));
        self.first_by_name(gone)
    }

    /// What is new in a relation that stays: the application's bag, then who joins, then who
    /// changed, each in the order of names as plain text (`app/10` before `app/2`).
    fn news(
        &self,
        id: UnitId,
        relation: RelationId,
        local: &RelationLocal,
        now: Time,
    ) -> Option<(Hook, Option<Seq>)> {
        let found = self.relation(relation);
        let watch = self.latencies.watch;
        let remote = found.opposite(found.end_of(self.unit(id).application)?);
        if remote.bag.version_seen(now, watch) != local.application_seen {
            let unit = None;
            return Some((Hook::RelationChanged { relation, unit }, remote.bag.cause));
        }
        let joining = remote.units.iter().filter(|(unit, member)| {
            **unit != id
                && !local.members.contains_key(unit)
                && self.sees_member(id, found, **unit, member, now)
        });
        if let Some(unit) = self.first_by_name(joining.map(|(unit, _)| *unit)) {
            let cause = found.member(unit).and_then(|member| member.cause);
            return Some((Hook::RelationJoined { relation, unit }, cause));
        }
        let changed = local.members.iter().filter(|(unit, seen)| {
            let member = found.member(**unit);
            member.is_some_and(|member| member.bag.version_seen(now, watch) != **seen)
        });
        let unit = self.first_by_name(changed.map(|(unit, _)| *unit))?;
        let cause = found.member(unit).and_then(|member| member.bag.cause);
        let unit = Some(unit);
        Some((Hook::RelationChanged { relation, unit }, cause))
    }

    fn first_by_name(&self, units: impl Iterator<Item = UnitId>) -> Option<UnitId> {
        units.min_by(|left, right| self.unit(*left).name.cmp(&self.unit(*right).name))
    }

    /// Whether a unit is in scope as an agent sees it whose watcher lags. In a container relation
    /// it sees the unit it shares its machine with and no other.
    fn sees_member(
        &self,
        id: UnitId,
        relation: &Relation,
        unit: UnitId,
        member: &ScopeMember,
        now: Time,
    ) -> bool {
        let arrived = member.moved_at + self.latencies.watch <= now;
        member.in_scope == arrived && (!relation.container || self.is_pair(id, unit))
    }

    /// Whether one of them is the other's subordinate.
    pub(super) fn is_pair(&self, left: UnitId, right: UnitId) -> bool {
        self.unit(left).principal == Some(right) || self.unit(right).principal == Some(left)
    }

    /// Whether the unit takes part through the endpoint every application has, which runs no
    /// hooks.
    pub(super) fn is_implicit(&self, id: UnitId, relation: &Relation) -> bool {
        relation
            .end_of(self.unit(id).application)
            .is_some_and(|end| {
                let end = &relation.ends[end];
                end.role == EndpointRole::Provider && &*end.endpoint == "juju-info"
            })
    }

    /// The version of what a relation hook tells the unit, as it sees it now: what changes
    /// afterwards gives another hook.
    pub(super) fn version_told(&self, unit: UnitId, hook: &Hook, now: Time) -> u64 {
        let watch = self.latencies.watch;
        let Some(found) = hook.relation().map(|relation| self.relation(relation)) else {
            return 0;
        };
        let remote = found
            .end_of(self.unit(unit).application)
            .map(|end| found.opposite(end));
        match hook {
            Hook::RelationJoined { unit, .. }
            | Hook::RelationChanged {
                unit: Some(unit), ..
            } => found
                .member(*unit)
                .map_or(0, |member| member.bag.version_seen(now, watch)),
            Hook::RelationChanged { unit: None, .. } => {
                remote.map_or(0, |remote| remote.bag.version_seen(now, watch))
            }
            _ => 0,
        }
    }

    /// Whether nothing is due in a relation, nor will be before something changes in it.
    pub(super) fn is_at_rest(&self, id: UnitId, relation: RelationId, now: Time) -> bool {
        let found = self.relation(relation);
        if found.touched_at + self.latencies.watch > now {
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

impl Relation {
    /// A unit that is or was in scope.
    pub(super) fn member(&self, unit: UnitId) -> Option<&ScopeMember> {
        self.ends.iter().find_map(|end| end.units.get(&unit))
    }
}
