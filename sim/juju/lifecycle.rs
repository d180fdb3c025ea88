//! The agent's loop: it connects, wakes, runs one hook at a time, and rests.

use std::sync::Arc;

use super::agent::{Failed, MACHINE_LOCK_POLL, RETRY_MAX, Running, retry_delay};
use super::resolver::Operation;
use super::{
    About, Activity, Agent, Effects, Event, Happening, Hook, HookError, Host, Juju, Quiet,
    RelationId, Status, Step, UnitId,
};
use crate::kernel::{Seq, Span, Time};

const PURPOSE_RETRY: u64 = 0x7265_7472;
const PURPOSE_POLL: u64 = 0x706f_6c6c;

impl Juju {
    /// The agent process starts, and dials its controller.
    pub(super) fn agent_start(&mut self, unit: UnitId) -> Option<Step> {
        let agent = self.agent_mut(unit)?;
        agent.running = true;
        Some(Step::Connect { unit })
    }

    /// The agent's connection was judged: it works, or is refused with this reason.
    pub fn connected(
        &mut self,
        unit: UnitId,
        judged: Result<(), String>,
        host: &mut dyn Host,
    ) -> Option<Step> {
        let now = host.now();
        if let Err(reason) = judged {
            host.record(
                None,
                About::Unit(unit),
                Happening::Note("agent-not-connected", reason),
            );
            return None;
        }
        let agent = self.agent_mut(unit)?;
        agent.connected = true;
        agent.timer_from = now;
        agent.timer_handled = 0;
        self.claim_leadership(unit, host);
        self.wake(unit, host)
    }

    /// The agent loses its controller: a running hook cannot be committed, and the lease is not
    /// renewed.
    pub fn disconnect(&mut self, unit: UnitId, host: &mut dyn Host) {
        if let Some(agent) = self.agent_mut(unit) {
            agent.connected = false;
            self.lose_leader(unit, host);
        }
    }

    /// Something may have changed.
    pub(super) fn wake(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let agent = self.agent(unit)?;
        if !agent.connected || agent.removed {
            return None;
        }
        match &agent.state {
            Activity::Running(_) => return None,
            Activity::Failed(failed) => {
                if failed.retry_at.is_some_and(|at| at <= now) {
                    return self.retry(unit, host);
                }
            }
            Activity::Idle => {
                if self.elides(unit, now) && agent.installed {
                    self.elide(unit, now);
                    let busy_until = self.agent(unit)?.elided_until;
                    if busy_until > now {
                        host.schedule(busy_until, Event::Wake(unit));
                        return None;
                    }
                }
            }
        }
        self.proceed(unit, host)
    }

    /// Picks and begins the next operation; without one the unit is idle.
    fn proceed(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        loop {
            match self.next_operation(unit, now) {
                Some(Operation::Run(hook, cause)) => return self.begin(unit, hook, cause, 0, host),
                Some(Operation::Create(relation)) => {
                    return self.create_relation(unit, relation, host);
                }
                Some(Operation::AcceptLeadership) => {
                    let agent = self.agent_mut(unit)?;
                    agent.leader = true;
                    agent.queued = Some(Hook::LeaderElected);
                }
                Some(Operation::ResignLeadership) => self.agent_mut(unit)?.leader = false,
                Some(Operation::Terminate) => return None,
                None => break,
            }
        }
        if self.has_failed(unit) {
            return None;
        }
        Some(Step::Idle { unit })
    }

    fn create_relation(
        &mut self,
        unit: UnitId,
        relation: RelationId,
        host: &mut dyn Host,
    ) -> Option<Step> {
        if self.lock_is_taken(unit) {
            return None;
        }
        self.enter_scope(unit, relation, host);
        let cause = self.relation(relation).cause;
        self.agent_mut(unit)?.relations.entry(relation).or_default();
        self.begin(unit, Hook::RelationCreated { relation }, cause, 0, host)
    }

    /// The unit has nothing to do but what time brings; `quiet` is what its charm says of that.
    pub fn rest(&mut self, unit: UnitId, quiet: Quiet, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        self.agent_mut(unit)?.quiet = quiet;
        if self.elides(unit, now) {
            self.elide(unit, now);
            let busy_until = self.agent(unit)?.elided_until;
            if busy_until > now {
                host.schedule(busy_until, Event::Wake(unit));
            }
        } else if let Some(hook) = self.repeat_due(unit, now) {
            return self.begin(unit, hook, None, 0, host);
        }
        if let Some(at) = self.next_repeat(unit, now) {
            host.schedule(at, Event::Wake(unit));
        }
        None
    }

