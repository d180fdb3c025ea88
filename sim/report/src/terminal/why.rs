//! One connection at one instant for a terminal: what is to blame for its failure, or what it
//! rests on.

use super::failures::{Lines, excerpt, first_line, root_source, trust_lines};
use super::style::{self, paint};
use crate::failure_reasons::FailureReasons;
use crate::words::assumption::{DoubtedFailure, Doubts};
use crate::words::{ca_route, certificate, step, symptom, transit, unencrypted};
use trustsim_diagnosis::{Answer, Event, Explanation, Outage, Rests, TrustSource};
use trustsim_kernel::{Time, format_duration};
use trustsim_model::{Journal, Manifest};
use trustsim_whatif::SaidBy;

/// Renders an answer, with what each stack would print. The first line is the cause.
pub fn why(manifest: &Manifest, journal: &Journal, answer: &Answer, stacks: &[SaidBy]) -> String {
    let mut text = String::new();
    match (&answer.explanation, &answer.rests) {
        (Some(explanation), _) => {
            failing(manifest, journal, answer, explanation, &mut text);
            stack_lines(stacks, answer.at, &mut text);
        }
        (None, Some(rests)) => holding(manifest, answer, rests, &mut text),
        (None, None) => {
            assert!(
                crate::why::judged(journal, answer).without_tls,
                "what neither fails nor rests on a certificate has no TLS: {answer:?}"
            );
            without_tls(manifest, answer, &mut text);
        }
    }
    text
}

fn failing(
    manifest: &Manifest,
    journal: &Journal,
    answer: &Answer,
    explanation: &Explanation,
    text: &mut String,
) {
    let code = crate::why::judged(journal, answer).code();
    text.push_str(&format!(
        "{}: {}\n",
        paint(style::BAD, &format!("error[{code}]")),
        paint(style::STRONG, &first_line(explanation))
    ));
    if let Some(source) = root_source(explanation) {
        excerpt(source, text);
    }
    let mut lines = Lines { text };
    connection_line(manifest, answer, &mut lines);
    lines.add("failing", &failing_since(answer));
    lines.add("symptom", &symptom::headline(&explanation.symptom));
    let mut label = "because";
    let told = explanation.cause.steps.iter();
    // The failure itself is the symptom above.
    for step in told.filter(|step| !matches!(step.event, Event::Failure(_))) {
        lines.add(
            label,
            &format!(
                "{} {}",
                step.at.truncated_to_seconds(),
                step::text(&step.event)
            ),
        );
        label = "";
    }
    trust_lines(explanation, &mut lines);
    let deployment = &manifest.deployment;
    let spec = manifest.connections[answer.connection as usize].spec;
    let ended = |outage: &Outage| outage.until.unwrap_or(manifest.end());
    let until = answer.outage.as_ref().map_or(answer.at, ended);
    let failure = DoubtedFailure {
        connection: &manifest.connections[answer.connection as usize].name,
        explanation,
        reasons: FailureReasons::new(deployment, journal).of(spec, explanation, until),
    };
    for (label, line) in Doubts::of(deployment, &[failure]).lines() {
        lines.add(label, &line);
    }
    lines.add("explain", &format!("trustsim explain {code}"));
}

fn without_tls(manifest: &Manifest, answer: &Answer, text: &mut String) {
    let connection = &manifest.connections[answer.connection as usize];
    text.push_str(&format!(
        "{}: {}\n",
        paint(style::WAIT, "without TLS"),
        unencrypted::line(&connection.client, &connection.server)
    ));
    connection_line(manifest, answer, &mut Lines { text });
}

fn connection_line(manifest: &Manifest, answer: &Answer, lines: &mut Lines<'_>) {
    let connection = &manifest.connections[answer.connection as usize];
    lines.add(
        "connection",
        &format!(
            "{} asks for {} with {}",
            connection.name,
            connection.server_name_at(answer.at),
            connection.validator
        ),
    );
}

fn failing_since(answer: &Answer) -> String {
    let at = answer.at;
    match &answer.outage {
        None => format!("at {at}"),
        Some(outage) => {
            let from = outage.from.truncated_to_seconds();
            match outage.until {
                None => format!("at {at}, since {from}, to the end of the run"),
                Some(until) => format!(
                    "at {at}, from {from} until {}: {}",
                    until.truncated_to_seconds(),
                    format_duration(until.since(outage.from))
                ),
            }
        }
    }
}

fn stack_lines(stacks: &[SaidBy], at: Time, text: &mut String) {
    let mut lines = Lines { text };
    for said in stacks {
        let name = said.validator.name();
        match said.verdict.said_by(said.validator, at) {
            Some(words) => lines.add(name, &words),
            None => lines.add(name, "nothing: it accepts this"),
        }
    }
}

fn holding(manifest: &Manifest, answer: &Answer, rests: &Rests, text: &mut String) {
    let connection = &manifest.connections[answer.connection as usize];
    text.push_str(&format!(
        "{}: {}\n",
        paint(style::GOOD, "ok"),
        paint(
            style::STRONG,
            &rests_line(&connection.client, &connection.server, rests)
        )
    ));
    let mut lines = Lines { text };
    connection_line(manifest, answer, &mut lines);
    lines.add(
        "holds",
        &format!(
            "at {}, judged at {}",
            answer.at,
            answer.judged_at.truncated_to_seconds()
        ),
    );
    let mut label = "presented";
    for certificate in &rests.presented {
        let trusted = match Some(certificate) == rests.anchor.as_ref() {
            true => ", trusted",
            false => "",
        };
        lines.add(
            label,
            &format!(
                "{}, valid {} to {}{trusted}",
                certificate::name(certificate),
                certificate.not_before(),
                certificate.not_after()
            ),
        );
        label = "signed by";
    }
    match &rests.source {
        TrustSource::Relations(relations) => {
            let mut label = "rests on";
            for relation in relations {
                lines.add(label, &transit::relation(relation));
                label = "or on";
            }
        }
        TrustSource::PassedOn(relation) => lines.add("rests on", &transit::passing(relation)),
        TrustSource::OwnUnits(application) => {
            lines.add("rests on", &ca_route::among_units(application));
        }
        TrustSource::Given => lines.add("rests on", "what the scenario gave the client"),
        TrustSource::Unknown => {}
    }
    if let Some(until) = rests.until {
        lines.add(
            "at the longest",
            &format!("until {until}, unless it is renewed"),
        );
    }
}

/// The first line for a connection that holds.
fn rests_line(client: &str, server: &str, rests: &Rests) -> String {
    match (&rests.anchor, &rests.signer) {
        (Some(anchor), Some(signer)) => format!(
            "{client} trusts {}, under which {signer} signed for {server}",
            certificate::name(anchor)
        ),
        _ => format!("{client} accepts what {server} presents"),
    }
}
