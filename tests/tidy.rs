//! What lints do not see: the floors of the crates, first lines, lengths.

use std::fs;
use std::path::{Path, PathBuf};

/// Crates with their floors; a crate depends only on floors below its own. (Tests may use `testkit`
/// from any floor above it.)
const FLOORS: [(&str, u32); 15] = [
    ("kernel", 1),
    ("yaml", 1),
    ("pki", 2),
    ("juju", 2),
    ("tls", 3),
    ("interfaces", 3),
    ("charms", 4),
    ("world", 5),
    ("faults", 6),
    ("testkit", 6),
    ("scenario", 7),
    ("diagnosis", 7),
    ("rehearsal", 8),
    ("report", 9),
    ("cli", 10),
];
const LINES_MAX: usize = 800;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sim() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sim")
}

fn floor(room: &str) -> Option<u32> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

/// The crates of this house under `[dependencies]` of a manifest, without their prefix.
fn dependencies(manifest: &str) -> Vec<&str> {
    let from = manifest.split("\n[dependencies]\n").nth(1);
    let section = from.and_then(|rest| rest.split("\n[").next());
    let lines = section.unwrap_or_default().lines();
    lines
        .filter_map(|line| line.strip_prefix("trustsim-")?.split(['.', ' ']).next())
        .collect()
}

#[test]
fn crates_depend_only_on_crates_below() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in fs::read_dir(sim()).expect("the folder of crates") {
        let folder = entry.expect("a folder entry").path();
        if !folder.is_dir() {
            continue;
        }
        let room = folder.file_name().expect("a name").to_string_lossy();
        let Some(own) = floor(&room) else {
            wrong.push(format!("{room} is on no floor"));
            continue;
        };
        seen += 1;
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for used in dependencies(&manifest) {
            if floor(used).is_none_or(|other| other >= own) {
                wrong.push(format!("{room} depends on {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, FLOORS.len(), "every floor has its crates");
}

#[test]
fn dependencies_are_read_from_their_own_section() {
    let manifest = "[package]\n\n[dependencies]\ncsv.workspace = true\ntrustsim-tls.workspace = true\n\n[dev-dependencies]\ntrustsim-testkit.workspace = true\n";
    assert_eq!(dependencies(manifest), ["tls"]);
}

#[test]
fn every_module_says_what_it_owns_and_stays_one_room() {
    for path in sources(&sim()) {
        let text = fs::read_to_string(&path).expect("text");
        assert!(
            text.starts_with("//!"),
            "{} has no first line",
            path.display()
        );
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", path.display());
    }
}
