//! The words for a command that was refused during the run.

use super::command::instruction;
use super::{entry, note};
use trustsim_diagnosis::RefusedAction;
use trustsim_model::Manifest;

/// What should have been done, as an operator would type it.
pub fn command(found: &RefusedAction<'_>, manifest: &Manifest) -> String {
    let asked = found.action.action();
    asked.to_command(&manifest.deployment).to_string()
}

/// Why it was not done.
pub fn reason(found: &RefusedAction<'_>) -> String {
    note::refusal(found.why)
}

/// What was refused, when and why, in one line with its place in the scenario.
pub fn line(found: &RefusedAction<'_>, manifest: &Manifest) -> String {
    let asked = found.action.action().to_command(&manifest.deployment);
    let (asked, reason) = (instruction(&asked), reason(found));
    let line = format!("{asked} was refused at {}: {reason}", found.at);
    match entry::place(found.action.source()) {
        Some(place) => format!("{line} ({place})"),
        None => line,
    }
}
