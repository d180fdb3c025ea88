//! The unit agent's local state: what it has done, and what it does now.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::context::Effects;
use super::{Hook, HookError, Quiet, RelationId, SecretId, UnitId};
use crate::kernel::{Seq, Span, Time};

/// First delay before a failed hook is run again (juju/juju 3.6
/// `apiserver/facades/agent/retrystrategy`).
pub(super) const RETRY_MIN: Span = Span::from_secs(5);
/// Longest delay before a failed hook is run again.
pub(super) const RETRY_MAX: Span = Span::from_secs(300);
/// Period of a repeated `secret-expired` (juju/juju 3.6 `domain/secret`, `ExpireRetryDelay`).
pub(super) const SECRET_EXPIRE_RETRY: Span = Span::from_secs(300);
/// How often a unit that waits for the machine lock looks again (juju/juju `core/machinelock`).
pub(super) const MACHINE_LOCK_POLL: Span = Span::from_millis(250);

/// Local state of one unit agent.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Whether the process runs.
    pub running: bool,
    /// Whether it has its API connection.
    pub connected: bool,
    /// The unit is being removed.
    pub dying: bool,
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
    /// Config version of the last `config-changed`; `None` before the first.
    pub(super) config_seen: Option<u64>,
    /// Address version of the last `config-changed`.
    pub(super) address_seen: u64,
    /// How many containers have had their `pebble-ready`.
    pub(super) containers_ready: usize,
    /// The hook that an earlier one queued.
    pub(super) queued: Option<Hook>,
    /// What it does now.
    pub state: Activity,
    /// Relations it takes part in.
    pub relations: BTreeMap<RelationId, RelationLocal>,
    /// Firings of each expired secret it has handled.
    pub(super) expiries: BTreeMap<SecretId, u64>,
    /// Actions waiting to run.
    pub(super) actions: VecDeque<(Hook, Option<Seq>)>,
    /// First instant of its update-status timer.
    pub(super) timer_from: Time,
    /// Firings of the update-status timer handled so far, elided ones included.
    pub(super) timer_handled: u64,
    /// Until when an elided hook keeps it busy.
    pub(super) elided_until: Time,
    /// What the charm said of hooks that only time brings.
    pub(super) quiet: Quiet,
    /// Draws made so far, by purpose.
    pub(super) draws: BTreeMap<&'static str, u32>,
    /// Hooks that ran, in order; kept only where a test asks for it.
    pub history: Option<Vec<Hook>>,
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
}

/// A failed hook.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The hook.
    pub hook: Hook,
    /// Journal entry of its failure.
    pub entry: Option<Seq>,
    /// Why it failed.
    pub reason: Arc<str>,
    /// How often it failed so far.
    pub failures: u32,
    /// When it is run again; `None` waits for `juju resolved`.
    pub retry_at: Option<Time>,
}

/// What an agent knows of a relation.
#[derive(Clone, Debug, Default)]
pub struct RelationLocal {
    /// Remote units joined, with the bag version each was last told of.
    pub members: BTreeMap<UnitId, u64>,
    /// Version of the remote application bag it was last told of.
    pub application_seen: u64,
    /// A joined unit whose `relation-changed` is due.
    pub changed_pending: Option<UnitId>,
    /// `relation-created` was committed.
    pub created: bool,
    /// `relation-broken` was committed.
    pub broken: bool,
}

impl Agent {
    pub(super) fn new() -> Self {
        Self {
            running: false,
            connected: false,
            dying: false,
            installed: false,
            started: false,
            stopped: false,
            removed: false,
            leader: false,
            config_seen: None,
            address_seen: 0,
            containers_ready: 0,
            queued: None,
            state: Activity::Idle,
            relations: BTreeMap::new(),
            expiries: BTreeMap::new(),
            actions: VecDeque::new(),
            timer_from: Time::EPOCH,
            timer_handled: 0,
            elided_until: Time::EPOCH,
            quiet: Quiet::No,
            draws: BTreeMap::new(),
            history: None,
        }
    }

    /// Whether no hook runs or waits to be run again.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, Activity::Idle)
    }
}

/// Delay before the `failures`-th failure is run again: 5 s, doubled each time up to 5 minutes,
/// from the second on with a jitter of 3 %, drawn in thousandths.
pub(super) fn retry_delay(failures: u32, jitter_permille: u64) -> Span {
    let doubled = RETRY_MIN.saturating_mul(1 << failures.saturating_sub(1).min(6));
    if failures <= 1 {
        return RETRY_MIN;
    }
    let jittered = doubled.as_nanos() * u128::from(970 + jitter_permille.min(60)) / 1_000;
    let jittered = Span::from_nanos(u64::try_from(jittered).unwrap_or(u64::MAX));
    jittered.min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

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
