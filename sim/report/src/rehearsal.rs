//! A rehearsal of a rotation as tables for a terminal and as JSON.

use serde_json::{Value, json};

use super::terminal::style::{BAD, DETAIL, GOOD, PLAIN, STRONG, WAIT, paint};
use super::terminal::{Align, Cell, Table};
use super::words::{invariant as invariant_words, rotation as words};
use trustsim_kernel::{Span, format_duration};
use trustsim_rehearsal::{Judged, Pause, Quadrant, Rehearsal, Rehearsed, Task, TimetableLine};

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
        let names = unfit.playbooks.iter().map(|playbook| playbook.name());
        text.push_str(&format!(
            "{} {}: {}\n",
            paint(DETAIL, "not played"),
            names.collect::<Vec<_>>().join(", "),
            words::misfit(&unfit.reason)
        ));
    }
    let shown = match rehearsal.safe() {
        Some(safe) => {
            text.push_str(&format!(
                "\n{}: {}\n",
                paint(GOOD, safe.playbook.name()),
                words::about(safe.playbook)
            ));
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
        let style = match (each.is_safe(), each.is_possible()) {
            (true, _) => GOOD,
            (false, true) => BAD,
            (false, false) => WAIT,
        };
        let pause = |pick: fn(&trustsim_rehearsal::Pauses) -> Span| {
            let pauses = each.pauses.as_ref();
            pauses.map_or_else(|| "-".to_owned(), |pauses| format_duration(pick(pauses)))
        };
        let (lost, failing) = match &each.lost {
            Ok(lost) => (
                format_duration(whole_seconds(lost.total)),
                lost.connections.to_string(),
            ),
            Err(_) => ("-".to_owned(), "-".to_owned()),
        };
        table.row([
            Cell::plain(each.playbook.name()),
            Cell::new(words::outcome(each), style),
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
                words::failure(&short.failure)
            )
        }
        None => format!("  {name}: none is needed\n"),
    };
    edge("before the switch", &pauses.before_switch)
        + &edge("before the withdrawal", &pauses.before_withdrawal)
}

fn no_safe_one(rehearsal: &Rehearsal) -> String {
    let mut text = format!(
        "\n{}\n",
        paint(BAD, "No playbook rotates the CA without downtime.")
    );
    for idle in &rehearsal.playbooks {
        if !idle.loses_nothing() {
            continue;
        }
        if let Some(failure) = &idle.failure {
            let name = idle.playbook.name();
            text.push_str(&format!("{name}: {}.\n", words::failure(failure)));
        }
    }
    let mut losing = rehearsal
        .playbooks
        .iter()
        .filter(|each| !each.loses_nothing());
    let Some(best) = losing.next() else {
        return text;
    };
    let Ok(lost) = &best.lost else {
        return text;
    };
    let worst = lost.worst.as_deref();
    let worst = worst.expect("a playbook that is not safe has a connection that loses most");
    text.push_str(&format!(
        "The least is that of {}: {} in all, at most {} ({worst}).\n",
        best.playbook.name(),
        format_duration(whole_seconds(lost.total)),
        format_duration(whole_seconds(lost.most)),
    ));
    if let Some(first) = &lost.first {
        let first = words::connection_failure(first);
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
        let (word, style) = match judged {
            Judged::Held => (words::judged(judged), GOOD),
            Judged::Broken(_) => (words::judged(judged), BAD),
            // The column is narrow.
            Judged::NotApplicable(_) => ("n/a", WAIT),
        };
        let message = words::judged_message(judged);
        table.row([
            Cell::new(invariant.number(), DETAIL),
            Cell::plain(invariant_words::name(*invariant)),
            Cell::new(word, style),
            Cell::plain(message.as_deref().unwrap_or("")),
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
    for quadrant in quadrants {
        table.row([
            Cell::plain(words::generation(quadrant.new_leaf)),
            Cell::plain(words::generation(quadrant.new_bundle)),
            Cell::plain(&quadrant.verified.to_string()),
            Cell::plain(words::refused(quadrant).as_deref().unwrap_or("")),
        ]);
    }
    table
}

fn timetable(lines: &[TimetableLine]) -> Table {
    let mut table = Table::new(&[
        ("When", Align::Left),
        ("", Align::Left),
        ("What", Align::Left),
    ]);
    for line in lines {
        let (word, style) = match line.task {
            Task::Command(_) => ("", STRONG),
            Task::ByHand(_) => ("by hand", PLAIN),
            Task::Awaited { .. } => ("on call", PLAIN),
            Task::Check(_) => ("check", GOOD),
        };
        table.row([
            Cell::plain(&when(line)),
            Cell::new(word, style),
            Cell::new(&words::task(&line.task), style),
        ]);
    }
    table
}

fn when(line: &TimetableLine) -> String {
    match line.beforehand {
        true => "beforehand".to_owned(),
        false => format!("T+{}", format_duration(line.at)),
    }
}

/// Whole seconds, rounded up: an outage is never none.
fn whole_seconds(span: Span) -> Span {
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
        .map(|unfit| {
            let names = unfit.playbooks.iter().map(|playbook| playbook.name());
            let names: Vec<&str> = names.collect();
            json!({ "names": names, "why": words::misfit(&unfit.reason) })
        })
        .collect();
    json!({
        "ca": rehearsal.ca.as_str(),
        "charm": rehearsal.charm,
        "at": rehearsal.at.to_string(),
        "plays": rehearsal.plays,
        "seeds": rehearsal.seeds,
        "safe": rehearsal.safe().map(|safe| safe.playbook.name()),
        "playbooks": playbooks,
        "unfit": unfit,
    })
}

fn pause(pause: &Pause) -> Value {
    let shortfall = pause.one_second_less.as_ref();
    json!({
        "length_s": pause.length.as_secs(),
        "one_second_less": shortfall.map(|short| words::failure(&short.failure)),
        "seed": shortfall.map(|short| short.seed),
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
            json!({
                "invariant": invariant.number(),
                "code": invariant.code(),
                "name": invariant_words::name(*invariant),
                "judged": words::judged(judged),
                "message": words::judged_message(judged),
            })
        })
        .collect();
    let two_by_two: Vec<Value> = each
        .two_by_two
        .iter()
        .map(|quadrant| {
            json!({
                "leaf": words::generation(quadrant.new_leaf),
                "bundle": words::generation(quadrant.new_bundle),
                "verified": quadrant.verified,
                "refused": words::refused(quadrant),
            })
        })
        .collect();
    let timetable: Vec<Value> = each
        .timetable
        .iter()
        .map(|line| {
            json!({
                "beforehand": line.beforehand,
                "offset_s": line.at.as_secs(),
                "doing": line.task.name(),
                "command": words::task(&line.task),
            })
        })
        .collect();
    let lost = each.lost.as_ref().ok();
    let first = match &each.lost {
        Ok(lost) => lost.first.as_ref().map(words::connection_failure),
        Err(refusal) => Some(refusal.why.clone()),
    };
    json!({
        "name": each.playbook.name(),
        "about": words::about(each.playbook),
        "outcome": words::outcome(each),
        "pauses": pauses,
        "lost_s": lost.map(|lost| lost.total.as_secs_f64()),
        "lost_most_s": lost.map(|lost| lost.most.as_secs_f64()),
        "worst": lost.and_then(|lost| lost.worst.as_ref()),
        "failing": lost.map(|lost| lost.connections),
        "restarts_s": lost.map(|lost| lost.restarts.as_secs_f64()),
        "first": first,
        "invariants": invariants,
        "two_by_two": two_by_two,
        "timetable": timetable,
    })
}
