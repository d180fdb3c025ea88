//! A rehearsal of a rotation as tables for a terminal and as JSON.

use serde_json::{Value, json};

use super::terminal::style::{BAD, DETAIL, GOOD, PLAIN, STRONG, WAIT, paint};
use super::terminal::{Align, Cell, Table};
use trustsim_kernel::{Span, format_duration};
use trustsim_rehearsal::{Command, Doing, Judged, Pause, Quadrant, Rehearsal, Rehearsed};

/// Every playbook in a row; then, of the best one that loses nothing, what shows that its pauses
/// are the shortest, the invariants and the timetable. Where there is none: what the best costs.
pub fn tables(rehearsal: &Rehearsal) -> String {
    let mut text = format!(
        "{}  {} ({}) from {}, {} futures played with {}\n\n",
        paint(STRONG, "Rotation"),
        rehearsal.ca,
        rehearsal.charm,
        rehearsal.at,
        rehearsal.plays,
        seeds(&rehearsal.seeds),
    );
    text.push_str(&overview(rehearsal).render());
    for unfit in &rehearsal.unfit {
        let names = unfit.names.join(", ");
        text.push_str(&format!(
            "{} {names}: {}\n",
            paint(DETAIL, "not played"),
            unfit.why
        ));
    }
    let shown = match rehearsal.safe() {
        Some(safe) => {
            text.push_str(&format!("\n{}: {}\n", paint(GOOD, safe.name), safe.about));
            text.push_str(&edges(safe, rehearsal.seeds.len() > 1));
            Some(safe)
        }
        None => {
            text.push_str(&no_safe_one(rehearsal));
            rehearsal.playbooks.first()
        }
    };
    if let Some(shown) = shown {
        text.push_str(&format!("\n{}\n", paint(STRONG, "Invariants")));
        text.push_str(&invariants(shown).render());
        if !shown.two_by_two.is_empty() {
            text.push('\n');
            text.push_str(&two_by_two(&shown.two_by_two).render());
        }
        text.push_str(&format!("\n{}\n", paint(STRONG, "Timetable")));
        text.push_str(&timetable(&shown.timetable).render());
        let times = match shown.is_safe() {
            true => "the times are the earliest that lost nothing here",
            false => "no longer wait makes it lose nothing here",
        };
        text.push_str(&format!(
            "\nGo on only when a check holds, however long that takes: {times}.\n"
        ));
    }
    text
}

fn overview(rehearsal: &Rehearsal) -> Table {
    let mut table = Table::new(&[
        ("Playbook", Align::Left),
        ("Outcome", Align::Left),
        ("Before switch", Align::Right),
        ("Before withdrawal", Align::Right),
        ("Overlap", Align::Right),
        ("Lost", Align::Right),
        ("Failing", Align::Right),
    ]);
    for each in &rehearsal.playbooks {
        let (outcome, style) = match (each.is_safe(), each.is_possible()) {
            (true, _) => ("safe", GOOD),
            (false, true) => ("loses", BAD),
            (false, false) => ("cannot", WAIT),
        };
        let pause = |pick: fn(&trustsim_rehearsal::Pauses) -> Span| {
            let pauses = each.pauses.as_ref();
            pauses.map_or_else(|| "-".to_owned(), |pauses| format_duration(pick(pauses)))
        };
        let (lost, failing) = match each.is_possible() {
            true => (
                format_duration(seconds(each.lost.total)),
                each.lost.connections.to_string(),
            ),
            false => ("-".to_owned(), "-".to_owned()),
        };
        table.row([
            Cell::plain(each.name),
            Cell::new(outcome, style),
            Cell::plain(&pause(|pauses| pauses.before_switch.length)),
            Cell::plain(&pause(|pauses| pauses.before_withdrawal.length)),
            Cell::plain(&pause(trustsim_rehearsal::Pauses::overlap)),
            Cell::plain(&lost),
            Cell::plain(&failing),
        ]);
    }
    table
}

/// `seed 1`, or `seeds 1 to 3`.
fn seeds(seeds: &[u64]) -> String {
    match seeds {
        [] => String::new(),
        [only] => format!("seed {only}"),
        [first, .., last] => format!("seeds {first} to {last}"),
    }
}

/// With several seeds, also which of them needs a pause to be so long.
fn edges(safe: &Rehearsed, has_several: bool) -> String {
    let Some(pauses) = &safe.pauses else {
        return String::new();
    };
    let edge = |name: &str, pause: &Pause| match &pause.one_second_less {
        Some(short) => {
            let seed = match has_several {
                true => format!(" and seed {}", short.seed),
                false => String::new(),
            };
            format!(
                "  {name}: {}; with one second less{seed} {}\n",
                format_duration(pause.length),
                short.why
            )
        }
        None => format!("  {name}: none is needed\n"),
    };
    edge("before the switch", &pauses.before_switch)
        + &edge("before the withdrawal", &pauses.before_withdrawal)
}

fn no_safe_one(rehearsal: &Rehearsal) -> String {
    let mut text = format!("\n{}\n", paint(BAD, "No playbook is without downtime."));
    let Some(best) = rehearsal
        .playbooks
        .first()
        .filter(|best| best.is_possible())
    else {
        return text;
    };
    let worst = best.lost.worst.as_deref().unwrap_or_default();
    text.push_str(&format!(
        "The least is that of {}: {} in all, at most {} ({worst}).\n",
        best.name,
        format_duration(seconds(best.lost.total)),
        format_duration(seconds(best.lost.most)),
    ));
    if let Some(first) = &best.lost.first {
        text.push_str(&format!("First {first}.\n"));
    }
    text
}

