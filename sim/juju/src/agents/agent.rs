//! The unit agent's local state: what it has done, and what it does now.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::agents::failing::FailingRest;
use crate::agents::members::DueMembers;
use crate::context::Effects;
use crate::convert::narrow_nanos;
use crate::{Hook, HookError, RelationId, SecretId, UnitId};
use trustsim_kernel::{EventId, Seq, Span, Time};

/// First delay before a failed hook is run again (juju/juju 3.6
/// `apiserver/facades/agent/retrystrategy`).
pub(crate) const RETRY_MIN: Span = Span::from_secs(5);
/// Longest delay before a failed hook is run again.
pub(crate) const RETRY_MAX: Span = Span::from_secs(300);
/// Period of a repeated `secret-expired` (juju/juju 3.6 `domain/secret`, `ExpireRetryDelay`).
pub(crate) const SECRET_EXPIRE_RETRY: Span = Span::from_secs(300);
/// How often a unit that waits for the machine lock looks again (juju/juju `core/machinelock`).
pub(crate) const MACHINE_LOCK_POLL: Span = Span::from_millis(250);
/// How often a container's pebble is asked whether it started (juju/juju 3.6
/// `internal/worker/uniter/pebblepoller.go`, `pebblePollInterval`).
pub(crate) const PEBBLE_POLL: Span = Span::from_secs(5);
/// First delay before an agent that could not connect dials again, multiplied by 1.2 each time
/// (juju/juju 3.6 `cmd/jujud/agent/engine`).
pub(crate) const DIAL_MIN: Span = Span::from_secs(3);
/// Longest delay before it dials again.
pub(crate) const DIAL_MAX: Span = Span::from_secs(120);

