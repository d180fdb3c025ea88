//! `outages.csv`: one row for each interval in which a connection failed. One that was still
//! open at the end has an empty `until`; its `duration_s` runs to the end.

use std::io::{self, Write};

use super::Table;
use crate::Run;
use crate::words::{
    self,
    time::{instant_or_empty, seconds},
};
use trustsim_model::Coverage;

const HEADER: [&str; 11] = [
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
    "cause",
];

/// Renders the file, by (start, connection).
pub fn outages(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    let findings = run.findings;
    let coverage = Coverage::of(&run.manifest.deployment);
    for ((outage, explanation), class) in findings.explained().zip(&findings.classes) {
        let connection = run.connection(outage.connection);
        table.row([
            connection.name.as_str(),
            &connection.client,
            &connection.server,
            &outage.from.to_string(),
            &instant_or_empty(outage.until),
            &seconds(outage.length(run.end())),
            outage.error.code(),
            outage.error.kebab(),
            class.name(),
            words::standing::word(coverage.bases[connection.spec].standing),
            &words::explanation::line(explanation),
        ])?;
    }
    table.finish()
}
