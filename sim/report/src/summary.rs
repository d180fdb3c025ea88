//! `summary.json`: the run in one value, for scripts.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Run;
use crate::failure_reasons::FailureReasons;
use crate::words::assumption::{DoubtedFailure, Doubts};
use crate::words::time::seconds_json;
use crate::words::{
    certificate, charm_error, command, expectation, explanation, open_outage, refused_action,
    standing, verdict,
};
use trustsim_diagnosis::{Lasting, OutageClass, Tally, Unencrypted};
use trustsim_kernel::Span;
use trustsim_model::{
    CertificateKind, Coverage, EndlessLoop, Kind, Share, Source, UnplayedRepeats,
};

/// The summary of a run. Every length is in seconds, every instant in RFC 3339. In a run's folder it has `files`, too.
pub fn summary(run: &Run<'_>) -> Value {
    let manifest = run.manifest;
    let timings: Map<String, Value> = manifest
        .timings
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    json!({
        "name": manifest.name,
        "about": manifest.about,
        "trustsim": env!("CARGO_PKG_VERSION"),
        "seed": manifest.seed,
        "start": manifest.start.to_string(),
        "end": run.end().to_string(),
        "duration_s": seconds_json(manifest.duration),
        "settled_at": manifest.settled_at.map(|at| at.to_string()),
        "tolerate_s": seconds_json(manifest.deployment.tolerate),
        "played": run.provenance,
        "fingerprint": format!("{:016x}", run.journal.fingerprint()),
        "verdict": verdict::of_run(run.findings.verdict()),
        "ended_early": run.findings.endless.as_ref().map(ended_early),
        "passed": run.findings.passed(),
        "coverage": coverage(run),
        "totals": totals(run),
        "expectations": expectations(run),
        "certificates": certificates(run),
        "relation_secrets": relation_secrets(run),
        "connections": connections(run),
        "outages": outages(run),
        "without_tls": run.findings.unencrypted.iter().map(|each| without_tls(run, each)).collect::<Vec<_>>(),
        "seeds": seeds(run),
        "remedies": remedies(run),
        "unplayed_repeats": manifest.unplayed.iter().map(unplayed_repeats).collect::<Vec<_>>(),
        "mishaps": mishaps(run),
        "refused": refused(run),
        "drawn_faults": manifest.drawn,
        "timings": timings,
    })
}

/// A stretch in which a connection went on without TLS.
fn without_tls(run: &Run<'_>, stretch: &Unencrypted) -> Value {
    json!({
        "connection": run.connection(stretch.connection).name,
        "from": stretch.from.to_string(),
        "until": stretch.until.map(|until| until.to_string()),
        "length_s": seconds_json(stretch.length(run.end())),
    })
}

/// Why the run ended before its time.
fn ended_early(found: &EndlessLoop) -> Value {
    let hooks = found.hooks.iter();
    let hooks = hooks.map(|(hook, count)| json!({ "hook": hook.to_string(), "count": count }));
    json!({
        "unit": found.unit.as_str(),
        "since": found.since.to_string(),
        "at": found.at.to_string(),
        "hooks": hooks.collect::<Vec<_>>(),
    })
}

/// A unit of which not every hook was played.
fn unplayed_repeats(unplayed: &UnplayedRepeats) -> Value {
    json!({
        "unit": unplayed.unit.as_str(),
        "hook": unplayed.hook.to_string(),
        "fails": unplayed.fails,
        "same_since": unplayed.since.to_string(),
        "from": unplayed.from.to_string(),
        "hooks": unplayed.count,
        "certificates": unplayed.certificates,
    })
}

/// What came of each seed, the run's own first; empty where no other was played.
fn seeds(run: &Run<'_>) -> Vec<Value> {
    let outcomes = run.findings.seeds.iter();
    let outcomes = outcomes.map(|outcome| {
        json!({
            "seed": outcome.seed,
            "outages": outcome.outages,
            "outages_unexpected": outcome.unexpected,
            "lost_s": seconds_json(outcome.lost),
            "broken_expectations": outcome.broken,
            "ended_early": outcome.ended_early,
        })
    });
    outcomes.collect()
}

/// How much of the deployment was simulated, and what each connection of the scenario rests on, in its order.
fn coverage(run: &Run<'_>) -> Value {
    let deployment = &run.manifest.deployment;
    let found = Coverage::of(deployment);
    let share = |share: Share| {
        json!({
            "modelled": share.modelled,
            "assumed": share.assumed,
            "not_simulated": share.not_simulated,
        })
    };
    let connections = found.bases.iter_enumerated().map(|(index, basis)| {
        let reasons = basis.reasons.iter();
        let reasons = reasons.map(|reason| standing::reason(reason, deployment));
        json!({
            "source": source(&deployment.connections[index].source),
            "standing": standing::word(basis.standing),
            "reasons": reasons.collect::<Vec<_>>(),
        })
    });
    json!({
        "line": standing::coverage(&found),
        "charms": share(found.charms),
        "relations": share(found.relations),
        "connections": share(found.connections),
        "by_connection": connections.collect::<Vec<_>>(),
    })
}