/// Local state of one unit agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Whether the process runs.
    pub running: bool,
    /// Whether it has its API connection.
    pub connected: bool,
    /// The unit is being removed.
    pub dying: bool,
    /// The entry of what removed the unit, where one did: it led to the unit's last hooks.
    pub removed_by: Option<Seq>,
    /// `install` was committed.
    pub installed: bool,
    /// `start` was committed.
    pub started: bool,
    /// `stop` was committed.
    pub stopped: bool,
    /// `remove` was committed: the unit is dead.
    pub removed: bool,
    /// It has accepted leadership.
    pub leader: bool,
    /// The pod was told to end: `stop`, then the process exits.
    pub(crate) shutting_down: bool,
    /// The process started on a machine or pod that is new since `start` last ran.
    pub(crate) rebooted: bool,
    /// Config version of the last `config-changed`; `None` before the first.
    pub(crate) config_seen: Option<u64>,
    /// Address version of the last `config-changed`.
    pub(crate) address_seen: u64,
    /// Charm version that is unpacked.
    pub(crate) charm_seen: u64,
    /// How many containers have had their `pebble-ready`.
    pub(crate) containers_ready: usize,
    /// When the containers are asked next.
    pub(crate) pebble_from: Time,
    /// The hook that an earlier one queued.
    pub(crate) queued: Option<Hook>,
    /// What it does now.
    pub state: Activity,
    /// The failed hook, while an action runs.
    pub(crate) set_aside: Option<Box<Failed>>,
    /// What the hook that begins now will have been told once it is committed.
    pub(crate) beginning: Snapshot,
    /// Relations it takes part in.
    pub relations: BTreeMap<RelationId, RelationLocal>,
    /// Relations in which something may be due.
    pub(crate) dirty: BTreeSet<RelationId>,
    /// A relation in which a hook was due when it last found the machine lock taken.
    pub(crate) waits_in: Option<RelationId>,
    /// Secret revisions that expired while it managed them.
    pub(crate) expiries: BTreeMap<(SecretId, u32), Expiry>,
    /// Obsolete revisions it is yet to be told of, and from when it sees them.
    pub(crate) obsolete: BTreeMap<(SecretId, u32), Time>,
    /// Obsolete revisions it was told of.
    pub(crate) obsolete_notified: BTreeSet<(SecretId, u32)>,
    /// Actions and notices of the workload waiting to run, and when they were asked for.
    pub(crate) actions: VecDeque<(Hook, Option<Seq>, Time)>,
    /// First instant of its update-status timer.
    pub(crate) timer_from: Time,
    /// Firings of the update-status timer handled so far, elided ones included.
    pub(crate) timer_handled: u64,
    /// Repeats that start before this instant do nothing, as its charm said when it last rested.
    pub(crate) quiet_until: Time,
    /// Since when its repeats are elided.
    pub(crate) elided_from: Option<Time>,
    /// What is elided does something, the same each time ([`crate::Quiet::Repeats`]).
    pub(crate) skips_repeats: bool,
    /// How many update-status hooks were elided that would have done something.
    pub(crate) skipped_repeats: u64,
    /// How much longer each of what is elided takes than a hook that calls no service.
    pub(crate) repeats_spend: Span,
    /// How often a failed hook was not run again that would have failed the same ([`super::failing`]).
    pub(crate) skipped_failures: u64,
    /// What its charm said of the next repeated hook.
    pub(crate) awaits: Awaits,
    /// The instant its own timer wakes it at.
    pub(crate) alarm: Time,
    /// The event with which that timer was set last; it may have come.
    pub(crate) alarm_event: Option<EventId>,
    /// The instant a change last scheduled wakes it at.
    pub(crate) woken_at: Time,
    /// Failures in a row of the hook that is being run again.
    pub(crate) in_a_row: Option<u32>,
    /// How often it could not connect since it last could.
    pub(crate) dials_failed: u32,
    /// Its process cannot start before this instant.
    pub(crate) away_until: Time,
    /// What parted it from its controller, while it is parted.
    pub(crate) cut_by: Option<Seq>,
    /// When the dial ends that is under way with delay or loss.
    pub(crate) dials_until: Time,
    /// When the next health ping is looked at, and whether it is known to be missed.
    pub(crate) ping_at: Time,
    pub(crate) ping_missed: bool,
    /// Since when it has dialled a controller that it cannot reach.
    pub(crate) parted_at: Option<Time>,
    /// Why its pod is being replaced.
    pub(crate) pod_cause: Option<Seq>,
    /// When that pod is killed at the latest.
    pub(crate) grace_ends: Time,
    /// Draws made so far, by purpose.
    pub(crate) draws: BTreeMap<&'static str, u32>,
    /// Hooks that ran, in order; kept only where a test asks for it.
    pub history: Option<Vec<Hook>>,
}

/// An expired revision: the agent's expiry worker fires, then every 300 s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    /// First firing.
    pub(crate) from: Time,
    /// Firings handled.
    pub(crate) handled: u64,
}

/// What an agent notes once a hook is committed: the versions of the snapshot the hook came from
/// (juju/juju 3.6 `uniter/resolver/opfactory.go`, `wrapHookOp`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Snapshot {
    /// Version of the databag or revision of the secret; a hook that is run again keeps it.
    pub(crate) version: u64,
    /// Firings of the expiry; none for a hook that is run again.
    pub(crate) firings: u64,
    /// Config version.
    pub(crate) config: u64,
    /// Address version.
    pub(crate) address: u64,
    /// Charm version.
    pub(crate) charm: u64,
    /// Firings of the update-status timer: any hook takes them along.
    pub(crate) timer: u64,
}

/// What an agent does now.
#[derive(Clone, Debug)]
pub enum Activity {
    /// Nothing.
    Idle,
    /// A hook is running; its effects are committed at the end.
    Running(Box<Running>),
    /// A hook failed and waits to be run again.
    Failed(Box<Failed>),
}

