//! The summary of a run for a terminal: tables as `juju status` prints them, then each failing
//! connection with its outage, error and causes.
//!
//! Colours follow Juju's own map and never stand alone: there is always a word too. The text
//! holds ANSI styles; the console strips them where they are not wanted.

mod blast_radius;
mod edges;
mod failures;
mod forecast;
mod least_trust;
mod names;
mod order;
mod requests;
mod seeds;
mod standing;
mod table;
mod trusted;
mod unencrypted;
mod why;

pub use blast_radius::blast_radius;
pub use edges::{derived, edges};
pub use forecast::forecast;
pub use least_trust::least_trust;
pub use names::names;
pub use order::order;
pub use requests::requests;
pub use standing::{assumptions, coverage};
pub use table::{Align, Cell, Table};
pub use trusted::trusted;
pub use why::why;

use std::collections::BTreeMap;

use super::Run;
use super::words::expectation;
use super::words::number::{counted, grouped, natural};
use super::words::secret::KeyStore;
use trustsim_diagnosis::{OutageClass, RunVerdict, Tally};
use trustsim_kernel::{Span, format_duration, visible};
use trustsim_model::Coverage;

/// Colours by meaning, as `juju status` has them (juju/juju, cmd/output/output.go): green is
/// good, yellow is to be waited for, red is broken, cyan names a detail.
pub mod style {
    use anstyle::{AnsiColor, Style};

    /// Good.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// Not there yet.
    pub const WAIT: Style = AnsiColor::Yellow.on_default();
    /// Broken.
    pub const BAD: Style = AnsiColor::Red.on_default();
    /// A detail.
    pub const DETAIL: Style = AnsiColor::Cyan.on_default();
    /// A headline.
    pub const STRONG: Style = Style::new().bold();
    /// As it is.
    pub const PLAIN: Style = Style::new();

    /// `text` in this style: a part of a line, in letters that are seen.
    pub fn paint(style: Style, text: &str) -> String {
        format!("{style}{}{style:#}", trustsim_kernel::visible(text))
    }
}

/// How much is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Totals, a table by model, failures and expectations.
    #[default]
    Normal,
    /// Every connection has a row, every failure all of its causes.
    Verbose,
}

/// Renders the summary.
pub fn terminal(run: &Run<'_>, detail: Detail) -> String {
    let deployment = &run.manifest.deployment;
    let found = Coverage::of(deployment);
    let mut text = coverage(&found);
    text.push_str(&assumptions(deployment, &found, detail));
    text.push('\n');
    text.push_str(&head(run));
    // Without connections there would be a header alone.
    let table = match run.manifest.connections.len() {
        0 => None,
        1..=8 => Some(connections(run)),
        _ if detail == Detail::Verbose => Some(connections(run)),
        _ => Some(models(run)),
    };
    if let Some(table) = table {
        text.push('\n');
        text.push_str(&table.render());
    }
    text.push_str(&standing::not_simulated(deployment, &found));
    failures::render(run, detail, &mut text);
    unencrypted::render(run, detail, &mut text);
    mishaps(run, detail, &mut text);
    refused(run, detail, &mut text);
    relation_secrets(run, &mut text);
    expectations(run, detail, &mut text);
    text
}

/// How many of a list are told: the first few, or all of them with `--verbose`.
fn shown_of(count: usize, detail: Detail) -> usize {
    const FEW: usize = 5;
    match detail {
        Detail::Normal => FEW.min(count),
        Detail::Verbose => count,
    }
}

/// `a, b, c, 12 more`: the first few of a list, or all of them with `--verbose`.
fn first_of(mut list: Vec<String>, few: usize, detail: Detail) -> String {
    let more = list.len().saturating_sub(few);
    // One takes no more room than that there is one more.
    if detail == Detail::Normal && more > 1 {
        list.truncate(few);
        list.push(format!("{more} more"));
    }
    list.join(", ")
}

