//! The words for notes in a journal: what a charm, an operator or the simulation says of itself.

use trustsim_charm_model::PendingTask;
use trustsim_interfaces::notes::{RefusedOrder, RefusedRequest};
use trustsim_kernel::{Span, format_duration};
use trustsim_model::{Manifest, NotFetched, Note, Refusal, RequestRecord};
use trustsim_validators::Side;

/// A note in one line, without the entry's subject.
pub fn detail(note: &Note, manifest: &Manifest) -> String {
    let deployment = &manifest.deployment;
    match note {
        Note::PeerRelation { relation, change } => format!("peer relation {relation} {change}"),
        Note::OfferConnection { relation, change } => {
            format!("offer connection {relation} {change}")
        }
        Note::CertificateRequested(RequestRecord { common_name, .. })
        | Note::CertificateRevoked { common_name } => common_name.clone(),
        Note::CertificateRefused { refused, .. } => refused_request(refused),
        Note::AcmeOrderRefused(order) => format!("{}: {}", order.common_name, order_problem(order)),
        Note::AcmeAccountOpened => "a new account is opened".to_owned(),
        Note::ActionResult { text } => text.clone(),
        Note::ActionResults { results } => {
            let lines = results.iter().map(|(key, value)| format!("{key}: {value}"));
            lines.collect::<Vec<_>>().join("\n")
        }
        Note::ActionFailed { message } => message.clone(),
        Note::ActionRefused(why) => refusal(why),
        Note::TrustNotFetched { ca, why } => {
            let address = deployment.application_address(*ca);
            format!("CA of {address}: {}", not_fetched(*why))
        }
        Note::WaitNoticed {
            wait,
            operator,
            answers_in,
        } => noticed_wait(wait, &deployment.operators[*operator].name, *answers_in),
        Note::Impersonation {
            connection,
            ca,
            side,
            believed,
        } => {
            let name = &manifest.connections[*connection as usize].name;
            let ca = deployment.application_address(*ca);
            let claimed = match side {
                Side::Server => "the server",
                Side::Client => "the client",
            };
            match believed {
                true => format!("{name}: an attacker with the key of {ca} passes for {claimed}"),
                false => format!("{name}: the key of {ca} no longer passes for {claimed}"),
            }
        }
    }
}

/// `certificate web.example.com: pki-team answers in 3h`.
pub fn noticed_wait(wait: &PendingTask, operator: &str, after: Option<Span>) -> String {
    let PendingTask { what, detail, .. } = wait;
    match after {
        Some(after) => {
            let after = format_duration(after);
            format!("{what} {detail}: {operator} answers in {after}")
        }
        None => format!("{what} {detail}: {operator} does not come again"),
    }
}

/// `web.example.com: the name is not allowed`.
pub fn refused_request(refused: &RefusedRequest) -> String {
    let reason = &refused.reason;
    match &refused.common_name {
        Some(name) => format!("{name}: {reason}"),
        None => reason.clone(),
    }
}

/// `rateLimited: too many certificates`.
pub fn order_problem(order: &RefusedOrder) -> String {
    format!("{}: {}", order.code, order.detail)
}

/// Why an action was not carried out.
pub fn refusal(refusal: &Refusal) -> String {
    let words = match refusal {
        Refusal::ControllerDown => "the controller cannot be reached",
        Refusal::NoLeader => "no unit leads the application",
        Refusal::NoSuchUnit => "there is no such unit",
        Refusal::NotAlive => "the application was removed",
        Refusal::NoSuchRelation => "there is no such relation",
        Refusal::NoSuchCertificate => "there is no such certificate to revoke",
        Refusal::WorkloadDown => "its workload does not answer",
        Refusal::NotSettled => "the deployment has not settled",
        Refusal::PermissionDenied => "permission denied",
        Refusal::OfferNotUsed => "no relation of that user goes through it",
        Refusal::NoKey => "no application has the key of that CA",
        Refusal::NothingToChange => "nothing is there that this could be done to",
        Refusal::BreaksRelation(key) => return format!("would break relation \"{key}\""),
        Refusal::Integrate(error) => return error.to_string(),
        Refusal::Offer(error) => return error.to_string(),
    };
    words.to_owned()
}

const fn not_fetched(why: NotFetched) -> &'static str {
    match why {
        NotFetched::ControllerDown => "the controller cannot be reached",
        NotFetched::LeaderLost => "the agent of its leader is lost",
        NotFetched::NoLeader => "no unit leads it",
    }
}

/// What only a person can do: `unseal: Vault is sealed`, `certificate for web`.
pub fn task(wait: &PendingTask) -> String {
    let PendingTask { what, detail, .. } = wait;
    let task = format!("{what} {detail}");
    match task.contains(" for ") {
        true => task,
        false => format!("{what}: {detail}"),
    }
}
