//! `relation_secrets.csv`: every private key that came to stand in clear in a controller's store,
//! and who can read it there. A key in a relation across controllers has a row for each of them.

use std::io::{self, Write};

use super::{Table, text};
use crate::Run;
use crate::words::secret::KeyStore;
use trustsim_model::Kind;

const HEADER: [&str; 13] = [
    "at",
    "offset_s",
    "controller",
    "model",
    "application",
    "unit",
    "store",
    "relation",
    "key",
    "holder",
    "common_name",
    "serial",
    "readable_by",
];

/// Renders the file, in the order in which keys were stored. `store` is `relation-data` or
/// `leader-settings`, `unit` who wrote it, `holder` that it is for, `readable_by` the application
/// whose every unit can read it. An administrator of the controller can read all of it.
pub fn relation_secrets(run: &Run<'_>, writer: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(writer, &HEADER)?;
    for entry in run.journal.entries() {
        let Kind::KeyStored(record) = &entry.kind else {
            continue;
        };
        for controller in &record.controllers {
            table.row([
                entry.time.to_string().as_str(),
                &run.offset_s(entry.time),
                controller,
                &text(entry.subject.model.as_ref()),
                &text(entry.subject.application.as_ref()),
                &text(entry.subject.unit.as_ref()),
                KeyStore::of(record).word(),
                &text(record.relation.as_ref()),
                &record.place,
                &record.holder,
                &record.common_name,
                &record.serial,
                &record.readers,
            ])?;
        }
    }
    table.finish()
}