/// A line for each command that was refused during the run.
fn refused(run: &Run<'_>, detail: Detail, text: &mut String) {
    let all = trustsim_diagnosis::refused_actions(run.journal);
    let shown = shown_of(all.len(), detail);
    if shown > 0 {
        text.push('\n');
    }
    for found in &all[..shown] {
        let name = style::paint(style::WAIT, "warning");
        let line = super::words::refused_action::line(found, run.manifest);
        text.push_str(&format!("{name}: {}\n", visible(&line)));
    }
    if all.len() > shown {
        let more = grouped((all.len() - shown) as u64);
        text.push_str(&format!("{more} more in journal.csv\n"));
    }
}

/// A line for each error of a charm.
fn mishaps(run: &Run<'_>, detail: Detail, text: &mut String) {
    let all = trustsim_diagnosis::charm_errors(run.manifest, run.journal);
    let shown = shown_of(all.len(), detail);
    for error in &all[..shown] {
        let name = style::paint(style::WAIT, super::words::charm_error::kind(error.kind));
        let (code, unit, first) = (error.kind.code(), &error.unit, error.first);
        let often = match error.count {
            1 => String::new(),
            count => format!(", {} times until {}", grouped(count), error.last),
        };
        let message = super::words::charm_error::message(&error.detail);
        let message = visible(message.trim_end());
        text.push_str(&format!(
            "\n{name} [{code}]: {unit} at {first}{often}: {message}\n"
        ));
    }
    if all.len() > shown {
        let more = grouped((all.len() - shown) as u64);
        text.push_str(&format!("\n{more} more like these (journal.csv)\n"));
    }
}

/// One line for each controller that keeps private keys in clear.
fn relation_secrets(run: &Run<'_>, text: &mut String) {
    for (controller, stores) in super::readable_keys(run) {
        // A store without an entry has no key.
        let count = |store| stores.get(&store).copied().unwrap_or(0);
        let (relations, settings) = (
            count(KeyStore::RelationData),
            count(KeyStore::LeaderSettings),
        );
        text.push_str(&format!(
            "\n{}: the controller `{controller}` keeps {} in clear, {} in databags and {} in leader \
             settings (relation_secrets.csv)\n",
            style::paint(style::WAIT, "private keys"),
            grouped(relations + settings),
            grouped(relations),
            grouped(settings),
        ));
    }
}

fn head(run: &Run<'_>) -> String {
    let manifest = run.manifest;
    let tallies = &run.findings.tallies;
    let sum = |part: fn(&Tally) -> u64| tallies.iter().map(part).sum::<u64>();
    let (real, reused) = (sum(|tally| tally.real), sum(|tally| tally.reused));
    let mut table = Table::new(&[
        ("Scenario", Align::Left),
        ("Seed", Align::Right),
        ("Start", Align::Left),
        ("Duration", Align::Left),
        ("Attempts", Align::Right),
        ("Handshakes", Align::Left),
        ("Failed", Align::Right),
        ("Status", Align::Left),
    ]);
    table.row([
        Cell::plain(&manifest.name),
        Cell::plain(&manifest.seed.to_string()),
        Cell::plain(&manifest.start.to_string()),
        Cell::plain(&format_duration(manifest.duration)),
        Cell::plain(&grouped(sum(|tally| tally.attempts))),
        Cell::plain(&format!(
            "{} real, {} reused",
            grouped(real),
            grouped(reused)
        )),
        failed_cell(sum(|tally| tally.failed_attempts)),
        match run.findings.verdict() {
            RunVerdict::Passed => Cell::new("passed", style::GOOD),
            RunVerdict::PassedWithThisSeed => {
                let words = format!("passed with seed {}", manifest.seed);
                Cell::new(&words, style::WAIT)
            }
            RunVerdict::Failed => Cell::new("failed", style::BAD),
            RunVerdict::NothingJudged => Cell::new("nothing judged", style::WAIT),
            RunVerdict::EndedEarly => Cell::new("ended early", style::BAD),
        },
    ]);
    table.render()
}

