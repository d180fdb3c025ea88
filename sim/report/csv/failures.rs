//! `failures.csv`: one row for each failing verdict, with the cause of the outage it stands in.
//! `remedy` is a change proven to end the failure and stays empty until one is proven.

use std::collections::BTreeMap;

use super::Table;
use crate::report::Run;
use crate::tls::Outcome;
use crate::world::Kind;

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
        if record.verdict.outcome == Outcome::Ok {
            continue;
        }
        let connection = run.connection(record.connection);
        table.row([
            entry.time.to_string().as_str(),
            &run.offset_s(entry.time),
            &connection.name,
            &connection.client,
            &connection.server,
            record.verdict.code,
            record.verdict.error,
            causes.at(record.connection, entry.time),
            "",
        ]);
    }
    table.finish()
}

/// The cause of each connection's outages, by start.
struct Causes {
    lines: BTreeMap<u32, Vec<(crate::kernel::Time, String)>>,
}

impl Causes {
    fn new(run: &Run<'_>) -> Self {
        let mut lines: BTreeMap<u32, Vec<_>> = BTreeMap::new();
        let findings = run.findings;
        for (outage, explanation) in findings.outages.iter().zip(&findings.explanations) {
            let of = lines.entry(outage.connection).or_default();
            of.push((outage.from, explanation.line()));
            of.extend(explanation.later.iter().cloned());
        }
        Self { lines }
    }

    fn at(&self, connection: u32, time: crate::kernel::Time) -> &str {
        let Some(lines) = self.lines.get(&connection) else {
            return "";
        };
        let after = lines.partition_point(|(from, _)| *from <= time);
        match after.checked_sub(1) {
            Some(index) => &lines[index].1,
            None => "",
        }
    }
}
