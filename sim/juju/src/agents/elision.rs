//! Repeated hooks that would do nothing, as their charm says, are not played: they are *elided*, and so are those that
//! have done the same for weeks ([`Quiet::Repeats`]), which are counted. Each
//! still keeps its agent busy for as long as it takes, and its machine locked, so
//! that every other hook runs at the very instant at which it would if all were played.
//!
//! Units of one machine share its lock, so they are elided together: once all of them rest, until
//! something happens to one of them. While nothing does, elided hooks cost nothing. When something
//! does, they are *settled*: brought to where playing them would have brought them, which may be
//! the middle of a hook (see [`super::replay`]).

use crate::agents::replay::{Replay, ReplayState, Replayed};
use crate::agents::{Agents, Awaits, Pace, Running};
use crate::timing::Timing;
use crate::{Activity, Effects, Event, Host, Quiet, Step, Topology, UnitId};
use trustsim_kernel::{Span, Time};

impl Agents {
    /// The unit has nothing to do but repeated hooks; `quiet` is what its charm says of those.
    pub(crate) fn rest(&mut self, unit: UnitId, quiet: Quiet, host: &mut dyn Host) -> Option<Step> {
        if self.note_quiet(unit, quiet, host.now()) {
            self.elide(unit, host);
        } else {
            self.arm_alarm(unit, None, host);
        }
        None
    }

    /// A repeated hook of the unit is due; returns whether it is elided with those that follow. Of units that share a
    /// machine one may wait for the lock, so theirs are elided only when all rest.
    pub(crate) fn elide_repeats(
        &mut self,
        unit: UnitId,
        quiet: Quiet,
        host: &mut dyn Host,
    ) -> bool {
        let is_alone = self.lock_sharers(unit).len() == 1;
        let elides = is_alone && self.note_quiet(unit, quiet, host.now());
        if elides {
            self.elide(unit, host);
        }
        elides
    }

    /// Notes what the unit's charm says of repeated hooks; returns whether they can be elided from now on.
    fn note_quiet(&mut self, unit: UnitId, quiet: Quiet, now: Time) -> bool {
        let skew_ns = self.unit(unit).skew_ns;
        let quiet_until = match quiet {
            _ if self.every_hook => now,
            Quiet::Always | Quiet::InVain | Quiet::Until(Time::MAX) => Time::MAX,
            Quiet::Until(until) => until.shown_with_skew(skew_ns),
            Quiet::Repeats { until, .. } => until,
            Quiet::StatusOnly | Quiet::No => now,
        };
        let agent = self.topology.agent_of_mut(unit);
        agent.quiet_until = quiet_until;
        agent.skips_repeats = matches!(quiet, Quiet::Repeats { .. });
        agent.repeats_spend = match quiet {
            Quiet::Repeats { spent, .. } => spent,
            _ => Span::ZERO,
        };
        agent.awaits = match quiet {
            Quiet::No | Quiet::Repeats { .. } => Awaits::Time,
            Quiet::InVain => Awaits::Vainly,
            Quiet::Always | Quiet::Until(_) | Quiet::StatusOnly => Awaits::Nothing,
        };
        quiet_until > now
            && !self.timing().shares_impaired_path(unit)
            && self.timing().is_whole_machine_quiet(unit, now)
    }

    /// From now on the repeats of this unit, and of those it shares its machine with, are elided:
    /// until the first charm's word ends.
    fn elide(&mut self, unit: UnitId, host: &mut dyn Host) {
        let now = host.now();
        let sharers = self.lock_sharers(unit);
        let first = sharers
            .iter()
            .map(|id| (self.agent_of(*id).quiet_until, *id))
            .min();
        for id in sharers {
            let agent = self.topology.agent_of_mut(id);
            assert!(
                agent.is_idle() && agent.elided_from.is_none(),
                "{id:?} is elided in {:?}, since {:?}",
                agent.state,
                agent.elided_from
            );
            agent.elided_from = Some(now);
            // No alarm is needed for repeats that are not played.
            agent.alarm = Time::MAX;
        }
        if let Some((until, id)) = first {
            self.set_alarm(id, until, host);
        }
    }

    /// Something happens to a unit: what its charm said holds no longer, and where its repeats
    /// were elided, that ends.
    pub(crate) fn settle(&mut self, unit: UnitId, host: &mut dyn Host) {
        self.end_elision(unit, Some(unit), host);
        self.end_failing_rest(unit, host);
        let agent = self.topology.agent_of_mut(unit);
        agent.quiet_until = Time::EPOCH;
    }

    /// The time has come of which the unit's charm has spoken; returns whether that ended an
    /// elision. Whatever else it has to do comes by itself.
    pub(crate) fn settle_quietly(&mut self, unit: UnitId, host: &mut dyn Host) -> bool {
        self.end_elision(unit, None, host)
    }

