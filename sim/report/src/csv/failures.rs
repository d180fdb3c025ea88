//! `failures.csv`: one row for each failing verdict, with the cause of the outage that it is part of.
//! `remedy` is a change that was played and ended or shortened it; empty where none was found.
//!
//! A verdict that was replaced at the instant at which it was given took no time and is part of no
//! outage. Its row has no cause: that of the outage before it is another failure's.

use std::collections::BTreeMap;

use std::io::{self, Write};

use super::Table;
use crate::{Run, words};
use trustsim_diagnosis::Outage;
use trustsim_diagnosis::outage_groups;
use trustsim_kernel::Time;
use trustsim_model::{Coverage, Kind, Seq};
use trustsim_validators::ErrorKind;

const HEADER: [&str; 10] = [
    "at",
    "offset_s",
    "connection",
    "client",
    "server",
    "code",
    "error",
    "standing",
    "cause",
    "remedy",
];

/// Renders the file.
///
/// # Errors
///
/// Those of `writer`.
pub fn failures(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    let causes = Causes::new(run);
    let coverage = Coverage::of(&run.manifest.deployment);
    for (seq, entry) in run.journal.numbered() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        let Some(error) = record.verdict.error else {
            continue;
        };
        let connection = run.connection(record.connection);
        let lines = causes.of(record.connection, seq, entry.time, error);
        let (cause, remedy) = lines.map_or(("", ""), |lines| (&lines.cause, &lines.remedy));
        table.row([
            entry.time.to_string().as_str(),
            &run.offset_s(entry.time),
            &connection.name,
            &connection.client,
            &connection.server,
            record.verdict.code(),
            record.verdict.error_name(),
            words::standing::word(coverage.bases[connection.spec].standing),
            cause,
            remedy,
        ])?;
    }
    table.finish()
}

/// What is said of one failure.
struct Lines {
    cause: String,
    remedy: String,
}

/// A stretch of an outage with one error.
struct Stretch {
    from: Time,
    error: ErrorKind,
    lines: Lines,
}

/// The outages of each connection by start, each with its stretches by start.
struct Causes<'a> {
    by_connection: BTreeMap<u32, Vec<(&'a Outage, Vec<Stretch>)>>,
}

impl<'a> Causes<'a> {
    fn new(run: &Run<'a>) -> Self {
        let mut by_connection: BTreeMap<u32, Vec<_>> = BTreeMap::new();
        let findings = run.findings;
        let mut remedies: BTreeMap<usize, String> = BTreeMap::new();
        for group in outage_groups(run.manifest, findings) {
            let best = findings
                .remedies
                .best_for(run.manifest, findings, &group.outages);
            let helps = |index: &usize| best.filter(|best| best.helps(*index));
            let helped = group.outages.iter();
            let helped =
                helped.filter_map(|index| Some((*index, words::remedy::line(helps(index)?))));
            remedies.extend(helped);
        }
        for (index, (outage, parts)) in findings.outages.iter().zip(&findings.parts).enumerate() {
            // What breaks nothing, or nothing helps, has none.
            let remedy = remedies.remove(&index).unwrap_or_default();
            let stretches = parts.iter().map(|part| Stretch {
                from: part.from,
                error: part.explanation.symptom.error,
                lines: Lines {
                    cause: words::explanation::line(&part.explanation),
                    remedy: remedy.clone(),
                },
            });
            let of: &mut Vec<(&Outage, Vec<Stretch>)> =
                by_connection.entry(outage.connection).or_default();
            if let Some((before, _)) = of.last() {
                assert!(
                    before.until.is_some_and(|until| until <= outage.from),
                    "outages of a connection follow each other: {before:?} and {outage:?}"
                );
            }
            of.push((outage, stretches.collect()));
        }
        Self { by_connection }
    }

    /// What is said of the verdict at an entry, which failed with this error; `None` where it is part
    /// of no outage.
    fn of(&self, connection: u32, seq: Seq, time: Time, error: ErrorKind) -> Option<&Lines> {
        let outages = self.by_connection.get(&connection)?;
        let (outage, stretches) = outages.iter().rfind(|(outage, _)| outage.from <= time)?;
        if outage.closed.is_some_and(|closed| closed < seq) {
            return None;
        }
        let mut begun = stretches.iter().filter(|stretch| stretch.from <= time);
        let found = begun.rfind(|stretch| stretch.error == error);
        // Of several verdicts of one instant the last one held, and it alone is explained.
        let of_this_instant = std::iter::once((outage.from, outage.opened))
            .chain(outage.changes.iter().map(|change| (change.at, change.seq)));
        let is_superseded = of_this_instant
            .into_iter()
            .any(|(at, later)| at == time && seq < later);
        assert!(
            found.is_some() || is_superseded || outage.errors().all(|each| each != error),
            "every error of an outage is explained: {seq:?} failed with {error} in {outage:?}"
        );
        found.map(|stretch| &stretch.lines)
    }
}
