//! How much is played to find remedies: so many times what the run itself took.
//!
//! It is counted in events and not by a clock, so that an answer does not depend on the machine. A run that takes no
//! time has more: there a bound would only hide what helps.

use trustsim_kernel::Time;
use trustsim_world::Simulation;

/// Events that may be played in any case: a few seconds.
const LEAST: u64 = 4_000_000;
/// How often a future is looked at.
const SLICES: u32 = 200;
/// How many times as much as the run one future may take with another seed, of which many play at once.
const MOST_OF_ONE: u64 = 4;

/// What may still be played.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    left: u64,
    run: u64,
}

impl Effort {
    /// A bound that nothing reaches, for tests.
    pub const UNBOUNDED: Self = Self {
        left: u64::MAX,
        run: 1,
    };

    /// So many events and no more, for tests.
    #[cfg(test)]
    pub(super) const fn least(left: u64) -> Self {
        Self { left, run: 1 }
    }

    /// So many times what a run took.
    pub fn of(run: &Simulation, times: u32) -> Self {
        let run = run.events();
        // More than can be counted is more than is ever played.
        let left = u64::from(times).saturating_mul(run).max(LEAST);
        Self { left, run }
    }

    /// Plays one up to an instant, a slice at a time; whether it came there. `play` plays up to an instant.
    pub(super) fn play(
        &mut self,
        simulation: &mut Simulation,
        until: Time,
        play: impl FnMut(&mut Simulation, Time),
    ) -> bool {
        self.play_slices(simulation.now(), simulation, until, play)
    }

    /// Plays the slices of the time from one instant to another; those that are past were played.
    fn play_slices(
        &mut self,
        from: Time,
        simulation: &mut Simulation,
        until: Time,
        mut play: impl FnMut(&mut Simulation, Time),
    ) -> bool {
        let length = until.since(from);
        assert!(
            from <= until,
            "a future that is at {from} is played to {until}"
        );
        for slice in 1..=SLICES {
            let reached = match slice {
                SLICES => until,
                _ => from + length / SLICES * slice,
            };
            if reached < simulation.now() {
                continue;
            }
            if self.left == 0 {
                return false;
            }
            let before = simulation.events();
            play(simulation, reached);
            // What was left may end within a slice.
            self.left = self.left.saturating_sub(simulation.events() - before);
        }
        true
    }

    /// As [`Effort::play`] does, from the start of the run: what one took that was kept counts as if it was played now, and
    /// has to be affordable.
    pub(super) fn play_from_start(
        &mut self,
        simulation: &mut Simulation,
        until: Time,
        play: impl FnMut(&mut Simulation, Time),
    ) -> bool {
        let (start, played) = (simulation.deployment().start, simulation.events());
        let left = self.left.checked_sub(played);
        self.left = left.expect("what is played on from was affordable");
        self.play_slices(start, simulation, until, play)
    }

    /// Whether a run could have been played as far as this.
    pub(super) const fn affords(self, kept: &Simulation) -> bool {
        kept.events() < self.left
    }

    /// How many plays of a whole run are left, and the effort that each of them has.
    pub(super) fn share(self) -> (u64, Self) {
        // Of a run without events nothing can be divided by.
        let run = self.run.max(1);
        let plays = self.left / run;
        let left = run.saturating_mul(MOST_OF_ONE).max(LEAST);
        (plays, Self { left, run })
    }
}

/// Why nothing came of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// Its run ended early: it has less time to lose anything.
    EndedEarly,
    /// Remedies have taken as long as they may.
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use trustsim_kernel::Span;
    use trustsim_testkit::deployment;
    use trustsim_world::Options;

    /// A future that is played on from a kept world has as much left in the end as one that is played from the start.
    #[test]
    fn what_was_kept_counts_as_if_it_was_played() {
        let begun = Simulation::new(Arc::new(deployment()), Options::default());
        let end = begun.end();
        let left = |kept_s: u64| {
            let mut simulation = begun.clone();
            simulation.run_until(begun.now() + Span::from_secs(kept_s));
            let mut effort = Effort::least(1_000_000);
            assert!(effort.affords(&simulation));
            assert!(effort.play_from_start(&mut simulation, end, Simulation::run_until));
            assert_eq!(simulation.now(), end);
            effort.left
        };
        let from_start = left(0);
        for kept_s in [1, 7, 60, 400] {
            assert_eq!(left(kept_s), from_start, "{kept_s} s");
        }
    }

    #[test]
    fn what_is_spent_is_not_played() {
        let planned = Arc::new(deployment());
        let mut simulation = Simulation::new(planned, Options::default());
        let end = simulation.end();
        let mut effort = Effort { left: 3, run: 1 };
        let mut played = Vec::new();
        let came = effort.play(&mut simulation, end, |simulation, until| {
            simulation.run_until(until);
            played.push(until);
        });
        // Whatever is due at the start is more than three events; what comes later is not played.
        assert!(!came && played.len() < SLICES as usize, "{played:?}");
        assert!(simulation.now() < end && effort.left == 0);
        let before = simulation.now();
        assert!(
            !effort.play(&mut simulation, before + Span::from_secs(1), |_, _| panic!(
                "nothing is left"
            ))
        );
    }
}
