//! What the program writes and reads, as a process of its own: killed, with its reader gone, over files of others,
//! devices, pipes and folders that were changed.

mod kills;
mod reading;

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::trustsim;
use serde_json::Value;
use sha2::{Digest, Sha256};

const SCENARIO: &str = "
name: shop
duration: 1d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      api: {charm: api, scale: 1}
      web: {charm: web, scale: 1}
    relations:
      - [api:certificates, ca:certificates]
      - [web:receive-ca-cert, ca:send-ca-cert]
charms:
  api:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
  web:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
connections:
  - {from: shop.web, to: shop.api, every: 60s}
faults:
  - at: 10h
    remove-relation: {model: shop, between: [ca:send-ca-cert, web:receive-ca-cert]}
variants:
  quiet: {faults: []}
";

/// How the runs of these tests are cut short.
const QUICK: [&str; 4] = ["--remedies", "0", "--seeds", "1"];

/// The program in a folder, whose output is read.
fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = crate::common::program(folder, arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The exit code and standard error.
fn said(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = trustsim(folder, arguments);
    (output.status.code(), text(&output.stderr))
}

fn run<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let all = ["run", "shop.yaml"].iter().chain(&QUICK);
    all.chain(more).copied().collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A folder with the scenario.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("shop.yaml"), SCENARIO).expect("written");
    folder
}

/// A folder with the scenario, and the report of it in `out`.
fn played() -> tempfile::TempDir {
    let folder = folder();
    let (code, said) = said(folder.path(), &run(&["-o", "out"]));
    assert_eq!(code, Some(1), "{said}");
    folder
}

/// What a seal says of the files beside it, by this test's own reading; `None` where there is no seal.
pub(crate) fn is_whole(folder: &Path, seal: &str) -> Option<bool> {
    let seal = fs::read(folder.join(seal)).ok()?;
    let seal: Value = serde_json::from_slice(&seal).expect("a seal that is there is JSON");
    let files = seal["files"].as_object().expect("digests of the files");
    assert!(!files.is_empty());
    Some(files.iter().all(|(name, sha256)| {
        let bytes = fs::read(folder.join(name));
        bytes.is_ok_and(|bytes| {
            let found = Sha256::digest(&bytes);
            found
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                == *sha256
        })
    }))
}

/// Every file below a folder, with its bytes.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(tree(&path)),
            false => found.push((path.clone(), fs::read(&path).expect("read"))),
        }
    }
    found.sort();
    found
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).expect("it is there");
    found.permissions().mode() & 0o777
}

#[test]
fn a_summary_has_the_digest_of_every_other_file() {
    let folder = played();
    let out = folder.path().join("out");
    assert_eq!(is_whole(&out, "summary.json"), Some(true));
    let summary: Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).expect("read")).expect("JSON");
    let names = summary["files"].as_object().expect("digests").len();
    assert_eq!(names + 1, fs::read_dir(&out).expect("a folder").count());
}

