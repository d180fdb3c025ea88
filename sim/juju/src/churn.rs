//! Pods that are replaced and machines that restart: what ends with them, and what comes back.

use super::agent::Agent;
use super::{Activity, ApplicationId, Event, Hook, Host, Juju, UnitId};
use trustsim_kernel::{Seq, Span, Time};

/// How long a pod may take to end (Kubernetes, `terminationGracePeriodSeconds`, as juju/juju 3.6
/// `caas/kubernetes/provider/application` sets it).
const GRACE: Span = Span::from_secs(30);
/// How long until a pod that is gone is replaced and its agent starts.
pub(super) const POD_START: Span = Span::from_secs(5);
/// How long a machine takes to restart.
const REBOOT: Span = Span::from_secs(60);

impl Juju {
    /// A unit's pod is killed without a word, or its machine restarts with every unit on it.
    /// They are back after `away`. What was in memory is gone, in a pod its disks too but for
    /// volumes; a pod has a new address. A unit that is being removed ends. Returns whom it hit.
    pub fn kill_unit(
        &mut self,
        unit: UnitId,
        away: Option<Span>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Vec<UnitId> {
        if self.agent(unit).is_none_or(|agent| agent.removed) {
            return Vec::new();
        }
        let Some(machine) = self.unit(unit).machine else {
            self.kill_pod(unit, away.unwrap_or(POD_START), cause, host);
            return vec![unit];
        };
        let units = self.machine(machine).units.clone();
        for unit in &units {
            self.reboot(*unit, away.unwrap_or(REBOOT), cause, host);
        }
        units
    }

    fn kill_pod(&mut self, unit: UnitId, away: Span, cause: Option<Seq>, host: &mut dyn Host) {
        self.settle(unit, host);
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.pod_cause = cause;
            agent.cut_by = cause;
        }
        self.pod_is_gone(unit, away, host);
    }

    /// A unit's machine restarts: a hook that ran has failed, its files are still there.
    fn reboot(&mut self, unit: UnitId, away: Span, cause: Option<Seq>, host: &mut dyn Host) {
        let now = host.now();
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.cut_by = cause;
        }
        self.kill_agent(unit, host);
        self.restart_process(unit, cause, host);
        self.topology.unit_mut(unit).workload.answers_from = now + away;
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.rebooted |= agent.started;
            agent.away_until = now + away;
        }
        host.schedule(now + away, Event::AgentStart(unit));
    }

    /// The agent of a leader cannot reach its controller until the lease it cannot renew is over,
    /// and another unit had time to claim it.
    pub fn cut_off_until_lease_ends(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.cut_by = cause;
        }
        self.disconnect(unit, host);
        let lease = self.application(self.unit(unit).application).lease;
        let back = lease.ends.unwrap_or(host.now()) + Span::from_secs(1);
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.away_until = agent.away_until.max(back);
        }
        host.schedule(back, Event::AgentStart(unit));
    }

    /// `juju refresh APP`: machine units run `upgrade-charm`; pods are replaced one by one, the
    /// last first, as a StatefulSet does.
    pub fn refresh(&mut self, application: ApplicationId, cause: Option<Seq>, host: &mut dyn Host) {
        let now = host.now();
        let found = self.topology.application_mut(application);
        found.charm_version.touch(now, cause);
        if !self.model(self.application(application).model).kubernetes {
            self.wake_units(application, host);
            return;
        }
        let found = self.topology.application_mut(application);
        found.rollout = found.units.clone();
        self.roll_on(application, host);
    }

    /// Replaces the next pod of a rolling update.
    fn roll_on(&mut self, application: ApplicationId, host: &mut dyn Host) {
        let mut rollout = std::mem::take(&mut self.topology.application_mut(application).rollout);
        while rollout
            .pop_if(|unit| self.agent(*unit).is_none_or(|agent| agent.dying))
            .is_some()
        {}
        let next = rollout.last().copied();
        let found = self.topology.application_mut(application);
        found.rollout = rollout;
        let cause = found.charm_version.cause;
        if let Some(unit) = next {
            self.restart_pod(unit, cause, host);
        }
    }

    /// The pod of a unit is replaced (eviction, node loss, a rolling update): the old one runs
    /// `stop`, the new one has a new address and runs `upgrade-charm`, `config-changed`, `start`.
    /// On a machine, or to a unit that is being removed, nothing happens.
    pub fn restart_pod(&mut self, unit: UnitId, cause: Option<Seq>, host: &mut dyn Host) {
        if !self.is_pod(unit) || self.agent(unit).is_none_or(|agent| agent.dying) {
            return;
        }
        let now = host.now();
        self.settle(unit, host);
        let Some(agent) = self.topology.agent_mut(unit) else {
            return;
        };
        if std::mem::replace(&mut agent.shutting_down, true) {
            return;
        }
        agent.pod_cause = cause;
        agent.grace_ends = now + GRACE;
        // The hook's process ends with the pod; its changes are dropped, and what it was about
        // is found again (juju/juju 3.6 `uniter/operation/runhook.go`, `ErrTerminated`).
        if let Activity::Running(running) = &agent.state
            && !matches!(running.hook, Hook::Stop | Hook::Remove)
        {
            agent.state = Activity::Idle;
        }
        agent.queued = None;
        agent.set_aside = None;
        if let Activity::Failed(_) = agent.state {
            agent.state = Activity::Idle;
        }
        host.schedule(now, Event::Wake(unit));
        host.schedule(now + GRACE, Event::PodGone(unit));
    }

    /// A pod that is told to end does not get longer.
    pub(super) fn grace_is_over(&mut self, unit: UnitId, host: &mut dyn Host) {
        let ends = |agent: &Agent| agent.shutting_down && agent.grace_ends == host.now();
        if self.agent(unit).is_some_and(ends) {
            self.pod_is_gone(unit, POD_START, host);
        }
    }

    /// The old pod ended or was killed: the new one starts after `away`.
    pub(super) fn pod_is_gone(&mut self, unit: UnitId, away: Span, host: &mut dyn Host) {
        let now = host.now();
        self.disconnect(unit, host);
        let cause = self.agent(unit).and_then(|agent| agent.pod_cause);
        let address = self.next_address(unit);
        let volumes = self.application_of(unit).volumes.clone();
        let found = self.topology.unit_mut(unit);
        found.address.value = address;
        found.address.touch(now, cause);
        // The disks of its containers are new too, the charm's own (its stored state) among them;
        // what lies on volumes stays.
        let stays = |path: &str| volumes.iter().any(|volume| path.starts_with(&**volume));
        found.workload.files.retain(|path, _| stays(path));
        found.workload.loaded.retain(|path, _| stays(path));
        found.workload.generation += 1;
        found.workload.cause = cause;
        found.workload.answers_from = now + away;
        let Some(agent) = found.agent.as_deref_mut() else {
            return;
        };
        agent.shutting_down = false;
        agent.running = false;
        agent.away_until = now + away;
        agent.state = Activity::Idle;
        agent.set_aside = None;
        agent.containers_ready = 0;
        agent.pebble_from = Time::MAX;
        agent.queued = agent.installed.then_some(Hook::UpgradeCharm);
        host.schedule(now + away, Event::AgentStart(unit));
    }

    /// A replaced pod is back, or is not waited for: a rolling update goes on with the next.
    pub(super) fn pod_is_back(&mut self, unit: UnitId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let rollout = &mut self.topology.application_mut(application).rollout;
        if rollout.pop_if(|rolled| *rolled == unit).is_some() {
            self.roll_on(application, host);
        }
    }
}