/// One row a connection, in natural order.
fn connections(run: &Run<'_>) -> Table {
    let mut table = Table::new(&[
        ("Connection", Align::Left),
        ("Server name", Align::Left),
        ("Validator", Align::Left),
        ("Attempts", Align::Right),
        ("Failed", Align::Right),
        ("Outages", Align::Right),
        ("Lost", Align::Right),
        ("Status", Align::Left),
    ]);
    let mut rows: Vec<usize> = (0..run.manifest.connections.len()).collect();
    rows.sort_by_cached_key(|&index| natural(&run.manifest.connections[index].name));
    for index in rows {
        let connection = &run.manifest.connections[index];
        let tally = &run.findings.tallies[index];
        table.row([
            Cell::plain(&connection.name),
            Cell::plain(connection.last_server_name()),
            Cell::plain(&connection.validator),
            Cell::plain(&grouped(tally.attempts)),
            failed_cell(tally.failed_attempts),
            Cell::plain(&tally.outages.to_string()),
            Cell::plain(&lost(tally.lost, tally.outages)),
            status(run, index),
        ]);
    }
    table
}

/// One row a model of the server's side.
fn models(run: &Run<'_>) -> Table {
    let mut table = Table::new(&[
        ("Model", Align::Left),
        ("Connections", Align::Right),
        ("Attempts", Align::Right),
        ("Failed", Align::Right),
        ("Outages", Align::Right),
        ("Lost", Align::Right),
        ("Worst connection", Align::Left),
    ]);
    let mut models: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, connection) in run.manifest.connections.iter().enumerate() {
        let model = connection.server.model();
        let model = model.expect("a server is a unit of an application");
        models.entry(model).or_default().push(index);
    }
    for (model, indices) in models {
        let tallies = || indices.iter().map(|&index| &run.findings.tallies[index]);
        let outages: u32 = tallies().map(|tally| tally.outages).sum();
        let worst = indices
            .iter()
            .filter(|&&index| run.findings.tallies[index].outages > 0)
            .max_by_key(|&&index| (run.findings.tallies[index].lost, std::cmp::Reverse(index)));
        table.row([
            Cell::plain(model),
            Cell::plain(&indices.len().to_string()),
            Cell::plain(&grouped(tallies().map(|tally| tally.attempts).sum())),
            failed_cell(tallies().map(|tally| tally.failed_attempts).sum()),
            Cell::plain(&outages.to_string()),
            Cell::plain(&lost(tallies().map(|tally| tally.lost).sum(), outages)),
            Cell::plain(worst.map_or("-", |&index| &run.manifest.connections[index].name)),
        ]);
    }
    table
}

fn status(run: &Run<'_>, index: usize) -> Cell {
    let findings = run.findings;
    let outages = findings.explained().zip(&findings.classes);
    let own = outages
        .filter(|((outage, _), class)| outage.connection as usize == index && class.is_told());
    match own.map(|(explained, _)| explained).last() {
        _ if run.manifest.connections[index].first_attempt.is_none() => {
            Cell::new("never attempted", style::WAIT)
        }
        None => Cell::new("ok", style::GOOD),
        Some((outage, _)) if outage.until.is_none() => {
            let error = outage.errors().last().expect("an outage has an error");
            Cell::new(&format!("failing: {error}"), style::BAD)
        }
        Some((_, explanation)) => Cell::new(
            &format!("recovered: {}", explanation.symptom.error),
            style::WAIT,
        ),
    }
}

