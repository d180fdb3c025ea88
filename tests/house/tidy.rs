//! What lints do not see: the floors of the crates, what they take, first lines, lengths.

use std::fs;
use std::path::{Path, PathBuf};

/// Crates with their floors; a crate depends only on floors below its own. (Tests may use `testkit`
/// from any floor above it.)
const FLOORS: [(&str, u32); 16] = [
    ("oracles", 1),
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
/// Crates for tests only: no crate has them under `[dependencies]`.
const FOR_TESTS: [&str; 2] = ["oracles", "testkit"];
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

/// Names under `[section]` of a manifest, as code spells them.
fn entries<'m>(manifest: &'m str, section: &str) -> Vec<&'m str> {
    let from = manifest.split(&format!("\n[{section}]\n")).nth(1);
    let lines = from.and_then(|rest| rest.split("\n[").next());
    let names = lines.unwrap_or_default().lines();
    names
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['.', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The crates of this house that a manifest depends on, without their prefix.
fn dependencies(manifest: &str) -> Vec<&str> {
    let all = entries(manifest, "dependencies").into_iter();
    all.filter_map(|name| name.strip_prefix("trustsim-"))
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
            let is_below = floor(used).is_some_and(|other| other < own);
            if !is_below || FOR_TESTS.contains(&used) {
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

/// Whether code outside comments has a path or a macro of `dependency`.
fn uses(code: &str, dependency: &str) -> bool {
    let name = dependency.replace('-', "_");
    let starts_a_word = |at: usize| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
            && (!code[..at].ends_with("::") || code[..at].ends_with(" ::"))
    };
    ["::", "!", " as ", ";"].iter().any(|end| {
        let wanted = format!("{name}{end}");
        code.match_indices(&wanted).any(|(at, _)| starts_a_word(at))
    })
}

/// The lines of all files that are not comments.
fn code(files: &[PathBuf]) -> String {
    let texts = files
        .iter()
        .map(|path| fs::read_to_string(path).expect("text"));
    let mut all = String::new();
    for text in texts {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in lines {
            all.push_str(line);
            all.push('\n');
        }
    }
    all
}

fn is_test(path: &Path) -> bool {
    let mut parts = path.iter().map(|part| part.to_string_lossy());
    parts.any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn crates_take_only_what_they_use() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(sim()).expect("the folder of crates") {
        let folder = entry.expect("a folder entry").path();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        let all = sources(&folder.join("src"));
        let (tests, production): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|path| is_test(path.strip_prefix(&folder).expect("a path of the crate")));
        let production = code(&production);
        let room = folder.file_name().expect("a name").to_string_lossy();
        for dependency in entries(&manifest, "dependencies") {
            if !uses(&production, dependency) {
                wrong.push(format!("{room} does not use {dependency}"));
            }
        }
        let with_tests = production + &code(&tests);
        for dependency in entries(&manifest, "dev-dependencies") {
            if !uses(&with_tests, dependency) {
                wrong.push(format!("tests of {room} do not use {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_use_is_told_from_a_name_inside_another() {
    assert!(uses("use time::Date;", "time"));
    assert!(uses("let now = time::now();", "time"));
    assert!(uses("use ::time::Date;", "time"));
    assert!(!uses("use std::time::Duration; runtime::new();", "time"));
    assert!(uses("insta::assert_snapshot!(x)", "insta"));
    assert!(uses("serde_saphyr::to_string(x)", "serde-saphyr"));
}
