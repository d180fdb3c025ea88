//! `trustsim charm compare`: what is known of a charm held against the charm's own code.

use std::path::Path;

use serde_json::{Value, json};
use trustsim_charms::readings;
use trustsim_python_charms::prepared_in;
use trustsim_report::trials::{Comparison, tables, value};
use trustsim_scenario::FILE_SIZE_MAX;
use trustsim_trials::{Charm, Code, Outcome, Side, Trial, TrialError};
use trustsim_yaml::{Node, parse};

use super::charms::unknown;
use super::own_code::{charm_folder, environments};
use crate::Exit;
use crate::args::CharmCompare;
use crate::console::Console;
use crate::error::CliError;
use crate::output::print_answer;

/// Options that change nothing of TLS in any charm that has them, with a value that is no default.
const HARMLESS: [(&str, &str); 5] = [
    ("log_level", "debug"),
    ("log-level", "debug"),
    ("description", "Another one"),
    ("retention-period", "7"),
    ("memory", "1Gi"),
];

pub(super) fn compare(args: &CharmCompare, console: &mut Console<'_>) -> Result<Exit, CliError> {
    let described = match &args.described {
        Some(path) => Some(described(path, &args.name)?),
        None => check_known(&args.name).map(|()| None)?,
    };
    let code = code(&args.path, args)?;
    let previous = args.previous.as_deref();
    let previous = previous.map(|path| self::code(path, args)).transpose()?;
    let asked = trials(&args.trials)?;
    let given = args.option.as_ref();
    let given = given.map(|option| (option.name.clone(), typed(&option.value)));
    let option = match given {
        Some(given) => Some(given),
        None => harmless(args, described.as_ref(), &code)?,
    };
    let charm = Charm {
        name: &args.name,
        described: described.as_ref(),
        option: option.as_ref().map(|(name, value)| (name.as_str(), value)),
    };
    let mut done = Vec::new();
    for trial in asked {
        console.say(&format!("{} ...\n", trial.name()))?;
        let outcome = played(trial, &charm, &code, previous.as_ref(), args).map_err(told)?;
        done.push((trial, outcome));
    }
    let comparison = Comparison {
        charm: &args.name,
        commit: args.commit.as_deref(),
        trials: &done,
    };
    print_answer(
        args.format,
        || tables(&comparison),
        || value(&comparison),
        console,
    )?;
    let has = |is_it: fn(&Outcome) -> bool| done.iter().any(|(_, outcome)| is_it(outcome));
    Ok(if has(|outcome| matches!(outcome, Outcome::Differs(_))) {
        Exit::Broken
    } else if has(|outcome| matches!(outcome, Outcome::NotPlayed(_)))
        || !has(|outcome| matches!(outcome, Outcome::Same))
    {
        Exit::Refused
    } else {
        Exit::Held
    })
}

/// Plays one trial on both sides. The code comes first: where it cannot be played, there is nothing to compare.
fn played(
    trial: Trial,
    charm: &Charm<'_>,
    code: &Code,
    previous: Option<&Code>,
    args: &CharmCompare,
) -> Result<Outcome, TrialError> {
    let deployment = |side| trustsim_trials::deployment(trial, charm, side, code, previous);
    let Some(of_code) = deployment(Side::Code)? else {
        return Ok(Outcome::NotApplicable);
    };
    if let Some(folder) = &args.keep_answers {
        for source in of_code.sources() {
            source.0.keep_answers_in(folder.clone());
        }
    }
    let of_code = trustsim_trials::play(of_code);
    if !of_code.unplayed.is_empty() {
        return Ok(Outcome::NotPlayed(of_code.unplayed));
    }
    let of_model = deployment(Side::Model)?.expect("both sides have the same trials");
    let of_model = trustsim_trials::play(of_model);
    Ok(trustsim_trials::compare(trial, &of_model, &of_code))
}

fn told(error: TrialError) -> CliError {
    match error {
        TrialError::Scenario(_, wrong) => CliError::scenario(wrong.render(true)),
    }
}

/// The trials that are asked for, all of them where none is named.
fn trials(names: &[String]) -> Result<Vec<Trial>, CliError> {
    if names.is_empty() {
        return Ok(Trial::ALL.to_vec());
    }
    let find = |name: &String| {
        let found = Trial::ALL.into_iter().find(|trial| trial.name() == name);
        found.ok_or_else(|| {
            let known = Trial::ALL.map(Trial::name).join(", ");
            CliError::usage(format!("there is no trial `{name}`"))
                .hint(format!("the trials are {known}"))
        })
    };
    names.iter().map(find).collect()
}

fn code(path: &Path, args: &CharmCompare) -> Result<Code, CliError> {
    let source = charm_folder(path)?;
    let python = match &args.python {
        Some(python) => Some(python.clone()),
        None => prepared_in(&environments()?, &source),
    };
    let answers = args.answers.as_deref();
    let answers = answers.map(|path| declared_answers(path, &args.name));
    Ok(Code {
        source,
        python,
        answers: answers.transpose()?,
    })
}

fn check_known(name: &str) -> Result<(), CliError> {
    if !readings(name).is_empty() {
        return Ok(());
    }
    let else_hint = "give a scenario that describes it with --described";
    Err(unknown(name, else_hint))
}

/// What a scenario says of the charm.
fn described(path: &Path, name: &str) -> Result<Value, CliError> {
    let shown = path.display();
    let bytes = trustsim_files::read_file(path, FILE_SIZE_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CliError::usage(format!("`{shown}` is no UTF-8 text")))?;
    let documents = parse(&text, 0)
        .map_err(|error| CliError::usage(format!("failed to read `{shown}`: {}", error.message)))?;
    let charms = documents.first().and_then(|whole| whole.get("charms"));
    let found = charms.and_then(|charms| charms.get(name));
    found
        .map(Node::to_json)
        .ok_or_else(|| CliError::usage(format!("`charms` of `{shown}` does not describe `{name}`")))
}

/// What a scenario declares for the charm's code.
fn declared_answers(path: &Path, name: &str) -> Result<Value, CliError> {
    let mut said = described(path, name)?;
    let answers = said.get_mut("answers").map(Value::take);
    answers.ok_or_else(|| {
        let shown = path.display();
        CliError::usage(format!("`charms.{name}` of `{shown}` has no `answers`"))
    })
}

/// A value as `juju config` takes it.
fn typed(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_boolean() || value.is_number() => value,
        _ => json!(text),
    }
}

/// An option of the charm that changes nothing of TLS, where it has one that is known.
fn harmless(
    args: &CharmCompare,
    described: Option<&Value>,
    code: &Code,
) -> Result<Option<(String, Value)>, CliError> {
    let charm = Charm {
        name: &args.name,
        described,
        option: None,
    };
    let deployment =
        trustsim_trials::deployment(Trial::FirstCertificate, &charm, Side::Code, code, None)
            .map_err(told)?;
    let Some(deployment) = deployment else {
        return Ok(None);
    };
    let mut applications = deployment.applications.iter();
    let subject = applications.find(|each| each.charm.source.is_some());
    let subject = subject.expect("the charm is played by its code");
    let found = HARMLESS
        .into_iter()
        .find(|(name, _)| subject.charm.options.contains_key(*name));
    Ok(found.map(|(name, value)| (name.to_owned(), typed(value))))
}
