//! The axis of virtual time, and axes of counts.

use plotters::prelude::DrawingBackend;

use super::canvas::palette::{GREY, INK, RULE};
use super::canvas::{Anchor, Canvas, Face, Frame};
use trustsim_kernel::{Span, Time, format_duration};
use trustsim_model::Manifest;

const DAY: u64 = 86_400;

/// Distances between ticks, in seconds.
const STEPS_S: [u64; 27] = [
    1,
    2,
    5,
    10,
    30,
    60,
    120,
    300,
    600,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    DAY,
    2 * DAY,
    5 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    60 * DAY,
    90 * DAY,
    180 * DAY,
    365 * DAY,
    730 * DAY,
    3_650 * DAY,
];

/// Virtual time from left to right.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeAxis {
    start: Time,
    length: Span,
    left: f64,
    right: f64,
}

impl TimeAxis {
    pub(super) fn new(manifest: &Manifest, left: f64, right: f64) -> Self {
        Self {
            start: manifest.start,
            length: manifest.duration.max(Span::from_secs(1)),
            left,
            right,
        }
    }

    pub(super) fn x(&self, time: Time) -> f64 {
        let share = time.since(self.start).as_secs_f64() / self.length.as_secs_f64();
        self.left + share.min(1.0) * (self.right - self.left)
    }

    /// Equal parts of the axis, and how long each is: one of the tick distances or a simple
    /// part of one, so that a bin is a length that people know.
    pub(super) fn bin(&self, at_most: u64) -> Span {
        let seconds = self.length.as_secs_f64();
        let step = STEPS_S
            .iter()
            .find(|&&step| seconds / step as f64 <= at_most as f64);
        // A longer run has more bins of the longest step.
        Span::from_secs(*step.unwrap_or(&STEPS_S[STEPS_S.len() - 1]))
    }

    /// Index of the bin of this length that an instant falls into.
    pub(super) fn bin_of(&self, time: Time, bin: Span) -> usize {
        assert!(!bin.is_zero(), "a bin takes time");
        let index = time.since(self.start).as_nanos() / bin.as_nanos();
        usize::try_from(index).expect("an axis has as many bins as it has room for")
    }

    /// Left and right edge of a bin.
    pub(super) fn bin_edges(&self, index: usize, bin: Span) -> (f64, f64) {
        let at = |index: usize| {
            let index = u32::try_from(index).expect("an axis has as many bins as it has room for");
            let offset = bin * index;
            self.x(self.start + offset)
        };
        (at(index), at(index + 1))
    }

    /// Grid lines through `frame`, with labels under it: the time since the start over the date.
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
        labels: bool,
    ) -> Result<(), String> {
        let step = self.bin(12);
        let face = Face::new(11.0, INK).anchored(Anchor::Middle);
        let dim = Face::new(10.0, GREY).anchored(Anchor::Middle);
        let mut offset = Span::ZERO;
        while offset <= self.length {
            let time = self.start + offset;
            let x = self.x(time);
            canvas.line((x, frame.top), (x, frame.bottom), RULE)?;
            if labels {
                canvas.text(x, frame.bottom + 10.0, &format_duration(offset), face)?;
                canvas.text(x, frame.bottom + 23.0, &stamp(time, step), dim)?;
            }
            offset += step;
        }
        canvas.line(
            (frame.left, frame.bottom),
            (frame.right, frame.bottom),
            GREY,
        )?;
        if labels {
            let title = format!("virtual time since {}", self.start);
            let middle = f64::midpoint(frame.left, frame.right);
            canvas.text(middle, frame.bottom + 39.0, &title, dim)?;
        }
        Ok(())
    }
}

/// The date, or the time of day where ticks are less than a day apart.
fn stamp(time: Time, step: Span) -> String {
    let text = time.to_string();
    let (date, rest) = text
        .split_once('T')
        .expect("an instant is a date and a time");
    if step.as_secs() >= DAY {
        return date.to_owned();
    }
    rest[..8].to_owned()
}

/// Counts from zero upwards: linear while small, else by the logarithm of one more, so that one
/// failure is seen beside a thousand.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountAxis {
    most: u64,
    log: bool,
}

impl CountAxis {
    pub(super) fn new(most: u64) -> Self {
        let most = most.max(1);
        Self {
            most,
            log: most > 20,
        }
    }

    /// Which part of the axis a count takes, 0 to 1.
    pub(super) fn share(&self, count: u64) -> f64 {
        let scaled = |count: u64| {
            if self.log {
                log2_of_next(count)
            } else {
                count as f64
            }
        };
        scaled(count.min(self.most)) / scaled(self.most)
    }

    /// Counts worth a label.
    pub(super) fn ticks(&self) -> Vec<u64> {
        if self.log {
            let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
            let mut ticks: Vec<u64> = powers.take_while(|&power| power < self.most).collect();
            // The top has a label unless the last power is right under it.
            if ticks.last().is_none_or(|&last| last * 2 < self.most) {
                ticks.push(self.most);
            }
            return ticks;
        }
        let step = self.most.div_ceil(4).max(1);
        (1..=self.most / step).map(|index| index * step).collect()
    }

    pub(super) const fn scale_word(&self) -> &'static str {
        if self.log { " (log scale)" } else { "" }
    }
}

/// Base-2 logarithm of `count + 1`, exact at powers of two and straight between them: only
/// additions and divisions, so that the same count is the same pixel on every machine.
fn log2_of_next(count: u64) -> f64 {
    let number = count.saturating_add(1);
    let whole = number.ilog2();
    let power = (1_u64 << whole) as f64;
    f64::from(whole) + (number as f64 - power) / power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_linear_while_small() {
        let axis = CountAxis::new(8);
        assert_eq!(axis.share(4), 0.5);
        assert_eq!(axis.ticks(), [2, 4, 6, 8]);
        assert_eq!(axis.scale_word(), "");
        assert_eq!(CountAxis::new(0).ticks(), [1]);
    }

    #[test]
    fn many_counts_are_logarithmic_and_still_ordered() {
        let axis = CountAxis::new(5_000);
        assert_eq!((axis.share(0), axis.share(5_000)), (0.0, 1.0));
        assert!(axis.share(1) > 0.05);
        assert!((0..5_000).all(|count| axis.share(count) < axis.share(count + 1)));
        assert_eq!(axis.ticks(), [1, 10, 100, 1_000, 5_000]);
    }
}
