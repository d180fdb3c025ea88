//! Every command on small scenarios that are really played.

mod ask;
mod docs;
mod judge;
mod names;
mod other_files;
mod refused;
mod variants;

use std::path::Path;

use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

use super::*;
use trustsim_kernel::Time;

/// Plays a rotation of a CA that one client is not told of.
const ROTATED: &str = "src/tests/rotated.yaml";
/// In which nothing fails, and nothing is expected to.
const QUIET: &str = "src/tests/quiet.yaml";
/// Which is wrong.
const BAD: &str = "src/tests/bad.yaml";

/// Exit code, standard output, standard error.
fn trustsim(args: &[&str]) -> (Exit, String, String) {
    let args = std::iter::once("trustsim").chain(args.iter().copied());
    let cli = Cli::try_parse_from(args).expect("good arguments");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(&mut out, &mut err, cli.globals.quiet);
    let exit = execute(&cli, &mut console);
    drop(console);
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("text");
        anstream::adapter::strip_str(&text).to_string()
    };
    (exit, text(out), text(err))
}

fn folder() -> (tempfile::TempDir, String) {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("out").to_str().expect("text").to_owned();
    (root, path)
}

#[test]
fn help_texts() {
    let mut command = Cli::command().term_width(90);
    command.build();
    let mut text = command.render_help().to_string();
    for each in command.get_subcommands_mut() {
        text.push_str("\n----\n");
        text.push_str(&each.clone().term_width(90).render_help().to_string());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn a_run_writes_its_folder_and_says_that_an_expectation_broke() {
    let (_root, path) = folder();
    let (exit, out, err) = trustsim(&["run", ROTATED, "--remedies", "0", "-o", &path]);
    assert_eq!(exit, Exit::Broken);
    assert!(out.contains("error[TS0401]: a.ca has a new CA since "));
    assert!(out.contains("browser -> a.web/0 from "));
    let warning = "warning[TS0301]: nothing makes `b.client` trust `a.ca`";
    assert!(err.starts_with(warning), "{err}");
    assert!(err.ends_with(&format!("\nreport: {path}\n")), "{err}");
    let files = std::fs::read_dir(&path).expect("a folder").count();
    assert_eq!(files, 14);
}

#[test]
fn a_run_in_which_nothing_breaks_is_zero_and_quiet_is_silent() {
    let (_root, path) = folder();
    let (exit, out, err) = trustsim(&["run", QUIET, "-q", "-o", &path]);
    assert_eq!((exit, out.as_str(), err.as_str()), (Exit::Held, "", ""));
}

#[test]
fn a_run_takes_another_seed_and_end() {
    let (_root, path) = folder();
    let args = [
        "run", QUIET, "--seed", "7", "--until", "5m", "--format", "json", "-o", &path,
    ];
    let (_, out, _) = trustsim(&args);
    let summary: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (&summary["seed"], &summary["duration_s"]),
        (&json!(7), &json!(300))
    );
}

#[test]
fn a_bad_scenario_is_two_and_writes_nothing() {
    let (_root, path) = folder();
    let (exit, out, err) = trustsim(&["run", BAD, "-o", &path]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    let error = "error[TS0202]: no application `web` in model `a`\n";
    assert!(err.starts_with(error), "{err}");
    assert!(!Path::new(&path).exists());
}

#[test]
fn one_folder_cannot_take_two_scenarios() {
    let (exit, _, err) = trustsim(&["run", ROTATED, QUIET, "-o", "x"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @r"
    error: --output is one folder, but there are several scenarios
    hint: without it each report goes to reports/<name>; `trustsim import A B -o FILE` makes one scenario of several files
    ");
}

#[test]
fn check_says_what_is_in_it_and_goes_on_after_a_bad_one() {
    let (exit, out, err) = trustsim(&["check", BAD, ROTATED]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    insta::assert_snapshot!(err, @"
    error[TS0202]: no application `web` in model `a`
      --> src/tests/bad.yaml:11:10
       |
    11 |       - [web:certificates, ca:certificates]
       |          ^^^^^^^^^^^^^^^^ neither deployed nor consumed here
       |
    help: its only application is ca
    warning[TS0301]: nothing makes `b.client` trust `a.ca`, which issues the certificate of `a.web`
      --> src/tests/rotated.yaml:39:26
       |
    39 |   - {from: b.client, to: a.web, every: 5s}
       |                          ^^^^^ will fail with unknown-issuer
       |
    help: the missing relation: juju offer a.ca:send-ca-cert; juju consume -m b admin/a.ca; juju integrate -m b client:receive-ca-cert ca
    ok: src/tests/rotated.yaml: 3 models, 5 applications, 2 relations, 4 connections, 1 fault, 2 expectations, 3h
    coverage: 1 of 3 charms modelled, 2 assumed; 2 of 2 TLS relations; 4 of 4 connections
      assumed: client, web: described by the scenario
    ");
}

/// Charms that the scenario describes itself are assumptions.
#[test]
fn strict_refuses_an_answer_that_rests_on_an_assumption() {
    assert_eq!(trustsim(&["check", ROTATED]).0, Exit::Held);
    assert_eq!(trustsim(&["check", "--strict", ROTATED]).0, Exit::Broken);
}

#[test]
fn status_of_one_model_is_its_shape_and_of_several_by_name() {
    let (_, one, _) = trustsim(&["status", ROTATED, "-m", "a", "--format", "json"]);
    let one: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(one["model"]["name"], "a");
    let (_, all, _) = trustsim(&["status", ROTATED, "--format", "json"]);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["models"]["c"]["model"]["name"], "c");
    let (_, yaml, _) = trustsim(&["status", ROTATED, "-m", "b", "--format", "yaml"]);
    assert!(
        yaml.starts_with("model:\n  name: b\n  type: caas\n"),
        "{yaml}"
    );
    let (_, tables, _) = trustsim(&["status", ROTATED, "-m", "b"]);
    insta::assert_snapshot!(tables);
}

#[test]
fn an_unknown_model_or_unit_is_answered_with_those_there_are() {
    let (exit, _, err) = trustsim(&["status", ROTATED, "-m", "x", "-q"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @r"
    error: no model `x` in the scenario
    hint: its models are a, b, c
    ");
    let (_, _, err) = trustsim(&["show-unit", ROTATED, "a.web/9", "-q"]);
    insta::assert_snapshot!(err, @r"
    error: no unit `web/9` in model `a` at that instant
    hint: at the start its units are a.ca/0, a.web/0, a.client/0, b.client/0, c.client/0
    ");
    let (exit, _, err) = trustsim(&["show-unit", ROTATED, "-q"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @r"
    error: no unit is named
    hint: at the start its units are a.ca/0, a.web/0, a.client/0, b.client/0, c.client/0
    ");
    let (exit, _, err) = trustsim(&["why", ROTATED, "a.client2", "a.web/0", "-q"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @r"
    error: no connection from `a.client2` to `a.web/0` is watched
    hint: a similar connection is watched: a.client a.web
    ");
    let (_, _, err) = trustsim(&["show-unit", ROTATED, "web/0", "-q"]);
    insta::assert_snapshot!(err, @r"
    error: failed to tell the model of `web/0`
    hint: write it as model.app/0, or name the model with -m
    ");
}

#[test]
fn a_unit_is_shown_at_the_instant() {
    let shown = |at: &str, format: &str| {
        let args = [
            "show-unit",
            ROTATED,
            "web/0",
            "-m",
            "a",
            "--at",
            at,
            "--format",
            format,
            "-q",
        ];
        trustsim(&args).1
    };
    let value: Value = serde_json::from_str(&shown("5m", "json")).expect("JSON");
    assert_eq!(value["web/0"]["leader"], true);
    assert_eq!(
        value["web/0"]["relation-info"][0]["endpoint"],
        "certificates"
    );
    let certificate = "BEGIN CERTIFICATE-----";
    let (before, after) = (shown("65s", "yaml"), shown("5m", "yaml"));
    assert!(before.starts_with("web/0:\n") && after.starts_with("web/0:\n"));
    assert!(!before.contains(certificate), "{before}");
    assert!(after.contains(certificate), "{after}");
}

#[test]
fn an_answer_goes_into_a_file_whole() {
    let (root, path) = folder();
    let (exit, out, _) = trustsim(&["schema", "-o", &path]);
    assert_eq!((exit, out.as_str()), (Exit::Held, ""));
    let text = std::fs::read_to_string(&path).expect("written");
    assert!(text.contains("draft-07"));
    assert_eq!(std::fs::read_dir(root.path()).expect("a folder").count(), 1);
    let (exit, _, err) = trustsim(&["schema", "-o", "/nowhere/at/all.json"]);
    assert_eq!(exit, Exit::Refused);
    assert!(
        err.contains("failed to write `/nowhere/at/all.json`"),
        "{err}"
    );
}

#[test]
fn an_export_has_a_folder_a_connection() {
    let (_root, path) = folder();
    let (exit, ..) = trustsim(&["export", ROTATED, "--at", "5m", "-o", &path]);
    assert_eq!(exit, Exit::Held);
    let read = |name: &str| std::fs::read_to_string(Path::new(&path).join(name));
    assert!(read("browser_a.web-0_2/trust-store.pem").is_ok());
    insta::assert_snapshot!(read("browser_a.web-0/connection.json").expect("written"), @r#"
    {
      "connection": "browser -> a.web/0",
      "client": "browser",
      "server": "a.web/0",
      "server_name": "web-0.web-endpoints.a.svc.cluster.local",
      "validator": "openssl",
      "at": "2026-01-01T00:05:00Z",
      "outcome": "ok",
      "code": "",
      "error": ""
    }
    "#);
}

#[test]
fn a_code_is_found_by_itself_or_by_its_error() {
    let (exit, by_code, _) = trustsim(&["explain", "ts0401"]);
    assert_eq!(exit, Exit::Held);
    assert!(by_code.contains("TS0401"));
    assert_eq!(trustsim(&["explain", "unknown-issuer"]).1, by_code);
    assert!(trustsim(&["explain"]).1.contains("unknown-issuer"));
    let (exit, _, err) = trustsim(&["explain", "TS9999"]);
    assert_eq!(exit, Exit::Refused);
    assert!(err.starts_with("error: no code `TS9999`"));
}

#[test]
fn a_completion_script_knows_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (_, script, _) = trustsim(&["completion", shell]);
        assert!(script.contains("show-unit"), "{shell}");
    }
}

#[test]
fn the_exit_code_does_not_depend_on_who_reads() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (_root, path) = folder();
    let broken = [
        "run",
        ROTATED,
        "--remedies",
        "0",
        "--seeds",
        "1",
        "-o",
        &path,
    ];
    for (args, exit) in [
        (&["schema"][..], Exit::Held),
        (&broken, Exit::Broken),
        (&["check", BAD], Exit::Refused),
        (&["check", "--strict", ROTATED], Exit::Broken),
    ] {
        let args = std::iter::once("trustsim").chain(args.iter().copied());
        let cli = Cli::try_parse_from(args).expect("good arguments");
        let mut console = Console::new(Closed, Closed, false);
        assert_eq!(execute(&cli, &mut console), exit, "{cli:?}");
    }
    let summary = Path::new(&path).join("summary.json");
    assert!(summary.is_file(), "the report is written");
}

#[test]
fn hooks_of_units_are_written_from_an_instant_on() {
    let (exit, out, _) = trustsim(&["record", ROTATED, "a.web/0", "-q"]);
    assert_eq!(exit, Exit::Held);
    let all: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(all["scenario"], "rotation");
    let begun = |recording: &Value| -> Vec<Time> {
        let hooks = recording["hooks"]
            .as_array()
            .expect("a list of hooks")
            .iter();
        hooks
            .map(|hook| {
                assert_eq!(hook["unit"], "web/0");
                Time::parse(hook["at"].as_str().expect("text")).expect("RFC 3339")
            })
            .collect()
    };
    let later = ["record", ROTATED, "a.web/0", "--from", "1m", "-q"];
    let later: Value = serde_json::from_str(&trustsim(&later).1).expect("it is JSON");
    let from = Time::parse("2026-01-01T00:01:00Z").expect("an instant");
    let mut wanted = begun(&all);
    assert!(wanted.iter().any(|at| *at < from), "some began before");
    wanted.retain(|at| *at >= from);
    assert!(!wanted.is_empty(), "some began after");
    assert_eq!(begun(&later), wanted);
    let (_, out, _) = trustsim(&["record", QUIET, "--format", "yaml", "-q"]);
    assert!(out.starts_with("scenario: quiet\nhooks:\n"), "{out}");
    assert!(out.contains("unit: ca/0") && out.contains("unit: web/0"));
    let (exit, _, err) = trustsim(&["record", ROTATED, "a.other/0", "-q"]);
    assert_eq!(exit, Exit::Refused);
    assert!(
        err.contains("model `a` has no application for unit `other/0`"),
        "{err}"
    );
    let (exit, out, err) = trustsim(&["record", ROTATED, "a.web/0", "a.web/99", "-q"]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    assert!(
        err.contains("unit `web/99` of model `a` ran no hook until"),
        "{err}"
    );
}
