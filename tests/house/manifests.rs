//! The crates in `sim/`, and what each takes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::sources::{below, root};

/// Crates for tests only: no crate has them under `[dependencies]`.
pub(crate) const FOR_TESTS: [&str; 2] = ["oracles", "testkit"];

/// The manifest of each crate, by the name of its folder.
fn manifests() -> BTreeMap<String, String> {
    let folders = fs::read_dir(root().join("sim")).expect("the folder of crates");
    let folders = folders.map(|entry| entry.expect("a folder entry").path());
    // The Python package has sources and is no crate.
    let crates = folders.filter(|folder| folder.is_dir() && !folder.ends_with("python"));
    let crates = crates.map(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        let name = folder.file_name().expect("a name").to_string_lossy();
        (name.into_owned(), manifest)
    });
    crates.collect()
}

/// Each crate with the crates that it depends on, without their prefix.
pub(crate) fn crates() -> BTreeMap<String, Vec<String>> {
    let manifests = manifests().into_iter();
    let crates = manifests.map(|(name, manifest)| (name, dependencies(&manifest)));
    crates.collect()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let all = entries(manifest, "dependencies").into_iter();
    let ours = all.filter_map(|name| name.strip_prefix("trustsim-"));
    // A package's name has hyphens where its folder has underscores.
    ours.map(|name| name.replace('-', "_")).collect()
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
fn code(files: &[std::path::PathBuf]) -> String {
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
fn crates_for_tests_are_in_tests_only() {
    for (name, dependencies) in crates() {
        let is_for_tests = |used: &&String| FOR_TESTS.contains(&used.as_str());
        let found = dependencies.iter().find(is_for_tests);
        assert!(
            found.is_none(),
            "{name} depends on {}",
            found.expect("some")
        );
    }
}

#[test]
fn dependencies_are_read_from_their_own_section() {
    let manifest = "[package]\n\n[dependencies]\ncsv.workspace = true\ntrustsim-tls.workspace = true\n\n[dev-dependencies]\ntrustsim-testkit.workspace = true\n";
    assert_eq!(dependencies(manifest), ["tls"]);
}

#[test]
fn crates_take_only_what_they_use() {
    let mut wrong = Vec::new();
    for (room, manifest) in manifests() {
        let folder = root().join("sim").join(&room);
        let all = below(&folder.join("src"));
        let (tests, production): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|path| is_test(path.strip_prefix(&folder).expect("a path of the crate")));
        let production = code(&production);
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
