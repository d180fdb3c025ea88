//! Every command on a made-up engine that knows one scenario.

use std::path::Path;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

use super::*;
use trustsim_kernel::Time;
use trustsim_testkit::{Script, rotation};
use trustsim_tls::Verdict;
use trustsim_world::{Deployment, ExportedConnection, Journal, Manifest, Options};

/// Knows `good.yaml`, which plays a rotation, `quiet.yaml`, in which nothing is expected to fail
/// and nothing does, and `bad.yaml`, which is wrong.
struct Made;

struct Played {
    script: Script,
    until: Time,
}

impl Engine for Made {
    fn load(&self, path: &Path, _: Option<&str>) -> Result<Loaded, CliError> {
        let (mut deployment, _) = rotation();
        match path.to_str() {
            Some("good.yaml") => {}
            Some("quiet.yaml") => {
                deployment.expectations.clear();
                "quiet".clone_into(&mut deployment.name);
            }
            _ => return Err(CliError::scenario("error[TS0101]: a file cannot be read\n")),
        }
        Ok(Loaded {
            deployment,
            warnings: "warning[TS0301]: a lint\n".to_owned(),
            variants: Vec::new(),
            sha256: "5ce9a210".to_owned(),
        })
    }

    fn start(
        &self,
        deployment: Arc<Deployment>,
        _: Options,
    ) -> Result<Box<dyn Simulation>, CliError> {
        let mut script = match deployment.name.as_str() {
            "quiet" => Script::new(&["a.web/0"]),
            _ => rotation().1,
        };
        deployment.name.clone_into(&mut script.manifest.name);
        script.manifest.seed = deployment.seed;
        script.manifest.duration = deployment.duration;
        let until = deployment.start;
        Ok(Box::new(Played { script, until }))
    }

    fn schema(&self) -> Result<Value, CliError> {
        Ok(json!({ "$schema": "http://json-schema.org/draft-07/schema#" }))
    }

    fn explain(&self, code: &str) -> Option<String> {
        trustsim_tls::explain(code).map(str::to_owned)
    }

    fn codes(&self) -> Vec<(String, String)> {
        vec![("TS0401".to_owned(), "unknown-issuer".to_owned())]
    }
}

impl Simulation for Played {
    fn run_until(&mut self, until: Time) {
        assert!(until >= self.until, "time runs backwards");
        self.until = until;
    }

    fn manifest(&self) -> Manifest {
        self.script.manifest.clone()
    }

    fn journal(&self) -> &Journal {
        &self.script.journal
    }

    fn status(&self, model: &str) -> Option<Value> {
        let known = ["a", "b", "c"].contains(&model);
        known.then(|| json!({ "model": { "name": model, "type": "caas" } }))
    }

    fn show_unit(&self, model: &str, unit: &str) -> Option<Value> {
        let life = self.until.to_string();
        (model == "a" && unit == "web/0").then(|| json!({ unit: { "leader": true, "at": life } }))
    }

    fn record(&mut self, unit: &str) -> bool {
        unit == "a.web/0"
    }

    fn record_all(&mut self) {}

    fn recording(&self) -> Vec<Value> {
        let hooks = ["2026-01-01T00:00:10Z", "2026-01-01T00:05:00Z"];
        let hooks = hooks.map(|at| json!({ "unit": "web/0", "at": at, "hook": "start" }));
        hooks.to_vec()
    }

    fn export(&self) -> Vec<ExportedConnection> {
        let connection = ExportedConnection {
            connection: "browser -> a.web/0".to_owned(),
            client: "browser".to_owned(),
            server: "a.web/0".to_owned(),
            server_name: "web.example.com".to_owned(),
            validator: "openssl".to_owned(),
            at: self.until,
            server_chain: Vec::new(),
            trust_store: Vec::new(),
            client_chain: None,
            client_trust_store: None,
            verdict: Verdict::ok(),
        };
        vec![connection.clone(), connection]
    }
}

/// Exit code, standard output, standard error.
fn trustsim(args: &[&str]) -> (Exit, String, String) {
    let args = std::iter::once("trustsim").chain(args.iter().copied());
    let cli = Cli::try_parse_from(args).expect("good arguments");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(&mut out, &mut err, cli.globals.quiet);
    let exit = execute(&cli, &Made, &mut console);
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
    let (exit, out, err) = trustsim(&["run", "good.yaml", "-o", &path]);
    assert_eq!(exit, Exit::Broken);
    assert!(out.contains("error[TS0401]: a.ca has a new CA since "));
    assert!(out.contains("browser does not trust the issuer of a.web/0"));
    assert_eq!(err, format!("warning[TS0301]: a lint\nreport: {path}\n"));
    let files = std::fs::read_dir(&path).expect("a folder").count();
    assert_eq!(files, 13);
}

#[test]
fn a_run_in_which_nothing_breaks_is_zero_and_quiet_is_silent() {
    let (_root, path) = folder();
    let (exit, out, err) = trustsim(&["run", "quiet.yaml", "-q", "-o", &path]);
    assert_eq!((exit, out.as_str(), err.as_str()), (Exit::Held, "", ""));
}

