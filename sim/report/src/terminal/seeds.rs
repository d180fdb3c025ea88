//! What other seeds come to: how often the outages of a block come, and which ones come only there.

use super::style::{self, paint};
use crate::Run;
use crate::words::number::counted;
use crate::words::{cause, chance as words};
use trustsim_diagnosis::{
    Elsewhere, OutageGroup, SeedOutcome, chance as chance_of, elsewhere as others,
};
use trustsim_kernel::{Span, format_duration, visible};
use trustsim_model::CommandLine;

/// Kinds of causes told that come with other seeds only.
const FEW: usize = 4;

/// `with each of 8 seeds, 49d to 340d lost`; nothing where no other seed was played.
pub(super) fn chance(run: &Run<'_>, group: &OutageGroup) -> Option<String> {
    let outcomes = &run.findings.seeds;
    if outcomes.len() < 2 {
        return None;
    }
    let likenesses = group.likenesses(run.manifest, run.findings);
    let found = chance_of(outcomes, &likenesses);
    let found = found.expect("an outage of this run is among what came of its seed");
    let cause = &run.findings.explanations[group.longest()].cause.what;
    Some(words::told(&found, cause))
}

/// What comes with other seeds only, and which expectations do not hold with them.
pub(super) fn elsewhere(run: &Run<'_>) -> String {
    let outcomes = &run.findings.seeds;
    let found = others(outcomes);
    let mut text = String::new();
    for each in found.iter().take(FEW) {
        let cause = &each.worst.cause;
        text.push_str(&format!(
            "\n{}: {}: {} ({}{})\n",
            paint(style::WAIT, "other seeds"),
            visible(&between(each)),
            visible(&cause::line(cause)),
            words::told(&each.chance, cause),
            more(run, each)
        ));
    }
    if found.len() > FEW {
        text.push_str(&format!(
            "\n{} with other seeds only (seeds.csv)\n",
            counted((found.len() - FEW) as u64, "more kind of failure")
        ));
    }
    text
}

/// The command that tells more of one seed. Where faults are drawn, it would draw others.
fn more(run: &Run<'_>, each: &Elsewhere<'_>) -> String {
    let command = CommandLine::new(["trustsim", "run", "SCENARIO"]);
    let command = command.and_option("--seed", Some(each.seed));
    match run.manifest.drawn.is_empty() {
        true => format!("; {command} tells what helps"),
        false => String::new(),
    }
}

/// `m.front to m.api, m.front to m.db and 2 more`: the applications that connect.
fn between(each: &Elsewhere<'_>) -> String {
    let sides = each.likenesses.iter();
    let sides = sides.map(|likeness| format!("{} to {}", likeness.client, likeness.server));
    let mut sides: Vec<String> = sides.collect();
    let more = sides.len().saturating_sub(FEW);
    sides.truncate(FEW);
    match more {
        0 => sides.join(", "),
        _ => format!("{} and {more} more", sides.join(", ")),
    }
}

/// `with seeds 3 and 5 it does not hold`; nothing where it holds with each or with none.
pub(super) fn broken_with(run: &Run<'_>, expectation: usize) -> Option<String> {
    let outcomes = &run.findings.seeds;
    let seeds = run.findings.seeds_breaking(expectation).into_iter();
    let seeds: Vec<String> = seeds.map(|seed| seed.to_string()).collect();
    (!seeds.is_empty() && seeds.len() < outcomes.len()).then(|| {
        format!(
            "it does not hold with seed {} ({} of {})",
            seeds.join(", "),
            seeds.len(),
            outcomes.len()
        )
    })
}

/// `8 seeds lost 3h to 49d in all`; nothing where no other seed was played.
pub(super) fn summary(run: &Run<'_>) -> Option<String> {
    let outcomes = &run.findings.seeds;
    if outcomes.len() < 2 {
        return None;
    }
    let early = outcomes.iter().filter(|outcome| outcome.ended_early);
    let early: Vec<String> = early.map(|outcome| outcome.seed.to_string()).collect();
    if !early.is_empty() {
        return Some(format!(
            "The hooks of a unit are taken for a loop, and the run was ended, with {} of {} seeds: {}.",
            early.len(),
            outcomes.len(),
            early.join(", ")
        ));
    }
    Some(format!("{}{}", lost(outcomes)?, drawn(run)))
}

/// Where faults are drawn: `--seed` would draw others than were played here.
fn drawn(run: &Run<'_>) -> String {
    match run.manifest.drawn.is_empty() {
        true => String::new(),
        false => format!(
            " With each seed the random faults are those of seed {}; to play another seed with them alone, put \
             `drawn_faults` of summary.json in place of `random`.",
            run.manifest.seed
        ),
    }
}

/// What is lost in all, with how many seeds.
fn lost(outcomes: &[SeedOutcome]) -> Option<String> {
    let lost: Vec<Span> = outcomes.iter().map(|outcome| outcome.lost).collect();
    let (least, most) = (lost.iter().min()?, lost.iter().max()?);
    let without = outcomes
        .iter()
        .filter(|outcome| outcome.outages == 0)
        .count();
    let count = outcomes.len();
    if most.is_zero() {
        return Some(format!(
            "{count} seeds: no connection fails with any of them."
        ));
    }
    let (least, most) = (format_duration(*least), format_duration(*most));
    Some(match (without, least == most) {
        (0, true) => format!("{count} seeds: {most} lost with each."),
        (0, false) => format!("{count} seeds: {least} to {most} lost (seeds.csv)."),
        _ => format!("{count} seeds: up to {most} lost, {without} without an outage (seeds.csv)."),
    })
}
