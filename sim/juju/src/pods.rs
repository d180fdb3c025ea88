//! Pods that are replaced and machines that restart: what ends with them, and what comes back.

use crate::agents::{Agent, Agents};
use crate::topology::reads_topology;
use crate::{Activity, ApplicationId, Event, Hook, Host, UnitId};
use trustsim_kernel::{Seq, Span, Time};

/// How long a pod may take to end (Kubernetes, `terminationGracePeriodSeconds`, as juju/juju 3.6
/// `caas/kubernetes/provider/application` sets it).
const GRACE: Span = Span::from_secs(30);
/// How long until a pod that is gone is replaced and its agent starts.
pub(crate) const POD_START: Span = Span::from_secs(5);

/// The pods of Kubernetes models.
#[derive(Debug)]
pub struct Pods<'a> {
    agents: &'a mut Agents,
}

reads_topology!(Pods, agents);

impl<'a> Pods<'a> {
    pub(crate) const fn new(agents: &'a mut Agents) -> Self {
        Self { agents }
    }
}

impl Pods<'_> {
    /// `juju refresh APP`: machine units run `upgrade-charm`; pods are replaced one by one, the
    /// last first, as a StatefulSet does.
    pub fn refresh(&mut self, application: ApplicationId, cause: Option<Seq>, host: &mut dyn Host) {
        let now = host.now();
        let found = self.agents.application_mut(application);
        found.charm_version.touch(now, cause);
        if !self.model(self.application(application).model).kubernetes {
            self.agents.wake_units(application, host);
            return;
        }
        let found = self.agents.application_mut(application);
        found.rollout = found.units.clone();
        self.replace_next_pod(application, host);
    }

    /// Replaces the next pod of a rolling update.
    fn replace_next_pod(&mut self, application: ApplicationId, host: &mut dyn Host) {
        let mut rollout = std::mem::take(&mut self.agents.application_mut(application).rollout);
        while rollout.pop_if(|unit| self.agent_of(*unit).dying).is_some() {}
        let next = rollout.last().copied();
        let found = self.agents.application_mut(application);
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
        if !self.is_pod(unit) || self.agent_of(unit).dying {
            return;
        }
        let now = host.now();
        self.agents.settle(unit, host);
        let agent = self.agents.agent_of_mut(unit);
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
    pub(crate) fn end_grace_period(&mut self, unit: UnitId, host: &mut dyn Host) {
        let ends = |agent: &Agent| agent.shutting_down && agent.grace_ends == host.now();
        if ends(self.agent_of(unit)) {
            self.replace_pod(unit, POD_START, host);
        }
    }

    /// The old pod ended or was killed: the new one starts after `away`.
    pub(crate) fn replace_pod(&mut self, unit: UnitId, away: Span, host: &mut dyn Host) {
        let now = host.now();
        assert!(
            self.is_pod(unit),
            "{} is on a machine, and its pod is gone",
            self.unit(unit).name
        );
        self.agents.disconnect(unit, host);
        let cause = self.agent_of(unit).pod_cause;
        let address = self.agents.next_address(unit);
        let volumes = self.application_of(unit).volumes.clone();
        let found = self.agents.unit_mut(unit);
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
    pub(crate) fn continue_rollout(&mut self, unit: UnitId, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let rollout = &mut self.agents.application_mut(application).rollout;
        if rollout.pop_if(|rolled| *rolled == unit).is_some() {
            self.replace_next_pod(application, host);
        }
    }
}