#[test]
fn a_run_takes_another_seed_and_end() {
    let (_root, path) = folder();
    let args = [
        "run",
        "quiet.yaml",
        "--seed",
        "7",
        "--until",
        "5m",
        "--format",
        "json",
        "-o",
        &path,
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
    let (exit, out, err) = trustsim(&["run", "bad.yaml", "-o", &path]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    assert_eq!(err, "error[TS0101]: a file cannot be read\n");
    assert!(!Path::new(&path).exists());
}

#[test]
fn one_folder_cannot_take_two_scenarios() {
    let (exit, _, err) = trustsim(&["run", "good.yaml", "quiet.yaml", "-o", "x"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @r"
    error: --output is one folder, but there are several scenarios
    hint: without it each report goes to reports/<name>
    ");
}

#[test]
fn check_says_what_is_in_it_and_goes_on_after_a_bad_one() {
    let (exit, out, err) = trustsim(&["check", "bad.yaml", "good.yaml"]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    insta::assert_snapshot!(err, @r"
    error[TS0101]: a file cannot be read
    warning[TS0301]: a lint
    ok: good.yaml: 3 models, 5 applications, 0 relations, 0 connections, 0 faults, 2 expectations, 16m40s
    ");
}

#[test]
fn status_of_one_model_is_its_shape_and_of_several_by_name() {
    let (_, one, _) = trustsim(&["status", "good.yaml", "-m", "a", "--format", "json"]);
    let one: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(one["model"]["name"], "a");
    let (_, all, _) = trustsim(&["status", "good.yaml", "--format", "json"]);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["models"]["c"]["model"]["name"], "c");
    let (_, yaml, _) = trustsim(&["status", "good.yaml", "-m", "b", "--format", "yaml"]);
    insta::assert_snapshot!(yaml, @r"
    model:
      name: b
      type: caas
    ");
}

#[test]
fn an_unknown_model_or_unit_is_answered_with_those_there_are() {
    let (exit, _, err) = trustsim(&["status", "good.yaml", "-m", "x", "-q"]);
    assert_eq!(exit, Exit::Refused);
    insta::assert_snapshot!(err, @r"
    error: no model `x` in the scenario
    hint: its models are a, b, c
    ");
    let (_, _, err) = trustsim(&["show-unit", "good.yaml", "a.web/9", "-q"]);
    insta::assert_snapshot!(err, @r"
    error: no unit `web/9` in model `a` at that instant
    hint: the applications are a.ca, a.web, a.client, b.client, c.client
    ");
    let (_, _, err) = trustsim(&["show-unit", "good.yaml", "web/0", "-q"]);
    insta::assert_snapshot!(err, @r"
    error: failed to tell the model of `web/0`
    hint: write it as model.app/0, or name the model with -m
    ");
}

#[test]
fn a_unit_is_shown_at_the_instant() {
    let args = [
        "show-unit",
        "good.yaml",
        "web/0",
        "-m",
        "a",
        "--at",
        "5m",
        "-q",
    ];
    let (_, out, _) = trustsim(&args);
    insta::assert_snapshot!(out, @r#"
    web/0:
      leader: true
      at: "2026-01-01T00:05:00Z"
    "#);
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
    let (exit, ..) = trustsim(&["export", "good.yaml", "--at", "91s", "-o", &path]);
    assert_eq!(exit, Exit::Held);
    let read = |name: &str| std::fs::read_to_string(Path::new(&path).join(name));
    assert!(read("browser_a.web-0_2/trust-store.pem").is_ok());
    insta::assert_snapshot!(read("browser_a.web-0/connection.json").expect("written"), @r#"
    {
      "connection": "browser -> a.web/0",
      "client": "browser",
      "server": "a.web/0",
      "server_name": "web.example.com",
      "validator": "openssl",
      "at": "2026-01-01T00:01:31Z",
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
fn a_closed_pipe_is_success() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let cli = Cli::try_parse_from(["trustsim", "schema"]).expect("good arguments");
    let mut console = Console::new(Closed, Vec::new(), false);
    assert_eq!(execute(&cli, &Made, &mut console), Exit::Held);
}

/// A root, a leaf of it, and their files, with the list that revokes the leaf.
fn judged_files() -> (tempfile::TempDir, Vec<String>) {
    use trustsim_kernel::{Span, Streams};
    use trustsim_pki::{
        CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, RevocationList,
        RevocationTerms, SerialNumber, Terms, issuers::charmlibs,
    };
    let mut stream = Streams::new(3).stream("judge", "files");
    let now = Time::parse("2026-01-01T00:00:00Z").unwrap();
    let mut terms = |days| Terms {
        serial: SerialNumber::random(&mut stream),
        now,
        validity: Span::from_secs(86_400) * days,
    };
    let (root_terms, leaf_terms) = (terms(365), terms(90));
    let mut stream = Streams::new(3).stream("judge", "keys");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let name = RequestAttributes::with_common_name("ca");
    let root = charmlibs::generate_self_signed_ca(&name, &key, &root_terms).unwrap();
    let leaf_key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let attributes = RequestAttributes {
        sans_dns: std::iter::once("web.test".to_owned()).collect(),
        ..RequestAttributes::with_common_name("web.test")
    };
    let request = CertificateRequest::new(&attributes, &leaf_key).unwrap();
    let leaf = charmlibs::generate(&request, &root, &key, &leaf_terms, false).unwrap();
    let list = RevocationTerms {
        number: 1,
        this_update: now,
        next_update: now + Span::from_secs(7 * 86_400),
        revoked: vec![(leaf.serial_bytes(), now)],
    };
    let list = RevocationList::sign(&root, &key, &list).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &[u8]| {
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let paths = vec![
        write("leaf.pem", leaf.pem().as_bytes()),
        write("root.pem", root.pem().as_bytes()),
        write("crl.pem", list.pem().as_bytes()),
        write("empty.pem", b"nothing\n"),
        write("leaf.der", leaf.der()),
        write("cut.pem", &leaf.pem().as_bytes()[..100]),
    ];
    (folder, paths)
}

#[test]
fn judge_says_what_every_stack_says() {
    let (_folder, files) = judged_files();
    let judge = |at: &str, name: &str, more: &[&str]| {
        let mut args = vec!["judge", "--chain", &files[0], "--roots", &files[1]];
        args.extend(["--name", name, "--at", at]);
        args.extend(more);
        let (exit, out, err) = trustsim(&args);
        assert_eq!((exit, err.as_str()), (Exit::Held, ""), "{args:?}");
        out
    };
    let late = judge("2026-04-02T00:00:00Z", "web.test", &[]);
    insta::assert_snapshot!("judge_table", late);
    let named = judge("2026-01-02T00:00:00Z", "db.test", &["--format", "json"]);
    insta::assert_snapshot!("judge_json", named);
    let revoked = judge("2026-01-02T00:00:00Z", "web.test", &["--crl", &files[2]]);
    insta::assert_snapshot!("judge_crl", revoked);
    let none = judge(
        "2026-01-02T00:00:00Z",
        "web.test",
        &[
            "--client-roots",
            &files[1],
            "--format",
            "json",
            "--validator",
            "go",
        ],
    );
    insta::assert_snapshot!("judge_without_client_certificate", none);
    let both = judge(
        "2026-01-02T00:00:00Z",
        "web.test",
        &[
            "--client-roots",
            &files[1],
            "--client-chain",
            &files[0],
            "--format",
            "json",
        ],
    );
    let answers: Value = serde_json::from_str(&both).unwrap();
    assert_eq!(
        answers.as_array().unwrap().len(),
        trustsim_tls::Validator::ALL.len()
    );
    assert!(
        answers
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["outcome"] == "ok")
    );
}

#[test]
fn judge_explains_bad_files() {
    let (folder, files) = judged_files();
    let missing = folder.path().join("missing.pem");
    let mut said = String::new();
    let at = ["--name", "web.test", "--at", "2026-01-02T00:00:00Z"];
    for [chain, roots] in [
        [missing.to_str().unwrap(), &files[1]],
        [&files[0], &files[3]],
        [&files[4], &files[1]],
        [&files[5], &files[1]],
    ] {
        let mut args = vec!["judge", "--chain", chain, "--roots", roots];
        args.extend(at);
        let (exit, out, err) = trustsim(&args);
        assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
        said.push_str(&err);
    }
    let good = [
        "judge", "--chain", &files[0], "--roots", &files[1], "--name", "web.test",
    ];
    for more in [
        &["--at", "tomorrow"][..],
        &["--at", "2026-01-02T00:00:00Z", "--validator", "nss"],
        &["--at", "2026-01-02T00:00:00Z", "--crl", &files[1]],
    ] {
        let args: Vec<&str> = good.iter().chain(more).copied().collect();
        let (exit, _, err) = trustsim(&args);
        assert_eq!(exit, Exit::Refused);
        said.push_str(&err);
    }
    let said = said.replace(folder.path().to_str().unwrap(), "FOLDER");
    insta::assert_snapshot!(said);
}

#[test]
fn hooks_of_units_are_written_from_an_instant_on() {
    let (exit, out, _) = trustsim(&["record", "good.yaml", "a.web/0", "-q"]);
    assert_eq!(exit, Exit::Held);
    let all: Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!(all["scenario"], "rotation");
    assert_eq!(all["hooks"].as_array().map(Vec::len), Some(2));
    let args = [
        "record",
        "good.yaml",
        "--from",
        "1m",
        "--format",
        "yaml",
        "-q",
    ];
    let (_, out, _) = trustsim(&args);
    assert!(
        out.contains("00:05:00Z") && !out.contains("00:00:10Z"),
        "{out}"
    );
    let (exit, _, err) = trustsim(&["record", "good.yaml", "a.nobody/0", "-q"]);
    assert_eq!(exit, Exit::Refused);
    assert!(
        err.contains("no application of the unit `nobody/0` in model `a`"),
        "{err}"
    );
}
