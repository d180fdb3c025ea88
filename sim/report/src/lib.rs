//! What a run leaves behind: one renderer a file, each a pure function from a run to bytes.
//!
//! Renders everything first and writes afterwards, so that a failure leaves nothing half
//! written. Must not know how a run works: it reads the manifest, the journal and the findings.

mod blast_radius;
mod contents;
pub mod csv;
mod folder;
mod forecast;
pub mod juju;
mod least_trust;
pub mod plots;
mod provenance;
pub mod rehearsal;
mod sheet;
mod summary;
pub mod terminal;
#[cfg(test)]
mod tests;
mod why;
pub mod words;

pub use blast_radius::blast_radius;
pub use contents::{NamedFile, SUMMARY, files};
pub use folder::{FolderError, write_folder};
pub use forecast::forecast;
pub use least_trust::least_trust;
pub use provenance::Provenance;
pub use sheet::{Field, Sheet, sheets_json};
pub use summary::summary;
pub use why::why;

use std::collections::BTreeMap;

use trustsim_diagnosis::Findings;
use trustsim_kernel::Time;
use trustsim_world::{ConnectionRecord, Journal, Kind, Manifest};

/// Everything a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What the run was.
    pub manifest: &'a Manifest,
    /// What happened in it.
    pub journal: &'a Journal,
    /// What was found in it.
    pub findings: &'a Findings,
    /// What it was made from; nothing where no scenario file was read.
    pub provenance: Option<&'a Provenance>,
}

impl<'a> Run<'a> {
    /// The last instant played.
    pub fn end(&self) -> Time {
        self.manifest.start + self.manifest.duration
    }

    /// The connection an index of the journal means.
    pub fn connection(&self, index: u32) -> &'a ConnectionRecord {
        &self.manifest.connections[index as usize]
    }

    /// Seconds from the start, exact: `7862400` or `7862400.25`.
    fn offset_s(&self, time: Time) -> String {
        words::time::seconds(time.since(self.manifest.start))
    }
}

/// How many private keys stand readable in each controller's store, by controller and kind of
/// store.
fn readable_keys<'a>(run: &Run<'a>) -> BTreeMap<&'a str, BTreeMap<&'static str, u64>> {
    let mut counts: BTreeMap<&str, BTreeMap<&'static str, u64>> = BTreeMap::new();
    for entry in run.journal.entries() {
        let Kind::KeyStored(record) = &entry.kind else {
            continue;
        };
        for controller in &record.controllers {
            let stores = counts.entry(controller).or_default();
            *stores.entry(csv::store(record)).or_default() += 1;
        }
    }
    counts
}