/// A pipe that nothing reads any more.
fn closed() -> Stdio {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

#[test]
fn the_exit_code_does_not_depend_on_who_reads() {
    let folder = folder();
    for (arguments, code) in [
        (run(&["-o", "broken"]), 1),
        (run(&["-o", "broken", "--format", "json"]), 1),
        (run(&["--variant", "quiet", "-o", "held"]), 0),
        (vec!["check", "shop.yaml"], 0),
        (vec!["check", "--strict", "shop.yaml"], 1),
        (vec!["explain"], 0),
        (vec!["status", "absent.yaml"], 2),
    ] {
        let mut read = program(folder.path(), &arguments);
        let read = read.output().expect("it runs").status.code();
        let mut unread = program(folder.path(), &arguments);
        let unread = unread.stdout(closed()).stderr(closed());
        let unread = unread.status().expect("it runs").code();
        assert_eq!((read, unread), (Some(code), Some(code)), "{arguments:?}");
    }
    for report in ["broken", "held"] {
        let whole = is_whole(&folder.path().join(report), "summary.json");
        assert_eq!(whole, Some(true), "{report}");
    }
}

#[test]
fn files_of_others_are_never_replaced() {
    let folder = folder();
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("made");
    fs::write(out.join("journal.csv"), "mine").expect("written");
    let (code, error) = said(folder.path(), &run(&["-o", "out"]));
    assert_eq!(code, Some(2));
    let error = error.lines().filter(|line| !line.starts_with("coverage"));
    let error: Vec<&str> = error
        .skip_while(|line| !line.starts_with("error"))
        .collect();
    insta::assert_snapshot!(error.join("\n"), @"
    error: failed to write the report
      because: `out/journal.csv` is there already, and nothing says that trustsim wrote it
    hint: name another folder with -o, or move it away
    ");
    assert_eq!(tree(&out), [(out.join("journal.csv"), b"mine".to_vec())]);

    // What has another name is left alone, also by the next run.
    fs::rename(out.join("journal.csv"), out.join("mine.csv")).expect("moved");
    for _ in 0..2 {
        let (code, error) = said(folder.path(), &run(&["-o", "out"]));
        assert_eq!(code, Some(1), "{error}");
    }
    assert_eq!(fs::read(out.join("mine.csv")).expect("read"), b"mine");
    assert_eq!(is_whole(&out, "summary.json"), Some(true));
}

/// A summary of the new run lay beside plots of the old one.
#[test]
fn what_cannot_be_written_leaves_the_old_report() {
    let folder = played();
    let out = folder.path().join("out");
    fs::remove_file(out.join("plot-outages.svg")).expect("removed");
    fs::create_dir(out.join("plot-outages.svg")).expect("made");
    fs::write(out.join("plot-outages.svg/mine"), "mine").expect("written");
    let before = tree(folder.path());
    let (code, error) = said(folder.path(), &run(&["--seed", "2", "-o", "out"]));
    assert_eq!(code, Some(2), "{error}");
    assert!(
        error.contains("`out/plot-outages.svg` is there already"),
        "{error}"
    );
    assert!(tree(folder.path()) == before, "a file has changed");
}

#[test]
fn an_answer_in_files_is_written_again_and_beside_others() {
    let folder = played();
    let out = folder.path().join("out");
    let commands: [(&[&str], &str); 5] = [
        (&["export", "shop.yaml", "--at", "2h"], "export.json"),
        (&["forecast", "shop.yaml", "--proofs", "0"], "forecast.json"),
        (&["audit", "trust", "shop.yaml"], "audit-trust.json"),
        (
            &["audit", "blast-radius", "shop.yaml"],
            "audit-blast-radius.json",
        ),
        (&["ask", "edges", "shop.yaml"], "ask-edges.json"),
    ];
    for (command, seal) in commands {
        for _ in 0..2 {
            let all: Vec<&str> = command.iter().chain(&["-o", "out"]).copied().collect();
            let (code, error) = said(folder.path(), &all);
            assert_eq!(code, Some(0), "{error}");
            assert_eq!(is_whole(&out, seal), Some(true), "{seal}");
        }
    }
    assert_eq!(is_whole(&out, "summary.json"), Some(true));
    let names = fs::read_dir(&out).expect("a folder");
    let mut names = names.map(|entry| entry.expect("an entry").file_name());
    let hidden = names.find(|name| name.to_string_lossy().starts_with('.'));
    assert_eq!(hidden, None);
}

#[test]
fn keys_are_for_their_owner() {
    let folder = folder();
    let root = folder.path();
    let recording = root.join("recording.json");
    fs::write(&recording, "old").expect("written");
    fs::set_permissions(&recording, fs::Permissions::from_mode(0o600)).expect("set");
    for (command, file) in [
        (&["record", "shop.yaml"][..], "recording.json"),
        (&["record", "shop.yaml"], "new.json"),
        (&["show-unit", "shop.yaml", "api/0"], "unit.yaml"),
    ] {
        let all: Vec<&str> = command.iter().chain(&["-o", file]).copied().collect();
        let (code, error) = said(root, &all);
        assert_eq!(code, Some(0), "{error}");
        assert_eq!(mode(&root.join(file)), 0o600, "{file}");
    }
    let (code, error) = said(root, &["export", "shop.yaml", "-o", "keys"]);
    assert_eq!(code, Some(0), "{error}");
    for (path, _) in tree(&root.join("keys")) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn devices_pipes_and_links_stay_what_they_are() {
    let folder = folder();
    let root = folder.path();
    let status = |to: &str| trustsim(root, &["status", "shop.yaml", "--format", "json", "-o", to]);
    let printed = status("-");
    assert!(printed.status.success());
    assert_eq!(status("/dev/stdout").stdout, printed.stdout);
    assert!(status("/dev/null").status.success());
    let null = fs::metadata("/dev/null").expect("there").file_type();
    assert!(null.is_char_device());
    assert_eq!(status("/dev/full").status.code(), Some(2));

    symlink("answer.json", root.join("link")).expect("linked");
    assert!(status("link").status.success());
    let link = fs::symlink_metadata(root.join("link")).expect("there");
    assert!(link.is_symlink());
    assert_eq!(
        fs::read(root.join("answer.json")).expect("read"),
        printed.stdout
    );

    let shell = "(echo first; \"$0\" status shop.yaml --format json -q -o /dev/fd/3 3>&1; echo last) >> all";
    let mut typed = Command::new("sh");
    typed.args(["-c", shell, env!("CARGO_BIN_EXE_trustsim")]);
    assert!(typed.current_dir(root).status().expect("it runs").success());
    let all = text(&fs::read(root.join("all")).expect("read"));
    assert_eq!(all, format!("first\n{}last\n", text(&printed.stdout)));

    let (code, error) = said(root, &["status", "shop.yaml", "-q", "-o", "."]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(error, @"
    error: failed to write `.`
      because: it is a folder
    ");
}
