//! The words for the steps from a root cause to a failure.

use trustsim_diagnosis::Event;

use super::{cause, certificate, note, symptom, transit};

/// What happened, one clause.
pub fn text(event: &Event) -> String {
    match event {
        Event::Failure(found) => symptom::headline(found),
        Event::RelationRemoved(removal) => cause::removal(removal),
        Event::Issued {
            certificate: issued,
            holder,
        } => format!("{} is issued for {holder}", certificate::name(issued)),
        Event::Expired(expired) => format!("{} expires", certificate::name(expired)),
        Event::OperatorAwaited {
            unit,
            name,
            source,
            wait,
        } => {
            let (place, task) = (cause::in_parentheses(source), note::task(wait));
            format!("{unit} waits for {name}{place}: {task}")
        }
        Event::CommandRun(command) => command.to_string(),
        Event::Refusal { provider, refusal } => {
            format!("{provider} refuses: {}", cause::refusal(refusal))
        }
        Event::RequestRefused { holder, refusal } => {
            format!("{holder} is refused: {}", cause::refusal(refusal))
        }
        Event::HookFailed { unit, hook, error } => {
            format!("hook {hook} of {unit} fails: {error}")
        }
        Event::StatusSet { unit, status } => {
            format!("{unit} is {}", cause::status(status.word, &status.message))
        }
        Event::Requested {
            holder,
            providers,
            name,
        } => format!("{holder} asks {} for {name}", cause::asked(providers)),
        Event::TakenAway { who } => format!("{who} presents its certificate no more"),
        Event::Lost { who, what } => {
            format!("{who} loses {} with its container", cause::lost(what))
        }
        Event::CaTaken { units } => format!("{} the new CA", cause::have_taken(units)),
        Event::CaMade { signer } => format!("{signer} makes a new CA"),
        Event::TransferPending {
            interface,
            provider,
            requirer,
            transit: found,
        } => format!(
            "the {interface} relation {provider} - {requirer} is still there, but {}",
            transit::clause(found)
        ),
    }
}
