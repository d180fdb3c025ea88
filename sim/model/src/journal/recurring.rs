//! Events that come again and again: entries of one event share it, and the last few are known without a hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entry::{Entry, Event};
use super::fingerprint::EventHash;

/// How many events are remembered at most, to be shared by entries to come: more than a deployment of some thousand
/// units has, and little beside its world. Beyond it they are forgotten, and an event is kept once more.
const REMEMBERED_MAX: usize = 1 << 16;
/// How many events are compared with each that comes, before it is hashed: a hook that fails for years begins and fails
/// in turn, beside one other unit that does so.
const LATEST: usize = 4;

/// Events that may come again.
#[derive(Clone, Debug, Default)]
pub(super) struct Recurring {
    by_hash: BTreeMap<EventHash, Arc<Event>>,
    latest: [Option<(Arc<Event>, EventHash)>; LATEST],
    /// Which of the latest is forgotten next.
    oldest: usize,
}

impl Recurring {
    /// The hash of an entry's event, which it shares from now on with an earlier entry that said the same.
    ///
    /// # Panics
    ///
    /// Where what an entry says more than once does not agree.
    pub(super) fn share(&mut self, entry: &mut Entry) -> EventHash {
        if !entry.event().may_recur() {
            entry.assert_whole();
            return EventHash::of(entry.event());
        }
        let mut latest = self.latest.iter().flatten();
        if let Some((known, hash)) = latest.find(|(known, _)| known.recurs_as(entry.event())) {
            entry.share(known);
            return *hash;
        }
        entry.assert_whole();
        let hash = EventHash::of(entry.event());
        match self.by_hash.get(&hash) {
            Some(known) if known.recurs_as(entry.event()) => entry.share(known),
            _ => {
                if self.by_hash.len() >= REMEMBERED_MAX {
                    self.by_hash.clear();
                }
                self.by_hash.insert(hash, Arc::clone(entry.event()));
            }
        }
        self.latest[self.oldest] = Some((Arc::clone(entry.event()), hash));
        self.oldest = (self.oldest + 1) % LATEST;
        hash
    }
}
