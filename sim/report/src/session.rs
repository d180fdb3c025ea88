//! What a session answers, as JSON, with what it found in words. Must not change anything of it.

use serde_json::{Value, json};
use trustsim_diagnosis::WhyError;
use trustsim_kernel::Span;
use trustsim_model::{CommandLine, Deployment};
use trustsim_scenario::{Diagnostic, Diagnostics, Severity};
use trustsim_session::{Answer, Connection, Outage, Ran, SessionError, WatchedConnection, exact};

use crate::words;

/// An error of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What kind of error it is, kebab-case.
    pub kind: &'static str,
    /// One line.
    pub message: String,
    /// What may help.
    pub hints: Vec<String>,
}

/// An answer.
pub fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Done => json!({}),
        Answer::Ran(ran) => action(ran),
        Answer::Juju(printed) => json!({"juju": printed}),
        Answer::Connection(found) => connection(found),
        Answer::Scenario(text) => json!({"scenario": text}),
    }
}

fn action(ran: &Ran) -> Value {
    json!({
        "unit": ran.unit.to_string(),
        "status": if ran.failed.is_some() { "failed" } else { "completed" },
        "message": ran.failed,
        "results": ran.results,
        "log": ran.log,
    })
}

fn connection(found: &Connection) -> Value {
    let watched = found.watched.iter().map(|watched: &WatchedConnection| {
        let outages: Vec<Value> = watched.outages.iter().map(outage).collect();
        json!({
            "name": watched.name,
            "server-name": watched.server_name,
            "first-attempt": watched.first_attempt.map(|at| at.to_string()),
            "lost-ns": nanoseconds(watched.lost),
            "outages": outages,
        })
    });
    json!({"connections": watched.collect::<Vec<_>>()})
}

fn outage(outage: &Outage) -> Value {
    json!({
        "from": outage.from.to_string(),
        "until": outage.until.map(|until| until.to_string()),
        "lost-ns": nanoseconds(outage.lost),
        "error": outage.error.kebab(),
        "code": outage.explanation.symptom.error.code(),
        "cause": words::explanation::line(&outage.explanation),
    })
}

fn nanoseconds(span: Span) -> u64 {
    u64::try_from(span.as_nanos()).expect("every span of a run is shorter than 584 years")
}

/// A warning of the scenario of a session, in one line.
pub fn warning(found: &Diagnostic) -> String {
    let help = found.help.as_deref();
    let help = help.map_or(String::new(), |help| format!(" ({help})"));
    format!("{}: {}{help}", found.code, found.message)
}

/// Why a request was not carried out.
pub fn error(error: &SessionError, deployment: &Deployment) -> Told {
    let told = |kind, hints| Told {
        kind,
        message: error.to_string(),
        hints,
    };
    match error {
        SessionError::Name(_) => told("name", Vec::new()),
        SessionError::Unsound(found) => unsound(found),
        SessionError::Refused(refusal) => Told {
            kind: "refused",
            message: words::note::refusal(refusal),
            hints: Vec::new(),
        },
        SessionError::Time(_) => told("time", Vec::new()),
        SessionError::TooEarly(_) => {
            let hint = "deploy something and let time pass first";
            told("too-early", vec![hint.to_owned()])
        }
        SessionError::NotPlayed(_) => told("not-played", Vec::new()),
        SessionError::Code {
            folder,
            tried,
            has_interpreter,
        } => {
            let mut hints = tried.clone();
            if !has_interpreter {
                let command = CommandLine::new(["trustsim", "charm", "prepare", folder.as_str()]);
                hints.push(format!("no Python was prepared for it: {command}"));
            }
            told("code", hints)
        }
        SessionError::NotEnded => told("not-ended", Vec::new()),
        SessionError::NotAtRest => told("not-at-rest", Vec::new()),
        SessionError::Endless => told("endless", Vec::new()),
        SessionError::NotWatched(why) => told("not-watched", missing(why, deployment)),
        SessionError::PastChanged { at } => {
            let hint = format!("{} after the start something else would happen", exact(*at));
            told("past-changed", vec![hint])
        }
        SessionError::Charm(_) => told("charm", Vec::new()),
        SessionError::NoSession(_) => told("no-session", Vec::new()),
    }
}

/// What a connection that is not judged lacks.
fn missing(why: &WhyError, deployment: &Deployment) -> Vec<String> {
    match why {
        WhyError::NotSimulated { reasons, .. } => {
            let told = reasons.iter();
            let told = told.map(|reason| words::standing::missing(reason, deployment));
            told.collect()
        }
        WhyError::NoConnection { known, .. } => known
            .iter()
            .map(|one| format!("watched is {one}"))
            .collect(),
        WhyError::NotYet { .. } => Vec::new(),
    }
}

/// Every mistake, and every help.
fn unsound(found: &Diagnostics) -> Told {
    let errors = found.list.iter();
    let errors = errors.filter(|one| one.severity == Severity::Error);
    let message = errors
        .clone()
        .map(|one| format!("{}: {}", one.code, one.message))
        .collect::<Vec<_>>()
        .join("; ");
    let hints = errors.flat_map(|one| one.help.iter().chain(&one.notes).cloned());
    Told {
        kind: "unsound",
        message,
        hints: hints.collect(),
    }
}
