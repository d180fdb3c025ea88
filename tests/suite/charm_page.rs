//! `docs/reference/charms.md`: how each charm of the catalogue is known. What was compared is data, in `tests/charms/compared`, as
//! `trustsim charm compare NAME PATH --commit COMMIT --format json` printed it, with what people have found out about a difference
//! under `explained`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;
use trustsim::charms::{Provenance, Reading, catalogue, readings};

/// What comes before the table.
const HEAD: &str = "# Charms of the catalogue, and how each is known

*Compared* is a charm whose own code at the commit was played beside the entry in the trials of `trustsim charm compare`
([own-code.md](own-code.md)); *read* is one whose code was read at the commit; *unverified* is one of which the entry itself says
that something was not looked at, or only libraries, endpoints, options and actions were. Each row is the newest
generation; `trustsim charms NAME` has the earlier ones. `cargo test --test suite charm_page:: -- --ignored` brings the page up to date.
";

fn compared(name: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms/compared");
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).ok()?;
    let value: Value = serde_json::from_str(&text).expect("it was printed by trustsim");
    assert_eq!(value["charm"], name);
    Some(value)
}

/// The names of the trials with a result.
fn with_result<'a>(compared: &'a Value, result: &str) -> Vec<&'a str> {
    let trials = compared["trials"].as_array().expect("a list").iter();
    let found = trials.filter(|row| row["result"] == result);
    found
        .map(|row| row["trial"].as_str().expect("a name"))
        .collect()
}

/// How a charm is known, and what came of comparing it.
fn known(name: &str, reading: &Reading) -> (&'static str, String) {
    if let Some(value) = compared(name) {
        let commit = value["commit"].as_str().expect("it was given");
        assert!(
            commit.starts_with(&reading.commit) || reading.commit.starts_with(commit),
            "{name} was compared at {commit}, and its entry is of {}",
            reading.commit
        );
        let told = [
            ("same", "the same in"),
            ("differs", "otherwise in"),
            ("not played", "not played in"),
        ];
        let told = told.into_iter().filter_map(|(result, words)| {
            let trials = with_result(&value, result);
            (!trials.is_empty()).then(|| format!("{words} {}", trials.join(", ")))
        });
        return ("compared", told.collect::<Vec<_>>().join("; "));
    }
    match reading.facts_only || reading.unverified.is_some() {
        true => ("unverified", String::new()),
        false => ("read", String::new()),
    }
}

fn page() -> String {
    let names: BTreeSet<&str> = catalogue()
        .values()
        .map(|known| known.metadata.name.as_str())
        .collect();
    let mut page = format!("{HEAD}\n| charm | known as | at | result |\n|---|---|---|---|\n");
    let mut explained = String::new();
    for name in names {
        let all = readings(name);
        let newest = all.iter().find(|each| !each.is_generation);
        let row = match &newest.expect("it has an entry").charm.metadata.provenance {
            Provenance::Read(reading) => {
                let (how, result) = known(name, reading);
                format!(
                    "| {how} | {} {} | {result} |",
                    reading.repository, reading.commit
                )
            }
            Provenance::Unread { repository, .. } => format!("| unverified | {repository} | |"),
            other => panic!("a charm of the catalogue says where it was read: {other:?}"),
        };
        writeln!(page, "| `{name}` {row}").expect("a text takes more");
        if let Some(value) = compared(name) {
            explained.push_str(&differences(name, &value));
        }
    }
    page + "\n## What differs\n" + &explained
}

/// Each difference with what is known of it.
fn differences(name: &str, value: &Value) -> String {
    let mut text = String::new();
    for trial in value["trials"].as_array().expect("a list") {
        let found = trial["differences"].as_array().map(Vec::as_slice);
        let name_of_trial = trial["trial"].as_str().expect("a name");
        for difference in found.unwrap_or_default() {
            let told = |side: &str| -> String {
                let lines = difference[side].as_array().expect("a list").iter();
                let lines: Vec<&str> = lines.map(|line| line.as_str().expect("a text")).collect();
                if lines.is_empty() {
                    "nothing more".to_owned()
                } else {
                    lines.join("; ")
                }
            };
            let (subject, aspect) = (&difference["subject"], &difference["aspect"]);
            let (subject, aspect) = (subject.as_str(), aspect.as_str());
            writeln!(
                text,
                "| {name_of_trial} | {}, {} | {} | {} |",
                subject.expect("a name"),
                aspect.expect("a name"),
                told("model"),
                told("code")
            )
            .expect("a text takes more");
        }
    }
    let notes = value["explained"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut notes = notes.iter().map(|note| note.as_str().expect("a text"));
    let notes = notes
        .by_ref()
        .fold(String::new(), |all, note| all + "- " + note + "\n");
    match text.is_empty() && notes.is_empty() {
        true => String::new(),
        false if text.is_empty() => format!("\n### {name}\n\n{notes}"),
        false => format!(
            "\n### {name}\n\n{notes}\n| trial | of what | the entry | the code |\n|---|---|---|---|\n{text}"
        ),
    }
}

fn path() -> String {
    format!("{}/docs/reference/charms.md", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_page_has_what_is_known_of_each_charm() {
    let written = fs::read_to_string(path()).expect("it is there");
    assert_eq!(
        written,
        page(),
        "cargo test --test suite charm_page:: -- --ignored"
    );
}

#[test]
fn every_difference_of_a_charm_that_was_compared_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charms/compared");
    for file in fs::read_dir(folder).expect("it is there") {
        let name = file
            .expect("a file")
            .file_name()
            .into_string()
            .expect("text");
        let name = name.strip_suffix(".json").expect("it is data");
        let value = compared(name).expect("it is there");
        let differs = with_result(&value, "differs");
        let notes = value["explained"].to_string();
        for trial in differs {
            assert!(notes.contains(trial), "{name}: {trial} is not explained");
        }
    }
}

/// `cargo test --test suite charm_page:: -- --ignored` brings the page up to date.
#[test]
#[ignore = "writes docs/reference/charms.md"]
fn write_the_page() {
    fs::write(path(), page()).expect("written");
}
