//! The words for why an outage does not heal by itself.

use trustsim_diagnosis::OpenReason;

use super::{ca_route, cause, command, note};

/// One clause.
pub fn clause(reason: &OpenReason) -> String {
    match reason {
        OpenReason::HookFails {
            unit,
            hook,
            since,
            times,
            error,
        } => format!(
            "{unit} fails {hook} since {since} ({times} times) and runs nothing else: {error}"
        ),
        OpenReason::NotUndone { action, refused } => {
            let mut text = format!("{} is not over when the run ends", cause::performed(action));
            if let Some((command, reason)) = refused {
                let reason = note::refusal(reason);
                let command = command::instruction(command);
                text.push_str(&format!("; {command} was refused: {reason}"));
            }
            text
        }
        OpenReason::OperatorAbsent {
            application,
            wait,
            operator,
        } => {
            let noticed = note::noticed_wait(wait, operator, None);
            format!("{application} waits for {noticed}")
        }
        OpenReason::Sealed {
            application,
            command,
        } => {
            let command = command::instruction(command);
            format!("no operator unseals {application} after {command}")
        }
        OpenReason::Blocked { unit, status } => {
            let said = cause::status(status.word, &status.message);
            format!("{unit} is {said}")
        }
        OpenReason::ClientKeepsCas { client } => {
            format!("client {client} keeps the CAs that it was given when it began")
        }
        OpenReason::NoCertificateComes { holder } => {
            format!("no certificate comes to {holder} up to the end of the run")
        }
        OpenReason::NotRestarted { holder } => {
            format!("nothing restarts the process of {holder}")
        }
        OpenReason::NotCarried(found) => ca_route::clause(found),
    }
}