    /// Where repeats of a unit were elided, it and those it shares its machine with are brought to
    /// where playing them would have brought them: from now on they are played, until all rest
    /// again.
    fn end_elision(&mut self, unit: UnitId, target: Option<UnitId>, host: &mut dyn Host) -> bool {
        let now = host.now();
        let Some(from) = self.agent_of(unit).elided_from else {
            return false;
        };
        let sharers = self.lock_sharers(unit);
        let words = sharers.iter().map(|id| self.agent_of(*id));
        let until = words.map(|agent| agent.quiet_until).fold(now, Time::min);
        // Alone it has its turn at once. On a shared machine it may have to wait, and its own timer
        // makes it look for the lock too.
        let spared = target.filter(|_| sharers.len() == 1);
        for replayed in Replay::new(self.timing(), &sharers).play(from, until, now) {
            self.bring_up_to_date(replayed, spared, host);
        }
        true
    }

    /// Puts one agent to where its elided hooks have left it, and sets its timer, unless it is the
    /// one that sees to that itself.
    fn bring_up_to_date(
        &mut self,
        replayed: Replayed,
        spared: Option<UnitId>,
        host: &mut dyn Host,
    ) {
        let now = host.now();
        let unit = replayed.unit;
        let agent = self.topology.agent_of_mut(unit);
        agent.elided_from = None;
        assert!(
            agent.is_idle(),
            "{unit:?} was elided, and is {:?}",
            agent.state
        );
        assert!(
            agent.timer_handled <= replayed.timer_handled,
            "elision takes {unit:?} from firing {} of its timer back to {}",
            agent.timer_handled,
            replayed.timer_handled
        );
        if agent.skips_repeats {
            agent.skipped_repeats += replayed.timer_handled - agent.timer_handled;
        }
        agent.timer_handled = replayed.timer_handled;
        agent.expiries.extend(replayed.expiries);
        match replayed.state {
            ReplayState::Resting(_) if Some(unit) == spared => {}
            ReplayState::Resting(_) if self.timing().has_nothing_due(unit, now) => {
                self.arm_alarm(unit, None, host)
            }
            ReplayState::Resting(_) => {
                host.schedule(now, Event::Wake(unit));
            }
            ReplayState::Waiting => self.await_lock(unit),
            ReplayState::Polling(at) => {
                host.schedule(at, Event::Wake(unit));
            }
            ReplayState::Running {
                hook,
                snapshot,
                began,
                ends,
            } => {
                let effects = Effects {
                    workload: self.unit(unit).workload.clone(),
                    draws: self.agent_of(unit).draws.clone(),
                    ..Effects::default()
                };
                self.take_lock(unit);
                let agent = self.topology.agent_of_mut(unit);
                agent.state = Activity::Running(Box::new(Running {
                    hook,
                    entry: None,
                    effects,
                    result: Ok(()),
                    failures: 0,
                    ends,
                    snapshot,
                    pace: Pace {
                        since: began,
                        base: ends.since(began),
                        calls: 0,
                    },
                }));
                host.schedule(ends, Event::HookEnd(unit));
            }
        }
    }
}

impl Timing<'_> {
    /// Whether no unit on the machine has anything to do but quiet repeats later.
    fn is_whole_machine_quiet(&self, unit: UnitId, now: Time) -> bool {
        let Some(machine) = self.unit(unit).machine else {
            return true;
        };
        let sharers = &self.machine(machine).units;
        let is_quiet = |id: &UnitId| {
            let has_word = |agent: &crate::Agent| agent.quiet_until > now;
            *id == unit || (has_word(self.agent_of(*id)) && self.has_nothing_due(*id, now))
        };
        sharers.len() == 1 || (sharers.iter().all(is_quiet) && !self.expiries_coincide(sharers))
    }

    /// Whether expiries of two units fire at the same instants. Who of them is first depends on
    /// which of their alarms was set first: a thing that is only known by playing.
    fn expiries_coincide(&self, units: &[UnitId]) -> bool {
        let mut phases: Vec<(u64, UnitId)> = Vec::new();
        for unit in units {
            let expiries = self.agent_of(*unit).expiries.iter();
            phases.extend(expiries.map(|(_, expiry)| (expiry.phase_ns(), *unit)));
        }
        phases.sort_unstable();
        let same = |pair: &[(u64, UnitId)]| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1;
        phases.windows(2).any(same)
    }

    /// Whether a unit runs nothing, and time has brought it nothing that it has yet to run.
    pub(crate) fn has_nothing_due(&self, unit: UnitId, now: Time) -> bool {
        let repeats = self.repeats(unit);
        self.agent_of(unit).is_idle() && !repeats.is_some_and(|repeats| repeats.has_due(now))
    }
}

impl Topology {
    /// Every unit that shares the machine lock with this one, itself included.
    pub(crate) fn lock_sharers(&self, unit: UnitId) -> Vec<UnitId> {
        match self.unit(unit).machine {
            Some(machine) => self.machine(machine).units.clone(),
            None => vec![unit],
        }
    }
}
