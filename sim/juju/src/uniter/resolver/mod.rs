//! Picks a unit's next operation, in Juju's order (juju/juju 3.6
//! `internal/worker/uniter/resolver.go` and the resolvers it chains).

mod members;
mod relation_hooks;
mod settled;
mod waiting;

pub(crate) use members::Sorted;

use std::sync::Arc;

use crate::agents::Snapshot;
use crate::secrets::SecretStore;
use crate::timing::Timing;
use crate::{Activity, Agent, Hook, Life, RelationId, SecretOwner, Topology, UnitId};
use trustsim_kernel::{Seq, Time};

/// What the agent does next.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// Runs a hook.
    Run(Hook, Option<Seq>),
    /// Enters a relation's scope, then runs its `relation-created`.
    Create(RelationId),
    /// Accepts leadership, which queues `leader-elected`.
    AcceptLeadership,
    /// Gives leadership up; no hook.
    ResignLeadership,
    /// The process ends: the unit is dead, or its pod is told to.
    Terminate,
}

const PURPOSE_RELATION_ORDER: u64 = 0x7265_6c6f;

/// How an agent is looked at.
#[derive(Clone, Copy, Debug)]
struct Look {
    now: Time,
    /// Repeated hooks count.
    repeats: bool,
    /// It runs no hook, or is looked at as if it did not.
    idle: bool,
}

/// Compares what controllers show with what agents have done. Reads only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolver<'a> {
    timing: Timing<'a>,
    secrets: &'a SecretStore,
}

impl std::ops::Deref for Resolver<'_> {
    type Target = Topology;

    fn deref(&self) -> &Topology {
        self.timing.topology
    }
}

impl<'a> Resolver<'a> {
    pub(crate) const fn new(timing: Timing<'a>, secrets: &'a SecretStore) -> Self {
        Self { timing, secrets }
    }
}

