//! Subordinate units: made when their principal enters a container relation, gone when the last
//! such relation is (juju/juju 3.6 `state/relationunit.go`, `subordinateOps`).

use crate::agents::Agent;
use crate::{ApplicationId, Event, Host, Life, Relation, RelationId, Relations, Topology, UnitId};

const PURPOSE_DEPLOY: u64 = 0x7375_626f;

impl Relations<'_> {
    /// A principal that enters a container relation gets its subordinate unit.
    pub(crate) fn ensure_subordinate(
        &mut self,
        principal: UnitId,
        relation: RelationId,
        host: &mut dyn Host,
    ) {
        let relation = self.relation(relation);
        let Some(application) = self.subordinate_side(principal, relation) else {
            return;
        };
        if let Some(found) = self.subordinate_of(principal, application) {
            self.agents.unit_mut(found).principal = Some(principal);
            return;
        }
        let now = host.now();
        let machine = self.unit(principal).machine;
        let number = self.next_unit_number(application);
        let agent = Some(Box::new(Agent::new()));
        let unit = self.agents.create_unit(application, number, machine, agent);
        self.agents.unit_mut(unit).principal = Some(principal);
        let (low, high) = (
            self.agents.timing().latencies.hook_min,
            self.agents.timing().latencies.hook_max,
        );
        let key = u64::from(unit.0);
        let delay =
            self.agents
                .timing()
                .streams
                .between(PURPOSE_DEPLOY, key, now.as_nanos(), low, high);
        host.schedule(
            now + self.agents.timing().latencies.watch + delay,
            Event::AgentStart(unit),
        );
        self.agents.share_machine(unit, host);
    }

    /// A subordinate without a container relation to its principal's application destroys
    /// itself.
    pub(crate) fn leave_principal(
        &mut self,
        unit: UnitId,
        broken: RelationId,
        host: &mut dyn Host,
    ) {
        let found = self.unit(unit);
        let Some(principal) = found.principal else {
            return;
        };
        let (own, theirs) = (found.application, self.unit(principal).application);
        let holds = |id: &RelationId| {
            let relation = self.relation(*id);
            *id != broken
                && self.pairs_subordinates(relation)
                && relation.life == Life::Alive
                && relation.end_of(theirs).is_some()
        };
        let was_pairing = self.pairs_subordinates(self.relation(broken));
        let suspended = self.relation(broken).suspended;
        if was_pairing && !suspended && !self.application(own).relations.iter().any(holds) {
            let cause = self.relation(broken).cause;
            self.remove_unit(unit, cause, host);
        }
    }

    /// A principal that waited for this subordinate to go may enter scope now.
    pub(crate) fn release_principal(&mut self, subordinate: UnitId, host: &mut dyn Host) {
        let Some(principal) = self.unit(subordinate).principal else {
            return;
        };
        let application = self.unit(subordinate).application;
        for relation in self.application(application).relations.clone() {
            self.agents.mark_dirty(principal, relation);
        }
        self.agents.wake_at_arrival(principal, host);
    }
}

impl Topology {
    /// Live units of the subordinate application that belong to this principal; one that was put
    /// on its machine by hand belongs to it too.
    fn subordinate_of(&self, principal: UnitId, application: ApplicationId) -> Option<UnitId> {
        let machine = self.unit(principal).machine;
        let mut units = self.application(application).units.iter().copied();
        units.find(|id| {
            let unit = self.unit(*id);
            let adopted = unit.principal.is_none() && machine.is_some() && unit.machine == machine;
            unit.principal == Some(principal) || adopted
        })
    }

    /// The subordinate application on the other side, where `unit` is a principal.
    fn subordinate_side(&self, unit: UnitId, relation: &Relation) -> Option<ApplicationId> {
        let own = self.unit(unit).application;
        if !self.pairs_subordinates(relation) || self.application(own).subordinate {
            return None;
        }
        let other = relation.opposite(relation.end_of(own)?).application;
        self.application(other).subordinate.then_some(other)
    }

    /// A principal whose former subordinate is still dying cannot enter scope yet.
    pub(crate) fn awaits_subordinate(&self, unit: UnitId, relation: &Relation) -> bool {
        self.subordinate_side(unit, relation)
            .and_then(|application| self.subordinate_of(unit, application))
            .is_some_and(|subordinate| self.agent_of(subordinate).dying)
    }

    /// Removing a principal removes its subordinates.
    pub(crate) fn subordinates(&self, principal: UnitId) -> Vec<UnitId> {
        let Some(machine) = self.unit(principal).machine else {
            return Vec::new();
        };
        let units = self.machine(machine).units.iter().copied();
        units
            .filter(|unit| self.unit(*unit).principal == Some(principal))
            .collect()
    }
}
