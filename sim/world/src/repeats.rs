//! Hooks that do the same again and again for weeks, or fail the same: of those only a few are played.
//!
//! A charm that tries in each update-status what is refused each time, and tells of it in a databag, keeps its requirers
//! busy for good. For example, a Vault whose root ends before a certificate would: it asks its PKI again every five
//! minutes, and the refusal names another instant each time. In ten years those are three million hooks, none of which is
//! news. So once a unit has run nothing but update-status for five weeks, with the same changes each time but for the
//! numbers in them, it is let rest for up to four weeks: only where its charm would still change the same at the end of
//! that time. A few hooks are played, and so on. Assumed: what a charm does at
//! both ends of a rest it does all the time in between. `--every-hook` does not assume it. Whatever happens to the unit ends its rest at once. The last hour of a run
//! is played, so that databags and statuses are what they would be. The manifest tells how many hooks were not played.
//!
//! An update-status may be answered: a Vault that compares its CA with another one than it has asks for a new one each
//! time, and its provider signs it. Then a *round* is what the unit does from one update-status to the next, and the rounds
//! are compared. Nothing that such a unit holds may end while it rests: it would have had another by then. Nor may anything
//! that connections depend on have changed for a day, anywhere: what a unit draws by lot in each round, such as the order
//! of two CAs, stays as it is while it rests.
//!
//! So is a hook that fails each time it is run again, every five minutes for good: nothing of it lasts, but it makes a key and
//! a request each time. Its retries begin and end when they would (`trustsim_juju`, `agents::failing`). What is done to the
//! deployment may change what such a hook finds without telling its unit, so every action ends all rests.

use std::collections::{BTreeMap, BTreeSet};

use trustsim_interfaces::notes::Note;
use trustsim_juju::{
    Effects, Hook, HookError, HookName, Quiet, RepeatedChange, RepeatedFailure, Telling, UnitId,
    without_numbers,
};
use trustsim_kernel::{Span, Time};
use trustsim_model::{ConnectionSpec, Persistence, UnplayedRepeats};

mod streak;

use streak::Streak;
pub(super) use streak::{Repeated, SAME_FOR};

use super::deployed::Deployed;
use super::failing::FailingHooks;
use super::journal::JournalWriter;

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

/// What each unit has done of late, or in a hook that fails.
#[derive(Clone, Debug)]
pub(super) struct Repeats {
    /// Every hook is played.
    every_hook: bool,
    streaks: BTreeMap<UnitId, Streak>,
    /// Those that were let rest since the last action.
    resting: BTreeSet<UnitId>,
    /// Whether it was asked how far the end of the run is.
    asked_end: bool,
    /// By unit and whether its hooks fail.
    unplayed: BTreeMap<(UnitId, bool), Vec<Unplayed>>,
}

/// From when on only a few hooks of one unit were played.
#[derive(Clone, Debug)]
struct Unplayed {
    hook: HookName,
    since: Time,
    from: Time,
    /// How many had been skipped until then, since it had done something else for weeks.
    before: u64,
    /// Certificates that it asks for, and is given, with each.
    certificates: u64,
}

impl Repeats {
    pub(super) fn new(every_hook: bool) -> Self {
        Self {
            every_hook,
            streaks: BTreeMap::new(),
            resting: BTreeSet::new(),
            asked_end: false,
            unplayed: BTreeMap::new(),
        }
    }

    /// Whether a hook of a unit is compared with what it did before.
    pub(super) fn compares(&self, unit: UnitId, hook: &Hook) -> bool {
        *hook == Hook::UpdateStatus || self.streaks.contains_key(&unit)
    }

    /// A unit begins a hook, which does this, where that can be compared.
    pub(super) fn hook_began(
        &mut self,
        unit: UnitId,
        repeated: Option<Repeated>,
        now: Time,
        journal: &JournalWriter,
    ) {
        let Some(repeated) = repeated else {
            self.streaks.remove(&unit);
            return;
        };
        let goes_on = match (self.streaks.get_mut(&unit), &repeated) {
            (None, _) => false,
            (Some(streak), Repeated::Expiry(change)) => streak.expired(change.clone()),
            (Some(streak), Repeated::Reaction(_)) => streak.go_on(repeated.clone()),
            (Some(streak), _) => streak.begin_round(repeated.clone()),
        };
        if goes_on {
            return;
        }
        match repeated {
            Repeated::Change(_) | Repeated::Failure(_) => {
                let streak = Streak::new(repeated, now, journal.shifts());
                self.streaks.insert(unit, streak);
            }
            Repeated::Expiry(_) | Repeated::Reaction(_) => {
                self.streaks.remove(&unit);
            }
        }
    }

    /// Whether a run that ends at another time could have been another one so far.
    pub(super) const fn has_asked_end(&self) -> bool {
        self.asked_end
    }

    /// Units that rest, or have: once each, since something is done now that may change what they find.
    pub(super) fn end_rests(&mut self) -> BTreeSet<UnitId> {
        std::mem::take(&mut self.resting)
    }

