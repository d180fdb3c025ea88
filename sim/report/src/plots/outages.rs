//! The outage timeline: one lane a connection, the costliest first.

use std::collections::BTreeMap;

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::Picture;
use super::axis::TimeAxis;
use super::canvas::palette::{GREEN, GREY, INK, LANE, ORANGE, PURPLE, SKY, VERMILION};
use super::canvas::{Anchor, Canvas, Face, Frame};
use super::marks::{Actions, legend, title};
use crate::Run;
use crate::words::number::natural;
use trustsim_diagnosis::Outage;
use trustsim_kernel::{Span, format_duration};
use trustsim_validators::ErrorKind;

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 290.0;
const RIGHT: f64 = WIDTH - 230.0;
const TOP: f64 = 96.0;
const LANE_HEIGHT: f64 = 17.0;
/// Lanes drawn; the rest is counted.
const LANES: usize = 60;
/// Errors, the costliest first; more than these share the last colour.
const COLOURS: [RGBColor; 5] = [VERMILION, PURPLE, ORANGE, SKY, GREEN];

pub(super) struct Outages<'a> {
    run: &'a Run<'a>,
    actions: Actions,
    axis: TimeAxis,
    /// Indices of the connections drawn.
    lanes: Vec<usize>,
    /// Outages of each connection.
    of: BTreeMap<usize, Vec<&'a Outage>>,
    /// Errors with their colour.
    errors: Vec<(ErrorKind, RGBColor)>,
}

impl<'a> Outages<'a> {
    pub(super) fn new(run: &'a Run<'a>) -> Self {
        let connections = &run.manifest.connections;
        let mut lanes: Vec<usize> = (0..connections.len()).collect();
        lanes.sort_by_cached_key(|&index| {
            let lost = run.findings.tallies[index].lost;
            (std::cmp::Reverse(lost), natural(&connections[index].name))
        });
        lanes.truncate(LANES);
        let mut of: BTreeMap<usize, Vec<&Outage>> = BTreeMap::new();
        let mut cost: BTreeMap<ErrorKind, Span> = BTreeMap::new();
        for outage in &run.findings.outages {
            of.entry(outage.connection as usize)
                .or_default()
                .push(outage);
            for (from, until, error) in stretches(outage, run) {
                *cost.entry(error).or_default() += until.since(from);
            }
        }
        let mut errors: Vec<ErrorKind> = cost.keys().copied().collect();
        errors.sort_by_key(|error| (std::cmp::Reverse(cost[error]), error.kebab()));
        let colours = COLOURS.iter().chain(std::iter::repeat(&COLOURS[4]));
        Self {
            run,
            actions: Actions::new(run),
            axis: TimeAxis::new(run.manifest, LEFT, RIGHT),
            lanes,
            of,
            errors: errors.into_iter().zip(colours.copied()).collect(),
        }
    }

    fn frame(&self) -> Frame {
        let lanes = self.lanes.len().max(1) as f64;
        Frame {
            left: LEFT,
            top: TOP,
            right: RIGHT,
            bottom: TOP + lanes * LANE_HEIGHT + 6.0,
        }
    }

    fn colour(&self, error: ErrorKind) -> RGBColor {
        let known = self.errors.iter().find(|(kind, _)| *kind == error);
        known.map_or(GREY, |&(_, colour)| colour)
    }