/// A running hook.
#[derive(Clone, Debug)]
pub struct Running {
    /// The hook.
    pub hook: Hook,
    /// Journal entry of its start.
    pub entry: Option<Seq>,
    /// What it leaves behind.
    pub effects: Effects,
    /// How it ends.
    pub result: Result<(), HookError>,
    /// How often it failed before.
    pub failures: u32,
    /// When it ends.
    pub ends: Time,
    pub(crate) snapshot: Snapshot,
    pub(crate) pace: Pace,
}

/// What is left of a running hook, as of an instant: work, and calls of the controller's API
/// spread evenly over it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// As of when.
    pub(crate) since: Time,
    /// How long it takes apart from what delay and loss make of the calls.
    pub(crate) base: Span,
    /// Calls.
    pub(crate) calls: u32,
}

/// A failed hook.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The hook.
    pub hook: Hook,
    /// Journal entry of its failure.
    pub entry: Option<Seq>,
    /// Why it failed.
    pub error: HookError,
    /// How often it failed so far.
    pub failures: u32,
    /// When it is run again; `None` waits for `juju resolved`.
    pub retry_at: Option<Time>,
    pub(crate) snapshot: Snapshot,
    /// Failures since the back-off was last reset.
    pub(crate) in_a_row: u32,
    /// It counts as done instead of being run again.
    pub(crate) skips: bool,
    /// The wake-up for that.
    pub(crate) retry_event: Option<EventId>,
    /// Its retries are not played until `retry_at`.
    pub(crate) rest: Option<FailingRest>,
}

impl Failed {
    /// A hook that failed just now; when it is run again is not decided yet.
    pub(crate) const fn new(
        hook: Hook,
        entry: Option<Seq>,
        error: HookError,
        failures: u32,
        snapshot: Snapshot,
    ) -> Self {
        Self {
            hook,
            entry,
            error,
            failures,
            retry_at: None,
            snapshot,
            in_a_row: 0,
            skips: false,
            retry_event: None,
            rest: None,
        }
    }
}

/// What an agent knows of a relation.
#[derive(Clone, Debug, Default)]
pub struct RelationLocal {
    /// Remote units joined, with the version of each one's bag this unit was last told of.
    pub members: BTreeMap<UnitId, u64>,
    /// The remote units of which something is due.
    pub(crate) due: DueMembers,
    /// Version of the remote application bag it was last told of.
    pub application_seen: u64,
    /// A joined unit whose `relation-changed` is due.
    pub changed_pending: Option<UnitId>,
    /// `relation-created` was committed.
    pub created: bool,
    /// `relation-broken` was committed.
    pub broken: bool,
}

/// What a unit's repeated hooks may do before anything else happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Awaits {
    /// Nothing.
    Nothing,
    /// They try again what did not succeed, and will not.
    Vainly,
    /// Something, by the time that has passed.
    Time,
}

impl Agent {
    pub(crate) fn new() -> Self {
        Self {
            running: false,
            connected: false,
            dying: false,
            removed_by: None,
            installed: false,
            started: false,
            stopped: false,
            removed: false,
            leader: false,
            shutting_down: false,
            rebooted: false,
            config_seen: None,
            address_seen: 0,
            charm_seen: 0,
            containers_ready: 0,
            pebble_from: Time::MAX,
            queued: None,
            state: Activity::Idle,
            set_aside: None,
            beginning: Snapshot::default(),
            relations: BTreeMap::new(),
            dirty: BTreeSet::new(),
            waits_in: None,
            expiries: BTreeMap::new(),
            obsolete: BTreeMap::new(),
            obsolete_notified: BTreeSet::new(),
            actions: VecDeque::new(),
            timer_from: Time::EPOCH,
            timer_handled: 0,
            quiet_until: Time::EPOCH,
            elided_from: None,
            skips_repeats: false,
            skipped_repeats: 0,
            repeats_spend: Span::ZERO,
            skipped_failures: 0,
            awaits: Awaits::Nothing,
            alarm: Time::EPOCH,
            alarm_event: None,
            woken_at: Time::EPOCH,
            in_a_row: None,
            dials_failed: 0,
            away_until: Time::EPOCH,
            cut_by: None,
            dials_until: Time::EPOCH,
            ping_at: Time::EPOCH,
            ping_missed: false,
            parted_at: None,
            pod_cause: None,
            grace_ends: Time::EPOCH,
            draws: BTreeMap::new(),
            history: None,
        }
    }

