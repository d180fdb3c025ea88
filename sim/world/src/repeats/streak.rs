//! What one unit has done of late, round after round, and whether it may rest.

use trustsim_juju::{Hook, RepeatedChange, RepeatedFailure};
use trustsim_kernel::{Span, Time};

/// How long a unit has to have done the same, where others have nothing to do with it.
pub(in super::super) const SAME_FOR: Span = Span::from_secs(5 * 7 * 86_400);
/// How long, where each round makes keys and certificates: that costs a hundred times what another hook does.
const SAME_FOR_ANEW: Span = Span::from_secs(7 * 86_400);
/// How long nothing that connections depend on may have changed before such a unit rests, or one that draws lots: 288
/// rounds, of which one would have changed something that depends on the lot. It is enough that those have done the same
/// for so long.
const UNSHIFTED_FOR: Span = Span::from_secs(86_400);
/// Hooks of a unit from one update-status to the next, of which more are compared with nothing.
const ROUND_MOST: usize = 8;
/// How many of its rounds are played between two rests.
const ROUNDS: u32 = 4;

/// What a hook did that may do it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Repeated {
    /// An update-status ran: a round begins.
    Change(RepeatedChange),
    /// A secret has expired, which is told again at a beat of its own.
    Expiry(RepeatedChange),
    /// Another hook ran.
    Reaction(RepeatedChange),
    /// A hook failed, and nothing of it lasts.
    Failure(RepeatedFailure),
}

/// Rounds of one unit in which it did the same.
#[derive(Clone, Debug)]
pub(super) struct Streak {
    /// What it did in the first round; nothing until that has ended.
    first: Vec<Repeated>,
    /// What it has done in the present one so far.
    present: Vec<Repeated>,
    /// What it does about each secret that has expired.
    expiries: Vec<RepeatedChange>,
    since: Time,
    /// [`JournalWriter::shifts`] so far, and when it was seen to be another number.
    shifts: (u64, Time),
    /// Begun since it rested last.
    rounds: u32,
}

impl Streak {
    pub(super) fn new(repeated: Repeated, now: Time, shifts: u64) -> Self {
        Self {
            shifts: (shifts, now),
            first: Vec::new(),
            present: vec![repeated],
            expiries: Vec::new(),
            since: now,
            rounds: 1,
        }
    }

    /// Begins the next round with this; whether all is as before.
    pub(super) fn begin_round(&mut self, repeated: Repeated) -> bool {
        let round = std::mem::replace(&mut self.present, vec![repeated]);
        if self.first.is_empty() {
            self.first = round;
        } else if self.first != round {
            return false;
        }
        self.rounds += 1;
        self.first[0] == self.present[0]
    }

    /// Something follows in the present round; whether that can be compared.
    pub(super) fn go_on(&mut self, repeated: Repeated) -> bool {
        self.present.push(repeated);
        self.present.len() <= ROUND_MOST
    }

    /// Takes what it does about an expired secret; whether that is as before.
    pub(super) fn expired(&mut self, change: RepeatedChange) -> bool {
        let mut before = self.expiries.iter();
        match before.find(|before| before.hook() == change.hook()) {
            Some(before) => *before == change,
            None => {
                self.expiries.push(change);
                // Each is told again as often as there is an update-status.
                self.rounds <= 2
            }
        }
    }

    /// Whether this is so of a hook of each round. Of one that fails nothing lasts.
    pub(super) fn has(&self, is_so: impl Fn(&RepeatedChange) -> bool) -> bool {
        let in_round = self.first.iter().filter_map(|repeated| match repeated {
            Repeated::Change(change) | Repeated::Expiry(change) | Repeated::Reaction(change) => {
                Some(change)
            }
            Repeated::Failure(_) => None,
        });
        in_round.chain(&self.expiries).any(is_so)
    }

    /// Whether it has done each of these.
    pub(super) fn is_of(&self, changes: &[RepeatedChange]) -> bool {
        changes.iter().all(|change| match change.hook() {
            Hook::UpdateStatus => self.first[0] == Repeated::Change(change.clone()),
            _ => self.expiries.contains(change),
        })
    }

    /// How many certificates it asks for in a round, each of which is signed: a round that goes on without them is none
    /// after which it rests.
    pub(super) fn certificates(&self) -> u64 {
        let changes = self.first.iter().filter_map(|repeated| match repeated {
            Repeated::Change(change) | Repeated::Reaction(change) => Some(change),
            Repeated::Expiry(_) | Repeated::Failure(_) => None,
        });
        changes.map(RepeatedChange::requests).sum()
    }

    /// Since when it has done the same.
    pub(super) const fn since(&self) -> Time {
        self.since
    }

    /// What a round begins with.
    pub(super) fn begins(&self) -> &Repeated {
        &self.first[0]
    }

    /// It rests: its rounds are counted anew.
    pub(super) const fn rests(&mut self) {
        self.rounds = 0;
    }

    /// Whether the present round has ended as far as the unit knows, and the unit may rest after it.
    pub(super) fn may_rest(&mut self, now: Time, shifts: u64) -> bool {
        if shifts != self.shifts.0 {
            self.shifts = (shifts, now);
        }
        let is_anew = self.has(RepeatedChange::is_anew);
        let draws = self.has(RepeatedChange::draws);
        let same_for = match (is_anew, draws) {
            (true, _) => SAME_FOR_ANEW,
            (false, true) => UNSHIFTED_FOR,
            (false, false) => SAME_FOR,
        };
        let is_unshifted = now.since(self.shifts.1) >= UNSHIFTED_FOR;
        let is_long = now.since(self.since) >= same_for && (is_unshifted || !(is_anew || draws));
        // What was asked for and is not answered is waited for, by people as well.
        let is_answered = !is_anew || self.first.len() > 1;
        self.rounds >= ROUNDS && is_long && self.present == self.first && is_answered
    }
}