fn expectations(run: &Run<'_>, detail: Detail, text: &mut String) {
    let deployment = &run.manifest.deployment;
    let results = &run.findings.expectations;
    let held = results.iter().filter(|each| each.held).count();
    text.push('\n');
    for (index, each) in results.iter().enumerate() {
        let elsewhere = seeds::broken_with(run, index);
        if each.held && elsewhere.is_none() && detail == Detail::Normal {
            continue;
        }
        let (word, colour) = match (each.held, &elsewhere) {
            (true, None) => ("held", style::GOOD),
            (true, Some(_)) => ("held with this seed", style::WAIT),
            (false, _) => ("broken", style::BAD),
        };
        let source = &each.source;
        text.push_str(&format!(
            "{}: {}: {}{}\n",
            style::paint(colour, word),
            expectation::claim(&each.claim, deployment),
            expectation::outcome(&each.outcome, deployment),
            if source.file.is_empty() {
                String::new()
            } else {
                format!(" ({}:{})", visible(&source.file), source.line)
            }
        ));
        if let Some(elsewhere) = elsewhere {
            text.push_str(&format!("    {elsewhere}\n"));
        }
    }
    let nothing_judged = run.findings.verdict() == RunVerdict::NothingJudged;
    if nothing_judged {
        text.push_str(&nothing_judged_line(run));
    } else if results.is_empty() {
        text.push_str("The scenario expects nothing.");
    } else {
        text.push_str(&format!("{held} of {} expectations held.", results.len()));
    }
    if let Some(found) = &run.findings.endless {
        text.push_str(&format!(
            "\n{}: {}.",
            style::paint(style::BAD, "loop of hooks"),
            super::words::endless_loop::line(found)
        ));
    }
    let unexpected = run.findings.outages_of(OutageClass::Unexpected).count();
    if unexpected > 0 {
        let outages = counted(unexpected as u64, "outage");
        let verb = if unexpected == 1 { "was" } else { "were" };
        text.push_str(&format!(" {outages} {verb} not expected."));
    }
    let outside = run.findings.outages_of(OutageClass::Outside).count();
    if outside > 0 {
        let outages = counted(outside as u64, "outage");
        let verb = if outside == 1 { "does" } else { "do" };
        text.push_str(&format!(
            " {outages} of clients outside {verb} not fail the run: how they are told of a new CA is not known."
        ));
    }
    // That no connection fails where none is attempted is no result.
    if let Some(summary) = seeds::summary(run).filter(|_| !nothing_judged) {
        text.push_str(&format!(" {summary}"));
    }
    text.push('\n');
    for unplayed in &run.manifest.unplayed {
        let line = super::words::unplayed_repeats::line(unplayed);
        text.push_str(&format!(
            "{}: {line}.\n",
            style::paint(style::STRONG, "repeats")
        ));
    }
}

/// Why a run answers nothing, and what to do about it.
fn nothing_judged_line(run: &Run<'_>) -> String {
    let asked = run.manifest.deployment.connections.len();
    let (why, help) = match (run.manifest.connections.is_empty(), asked) {
        (false, _) => (
            "no connection is attempted before the end".to_owned(),
            "Play it for longer (`duration:`), or set `timings: {settle-max: ...}`, after which connections are \
             attempted whatever still happens.",
        ),
        (true, 0) => (
            "there is no connection".to_owned(),
            "`trustsim ask edges` tells which connections follow from the relations. To add others, give a scenario \
             (`trustsim import` writes one) with `connections:`, or `clients:` with `trusts:`.",
        ),
        (true, 1) => (
            "the only connection is not simulated".to_owned(),
            "What is missing for it is told above.",
        ),
        (true, several) => (
            format!("none of the {several} connections is simulated"),
            "What is missing for them is told above.",
        ),
    };
    format!("Nothing was judged: {why}, and the scenario expects nothing. {help}")
}

fn failed_cell(failed: u64) -> Cell {
    match failed {
        0 => Cell::plain("0"),
        failed => Cell::new(&grouped(failed), style::BAD),
    }
}

fn lost(lost: Span, outages: u32) -> String {
    match outages {
        0 => "-".to_owned(),
        _ => format_duration(lost),
    }
}
