//! The words for why an outage is: everything in one line, for a column.

use trustsim_diagnosis::{Cause, Explanation, Trigger};

use super::{ca_route, cause, symptom};

/// Everything in one line, the root cause first.
pub fn line(explanation: &Explanation) -> String {
    let reason = symptom::reason(&explanation.symptom);
    let mut line = match &explanation.cause.what {
        Cause::Symptom(_) => reason,
        blamed => format!("{}; {reason}", cause::line(blamed)),
    };
    if let Some(carried) = &explanation.ca_route {
        line.push_str(": ");
        line.push_str(&ca_route::clause(carried));
    }
    if let Some(started) = &explanation.trigger {
        line.push_str("; after ");
        line.push_str(&trigger(started));
    }
    line
}

/// What started an outage: `` `juju ...` (file.yaml:3) ``, or `secret of a.ca/0`.
pub fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Action(action) => cause::performed(action),
        Trigger::Entry { what, subject } => {
            let what = what.replace('-', " ");
            format!("{what} of {subject}")
        }
    }
}
