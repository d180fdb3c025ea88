//! Handshakes and failures over time: verdicts judged, and connections failing at each instant.

use plotters::prelude::DrawingBackend;

use super::Picture;
use super::axis::{CountAxis, TimeAxis};
use super::canvas::palette::{BLUE, GREY, INK, RULE, VERMILION};
use super::canvas::{Anchor, Canvas, Face, Frame};
use super::marks::{Actions, legend, title};
use super::panel::Panel;
use crate::Run;
use crate::words::number::grouped;
use trustsim_kernel::{Time, format_duration};
use trustsim_model::Kind;
use trustsim_validators::Outcome;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 92.0;
const PANEL: f64 = 190.0;
const GAP: f64 = 50.0;

pub(super) struct Handshakes<'a> {
    run: &'a Run<'a>,
    actions: Actions,
    axis: TimeAxis,
    bin: trustsim_kernel::Span,
    /// Good and failed verdicts of each bin.
    bins: Vec<(u64, u64)>,
    /// How many connections fail from each instant on.
    failing: Vec<(Time, u64)>,
}

impl<'a> Handshakes<'a> {
    pub(super) fn new(run: &'a Run<'a>) -> Self {
        let axis = TimeAxis::new(run.manifest, LEFT, RIGHT);
        let bin = axis.bin(230);
        let mut bins = vec![(0, 0); axis.bin_of(run.end(), bin) + 1];
        let last = bins.len() - 1;
        for entry in run.journal.entries() {
            if let Kind::Handshake(record) = &entry.kind {
                let (good, bad) = &mut bins[axis.bin_of(entry.time, bin).min(last)];
                match record.verdict.outcome() {
                    Outcome::Ok => *good += 1,
                    Outcome::Failed => *bad += 1,
                }
            }
        }
        Self {
            run,
            actions: Actions::new(run),
            axis,
            bin,
            bins,
            failing: failing(run),
        }
    }

    fn verdicts<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
    ) -> Result<(), String> {
        let most = |part: fn(&(u64, u64)) -> u64| self.bins.iter().map(part).max().unwrap_or(0);
        let (good, bad) = (most(|bin| bin.0), most(|bin| bin.1));
        let scale = CountAxis::new(good.max(bad));
        // Failures hang from the same line that good verdicts begin on.
        let panel = Panel::new(frame, scale, good, bad);
        let face = Face::new(11.0, GREY).anchored(Anchor::End);
        for tick in scale.ticks() {
            for (limit, y) in [(good, panel.up(tick)), (bad, panel.down(tick))] {
                if tick <= limit {
                    canvas.line((LEFT, y), (RIGHT, y), RULE)?;
                    canvas.text(LEFT - 6.0, y, &tick.to_string(), face)?;
                }
            }
        }
        for (index, &(good, bad)) in self.bins.iter().enumerate() {
            let (left, right) = self.axis.bin_edges(index, self.bin);
            let right = right.max(left + 2.0);
            let zero = panel.zero();
            let bar = |count: u64, end: f64, colour| {
                let bar = Frame {
                    left,
                    top: zero.min(end),
                    right: right - 0.5,
                    bottom: zero.max(end),
                };
                if count > 0 {
                    canvas.fill(bar, colour)
                } else {
                    Ok(())
                }
            };
            bar(good, panel.up(good), BLUE)?;
            bar(bad, panel.down(bad), VERMILION)?;
        }
        canvas.line((LEFT, panel.zero()), (RIGHT, panel.zero()), GREY)?;
        let label = format!(
            "verdicts judged per {}{}",
            format_duration(self.bin),
            scale.scale_word()
        );
        let face = Face::new(12.0, INK).bold();
        canvas.text(LEFT, frame.top - 24.0, &label, face)?;
        let x = LEFT + canvas.width(&label, face) + 24.0;
        let words = [(BLUE, "ok, upwards"), (VERMILION, "failed, downwards")];
        legend(canvas, x, frame.top - 24.0, &words)
    }

    fn connections<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
    ) -> Result<(), String> {
        let most = self.failing.iter().map(|&(_, count)| count).max();
        // Where no connection fails there is nothing to scale.
        let most = most.unwrap_or(0).max(1);
        let scale = CountAxis::new(most);
        let panel = Panel::new(frame, scale, most, 0);
        let face = Face::new(11.0, GREY).anchored(Anchor::End);
        let y = |count: u64| panel.up(count);
        for tick in std::iter::once(0).chain(scale.ticks()) {
            canvas.line((LEFT, y(tick)), (RIGHT, y(tick)), RULE)?;
            canvas.text(LEFT - 6.0, y(tick), &tick.to_string(), face)?;
        }
        let ends = self.failing.iter().skip(1).map(|&(time, _)| time);
        let ends = ends.chain(std::iter::once(self.run.end()));
        for (&(from, count), until) in self.failing.iter().zip(ends) {
            if count == 0 {
                continue;
            }
            let left = self.axis.x(from);
            let step = Frame {
                left,
                top: y(count),
                // However short, a failure is seen.
                right: self.axis.x(until).max(left + 2.0),
                bottom: frame.bottom,
            };
            canvas.fill(step, VERMILION)?;
        }
        let total = self.run.manifest.connections.len();
        let label = format!("connections failing, of {total}{}", scale.scale_word());
        canvas.text(LEFT, frame.top - 24.0, &label, Face::new(12.0, INK).bold())
    }
}

