//! The words for why an outage is: everything in one line, for a column.

use trustsim_diagnosis::{CaRoute, Cause, Explanation, Part, Symptom, Trigger};

use super::{ca_route, cause, symptom};

/// Everything in one line, the root cause first.
pub fn line(explanation: &Explanation) -> String {
    whole(
        &explanation.cause.what,
        &explanation.symptom,
        explanation.ca_route.as_ref(),
        explanation.trigger.as_ref(),
    )
}

/// The same for a stretch of an outage.
pub fn part(part: &Part) -> String {
    let (ca_route, trigger) = (part.ca_route.as_ref(), part.trigger.as_ref());
    whole(&part.cause, &part.symptom, ca_route, trigger)
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

fn whole(
    blamed: &Cause,
    shown: &Symptom,
    carried: Option<&CaRoute>,
    started: Option<&Trigger>,
) -> String {
    let reason = symptom::reason(shown);
    let mut line = match blamed {
        Cause::Symptom(_) => reason,
        blamed => format!("{}; {reason}", cause::line(blamed)),
    };
    if let Some(carried) = carried {
        line.push_str(": ");
        line.push_str(&ca_route::clause(carried));
    }
    if let Some(started) = started {
        line.push_str("; after ");
        line.push_str(&trigger(started));
    }
    line
}
