//! The scenarios that are shipped, the schema they are written by, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use trustsim::scenario::{Code, DiskFiles, Loaded, load, schema};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.yaml` file of a folder, by name.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem()
        .expect("a name")
        .to_string_lossy()
        .into_owned()
}

fn loaded(path: &Path) -> Loaded {
    load(path, &DiskFiles).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

#[test]
fn every_scenario_loads_under_its_own_name() {
    let files = yaml_files(&root().join("scenarios"));
    assert!(files.len() >= 13, "{files:?}");
    for path in files {
        let loaded = loaded(&path);
        assert_eq!(loaded.deployment.name, name(&path));
        assert!(!loaded.deployment.about.is_empty(), "{}", path.display());
        let expected: &[Code] = match name(&path).as_str() {
            "cross-model" | "cross-controller" | "missing-transfer" | "charmed-kubernetes" => {
                &[Code::MissingTransfer]
            }
            "two-protocols" => &[
                Code::ProtocolsDiffer,
                Code::ProtocolsDiffer,
                Code::NoCertificate,
                Code::NoCertificate,
            ],
            // On purpose: that is how the charm is made to issue nothing.
            "reference-architecture-pki-outage" => &[Code::ShortRoot],
            "reference-architecture-central-pki-outage" => &[Code::ShortRoot; 3],
            _ => &[],
        };
        let codes: Vec<Code> = loaded
            .warnings
            .list
            .iter()
            .map(|found| found.code)
            .collect();
        assert_eq!(codes, expected, "{}", loaded.warnings.render(false));
    }
}

#[test]
fn every_scenario_begins_with_its_schema_and_its_question() {
    for path in yaml_files(&root().join("scenarios")) {
        let text = fs::read_to_string(&path).expect("text");
        let mut lines = text.lines();
        let first = "# yaml-language-server: $schema=./scenario.schema.json";
        assert_eq!(lines.next(), Some(first), "{}", path.display());
        let comment: String = lines.take_while(|line| line.starts_with('#')).collect();
        assert!(comment.contains('?'), "{} asks nothing", path.display());
    }
}

#[test]
fn the_warning_of_a_missing_transfer_names_the_relation() {
    let loaded = loaded(&root().join("scenarios/missing-transfer.yaml"));
    let help = loaded.warnings.list[0].help.clone().unwrap_or_default();
    assert_eq!(
        help,
        "the missing relation: juju integrate -m a traefik:receive-ca-cert ca:send-ca-cert"
    );
}

#[test]
fn the_shipped_schema_is_current() {
    let path = root().join("scenarios/scenario.schema.json");
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shipped == schema(),
        "scenarios/scenario.schema.json is not what `trustsim schema` prints"
    );
}

/// `cargo test --test suite scenarios:: -- --ignored` brings the shipped schema up to date.
#[test]
#[ignore = "writes scenarios/scenario.schema.json"]
fn write_the_schema() {
    fs::write(root().join("scenarios/scenario.schema.json"), schema()).expect("written");
}

/// YAML as JSON, as an editor's language server sees it: YAML 1.2, no spans.
fn as_json(path: &Path) -> serde_json::Value {
    let text = fs::read_to_string(path).expect("text");
    serde_saphyr::from_str(&text).expect("yaml")
}

#[test]
fn every_scenario_follows_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).expect("json");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let folders = ["scenarios", "scenarios/incidents"];
    let files = folders.map(|folder| yaml_files(&root().join(folder)));
    for path in files.concat() {
        let wrong: Vec<String> = validator
            .iter_errors(&as_json(&path))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    }
}

#[test]
fn every_invalid_scenario_is_refused_with_its_words() {
    let folder = root().join("tests/invalid");
    for path in yaml_files(&folder) {
        let wrong = match load(&path, &DiskFiles) {
            Ok(_) => panic!("{} is not refused", path.display()),
            Err(wrong) => wrong.render(false),
        };
        let prefix = format!("{}/", folder.display());
        let settings = insta::Settings::clone_current();
        settings.bind(|| insta::assert_snapshot!(name(&path), wrong.replace(&prefix, "")));
    }
}

#[test]
fn a_huge_file_is_refused_before_it_is_read_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("huge.yaml");
    let file = fs::File::create(&path).expect("a file");
    file.set_len(100 * 1024 * 1024).expect("space");
    let wrong = load(&path, &DiskFiles).expect_err("too large");
    assert_eq!(wrong.list[0].code, Code::FileTooLarge);
}

#[test]
fn a_scenario_that_is_not_there_says_so() {
    let wrong = load(Path::new("nowhere.yaml"), &DiskFiles).expect_err("nothing there");
    assert_eq!(
        wrong.render(false),
        "error[TS0101]: `nowhere.yaml` is not there"
    );
}
