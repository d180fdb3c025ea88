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
        mut play: impl FnMut(&mut Simulation, Time),
    ) -> bool {
        let from = simulation.now();
        let length = until.since(from);
        assert!(
            from <= until,
            "a future that is at {from} is played to {until}"
        );
        for slice in 1..=SLICES {
            if self.left == 0 {
                return false;
            }
            let reached = match slice {
                SLICES => until,
                _ => from + length / SLICES * slice,
            };
            let before = simulation.events();
            play(simulation, reached);
            // What was left may end within a slice.
            self.left = self.left.saturating_sub(simulation.events() - before);
        }
        true
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
