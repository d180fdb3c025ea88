//! What `trustsim ask` answers about every file of the corpus, in a table that is kept in the docs.
//!
//! Requests are those that are sent until everything is at rest: what is renewed later are the same requests again.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use trustsim::diagnosis::{RequestOutcome, requests};
use trustsim::import::Imported;
use trustsim::report::Unplayed;
use trustsim::report::words::order::no_order;
use trustsim::whatif::{
    NameVerdict, NoOrder, OrderPlay, PlayedOrder, RelationOrder, dialled_names, play_to_rest,
    relation_order, trust_found,
};
use trustsim::world::{Options, Simulation};

use super::corpus::{cases, cell};

const HEAD: &str = "# Answers about real inputs

What `trustsim ask` answers about each file of [import.md](import.md) that has a relation, imported with no key typed. A
test writes this page.

- names: connections whose name is in the certificate, is not, meets no certificate, or cannot be told; and connections
  over TLS that no run plays, with whose charms something is not known.
- trust: what is verified whose CA is trusted, and is not.
- requests: what CAs are asked until everything is at rest, how much of it is signed, refused, or waits; and relations for
  certificates over which nothing is asked.
- order: the steps in which TLS is turned on, with how many connections fail in that order, in the opposite one, and all at
  once; of what has at most 200 relations.

| input | matches | differs | nothing presented | untold | not played | trusted | not trusted | requests | signed | refused | waits | silent | order |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// Counts of `ask names`, `ask trust` and `ask requests`.
fn counts(imported: &Imported) -> Vec<usize> {
    let deployment = Arc::new(imported.loaded.deployment.clone());
    let mut simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    let _ = play_to_rest(&mut simulation);
    let names = dialled_names(&simulation);
    let with = |wanted: fn(NameVerdict) -> bool| {
        let found = names.dialled.iter().filter(|one| wanted(one.verdict));
        found.count()
    };
    let unplayed = Unplayed::of(&deployment, imported.loaded.derived.as_ref());
    let trust = trust_found(&simulation);
    let trusted = trust.checks.iter().filter(|one| one.anchor.is_some());
    let trusted = trusted.count();
    let asked = requests(&deployment, simulation.journal());
    let ended = |wanted: RequestOutcome| {
        let found = asked.requests.iter().filter(|one| one.outcome == wanted);
        found.count()
    };
    vec![
        with(|verdict| verdict == NameVerdict::Matches),
        with(|verdict| verdict == NameVerdict::Differs),
        with(|verdict| verdict == NameVerdict::NothingPresented),
        with(|verdict| matches!(verdict, NameVerdict::Untold(_))),
        unplayed.edges.len(),
        trusted,
        trust.checks.len() - trusted,
        asked.requests.len(),
        ended(RequestOutcome::Signed),
        ended(RequestOutcome::Refused),
        ended(RequestOutcome::Waits),
        asked.silent.len(),
    ]
}

/// Of a larger deployment twelve plays take longer than all other inputs together.
const RELATIONS_MAX: usize = 200;

/// The answer of `ask order`.
fn order(imported: &Imported) -> String {
    if imported.loaded.deployment.relations.len() > RELATIONS_MAX {
        return "not asked".to_owned();
    }
    let found = match relation_order(&imported.loaded.deployment) {
        Ok(found) => found,
        Err(NoOrder::NothingToOrder) => return "nothing to order".to_owned(),
        Err(why) => return no_order(&why),
    };
    let failing = [
        PlayedOrder::Found,
        PlayedOrder::Opposite,
        PlayedOrder::AtOnce,
    ];
    let failing = failing.map(|order| failures(&found, order).to_string());
    let steps = match found.steps.len() {
        1 => "1 step".to_owned(),
        many => format!("{many} steps"),
    };
    let mut said = format!("{steps}: {}", failing.join(", "));
    if !found.unordered.is_empty() {
        write!(said, "; {} cannot be ordered", found.unordered.len()).expect("a text");
    }
    if !found.failing_anyway.is_empty() {
        write!(said, "; {} fail anyway", found.failing_anyway.len()).expect("a text");
    }
    said
}

fn failures(found: &RelationOrder, order: PlayedOrder) -> usize {
    let played = found
        .plays
        .iter()
        .find(|play: &&OrderPlay| play.order == order);
    played.map_or(0, |play| play.failures.len())
}

fn page() -> Option<String> {
    let mut page = HEAD.to_owned();
    let mut sums = [0; 12];
    for case in cases()? {
        let Ok(imported) = &case.made else {
            continue;
        };
        if imported.loaded.deployment.relations.is_empty() {
            continue;
        }
        let counts = counts(imported);
        for (sum, count) in sums.iter_mut().zip(&counts) {
            *sum += count;
        }
        let cells: Vec<String> = counts.iter().map(usize::to_string).collect();
        let (cells, order) = (cells.join(" | "), cell(&order(imported)));
        writeln!(page, "| {} | {cells} | {order} |", case.name).expect("a text");
    }
    let cells: Vec<String> = sums.iter().map(usize::to_string).collect();
    writeln!(page, "| all | {} | |", cells.join(" | ")).expect("a text");
    Some(page)
}

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/answers.md")
}

#[test]
fn every_input_has_its_answers() {
    let Some(page) = page() else {
        return;
    };
    let written = fs::read_to_string(page_path()).expect("a page");
    assert_eq!(
        written, page,
        "cargo test --test suite import:: -- --ignored write_the"
    );
}

/// `cargo test --test suite import:: -- --ignored` brings the page up to date.
#[test]
#[ignore = "writes docs/reference/answers.md"]
fn write_the_table_of_answers() {
    let page = page().expect("the corpus is beside the project");
    fs::write(page_path(), page).expect("written");
}
