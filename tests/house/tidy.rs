//! What lints do not see of a file: its first line and its length.

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
