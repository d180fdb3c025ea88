//! The agent's loop: it connects, wakes, picks one operation after the other, and rests.

use super::agent::{PEBBLE_POLL, RETRY_MIN, dial_delay};
use super::churn::POD_START;
use super::resolver::Operation;
use super::{About, Activity, ConnectionError, Event, Happening, Hook, Host, Juju, Step, UnitId};
use trustsim_kernel::Time;

impl Juju {
    /// The agent process starts, if it does not run, and dials its controller.
    pub(super) fn agent_start(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let kubernetes = self.is_pod(unit);
        let agent = self.topology.agent_mut(unit)?;
        if agent.removed || agent.connected || now < agent.away_until {
            return None;
        }
        if !agent.running {
            agent.running = true;
            agent.rebooted |= kubernetes && agent.started;
        }
        if self.agent_refusal(unit).is_some() || self.cannot_dial(unit).is_some() {
            self.await_controller(unit, host);
            return None;
        }
        if !self.dial_through_impairment(unit, host) {
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
            let cause = self.agent(unit).and_then(|agent| agent.cut_by);
            host.record(cause, About::Unit(unit), happening);
            let agent = self.topology.agent_mut(unit)?;
            agent.dials_failed += 1;
            let again = now + dial_delay(agent.dials_failed);
            host.schedule(again, Event::AgentStart(unit));
            return None;
        }
        let containers = self
            .application(self.unit(unit).application)
            .containers
            .len();
        let agent = self.topology.agent_mut(unit)?;
        if agent.connected || !agent.running {
            return None;
        }
        agent.connected = true;
        agent.cut_by = None;
        agent.parted_at = None;
        agent.dials_failed = 0;
        agent.timer_from = now;
        agent.timer_handled = 0;
        // A hook that outlived the connection was told of the timer before.
        if let Activity::Running(running) = &mut agent.state {
            running.told.timer = 0;
        }
        agent.quiet_until = Time::EPOCH;
        if agent.containers_ready < containers {
            agent.pebble_from = now + PEBBLE_POLL;
            host.schedule(now + PEBBLE_POLL, Event::Wake(unit));
        }
        self.watchers_start(unit, host);
        self.holder_returns(unit, now);
        self.claim_leadership(unit, host);
        self.rearm_secrets(unit, now);
        self.pod_is_back(unit, host);
        self.watch_pings(unit, now, host);
        // What changed just before is seen one latency from now.
        host.schedule(now + self.latencies.watch, Event::Wake(unit));
        self.wake(unit, host)
    }

    /// A new worker begins with what the controller shows: a failed hook waits the shortest
    /// delay again, and every relation is looked at.
    fn watchers_start(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let application = self.unit(unit).application;
        let relations = self.application(application).relations.clone();
        let Some(agent) = self.topology.agent_mut(unit) else {
            return;
        };
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

    /// The agent loses its controller: a running hook cannot be committed, and the lease is not
    /// renewed. It is back with [`Event::AgentStart`].
    pub fn disconnect(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.settle(unit, host);
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.connected = false;
            agent.obsolete.clear();
            self.lose_leader(unit, host);
        }
    }

    /// The agent's own timer: for nothing, if it was set anew meanwhile.
    pub(super) fn alarm(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        if self.agent(unit)?.alarm != now {
            return None;
        }
        if self.settle_quietly(unit, host) && !self.has_nothing_due(unit, now) {
            return None; // A repeat has its turn, now or when the machine lock is free.
        }
        self.wake(unit, host)
    }

    /// Something may have changed.
    pub(super) fn wake(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let agent = self.agent(unit)?;
        if !agent.connected || agent.removed || self.is_agent_stalled(unit) {
            return None;
        }
        self.settle(unit, host);
        match &self.agent(unit)?.state {
            Activity::Running(_) => None,
            Activity::Failed(failed) if failed.retry_at.is_some_and(|at| at <= now) => {
                self.retry(unit, host)
            }
            _ => self.proceed(unit, host),
        }
    }

    /// Picks and begins the next operation; without one the unit is idle.
    pub(super) fn proceed(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        loop {
            match self.next_operation(unit, now) {
                Some(Operation::Run(hook, _)) if self.is_skipped(unit, &hook) => {
                    self.skip(unit, &hook, host);
                }
                Some(Operation::Run(hook, cause)) => return self.begin(unit, hook, cause, host),
                Some(Operation::Create(relation)) => {
                    if self.lock_is_taken(unit) {
                        return None;
                    }
                    self.enter_scope(unit, relation, host);
                    let cause = self.relation(relation).cause;
                    self.topology
                        .agent_mut(unit)?
                        .relations
                        .entry(relation)
                        .or_default();
                    let hook = Hook::RelationCreated { relation };
                    if !self.is_skipped(unit, &hook) {
                        return self.begin(unit, hook, cause, host);
                    }
                    self.skip(unit, &hook, host);
                }
                Some(Operation::AcceptLeadership) => {
                    let agent = self.topology.agent_mut(unit)?;
                    agent.leader = true;
                    agent.queued = Some(Hook::LeaderElected);
                    self.rearm_secrets(unit, now);
                }
                Some(Operation::ResignLeadership) => {
                    self.topology.agent_mut(unit)?.leader = false;
                    self.rearm_secrets(unit, now);
                }
                Some(Operation::Terminate) => {
                    self.terminate(unit, host);
                    return None;
                }
                None => break,
            }
        }
        self.tidy(unit, now);
        if self.has_failed(unit) {
            return None;
        }
        Some(Step::Idle { unit })
    }

    /// Hooks that are noted as done without running: those of the endpoint every application has,
    /// and those only a leader runs, in a unit that leads no more (juju/juju 3.6
    /// `uniter/operation/runhook.go`, `Prepare`).
    pub(super) fn is_skipped(&self, unit: UnitId, hook: &Hook) -> bool {
        let application = self.unit(unit).application;
        let leads = self.application(application).lease.holder == Some(unit);
        match hook {
            Hook::LeaderElected => !leads,
            Hook::SecretExpired { secret, .. } | Hook::SecretRemove { secret, .. } => {
                let of_application = super::SecretOwner::Application(application);
                !leads && self.secret(*secret).owner == of_application
            }
            _ => hook
                .relation()
                .is_some_and(|relation| self.is_implicit(unit, self.relation(relation))),
        }
    }

    fn skip(&mut self, unit: UnitId, hook: &Hook, host: &mut dyn Host) {
        let told = self.told(unit, hook, None, host.now());
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.queued.take_if(|queued| queued == hook);
        }
        self.hook_done(unit, hook, told, host);
    }

    /// The process ends: the unit is dead, or its pod is replaced.
    fn terminate(&mut self, unit: UnitId, host: &mut dyn Host) {
        let Some(agent) = self.topology.agent_mut(unit) else {
            return;
        };
        if agent.shutting_down && !agent.dying {
            self.pod_is_gone(unit, POD_START, host);
        } else {
            agent.removed = true;
            self.unit_is_dead(unit, host);
        }
    }
}
