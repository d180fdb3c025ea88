//! Hooks that do the same again and again for weeks: of those only a few are played.
//!
//! A charm that tries in each update-status what is refused each time, and tells of it in a databag, keeps its requirers
//! busy for good. For example, a Vault whose root ends before a certificate would: it asks its PKI again every five
//! minutes, and the refusal names another instant each time. In ten years those are three million hooks, none of which is
//! news. So once a unit has run nothing but update-status for five weeks, with the same changes each time but for the
//! numbers in them, it is let rest for up to four weeks: only where its charm would still change the same at the end of
//! that time. A few hooks are played, and so on. Assumed: what a charm does at
//! both ends of a rest it does all the time in between. `--every-hook` does not assume it. Whatever happens to the unit ends its rest at once. The last hour of a run
//! is played, so that databags and statuses are what they would be. The manifest tells how many hooks were not played.

use std::collections::BTreeMap;

use trustsim_juju::{RepeatedChange, UnitId};
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
    unplayed: BTreeMap<UnitId, Vec<Unplayed>>,
}

/// Update-status hooks of one unit that changed the same, with no other hook among them.
#[derive(Clone, Debug)]
struct Streak {
    change: RepeatedChange,
    since: Time,
    /// Played since it rested last.
    rounds: u32,
}

/// From when on only a few hooks of one unit were played.
#[derive(Clone, Debug)]
struct Unplayed {
    since: Time,
    from: Time,
    /// How many had been skipped until then, since it had done something else for weeks.
    before: u64,
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
    pub(super) fn hook_began(&mut self, unit: UnitId, change: Option<RepeatedChange>, now: Time) {
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
        let own = self.unplayed.entry(unit).or_default();
        if own.last().is_none_or(|last| last.since != streak.since) {
            own.push(Unplayed {
                since: streak.since,
                from: now,
                before: skipped(unit, deployed),
            });
        }
        Some(until)
    }

    /// What was not played, in the order of units. A rest that has not ended is not counted.
    pub(super) fn unplayed(&self, deployed: &Deployed) -> Vec<UnplayedRepeats> {
        let found = self.unplayed.iter().flat_map(|(&unit, own)| {
            let later = own.iter().skip(1).map(|next| next.before);
            let ends = later.chain([skipped(unit, deployed)]);
            own.iter()
                .zip(ends)
                .map(move |(each, end)| UnplayedRepeats {
                    unit: deployed.unit_address(unit),
                    since: each.since,
                    from: each.from,
                    count: end - each.before,
                })
        });
        found.filter(|each| each.count > 0).collect()
    }
}

/// How many hooks of a unit were skipped. An agent is kept when its unit is removed.
fn skipped(unit: UnitId, deployed: &Deployed) -> u64 {
    let agent = deployed.juju().agent(unit);
    let agent = agent.expect("a unit that has repeated a hook has an agent");
    agent.skipped_repeats()
}
