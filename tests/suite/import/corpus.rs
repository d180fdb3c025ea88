//! Every file of the corpus of bundles and dumps. They are beside the project, not in it.

use std::fs;
use std::path::{Path, PathBuf};

use trustsim::import::Imported;
use trustsim::model::Coverage;
use trustsim::report::words::standing;
use trustsim::scenario::{Code, Diagnostics, DiskFiles, MemoryFiles, Severity};

use super::{from_disk, from_files};

/// Overlays, and the bundle that each is laid over.
const OVERLAYS: &[(&str, &str)] = &[
    (
        "cos-lite-bundle__overlays",
        "canonical__cos-lite-bundle__bundle.rendered.yaml",
    ),
    (
        "cos-offers-overlay",
        "canonical__cos-lite-bundle__bundle.rendered.yaml",
    ),
    (
        "charmed-kubernetes__bundle__overlays",
        "charmed-kubernetes__bundle__releases_1.35_bundle.yaml",
    ),
    (
        "tests_suites_ck_overlay",
        "charmed-kubernetes__bundle__releases_1.35_bundle.yaml",
    ),
    (
        "test-multi-overlay",
        "juju__charm__internal_test-charm-repo_bundle_wordpress-simple-multidoc_bundle.yaml",
    ),
    (
        "test-overlay3",
        "juju__charm__internal_test-charm-repo_bundle_wordpress-simple-multidoc_bundle.yaml",
    ),
];

/// What cannot be imported, and how the refusal of each begins.
const REFUSED: &[(&str, &str)] = &[
    ("bundle.yaml.j2", "is a template that was not rendered"),
    (
        "kafka-k8s_bundle.yaml.j2",
        "is a template that was not rendered",
    ),
    (
        "cmr_bundles_test_deploy.yaml",
        "is a template that was not rendered",
    ),
    // Overlays whose bundle is not in the corpus.
    (
        "kafka-bundle__overlays_production.yaml",
        "is an overlay without its bundle",
    ),
    (
        "bundle-with-overlays_overlay.yaml",
        "is an overlay without its bundle",
    ),
];

/// An input of the corpus: its name, and what is imported.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) made: Result<Imported, Diagnostics>,
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

pub(crate) fn cases() -> Option<Vec<Case>> {
    let corpus = trustsim_oracles::shared("corpus")?;
    let mut found = Vec::new();
    for folder in ["bundles", "status"] {
        for path in files_of(&corpus.join(folder)) {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if name.ends_with(".py") {
                found.extend(of_python(&name, &path));
                continue;
            }
            let base = OVERLAYS.iter().find(|(part, _)| name.contains(part));
            let paths = match base {
                Some((_, base)) => vec![path.with_file_name(base), path],
                None => vec![path],
            };
            found.push(Case {
                name: format!("{folder}/{name}"),
                made: from_disk(&paths),
            });
        }
    }
    // Two models of which one consumes the offer of the other.
    let both = ["clite", "None"].map(|model| {
        let name = "canonical__jhack__jhack_tests_utils_test_show_relation_mocks_cmrs_full_status_";
        corpus.join("status").join(format!("{name}{model}.json"))
    });
    found.push(Case {
        name: "status/cmrs, both models".to_owned(),
        made: from_disk(&both),
    });
    Some(found)
}

/// The dumps that are texts in a Python file.
fn of_python(name: &str, path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).expect("text");
    let dumps = text.split("\"\"\"").skip(1).step_by(2);
    dumps
        .enumerate()
        .map(|(number, dump)| {
            let mut files = MemoryFiles::default();
            files.0.insert("status.json".into(), dump.into());
            Case {
                name: format!("status/{name} {}", number + 1),
                made: from_files(&files, &["status.json"]),
            }
        })
        .collect()
}

fn refusal(case: &Case) -> Option<&'static str> {
    let known = REFUSED.iter().find(|(end, _)| case.name.ends_with(end));
    known.map(|(_, begin)| *begin)
}

