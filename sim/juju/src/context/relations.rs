//! Relations as a hook sees them: which units are there, and what each databag holds, by Juju's
//! permission table. Must not know secrets or workloads.

use super::{ControllerRead, UnitContext};
use crate::permissions::{Access, Whose, access};
use crate::{ApplicationKind, Bag, Hook, HookName, Relation, RelationId, ToolError, UnitId, Value};

impl<'a, N> UnitContext<'a, N> {
    /// `relation-ids ENDPOINT`, in order of number; one being broken is left out.
    pub fn relations(&self, endpoint: &str) -> Vec<RelationId> {
        let agent = self.juju.agent_of(self.id);
        self.application()
            .relations
            .iter()
            .copied()
            .filter(|id| Some(*id) != self.breaking && agent.relations.contains_key(id))
            .filter(|id| self.own_endpoint(*id) == Some(endpoint))
            .collect()
    }

    /// The endpoint of this unit's application in a relation.
    pub fn own_endpoint(&self, relation: RelationId) -> Option<&'a str> {
        let relation = self.juju.relation(relation);
        let end = relation.end_of(self.application_id())?;
        Some(&relation.ends[end].endpoint)
    }

    /// The name of a hook of this unit.
    pub fn hook_name(&self, hook: &Hook) -> HookName {
        self.juju.hook_name(self.id, hook)
    }

    /// The relation's number in this model.
    pub fn relation_number(&self, relation: RelationId) -> u32 {
        self.juju.relation(relation).number
    }

    /// Name of the application on the other side (its own for a peer relation).
    pub fn remote_application_name(&self, relation: RelationId) -> &'a str {
        let (relation, end) = self.own_side(relation);
        let remote = relation.opposite(end).application;
        &self.juju.application(remote).name
    }

    /// `relation-list`: remote units joined, as far as this unit's hooks have been told, sorted
    /// by name. The one that joins is in, the one that departs is out (juju/juju 3.6
    /// `uniter/runner/context/contextfactory.go`).
    pub fn remote_units(&self, relation: RelationId) -> Vec<UnitId> {
        if Some(relation) == self.breaking {
            return Vec::new();
        }
        // In a relation that the unit has yet to enter, none has joined as far as it was told.
        let known = self.juju.agent_of(self.id).relations.get(&relation);
        let members = known.into_iter().flat_map(|local| local.members.keys());
        let mut units: Vec<UnitId> = members.copied().collect();
        if let Some((of, unit, joins)) = self.moving {
            units.retain(|other| of != relation || *other != unit);
            if of == relation && joins {
                units.push(unit);
            }
        }
        units.sort_by(|left, right| self.juju.unit(*left).name.cmp(&self.juju.unit(*right).name));
        units
    }

    /// Name of any unit, `app/0`.
    pub fn name_of(&self, unit: UnitId) -> &'a str {
        &self.juju.unit(unit).name
    }

    /// `relation-get - UNIT`: the bag of a remote unit, or of this one.
    ///
    /// # Errors
    ///
    /// [`ToolError::PermissionDenied`] for another unit of this application outside a peer
    /// relation.
    pub fn unit_data(&self, relation: RelationId, unit: UnitId) -> Result<Bag, ToolError> {
        if unit == self.id
            && let Some(bag) = self.effects.bags.get(&(relation, false))
        {
            return Ok(bag.clone());
        }
        self.check(relation, Whose::Unit(unit), Access::Read)?;
        self.note_read(ControllerRead::UnitBag(relation, unit));
        let relation = self.juju.relation(relation);
        let member = relation.ends.iter().find_map(|end| end.units.get(&unit));
        Ok(match member {
            Some(member) => member.bag.value.clone(),
            // It has yet to enter the scope: nothing was written.
            None => Bag::default(),
        })
    }

    /// `relation-get --app - REMOTE`: the other application's bag.
    ///
    /// # Errors
    ///
    /// [`ToolError::NoRelation`] where the relation is not this application's.
    pub fn remote_application_data(&self, relation: RelationId) -> Result<Bag, ToolError> {
        let (found, end) = self.sides(relation).ok_or_else(|| no_relation(relation))?;
        if found.is_peer() {
            return self.own_application_data(relation);
        }
        self.note_read(ControllerRead::ApplicationBag(relation, false));
        Ok(found.opposite(end).bag.value.clone())
    }

    /// `relation-get --app` of this application's own bag.
    ///
    /// # Errors
    ///
    /// [`ToolError::PermissionDenied`] for a unit that does not lead, outside a peer relation.
    pub fn own_application_data(&self, relation: RelationId) -> Result<Bag, ToolError> {
        if let Some(bag) = self.effects.bags.get(&(relation, true)) {
            return Ok(bag.clone());
        }
        self.check(
            relation,
            Whose::Application(self.application_id()),
            Access::Read,
        )?;
        let (found, end) = self.sides(relation).ok_or_else(|| no_relation(relation))?;
        self.note_read(ControllerRead::ApplicationBag(relation, true));
        Ok(found.ends[end].bag.value.clone())
    }

    /// `relation-set KEY=VALUE` on this unit's bag; `None` deletes the key.
    ///
    /// # Errors
    ///
    /// [`ToolError::NoRelation`] where the relation is not this application's.
    pub fn set_unit_data(
        &mut self,
        relation: RelationId,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), ToolError> {
        self.check(relation, Whose::Unit(self.id), Access::Write)?;
        let mut bag = self.unit_data(relation, self.id)?;
        if bag.set(key, value) {
            self.effects.bags.insert((relation, false), bag);
        }
        Ok(())
    }

    /// `relation-set --app KEY=VALUE`; `None` deletes the key.
    ///
    /// # Errors
    ///
    /// [`ToolError::PermissionDenied`] for a unit that does not lead.
    pub fn set_application_data(
        &mut self,
        relation: RelationId,
        key: &str,
        value: Option<Value>,
    ) -> Result<(), ToolError> {
        self.check(
            relation,
            Whose::Application(self.application_id()),
            Access::Write,
        )?;
        let mut bag = self.own_application_data(relation)?;
        if bag.set(key, value) {
            self.effects.bags.insert((relation, true), bag);
        }
        Ok(())
    }

    pub(crate) fn sides(&self, relation: RelationId) -> Option<(&'a Relation, usize)> {
        let relation = self.juju.relation(relation);
        Some((relation, relation.end_of(self.application_id())?))
    }

    /// A relation of this unit's application, and the side that it has in it.
    pub(crate) fn own_side(&self, relation: RelationId) -> (&'a Relation, usize) {
        let sides = self.sides(relation);
        sides.unwrap_or_else(|| panic!("{} has no {relation:?}", self.unit_name()))
    }

    fn check(&self, relation: RelationId, whose: Whose, wanted: Access) -> Result<(), ToolError> {
        let (found, _) = self.sides(relation).ok_or_else(|| no_relation(relation))?;
        let held = access(self.juju, found, self.id, self.is_leader(), whose);
        if held >= wanted {
            Ok(())
        } else {
            Err(ToolError::PermissionDenied)
        }
    }

    /// What a proxy or an application is, for charms that ask where a relation leads.
    pub fn is_cross_model(&self, relation: RelationId) -> bool {
        let (found, end) = self.own_side(relation);
        self.juju.application(found.opposite(end).application).kind != ApplicationKind::Local
    }
}

fn no_relation(relation: RelationId) -> ToolError {
    ToolError::NoRelation(relation.0.to_string())
}
