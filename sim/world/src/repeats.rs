//! Hooks that do the same again and again for weeks: of those only a few are played.
//!
//! A charm that tries in each update-status what is refused each time, and tells of it in a databag, keeps its requirers
//! busy for good. For example, a Vault whose root ends before a certificate would: it asks its PKI again every five
//! minutes, and the refusal names another instant each time. In ten years those are three million hooks, none of which is
//! news. So once a unit has run nothing but update-status for five weeks, with the same changes each time but for the
//! numbers in them, it is let rest for up to four weeks: only where its charm would still change the same at the end of
//! that time. A few hooks are played, and so on. Whatever happens to the unit ends its rest at once. The last hour of a run
//! is played, so that databags and statuses are what they would be. The manifest tells how many hooks were not played.

use std::collections::BTreeMap;

use trustsim_juju::{Hook, RepeatedChange, UnitId};
use trustsim_kernel::{Span, Time};
use trustsim_model::UnplayedRepeats;

use super::deployed::Deployed;

/// How long a unit has to have done the same.
const SAME_FOR: Span = Span::from_secs(5 * 7 * 86_400);
/// How many of its hooks are played between two rests.
const ROUNDS: u32 = 4;
/// How long it rests: the longest of these at whose end it would do the same.
const RESTS: [Span; 5] = [
    Span::from_secs(28 * 86_400),
    Span::from_secs(7 * 86_400),
    Span::from_secs(86_400),
    Span::from_secs(21_600),
    Span::from_secs(3_600),
];
/// This much of the end of a run is played.
const LAST: Span = Span::from_secs(3_600);

/// What each unit has done in its update-status of late.
#[derive(Clone, Debug)]
pub(super) struct Repeats {
    /// Every hook is played.
    every_hook: bool,
    streaks: BTreeMap<UnitId, Streak>,
    unplayed: BTreeMap<UnitId, Unplayed>,
}

/// Update-status hooks of one unit that changed the same, with no other hook among them.
#[derive(Clone, Debug)]
struct Streak {
    change: RepeatedChange,
    since: Time,
    /// Played since it rested last.
    rounds: u32,
}

/// Hooks of one unit that were not played.
#[derive(Clone, Debug)]
struct Unplayed {
    since: Time,
    from: Time,
    count: u64,
    /// How often its timer had fired when it began to rest, while it rests.
    resting: Option<u64>,
}

impl Repeats {
    pub(super) fn new(every_hook: bool) -> Self {
        Self {
            every_hook,
            streaks: BTreeMap::new(),
            unplayed: BTreeMap::new(),
        }
    }

    /// A unit begins a hook. `change` is what it changes, where it is update-status and that can be compared.
    pub(super) fn hook_began(
        &mut self,
        unit: UnitId,
        hook: &Hook,
        change: Option<RepeatedChange>,
        now: Time,
        deployed: &Deployed,
    ) {
        if let Some(unplayed) = self.unplayed.get_mut(&unit)
            && let Some(fired) = unplayed.resting.take()
        {
            let since = deployed.juju().update_status_fired(unit, now) - fired;
            unplayed.count += since - u64::from(*hook == Hook::UpdateStatus);
        }
        let Some(change) = change else {
            self.streaks.remove(&unit);
            return;
        };
        match self.streaks.get_mut(&unit) {
            Some(streak) if streak.change == change => streak.rounds += 1,
            _ => {
                let streak = Streak {
                    change,
                    since: now,
                    rounds: 1,
                };
                self.streaks.insert(unit, streak);
            }
        }
    }

    /// Until when a unit that would do something in its next update-status is let rest, since that is the same as before.
    pub(super) fn rest(&mut self, unit: UnitId, now: Time, deployed: &Deployed) -> Option<Time> {
        let streak = self.streaks.get_mut(&unit)?;
        if self.every_hook || streak.rounds < ROUNDS || now.since(streak.since) < SAME_FOR {
            return None;
        }
        streak.rounds = 0;
        let spec = deployed.spec();
        let run_end = spec.start + spec.duration;
        let mut ends = RESTS.iter().map(|rest| now + *rest);
        let until = ends.find(|end| {
            *end + LAST <= run_end
                && deployed.update_status_at(unit, *end).as_ref() == Some(&streak.change)
        })?;
        let unplayed = self.unplayed.entry(unit).or_insert(Unplayed {
            since: streak.since,
            from: now,
            count: 0,
            resting: None,
        });
        unplayed.resting = Some(deployed.juju().update_status_fired(unit, now));
        Some(until)
    }

    /// What was not played up to `now`, in the order of units.
    pub(super) fn unplayed(&self, now: Time, deployed: &Deployed) -> Vec<UnplayedRepeats> {
        let found = self.unplayed.iter().map(|(&unit, unplayed)| {
            let fired = |from| deployed.juju().update_status_fired(unit, now) - from;
            UnplayedRepeats {
                unit: deployed.unit_address(unit),
                since: unplayed.since,
                from: unplayed.from,
                count: unplayed.count + unplayed.resting.map_or(0, fired),
            }
        });
        found.collect()
    }
}
