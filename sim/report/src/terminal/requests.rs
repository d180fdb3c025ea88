//! What CAs are asked to sign, for a terminal: each request, why some are refused or wait, and over which relations
//! nothing is asked.

use super::style::{self, paint};
use super::{Align, Cell, Detail, Table};
use crate::words::{requests as words, standing};
use trustsim_diagnosis::{AskedRequest, RequestOutcome, Requests};
use trustsim_kernel::{Time, format_duration};
use trustsim_model::{Deployment, Manifest, Standing};

/// Alternative names of a request that are shown; the verbose form shows all.
const NAMES: usize = 3;

/// Renders it.
pub fn requests(found: &Requests, manifest: &Manifest, detail: Detail) -> String {
    let mut text = played(manifest, manifest.end());
    text.push_str(&format!("{}\n", words::counts(found)));
    if !found.requests.is_empty() {
        text.push('\n');
        text.push_str(&table(found, &manifest.deployment, detail));
    }
    unanswered(found, &mut text);
    silent(found, &mut text);
    not_given(&manifest.deployment, &mut text);
    text
}

/// What is asked of CAs whose models are not given.
fn not_given(deployment: &Deployment, text: &mut String) {
    let absent = deployment.absent.iter();
    for absent in absent.filter(|absent| absent.brings_certificates()) {
        let address = deployment.application_address(absent.application);
        text.push_str(&format!(
            "\n{}: what {address}:{} asks of {}: its model is not given\n",
            paint(style::WAIT, "not simulated"),
            absent.endpoint,
            absent.offer
        ));
    }
}

/// How far it was played.
pub(super) fn played(manifest: &Manifest, until: Time) -> String {
    let rest = match manifest.settled_at {
        Some(at) => format!(
            "at rest after {}",
            format_duration(at.since(manifest.start))
        ),
        None => "not at rest in this time".to_owned(),
    };
    format!(
        "{}: {} from {}, {rest}\n",
        paint(style::DETAIL, "played"),
        format_duration(until.since(manifest.start)),
        manifest.start,
    )
}

fn table(found: &Requests, deployment: &Deployment, detail: Detail) -> String {
    let mut table = Table::new(&[
        ("CA", Align::Left),
        ("For", Align::Left),
        ("Over", Align::Left),
        ("Kind", Align::Left),
        ("Common name", Align::Left),
        ("Alternative names", Align::Left),
        ("Key", Align::Left),
        ("Lives", Align::Left),
        ("Sent", Align::Right),
        ("Outcome", Align::Left),
        ("Standing", Align::Left),
    ]);
    for request in &found.requests {
        table.row([
            Cell::plain(&request.provider.to_string()),
            Cell::plain(request.holder.as_str()),
            Cell::plain(&request.requirer.endpoint),
            Cell::plain(words::kind(request.is_ca)),
            Cell::plain(or_dash(&request.common_name)),
            Cell::plain(or_dash(&names(request, detail))),
            Cell::plain(words::key(request, deployment).as_deref().unwrap_or("-")),
            Cell::plain(or_dash(&words::lives(request))),
            Cell::plain(&request.asked.len().to_string()),
            Cell::new(words::outcome(request.outcome), colour(request.outcome)),
            Cell::plain(standing::word(request.standing)),
        ]);
    }
    table.render()
}

fn or_dash(text: &str) -> &str {
    match text {
        "" => "-",
        text => text,
    }
}

/// `DNS:a, DNS:b, 12 more`.
fn names(request: &AskedRequest, detail: Detail) -> String {
    super::first_of(words::alternative_names(request), NAMES, detail)
}

const fn colour(outcome: RequestOutcome) -> anstyle::Style {
    match outcome {
        RequestOutcome::Signed => style::GOOD,
        RequestOutcome::Refused => style::BAD,
        RequestOutcome::Waits => style::WAIT,
    }
}

/// Why requests are refused, at the end or for a while, and what the providers of those that wait say.
fn unanswered(found: &Requests, text: &mut String) {
    for request in &found.requests {
        let name = match &*request.common_name {
            "" => format!("a request of {}", request.holder),
            name => format!("`{name}` of {}", request.holder),
        };
        let provider = &request.provider.application;
        for reason in &request.refusals {
            let when = match request.outcome {
                RequestOutcome::Refused => "",
                RequestOutcome::Signed | RequestOutcome::Waits => " at first",
            };
            text.push_str(&format!(
                "\n{}: {provider} refuses {name}{when}: {}\n",
                paint(style::BAD, "refused"),
                trustsim_kernel::visible(&words::refusal(reason)),
            ));
        }
        if request.outcome == RequestOutcome::Waits {
            let says = match (request.standing, request.statuses.is_empty()) {
                (Standing::NotSimulated, _) => "what that one does is not simulated".to_owned(),
                (_, true) => "that one says nothing of it".to_owned(),
                (_, false) => words::statuses(&request.statuses),
            };
            text.push_str(&format!(
                "\n{}: {name} is not answered by {provider}: {}\n",
                paint(style::WAIT, "waits"),
                trustsim_kernel::visible(&says),
            ));
        }
    }
}

fn silent(found: &Requests, text: &mut String) {
    for one in &found.silent {
        let (word, colour) = match one.standing {
            Standing::NotSimulated => ("not simulated", style::WAIT),
            Standing::Modelled | Standing::Assumed => ("nothing asked", style::DETAIL),
        };
        text.push_str(&format!(
            "\n{}: by {} of {}: {}\n",
            paint(colour, word),
            one.requirer,
            one.provider,
            trustsim_kernel::visible(&words::silence(one)),
        ));
    }
}
