//! The record of a run while it is written and after.

use super::entries::{CHUNK, Entries};
use super::entry::Entry;
use super::fingerprint::{Rolling, is_same};
use super::recurring::Recurring;
use trustsim_kernel::Seq;

/// The record of a run.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: Entries,
    /// The fingerprint after the last entry of each full chunk.
    chunk_ends: Vec<Rolling>,
    fingerprint: Rolling,
    recurring: Recurring,
}

impl Journal {
    /// Appends an entry and returns its position.
    ///
    /// # Panics
    ///
    /// Where its cause does not come before it, or its time lies before that of the last entry:
    /// code that walks a journal relies on both.
    pub fn record(&mut self, mut entry: Entry) -> Seq {
        let seq = self.next_seq();
        assert!(
            entry.cause.is_none_or(|cause| cause < seq),
            "an entry is caused by an earlier one: {seq:?} names {:?}",
            entry.cause
        );
        let last = self.entries.last().map(|last| last.time);
        assert!(
            last.is_none_or(|last| last <= entry.time),
            "time does not go back in a journal: {seq:?} is at {} after {last:?}",
            entry.time
        );
        let hash = self.recurring.share(&mut entry);
        self.fingerprint = self.fingerprint.with(entry.time, hash);
        self.entries.push(entry);
        if self.entries.len().is_multiple_of(CHUNK) {
            self.chunk_ends.push(self.fingerprint);
        }
        seq
    }

    /// The position that the next entry will have.
    pub fn next_seq(&self) -> Seq {
        seq_of(self.entries.len())
    }

    /// Every entry, in order.
    pub const fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Every entry with its position, in order.
    pub fn numbered(&self) -> impl DoubleEndedIterator<Item = (Seq, &Entry)> + ExactSizeIterator {
        let entries = self.entries.iter().enumerate();
        entries.map(|(index, entry)| (seq_of(index), entry))
    }

    /// The entry at `seq`.
    pub fn get(&self, seq: Seq) -> Option<&Entry> {
        self.entries.get(seq.0 as usize)
    }

    /// A rolling hash over time, subject, kind and outcome of every entry.
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint.0
    }

    /// The first entry in which two runs differ; `None` where they are the same. A chunk is found by halving, since a
    /// rolling hash that differs once differs from then on, and the entry by looking at each of its entries.
    pub fn first_difference(&self, other: &Self) -> Option<Seq> {
        let shared = self.chunk_ends.len().min(other.chunk_ends.len());
        let (mut low, mut high) = (0, shared);
        while low < high {
            let middle = low.midpoint(high);
            match self.chunk_ends[middle] == other.chunk_ends[middle] {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let mut at = low * CHUNK;
        loop {
            match (self.entries.get(at), other.entries.get(at)) {
                (Some(own), Some(their)) if is_same(own, their) => at += 1,
                (None, None) => return None,
                _ => return Some(seq_of(at)),
            }
        }
    }
}

/// The position of an entry by its index.
fn seq_of(index: usize) -> Seq {
    Seq(u32::try_from(index).expect("a journal has fewer than 2^32 entries"))
}