#[test]
fn every_file_is_imported_or_refused_with_words_that_help() {
    let Some(cases) = cases() else {
        return;
    };
    let mut wrong = Vec::new();
    for case in &cases {
        match (&case.made, refusal(case)) {
            (Ok(_), None) => {}
            (Err(said), Some(begin)) if said.render(false).contains(begin) => {}
            // A status of nothing.
            (Err(said), None) if said.render(false).contains("has no application") => {}
            (Ok(_), Some(begin)) => wrong.push(format!("{}: not refused: {begin}", case.name)),
            (Err(said), _) => wrong.push(format!("{}: {}", case.name, said.render(false))),
        }
    }
    assert!(cases.len() > 90, "only {}", cases.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is imported of a bundle rests on what the bundle rests on.
#[test]
fn an_import_knows_as_much_of_a_bundle_as_a_scenario_that_names_it() {
    let Some(corpus) = trustsim_oracles::shared("corpus/bundles") else {
        return;
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files_of(&corpus) {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = format!("models: {{m: {{from: {name}, deployed: true}}}}\n");
        let scenario = trustsim::scenario::parse(&text, "s.yaml").expect("a scenario");
        let named = trustsim::scenario::resolve(scenario, &corpus.join("s.yaml"), &DiskFiles);
        let (Ok(named), Ok(made)) = (named, from_disk(std::slice::from_ref(&path))) else {
            continue;
        };
        let of = |deployment| standing::charms_and_relations(&Coverage::of(deployment));
        let (named, made) = (of(&named.deployment), of(&made.loaded.deployment));
        if named != made {
            wrong.push(format!("{name}\n  named:    {named}\n  imported: {made}"));
        }
        count += 1;
    }
    assert!(count > 45, "only {count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The row of the table for one input.
fn row(case: &Case) -> String {
    let imported = match &case.made {
        Ok(imported) => imported,
        Err(wrong) => {
            let errors = wrong
                .list
                .iter()
                .filter(|found| found.severity == Severity::Error);
            let said: Vec<&str> = errors.map(|found| found.message.as_str()).collect();
            return format!(
                "| {} | refused | | | | {} |\n",
                case.name,
                cell(&said.join("; "))
            );
        }
    };
    let deployment = &imported.loaded.deployment;
    let kinds: Vec<&str> = imported.files.iter().map(|file| file.kind.name()).collect();
    let left_out = imported.notes.list.iter().filter(|found| {
        let codes = [
            Code::LeftOut,
            Code::ModelNotGiven,
            Code::Contradiction,
            Code::RemoteConsumer,
        ];
        codes.contains(&found.code)
    });
    let left_out: Vec<&str> = left_out.map(|found| found.message.as_str()).collect();
    format!(
        "| {} | {} | {} | {} | {} | {} |\n",
        case.name,
        kinds.join(", "),
        deployment.models.len(),
        deployment.applications.len(),
        deployment.relations.len(),
        cell(&left_out.join("; "))
    )
}

/// A text as a cell of a table: folders of the machine are no part of it.
pub(crate) fn cell(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.rsplit_once('/') {
        Some((folder, name)) if folder.starts_with("`/") => format!("`{name}"),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn page(cases: &[Case]) -> String {
    let mut page = String::from(
        "# What real inputs become\n\n\
         Bundles, statuses and units of public repositories (`owner__repository__path`), each imported by `trustsim import` \
         with no key\ntyped, and an overlay with the bundle that it is laid over: what the scenario has, and what was left out \
         or assumed, and why.\nA test writes this page.\n\n\
         | input | kind | models | applications | relations | left out |\n|---|---|---|---|---|---|\n",
    );
    for case in cases {
        page.push_str(&row(case));
    }
    page
}

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/import.md")
}

#[test]
fn every_file_has_a_row() {
    let Some(cases) = cases() else {
        return;
    };
    let written = fs::read_to_string(page_path()).expect("a page");
    assert_eq!(
        written,
        page(&cases),
        "cargo test --test suite import:: -- --ignored write_the"
    );
}

/// `cargo test --test suite import:: -- --ignored` brings the page up to date.
#[test]
#[ignore = "writes docs/reference/import.md"]
fn write_the_table_of_imports() {
    let cases = cases().expect("the corpus is beside the project");
    fs::write(page_path(), page(&cases)).expect("written");
}