fn totals(run: &Run<'_>) -> Value {
    let tallies = &run.findings.tallies;
    let sum = |part: fn(&Tally) -> u64| tallies.iter().map(part).sum::<u64>();
    let lost: Span = tallies.iter().map(|tally| tally.lost).sum();
    json!({
        "connections": run.manifest.connections.len(),
        "connections_failing": tallies.iter().filter(|tally| tally.outages > 0).count(),
        "attempts": sum(|tally| tally.attempts),
        "failed_attempts": sum(|tally| tally.failed_attempts),
        "handshakes_real": sum(|tally| tally.real),
        "handshakes_reused": sum(|tally| tally.reused),
        "outages": run.findings.outages.len(),
        "outages_unexpected": run.findings.outages_of(OutageClass::Unexpected).count(),
        "outages_tolerated": run.findings.outages_of(OutageClass::Tolerated).count(),
        "outages_of_clients_outside": run.findings.outages_of(OutageClass::Outside).count(),
        "outages_of_installation": run.findings.outages_of(OutageClass::Installation).count(),
        "lost_s": seconds_json(lost),
        "journal_entries": run.journal.entries().len(),
    })
}

fn expectations(run: &Run<'_>) -> Value {
    let results = &run.findings.expectations;
    let deployment = &run.manifest.deployment;
    let of = |held: bool| -> Vec<Value> {
        results
            .iter()
            .enumerate()
            .filter(|(_, each)| each.held == held)
            .map(|(index, each)| {
                json!({
                    "claim": expectation::claim(&each.claim, deployment),
                    "detail": expectation::outcome(&each.outcome, deployment),
                    "source": source(&each.source),
                    "broken_with_seeds": run.findings.seeds_breaking(index),
                })
            })
            .collect()
    };
    json!({ "held": of(true), "broken": of(false) })
}

/// Where in the scenario, without its folder: a report is the same from every folder.
fn source(source: &Source) -> Value {
    let file = source.file.rsplit(['/', '\\']).next();
    let file = file.expect("a text that is split has a last part");
    json!({ "file": file, "line": source.line, "column": source.column })
}

fn certificates(run: &Run<'_>) -> Value {
    let mut issued: BTreeMap<&'static str, u64> = [
        CertificateKind::Root,
        CertificateKind::Intermediate,
        CertificateKind::Leaf,
    ]
    .map(|kind| (certificate::kind(kind), 0))
    .into();
    for entry in run.journal.entries() {
        if let Kind::CertificateIssued(record) = &entry.kind {
            *issued.entry(certificate::kind(record.kind)).or_default() += 1;
        }
    }
    json!(issued)
}

/// What went wrong without any connection telling: each kind of thing once for a unit, with its
/// code, how often and from when to when.
fn mishaps(run: &Run<'_>) -> Vec<Value> {
    trustsim_diagnosis::charm_errors(run.manifest, run.journal)
        .iter()
        .map(|found| {
            json!({
                "code": found.kind.code(),
                "unit": found.unit.as_str(),
                "message": charm_error::message(&found.detail),
                "first": found.first.to_string(),
                "last": found.last.to_string(),
                "count": found.count,
            })
        })
        .collect()
}

/// Commands that were refused during the run, in order of time; `source` is null where no line of the scenario
/// asked for one.
fn refused(run: &Run<'_>) -> Vec<Value> {
    trustsim_diagnosis::refused_actions(run.journal)
        .iter()
        .map(|found| {
            let from = found.action.source();
            json!({
                "at": found.at.to_string(),
                "command": refused_action::command(found, run.manifest),
                "reason": refused_action::reason(found),
                "source": (!from.file.is_empty()).then(|| source(from)),
            })
        })
        .collect()
}

/// How many private keys stand readable in each controller's store, by controller and kind of
/// store; `relation_secrets.csv` lists them.
fn relation_secrets(run: &Run<'_>) -> Value {
    let controllers = super::readable_keys(run).into_iter();
    let counts = controllers.map(|(controller, stores)| {
        let stores = stores.into_iter();
        let stores = stores.map(|(store, count)| (store.word().to_owned(), Value::from(count)));
        (controller.to_owned(), Value::Object(stores.collect()))
    });
    Value::Object(counts.collect())
}

