//! What plots have in common: the title, legends, and numbered rules where something was done.

use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;

use super::axis::TimeAxis;
use super::canvas::palette::{GREY, INK};
use super::canvas::{Anchor, Canvas, Face, Frame};
use crate::Run;
use crate::words::entry;
use trustsim_kernel::{Time, format_duration};
use trustsim_model::Kind;

/// Actions with a number and a line of text.
const LISTED: usize = 8;
/// Height of one listed action.
const LINE: f64 = 15.0;

/// Title and subtitle.
pub(super) fn title<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    title: &str,
    subtitle: &str,
) -> Result<(), String> {
    canvas.text(16.0, 18.0, title, Face::new(17.0, INK).bold())?;
    canvas.text(16.0, 39.0, subtitle, Face::new(12.0, GREY))
}

/// Coloured squares and their words, from left to right.
pub(super) fn legend<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    mut x: f64,
    y: f64,
    entries: &[(RGBColor, &str)],
) -> Result<(), String> {
    let face = Face::new(12.0, INK);
    for (colour, word) in entries {
        let square = Frame {
            left: x,
            top: y - 5.0,
            right: x + 10.0,
            bottom: y + 5.0,
        };
        canvas.fill(square, *colour)?;
        canvas.text(x + 15.0, y, word, face)?;
        x += 15.0 + canvas.width(word, face) + 22.0;
    }
    Ok(())
}

/// What was done to the deployment, and when.
pub(super) struct Actions {
    marks: Vec<(Time, String)>,
}

impl Actions {
    pub(super) fn new(run: &Run<'_>) -> Self {
        let start = run.manifest.start;
        let entries = run.journal.entries().iter();
        let marks = entries
            .filter_map(|entry| match &entry.kind {
                Kind::Action(record) => {
                    let command = record.action().to_command(&run.manifest.deployment);
                    let place = entry::place(record.source());
                    let place = place.map_or_else(String::new, |place| format!("  ({place})"));
                    let offset = format_duration(entry.time.since(start));
                    Some((entry.time, format!("{offset}  {command}{place}")))
                }
                _ => None,
            })
            .collect();
        Self { marks }
    }

    /// Height of the list of actions.
    pub(super) fn height(&self) -> f64 {
        let lines = self.marks.len().min(LISTED) + usize::from(self.marks.len() > LISTED);
        lines as f64 * LINE
    }

    /// A dashed rule at each action, numbered above `frame`.
    pub(super) fn rules<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        axis: &TimeAxis,
        frame: Frame,
    ) -> Result<(), String> {
        let face = Face::new(11.0, INK).bold().anchored(Anchor::Middle);
        // Neighbours too close for a label each share one: `2-3`.
        let mut label: Option<(f64, usize, usize)> = None;
        let show = |(x, first, last): (f64, usize, usize)| {
            let text = match (first, last) {
                (first, last) if first == last => first.to_string(),
                (first, last) => format!("{first}-{last}"),
            };
            canvas.text(x, frame.top - 8.0, &text, face)
        };
        let mut last_x = f64::MIN;
        for (index, (time, _)) in self.marks.iter().enumerate() {
            let x = axis.x(*time);
            if x - last_x > 1.0 {
                canvas.dashes(x, frame.top, frame.bottom, GREY)?;
                last_x = x;
            }
            if index >= LISTED {
                continue;
            }
            label = match label {
                Some((at, first, _)) if x - at < 22.0 => Some((at, first, index + 1)),
                before => {
                    if let Some(before) = before {
                        show(before)?;
                    }
                    Some((x, index + 1, index + 1))
                }
            };
        }
        label.map_or(Ok(()), show)
    }

    /// The numbered actions in words, from `y` downwards.
    pub(super) fn list<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        x: f64,
        y: f64,
        room: f64,
    ) -> Result<(), String> {
        let face = Face::new(12.0, INK);
        for (index, (_, words)) in self.marks.iter().take(LISTED).enumerate() {
            let y = y + index as f64 * LINE;
            let number = (index + 1).to_string();
            canvas.text(x, y, &number, face.bold().anchored(Anchor::End))?;
            let words = canvas.fitted(words, face, room);
            canvas.text(x + 8.0, y, &words, face)?;
        }
        if self.marks.len() > LISTED {
            let y = y + LISTED as f64 * LINE;
            let more = format!("and {} more, in journal.csv", self.marks.len() - LISTED);
            canvas.text(x + 8.0, y, &more, Face::new(12.0, GREY))?;
        }
        Ok(())
    }
}
