//! What came of the trials of a charm, as tables for a terminal and as JSON.

use serde_json::{Value, json};
use trustsim_trials::{Difference, Outcome, Trial};

use super::terminal::style::{BAD, DETAIL, GOOD, PLAIN, STRONG, WAIT, paint};
use super::terminal::{Align, Cell, Table};
use super::words::trial as words;

/// What is told of one charm.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    /// The name of the charm.
    pub charm: &'a str,
    /// The commit of its code, where it was given.
    pub commit: Option<&'a str>,
    /// Each trial with what came of it, in the order in which they were played.
    pub trials: &'a [(Trial, Outcome)],
}

/// Every trial in a row; then what each did where they differ, and what could not be played.
pub fn tables(comparison: &Comparison<'_>) -> String {
    let mut table = Table::new(&[("Trial", Align::Left), ("Result", Align::Left)]);
    for (trial, outcome) in comparison.trials {
        let style = match outcome {
            Outcome::Same => GOOD,
            Outcome::Differs(_) => BAD,
            Outcome::NotPlayed(_) => WAIT,
            Outcome::NotApplicable => DETAIL,
        };
        table.row([
            Cell::new(trial.name(), PLAIN),
            Cell::new(words::outcome(outcome), style),
        ]);
    }
    let of = comparison
        .commit
        .map_or_else(String::new, |commit| format!(" at {commit}"));
    let mut text = format!(
        "{}{of}\n\n{}",
        paint(STRONG, comparison.charm),
        table.render()
    );
    for (trial, outcome) in comparison.trials {
        match outcome {
            Outcome::Differs(found) => {
                for difference in found {
                    text.push_str(&described(*trial, difference));
                }
            }
            Outcome::NotPlayed(why) => {
                text.push_str(&format!("\n{}\n", paint(STRONG, trial.name())));
                why.iter()
                    .for_each(|what| text.push_str(&format!("  not played: {what}\n")));
            }
            Outcome::Same | Outcome::NotApplicable => {}
        }
    }
    text
}

fn described(trial: Trial, difference: &Difference) -> String {
    let mut text = format!(
        "\n{}  {}, {}\n",
        paint(STRONG, trial.name()),
        words::subject(&difference.subject),
        difference.aspect.name()
    );
    for (who, occurrences) in [("model", &difference.model), ("code", &difference.code)] {
        if occurrences.is_empty() {
            text.push_str(&format!("  {who:<6} {}\n", paint(DETAIL, "nothing more")));
        }
        for each in occurrences {
            text.push_str(&format!("  {who:<6} {}\n", words::occurrence(each)));
        }
    }
    text
}

/// The same as data.
pub fn value(comparison: &Comparison<'_>) -> Value {
    let trials = comparison.trials.iter().map(|(trial, outcome)| {
        let mut row = json!({"trial": trial.name(), "result": words::outcome(outcome)});
        match outcome {
            Outcome::Differs(found) => {
                let found = found.iter().map(|difference| {
                    let lines = |all: &[trustsim_trials::Occurrence]| -> Vec<String> {
                        all.iter().map(words::occurrence).collect()
                    };
                    json!({
                        "subject": words::subject(&difference.subject),
                        "aspect": difference.aspect.name(),
                        "model": lines(&difference.model),
                        "code": lines(&difference.code),
                    })
                });
                row["differences"] = found.collect();
            }
            Outcome::NotPlayed(why) => row["not-played"] = json!(why),
            Outcome::Same | Outcome::NotApplicable => {}
        }
        row
    });
    json!({
        "charm": comparison.charm,
        "commit": comparison.commit,
        "trials": trials.collect::<Vec<_>>(),
    })
}
