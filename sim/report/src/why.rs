//! One connection at one instant as JSON, with the same fields whether it holds or fails.

use serde_json::{Value, json};

use crate::failure_reasons::FailureReasons;
use crate::words::assumption::{DoubtedFailure, Doubts};
use crate::words::{self, ca_route, step, symptom, transit, verdict as verdicts};
use trustsim_diagnosis::{Answer, Explanation, Rests, TrustSource};
use trustsim_model::{Journal, Kind, Manifest};
use trustsim_pki::Certificate;
use trustsim_validators::Verdict;
use trustsim_whatif::SaidBy;

/// An object: `connection`, `client`, `server`, `server_name`, `validator`, `at`, `outcome`, `code`,
/// `error`, `since`, `until`, `cause` (`{kind, line, seq, steps: [{at, text}]}`), `symptom`,
/// `presented`, `trusted`, `missing`, `assumed` (as [`Doubts::to_json`] has it), `rests_on`, `stacks`. What does not apply is
/// null.
pub fn why(manifest: &Manifest, journal: &Journal, answer: &Answer, stacks: &[SaidBy]) -> Value {
    let connection = &manifest.connections[answer.connection as usize];
    let verdict = judged(journal, answer);
    let failed = answer.explanation.as_ref();
    let held = answer.rests.as_ref();
    let outage = answer.outage.as_ref();
    let refused = failed.map(|explanation| certificates(explanation.symptom.presented()));
    let presented = refused.or_else(|| Some(certificates(&held?.presented)));
    json!({
        "connection": connection.name,
        "client": connection.client.as_str(),
        "server": connection.server.as_str(),
        "server_name": connection.server_name_at(answer.at),
        "validator": connection.validator,
        "at": answer.at.to_string(),
        "judged_at": answer.judged_at.to_string(),
        "outcome": if failed.is_some() { "failed" } else { "ok" },
        "code": failed.map(|_| verdict.code()),
        "error": failed.map(|_| verdict.error_name()),
        "since": outage.map(|outage| outage.from.to_string()),
        "until": outage.and_then(|outage| outage.until).map(|until| until.to_string()),
        "cause": failed.map(cause),
        "symptom": failed.map(|explanation| symptom::headline(&explanation.symptom)),
        "presented": presented,
        "trusted": failed
            .and_then(|explanation| explanation.symptom.trusted.as_deref())
            .map(certificates),
        "missing": failed
            .and_then(|explanation| explanation.ca_route.as_ref())
            .map(ca_route::clause),
        "assumed": failed.map(|explanation| {
            let reasons = FailureReasons::new(&manifest.deployment, journal);
            let ended = outage.map(|outage| outage.until.unwrap_or(manifest.end()));
            let until = ended.unwrap_or(answer.at);
            let failure = DoubtedFailure {
                connection: &connection.name,
                explanation,
                reasons: reasons.of(connection.spec, explanation, until),
            };
            Doubts::of(&manifest.deployment, &[failure]).to_json()
        }),
        "rests_on": held.map(rests_on),
        "stacks": failed.map(|_| stacks.iter().map(|said| json!({
            "validator": said.validator.name(),
            "outcome": verdicts::outcome(&said.verdict),
            "code": verdicts::code(&said.verdict),
            "error": verdicts::error(&said.verdict),
            "text": said.verdict.said_by(said.validator, answer.at),
        })).collect::<Vec<_>>()),
    })
}

/// The verdict that an answer is about.
pub(crate) fn judged<'a>(journal: &'a Journal, answer: &Answer) -> &'a Verdict {
    match journal.get(answer.seq).map(|entry| &entry.kind) {
        Some(Kind::Handshake(record)) => &record.verdict,
        other => panic!("an answer names the handshake that was judged, not {other:?}"),
    }
}

fn cause(explanation: &Explanation) -> Value {
    let cause = &explanation.cause;
    let steps = cause.steps.iter();
    json!({
        "kind": cause.what.name(),
        "line": words::cause::line(&cause.what),
        "seq": cause.seq.map(|seq| seq.0),
        "steps": steps
            .map(|step| json!({"at": step.at.to_string(), "text": step::text(&step.event)}))
            .collect::<Vec<_>>(),
    })
}

fn rests_on(rests: &Rests) -> Value {
    let (how, relations) = match &rests.source {
        TrustSource::Relations(relations) => (
            "relations",
            relations.iter().map(transit::relation).collect(),
        ),
        TrustSource::PassedOn(relation) => ("passed-on", vec![transit::passing(relation)]),
        TrustSource::OwnUnits(application) => {
            ("own-units", vec![ca_route::among_units(application)])
        }
        TrustSource::Given => ("given", Vec::new()),
        TrustSource::Unknown => ("unknown", Vec::new()),
    };
    json!({
        "anchor": rests.anchor.as_ref().map(|anchor| certificates([anchor])),
        "signer": rests.signer.as_deref(),
        "how": how,
        "relations": relations,
        "until": rests.until.map(|until| until.to_string()),
    })
}

fn certificates<'a>(all: impl IntoIterator<Item = &'a Certificate>) -> Vec<Value> {
    let each = all.into_iter().map(|certificate| {
        json!({
            "subject": certificate.subject(),
            "serial": certificate.serial(),
            "not_before": certificate.not_before().to_string(),
            "not_after": certificate.not_after().to_string(),
        })
    });
    each.collect()
}
