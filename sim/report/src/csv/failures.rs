//! `failures.csv`: one row for each failing verdict, with the cause of the outage that it is part of.
//! `remedy` is a change that was played and ended or shortened it; empty where none was found.

use std::collections::BTreeMap;

use super::Table;
use crate::{Run, words};
use trustsim_model::Kind;

const HEADER: [&str; 9] = [
    "at",
    "offset_s",
    "connection",
    "client",
    "server",
    "code",
    "error",
    "cause",
    "remedy",
];

/// Renders the file.
pub fn failures(run: &Run<'_>) -> Vec<u8> {
    let mut table = Table::new(&HEADER);
    let causes = Causes::new(run);
    for entry in run.journal.entries() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        if record.verdict.is_ok() {
            continue;
        }
        let connection = run.connection(record.connection);
        let lines = causes.at(record.connection, entry.time);
        table.row([
            entry.time.to_string().as_str(),
            &run.offset_s(entry.time),
            &connection.name,
            &connection.client,
            &connection.server,
            record.verdict.code(),
            record.verdict.error_name(),
            &lines.cause,
            &lines.remedy,
        ]);
    }
    table.finish()
}

/// What is said of one failure.
#[derive(Clone, Debug, Default)]
struct Lines {
    cause: String,
    remedy: String,
}

/// The cause and remedy of each connection's outages, by start.
struct Causes {
    lines: BTreeMap<u32, Vec<(trustsim_kernel::Time, Lines)>>,
    nothing: Lines,
}

impl Causes {
    fn new(run: &Run<'_>) -> Self {
        let mut lines: BTreeMap<u32, Vec<_>> = BTreeMap::new();
        let findings = run.findings;
        let explained = findings.outages.iter().zip(&findings.explanations);
        for (index, (outage, explanation)) in explained.enumerate() {
            let remedy = findings.remedies.best(index);
            let remedy = remedy.map_or_else(String::new, words::remedy::line);
            let line = |cause| Lines {
                cause,
                remedy: remedy.clone(),
            };
            let of = lines.entry(outage.connection).or_default();
            let parts = explanation.parts.iter();
            of.extend(parts.map(|part| (part.from, line(words::explanation::part(part)))));
        }
        let nothing = Lines::default();
        Self { lines, nothing }
    }

    fn at(&self, connection: u32, time: trustsim_kernel::Time) -> &Lines {
        let lines = self.lines.get(&connection).map_or(&[][..], Vec::as_slice);
        let after = lines.partition_point(|(from, _)| *from <= time);
        match after.checked_sub(1) {
            Some(index) => &lines[index].1,
            None => &self.nothing,
        }
    }
}