impl Resolver<'_> {
    /// The next operation of an agent that runs no hook; `None` when there is nothing to do.
    pub(crate) fn next_operation(&self, id: UnitId, now: Time) -> Option<Operation> {
        let idle = self.agent_of(id).is_idle();
        let repeats = true;
        self.operation_seen(id, Look { now, repeats, idle })
    }

    /// What an agent has to do but for repeated hooks; where it runs one now, what
    /// it does after it.
    pub(crate) fn operation_not_of_time(&self, id: UnitId, now: Time) -> Option<Operation> {
        let agent = self.agent_of(id);
        let idle = match &agent.state {
            Activity::Running(running) => agent.is_repeat(&running.hook),
            _ => agent.is_idle(),
        };
        let repeats = false;
        self.operation_seen(id, Look { now, repeats, idle })
    }

    fn operation_seen(&self, id: UnitId, look: Look) -> Option<Operation> {
        let agent = self.agent_of(id);
        if agent.removed {
            return Some(Operation::Terminate);
        }
        let continues = look.idle && agent.queued.is_none();
        if continues && agent.rebooted {
            return Some(Operation::Run(Hook::Start, None));
        }
        if agent.installed
            && let Some(operation) = self.installed_operation(id, look)
        {
            return Some(operation);
        }
        if agent.shutting_down && !agent.dying {
            let stops = agent.started && !agent.stopped;
            let stop = Operation::Run(Hook::Stop, None);
            return Some(if stops { stop } else { Operation::Terminate });
        }
        if !look.idle {
            return None;
        }
        if let Some(hook) = &agent.queued {
            let application = self.application(self.unit(id).application);
            let cause = match hook {
                Hook::LeaderElected => application.lease.cause,
                Hook::UpgradeCharm => application.charm_version.cause,
                _ => None,
            };
            return Some(Operation::Run(hook.clone(), cause));
        }
        if agent.dying {
            return Some(self.dying_operation(id, look.now));
        }
        self.idle_operation(id, look)
    }

    /// What goes before a queued hook, in a unit that is installed.
    fn installed_operation(&self, id: UnitId, look: Look) -> Option<Operation> {
        let agent = self.agent_of(id);
        let Look { now, repeats, idle } = look;
        let continues = idle && agent.queued.is_none();
        let free = continues && !agent.dying;
        if free && let Some(relation) = self.uncreated_relation(id, now) {
            return Some(Operation::Create(relation));
        }
        if let Some(operation) = self.leadership_operation(id, continues) {
            return Some(operation);
        }
        if continues && agent.pebble_from <= now {
            let containers = &self.application(self.unit(id).application).containers;
            if let Some(container) = containers.get(agent.containers_ready) {
                let container = Arc::clone(container);
                return Some(Operation::Run(Hook::PebbleReady { container }, None));
            }
        }
        if free && let Some((hook, cause)) = self.secret_operation(id, now, repeats) {
            return Some(Operation::Run(hook, cause));
        }
        // Actions run while a hook is in error, but not before one that is queued.
        if (continues || matches!(agent.state, Activity::Failed(_)))
            && let Some((hook, cause, at)) = agent.actions.front()
            && self.timing.is_known(id, hook, *at, now)
        {
            return Some(Operation::Run(hook.clone(), *cause));
        }
        None
    }

    /// What a unit does that has nothing recorded.
    fn idle_operation(&self, id: UnitId, look: Look) -> Option<Operation> {
        let Look { now, repeats, .. } = look;
        let unit = self.unit(id);
        let agent = unit.agent.as_deref()?;
        if !agent.installed {
            return Some(Operation::Run(Hook::Install, None));
        }
        let application = self.application(unit.application);
        let seen = |at: Time| self.timing.has_arrived(id, at, now);
        // A pod gets a new charm by being replaced.
        let charm = application.charm_version.version_seen(seen);
        if agent.charm_seen != charm && !self.is_pod(id) {
            let cause = application.charm_version.cause;
            return Some(Operation::Run(Hook::UpgradeCharm, cause));
        }
        let config = &application.config;
        let config_version = config.version_seen(seen).max(1);
        if agent.config_seen != Some(config_version) {
            let cause = agent.config_seen.and(config.cause);
            return Some(Operation::Run(Hook::ConfigChanged, cause));
        }
        if agent.address_seen != unit.address.version_seen(seen).max(1) {
            return Some(Operation::Run(Hook::ConfigChanged, unit.address.cause));
        }
        if let Some(operation) = self.relation_operation(id, now) {
            return Some(operation);
        }
        let due =
            repeats && agent.started && self.timing.timer(id).fired(now) > agent.timer_handled;
        due.then_some(Operation::Run(Hook::UpdateStatus, None))
    }

    /// A relation whose scope the unit has yet to enter. Their order is that of a Go map, which
    /// is arbitrary: it is drawn from the seed.
    fn uncreated_relation(&self, id: UnitId, now: Time) -> Option<RelationId> {
        let agent = self.agent_of(id);
        let relations = agent.dirty.iter().copied();
        let due = relations.filter(|relation| self.is_to_be_created(id, agent, *relation, now));
        due.min_by_key(|relation| (self.timing.relation_order(id, *relation), *relation))
    }

    /// Whether the unit has yet to enter the scope of a relation that it knows of.
    fn is_to_be_created(&self, id: UnitId, agent: &Agent, relation: RelationId, now: Time) -> bool {
        let known = agent.relations.get(&relation);
        if known.is_some_and(|local| local.created) {
            return false;
        }
        let found = self.relation(relation);
        found.life == Life::Alive
            && !found.suspended
            && self.timing.has_arrived(id, found.changed_at, now)
            && !self.awaits_subordinate(id, found)
    }

    fn leadership_operation(&self, id: UnitId, continues: bool) -> Option<Operation> {
        let unit = self.unit(id);
        let agent = unit.agent.as_deref()?;
        let leads = self.application(unit.application).lease.holder == Some(id);
        if leads && !agent.leader && continues && !agent.dying {
            return Some(Operation::AcceptLeadership);
        }
        if agent.leader && (!leads || agent.dying) {
            return Some(Operation::ResignLeadership);
        }
        None
    }

    /// `secret-expired`, then `secret-changed`, then `secret-remove`.
    fn secret_operation(
        &self,
        id: UnitId,
        now: Time,
        repeats: bool,
    ) -> Option<(Hook, Option<Seq>)> {
        let agent = self.agent_of(id);
        for ((secret, revision), expiry) in &agent.expiries {
            let is_first = expiry.handled == 0;
            if expiry.fired(now) > expiry.handled && (repeats || is_first) {
                let (secret, revision) = (*secret, *revision);
                let cause = self.secrets.get(secret).cause.filter(|_| is_first);
                return Some((Hook::SecretExpired { secret, revision }, cause));
            }
        }
        let application = self.unit(id).application;
        for secret in self.secrets.of_owner(SecretOwner::Application(application)) {
            let found = self.secrets.get(secret);
            let is_behind = found
                .consumers
                .get(&id)
                .is_some_and(|tracking| tracking.notified < found.latest());
            if is_behind && self.timing.has_arrived(id, found.changed_at, now) {
                return Some((Hook::SecretChanged { secret }, found.cause));
            }
        }
        let seen = |entry: &(&(crate::SecretId, u32), &Time)| {
            let (secret, revision) = *entry.0;
            *entry.1 <= now && self.secrets.get(secret).content(revision).is_some()
        };
        let ((secret, revision), _) = agent.obsolete.iter().find(seen)?;
        let (secret, revision) = (*secret, *revision);
        Some((
            Hook::SecretRemove { secret, revision },
            self.secrets.get(secret).cause,
        ))
    }

    /// Relations first, then `stop`, then `remove`.
    fn dying_operation(&self, id: UnitId, now: Time) -> Operation {
        if let Some(operation) = self.relation_operation(id, now) {
            return operation;
        }
        match self.agent(id) {
            Some(agent) if agent.started && !agent.stopped => {
                Operation::Run(Hook::Stop, agent.removed_by)
            }
            Some(agent) if agent.installed => Operation::Run(Hook::Remove, agent.removed_by),
            _ => Operation::Terminate,
        }
    }
}

