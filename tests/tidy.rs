//! What lints do not see: the floors of the house, first lines, lengths.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms with their floors; a room imports only from floors below its own.
const FLOORS: [(&str, u32); 14] = [
    ("kernel", 1),
    ("yaml", 1),
    ("pki", 2),
    ("juju", 2),
    ("tls", 3),
    ("interfaces", 3),
    ("charms", 4),
    ("world", 5),
    ("faults", 6),
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

#[test]
fn rooms_import_only_from_below() {
    let mut wrong = Vec::new();
    for path in sources(&sim()) {
        let inside = path.strip_prefix(sim()).expect("a path below sim/");
        let room = inside
            .components()
            .next()
            .map(|part| part.as_os_str().to_string_lossy());
        let room = room.unwrap_or_default().into_owned();
        let Some(own) = floor(&room) else { continue };
        for (number, line) in fs::read_to_string(&path).expect("text").lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for used in code.split("crate::").skip(1) {
                let name: String = used
                    .chars()
                    .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                    .collect();
                if name != room && floor(&name).is_some_and(|other| other >= own) {
                    wrong.push(format!(
                        "{}:{}: {room} uses {name}",
                        inside.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_stands_on_a_floor() {
    let lib = fs::read_to_string(sim().join("lib.rs")).expect("the library's root");
    let rooms = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let homeless: Vec<&str> = rooms.filter(|room| floor(room).is_none()).collect();
    assert!(homeless.is_empty(), "{homeless:?}");
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