    fn lane<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        row: usize,
        index: usize,
    ) -> Result<(), String> {
        let connection = &self.run.manifest.connections[index];
        let top = TOP + 3.0 + row as f64 * LANE_HEIGHT;
        let middle = top + LANE_HEIGHT / 2.0;
        let bar = |left: f64, right: f64| Frame {
            left,
            top: top + 2.5,
            right,
            bottom: top + LANE_HEIGHT - 2.5,
        };
        let face = Face::new(12.0, INK).anchored(Anchor::End);
        let name = canvas.fitted(&connection.name, face, LEFT - 24.0);
        canvas.text(LEFT - 8.0, middle, &name, face)?;
        if let Some(first) = connection.first_attempt {
            canvas.fill(bar(self.axis.x(first), RIGHT), LANE)?;
        }
        let outages = self.of.get(&index).map_or(&[][..], Vec::as_slice);
        for outage in outages {
            for (from, until, error) in stretches(outage, self.run) {
                let left = self.axis.x(from);
                // However short, an outage is seen.
                let right = self.axis.x(until).max(left + 2.0);
                canvas.fill(bar(left, right), self.colour(error))?;
            }
        }
        let tally = &self.run.findings.tallies[index];
        let face = Face::new(12.0, GREY);
        let words = match (outages, connection.first_attempt) {
            (_, None) => "never attempted".to_owned(),
            ([], _) => "ok".to_owned(),
            ([only], _) => format!("{}  {}", format_duration(tally.lost), only.error),
            ([first, ..], _) => format!(
                "{}  {} x{}",
                format_duration(tally.lost),
                first.error,
                outages.len()
            ),
        };
        let words = canvas.fitted(&words, face, WIDTH - RIGHT - 20.0);
        canvas.text(RIGHT + 8.0, middle, &words, face)
    }

    /// What is not drawn.
    fn left_out(&self) -> Option<String> {
        let all = self.run.manifest.connections.len();
        let hidden = all - self.lanes.len();
        let failing = self.of.len();
        // Lanes that are left over are of connections that do not fail.
        let hidden_failing = failing.saturating_sub(self.lanes.len());
        (hidden > 0).then(|| {
            format!(
                "{hidden} more connections are not drawn: {hidden_failing} with shorter outages, \
                 {} without; outages.csv has them",
                hidden - hidden_failing
            )
        })
    }
}

impl Picture for Outages<'_> {
    const NAME: &'static str = "plot-outages";

    fn size(&self) -> (u32, u32) {
        let height = self.frame().bottom + 74.0 + self.actions.height();
        (WIDTH as u32, height as u32)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Result<(), String> {
        let findings = self.run.findings;
        let lost: Span = findings.tallies.iter().map(|tally| tally.lost).sum();
        let subtitle = match findings.outages.len() {
            0 => format!("no outage on {} connections", findings.tallies.len()),
            outages => format!(
                "{outages} outages on {} of {} connections, {} lost in all",
                self.of.len(),
                findings.tallies.len(),
                format_duration(lost)
            ),
        };
        let name = &self.run.manifest.name;
        title(canvas, &format!("{name}: outages"), &subtitle)?;
        let mut words: Vec<(RGBColor, &str)> = vec![(LANE, "watched, ok")];
        words.extend(
            self.errors
                .iter()
                .map(|&(error, colour)| (colour, error.kebab())),
        );
        legend(canvas, 16.0, 62.0, &words)?;
        let frame = self.frame();
        self.axis.draw(canvas, frame, true)?;
        for (row, &index) in self.lanes.iter().enumerate() {
            self.lane(canvas, row, index)?;
        }
        self.actions.rules(canvas, &self.axis, frame)?;
        if let Some(note) = self.left_out() {
            let face = Face::new(12.0, INK);
            canvas.text(16.0, frame.bottom + 39.0, &note, face)?;
        }
        let list = frame.bottom + 62.0;
        self.actions.list(canvas, 40.0, list, WIDTH - 70.0)
    }
}

/// The parts of an outage with one error each.
fn stretches<'o>(
    outage: &'o Outage,
    run: &Run<'_>,
) -> impl Iterator<Item = (trustsim_kernel::Time, trustsim_kernel::Time, ErrorKind)> + 'o {
    let end = outage.until.unwrap_or(run.end());
    let starts = std::iter::once((outage.from, outage.error)).chain(
        outage
            .changes
            .iter()
            .map(|change| (change.at, change.error)),
    );
    let ends = outage.changes.iter().map(|change| change.at);
    let ends = ends.chain(std::iter::once(end));
    starts
        .zip(ends)
        .map(|((from, error), until)| (from, until, error))
}
