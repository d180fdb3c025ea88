//! `ARCHITECTURE.md` is true: its table has every crate at the depth that the manifests give it, and what
//! the page names is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::manifests::{FOR_TESTS, crates};
use crate::sources::{below, root};

/// How far the lines of a crate may be from what the table says, in per cent, before it is brought up
/// to date.
const LINES_OFF_MAX: usize = 25;

fn page() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page")
}

/// The length of the longest chain of crates that ends at this one, itself included.
fn depth(name: &str, all: &BTreeMap<String, Vec<String>>) -> usize {
    let used = all[name].iter().map(|used| depth(used, all));
    1 + used.max().unwrap_or(0)
}

/// Lines of a crate's sources, tests included.
fn lines(name: &str) -> usize {
    let files = below(&root().join("sim").join(name).join("src"));
    let texts = files.iter().map(fs::read_to_string);
    texts.map(|text| text.expect("text").lines().count()).sum()
}

/// The rows of the table: depth, crate, lines.
fn table(page: &str) -> Vec<(usize, String, usize)> {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let depth = cells.next()?.parse().ok()?;
        let name = cells.next()?.trim_matches('`').to_owned();
        let lines = cells.next()?.replace(' ', "").parse().ok()?;
        Some((depth, name, lines))
    });
    rows.collect()
}

#[test]
fn the_table_has_every_crate_at_its_depth() {
    let all = crates();
    let table = table(&page());
    let mut wrong = Vec::new();
    for name in all
        .keys()
        .filter(|name| !FOR_TESTS.contains(&name.as_str()))
    {
        let (depth, lines) = (depth(name, &all), lines(name));
        let Some((depth_said, _, lines_said)) = table.iter().find(|row| row.1 == *name) else {
            wrong.push(format!("no row: | {depth} | `{name}` | {lines} |"));
            continue;
        };
        if *depth_said != depth {
            wrong.push(format!("{name} is at depth {depth}, not {depth_said}"));
        }
        if lines.abs_diff(*lines_said) * 100 > lines * LINES_OFF_MAX {
            wrong.push(format!("{name} has {lines} lines, not {lines_said}"));
        }
    }
    let gone = table.iter().filter(|(_, name, _)| !all.contains_key(name));
    wrong.extend(gone.map(|(_, name, _)| format!("there is no crate {name}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `crate::item` between backticks, with the names after the crate's.
fn named(page: &str) -> Vec<(String, Vec<String>)> {
    let quoted = page.split('`').skip(1).step_by(2);
    let paths = quoted.filter_map(|text| {
        let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        let path = text.split(|c| !is_path(c)).next()?;
        let (name, items) = path.split_once("::")?;
        Some((
            name.to_owned(),
            items.split("::").map(str::to_owned).collect(),
        ))
    });
    paths.collect()
}

/// Whether a crate's sources define `name`: an item, a module, a field or a variant.
fn defines(code: &str, name: &str) -> bool {
    const BEFORE: [&str; 9] = [
        "fn",
        "struct",
        "enum",
        "trait",
        "type",
        "const",
        "static",
        "mod",
        "macro_rules!",
    ];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let lines = code.lines().filter(|line| line.contains(name));
    lines.map(str::trim_start).any(|line| {
        let is_item = BEFORE.iter().any(|before| {
            let wanted = format!("{before} {name}");
            let mut found = line.match_indices(&wanted);
            found.any(|(at, _)| ends(&line[at + wanted.len()..]) && !line[..at].contains("//"))
        });
        // A variant is alone on its line, but for its fields.
        let is_variant = name.starts_with(char::is_uppercase)
            && line.strip_prefix(name).is_some_and(|rest| {
                rest.is_empty()
                    || [",", "(", " {", " ="]
                        .iter()
                        .any(|next| rest.starts_with(next))
            });
        let is_field = line
            .trim_start_matches("pub ")
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(": "));
        is_item || is_variant || is_field
    })
}

/// The text of every source file, by crate.
fn texts() -> BTreeMap<String, Vec<String>> {
    let texts = crates().into_keys().map(|name| {
        let files = below(&root().join("sim").join(&name).join("src"));
        let read = |path: &PathBuf| fs::read_to_string(path).expect("text");
        let texts = files.iter().map(read).collect();
        (name, texts)
    });
    texts.collect()
}

#[test]
fn what_the_page_names_is_there() {
    let texts = texts();
    let mut wrong = Vec::new();
    let named = named(&page());
    for (first, items) in &named {
        let whole = format!("{first}::{}", items.join("::"));
        // A type is named without its crate where the page has just named that.
        let is_type = first.starts_with(char::is_uppercase);
        let searched: Vec<&String> = match texts.get(first) {
            Some(of_crate) => of_crate.iter().collect(),
            None if is_type => texts.values().flatten().collect(),
            None => {
                wrong.push(format!("{whole}: there is no crate {first}"));
                continue;
            }
        };
        let is_there = |item: &String| searched.iter().any(|text| defines(text, item));
        let mut wanted = items.iter().chain(is_type.then_some(first));
        if let Some(missing) = wanted.find(|item| !is_there(item)) {
            wrong.push(format!("{whole}: no {missing}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named.len() >= 30, "only {} names", named.len());
}

#[test]
fn names_are_told_from_parts_of_names() {
    let code = "pub fn judge_all() {}\nenum Event {\n    Wake(UnitId),\n    HookEnd { at: u8 },\n}\n// fn gone()\nmod hooks;\n";
    for name in ["judge_all", "Event", "Wake", "HookEnd", "hooks"] {
        assert!(defines(code, name), "{name}");
    }
    for name in ["judge", "all", "Hook", "gone", "UnitId"] {
        assert!(!defines(code, name), "{name}");
    }
    let text = "see `juju::Event::Wake(unit)` and `cargo test`";
    let (name, items) = &named(text)[0];
    assert_eq!(
        (name.as_str(), items.join(" ")),
        ("juju", "Event Wake".to_owned())
    );
}