impl Resolver<'_> {
    /// Hooks that are noted as done without running: those of the endpoint every application has,
    /// and those only a leader runs, in a unit that leads no more (juju/juju 3.6
    /// `uniter/operation/runhook.go`, `Prepare`).
    pub(crate) fn is_skipped(&self, unit: UnitId, hook: &Hook) -> bool {
        let application = self.unit(unit).application;
        let leads = self.application(application).lease.holder == Some(unit);
        match hook {
            Hook::LeaderElected => !leads,
            Hook::SecretExpired { secret, .. } | Hook::SecretRemove { secret, .. } => {
                let of_application = crate::SecretOwner::Application(application);
                !leads && self.secrets.get(*secret).owner == of_application
            }
            _ => hook
                .relation()
                .is_some_and(|relation| self.is_implicit(unit, self.relation(relation))),
        }
    }

    /// What the agent notes if this hook is committed, having started now. A hook that is run
    /// again keeps what it is about, and takes everything else as it is now.
    pub(crate) fn snapshot(
        &self,
        unit: UnitId,
        hook: &Hook,
        again: Option<Snapshot>,
        now: Time,
    ) -> Snapshot {
        let seen = |at: Time| self.timing.has_arrived(unit, at, now);
        let found = self.unit(unit);
        let application = self.application(found.application);
        let firings = match hook {
            Hook::SecretExpired { secret, revision } if again.is_none() => {
                let expiry = self.agent_of(unit).expiries.get(&(*secret, *revision));
                let expiry = expiry.expect("a unit is told of expiries that it watches");
                expiry.fired(now)
            }
            _ => 0,
        };
        let version = match hook {
            Hook::SecretChanged { secret } => u64::from(self.secrets.get(*secret).latest()),
            _ => self.current_version(unit, hook, now),
        };
        Snapshot {
            version: again.map_or(version, |again| again.version),
            firings,
            config: application.config.version_seen(seen).max(1),
            address: found.address.version_seen(seen).max(1),
            charm: application.charm_version.version_seen(seen),
            timer: self.timing.timer(unit).fired(now),
        }
    }
}

impl Timing<'_> {
    /// The place of a relation in the arbitrary order of this unit.
    pub(crate) fn relation_order(&self, unit: UnitId, relation: RelationId) -> u64 {
        let (unit, relation) = (u64::from(unit.0), u64::from(relation.0));
        self.streams
            .below(PURPOSE_RELATION_ORDER, unit, relation, u64::MAX)
    }
}
