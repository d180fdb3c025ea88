//! What lints do not see of a file: its first line, its length, and whether it touches the disk.

use std::fs;

use crate::sources::{below, root};

const LINES_MAX: usize = 800;

#[test]
fn every_module_says_what_it_owns_and_stays_one_room() {
    for path in below(&root().join("sim")) {
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

/// Crates that read files in production code: `files` for all others, `packed` for build scripts, and what is for tests only.
const AT_THE_DISK: [&str; 4] = ["files", "oracles", "packed", "testkit"];

#[test]
fn one_crate_touches_the_disk() {
    let sim = root().join("sim");
    for path in below(&sim) {
        let inside = path.strip_prefix(&sim).expect("a path below sim");
        let name = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
        let parts: Vec<String> = inside.iter().map(name).collect();
        let is_test = parts
            .iter()
            .any(|part| part.trim_end_matches(".rs") == "tests");
        if is_test || AT_THE_DISK.contains(&parts[0].as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        let production = text.split("mod tests {").next().expect("a first part");
        for word in ["std::fs", "File::open", "File::create", "OpenOptions"] {
            let found = production.contains(word);
            assert!(!found, "{} has {word}", path.display());
        }
    }
}
