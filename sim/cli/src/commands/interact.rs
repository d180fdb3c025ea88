//! `trustsim interact`: a session that is driven from outside, a line of JSON each way.
//!
//! A line is a request of `trustsim_session`; its answer is one line, `{"ok": ...}` or `{"error": ...}`, with how much time has
//! passed. Nothing else is printed on standard output, and no file is written.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::own_code;
use crate::args::Interact;
use crate::bug::PlayedScenario;
use crate::console::Console;
use crate::error::{CliError, ErrorKind};
use trustsim_files::read_file;
use trustsim_model::Deployment;
use trustsim_report::session::{Told, answer, error};
use trustsim_scenario::{DiskFiles, FILE_SIZE_MAX, Files};
use trustsim_session::{Machine, Request, Session, exact};

/// A longer line than this is no request.
const LONGEST_LINE: u64 = 16 << 20;

/// The files of this machine, and the interpreters that were prepared on it.
struct ThisMachine {
    /// Where answers of charms that are played by their own code are kept.
    answers: Option<PathBuf>,
}

impl Machine for ThisMachine {
    fn files(&self) -> &dyn Files {
        &DiskFiles
    }

    fn charm_folder(&self, path: &Path) -> Result<PathBuf, String> {
        own_code::charm_folder(path).map_err(|error| error.in_one_line())
    }

    fn prepare(&self, deployment: &Deployment) -> Result<(), String> {
        if let Some(folder) = &self.answers {
            for source in deployment.sources() {
                source.0.keep_answers_in(folder.clone());
            }
        }
        own_code::use_prepared(deployment).map_err(|error| error.in_one_line())
    }
}

/// Answers requests until there are no more.
pub(super) fn interact(args: &Interact, console: &mut Console<'_>) -> Result<(), CliError> {
    let path = args.session.as_deref();
    let machine = Box::new(ThisMachine {
        answers: args.keep_answers.clone(),
    });
    PlayedScenario::begin(path.unwrap_or(Path::new("a session")), None, 1);
    let session = match path {
        Some(path) => open(path, machine)?,
        None => Session::new(machine),
    };
    own_code::check_may_run(args.run_charms, &[], session.deployment())?;
    serve(session, io::stdin().lock(), console)
}

fn open(path: &Path, machine: Box<dyn Machine>) -> Result<Session, CliError> {
    let shown = path.display();
    let bytes = read_file(path, FILE_SIZE_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CliError::usage(format!("`{shown}` is not UTF-8 text")))?;
    Session::open(&text, machine).map_err(|wrong| {
        let Told { message, hints, .. } = error(&wrong, &Deployment::empty());
        let said = CliError::new(
            ErrorKind::Usage,
            format!("failed to open `{shown}`: {message}"),
        );
        hints.into_iter().fold(said, CliError::hint)
    })
}

pub(super) fn serve(
    mut session: Session,
    mut input: impl BufRead,
    console: &mut Console<'_>,
) -> Result<(), CliError> {
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut input).take(LONGEST_LINE);
        bounded.read_until(b'\n', &mut line).map_err(|error| {
            CliError::new(ErrorKind::Io, "failed to read a request").caused_by(error)
        })?;
        if line.is_empty() {
            return Ok(());
        }
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            let message = format!("a line is longer than {} MiB", LONGEST_LINE >> 20);
            return Err(CliError::usage(message));
        }
        console.print_data(&format!("{}\n", answered(&mut session, &line)))?;
    }
}

/// The answer to one line.
fn answered(session: &mut Session, line: &[u8]) -> Value {
    let mut told = match serde_json::from_slice::<Request>(line) {
        Ok(request) => match session.answer(&request) {
            Ok(found) => json!({"ok": answer(&found)}),
            Err(wrong) => {
                let Told {
                    kind,
                    message,
                    hints,
                } = error(&wrong, session.deployment());
                json!({"error": {"kind": kind, "message": message, "hints": hints}})
            }
        },
        Err(wrong) => {
            let message = format!("this is no request: {wrong}");
            json!({"error": {"kind": "request", "message": message, "hints": []}})
        }
    };
    told["now"] = json!(exact(session.now()));
    let warnings = session.take_warnings();
    if !warnings.is_empty() {
        let warnings: Vec<String> = warnings
            .iter()
            .map(trustsim_report::session::warning)
            .collect();
        told["warnings"] = json!(warnings);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is printed for these lines, and what is said beside it.
    fn told(lines: &str) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err, false);
        let session = Session::new(Box::new(ThisMachine { answers: None }));
        serve(session, lines.as_bytes(), &mut console).expect("every line is answered");
        drop(console);
        let [out, err] = [out, err].map(|bytes| String::from_utf8(bytes).expect("text"));
        (out, err)
    }

    const DEPLOYED: &str = r#"{"add-model": {"model": "prod"}}
{"deploy": {"model": "prod", "charm": "self-signed-certificates", "application": "ca"}}
{"deploy": {"model": "prod", "charm": "traefik-k8s", "application": "web"}}
{"integrate": {"model": "prod", "sides": ["web:certificates", "ca:certificates"]}}
"#;

    #[test]
    fn each_line_has_one_answer_and_what_is_wrong_has_its_kind() {
        let lines = format!(
            "{DEPLOYED}{}",
            r#"
not json
[1]
{"advance": {"by": "1d", "until": "2d"}}
{"destroy": {}}
{"status": {"model": "prdo"}}
{"config": {"model": "prod", "application": "wbe", "options": {"a": 1}}}
{"config": {"model": "prod", "application": "web", "options": {"external_hostnam": "a"}}}
{"deploy": {"model": "prod", "source": "no/such/charm"}}
{"run": {"model": "prod", "unit": "ca/leader", "action": "rotate-private-key"}}
{"advance": {"by": "1d"}}
{"advance": {"by": "-1h"}}
{"run": {"model": "prod", "unit": "ca/leader", "action": "rotate"}}
{"fault": {"what": {"kill-unit": {"unit": "prod.web/7"}}}}"#
        );
        let (out, err) = told(&lines);
        insta::assert_snapshot!(out);
        assert_eq!(err, "");
    }

    #[test]
    fn the_last_line_needs_no_line_break_and_no_line_is_no_answer() {
        assert_eq!(told("").0, "");
        let empty = "{\"ok\":{\"scenario\":\"{\\n  \\\"name\\\": \\\"session\\\",\\n  \\\"models\\\": {}\\n}\\n\"},\"now\":\"0s\"}\n";
        assert_eq!(told("{\"scenario\": {}}").0, empty);
    }

    #[test]
    fn a_warning_of_the_scenario_is_told_once() {
        let lines = format!(
            "{DEPLOYED}{}\n{}",
            r#"{"deploy": {"model": "prod", "charm": "traefik-k8s", "application": "two", "options": {"external_hostnam": "a"}}}"#,
            r#"{"advance": {"by": "1h"}}"#
        );
        let (out, _) = told(&lines);
        let with_warnings: Vec<&str> = out
            .lines()
            .filter(|line| line.contains("\"warnings\""))
            .collect();
        assert_eq!(with_warnings.len(), 1, "{out}");
        assert!(with_warnings[0].contains("external_hostname"), "{out}");
    }
}