    /// For how long a unit that would do something in its next update-status is let rest, since that is the same as before.
    pub(super) fn rest(
        &mut self,
        unit: UnitId,
        now: Time,
        deployed: &Deployed,
        journal: &JournalWriter,
    ) -> Option<Quiet> {
        let Repeated::Change(change) = self.long_repeated(unit, now, journal)? else {
            return None;
        };
        // What stays open or is taken up again ends with either process.
        let mut connections = deployed.spec().connections.iter();
        let persists = |spec: &ConnectionSpec| spec.persistence != Persistence::default();
        if change.restarts() && connections.any(persists) {
            return None;
        }
        let streak = &self.streaks[&unit];
        let is_anew = streak.has(RepeatedChange::is_anew);
        self.asked_end = true;
        let until = rest_end(now, deployed, |end| {
            let changes = deployed.repeated_at(unit, end);
            let is_same = |changes: &Vec<RepeatedChange>| {
                // What is not played keeps its agent busy for one time each.
                let alike = |each: &RepeatedChange| each.spent() == change.spent();
                streak.is_of(changes) && changes.iter().all(alike)
            };
            (!is_anew || deployed.holds_until(unit, now, end))
                && changes.as_ref().is_some_and(is_same)
        })?;
        self.note_rest(unit, HookName::UpdateStatus, now, deployed);
        let spent = change.spent();
        Some(Quiet::Repeats { until, spent })
    }

    /// Until when a unit whose hook fails, and would be run again, is let rest, since it would fail as before.
    pub(super) fn rest_failing(
        &mut self,
        unit: UnitId,
        now: Time,
        deployed: &Deployed,
        failing: &FailingHooks,
        journal: &JournalWriter,
    ) -> Option<(RepeatedFailure, Time)> {
        let Repeated::Failure(failure) = self.long_repeated(unit, now, journal)? else {
            return None;
        };
        let hook = failure.hook();
        let forced = failing.lasting_failure_of(unit, hook, deployed)?;
        self.asked_end = true;
        let until = rest_end(now, deployed, |end| {
            deployed.failure_at(unit, hook, end, forced).as_ref() == Some(&failure)
        })?;
        let name = deployed.juju().hook_name(unit, hook);
        self.note_rest(unit, name, now, deployed);
        Some((failure, until))
    }

    /// What a unit has done first in each round for weeks, once a few rounds were played since it rested.
    fn long_repeated(
        &mut self,
        unit: UnitId,
        now: Time,
        journal: &JournalWriter,
    ) -> Option<Repeated> {
        let streak = self.streaks.get_mut(&unit)?;
        if self.every_hook || !streak.may_rest(now, journal.shifts()) {
            return None;
        }
        streak.rests();
        Some(streak.begins().clone())
    }

    fn note_rest(&mut self, unit: UnitId, hook: HookName, now: Time, deployed: &Deployed) {
        let streak = &self.streaks[&unit];
        let fails = matches!(streak.begins(), Repeated::Failure(_));
        let own = self.unplayed.entry((unit, fails)).or_default();
        if own.last().is_none_or(|last| last.since != streak.since()) {
            own.push(Unplayed {
                hook,
                since: streak.since(),
                from: now,
                before: skipped(unit, fails, deployed),
                certificates: streak.certificates(),
            });
        }
        self.resting.insert(unit);
    }

    /// What was not played, in the order of units. A rest that has not ended is not counted.
    pub(super) fn unplayed(&self, deployed: &Deployed) -> Vec<UnplayedRepeats> {
        let found = self.unplayed.iter().flat_map(|(&(unit, fails), own)| {
            let later = own.iter().skip(1).map(|next| next.before);
            let ends = later.chain([skipped(unit, fails, deployed)]);
            own.iter()
                .zip(ends)
                .map(move |(each, end)| UnplayedRepeats {
                    unit: deployed.unit_address(unit),
                    hook: each.hook.clone(),
                    fails,
                    since: each.since,
                    from: each.from,
                    count: end - each.before,
                    certificates: (end - each.before) * each.certificates,
                })
        });
        found.filter(|each| each.count > 0).collect()
    }
}

/// When a rest that begins now ends, at whose end the unit `does_the_same`.
fn rest_end(now: Time, deployed: &Deployed, does_the_same: impl Fn(Time) -> bool) -> Option<Time> {
    let spec = deployed.spec();
    let run_end = spec.start + spec.duration;
    let mut ends = RESTS.iter().map(|rest| now + *rest);
    ends.find(|end| *end + LAST <= run_end && does_the_same(*end))
}

/// How many hooks of a unit were skipped. An agent is kept when its unit is removed.
fn skipped(unit: UnitId, fails: bool, deployed: &Deployed) -> u64 {
    let agent = deployed.juju().agent(unit);
    let agent = agent.expect("a unit that has repeated a hook has an agent");
    match fails {
        true => agent.skipped_failures(),
        false => agent.skipped_repeats(),
    }
}

/// Whether a hook fails with all that it would have written.
pub(super) const fn fails_in_vain(effects: &Effects, result: &Result<(), HookError>) -> bool {
    result.is_err() || effects.commit_fault.is_some()
}

/// What a charm told of a hook, for the next time to be compared with.
pub(super) fn tell(notes: &[Note]) -> Telling {
    let told = notes.iter().map(|note| match note {
        Note::AcmeOrderRefused(refused) => Some(without_numbers(&format!(
            "{} {}: {}",
            refused.common_name, refused.code, refused.detail
        ))),
        Note::CertificateRequested(requested) => Some(format!(
            "{:?} {}",
            requested.relation, requested.common_name
        )),
        _ => None,
    });
    let Some(words) = told.collect::<Option<Vec<String>>>() else {
        return Telling::News;
    };
    let is_request = |note: &&Note| matches!(note, Note::CertificateRequested(_));
    let requests = notes.iter().filter(is_request).count() as u64;
    Telling::Told { words, requests }
}
