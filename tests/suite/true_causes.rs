//! What the first line of a diagnosis blames is what was to blame: a random plan is played with
//! each of its faults left out in turn. Where less than half of an outage is left without a fault, that fault
//! is a true cause of it, and the first line names one of those, or the person who was waited for
//! since. (Without a unit that was added its connections fail never; what kept its certificate away
//! is as true.)
//!
//! A few seeds in every test run; `cargo test --test suite true_causes:: -- --ignored` plays 300.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::common::{deployed, small};
use trustsim::diagnosis::{Cause, FaultCause, Findings, RootCause, diagnose};
use trustsim::kernel::{Span, Time};
use trustsim::report::words;
use trustsim::world::{Deployment, Options, Record, TimedAction};

/// A played plan.
struct Played {
    deployment: Deployment,
    record: Record,
    findings: Findings,
}

impl Played {
    fn new(text: &str) -> Self {
        let deployment = deployed(text);
        let record = crate::common::play(&deployment, Options::default());
        let findings = diagnose(&deployment, &record.manifest, &record.journal);
        Self {
            deployment,
            record,
            findings,
        }
    }

    /// Whether a connection fails for at least half of an interval.
    fn fails(&self, name: &str, from: Time, until: Time) -> bool {
        let end = self.record.manifest.start + self.record.manifest.duration;
        let outages = self.findings.outages.iter();
        let own = outages.filter(|outage| {
            self.record.manifest.connections[outage.connection as usize].name == name
        });
        let within = own.map(|outage| {
            let (begun, ended) = (outage.from, outage.until.unwrap_or(end));
            ended.min(until).since(begun.max(from))
        });
        within.sum::<Span>() * 2 >= until.since(from)
    }

    /// What an action is called in the first line of a diagnosis: its command, or since when.
    fn names_of(&self, timed: &TimedAction) -> [String; 2] {
        let at = (self.deployment.start + timed.at).truncated_to_seconds();
        [timed.action.to_command(&self.deployment), at.to_string()]
    }
}

/// One fault of a plan.
struct Fault {
    line: String,
    /// Everything it is called.
    names: Vec<String>,
    since: Time,
    without: Played,
}

/// A scenario with these faults and no others.
fn with_faults<'a>(text: &str, lines: impl Iterator<Item = &'a String>) -> String {
    let (head, _) = text.split_once("faults:\n").expect("a plan");
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    match lines.is_empty() {
        true => head.to_owned(),
        false => format!("{head}faults:\n{lines}"),
    }
}

/// Which lines of a plan belong together: a relation that is removed, and its return.
fn together(lines: &[String]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let removed = line.split_once("integrate: ").and_then(|(_, relation)| {
            let is_it = |group: &&mut Vec<usize>| {
                lines[group[0]].ends_with(&format!("remove-relation: {relation}"))
                    && group.len() == 1
            };
            groups.iter_mut().find(is_it)
        });
        match removed {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

/// The faults of a plan, each with the run in which it alone is left out.
fn faults(text: &str, whole: &Played) -> Vec<Fault> {
    let lines = &whole.deployment.drawn;
    let only = |wanted: &dyn Fn(usize) -> bool| {
        let all = lines.iter().enumerate();
        let those = all.filter(|(index, _)| wanted(*index));
        with_faults(text, those.map(|(_, line)| line))
    };
    let found = together(lines).into_iter().map(|group| {
        let alone = deployed(&only(&|index| group.contains(&index)));
        let names = alone.actions.iter().flat_map(|timed| whole.names_of(timed));
        let first = alone.actions.first().expect("a fault does something");
        Fault {
            line: lines[group[0]].clone(),
            names: names.collect(),
            since: alone.start + first.at,
            without: Played::new(&only(&|index| !group.contains(&index))),
        }
    });
    found.collect()
}

/// What one seed came to.
#[derive(Default)]
struct Found {
    /// Outages that need at least one of the faults.
    caused: usize,
    /// Kinds of causes that were named.
    kinds: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

fn play(seed: u64) -> Found {
    let text = small::planned(seed, 1 + seed % 6);
    let whole = Played::new(&text);
    let mut found = Found::default();
    if whole.findings.outages.is_empty() {
        return found;
    }
    let faults = faults(&text, &whole);
    let end = whole.record.manifest.start + whole.record.manifest.duration;
    for (outage, explanation) in whole
        .findings
        .outages
        .iter()
        .zip(&whole.findings.explanations)
    {
        let name = &whole.record.manifest.connections[outage.connection as usize].name;
        let until = outage.until.unwrap_or(end);
        let needs = |fault: &&Fault| !fault.without.fails(name, outage.from, until);
        let true_causes: Vec<&Fault> = faults.iter().filter(needs).collect();
        if true_causes.is_empty() {
            continue;
        }
        found.caused += 1;
        found.kinds.insert(explanation.cause.what.name());
        if !true_causes
            .iter()
            .any(|fault| blames(&whole, &explanation.cause, fault))
        {
            let lines: Vec<&str> = true_causes.iter().map(|fault| &*fault.line).collect();
            found.wrong.push(format!(
                "seed {seed}, {name} from {} until {until} ({}):\n  {}\n  but it needs one of {}",
                outage.from,
                outage.error,
                words::cause::line(&explanation.cause.what),
                lines.join(" ")
            ));
        }
    }
    found
}

/// Whether a cause names a fault, or the person who was waited for after it.
fn blames(whole: &Played, cause: &RootCause, fault: &Fault) -> bool {
    let waited = cause.seq.and_then(|seq| whole.record.journal.get(seq));
    let waited = waited.filter(|_| {
        matches!(
            cause.what.innermost(),
            Cause::Fault(FaultCause::Operator { .. })
        )
    });
    let line = words::cause::line(&cause.what);
    fault.names.iter().any(|name| line.contains(name))
        || waited.is_some_and(|entry| entry.time >= fault.since)
}

fn check(seeds: std::ops::Range<u64>) {
    let next = AtomicU64::new(seeds.start);
    let all = Mutex::new(Found::default());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(seed) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds.end)
                {
                    let found = play(seed);
                    let mut all = all.lock().expect("no worker panics with it");
                    all.caused += found.caused;
                    all.kinds.extend(found.kinds);
                    all.wrong.extend(found.wrong);
                }
            });
        }
    });
    let Found {
        caused,
        kinds,
        wrong,
    } = all.into_inner().expect("no worker panicked");
    assert!(
        wrong.is_empty(),
        "{} of {caused} outages are blamed on something else\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(
        caused >= 20 && kinds.len() >= 4,
        "only {caused} outages, of {kinds:?}"
    );
}

#[test]
fn a_few_outages_are_blamed_on_what_caused_them() {
    check(0..36);
}

/// For `.ci/run`: a minute or two.
#[test]
#[ignore = "300 seeds, each played several times"]
fn outages_are_blamed_on_what_caused_them() {
    check(0..300);
}
