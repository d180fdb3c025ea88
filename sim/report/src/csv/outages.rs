//! `outages.csv`: one row for each interval in which a connection failed. One that was still
//! open at the end has an empty `until`; its `duration_s` runs to the end. `code` and `error` are those of the cause,
//! which is to blame from `cause_from` on: an outage may have begun with another one (`failures.csv`).

use std::io::{self, Write};

use super::Table;
use crate::Run;
use crate::words::{
    self,
    time::{instant_or_empty, seconds},
};
use trustsim_model::Coverage;

const HEADER: [&str; 12] = [
    "connection",
    "client",
    "server",
    "from",
    "until",
    "duration_s",
    "code",
    "error",
    "class",
    "standing",
    "cause_from",
    "cause",
];

/// Renders the file, by (start, connection).
pub fn outages(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    let findings = run.findings;
    let coverage = Coverage::of(&run.manifest.deployment);
    for (index, (outage, explanation)) in findings.explained().enumerate() {
        let (cause_from, _) = findings.told_for(index, run.end());
        let connection = run.connection(outage.connection);
        table.row([
            connection.name.as_str(),
            &connection.client,
            &connection.server,
            &outage.from.to_string(),
            &instant_or_empty(outage.until),
            &seconds(outage.length(run.end())),
            explanation.symptom.error.code(),
            explanation.symptom.error.kebab(),
            findings.classes[index].name(),
            words::standing::word(coverage.bases[connection.spec].standing),
            &cause_from.to_string(),
            &words::explanation::line(explanation),
        ])?;
    }
    table.finish()
}
