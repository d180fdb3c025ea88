//! The end of a unit: it is dead after its last hook, or its pod or machine is killed.

use crate::pods::POD_START;
use crate::{Event, Host, SecretOwner, Status, UnitId, Uniter};
use trustsim_kernel::{Seq, Span};

/// How long a machine takes to restart.
const REBOOT: Span = Span::from_secs(60);

impl Uniter<'_> {
    /// A unit is dead: it leaves its application, its machine and its secrets.
    pub(crate) fn remove_dead_unit(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        self.agents.release_lock(unit, host);
        self.agents.set_status(unit, Status::Terminated, "", now);
        self.agents.leases().revoke_leadership(unit, host);
        let application = self.unit(unit).application;
        self.agents
            .application_mut(application)
            .units
            .retain(|other| *other != unit);
        if let Some(machine) = self.unit(unit).machine {
            self.agents
                .machine_mut(machine)
                .units
                .retain(|other| *other != unit);
        }
        for relation in self.application(application).relations.clone() {
            self.agents
                .relations_mut()
                .leave_scope(unit, relation, host);
        }
        let owner = SecretOwner::Application(application);
        for secret in self.secrets.of_owner(owner).collect::<Vec<_>>() {
            let consumers = &mut self.secrets.get_mut(secret).consumers;
            if consumers.remove(&unit).is_some() {
                self.secrets().notify_obsolete(secret, host);
            }
        }
        self.agents.relations_mut().release_principal(unit, host);
    }

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
        if self.agent_of(unit).removed {
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
        self.agents.settle(unit, host);
        let agent = self.agents.agent_of_mut(unit);
        agent.pod_cause = cause;
        agent.cut_by = cause;
        self.agents.pods().replace_pod(unit, away, host);
    }

    /// A unit's machine restarts: a hook that ran has failed, its files are still there.
    fn reboot(&mut self, unit: UnitId, away: Span, cause: Option<Seq>, host: &mut dyn Host) {
        let now = host.now();
        let agent = self.agents.agent_of_mut(unit);
        agent.cut_by = cause;
        self.kill_agent(unit, host);
        self.agents.operator().restart_process(unit, cause, host);
        self.agents.unit_mut(unit).workload.answers_from = now + away;
        let agent = self.agents.agent_of_mut(unit);
        agent.rebooted |= agent.started;
        agent.away_until = now + away;
        host.schedule(now + away, Event::AgentStart(unit));
    }

    /// The agent of a leader cannot reach its controller until the lease that it cannot renew has ended,
    /// and another unit had time to claim it.
    pub fn cut_off_until_lease_ends(
        &mut self,
        unit: UnitId,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let agent = self.agents.agent_of_mut(unit);
        agent.cut_by = cause;
        self.agents.disconnect(unit, host);
        let lease = self.application(self.unit(unit).application).lease;
        let back = lease.ends.unwrap_or(host.now()) + Span::from_secs(1);
        let agent = self.agents.agent_of_mut(unit);
        agent.away_until = agent.away_until.max(back);
        host.schedule(back, Event::AgentStart(unit));
    }
}
