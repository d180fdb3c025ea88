//! Every provider in each of the four trust patterns: where it can play it, the deployment runs and
//! its connections validate; where it cannot, `trustsim check` says why before anything runs.

mod scene;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scene::Pattern;
use table::{Outcome, ROWS, Row};
use trustsim::kernel::Span;
use trustsim::scenario::{Diagnostics, MemoryFiles, load};
use trustsim::world::{Deployment, Options};

const PROVIDERS: [&str; 9] = [
    "self-signed-certificates",
    "vault-k8s",
    "vault",
    "charm-vault",
    "lego",
    "manual-tls-certificates",
    "notary-k8s",
    "easyrsa",
    "tls-constraints",
];

fn loaded(row: &Row) -> (Option<Deployment>, Diagnostics) {
    let text = row.scene.text(row.pattern);
    let files = MemoryFiles::new([("s.yaml", text.as_str())]);
    match load(Path::new("s.yaml"), &files) {
        Ok(loaded) => (Some(loaded.deployment), loaded.warnings),
        Err(wrong) => (None, wrong),
    }
}

fn title(row: &Row) -> String {
    format!("{}, {}, {:?}", row.provider, row.pattern.name(), row.how)
}

/// By then everybody is unsealed, approved, signed for and integrated.
const SETTLED: Span = Span::from_secs(6 * 3600);

/// Errors that its connections meet once it has settled, each once.
fn played(deployment: &Deployment) -> BTreeSet<&'static str> {
    let record = crate::common::play(deployment, Options::default());
    let verdicts = crate::common::verdicts(&record);
    assert_eq!(verdicts.len(), record.manifest.connections.len());
    let from = deployment.start + SETTLED;
    let all = verdicts.values().flat_map(|changes| {
        let later = changes.iter().filter(|(at, _)| *at > from);
        let later = later.map(|(_, error)| *error);
        crate::common::in_force(changes, from)
            .into_iter()
            .chain(later)
    });
    all.collect()
}

fn check(row: &Row) -> Result<(), String> {
    let (deployment, said) = loaded(row);
    let codes: Vec<&str> = said.list.iter().map(|found| found.code.text()).collect();
    let found: BTreeSet<&str> = codes.iter().copied().collect();
    let expected: BTreeSet<&str> = row.codes.iter().copied().collect();
    let text = said.render(false);
    if found != expected {
        return Err(format!("check says {found:?}, not {expected:?}\n{text}"));
    }
    let silent = said.list.iter().find(|found| found.help.is_none());
    if let Some(found) = silent {
        return Err(format!("{} says no way out\n{text}", found.code));
    }
    let outcome = match (&deployment, row.outcome) {
        (None, _) => Outcome::Refused,
        (Some(_), Outcome::Refused) => return Err("it is not refused".to_owned()),
        (Some(deployment), _) => {
            let errors = played(deployment);
            match errors.iter().next() {
                Some(&"") if errors.len() == 1 => Outcome::Works,
                Some(error) if errors.len() == 1 => Outcome::Fails(error),
                _ => return Err(format!("it meets {errors:?}")),
            }
        }
    };
    if outcome != row.outcome {
        return Err(format!("it is {outcome:?}, not {:?}\n{text}", row.outcome));
    }
    Ok(())
}

fn hold(provider: &str) {
    let rows = ROWS.iter().filter(|row| row.provider == provider);
    let wrong: Vec<String> = rows
        .filter_map(|row| {
            let why = check(row).err()?;
            let text = row.scene.text(row.pattern);
            Some(format!("{}: {why}\n{text}", title(row)))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

macro_rules! providers {
    ($($name:ident = $charm:literal,)+) => {
        $(#[test]
        fn $name() {
            hold($charm);
        })+
    };
}

providers! {
    self_signed_certificates = "self-signed-certificates",
    vault_in_kubernetes = "vault-k8s",
    vault_on_machines = "vault",
    charm_vault = "charm-vault",
    lego = "lego",
    manual_tls_certificates = "manual-tls-certificates",
    notary = "notary-k8s",
    easyrsa = "easyrsa",
    tls_constraints = "tls-constraints",
}

#[test]
fn every_provider_is_in_every_pattern() {
    for provider in PROVIDERS {
        for pattern in Pattern::ALL {
            let mut rows = ROWS.iter();
            let is_there = rows.any(|row| row.provider == provider && row.pattern == pattern);
            assert!(is_there, "{provider} in {}", pattern.name());
        }
    }
    assert!(ROWS.iter().all(|row| PROVIDERS.contains(&row.provider)));
}

/// What fails is told by `check`, and what works is not.
#[test]
fn whatever_fails_has_a_code() {
    for row in ROWS {
        assert_eq!(
            row.outcome == Outcome::Works,
            row.codes.is_empty(),
            "{}",
            title(row)
        );
    }
}

/// `docs/reference/patterns.md`, written from the table.
fn page() -> String {
    let mut text = include_str!("patterns/page.md").to_owned();
    for provider in PROVIDERS {
        let head = "| pattern | how it is wired | what happens | `check` |\n|---|---|---|---|\n";
        text += &format!("\n## {provider}\n\n{head}");
        for row in ROWS.iter().filter(|row| row.provider == provider) {
            let outcome = match row.outcome {
                Outcome::Works => "works".to_owned(),
                Outcome::Fails(error) => format!("fails: `{error}`"),
                Outcome::Refused => "the file is refused".to_owned(),
            };
            let how = match row.how {
                "" => "as in the scenario",
                how => how,
            };
            let (pattern, codes) = (row.pattern.name(), row.codes.join(", "));
            text += &format!("| {pattern} | {how} | {outcome} | {codes} |\n");
        }
    }
    text
}

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/patterns.md")
}

#[test]
fn the_page_says_what_the_table_says() {
    let written = std::fs::read_to_string(page_path()).unwrap_or_default();
    let current = "docs/reference/patterns.md is what the table says";
    assert!(written == page(), "not so: {current}");
}

/// `cargo test --test suite patterns:: -- --ignored` brings the page up to date.
#[test]
#[ignore = "writes docs/reference/patterns.md"]
fn write_the_page() {
    std::fs::write(page_path(), page()).expect("written");
}

/// Every finding of the table in its words.
#[test]
fn what_check_says() {
    let mut text = String::new();
    for row in ROWS.iter().filter(|row| !row.codes.is_empty()) {
        text += &format!("{}\n", title(row));
        for found in &loaded(row).1.list {
            text += &format!("  {} {}\n", found.code, found.message);
            for note in &found.notes {
                text += &format!("    note: {note}\n");
            }
            if let Some(help) = &found.help {
                text += &format!("    help: {help}\n");
            }
        }
    }
    insta::assert_snapshot!(text);
}
