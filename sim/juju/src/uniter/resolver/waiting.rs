//! Whether an agent that cannot have the machine lock would only go on waiting for it.
//!
//! Every unit of a machine looks each time that the lock is freed, and all but one of them find it taken again: where ten
//! units share it, nine of ten looks end here. Which hook it is that waits is of no interest then, so that the first that is
//! found will do.

use crate::uniter::Resolver;
use crate::{Agent, Life, RelationId, UnitId};
use trustsim_kernel::Time;

impl Resolver<'_> {
    /// A relation in which a hook is due, where the next operation of the agent surely needs the machine lock. `None` where
    /// that is not known without finding the operation. `first` is looked at first: the one that was found the last time.
    pub(crate) fn relation_that_waits(
        &self,
        id: UnitId,
        first: Option<RelationId>,
        now: Time,
    ) -> Option<RelationId> {
        let agent = self.agent_of(id);
        // Everything else that an agent does without the lock comes from one of these.
        let is_ordinary = agent.is_idle()
            && agent.installed
            && agent.queued.is_none()
            && !(agent.removed || agent.rebooted || agent.dying || agent.shutting_down);
        if !is_ordinary
            || self.leadership_operation(id, true).is_some()
            || self.secret_operation(id, now, true).is_some()
        {
            return None;
        }
        // The `relation-broken` of an implicit relation is noted without the lock.
        let ends = |relation: &RelationId| {
            let found = self.relation(*relation);
            found.life != Life::Alive || found.suspended
        };
        if agent.dirty.iter().any(ends) {
            return None;
        }
        let first = first.filter(|relation| agent.dirty.contains(relation));
        let mut all = first.into_iter().chain(agent.dirty.iter().copied());
        all.find(|relation| self.is_due(id, agent, *relation, now))
    }

    /// Whether a hook is due in a relation that goes on.
    fn is_due(&self, id: UnitId, agent: &Agent, relation: RelationId, now: Time) -> bool {
        let local = agent.relations.get(&relation);
        match local.filter(|local| local.created) {
            Some(local) => !local.broken && self.relation_hook(id, relation, local, now).is_some(),
            None => self.is_to_be_created(id, agent, relation, now),
        }
    }
}