impl Picture for Handshakes<'_> {
    const NAME: &'static str = "plot-handshakes";

    fn size(&self) -> (u32, u32) {
        let height = TOP + 2.0 * PANEL + GAP + 62.0 + self.actions.height();
        (WIDTH as u32, height as u32)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), String> {
        let tallies = &self.run.findings.tallies;
        let attempts: u64 = tallies.iter().map(|tally| tally.attempts).sum();
        let failed: u64 = tallies.iter().map(|tally| tally.failed_attempts).sum();
        let judged: u64 = tallies.iter().map(|tally| tally.real + tally.reused).sum();
        let real: u64 = tallies.iter().map(|tally| tally.real).sum();
        title(
            canvas,
            &format!("{}: handshakes and failures", self.run.manifest.name),
            &format!(
                "{} connections, {} attempts, {} of them failed; {} verdicts judged, {} of them by \
                 a real handshake",
                tallies.len(),
                grouped(attempts),
                grouped(failed),
                grouped(judged),
                grouped(real)
            ),
        )?;
        let panel = |top: f64| Frame {
            left: LEFT,
            top,
            right: RIGHT,
            bottom: top + PANEL,
        };
        let (upper, lower) = (panel(TOP), panel(TOP + PANEL + GAP));
        self.axis.draw(canvas, upper, false)?;
        self.axis.draw(canvas, lower, true)?;
        self.verdicts(canvas, upper)?;
        self.connections(canvas, lower)?;
        self.actions.rules(canvas, &self.axis, upper)?;
        self.actions.rules(canvas, &self.axis, lower)?;
        let list = lower.bottom + 58.0;
        self.actions.list(canvas, LEFT, list, RIGHT - LEFT - 10.0)
    }
}

/// How many connections fail from each instant on, from the outages.
fn failing(run: &Run<'_>) -> Vec<(Time, u64)> {
    let mut steps: Vec<(Time, i64)> = Vec::new();
    for outage in &run.findings.outages {
        steps.push((outage.from, 1));
        if let Some(until) = outage.until {
            steps.push((until, -1));
        }
    }
    steps.sort_unstable();
    let mut failing: Vec<(Time, u64)> = Vec::new();
    let mut count: i64 = 0;
    for (time, step) in steps {
        count += step;
        let now = u64::try_from(count).expect("no more connections recover than fail");
        match failing.last_mut() {
            Some(last) if last.0 == time => last.1 = now,
            _ => failing.push((time, now)),
        }
    }
    failing
}