    /// Takes the machine lock and asks for the charm's code to be run.
    fn begin(
        &mut self,
        unit: UnitId,
        hook: Hook,
        cause: Option<Seq>,
        failures: u32,
        host: &mut dyn Host,
    ) -> Option<Step> {
        if self.lock_is_taken(unit) {
            return None;
        }
        let now = host.now();
        if let Some(machine) = self.unit(unit).machine {
            self.machines[machine.index()].lock = Some(unit);
        }
        self.relation_hook_starts(unit, &hook, now);
        self.repeat_starts(unit, &hook, now);
        let config = {
            let application = self.unit(unit).application;
            self.application(application)
                .config
                .version_seen(now, self.latencies.watch)
                .max(1)
        };
        let address = self.unit(unit).address.version;
        let latest = match hook {
            Hook::SecretChanged { secret } => Some((secret, self.secret(secret).latest())),
            _ => None,
        };
        if let Some((secret, told)) = latest {
            self.secrets[secret.index()]
                .consumers
                .entry(unit)
                .or_default()
                .told = told;
        }
        let agent = self.agent_mut(unit)?;
        match &hook {
            Hook::ConfigChanged => {
                agent.config_seen = Some(config);
                agent.address_seen = address;
            }
            Hook::Action { .. } => {
                agent.actions.pop_front();
            }
            _ => {}
        }
        if agent.queued.as_ref() == Some(&hook) {
            agent.queued = None;
        }
        if let Some(history) = &mut agent.history {
            history.push(hook.clone());
        }
        Some(Step::Run {
            unit,
            hook,
            cause,
            failures,
        })
    }

    /// Whether another unit holds the machine lock; if so this one waits for it.
    fn lock_is_taken(&mut self, unit: UnitId) -> bool {
        let Some(machine) = self.unit(unit).machine else {
            return false;
        };
        let machine = &mut self.machines[machine.index()];
        let taken = machine.lock.is_some_and(|holder| holder != unit);
        if taken && !machine.waiting.contains(&unit) {
            machine.waiting.push(unit);
        }
        taken
    }

    /// Frees the machine lock. Whoever waits looks every 250 ms, each at its own beat: there is
    /// no queue.
    fn release_lock(&mut self, unit: UnitId, host: &mut dyn Host) {
        let Some(machine) = self.unit(unit).machine else {
            return;
        };
        let now = host.now();
        let machine = &mut self.machines[machine.index()];
        if machine.lock == Some(unit) {
            machine.lock = None;
        }
        let poll_ns = u64::try_from(MACHINE_LOCK_POLL.as_nanos()).unwrap_or(u64::MAX);
        for waiting in std::mem::take(&mut machine.waiting) {
            let key = u64::from(waiting.0);
            let delay_ns = self
                .streams
                .below(PURPOSE_POLL, key, now.as_nanos(), poll_ns);
            host.schedule(now + Span::from_nanos(delay_ns), Event::Wake(waiting));
        }
    }

