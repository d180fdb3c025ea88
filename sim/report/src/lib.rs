//! What a run leaves behind: one renderer a file, each a pure function from a run to bytes.
//!
//! A [`Run`] is a manifest, a journal and findings. Before anything is rendered from it, its views are checked
//! against each other. Formats (`csv`, `terminal`, `plots`, JSON) lay values out and take the word for each from
//! [`words`]: for example, the cause of an outage is one `trustsim_diagnosis::Cause`, and `words::cause` makes
//! the same sentence of it for `outages.csv`, for `summary.json` and for the summary on a terminal.
//!
//! Renders everything before anything is written, which `trustsim_files` does. Must not know how a run works: it reads
//! the manifest, the journal and the findings.

mod blast_radius;
mod contents;
pub mod csv;
mod data_table;
mod edge_lines;
mod edges;
mod failure_reasons;
mod forecast;
pub mod juju;
mod least_trust;
mod names;
mod order;
pub mod plots;
mod provenance;
pub mod rehearsal;
mod requests;
pub mod session;
mod summary;
pub mod terminal;
#[cfg(test)]
mod tests;
pub mod trials;
mod trusted;
mod unplayed;
mod why;
pub mod words;

pub use blast_radius::blast_radius;
pub use contents::{SUMMARY, files};
pub use data_table::{DataTable, Field, tables_json};
pub use edge_lines::{edge_comments, written_connections};
pub use edges::edges;
pub use forecast::forecast;
pub use least_trust::least_trust;
pub use names::names;
pub use order::order;
pub use provenance::{PlayedBefore, Provenance};
pub use requests::{request_files, requests};
pub use summary::summary;
pub use trusted::trusted;
pub use unplayed::{Unplayed, UnplayedEdge};
pub use why::why;

use std::collections::BTreeMap;

use words::secret::KeyStore;

use trustsim_diagnosis::Findings;
use trustsim_kernel::{Span, Time};
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
        self.manifest.end()
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
            let ends = outage.closed.is_none_or(|closed| {
                matches!(&self.entry(closed).kind, Kind::Handshake(record)
                    if record.connection == outage.connection && record.verdict.is_ok())
            });
            assert!(
                ends,
                "an outage ends with a good handshake of its connection: {outage:?}"
            );
        }
        for (outage, explanation) in findings.explained() {
            let error = explanation.symptom.error;
            let explained = &self.entry(explanation.seq).kind;
            let is_its_own = matches!(explained, Kind::Handshake(record)
                if record.connection == outage.connection && record.verdict.error == Some(error));
            assert!(
                is_its_own,
                "an outage is explained by a handshake of its connection that failed with {error}: \
                 {outage:?} by {explained:?}"
            );
        }
        self.check_tallies();
        self.check_counts();
        self.check_indices();
    }

    /// What each connection lost is what its own outages say.
    fn check_tallies(&self) {
        let findings = self.findings;
        let mut own: Vec<Vec<Span>> = vec![Vec::new(); findings.tallies.len()];
        for outage in &findings.outages {
            own[outage.connection as usize].push(outage.length(self.end()));
        }
        for (number, (tally, lengths)) in (0..).zip(findings.tallies.iter().zip(own)) {
            let lost: Span = lengths.iter().copied().sum();
            let longest = lengths.iter().copied().fold(Span::ZERO, Span::max);
            assert_eq!(
                (tally.outages as usize, tally.lost, tally.longest),
                (lengths.len(), lost, longest),
                "{} is tallied by its own outages",
                self.connection(number).name
            );
        }
    }

    /// Counts agree with the rows that they count.
    fn check_counts(&self) {
        let findings = self.findings;
        let handshakes = self.journal.entries().iter();
        let handshakes = handshakes.filter(|entry| matches!(entry.kind, Kind::Handshake(_)));
        let counted: u64 = (findings.tallies.iter())
            .map(|tally| tally.real + tally.reused)
            .sum();
        assert_eq!(
            counted,
            handshakes.count() as u64,
            "every handshake of the journal is counted by its connection"
        );
        let lost: Span = findings.tallies.iter().map(|tally| tally.lost).sum();
        let outages = findings.outages.iter();
        let listed: Span = outages.map(|outage| outage.length(self.end())).sum();
        assert_eq!(
            lost, listed,
            "what connections lost is the length of their outages"
        );
        for remedy in &findings.remedies.proven {
            assert_eq!(
                remedy.lost_before, lost,
                "a remedy is compared with this run: {remedy:?}"
            );
        }
    }

    /// Outages that findings name by their index are there, and are what is said of them.
    fn check_indices(&self) {
        let findings = self.findings;
        let open = findings.outages.iter().enumerate();
        let open = open.filter(|(_, outage)| outage.until.is_none());
        assert!(
            open.map(|(index, _)| index)
                .eq(findings.open_outages.iter().map(|each| each.outage)),
            "every outage that is open at the end, and no other, is told why: {:?}",
            findings.open_outages
        );
        let count = findings.outages.len();
        assert_eq!(
            findings.classes.len(),
            count,
            "every outage counts for something"
        );
        for remedy in &findings.remedies.proven {
            let shortened = remedy.shortens.iter().map(|(outage, _)| outage);
            assert!(
                shortened.chain(&remedy.ends).all(|&outage| outage < count),
                "a remedy helps with outages of this run: {remedy:?} of {count}"
            );
            assert!(
                (remedy.shortens.iter()).all(|(outage, _)| !remedy.ends.contains(outage)),
                "what a remedy ends it does not merely shorten: {remedy:?}"
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