    /// How many of its update-status hooks were not played although they would have done something.
    pub const fn skipped_repeats(&self) -> u64 {
        self.skipped_repeats
    }

    /// How often its failed hook was not played although it would have been run again.
    pub const fn skipped_failures(&self) -> u64 {
        self.skipped_failures
    }

    /// The charm version that it has unpacked.
    pub const fn charm_version(&self) -> u64 {
        self.charm_seen
    }

    /// Whether its hook has run, but for a last call that hangs.
    pub(crate) fn is_hung(&self, now: Time) -> bool {
        matches!(&self.state, Activity::Running(running) if running.ends < now)
    }

    /// Lets its running hook end at another instant; false where none runs.
    pub(crate) fn end_hook_at(&mut self, at: Time) -> bool {
        match &mut self.state {
            Activity::Running(running) => {
                running.ends = at;
                true
            }
            _ => false,
        }
    }

    /// Whether a hook runs until `at` or longer.
    pub(crate) fn is_busy_until(&self, at: Time) -> bool {
        matches!(&self.state, Activity::Running(running) if running.ends >= at)
    }

    /// Whether this is a repeated hook: update-status, or an expiry that it was told of before.
    pub(crate) fn is_repeat(&self, hook: &Hook) -> bool {
        let expiry = hook.secret_revision();
        let expiry = expiry.and_then(|key| self.expiries.get(&key));
        *hook == Hook::UpdateStatus || expiry.is_some_and(|expiry| expiry.handled > 0)
    }

    /// Whether no hook runs or waits to be run again.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, Activity::Idle)
    }
}

/// Delay before the `failures`-th failure is run again: 5 s, doubled each time up to 5 minutes,
/// from the second on with a jitter of 3 %, drawn in thousandths.
pub(crate) fn retry_delay(failures: u32, jitter_permille: u64) -> Span {
    assert!(failures > 0, "only a hook that failed is run again");
    assert!(jitter_permille <= 60, "the jitter is drawn from 0 to 60");
    if failures == 1 {
        return RETRY_MIN;
    }
    // Six doublings are beyond the longest delay already.
    let doubled = RETRY_MIN * (1 << (failures - 1).min(6));
    let jittered = doubled.as_nanos() * u128::from(970 + jitter_permille) / 1_000;
    Span::from_nanos(narrow_nanos(jittered)).min(RETRY_MAX)
}

/// Delay before an agent whose connection was refused `failures` times dials again.
pub(crate) fn dial_delay(failures: u32) -> Span {
    let delay = (1..failures.min(40)).fold(DIAL_MIN, |delay, _| delay * 6 / 5);
    delay.min(DIAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// juju/juju 3.6 `cmd/jujud/agent/engine`: 3 s, growing by a fifth up to two minutes.
    #[test]
    fn dials_back_off_as_the_dependency_engine_does() {
        assert_eq!(dial_delay(1), Span::from_secs(3));
        assert_eq!(dial_delay(2), Span::from_millis(3_600));
        assert_eq!(dial_delay(100), DIAL_MAX);
    }

    /// juju/juju 3.6 `apiserver/facades/agent/retrystrategy`: 5 s doubling up to 5 minutes.
    #[test]
    fn retries_back_off_as_juju_does() {
        let delays: Vec<u64> = (1..=9).map(|n| retry_delay(n, 30).as_secs()).collect();
        assert_eq!(delays, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(
            retry_delay(1, 0),
            retry_delay(1, 60),
            "the first delay has no jitter"
        );
        assert_eq!(retry_delay(2, 0), Span::from_millis(9_700));
        assert_eq!(retry_delay(2, 60), Span::from_millis(10_300));
    }
}
