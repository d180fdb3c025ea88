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
    let began = now();
    let mut bar: Option<ProgressBar> = None;
    for slice in 1..=SLICES {
        let reached = start + length / SLICES * slice;
        simulation.run_until(if slice == SLICES { until } else { reached });
        if bar.is_none() && began.elapsed() > PATIENCE {
            bar = Some(new_bar());
        }
        if let Some(bar) = &bar {
            bar.set_position(u64::from(slice));
            bar.set_message(words(reached.since(start), length));
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
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
