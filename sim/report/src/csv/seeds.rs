//! `seeds.csv`: one row for each kind of failure with each seed that was played, the run's own seed first. A seed
//! with which no connection fails has one row without a failure.

use std::io::{self, Write};

use super::Table;
use crate::Run;
use crate::words::cause;
use crate::words::time::seconds;

const HEADER: [&str; 8] = [
    "seed",
    "client",
    "server",
    "outages",
    "longest_s",
    "lost_s",
    "cause_kind",
    "cause",
];

/// Renders the file, by seed in the order played. Without other seeds it has only the header.
pub fn seeds(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    for outcome in &run.findings.seeds {
        let seed = outcome.seed.to_string();
        if outcome.groups.is_empty() {
            table.row([&*seed, "", "", "0", "0", "0", "", ""])?;
        }
        for (likeness, group) in &outcome.groups {
            table.row([
                &*seed,
                &likeness.client,
                &likeness.server,
                &group.outages.to_string(),
                &seconds(group.longest),
                &seconds(group.lost),
                likeness.cause.kind,
                &cause::line(&group.cause),
            ])?;
        }
    }
    table.finish()
}
