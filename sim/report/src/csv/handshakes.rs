//! `handshakes.csv`: one row for each time a connection was judged. By default that is whenever its verdict may have
//! changed; with `--every-handshake` it is each attempt.
//!
//! A further column is a name in `HEADER` and a value at the same position of the row; the count of both is checked, and
//! a snapshot has their order.

use std::io::{self, Write};

use super::{Table, optional};
use crate::Run;
use crate::words::{entry as entry_words, verdict};
use trustsim_model::Kind;

const HEADER: [&str; 15] = [
    "at",
    "offset_s",
    "connection",
    "client",
    "server",
    "server_name",
    "validator",
    "outcome",
    "code",
    "error",
    "alert",
    "server_serial",
    "client_serial",
    "trigger",
    "performed",
];

/// Renders the file.
///
/// # Errors
///
/// Those of `writer`.
pub fn handshakes(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    for entry in run.journal.entries() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        let connection = run.connection(record.connection);
        let verdict = &record.verdict;
        table.row([
            entry.time.to_string().as_str(),
            &run.offset_s(entry.time),
            &connection.name,
            &connection.client,
            &connection.server,
            connection.server_name_at(entry.time),
            &connection.validator,
            verdict::outcome(verdict),
            verdict.code(),
            verdict.error_name(),
            optional(verdict.alert),
            &record.server_serial,
            &record.client_serial,
            entry_words::trigger(record.trigger),
            entry_words::performed(record.performed),
        ])?;
    }
    table.finish()
}
