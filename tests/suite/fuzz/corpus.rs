//! What broke something once: each ends as it should, within the limits of every other case.

use std::fs;
use std::path::Path;

use super::limits::{left_whole, limited};
use super::pem::maze;
use crate::common::yaml_files;

const QUICK: [&str; 5] = ["--seeds", "1", "--remedies", "0", "-q"];

/// The scenarios of `tests/fuzz-corpus`, with the bundles beside them; what each ends with is the first word of the
/// file: `# 2: ...`.
#[test]
fn every_scenario_of_the_corpus_ends_as_it_says() {
    let mut wrong = Vec::new();
    for path in yaml_files("tests/fuzz-corpus") {
        let folder = tempfile::tempdir().expect("a folder");
        let text = fs::read_to_string(&path).expect("text");
        let wanted = text
            .strip_prefix("# ")
            .and_then(|text| text.split_once(':'));
        let wanted: i32 = wanted
            .expect("# CODE: what broke")
            .0
            .parse()
            .expect("a code");
        let file = path.to_str().expect("text");
        let out = folder.path().join("out");
        let arguments = [&["run", file, "-o", "out"][..], &QUICK].concat();
        let done = limited(folder.path(), &arguments).and_then(|ended| {
            left_whole(&out, ended.code)?;
            match ended.code == wanted {
                true => Ok(()),
                false => Err(format!("exit code {}: {}", ended.code, ended.error)),
            }
        });
        wrong.extend(done.err().map(|what| format!("{file}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn four_billion_seeds_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = format!("{}/scenarios/api.yaml", env!("CARGO_MANIFEST_DIR"));
    let arguments = ["run", &scenario, "-o", "out", "--seeds", "4294967295"];
    let ended = limited(folder.path(), &arguments).expect("it ends");
    assert_eq!(ended.code, 2, "{}", ended.error);
}

fn judged(folder: &Path, (chain, roots): (&str, &str)) -> i32 {
    fs::write(folder.join("chain.pem"), chain).expect("written");
    fs::write(folder.join("roots.pem"), roots).expect("written");
    let arguments = [
        "judge",
        "--chain",
        "chain.pem",
        "--roots",
        "roots.pem",
        "--name",
        "web.test",
        "--at",
        "2026-01-02T00:00:00Z",
    ];
    limited(folder, &arguments)
        .unwrap_or_else(|what| panic!("{what}"))
        .code
}

/// Twelve levels of eight cross-signed CAs, and few levels of many: every path through them was tried.
#[test]
fn a_search_through_a_maze_of_authorities_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    for (levels, copies) in [(12, 8), (4, 60)] {
        let (chain, roots) = maze(levels, copies);
        assert_eq!(judged(folder.path(), (&chain, &roots)), 0);
    }
}

#[test]
fn roots_that_do_not_parse_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (chain, _) = maze(1, 1);
    for roots in [
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n\u{1b}[2J\n",
        "",
    ] {
        assert_eq!(judged(folder.path(), (&chain, roots)), 2, "{roots:?}");
    }
}

/// A root whose version webpki does not know: what rustls prints of it was on no page of an error, which an assertion
/// looks for.
#[test]
fn a_root_of_an_unknown_version_is_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz-corpus/unsupported-version");
    let [chain, roots] =
        ["chain.pem", "roots.pem"].map(|name| fs::read_to_string(kept.join(name)).expect("text"));
    assert_eq!(judged(folder.path(), (&chain, &roots)), 0);
}
