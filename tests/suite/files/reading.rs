//! What is read has a bound, is a file or an open pipe, and a run's folder is read only while it is whole.

use std::fs::File;
use std::process::Output;

use super::*;

/// Runs a line of a shell in which `$0` is the program.
fn shell(shell: &str, folder: &Path, line: &str) -> Output {
    let mut command = Command::new(shell);
    command.args(["-c", line, env!("CARGO_BIN_EXE_trustsim")]);
    command.current_dir(folder).output().expect("it runs")
}

fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}

/// With a named pipe that nothing writes, the program waited for ever.
#[test]
fn a_named_pipe_is_refused_and_an_open_one_is_read() {
    let folder = folder();
    make_pipe(&folder.path().join("pipe"));
    let (code, error) = said(folder.path(), &["check", "pipe"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(error, @"error[TS0101]: failed to read `pipe`: it is a named pipe, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`");
    for line in [
        "\"$0\" check -q <(cat shop.yaml)",
        "\"$0\" check -q /dev/stdin < shop.yaml",
        "cat shop.yaml | \"$0\" check -q /dev/fd/0",
    ] {
        let output = shell("bash", folder.path(), line);
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    }
}

/// Of a dump that came over a pipe no more was read than what tells an archive: "unclosed quote" after `{"mode`.
#[test]
fn a_dump_is_read_from_a_pipe() {
    let folder = folder();
    let status = r#"{"model": {"name": "m", "type": "caas", "controller": "c", "version": "3.6.1"},
        "applications": {"web": {"charm": "traefik-k8s", "scale": 1, "relations": {}}}}"#;
    fs::write(folder.path().join("status.json"), status).expect("written");
    for line in [
        "\"$0\" import -q <(cat status.json)",
        "cat status.json | \"$0\" import -q /dev/stdin",
        "cat status.json | \"$0\" ask edges /dev/stdin",
        "cat status.json | \"$0\" check -q /dev/stdin",
    ] {
        let output = shell("bash", folder.path(), line);
        assert!(output.status.success(), "{line}: {}", text(&output.stderr));
    }
    let output = shell("bash", folder.path(), "cat status.json | \"$0\" import -");
    insta::assert_snapshot!(text(&output.stderr), @"
    error[TS0101]: `-` is not there
    help: what is piped is read from /dev/stdin
    ");
}

/// A charm whose metadata was there and could not be read was said not to be in the catalogue.
#[test]
fn metadata_of_a_charm_that_is_no_file_is_refused() {
    let folder = folder();
    let at = |path: &str| folder.path().join(path);
    let applications = ["pipe", "device", "folder", "nowhere", "packed"].map(|name| {
        fs::create_dir_all(at(name)).expect("a folder");
        let ending = if name == "packed" { "/mine.charm" } else { "" };
        format!("{name}: {{charm: ./{name}{ending}}}")
    });
    make_pipe(&at("pipe/metadata.yaml"));
    make_pipe(&at("packed/mine.charm"));
    symlink("/dev/zero", at("device/charmcraft.yaml")).expect("a link");
    symlink("gone", at("nowhere/metadata.yaml")).expect("a link");
    fs::create_dir(at("folder/metadata.yaml")).expect("a folder");
    let applications = applications.join(", ");
    let text = format!("models: {{m: {{bundle: kubernetes, applications: {{{applications}}}}}}}\n");
    fs::write(at("charms.yaml"), text).expect("written");
    let (code, error) = said(folder.path(), &["check", "charms.yaml"]);
    assert_eq!(code, Some(2));
    let errors = error.lines().filter(|line| line.starts_with("error"));
    insta::assert_snapshot!(errors.collect::<Vec<_>>().join("\n"), @"
    error[TS0101]: failed to read `pipe/metadata.yaml`: it is a named pipe, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    error[TS0101]: failed to read `device/charmcraft.yaml`: it is a device, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    error[TS0101]: `folder/metadata.yaml` is a folder
    error[TS0101]: `nowhere/metadata.yaml` is not there
    error[TS0101]: failed to read `packed/mine.charm`: it is a named pipe, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    ");
    let (code, error) = said(folder.path(), &["import", "pipe"]);
    assert_eq!(code, Some(2));
    let wrong = "warning[TS0101]: failed to read `pipe/metadata.yaml`: it is a named pipe";
    assert!(error.contains(wrong), "{error}");
}

#[test]
fn what_has_no_end_is_refused() {
    let folder = folder();
    make_pipe(&folder.path().join("pipe"));
    let mut all = String::new();
    for line in [
        "\"$0\" judge --chain /dev/zero --roots shop.yaml --name a --at 2026-01-01T00:00:00Z",
        "\"$0\" judge --chain pipe --roots shop.yaml --name a --at 2026-01-01T00:00:00Z",
        "\"$0\" judge --chain /dev/stdin --roots shop.yaml --name a --at 2026-01-01T00:00:00Z < /dev/zero",
        "\"$0\" check /dev/zero",
        "\"$0\" check /dev/stdin < /dev/zero",
    ] {
        let output = shell("sh", folder.path(), line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        all.push_str(&text(&output.stderr));
    }
    insta::assert_snapshot!(all, @"
    error: failed to read `/dev/zero`
      because: it is a device, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    error: failed to read `pipe`
      because: it is a named pipe, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    error: `/dev/stdin` is larger than 16 MiB
    error[TS0101]: failed to read `/dev/zero`: it is a device, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    error[TS0102]: `/dev/stdin` is larger than 16 MiB, the most that is read
    ");
}

fn ask(folder: &Path) -> String {
    let (code, error) = said(folder, &["status", "out", "-q"]);
    assert_eq!(code, Some(2));
    error
}

#[test]
fn a_folder_that_is_not_whole_is_refused() {
    let folder = played();
    let root = folder.path();
    let out = root.join("out");
    let (_, error) = said(root, &run(&["--seed", "2", "-o", "other"]));
    // Two runs are mixed.
    fs::copy(root.join("other/journal.csv"), out.join("journal.csv")).expect("copied");
    insta::assert_snapshot!(ask(root), @"
    error: `out` is not whole: `journal.csv` is not as it was written
    hint: write it again: trustsim run shop.yaml -o out
    ");
    fs::remove_file(out.join("journal.csv")).expect("removed");
    insta::assert_snapshot!(ask(root), @"
    error: `out` is not whole: `journal.csv` is missing
    hint: write it again: trustsim run shop.yaml -o out
    ");
    // What it says is typed makes it whole again.
    let (code, _) = said(root, &["run", "shop.yaml", "-o", "out", "--remedies", "0"]);
    assert_eq!((code, ask_code(root)), (Some(1), Some(0)), "{error}");

    // As an earlier version wrote it.
    let path = out.join("summary.json");
    let mut summary: Value = serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    summary.as_object_mut().expect("an object").remove("files");
    fs::write(&path, summary.to_string()).expect("written");
    insta::assert_snapshot!(ask(root), @"
    error: `out/summary.json` does not say which files belong to it
    hint: an earlier version may have written it, and nothing is written over it: trustsim run SCENARIO -o ANOTHER-FOLDER
    ");

    // As a killed writer left it.
    fs::remove_file(&path).expect("removed");
    fs::create_dir(out.join(".summary.json.writing")).expect("made");
    insta::assert_snapshot!(ask(root), @"
    error: `out` is not whole: the program that writes it was stopped, or is still at work
    hint: write it again: trustsim run SCENARIO -o out
    ");
}

fn ask_code(folder: &Path) -> Option<i32> {
    said(folder, &["status", "out", "-q"]).0
}

/// A folder that claims an end in 2554 was played for 528 years.
#[test]
fn a_folder_cannot_have_been_played_longer_than_its_scenario_lasts() {
    let folder = played();
    let path = folder.path().join("out/summary.json");
    let written = text(&fs::read(&path).expect("read"));
    let mut all = String::new();
    for until in [
        "2554-07-21T00:00:00Z",
        "2026-01-02T00:00:00.000000001Z",
        "2025-12-31T00:00:00Z",
    ] {
        let mut summary: Value = serde_json::from_str(&written).expect("JSON");
        summary["played"]["until"] = until.into();
        fs::write(&path, summary.to_string()).expect("written");
        all.push_str(&ask(folder.path()));
    }
    insta::assert_snapshot!(all, @"
    error: `out/summary.json` says that `shop.yaml` was played until 2554-07-21T00:00:00Z, but it plays from 2026-01-01T00:00:00Z until 2026-01-02T00:00:00Z
    hint: play it again: trustsim run shop.yaml
    error: `out/summary.json` says that `shop.yaml` was played until 2026-01-02T00:00:00.000000001Z, but it plays from 2026-01-01T00:00:00Z until 2026-01-02T00:00:00Z
    hint: play it again: trustsim run shop.yaml
    error: `out/summary.json` says that `shop.yaml` was played until 2025-12-31T00:00:00Z, but it plays from 2026-01-01T00:00:00Z until 2026-01-02T00:00:00Z
    hint: play it again: trustsim run shop.yaml
    ");
}

#[test]
fn a_summary_has_a_bound() {
    let folder = played();
    let path = folder.path().join("out/summary.json");
    let file = File::create(&path).expect("made");
    file.set_len(1 << 40).expect("a file with a hole");
    insta::assert_snapshot!(ask(folder.path()), @"error: `out/summary.json` is larger than 256 MiB");
    fs::remove_file(&path).expect("removed");
    make_pipe(&path);
    insta::assert_snapshot!(ask(folder.path()), @"
    error: failed to read `out/summary.json`
      because: it is a named pipe, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`
    ");
}
