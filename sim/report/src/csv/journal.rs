//! `journal.csv`: everything that happened, each row naming the row that caused it.

use std::io::{self, Write};

use super::{Table, optional, text};
use crate::Run;
use crate::words::entry::{detail, kind};

const HEADER: [&str; 9] = [
    "seq",
    "at",
    "offset_s",
    "cause_seq",
    "kind",
    "model",
    "application",
    "unit",
    "detail",
];

/// Renders the file.
///
/// # Errors
///
/// Those of `writer`.
pub fn journal(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    for (seq, entry) in run.journal.entries().iter().enumerate() {
        let cause = entry.cause.map(|cause| cause.0.to_string());
        table.row([
            seq.to_string().as_str(),
            &entry.time.to_string(),
            &run.offset_s(entry.time),
            optional(cause.as_deref()),
            kind(&entry.kind),
            &text(entry.subject.model.as_ref()),
            &text(entry.subject.application.as_ref()),
            &text(entry.subject.unit.as_ref()),
            &detail(&entry.kind, run.manifest),
        ])?;
    }
    table.finish()
}
