//! What an operator or the cloud does to applications and units.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::agent::PEBBLE_POLL;
use super::{
    Activity, Agent, ApplicationId, Hook, Host, Juju, SecretOwner, Status, UnitId, Value, Workload,
};
use trustsim_kernel::{Seq, Span, Time};

/// Whatever is under way with delay or loss has arrived by then, or the connection is given up.
const LONG_AFTER: Span = Span::from_secs(3_600);

impl Juju {
    /// `juju run UNIT ACTION`.
    pub fn run_action(
        &mut self,
        unit: UnitId,
        name: &str,
        parameters: BTreeMap<String, String>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let hook = Hook::Action {
            name: name.into(),
            parameters: Arc::new(parameters),
        };
        // On a healthy connection it is there at once.
        let at = self.arrival(unit, host.now()) - self.latencies.watch;
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.actions.push_back((hook, cause, host.now()));
            self.schedule_wake(unit, at, host);
        }
    }

    /// A workload tells its charm something (`pebble notify`).
    pub fn notify(
        &mut self,
        unit: UnitId,
        container: &str,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let container = container.into();
        if let Some(agent) = self.topology.agent_mut(unit) {
            let hook = Hook::PebbleCustomNotice { container };
            agent.actions.push_back((hook, cause, host.now()));
            self.schedule_wake(unit, host.now(), host);
        }
    }

    /// `juju config APP`: sets options, or resets them with `None`.
    pub fn set_config(
        &mut self,
        application: ApplicationId,
        options: &BTreeMap<String, Option<String>>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let found = self.topology.application_mut(application);
        let defaults = Arc::clone(&found.config_defaults);
        let config = Arc::make_mut(&mut found.config.value);
        let before = config.clone();
        for (key, value) in options {
            match value.as_ref().or_else(|| defaults.get(key)) {
                Some(value) => config.insert(key.clone(), value.clone()),
                None => config.remove(key),
            };
        }
        if *config == before {
            return;
        }
        found.config.touch(now, cause);
        self.wake_units(application, host);
    }

    pub(super) fn wake_units(&mut self, application: ApplicationId, host: &mut dyn Host) {
        for unit in self.application(application).units.clone() {
            self.schedule_wake(unit, self.arrival(unit, host.now()), host);
        }
    }

    /// The address of a unit changes; its next `config-changed` brings its databags up to date.
    pub fn set_address(
        &mut self,
        unit: UnitId,
        address: &str,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let found = self.topology.unit_mut(unit);
        if &*found.address.value != address {
            found.address.value = address.into();
            found.address.touch(now, cause);
            self.schedule_wake(unit, self.arrival(unit, now), host);
        }
    }

    /// An operator changes files of a unit's workload, which its process has at once: what it knows,
    /// rather than what it would read. A hook that runs meanwhile does not undo it. The processes
    /// of the application's units notice.
    pub fn change_files(
        &mut self,
        unit: UnitId,
        files: &BTreeMap<Arc<str>, Option<Value>>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        self.processes_changed(unit, host);
        let found = self.topology.unit_mut(unit);
        let before = found.workload.loaded.clone();
        change(&mut found.workload, files);
        if found.workload.loaded != before {
            found.workload.generation += 1;
            found.workload.cause = cause;
        }
        if let Some(agent) = found.agent.as_deref_mut()
            && let Activity::Running(running) = &mut agent.state
        {
            change(&mut running.effects.workload, files);
        }
    }

    /// A unit's process starts again and reads its files, whatever hook runs meanwhile.
    pub fn restart_process(&mut self, unit: UnitId, cause: Option<Seq>, host: &mut dyn Host) {
        self.processes_changed(unit, host);
        let found = self.topology.unit_mut(unit);
        found.workload.restart();
        found.workload.generation += 1;
        found.workload.cause = cause;
        found.workload.answers_from = host.now();
        if let Some(agent) = found.agent.as_deref_mut()
            && let Activity::Running(running) = &mut agent.state
        {
            running.effects.workload.restart();
        }
    }

    /// A unit's process is not what it was: what it and its fellows would do may have changed.
    pub(super) fn processes_changed(&mut self, unit: UnitId, host: &mut dyn Host) {
        for fellow in self.application(self.unit(unit).application).units.clone() {
            self.schedule_wake(fellow, host.now(), host);
            if let Some(agent) = self.topology.agent_mut(fellow) {
                // Until it has looked again, time may bring it something.
                agent.awaits_time = true;
            }
        }
    }

    /// The clock of a unit jumps to be ahead of true time by so many nanoseconds.
    pub fn set_clock_skew(&mut self, unit: UnitId, skew_ns: i64, host: &mut dyn Host) {
        self.schedule_wake(unit, host.now(), host);
        self.topology.unit_mut(unit).skew_ns = skew_ns;
    }

    /// `juju remove-unit`: others are told at once that it departs; the unit runs its last hooks.
    pub fn remove_unit(&mut self, unit: UnitId, cause: Option<Seq>, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let relations = self.application(application).relations.clone();
        let Some(agent) = self.topology.agent_mut(unit) else {
            return;
        };
        if std::mem::replace(&mut agent.dying, true) {
            return;
        }
        agent.shutting_down = false;
        self.pod_is_back(unit, host);
        let Some(agent) = self.topology.agent_mut(unit) else {
            return;
        };
        agent.dirty.extend(agent.relations.keys());
        for relation in relations {
            if let Some(end) = self.relation(relation).end_of(application) {
                self.mark_left(unit, relation, end, cause, host);
                self.remove_if_left(relation);
            }
        }
        self.schedule_wake(unit, self.arrival(unit, host.now()), host);
        for subordinate in self.subordinates(unit) {
            self.remove_unit(subordinate, cause, host);
        }
    }

    /// A unit is dead: it leaves its application, its machine and its secrets.
    pub(super) fn unit_is_dead(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        self.release_lock(unit, host);
        self.set_status(unit, Status::Terminated, "", now);
        self.revoke_leadership(unit, host);
        let application = self.unit(unit).application;
        self.topology
            .application_mut(application)
            .units
            .retain(|other| *other != unit);
        if let Some(machine) = self.unit(unit).machine {
            self.topology
                .machine_mut(machine)
                .units
                .retain(|other| *other != unit);
        }
        for relation in self.application(application).relations.clone() {
            self.leave_scope(unit, relation, host);
        }
        let owner = SecretOwner::Application(application);
        for secret in self.secrets_of(owner).collect::<Vec<_>>() {
            let consumers = &mut self.secrets.get_mut(secret).consumers;
            if consumers.remove(&unit).is_some() {
                self.tell_obsolete(secret, host);
            }
        }
        self.release_principal(unit, host);
    }

    /// Sets the workload status of a unit that was told nothing yet.
    pub fn set_status(&mut self, unit: UnitId, status: Status, message: &str, now: Time) {
        let found = self.topology.unit_mut(unit);
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

    /// Whether nothing is due that anything but time has caused: no agent runs a hook, waits to run
    /// one, has one due or is away, and nothing is under way between models or waits for a link.
    /// What only time brings does not count, as long as the charms say that it would do nothing.
    pub fn is_settled(&self, now: Time) -> bool {
        self.links()
            .all(|(id, _)| self.has_delivered_everything(id, now))
            && self.units().all(|(id, unit)| match &unit.agent {
                None => true,
                Some(agent) => self.is_unit_settled(id, agent, now),
            })
    }

    /// Whether a unit has started and has nothing to do.
    pub fn is_unit_at_rest(&self, unit: UnitId, now: Time) -> bool {
        self.agent(unit)
            .is_some_and(|agent| self.is_unit_settled(unit, agent, now))
    }

    /// What a unit would do may have changed: it looks again.
    pub fn look_again(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.schedule_wake(unit, host.now(), host);
        if let Some(agent) = self.topology.agent_mut(unit) {
            agent.awaits_time = true;
        }
    }

    fn is_unit_settled(&self, id: UnitId, agent: &Agent, now: Time) -> bool {
        if agent.removed {
            return true;
        }
        let at_rest = match &agent.state {
            Activity::Idle => agent.installed && agent.started,
            // Elided, it would not be seen to run: only what it leaves counts.
            Activity::Running(running) => {
                let changes = running.effects.changes_anything() || running.result.is_err();
                agent.is_repeat(&running.hook) && !changes
            }
            Activity::Failed(_) => false,
        };
        // Whatever is under way to the agent has arrived one latency from now, and containers
        // have been asked.
        let later = match self.impairment(id) {
            None => now + self.latencies.watch.max(PEBBLE_POLL),
            Some(_) => now + LONG_AFTER,
        };
        at_rest
            && agent.connected
            && !agent.awaits_time
            && agent.queued.is_none()
            && self.operation_not_of_time(id, later).is_none()
    }
}

fn change(workload: &mut Workload, files: &BTreeMap<Arc<str>, Option<Value>>) {
    for (path, content) in files {
        for kept in [&mut workload.files, &mut workload.loaded] {
            match content {
                Some(content) => kept.insert(Arc::clone(path), content.clone()),
                None => kept.remove(path),
            };
        }
    }
}
