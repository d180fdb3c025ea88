//! Which unit on the other side of a relation is told of next: of those that left, joined or changed, the first by name.

use crate::agents::{MemberChange, Named, RelationLocal};
use crate::uniter::Resolver;
use crate::{Life, Relation, RelationId, ScopeMember, UnitId};
use trustsim_kernel::Time;

/// The next remote unit to report for each event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MemberChanges {
    pub(super) gone: Option<UnitId>,
    pub(super) joining: Option<UnitId>,
    pub(super) changed: Option<UnitId>,
}

/// What is due about remote units of a relation, of which everything has arrived.
#[derive(Debug)]
pub(crate) enum Sorted {
    /// The agent leaves the relation, or does not leave it any more: these are to be sorted anew.
    Begins { leaving: bool, units: Vec<UnitId> },
    /// These are sorted.
    Units(Vec<(Named, Option<MemberChange>)>),
}

impl Resolver<'_> {
    /// Whether the agent knows that it has to leave the relation.
    pub(super) fn must_break(&self, id: UnitId, found: &Relation, now: Time) -> bool {
        let leaving = found.life != Life::Alive || found.suspended;
        self.agent_of(id).dying || (leaving && self.timing.has_arrived(id, found.changed_at, now))
    }

    /// Who is gone, who joins and who changed: of each the first by name.
    pub(super) fn member_changes(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        must_break: bool,
        now: Time,
    ) -> MemberChanges {
        let due = &local.due;
        if !is_sorted(found) || due.leaving() != must_break {
            return self.all_member_changes(id, found, local, must_break, now);
        }
        let mut changes = MemberChanges {
            gone: due.first(MemberChange::Gone),
            joining: due.first(MemberChange::Joining),
            changed: due.first(MemberChange::Changed),
        };
        for unit in due.news() {
            let change = self.member_change(id, found, local, unit, must_break, now);
            self.add_change(&mut changes, unit, change);
        }
        debug_assert_eq!(
            changes,
            self.all_member_changes(id, found, local, must_break, now),
            "what is sorted about the members of a relation is what a walk along all of them finds"
        );
        changes
    }

    /// The same, by a walk along all remote units.
    pub(super) fn all_member_changes(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        must_break: bool,
        now: Time,
    ) -> MemberChanges {
        let mut changes = MemberChanges::default();
        let remote = self.remote_end(id, found).map(|end| end.units.keys());
        for unit in remote.into_iter().flatten().copied() {
            let change = self.member_change(id, found, local, unit, must_break, now);
            self.add_change(&mut changes, unit, change);
        }
        changes
    }

    fn add_change(&self, changes: &mut MemberChanges, unit: UnitId, change: Option<MemberChange>) {
        let slot = match change {
            None => return,
            Some(MemberChange::Gone) => &mut changes.gone,
            Some(MemberChange::Joining) => &mut changes.joining,
            Some(MemberChange::Changed) => &mut changes.changed,
        };
        if slot.is_none_or(|best| self.unit(unit).name < self.unit(best).name) {
            *slot = Some(unit);
        }
    }

    /// What is due about one remote unit. A relation keeps every unit that ever was in its scope, so that each known
    /// member is among its units.
    fn member_change(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        unit: UnitId,
        must_break: bool,
        now: Time,
    ) -> Option<MemberChange> {
        let member = self.remote_member(id, found, unit);
        let here = !must_break && unit != id && self.sees_member(id, found, unit, member, now);
        match local.members.get(&unit) {
            Some(_) if !here => Some(MemberChange::Gone),
            None if here => Some(MemberChange::Joining),
            Some(version) if self.bag_changed_since(id, member, *version, now) => {
                Some(MemberChange::Changed)
            }
            _ => None,
        }
    }

    fn remote_member<'a>(&self, id: UnitId, found: &'a Relation, unit: UnitId) -> &'a ScopeMember {
        let end = self.remote_end(id, found);
        let member = end.and_then(|end| end.units.get(&unit));
        member.expect("a remote unit is or was in the scope of the relation")
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

    /// What can be sorted now of the relations in which something may be due.
    pub(crate) fn sorted_members(&self, id: UnitId, now: Time) -> Vec<(RelationId, Sorted)> {
        let agent = self.agent_of(id);
        let dirty = agent.dirty.iter().copied();
        let known = dirty.filter_map(|relation| Some((relation, agent.relations.get(&relation)?)));
        known
            .filter(|(_, local)| local.created)
            .filter_map(|(relation, local)| {
                let found = self.relation(relation);
                let must_break = self.must_break(id, found, now);
                let same = local.due.leaving() == must_break;
                if !is_sorted(found) || (same && local.due.news().len() == 0) {
                    return None;
                }
                let sorted = match same {
                    true => Sorted::Units(self.arrived_members(id, found, local, now)),
                    false => self.members_anew(id, found, local, must_break),
                };
                Some((relation, sorted))
            })
            .collect()
    }

    /// Of an agent that leaves only those that it knows are told of.
    fn members_anew(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        leaving: bool,
    ) -> Sorted {
        let units = match leaving {
            true => local.members.keys().copied().collect(),
            false => {
                let remote = self.remote_end(id, found).map(|end| end.units.keys());
                remote.into_iter().flatten().copied().collect()
            }
        };
        Sorted::Begins { leaving, units }
    }

    /// Units of which all has arrived that changed about them. With delay or loss none is sorted: what is newer may arrive
    /// first.
    fn arrived_members(
        &self,
        id: UnitId,
        found: &Relation,
        local: &RelationLocal,
        now: Time,
    ) -> Vec<(Named, Option<MemberChange>)> {
        if self.timing.impairment(id).is_some() {
            return Vec::new();
        }
        let leaving = local.due.leaving();
        let arrived = local.due.news().filter(|unit| {
            let member = self.remote_member(id, found, *unit);
            let last = member.moved_at.max(member.bag.changed_at);
            self.timing.has_arrived(id, last, now)
        });
        let sorted = arrived.map(|unit| {
            let change = self.member_change(id, found, local, unit, leaving, now);
            (self.named(unit), change)
        });
        sorted.collect()
    }
}

/// Whether what is due in a relation is sorted. In a container relation it depends on whose machine a unit is on, too.
const fn is_sorted(found: &Relation) -> bool {
    !found.container
}
