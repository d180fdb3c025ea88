//! One hook of one unit: it begins, its code runs, it is committed or fails, it is run again
//! (juju/juju 3.6 `internal/worker/uniter/operation/runhook.go`).

use std::sync::Arc;

use crate::agents::{Failed, PEBBLE_POLL, PURPOSE_RETRY, Pace, Running, Snapshot, retry_delay};
use crate::{
    About, Activity, Effects, Event, Happening, Hook, HookError, Host, Step, UnitId, Uniter,
};
use trustsim_kernel::{Seq, Time};

impl Uniter<'_> {
    /// Takes the machine lock and asks for the charm's code to be run.
    pub(crate) fn begin(
        &mut self,
        unit: UnitId,
        hook: Hook,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Option<Step> {
        if self.agents.lock_is_taken(unit) {
            return None;
        }
        let snapshot = self.resolver().snapshot(unit, &hook, None, host.now());
        let agent = self.agents.agent_of_mut(unit);
        if hook.is_asked_for() {
            let asked_for = agent.actions.pop_front().map(|(hook, ..)| hook);
            assert_eq!(
                asked_for.as_ref(),
                Some(&hook),
                "what is asked for first is run first"
            );
            if let Activity::Failed(failed) = std::mem::replace(&mut agent.state, Activity::Idle) {
                agent.set_aside = Some(failed);
            }
        }
        agent.queued.take_if(|queued| *queued == hook);
        if hook == Hook::Start {
            agent.rebooted = false;
        }
        self.start_hook(unit, hook, cause, 0, snapshot)
    }

    fn start_hook(
        &mut self,
        unit: UnitId,
        hook: Hook,
        cause: Option<Seq>,
        failures: u32,
        snapshot: Snapshot,
    ) -> Option<Step> {
        self.agents.take_lock(unit);
        let agent = self.agents.agent_of_mut(unit);
        assert!(
            // `stop` in a pod that is told to end is run again without waiting.
            !matches!(agent.state, Activity::Running(_))
                && agent.connected
                && agent.elided_from.is_none(),
            "{unit:?} begins {hook:?} in {:?}",
            agent.state
        );
        agent.quiet_until = Time::EPOCH;
        agent.beginning = snapshot;
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
        self.agents.assert_lock_held(unit);
        let agent = self.agent_of(unit);
        assert!(
            !matches!(agent.state, Activity::Running(_)),
            "an agent runs one hook at a time"
        );
        let now = host.now();
        let base = self.agents.timing().hook_duration(unit, now) + effects.spent;
        let calls = self.agents.timing().count_hook_calls(unit) + effects.calls;
        let ends = now + base + self.agents.timing().duration_of_calls(unit, now, calls);
        for (key, value) in &effects.outside {
            self.outside.set(key, value.clone());
        }
        if let Some(status) = effects.status.clone() {
            let found = self.agents.unit_mut(unit);
            if found.status != status {
                let happening = Happening::StatusChanged(status.0, Arc::clone(&status.1));
                found.status = status;
                found.status_since = now;
                host.record(entry, About::Unit(unit), happening);
            }
        }
        self.secrets().track_secrets(unit, &effects.tracked, host);
        let agent = self.agents.agent_of_mut(unit);
        agent.draws.clone_from(&effects.draws);
        let snapshot = agent.beginning;
        let running = Running {
            hook,
            entry,
            effects,
            result,
            failures,
            ends,
            snapshot,
            pace: Pace {
                since: now,
                base,
                calls,
            },
        };
        agent.state = Activity::Running(Box::new(running));
        host.schedule(ends, Event::HookEnd(unit));
    }

    /// The running hook ends: what it did is committed, or it failed.
    pub(crate) fn end_hook(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let held = self.agents.timing().is_agent_stalled(unit);
        let agent = self.agents.agent_of_mut(unit);
        if !matches!(&agent.state, Activity::Running(running) if running.ends == now) {
            return None; // It was killed before.
        }
        if held && agent.connected {
            return None; // Its call hangs.
        }
        let Activity::Running(running) = std::mem::replace(&mut agent.state, Activity::Idle) else {
            unreachable!("a running hook was matched above");
        };
        self.agents.assert_lock_held(unit);
        self.agents.release_lock(unit, host);
        let Running {
            hook,
            entry,
            effects,
            result,
            failures,
            snapshot,
            ..
        } = *running;
        match self.commit(unit, &hook, effects, result, entry, host) {
            Ok(()) => {
                if entry.is_some() {
                    let happening = Happening::HookCommitted(self.hook_name(unit, &hook));
                    host.record(entry, About::Unit(unit), happening);
                }
                self.record_hook(unit, &hook, snapshot, host);
            }
            Err(error) => {
                let failed = Failed::new(hook, entry, error, failures + 1, snapshot);
                self.fail_hook(unit, failed, host);
            }
        }
        if !self.agent_of(unit).connected {
            return None;
        }
        self.look(unit, true, host)
    }

    /// What a committed hook changes in the agent's own record.
    pub(crate) fn record_hook(
        &mut self,
        unit: UnitId,
        hook: &Hook,
        snapshot: Snapshot,
        host: &mut dyn Host,
    ) {
        self.agents
            .relations_mut()
            .committed_relation_hook(unit, hook, snapshot.version, host);
        let now = host.now();
        self.secrets().record_secret_hook(unit, hook, snapshot, now);
        let agent = self.agents.agent_of_mut(unit);
        if hook.is_asked_for() {
            if let Some(failed) = agent.set_aside.take() {
                agent.state = Activity::Failed(failed);
            }
            return;
        }
        agent.in_a_row = None;
        agent.timer_handled = agent.timer_handled.max(snapshot.timer);
        match hook {
            Hook::Install => {
                agent.installed = true;
                agent.charm_seen = snapshot.charm;
            }
            Hook::ConfigChanged => {
                agent.config_seen = Some(snapshot.config);
                agent.address_seen = snapshot.address;
                if !agent.started {
                    agent.queued = Some(Hook::Start);
                }
            }
            Hook::Start => {
                agent.started = true;
                agent.stopped = false;
            }
            Hook::UpgradeCharm => {
                agent.charm_seen = snapshot.charm;
                agent.queued = Some(Hook::ConfigChanged);
            }
            Hook::PebbleReady { .. } => agent.containers_ready += 1,
            Hook::Stop => agent.stopped = true,
            Hook::Remove => {
                agent.removed = true;
                self.remove_dead_unit(unit, host);
            }
            _ => {}
        }
    }

    fn fail_hook(&mut self, unit: UnitId, mut failed: Failed, host: &mut dyn Host) {
        let now = host.now();
        let name = self.hook_name(unit, &failed.hook);
        let happening = Happening::HookFailed(name, failed.error.clone());
        // What parted the agent from its controller is why it failed.
        let cut_by = self.agent_of(unit).cut_by;
        let cause = cut_by.or(failed.entry);
        let entry = host.record(cause, About::Unit(unit), happening);
        failed.entry = entry.or(failed.entry);
        match &failed.hook {
            hook if hook.is_asked_for() => self.record_hook(unit, hook, failed.snapshot, host),
            // It is skipped, and the container is asked again at the next poll
            // (juju/juju 3.6 `uniter/container/workload.go`).
            Hook::PebbleReady { .. } => {
                let agent = self.agents.agent_of_mut(unit);
                agent.pebble_from = now + PEBBLE_POLL;
                host.schedule(now + PEBBLE_POLL, Event::Wake(unit));
            }
            _ => self.await_retry(unit, failed, host),
        }
    }

    /// Puts a failed hook down, to be run again after its delay or by `juju resolved`.
    fn await_retry(&mut self, unit: UnitId, mut failed: Failed, host: &mut dyn Host) {
        let now = host.now();
        let application = self.application(self.unit(unit).application);
        let retries = self.model(application.model).retries_hooks;
        let key = u64::from(unit.0);
        let jitter = self
            .agents
            .timing()
            .streams
            .below(PURPOSE_RETRY, key, now.as_nanos(), 61);
        let agent = self.agents.agent_of_mut(unit);
        // An agent that restarted began to count anew.
        failed.in_a_row = agent
            .in_a_row
            .take()
            .map_or(failed.failures, |before| before + 1);
        failed.retry_at = retries.then(|| now + retry_delay(failed.in_a_row, jitter));
        failed.retry_event = failed
            .retry_at
            .map(|at| host.schedule(at, Event::Wake(unit)));
        agent.state = Activity::Failed(Box::new(failed));
    }

    /// Runs the failed hook again.
    pub(crate) fn retry(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let Activity::Failed(failed) = &self.agent_of(unit).state else {
            return None;
        };
        let (hook, snapshot, skips) = (failed.hook.clone(), failed.snapshot, failed.skips);
        if skips || self.resolver().is_skipped(unit, &hook) {
            return self.resolve_without_running(unit, host);
        }
        if self.agents.lock_is_taken(unit) {
            return None;
        }
        let snapshot = self.resolver().snapshot(unit, &hook, Some(snapshot), now);
        let agent = self.agents.agent_of_mut(unit);
        let Activity::Failed(failed) = std::mem::replace(&mut agent.state, Activity::Idle) else {
            return None;
        };
        agent.in_a_row = Some(failed.in_a_row);
        self.start_hook(unit, hook, failed.entry, failed.failures, snapshot)
    }

    /// Notes the failed hook as done, though it was not.
    fn resolve_without_running(&mut self, unit: UnitId, host: &mut dyn Host) -> Option<Step> {
        let now = host.now();
        let agent = self.agents.agent_of_mut(unit);
        let Activity::Failed(failed) = std::mem::replace(&mut agent.state, Activity::Idle) else {
            return None;
        };
        let snapshot = self
            .resolver()
            .snapshot(unit, &failed.hook, Some(failed.snapshot), now);
        self.record_hook(unit, &failed.hook, snapshot, host);
        self.proceed(unit, false, host)
    }

    /// `juju resolved UNIT`, with `no_retry` for `--no-retry`: the failed hook counts as done
    /// without having been run or committed.
    pub fn resolved(&mut self, unit: UnitId, no_retry: bool, host: &mut dyn Host) {
        self.agents.end_failing_rest(unit, host);
        let agent = self.agents.agent_of_mut(unit);
        if let Activity::Failed(failed) = &mut agent.state {
            failed.retry_at = Some(host.now());
            failed.in_a_row = 0;
            failed.skips = no_retry;
            host.schedule(host.now(), Event::Wake(unit));
        }
    }

    /// The agent process is killed in the middle of whatever it does: a running hook is recorded
    /// as begun, so it fails when the agent is back with [`Event::AgentStart`].
    pub fn kill_agent(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.agents.disconnect(unit, host);
        self.agents.release_lock(unit, host);
        let agent = self.agents.agent_of_mut(unit);
        agent.running = false;
        if !matches!(agent.state, Activity::Running(_)) {
            return;
        }
        if let Activity::Running(running) = std::mem::replace(&mut agent.state, Activity::Idle) {
            let Running {
                hook,
                entry,
                failures,
                snapshot,
                ..
            } = *running;
            let failed = Failed::new(hook, entry, HookError::AgentKilled, failures + 1, snapshot);
            self.fail_hook(unit, failed, host);
        }
    }
}
