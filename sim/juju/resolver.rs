//! Picks a unit's next operation, in Juju's order (juju/juju 3.6 `internal/worker/uniter`,
//! `resolver.go` and the resolvers it chains).

use std::sync::Arc;

use super::agent::Activity;
use super::{ApplicationId, Hook, Juju, Life, RelationId, SecretOwner, UnitId};
use crate::kernel::{Seq, Time};

/// What the agent does next.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// Runs a hook.
    Run(Hook, Option<Seq>),
    /// Enters a relation's scope, then runs its `relation-created`.
    Create(RelationId),
    /// Accepts leadership, which queues `leader-elected`.
    AcceptLeadership,
    /// Gives leadership up; no hook.
    ResignLeadership,
    /// The unit is dead: the agent ends.
    Terminate,
}

const PURPOSE_RELATION_ORDER: u64 = 0x7265_6c6f;

impl Juju {
    /// The next operation of an agent that runs no hook; `None` when there is nothing to do.
    /// Update-status and repeated secret events are not looked at here: only time brings them.
    pub(super) fn next_operation(&self, id: UnitId, now: Time) -> Option<Operation> {
        let unit = self.unit(id);
        let agent = unit.agent.as_deref()?;
        if agent.removed {
            return Some(Operation::Terminate);
        }
        let may_interleave = agent.installed && agent.is_idle() && agent.queued.is_none();
        if agent.installed && agent.is_idle() && !agent.dying {
            if let Some(relation) = self.uncreated_relation(id, now) {
                return Some(Operation::Create(relation));
            }
        }
        if agent.installed {
            if let Some(operation) = self.leadership_operation(id) {
                return Some(operation);
            }
        }
        if matches!(agent.queued, Some(Hook::LeaderElected)) && agent.is_idle() {
            let cause = self.application(unit.application).lease.cause;
            return Some(Operation::Run(Hook::LeaderElected, cause));
        }
        let containers = &self.application(unit.application).containers;
        if agent.installed && agent.is_idle() && !agent.stopped {
            if let Some(container) = containers.get(agent.containers_ready) {
                if agent.started {
                    let container = Arc::clone(container);
                    return Some(Operation::Run(Hook::PebbleReady { container }, None));
                }
            }
        }
        if may_interleave && !agent.dying {
            if let Some((hook, cause)) = self.secret_operation(id, now) {
                return Some(Operation::Run(hook, cause));
            }
        }
        if let Some((hook, cause)) = agent.actions.front() {
            if agent.installed {
                return Some(Operation::Run(hook.clone(), *cause));
            }
        }
        if let Activity::Failed(_) = agent.state {
            return None;
        }
        if let Some(hook) = &agent.queued {
            return Some(Operation::Run(hook.clone(), None));
        }
        if agent.dying {
            return self.dying_operation(id, now);
        }
        if !agent.installed {
            return Some(Operation::Run(Hook::Install, None));
        }
        let config = &self.application(unit.application).config;
        let config_version = config.version_seen(now, self.latencies.watch).max(1);
        if agent.config_seen != Some(config_version) {
            let cause = if agent.config_seen.is_none() {
                None
            } else {
                config.cause
            };
            return Some(Operation::Run(Hook::ConfigChanged, cause));
        }
        if agent.address_seen != unit.address.version {
            return Some(Operation::Run(Hook::ConfigChanged, unit.address.cause));
        }
        self.relation_operation(id, now)
    }

    /// A relation whose scope the unit has yet to enter. Their order is that of a Go map, which
    /// is arbitrary: it is drawn from the seed.
    fn uncreated_relation(&self, id: UnitId, now: Time) -> Option<RelationId> {
        let unit = self.unit(id);
        let agent = unit.agent.as_deref()?;
        let due = self
            .application(unit.application)
            .relations
            .iter()
            .copied()
            .filter(|relation| {
                let found = self.relation(*relation);
                found.life == Life::Alive
                    && !found.suspended
                    && agent
                        .relations
                        .get(relation)
                        .is_none_or(|local| !local.created)
                    && self.is_visible(*relation, now)
            });
        due.min_by_key(|relation| (self.relation_order(id, *relation), *relation))
    }

    fn is_visible(&self, relation: RelationId, now: Time) -> bool {
        self.relation(relation).changed_at + self.latencies.watch <= now
    }

    /// Where a relation stands in the arbitrary order of this unit.
    pub(super) fn relation_order(&self, unit: UnitId, relation: RelationId) -> u64 {
        let (unit, relation) = (u64::from(unit.0), u64::from(relation.0));
        self.streams
            .below(PURPOSE_RELATION_ORDER, unit, relation, u64::MAX)
    }

    fn leadership_operation(&self, id: UnitId) -> Option<Operation> {
        let unit = self.unit(id);
        let agent = unit.agent.as_deref()?;
        let lease = &self.application(unit.application).lease;
        let leads = lease.holder == Some(id);
        if leads && !agent.leader && agent.is_idle() && !agent.dying {
            return Some(Operation::AcceptLeadership);
        }
        if agent.leader && (!leads || agent.dying) {
            return Some(Operation::ResignLeadership);
        }
        None
    }

    /// `secret-expired` for the first time, then `secret-changed`, then `secret-remove`.
    fn secret_operation(&self, id: UnitId, now: Time) -> Option<(Hook, Option<Seq>)> {
        let agent = self.agent(id)?;
        for secret in self.owned_secrets(id, agent.leader) {
            let found = self.secret(secret);
            let fired = self.expiry_firings(secret, now);
            let handled = agent.expiries.get(&secret).copied().unwrap_or(0);
            if fired > 0 && handled == 0 {
                let revision = found.latest();
                return Some((Hook::SecretExpired { secret, revision }, found.cause));
            }
        }
        let application = self.unit(id).application;
        for secret in self.secrets_of(SecretOwner::Application(application)) {
            let found = self.secret(secret);
            if let Some(tracking) = found.consumers.get(&id) {
                if tracking.told < found.latest() && !found.removed {
                    return Some((Hook::SecretChanged { secret }, found.cause));
                }
            }
        }
        None
    }

    /// Secrets this unit manages: its own and, for the leader, the application's.
    pub(super) fn owned_secrets(&self, id: UnitId, leads: bool) -> Vec<super::SecretId> {
        let mut secrets: Vec<_> = self.secrets_of(SecretOwner::Unit(id)).collect();
        if leads {
            let application: ApplicationId = self.unit(id).application;
            secrets.extend(self.secrets_of(SecretOwner::Application(application)));
        }
        secrets
    }

    /// Relations first, then `stop`, then `remove` (juju/juju 3.6 `uniter/resolver.go`).
    fn dying_operation(&self, id: UnitId, now: Time) -> Option<Operation> {
        let agent = self.agent(id)?;
        if let Some(operation) = self.relation_operation(id, now) {
            return Some(operation);
        }
        if agent.started && !agent.stopped {
            return Some(Operation::Run(Hook::Stop, None));
        }
        Some(Operation::Run(Hook::Remove, None))
    }
}
