//! What `juju status` shows of a unit.

use crate::{Activity, Hook, Status, Topology, UnitId};
use trustsim_kernel::{Seq, Time};

impl Topology {
    /// Sets the workload status of a unit that was told nothing yet.
    pub fn set_status(&mut self, unit: UnitId, status: Status, message: &str, now: Time) {
        let found = self.unit_mut(unit);
        found.status = (status, message.into());
        found.status_since = now;
    }

    /// Agent status as `juju status` shows it: `idle`, `executing`, `error`, ...
    pub fn agent_status(&self, unit: UnitId) -> (&'static str, String) {
        let Some(agent) = self.agent(unit) else {
            return ("unknown", String::new());
        };
        match &agent.state {
            _ if !agent.running => ("allocating", String::new()),
            _ if !agent.connected => ("lost", "agent is not communicating with the server".into()),
            Activity::Idle => ("idle", String::new()),
            // An agent does not say that it runs update-status.
            Activity::Running(running) if running.hook == Hook::UpdateStatus => {
                ("idle", String::new())
            }
            Activity::Running(running) => {
                let name = self.hook_name(unit, &running.hook);
                ("executing", format!("running {name} hook"))
            }
            Activity::Failed(failed) => {
                let name = self.hook_name(unit, &failed.hook);
                ("error", format!("hook failed: \"{name}\""))
            }
        }
    }

    /// What keeps a unit from running hooks now: what parted it from its controller, or the
    /// failure that it waits to try again.
    pub fn hindrance(&self, unit: UnitId) -> Option<Seq> {
        let agent = self.agent(unit)?;
        match &agent.state {
            _ if agent.cut_by.is_some() => agent.cut_by,
            Activity::Failed(failed) => failed.entry,
            _ => None,
        }
    }

    /// Whether the agent's hook waits to be run again.
    pub(crate) fn has_failed(&self, unit: UnitId) -> bool {
        self.agent(unit)
            .is_some_and(|agent| matches!(agent.state, Activity::Failed(_)))
    }
}
