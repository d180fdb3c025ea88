//! Every scenario that is shipped, incidents too: what trustsim prints of its start is imported with the same contents, the
//! same derived connections and the same verdicts.
//!
//! What is printed does not have what a scenario says of its charms itself (`charms`), and who comes when a person is needed
//! (`operators`, `timings`): that is given to the import, as a person would write it into the scenario that it makes. Faults, expectations, written connections and clients outside Juju are no part
//! of a status, and are left out on both sides.

use std::path::Path;
use std::sync::Arc;

use trustsim::model::Deployment;
use trustsim::scenario::{DiskFiles, Loaded, MemoryFiles, parse, resolve};
use trustsim::world::{Options, Simulation};

use super::random_round_trip::verdicts;
use super::round_trip::dumped;
use super::{contents, from_files, notes};
use crate::common::{scenario_files, yaml_files};

/// What is given to an import in place of what it writes.
const GIVEN: [&str; 3] = ["charms", "operators", "timings"];

/// What is no part of a deployment as it is, or of what is derived of it.
const NOT_PRINTED: [&str; 6] = [
    "connections",
    "faults",
    "random-faults",
    "expect",
    "variants",
    "seeds",
];

/// The sections of a scenario: its keys in the first column, each with its lines.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let begins = line.starts_with(|first: char| first.is_ascii_alphabetic());
        let key = line.split(':').next().filter(|_| begins);
        match (key, found.last_mut()) {
            (Some(key), _) => found.push((key.to_owned(), format!("{line}\n"))),
            (None, Some((_, lines))) => {
                lines.push_str(line);
                lines.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn joined<'a>(sections: impl Iterator<Item = &'a (String, String)>) -> String {
    sections.map(|(_, lines)| lines.as_str()).collect()
}

fn loaded(text: &str, path: &Path) -> Loaded {
    let parsed = parse(text, "s.yaml").unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
    let made = resolve(parsed, path, &DiskFiles);
    made.unwrap_or_else(|wrong| panic!("{}\n{text}", wrong.render(false)))
}

/// What differs, as lines of one side alone.
fn differences(original: &[String], imported: &[String]) -> Vec<String> {
    let lost = original.iter().filter(|line| !imported.contains(line));
    let new = imported.iter().filter(|line| !original.contains(line));
    let lost = lost.map(|line| format!("  - {line}"));
    lost.chain(new.map(|line| format!("  + {line}"))).collect()
}

/// Adds the bundle of each model to what is printed of it: it has the options, which are in no status.
fn bundles(deployment: &Deployment, files: &mut MemoryFiles) {
    let deployment = Arc::new(deployment.clone());
    let simulation = Simulation::new(Arc::clone(&deployment), Options::default());
    for model in &deployment.models {
        let documents = simulation.export_bundle(&model.name).expect("a model");
        let texts: Vec<String> = documents.iter().map(ToString::to_string).collect();
        let path = format!("dumps/{}/bundle.yaml", model.name);
        files
            .0
            .insert(path.into(), texts.join("\n---\n").into_bytes());
    }
}

/// What of a scenario is another one after it was printed and imported; and how many connections it has.
fn round_trip(path: &Path, with_units: bool) -> (Vec<String>, usize) {
    let text = std::fs::read_to_string(path).expect("text");
    let own = sections(&text);
    let kept = own.iter().filter(|(key, _)| !NOT_PRINTED.contains(&&**key));
    let original = loaded(&format!("{}connections: derived\n", joined(kept)), path);
    let mut files = dumped(&original.deployment, with_units);
    bundles(&original.deployment, &mut files);
    let made = from_files(&files, &["dumps"]);
    let imported = made.as_ref();
    let imported = imported.unwrap_or_else(|_| panic!("{}: {}", path.display(), notes(&made)));
    let is_given = |key: &str| {
        key == "operators" || own.iter().any(|(own, _)| own == key) && GIVEN.contains(&key)
    };
    let written = sections(&imported.text);
    let written = written.iter().filter(|(key, _)| !is_given(key));
    let given = own.iter().filter(|(key, _)| GIVEN.contains(&&**key));
    let text = format!("{}{}", joined(written), joined(given));
    let imported = loaded(&text, path);
    let both = [&original.deployment, &imported.deployment];
    let [was, is] = both.map(contents);
    let mut found = differences(&was, &is);
    // Juju's units name their charm with its revision, and this name ends like one.
    found.retain(|line| !line.contains("self-signed-certificates-before-310"));
    let [was, is] = both.map(verdicts);
    found.extend(differences(&was, &is));
    (found, was.len())
}

fn all(with_units: bool) {
    let files = scenario_files().into_iter();
    let files = files.chain(yaml_files("scenarios/incidents"));
    let (mut count, mut connections, mut wrong) = (0, 0, Vec::new());
    for path in files {
        let (found, of_it) = round_trip(&path, with_units);
        if !found.is_empty() {
            wrong.push(format!("{}\n{}", path.display(), found.join("\n")));
        }
        count += 1;
        connections += of_it;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        count > 80 && connections > 120,
        "only {count} scenarios with {connections} connections"
    );
}

#[test]
fn the_status_of_every_scenario_and_incident_gives_its_connections_and_verdicts() {
    all(false);
}

#[test]
fn so_do_its_units() {
    all(true);
}
