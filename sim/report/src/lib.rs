//! What a run leaves behind: one renderer a file, each a pure function from a run to bytes.
//!
//! Renders everything first and writes afterwards, so that a failure leaves nothing half
//! written. Must not know how a run works: it reads the manifest, the journal and the findings.

mod blast_radius;
mod contents;
pub mod csv;
mod data_table;
mod folder;
mod forecast;
pub mod juju;
mod least_trust;
pub mod plots;
mod provenance;
pub mod rehearsal;
mod summary;
pub mod terminal;
#[cfg(test)]
mod tests;
mod why;
pub mod words;

pub use blast_radius::blast_radius;
pub use contents::{NamedFile, SUMMARY, files};
pub use data_table::{DataTable, Field, tables_json};
pub use folder::{FolderError, write_folder};
pub use forecast::forecast;
pub use least_trust::least_trust;
pub use provenance::Provenance;
pub use summary::summary;
pub use why::why;

use std::collections::BTreeMap;

use words::secret::KeyStore;

use trustsim_diagnosis::Findings;
use trustsim_kernel::Time;
use trustsim_model::{ConnectionRecord, Entry, Journal, Kind, Manifest, Seq};

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

    /// Checks that the views of the run agree, before anything is rendered from them.
    ///
    /// # Panics
    ///
    /// Where two of them do not: what would be rendered contradicted itself.
    fn check(&self) {
        let (manifest, findings) = (self.manifest, self.findings);
        assert_eq!(
            findings.tallies.len(),
            manifest.connections.len(),
            "every connection has a tally"
        );
        assert_eq!(
            findings.explanations.len(),
            findings.outages.len(),
            "every outage has an explanation"
        );
        let counted: u64 = findings
            .tallies
            .iter()
            .map(|tally| u64::from(tally.outages))
            .sum();
        assert_eq!(
            counted,
            findings.outages.len() as u64,
            "every outage is counted by its connection"
        );
        for tally in &findings.tallies {
            assert!(
                tally.failed_attempts <= tally.attempts,
                "a connection fails at most as often as it is attempted"
            );
        }
        for outage in &findings.outages {
            assert!(
                outage.until.is_none_or(|until| outage.from < until),
                "an outage takes time"
            );
            let opened = &self.entry(outage.opened).kind;
            let begins = matches!(opened, Kind::Handshake(record)
                if record.connection == outage.connection && !record.verdict.is_ok());
            assert!(
                begins,
                "an outage begins with a failing handshake of its connection"
            );
        }
    }

    /// The entry of the journal that a finding names.
    fn entry(&self, seq: Seq) -> &'a Entry {
        let entry = self.journal.get(seq);
        entry.expect("findings name entries of the journal that they were made from")
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
fn readable_keys<'a>(run: &Run<'a>) -> BTreeMap<&'a str, BTreeMap<KeyStore, u64>> {
    let mut counts: BTreeMap<&str, BTreeMap<KeyStore, u64>> = BTreeMap::new();
    for entry in run.journal.entries() {
        let Kind::KeyStored(record) = &entry.kind else {
            continue;
        };
        for controller in &record.controllers {
            let stores = counts.entry(controller).or_default();
            *stores.entry(KeyStore::of(record)).or_default() += 1;
        }
    }
    counts
}