    /// The charm's code has run: the hook ends after its duration, and is committed then.
    #[expect(
        clippy::too_many_arguments,
        reason = "what one run of a hook gives back"
    )]
    pub fn hook_ran(
        &mut self,
        unit: UnitId,
        hook: Hook,
        failures: u32,
        entry: Option<Seq>,
        effects: Effects,
        result: Result<(), HookError>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let ends = now + self.hook_duration(unit, now);
        if let Some(status) = effects.status.clone() {
            let found = &mut self.units[unit.index()];
            if found.status != status {
                found.status = status;
                found.status_since = now;
            }
        }
        for (secret, revision) in &effects.tracked {
            let tracking = self.secrets[secret.index()]
                .consumers
                .entry(unit)
                .or_default();
            tracking.revision = *revision;
            tracking.told = tracking.told.max(*revision);
        }
        if let Some(agent) = self.agent_mut(unit) {
            agent.draws.clone_from(&effects.draws);
            let running = Running {
                hook,
                entry,
                effects,
                result,
                failures,
            };
            agent.state = Activity::Running(Box::new(running));
        }
        host.schedule(ends, Event::HookEnd(unit));
    }

    /// The running hook ends: what it did is committed, or it failed.
    pub(super) fn hook_end(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let agent = self.agent_mut(unit)?;
        let Activity::Running(running) = std::mem::replace(&mut agent.state, Activity::Idle) else {
            return None;
        };
        self.release_lock(unit, host);
        let Running {
            hook,
            entry,
            effects,
            result,
            failures,
        } = *running;
        let name = self.hook_name(unit, &hook);
        let committed = self.commit(unit, effects, result, entry, host);
        match committed {
            Ok(()) => {
                if entry.is_some() {
                    host.record(entry, About::Unit(unit), Happening::HookCommitted(name));
                }
                self.hook_done(unit, &hook, host);
                self.proceed(unit, host)
            }
            Err(error) => {
                self.hook_failed(unit, hook, failures + 1, entry, &error.to_string(), host);
                None
            }
        }
    }

    /// What a committed hook changes in the agent's own record.
    fn hook_done(&mut self, unit: UnitId, hook: &Hook, host: &mut dyn Host) {
        self.relation_hook_done(unit, hook, host);
        let Some(agent) = self.agent_mut(unit) else {
            return;
        };
        match hook {
            Hook::Install => agent.installed = true,
            Hook::ConfigChanged if !agent.started => agent.queued = Some(Hook::Start),
            Hook::Start => agent.started = true,
            Hook::PebbleReady { .. } => agent.containers_ready += 1,
            Hook::Stop => agent.stopped = true,
            Hook::Remove => {
                agent.removed = true;
                self.revoke_leadership(unit, host);
            }
            _ => {}
        }
    }

    fn hook_failed(
        &mut self,
        unit: UnitId,
        hook: Hook,
        failures: u32,
        entry: Option<Seq>,
        reason: &str,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let name = self.hook_name(unit, &hook);
        let happening = Happening::HookFailed(name, reason.to_owned());
        let entry = host.record(entry, About::Unit(unit), happening).or(entry);
        if matches!(hook, Hook::Action { .. }) {
            host.schedule(now, Event::Wake(unit));
            return;
        }
        let application = self.unit(unit).application;
        let retries = self
            .model(self.application(application).model)
            .retries_hooks;
        let jitter = self
            .streams
            .below(PURPOSE_RETRY, u64::from(unit.0), now.as_nanos(), 61);
        let delay = retry_delay(failures, jitter).min(RETRY_MAX);
        let retry_at = retries.then_some(now + delay);
        if let Some(agent) = self.agent_mut(unit) {
            let reason = Arc::from(reason);
            let failed = Failed {
                hook,
                entry,
                reason,
                failures,
                retry_at,
            };
            agent.state = Activity::Failed(Box::new(failed));
        }
        if let Some(at) = retry_at {
            host.schedule(at, Event::Wake(unit));
        }
    }

    fn retry(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        if self.lock_is_taken(unit) {
            return None;
        }
        let agent = self.agent_mut(unit)?;
        let Activity::Failed(failed) = std::mem::replace(&mut agent.state, Activity::Idle) else {
            return None;
        };
        self.begin(unit, failed.hook, failed.entry, failed.failures, host)
    }

    /// `juju run UNIT ACTION`.
    pub fn run_action(
        &mut self,
        unit: UnitId,
        name: &str,
        parameters: std::collections::BTreeMap<String, String>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let hook = Hook::Action {
            name: name.into(),
            parameters: Arc::new(parameters),
        };
        if let Some(agent) = self.agent_mut(unit) {
            agent.actions.push_back((hook, cause));
            host.schedule(host.now(), Event::Wake(unit));
        }
    }

    /// `juju config APP`: sets options, or resets them with `None`.
    pub fn set_config(
        &mut self,
        application: super::ApplicationId,
        options: &std::collections::BTreeMap<String, Option<String>>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let found = &mut self.applications[application.index()];
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
        for unit in found.units.clone() {
            self.schedule_wake(unit, now + self.latencies.watch, host);
        }
    }

    /// `juju remove-unit`: others are told at once that it departs; the unit runs its last hooks.
    pub fn remove_unit(&mut self, unit: UnitId, cause: Option<Seq>, host: &mut dyn Host) {
        let application = self.unit(unit).application;
        let Some(agent) = self.agent_mut(unit) else {
            return;
        };
        if std::mem::replace(&mut agent.dying, true) {
            return;
        }
        let relations = self.application(application).relations.clone();
        for relation in relations {
            if let Some(end) = self.relation(relation).end_of(application) {
                if let Some(member) = self.relations[relation.index()].ends[end]
                    .units
                    .get_mut(&unit)
                {
                    member.in_scope = false;
                    member.moved_at = host.now();
                    member.cause = cause;
                }
                self.end_changed(relation, end, host);
            }
        }
        host.schedule(host.now() + self.latencies.watch, Event::Wake(unit));
    }

    /// `certificates-relation-changed`, `web-pebble-ready`, `config-changed`.
    pub fn hook_name(&self, unit: UnitId, hook: &Hook) -> Arc<str> {
        match hook {
            Hook::PebbleReady { container } => format!("{container}-pebble-ready").into(),
            Hook::Action { name, .. } => format!("action {name}").into(),
            hook => match hook.relation() {
                Some(relation) => {
                    let application = self.unit(unit).application;
                    let found = self.relation(relation);
                    let end = found.end_of(application).unwrap_or(0);
                    format!("{}-{}", found.ends[end].endpoint, hook.kind()).into()
                }
                None => hook.kind().into(),
            },
        }
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

    /// Whether no agent runs a hook, waits to run one, or has one due: what only time brings
    /// does not count.
    pub fn is_settled(&self, now: Time) -> bool {
        self.units().all(|(id, unit)| match &unit.agent {
            None => true,
            Some(agent) => self.is_unit_settled(id, agent, now),
        })
    }

    fn is_unit_settled(&self, id: UnitId, agent: &Agent, now: Time) -> bool {
        let at_rest = match &agent.state {
            Activity::Idle => agent.installed && agent.started,
            Activity::Running(running) => matches!(running.hook, Hook::UpdateStatus),
            Activity::Failed(_) => false,
        };
        // Whatever is under way to the agent has arrived one latency from now.
        let later = now + self.latencies.watch;
        at_rest && agent.queued.is_none() && self.next_operation(id, later).is_none()
    }

    /// Sets the workload status of a unit that was told nothing yet.
    pub fn set_status(&mut self, unit: UnitId, status: Status, message: &str, now: Time) {
        let found = &mut self.units[unit.index()];
        found.status = (status, message.into());
        found.status_since = now;
    }
}
