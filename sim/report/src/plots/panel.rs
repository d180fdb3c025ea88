//! Where counts are drawn in a panel: bars that grow upwards from a line, and those that hang from it.

use super::axis::CountAxis;
use super::canvas::Frame;

/// How much of the axis is left free beyond the longest bar, so that its end is seen.
const HEAD_ROOM: f64 = 0.06;
/// The least part of the axis that is upwards.
const LEAST_UP: f64 = 0.1;

/// The scale of a panel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    axis: CountAxis,
    /// The line that bars begin on.
    zero: f64,
    /// Units of the plot for the whole of the axis.
    unit: f64,
}

impl Panel {
    /// Fits the largest counts upwards and downwards into `frame`; where nothing hangs down, the line is its bottom.
    pub(super) fn new(frame: Frame, axis: CountAxis, most_up: u64, most_down: u64) -> Self {
        let up = axis.share(most_up).max(LEAST_UP) + HEAD_ROOM;
        let down = match most_down {
            0 => 0.0,
            count => axis.share(count) + HEAD_ROOM,
        };
        let unit = frame.height() / (up + down);
        Self {
            axis,
            zero: frame.top + up * unit,
            unit,
        }
    }

    /// The line that bars begin on.
    pub(super) const fn zero(&self) -> f64 {
        self.zero
    }

    /// Where a count upwards ends.
    pub(super) fn up(&self, count: u64) -> f64 {
        self.zero - self.axis.share(count) * self.unit
    }

    /// Where a count downwards ends.
    pub(super) fn down(&self, count: u64) -> f64 {
        self.zero + self.axis.share(count) * self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame {
        left: 0.0,
        top: 100.0,
        right: 500.0,
        bottom: 300.0,
    };

    #[test]
    fn the_longest_bars_end_before_the_edges_of_their_panel() {
        let room = 0.02 * FRAME.height();
        for (up, down) in [(1, 0), (7, 0), (150, 3), (5_000, 5_000), (0, 12), (20, 1)] {
            let panel = Panel::new(FRAME, CountAxis::new(up.max(down)), up, down);
            let case = format!("{up} up, {down} down");
            assert!(panel.up(up) > FRAME.top + room, "{case}");
            match down {
                0 => assert!((panel.zero() - FRAME.bottom).abs() < 1e-9, "{case}"),
                down => assert!(panel.down(down) < FRAME.bottom - room, "{case}"),
            }
        }
    }

    #[test]
    fn both_ways_have_one_scale() {
        let panel = Panel::new(FRAME, CountAxis::new(10), 10, 4);
        let (up, down) = (panel.zero() - panel.up(4), panel.down(4) - panel.zero());
        assert!((up - down).abs() < 1e-9);
    }
}
