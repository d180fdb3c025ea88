//! Entries in order: appended to, never changed, and copied in no time.

use std::sync::Arc;

use super::Entry;

/// How many entries a copy has to copy at most; what came before them is shared.
pub(super) const CHUNK: usize = 1 << 10;

/// Every entry of a journal, in order. A copy, such as each fork of a world has, shares all but the last thousand.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// Chunks of [`CHUNK`] entries.
    full: Vec<Arc<[Entry]>>,
    /// What comes after them, fewer than [`CHUNK`].
    last: Vec<Entry>,
}

impl Entries {
    pub(super) fn push(&mut self, entry: Entry) {
        self.last.push(entry);
        if self.last.len() == CHUNK {
            self.full.push(self.last.drain(..).collect());
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.last.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at a position, from 0.
    pub fn get(&self, index: usize) -> Option<&Entry> {
        match self.full.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.last.get(index - self.full.len() * CHUNK),
        }
    }

    /// The first entry.
    pub fn first(&self) -> Option<&Entry> {
        self.get(0)
    }

    /// The last entry.
    pub fn last(&self) -> Option<&Entry> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Each entry, in order.
    pub fn iter(&self) -> EntryIter<'_> {
        EntryIter {
            entries: self,
            from: 0,
            until: self.len(),
        }
    }

    /// How many entries come before the first that is not so; they come first.
    pub fn partition_point(&self, is_before: impl Fn(&Entry) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle).is_some_and(&is_before) {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = &'a Entry;
    type IntoIter = EntryIter<'a>;

    fn into_iter(self) -> EntryIter<'a> {
        self.iter()
    }
}

/// Entries in order, from either end.
#[derive(Clone, Debug)]
pub struct EntryIter<'a> {
    entries: &'a Entries,
    from: usize,
    until: usize,
}

impl<'a> Iterator for EntryIter<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        self.nth(0)
    }

    fn nth(&mut self, skipped: usize) -> Option<&'a Entry> {
        let at = self.from.checked_add(skipped)?;
        if at >= self.until {
            self.from = self.until;
            return None;
        }
        self.from = at + 1;
        self.entries.get(at)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.until - self.from;
        (left, Some(left))
    }
}

impl DoubleEndedIterator for EntryIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.from == self.until {
            return None;
        }
        self.until -= 1;
        self.entries.get(self.until)
    }
}

impl ExactSizeIterator for EntryIter<'_> {}
