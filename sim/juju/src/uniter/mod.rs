//! The uniter, the worker of an agent that runs its unit's hooks (juju/juju 3.6 `internal/worker/uniter`).
//!
//! It connects, is woken, asks its [`resolver`] for the next operation, and rests when there is none. For
//! example, a wake-up after a changed databag: the resolver answers `relation-changed`, [`run`] takes the
//! machine lock and asks for the charm's code with [`Step::Run`], the hook ends after its duration, and
//! [`commit`] writes what the code left behind.

mod commit;
mod removal;
mod resolver;
mod run;

pub use commit::CommitFault;
pub(crate) use resolver::Resolver;

use crate::agents::{Agents, PEBBLE_POLL, RETRY_MIN, dial_delay};
use crate::context::OutsideServices;
use crate::pods::POD_START;
use crate::secrets::{SecretStore, Secrets};
use crate::topology::reads_topology;
use crate::uniter::resolver::{Operation, Sorted};
use crate::{
    About, Activity, ConnectionError, Connections, Event, Happening, Hook, Host, Quiet, Step,
    UnitId,
};
use trustsim_kernel::Time;

/// The workers that run hooks, one in each unit's agent.
#[derive(Debug)]
pub struct Uniter<'a> {
    agents: &'a mut Agents,
    secrets: &'a mut SecretStore,
    outside: &'a mut OutsideServices,
    commit_fault: &'a mut Option<(UnitId, CommitFault)>,
}

reads_topology!(Uniter, agents);

impl<'a> Uniter<'a> {
    pub(crate) const fn new(
        agents: &'a mut Agents,
        secrets: &'a mut SecretStore,
        outside: &'a mut OutsideServices,
        commit_fault: &'a mut Option<(UnitId, CommitFault)>,
    ) -> Self {
        Self {
            agents,
            secrets,
            outside,
            commit_fault,
        }
    }
}

