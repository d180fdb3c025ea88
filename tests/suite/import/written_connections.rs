//! `trustsim import --connections written`: each connection that is derived as an entry. Both forms are the same connections,
//! with the same verdicts, over every scenario that is shipped; one that is deleted is gone, and one that is changed is changed.

use std::path::Path;

use trustsim::model::{Deployment, Source};
use trustsim::report::{edge_comments, written_connections};
use trustsim::scenario::{DiskFiles, Loaded, parse, resolve};

use super::random_round_trip::verdicts;
use crate::common::{scenario_files, yaml_files};

/// What depends on the connections of a scenario, which are replaced.
const REPLACED: [&str; 7] = [
    "connections",
    "clients",
    "faults",
    "random-faults",
    "expect",
    "variants",
    "seeds",
];

/// A scenario without the sections of these keys.
fn without(text: &str, keys: &[&str]) -> String {
    let mut kept = String::new();
    let mut is_kept = true;
    for line in text.lines() {
        if line.starts_with(|first: char| first.is_ascii_alphabetic()) {
            let key = line.split(':').next().unwrap_or_default();
            is_kept = !keys.contains(&key);
        }
        if is_kept {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

fn loaded(text: &str, path: &Path) -> Loaded {
    let parsed = parse(text, "s.yaml").unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    let made = resolve(parsed, path, &DiskFiles);
    made.unwrap_or_else(|wrong| panic!("{}\n{text}", wrong.render(false)))
}

/// Connections and clients as values, less the line that each is from.
fn told(deployment: &Deployment) -> Vec<String> {
    let clients = deployment.clients.iter().map(|one| format!("{one:?}"));
    let connections = deployment.connections.iter().map(|one| {
        let mut one = one.clone();
        one.source = Source {
            file: "".into(),
            line: 0,
            column: 0,
            text: "".into(),
        };
        format!("{one:?}")
    });
    clients.chain(connections).collect()
}

/// The head of a scenario, what is derived of it, and the same as entries.
fn both(path: &Path) -> (String, Loaded, String) {
    let text = std::fs::read_to_string(path).expect("text");
    let head = without(&text, &REPLACED);
    let derived = loaded(&format!("{head}connections: derived\n"), path);
    let found = derived.derived.as_ref().expect("derived");
    let written = written_connections(found, &derived.deployment);
    (head, derived, written)
}

#[test]
fn both_forms_are_the_same_connections_with_the_same_verdicts() {
    let files = scenario_files().into_iter();
    let files = files.chain(yaml_files("scenarios/incidents"));
    let (mut connections, mut outside, mut wrong) = (0, 0, Vec::new());
    for path in files {
        let (head, derived, written) = both(&path);
        let again = loaded(&format!("{head}{written}"), &path);
        let [was, is] = [&derived.deployment, &again.deployment].map(told);
        if was != is {
            wrong.push(format!("{}\n{was:#?}\n{is:#?}\n{written}", path.display()));
            continue;
        }
        let [was, is] = [&derived.deployment, &again.deployment].map(verdicts);
        if was != is {
            wrong.push(format!("{}: verdicts\n{was:#?}\n{is:#?}", path.display()));
        }
        connections += derived.deployment.connections.len();
        outside += derived.deployment.clients.len();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        connections > 60 && outside > 10,
        "only {connections} connections and {outside} clients outside"
    );
}

/// Each entry has its reason above it, and what is not played is told below.
#[test]
fn each_entry_has_its_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/cos-lite-tls.yaml");
    let (head, derived, written) = both(&path);
    insta::assert_snapshot!(written);
    let entries = written.lines().filter(|line| line.starts_with("  - {"));
    assert_eq!(entries.count(), derived.deployment.connections.len());
    let found = derived.derived.as_ref().expect("derived");
    insta::assert_snapshot!("comments", edge_comments(found, &derived.deployment));

    let entry = "  - {from: cos.prometheus, to: cos.loki}\n";
    assert!(written.contains(entry));
    let ends = |written: &str| {
        let again = loaded(&format!("{head}{written}"), &path);
        let connections = again.deployment.connections.iter();
        let all = connections.map(|one| (one.from, one.to, one.every));
        all.collect::<Vec<_>>()
    };
    let all = ends(&written);
    let deleted = ends(&written.replace(entry, ""));
    assert_eq!(deleted.len() + 1, all.len());
    let changed = entry.replace("to: cos.loki", "to: cos.loki, every: 5s");
    let changed = ends(&written.replace(entry, &changed));
    let differ = changed.iter().zip(&all).filter(|(one, other)| one != other);
    assert_eq!(differ.count(), 1);
}
