//! An order in which relations are made, for a terminal: the steps with their commands, then what came of playing them.

use super::names::not_played;
use super::style::{self, paint};
use super::{Align, Cell, Detail, Table, shown_of};
use crate::unplayed::Unplayed;
use crate::words::number::counted;
use crate::words::order::{self as words, Among};
use trustsim_kernel::{format_duration, visible};
use trustsim_whatif::{OrderPlay, PlayedOrder, RelationOrder, StepKind};

/// Renders it.
pub fn order(found: &RelationOrder, unplayed: &Unplayed, detail: Detail) -> String {
    let mut text = format!(
        "{}, each once every unit is idle and has what it asked for\n\n{}",
        counted(found.steps.len() as u64, "step"),
        steps(found)
    );
    let mut steps = found.steps.iter();
    let is_refresh = steps.any(|step| step.kind == StepKind::Refresh);
    for one in &found.unordered {
        text.push_str(&format!(
            "\n{}: {}\n",
            paint(style::WAIT, "cannot be ordered"),
            visible(&words::unordered(one))
        ));
    }
    let failing_anyway = match is_refresh {
        true => "fails before any refresh",
        false => "fails however it is done",
    };
    if !found.failing_anyway.is_empty() {
        text.push_str(&format!(
            "\n{}: {}: `trustsim ask trust` and `trustsim ask names` tell why\n",
            paint(style::WAIT, failing_anyway),
            visible(&found.failing_anyway.join(", "))
        ));
    }
    // Of no connection nothing was played.
    if unplayed.has_connections {
        for play in &found.plays {
            let among = Among {
                is_refresh,
                others: !found.failing_anyway.is_empty(),
            };
            text.push_str(&played(play, among, detail));
        }
        if let Some([found, at_once]) = found.better_at_once() {
            text.push_str(&format!(
                "\n{}: all steps at once, one right after the other: {} lost in place of {}\n",
                paint(style::GOOD, "better"),
                format_duration(at_once),
                format_duration(found)
            ));
        }
    }
    if !found.not_proven.is_empty() {
        text.push_str(&format!(
            "\n{}: {}: the charm of the server has no description\n",
            paint(style::WAIT, "not proven"),
            visible(&found.not_proven.join(", "))
        ));
    }
    text.push_str(&not_played(unplayed));
    text
}

fn steps(found: &RelationOrder) -> String {
    let mut table = Table::new(&[
        ("Step", Align::Right),
        ("Command", Align::Left),
        ("From then on", Align::Left),
        ("After", Align::Left),
    ]);
    for (number, step) in (1_u32..).zip(&found.steps) {
        let commands = words::commands(step);
        let last = commands.len().saturating_sub(1);
        for (place, command) in commands.iter().enumerate() {
            let of_step = |text: String| match place == last {
                true => text,
                false => String::new(),
            };
            let number = match place {
                0 => number.to_string(),
                _ => String::new(),
            };
            table.row([
                Cell::plain(&number),
                Cell::plain(command),
                Cell::plain(&of_step(words::what(step))),
                Cell::plain(&of_step(words::after(step))),
            ]);
        }
    }
    table.render()
}

/// What came of an order. Without `--verbose` a few of the connections that failed are named.
fn played(play: &OrderPlay, among: Among, detail: Detail) -> String {
    let colour = match (play.order, play.failures.is_empty()) {
        (_, true) => style::GOOD,
        (PlayedOrder::Found, false) => style::BAD,
        (PlayedOrder::Opposite | PlayedOrder::AtOnce, false) => style::WAIT,
    };
    let mut text = format!(
        "\n{} {}\n",
        paint(colour, "played"),
        visible(&words::outcome(play, among))
    );
    let shown = shown_of(play.failures.len(), detail);
    for one in &play.failures[..shown] {
        text.push_str(&format!("  {}\n", visible(&words::failure(one))));
    }
    if play.failures.len() > shown {
        text.push_str(&format!("  {} more\n", play.failures.len() - shown));
    }
    text
}
