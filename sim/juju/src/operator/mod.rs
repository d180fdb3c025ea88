//! What an operator does to applications and units with the `juju` command, and what happens to a unit's
//! address, clock and files from outside.

mod address;
pub(crate) mod deploy;
mod spaces;

pub use deploy::ApplicationParts;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agents::Agents;
use crate::topology::reads_topology;
use crate::{Activity, ApplicationId, Hook, Host, UnitId, Value, Workload};
use trustsim_kernel::Seq;

/// What an operator or the cloud does to a deployment.
#[derive(Debug)]
pub struct Operator<'a> {
    agents: &'a mut Agents,
}

reads_topology!(Operator, agents);

impl<'a> Operator<'a> {
    pub(crate) const fn new(agents: &'a mut Agents) -> Self {
        Self { agents }
    }
}

impl Operator<'_> {
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
        let at =
            self.agents.timing().arrival(unit, host.now()) - self.agents.timing().latencies.watch;
        let agent = self.agents.agent_of_mut(unit);
        agent.actions.push_back((hook, cause, host.now()));
        self.agents.schedule_wake(unit, at, host);
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
        let agent = self.agents.agent_of_mut(unit);
        let hook = Hook::PebbleCustomNotice { container };
        agent.actions.push_back((hook, cause, host.now()));
        self.agents.schedule_wake(unit, host.now(), host);
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
        let found = self.agents.application_mut(application);
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
        self.agents.wake_units(application, host);
    }

    /// The options of a charm that an application is refreshed to: what is set stays where the new charm takes it, and
    /// what is not has the new charm's default (juju/juju 3.6 `state/application.go`, `changeCharmOps`: the settings of
    /// the new charm are those of the old one that `FilterSettings` lets through). `takes` says whether it takes an
    /// option that is set. What is set to the old default counts as not set.
    pub fn refresh_config(
        &mut self,
        application: ApplicationId,
        defaults: BTreeMap<String, String>,
        takes: impl Fn(&str) -> bool,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let found = self.agents.application_mut(application);
        let before = Arc::clone(&found.config_defaults);
        let set = found.config.value.iter().filter(|(key, value)| {
            let is_default = before.get(*key) == Some(*value);
            !is_default && takes(key)
        });
        let mut config = defaults.clone();
        config.extend(set.map(|(key, value)| (key.clone(), value.clone())));
        found.config_defaults = Arc::new(defaults);
        if config != *found.config.value {
            found.config.value = Arc::new(config);
            found.config.touch(now, cause);
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
        self.agents.note_process_change(unit, host);
        let found = self.agents.unit_mut(unit);
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
        self.agents.note_process_change(unit, host);
        let found = self.agents.unit_mut(unit);
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

    /// The clock of a unit jumps to be ahead of true time by so many nanoseconds.
    pub fn set_clock_skew(&mut self, unit: UnitId, skew_ns: i64, host: &mut dyn Host) {
        self.agents.schedule_wake(unit, host.now(), host);
        self.agents.unit_mut(unit).skew_ns = skew_ns;
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
