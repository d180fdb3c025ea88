//! Progress in virtual time, drawn only over a terminal and only when a run takes a while.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use trustsim_kernel::{Span, Time, format_duration};
use trustsim_world::Simulation;

/// Before this much real time has passed nothing is drawn.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a long run is looked at.
const SLICES: u32 = 400;

/// Plays from `start` up to `until`. What is played does not depend on whether it is watched.
pub(super) fn play(simulation: &mut Simulation, start: Time, until: Time, watched: bool) {
    if !watched {
        simulation.run_until(until);
        return;
    }
    let length = until.since(start);
    let mut progress = Progress::new(start, until, true);
    for slice in 1..=SLICES {
        let reached = start + length / SLICES * slice;
        simulation.run_until(if slice == SLICES { until } else { reached });
        progress.show(reached);
    }
}

/// How far runs of one length have come, one after the other. It is gone from the terminal when it is dropped.
pub(super) struct Progress {
    start: Time,
    length: Span,
    /// When it began, where it is watched.
    began: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Nothing is drawn yet, and nothing ever where it is not `watched`.
    pub(super) fn new(start: Time, end: Time, watched: bool) -> Self {
        Self {
            start,
            length: end.since(start),
            began: watched.then(now),
            bar: None,
        }
    }

    /// Draws that a run has come to an instant.
    pub(super) fn show(&mut self, reached: Time) {
        let Some(began) = self.began else {
            return;
        };
        if self.bar.is_none() && began.elapsed() > PATIENCE {
            self.bar = Some(new_bar());
        }
        if let Some(bar) = &self.bar {
            let reached = reached.since(self.start);
            let share = reached.as_secs_f64() / self.length.as_secs_f64();
            bar.set_position((share * f64::from(SLICES)) as u64);
            bar.set_message(words(reached, self.length));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let target = ProgressDrawTarget::stderr();
    let bar = ProgressBar::with_draw_target(Some(u64::from(SLICES)), target);
    let style = ProgressStyle::with_template("{bar:30} {msg}");
    bar.with_style(style.expect("the template is one that the library reads"))
}

fn words(reached: Span, length: Span) -> String {
    format!(
        "{} of {} of virtual time",
        format_duration(reached),
        format_duration(length)
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether to draw progress depends on real time; what is played does not"
)]
fn now() -> Instant {
    Instant::now()
}