fn connections(run: &Run<'_>) -> Vec<Value> {
    run.manifest
        .connections
        .iter()
        .zip(&run.findings.tallies)
        .map(|(connection, tally)| {
            json!({
                "connection": connection.name,
                "client": connection.client.as_str(),
                "server": connection.server.as_str(),
                "server_name": connection.server_name,
                "validator": connection.validator,
                "every_s": seconds_json(connection.every),
                "first_attempt": connection.first_attempt.map(|at| at.to_string()),
                "attempts": tally.attempts,
                "failed_attempts": tally.failed_attempts,
                "handshakes_real": tally.real,
                "handshakes_reused": tally.reused,
                "outages": tally.outages,
                "lost_s": seconds_json(tally.lost),
                "longest_outage_s": seconds_json(tally.longest),
            })
        })
        .collect()
}

fn outages(run: &Run<'_>) -> Vec<Value> {
    let findings = run.findings;
    let deployment = &run.manifest.deployment;
    let reasons = FailureReasons::new(deployment, run.journal);
    findings
        .explained()
        .enumerate()
        .map(|(index, (outage, explanation))| {
            let connection = run.connection(outage.connection);
            let until = outage.until.unwrap_or(run.end());
            let failure = DoubtedFailure {
                connection: &connection.name,
                explanation,
                reasons: reasons.of(connection.spec, explanation, until),
            };
            json!({
                "connection": connection.name,
                "from": outage.from.to_string(),
                "until": outage.until.map(|until| until.to_string()),
                "duration_s": seconds_json(outage.length(run.end())),
                "code": explanation.symptom.error.code(),
                "error": explanation.symptom.error.kebab(),
                "class": findings.classes[index].name(),
                "standing": standing::word(reasons.basis(connection.spec).standing),
                "assumed": Doubts::of(deployment, &[failure]).to_json(),
                "cause_from": findings.told_for(index, run.end()).0.to_string(),
                "cause": explanation::line(explanation),
                "root_seq": explanation.root.map(|seq| seq.0),
                "stays": stays(run, index),
            })
        })
        .collect()
}

/// Why an outage that is open at the end does not heal by itself.
fn stays(run: &Run<'_>, outage: usize) -> Option<String> {
    let mut open = run.findings.open_outages.iter();
    let found = open.find(|open| open.outage == outage)?;
    found.why.as_ref().map(open_outage::clause)
}

/// What was tried and helped, best first. Outages are positions in `outages`.
fn remedies(run: &Run<'_>) -> Value {
    let found = &run.findings.remedies;
    let proven: Vec<Value> = found
        .proven
        .iter()
        .map(|remedy| {
            let shortens = remedy.shortens.iter();
            let shortens: Vec<Value> = shortens
                .map(|(outage, left)| json!({ "outage": outage, "left_s": seconds_json(*left) }))
                .collect();
            let later = remedy.later.iter();
            let later: Vec<Value> = later
                .map(|(at, typed)| json!({ "at": at.to_string(), "command": command::text(typed) }))
                .collect();
            let elsewhere = remedy.elsewhere.iter();
            let elsewhere =
                elsewhere.flat_map(|(outage, played)| played.iter().map(move |it| (outage, it)));
            let elsewhere: Vec<Value> = elsewhere
                .map(|(outage, each)| {
                    json!({
                        "outage": outage,
                        "seed": each.seed,
                        "helps": each.helps(),
                        "lost_before_s": seconds_json(each.lost_before),
                        "lost_after_s": seconds_json(each.lost_after),
                    })
                })
                .collect();
            let puts_off = remedy.lasting.iter();
            let puts_off = puts_off.filter_map(|(outage, lasting)| match lasting {
                Lasting::PutsOff(until) => {
                    Some(json!({ "outage": outage, "until": until.to_string() }))
                }
                Lasting::Ends => None,
            });
            let puts_off: Vec<Value> = puts_off.collect();
            json!({
                "commands": remedy.commands.iter().map(command::text).collect::<Vec<_>>(),
                "at": remedy.at.map(|at| at.to_string()),
                "later": later,
                "ends": remedy.ends,
                "shortens": shortens,
                "puts_off": puts_off,
                "breaks": remedy.breaks,
                "new_cas": remedy.new_cas.iter().map(|owner| owner.as_str()).collect::<Vec<_>>(),
                "serves_tls": remedy.serves_tls.iter().map(|server| server.as_str()).collect::<Vec<_>>(),
                "renames": remedy.renames.as_ref().map(|ingress| ingress.as_str()),
                "elsewhere": elsewhere,
                "lost_before_s": seconds_json(remedy.lost_before),
                "lost_after_s": seconds_json(remedy.lost_after),
            })
        })
        .collect();
    json!({ "proven": proven, "tried": found.tried, "untried": found.untried, "too_long": found.too_long })
}