impl Uniter<'_> {
    pub(crate) fn resolver(&self) -> Resolver<'_> {
        Resolver::new(self.agents.timing(), self.secrets)
    }

    pub(crate) fn secrets(&mut self) -> Secrets<'_> {
        Secrets::new(self.agents, self.secrets)
    }

    pub(crate) fn connections(&mut self) -> Connections<'_> {
        Connections::new(self.agents, self.secrets)
    }

    /// The agent process starts, if it does not run, and dials its controller.
    pub(crate) fn start_agent(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let kubernetes = self.is_pod(unit);
        let agent = self.agents.agent_of_mut(unit);
        if agent.removed || agent.connected || now < agent.away_until {
            return None; // An earlier start did it, or its machine or pod is not back.
        }
        if !agent.running {
            agent.running = true;
            agent.rebooted |= kubernetes && agent.started;
        }
        if self.agents.timing().agent_refusal(unit).is_some()
            || self.agents.timing().cannot_dial(unit).is_some()
        {
            self.connections().await_controller(unit, host);
            return None;
        }
        if !self.connections().dial_through_impairment(unit, host) {
            return None;
        }
        Some(Step::Connect { unit })
    }

    /// The agent's connection was judged: it works, or is refused with this reason and dialled
    /// again later.
    pub fn connected(
        &mut self,
        unit: UnitId,
        judged: Result<(), ConnectionError>,
        host: &mut dyn Host,
    ) -> Option<Step> {
        let now = host.now();
        if let Err(error) = judged {
            let happening = Happening::AgentNotConnected(error);
            let cause = self.agent_of(unit).cut_by;
            host.record(cause, About::Unit(unit), happening);
            let agent = self.agents.agent_of_mut(unit);
            agent.dials_failed += 1;
            let again = now + dial_delay(agent.dials_failed);
            host.schedule(again, Event::AgentStart(unit));
            return None;
        }
        let containers = self
            .application(self.unit(unit).application)
            .containers
            .len();
        let agent = self.agents.agent_of_mut(unit);
        if agent.connected || !agent.running {
            return None; // It was killed, or connected by another dial, before this one was judged.
        }
        assert!(
            agent.elided_from.is_none(),
            "{unit:?} connects while its hooks are elided"
        );
        agent.connected = true;
        agent.cut_by = None;
        agent.parted_at = None;
        agent.dials_failed = 0;
        agent.timer_from = now;
        agent.timer_handled = 0;
        // A hook that outlived the connection was told of the timer before.
        if let Activity::Running(running) = &mut agent.state {
            running.snapshot.timer = 0;
        }
        agent.quiet_until = Time::EPOCH;
        if agent.containers_ready < containers {
            agent.pebble_from = now + PEBBLE_POLL;
            host.schedule(now + PEBBLE_POLL, Event::Wake(unit));
        }
        if let Some(machine) = self.unit(unit).machine {
            self.agents.operator().learn_address(machine, host);
        }
        self.start_watchers(unit, host);
        self.agents.leases().renew_lease(unit, now);
        self.agents.leases().claim_leadership(unit, host);
        self.secrets().rearm_secrets(unit, now);
        self.agents.pods().continue_rollout(unit, host);
        self.connections().watch_pings(unit, now, host);
        // What changed just before is seen one latency from now.
        host.schedule(
            now + self.agents.timing().latencies.watch,
            Event::Wake(unit),
        );
        self.wake(unit, host)
    }

    /// A new worker begins with what the controller shows: a failed hook waits the shortest
    /// delay again, and every relation is looked at.
    fn start_watchers(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let application = self.unit(unit).application;
        let relations = self.application(application).relations.clone();
        let agent = self.agents.agent_of_mut(unit);
        agent.dirty.extend(relations);
        agent.dirty.extend(agent.relations.keys());
        if let Activity::Failed(failed) = &mut agent.state {
            failed.in_a_row = 1;
            if failed.retry_at.is_some() {
                failed.retry_at = Some(now + RETRY_MIN);
                host.schedule(now + RETRY_MIN, Event::Wake(unit));
            }
        }
    }

    /// The agent's own timer fires; it does nothing where the timer was set anew meanwhile.
    pub(crate) fn alarm(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        if self.agent_of(unit).alarm != now {
            return None; // The timer was set anew.
        }
        if self.agents.settle_quietly(unit, host)
            && !self.agents.timing().has_nothing_due(unit, now)
        {
            return None; // A repeat has its turn, now or when the machine lock is free.
        }
        self.wake(unit, host)
    }

    /// Something may have changed.
    pub(crate) fn wake(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        self.look(unit, false, host)
    }

    /// What an agent does next; `after_hook` says that it ends a hook now.
    pub(crate) fn look(
        &mut self,
        unit: UnitId,
        after_hook: bool,
        host: &mut dyn Host,
    ) -> Option<Step> {
        let now = host.now();
        let agent = self.agent_of(unit);
        if !agent.connected || agent.removed || self.agents.timing().is_agent_stalled(unit) {
            return None; // It looks again when it connects, or when its calls go through.
        }
        self.agents.settle(unit, host);
        match &self.agent_of(unit).state {
            Activity::Running(_) => None,
            Activity::Failed(failed) if failed.retry_at.is_some_and(|at| at <= now) => {
                self.retry(unit, host)
            }
            _ => self.proceed(unit, after_hook, host),
        }
    }

    /// Picks and begins the next operation; without one the unit is idle.
    ///
    /// An agent that has more expired revisions than it can be told of in their period never rests. Where it ends a hook
    /// and only repeats are due, its charm is asked whether they do anything, as if it rested.
    pub(crate) fn proceed(
        &mut self,
        unit: UnitId,
        after_hook: bool,
        host: &mut dyn Host,
    ) -> Option<Step> {
        let now = host.now();
        if self.goes_on_waiting(unit, now) {
            return None;
        }
        loop {
            self.sort_members(unit, now);
            match self.resolver().next_operation(unit, now) {
                Some(Operation::Run(hook, _))
                    if after_hook
                        && self.agent_of(unit).is_repeat(&hook)
                        && !self.resolver().is_skipped(unit, &hook)
                        && self.resolver().operation_not_of_time(unit, now).is_none() =>
                {
                    return Some(Step::Repeat { unit });
                }
                Some(Operation::Run(hook, _)) if self.resolver().is_skipped(unit, &hook) => {
                    self.skip(unit, &hook, host);
                }
                Some(Operation::Run(hook, cause)) => return self.begin(unit, hook, cause, host),
                Some(Operation::Create(relation)) => {
                    if self.agents.lock_is_taken(unit) {
                        return None;
                    }
                    self.agents
                        .relations_mut()
                        .enter_scope(unit, relation, host);
                    let cause = self.relation(relation).cause;
                    self.agents
                        .agent_of_mut(unit)
                        .relations
                        .entry(relation)
                        .or_default();
                    let hook = Hook::RelationCreated { relation };
                    if !self.resolver().is_skipped(unit, &hook) {
                        return self.begin(unit, hook, cause, host);
                    }
                    self.skip(unit, &hook, host);
                }
                Some(Operation::AcceptLeadership) => {
                    let agent = self.agents.agent_of_mut(unit);
                    agent.leader = true;
                    agent.queued = Some(Hook::LeaderElected);
                    self.secrets().rearm_secrets(unit, now);
                }
                Some(Operation::ResignLeadership) => {
                    self.agents.agent_of_mut(unit).leader = false;
                    self.secrets().rearm_secrets(unit, now);
                }
                Some(Operation::Terminate) => {
                    self.terminate(unit, host);
                    return None;
                }
                None => break,
            }
        }
        self.forget_settled_relations(unit, now);
        if self.has_failed(unit) {
            let asks = self.agents.timing().may_rest_failing(unit, now);
            return asks.then_some(Step::Failing { unit });
        }
        Some(Step::Idle { unit })
    }

    /// Whether another unit holds the machine lock and this one has a hook for which it needs it: it waits for it then.
    fn goes_on_waiting(&mut self, unit: UnitId, now: Time) -> bool {
        if !self.agents.lock_is_held_by_another(unit) {
            return false;
        }
        let before = self.agent_of(unit).waits_in;
        let waits_in = self.resolver().relation_that_waits(unit, before, now);
        self.agents.agent_of_mut(unit).waits_in = waits_in;
        if waits_in.is_some() {
            debug_assert!(
                self.next_needs_lock(unit, now),
                "{unit:?} goes on waiting in {waits_in:?}, and would do something else"
            );
            self.agents.await_lock(unit);
        }
        waits_in.is_some()
    }

    /// Whether the next operation of an agent is one that begins with the machine lock.
    fn next_needs_lock(&self, unit: UnitId, now: Time) -> bool {
        let resolver = self.resolver();
        match resolver.next_operation(unit, now) {
            Some(Operation::Create(_)) => true,
            Some(Operation::Run(hook, _)) => !resolver.is_skipped(unit, &hook),
            _ => false,
        }
    }

    /// The next hook is a repeat, of which `quiet` is what the charm says: it is elided with those that follow, or runs.
    pub(crate) fn repeat(
        &mut self,
        unit: UnitId,
        quiet: Quiet,
        host: &mut dyn Host,
    ) -> Option<Step> {
        match self.agents.elide_repeats(unit, quiet, host) {
            true => None,
            false => self.proceed(unit, false, host),
        }
    }

    fn skip(&mut self, unit: UnitId, hook: &Hook, host: &mut dyn Host) {
        let snapshot = self.resolver().snapshot(unit, hook, None, host.now());
        let agent = self.agents.agent_of_mut(unit);
        agent.queued.take_if(|queued| queued == hook);
        self.record_hook(unit, hook, snapshot, host);
    }

    /// The process ends: the unit is dead, or its pod is replaced.
    fn terminate(&mut self, unit: UnitId, host: &mut dyn Host) {
        let agent = self.agents.agent_of_mut(unit);
        if agent.shutting_down && !agent.dying {
            self.agents.pods().replace_pod(unit, POD_START, host);
        } else {
            agent.removed = true;
            self.remove_dead_unit(unit, host);
        }
    }

    /// Sorts what is due about remote units: where the agent leaves a relation, first which they are.
    fn sort_members(&mut self, unit: UnitId, now: Time) {
        loop {
            let sorted = self.resolver().sorted_members(unit, now);
            let mut begins = false;
            for (relation, sorted) in sorted {
                let local = self.agents.agent_of_mut(unit).relations.get_mut(&relation);
                let due = &mut local.expect("it was found there").due;
                match sorted {
                    Sorted::Begins { leaving, units } => {
                        due.begin(leaving, units.into_iter());
                        begins = true;
                    }
                    Sorted::Units(units) => {
                        for (member, change) in units {
                            due.sort(member, change);
                        }
                    }
                }
            }
            if !begins {
                return;
            }
        }
    }

    /// Forgets the relations in which nothing can be due before something changes in them.
    pub(crate) fn forget_settled_relations(&mut self, unit: UnitId, now: Time) {
        let agent = self.agent_of(unit);
        let mut dirty = agent.dirty.clone();
        dirty.retain(|relation| !self.resolver().has_nothing_due(unit, *relation, now));
        let agent = self.agents.agent_of_mut(unit);
        agent.dirty = dirty;
    }
}
