//! What is read off the present of a session: what Juju prints, how an action ended, how connections have been. Must not
//! change anything.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use trustsim_diagnosis::{WhyError, diagnose, why};
use trustsim_kernel::Span;
use trustsim_model::{Action, Address, ConnectionRecord, Entry, Journal, Kind, Note, Seq};
use trustsim_world::Simulation;

use crate::answers::{Connection, Outage, Ran, WatchedConnection};
use crate::change::unknown;
use crate::error::SessionError;

pub(crate) fn status(present: &Simulation, model: &str) -> Result<Json, SessionError> {
    let status = present.status(model);
    status.ok_or_else(|| unknown("model", model, &present.model_names()))
}

pub(crate) fn show_model(present: &Simulation, model: &str) -> Result<Json, SessionError> {
    let shown = present.show_model(model);
    shown.ok_or_else(|| unknown("model", model, &present.model_names()))
}

pub(crate) fn show_config(
    present: &Simulation,
    model: &str,
    application: &str,
) -> Result<Json, SessionError> {
    let shown = present.config(model, application);
    shown.ok_or_else(|| {
        SessionError::Name(format!(
            "there is no application `{application}` in `{model}`"
        ))
    })
}

pub(crate) fn show_unit(
    present: &Simulation,
    model: &str,
    unit: &str,
) -> Result<Json, SessionError> {
    let shown = present.show_unit(model, unit);
    shown.ok_or_else(|| SessionError::Name(format!("there is no unit `{unit}` in `{model}`")))
}

/// How the action ended that was asked for at this instant; `None` where it has not.
pub(crate) fn ran(present: &Simulation, given: Span) -> Option<Ran> {
    let journal = present.journal();
    let is_it = |entry: &Entry| match &entry.kind {
        Kind::Action(record) => {
            record.timed.at == given && matches!(record.action(), Action::RunAction { .. })
        }
        _ => false,
    };
    let entries = journal.entries();
    let asked = entries.iter().rposition(is_it)?;
    let after = (asked + 1..entries.len()).filter_map(|index| Some((index, entries.get(index)?)));
    let asked = Seq(u32::try_from(asked).expect("a journal has fewer than 2^32 entries"));
    let of_unit = |entry: &Entry| entry.subject.unit.clone();
    let mut started = after.clone().filter(|(_, entry)| {
        matches!(entry.kind, Kind::HookStarted { .. }) && entry.cause == Some(asked)
    });
    let (begun, first) = started.next()?;
    let unit = of_unit(first)?;
    let own = after
        .filter(|(index, entry)| *index > begun && entry.subject.unit.as_deref() == Some(&*unit));
    let mut ran = Ran {
        unit: address(first)?,
        failed: None,
        results: BTreeMap::new(),
        log: None,
    };
    for (_, entry) in own {
        match &entry.kind {
            Kind::Note(Note::ActionFailed { message }) => ran.failed = Some(message.clone()),
            Kind::Note(Note::ActionResult { text }) => ran.log = Some(text.clone()),
            Kind::Note(Note::ActionResults { results }) => ran.results.clone_from(results),
            Kind::HookCommitted { .. } => return Some(ran),
            Kind::HookFailed { error, .. } => {
                let failed = ran.failed.take();
                ran.failed = Some(failed.unwrap_or_else(|| error.to_string()));
                return Some(ran);
            }
            _ => {}
        }
    }
    None
}

/// The unit that an entry is about.
fn address(entry: &Entry) -> Option<Address> {
    let subject = &entry.subject;
    let (_, number) = subject.unit.as_deref()?.rsplit_once('/')?;
    let number = number.parse().ok()?;
    Some(Address::unit_in(
        subject.model.as_deref()?,
        subject.application.as_deref()?,
        number,
    ))
}

fn is_between(record: &ConnectionRecord, from: &str, to: &str) -> bool {
    let means = |given: &str, known: &Address| *known == *given || known.application() == given;
    means(from, &record.client) && means(to, &record.server)
}

pub(crate) fn is_watched(present: &Simulation, from: &str, to: &str) -> bool {
    let manifest = present.manifest();
    let mut connections = manifest.connections.iter();
    connections.any(|record| is_between(record, from, to))
}

/// How connections have been until now.
pub(crate) fn connection(
    present: &Simulation,
    from: &str,
    to: &str,
) -> Result<Connection, SessionError> {
    let now = present.now();
    // As a run that ends now.
    let run = present.fork(Vec::new(), now.since(present.deployment().start));
    let (deployment, manifest) = (run.deployment(), run.manifest());
    let journal: &Journal = run.journal();
    match why(deployment, &manifest, journal, from, to, now) {
        // One that was not tried yet has lost nothing.
        Ok(_) | Err(WhyError::NotYet { .. }) => {}
        Err(error) => return Err(SessionError::NotWatched(Box::new(error))),
    }
    let findings = diagnose(deployment, &manifest, journal);
    let records = manifest.connections.iter().enumerate();
    let between = records.filter(|(_, record)| is_between(record, from, to));
    let watched = between.map(|(index, record)| {
        let own = findings.explained();
        let own = own.filter(|(outage, _)| outage.connection as usize == index);
        let outages: Vec<Outage> = own
            .map(|(outage, explanation)| Outage {
                from: outage.from,
                until: outage.until,
                lost: outage.length(now),
                error: outage.error,
                explanation: explanation.clone(),
            })
            .collect();
        WatchedConnection {
            name: record.name.clone(),
            server_name: record.last_server_name().to_owned(),
            first_attempt: record.first_attempt,
            lost: outages.iter().map(|outage| outage.lost).sum(),
            outages,
        }
    });
    Ok(Connection {
        watched: watched.collect(),
    })
}
