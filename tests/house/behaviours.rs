//! `docs/reference/behaviours.md` names a test for each behaviour: the test is there, and the row
//! says where the behaviour was read.

use std::collections::BTreeMap;
use std::fs;

use crate::sources::{below, root};

/// The names of the tests of a file.
fn tests(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_next = false;
    for line in text.lines().map(str::trim) {
        is_next |= line == "#[test]";
        if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_next) {
            is_next = false;
            found.extend(rest.split('(').next().map(str::to_owned));
        }
    }
    found
}

/// Tests of every file, by its path below the project without `src/` and its ending.
fn all_tests() -> BTreeMap<String, Vec<String>> {
    let folders = ["sim", "tests"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| below(folder));
    let read = files.map(|path| {
        let inside = path.strip_prefix(root()).expect("a path of the project");
        let name = inside
            .with_extension("")
            .to_string_lossy()
            .replace("/src/", "/");
        (name, tests(&fs::read_to_string(&path).expect("text")))
    });
    read.filter(|(_, tests)| !tests.is_empty()).collect()
}

/// Why `file::name` is no test; `None` where it is one.
fn wrong(named: &str, all: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let (file, name) = named.split_once("::")?;
    let is_it = |path: &&String| path.ends_with(&format!("/{file}"));
    let files: Vec<&String> = match all.get_key_value(file) {
        Some((whole, _)) => vec![whole],
        None => all.keys().filter(is_it).collect(),
    };
    match files[..] {
        [] => Some(format!("{named}: no file of tests is called {file}.rs")),
        [path] if all[path].iter().any(|test| test == name) => None,
        [path] => Some(format!("{named}: {path}.rs has no such test")),
        _ => Some(format!("{named}: {files:?} are called so")),
    }
}

/// What is between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a repository, a short name of one, or a page of the public CA is named.
fn names_a_source(text: &str) -> bool {
    const SHORT: [&str; 7] = [
        "charmlibs",
        "patch 30",
        "v4",
        "v3",
        "SSC",
        "transfer",
        "vault",
    ];
    let is_repository = |word: &str| {
        let mut parts = word.split('/');
        let is_name = |part: Option<&str>| part.is_some_and(|part| part.len() > 1);
        is_name(parts.next()) && is_name(parts.next()) && parts.next().is_none()
    };
    SHORT.iter().any(|short| text.starts_with(short))
        || text.contains("letsencrypt.org/")
        || text.split([' ', ',']).any(is_repository)
}

#[test]
fn every_behaviour_names_its_source_and_a_test_that_is_there() {
    let page = root().join("docs/reference/behaviours.md");
    let page = fs::read_to_string(page).expect("the page");
    let all = all_tests();
    let mut mistakes = Vec::new();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [what, source, pinned] = cells[..] else {
            mistakes.push(format!("not three cells: {line}"));
            continue;
        };
        if what == "what" {
            continue;
        }
        rows += 1;
        if !names_a_source(source) {
            mistakes.push(format!("{what}: `{source}` names no source"));
        }
        if quoted(pinned).next().is_none() {
            mistakes.push(format!("{what}: no test"));
        }
        mistakes.extend(quoted(pinned).filter_map(|named| wrong(named, &all)));
    }
    // Tests are named below the tables too.
    let below = page.lines().filter(|line| !line.starts_with('|'));
    let named = below
        .flat_map(quoted)
        .filter(|text| text.contains("::") && !text.ends_with("::NAME"));
    mistakes.extend(named.filter_map(|named| wrong(named, &all)));
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(rows >= 100, "only {rows} behaviours");
}

/// The reader of names finds what is there, and says what is not.
#[test]
fn a_test_that_was_renamed_is_missed() {
    let text = "#[test]\nfn one() {}\nfn helper() {}\n#[test]\n#[ignore = \"x\"]\nfn two() {}\n";
    assert_eq!(tests(text), ["one", "two"]);
    let all = [
        ("sim/a/tests".to_owned(), tests(text)),
        ("sim/b/tests".to_owned(), Vec::new()),
    ];
    let all = BTreeMap::from(all);
    assert_eq!(wrong("a/tests::one", &all), None);
    assert!(wrong("a/tests::helper", &all).is_some());
    assert!(
        wrong("tests::one", &all).is_some(),
        "two files are called so"
    );
    assert!(wrong("c::one", &all).is_some());
}