fn invariants(shown: &Rehearsed) -> Table {
    let mut table = Table::new(&[
        ("", Align::Left),
        ("Invariant", Align::Left),
        ("Judged", Align::Left),
        ("Message", Align::Left),
    ]);
    for (invariant, judged) in &shown.invariants {
        let (word, style, message) = match judged {
            Judged::Held => ("held", GOOD, ""),
            Judged::Broken(message) => ("broken", BAD, message.as_str()),
            Judged::NotApplicable(why) => ("n/a", WAIT, why.as_str()),
        };
        table.row([
            Cell::new(invariant.number(), DETAIL),
            Cell::plain(invariant.name()),
            Cell::new(word, style),
            Cell::plain(message),
        ]);
    }
    table
}

fn two_by_two(quadrants: &[Quadrant]) -> Table {
    let mut table = Table::new(&[
        ("Leaf", Align::Left),
        ("Bundle", Align::Left),
        ("Verified", Align::Right),
        ("Refused", Align::Left),
    ]);
    let word = |is_new: bool| if is_new { "new" } else { "old" };
    for quadrant in quadrants {
        table.row([
            Cell::plain(word(quadrant.new_leaf)),
            Cell::plain(word(quadrant.new_bundle)),
            Cell::plain(&quadrant.verified.to_string()),
            Cell::plain(quadrant.refused.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

fn timetable(commands: &[Command]) -> Table {
    let mut table = Table::new(&[
        ("When", Align::Left),
        ("", Align::Left),
        ("What", Align::Left),
    ]);
    for command in commands {
        let (word, style) = match command.doing {
            Doing::Command => ("", STRONG),
            Doing::ByHand => ("by hand", PLAIN),
            Doing::Awaited => ("on call", PLAIN),
            Doing::Check => ("check", GOOD),
        };
        table.row([
            Cell::plain(&when(command)),
            Cell::new(word, style),
            Cell::new(&command.text, style),
        ]);
    }
    table
}

fn when(command: &Command) -> String {
    match command.beforehand {
        true => "beforehand".to_owned(),
        false => format!("T+{}", format_duration(command.at)),
    }
}

/// Whole seconds, rounded up: an outage is never none.
fn seconds(span: Span) -> Span {
    let whole = Span::from_secs(span.as_secs());
    match span.subsec_nanos() {
        0 => whole,
        _ => whole + Span::from_secs(1),
    }
}

/// The rehearsal as data: durations in seconds.
pub fn rehearsal(rehearsal: &Rehearsal) -> Value {
    let playbooks: Vec<Value> = rehearsal.playbooks.iter().map(playbook).collect();
    let unfit = rehearsal.unfit.iter();
    let unfit: Vec<Value> = unfit
        .map(|unfit| json!({ "names": unfit.names, "why": unfit.why }))
        .collect();
    json!({
        "ca": rehearsal.ca,
        "charm": rehearsal.charm,
        "at": rehearsal.at.to_string(),
        "plays": rehearsal.plays,
        "seeds": rehearsal.seeds,
        "safe": rehearsal.safe().map(|safe| safe.name),
        "playbooks": playbooks,
        "unfit": unfit,
    })
}

fn pause(pause: &Pause) -> Value {
    json!({
        "length_s": pause.length.as_secs(),
        "one_second_less": pause.one_second_less.as_ref().map(|short| &short.why),
        "seed": pause.one_second_less.as_ref().map(|short| short.seed),
    })
}

fn playbook(each: &Rehearsed) -> Value {
    let pauses = each.pauses.as_ref().map(|pauses| {
        json!({
            "before_switch": pause(&pauses.before_switch),
            "before_withdrawal": pause(&pauses.before_withdrawal),
            "overlap_s": pauses.overlap().as_secs(),
        })
    });
    let invariants: Vec<Value> = each
        .invariants
        .iter()
        .map(|(invariant, judged)| {
            let (judged, message) = match judged {
                Judged::Held => ("held", None),
                Judged::Broken(message) => ("broken", Some(message)),
                Judged::NotApplicable(why) => ("not-applicable", Some(why)),
            };
            json!({
                "invariant": invariant.number(),
                "code": invariant.code(),
                "name": invariant.name(),
                "judged": judged,
                "message": message,
            })
        })
        .collect();
    let two_by_two: Vec<Value> = each
        .two_by_two
        .iter()
        .map(|quadrant| {
            json!({
                "leaf": if quadrant.new_leaf { "new" } else { "old" },
                "bundle": if quadrant.new_bundle { "new" } else { "old" },
                "verified": quadrant.verified,
                "refused": quadrant.refused,
            })
        })
        .collect();
    let timetable: Vec<Value> = each
        .timetable
        .iter()
        .map(|command| {
            json!({
                "beforehand": command.beforehand,
                "offset_s": command.at.as_secs(),
                "doing": command.doing.name(),
                "command": command.text,
            })
        })
        .collect();
    json!({
        "name": each.name,
        "about": each.about,
        "outcome": match (each.is_safe(), each.is_possible()) {
            (true, _) => "safe",
            (false, true) => "loses",
            (false, false) => "cannot",
        },
        "pauses": pauses,
        "lost_s": each.is_possible().then_some(each.lost.total.as_secs_f64()),
        "lost_most_s": each.lost.most.as_secs_f64(),
        "worst": each.lost.worst,
        "failing": each.lost.connections,
        "restarts_s": each.lost.restarts.as_secs_f64(),
        "first": each.lost.first,
        "invariants": invariants,
        "two_by_two": two_by_two,
        "timetable": timetable,
    })
}
