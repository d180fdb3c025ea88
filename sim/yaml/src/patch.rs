//! Merge patches (RFC 7396): mappings are merged key by key, `null` takes a key away, and everything else, lists
//! included, is replaced. What a key means is not known here.

use super::node::{Entry, Node, Value};

impl Node {
    /// `MergePatch` of RFC 7396, into this node. A key that the patch gives twice is there twice afterwards, so that a
    /// reader reports it.
    pub fn merge_patch(&mut self, patch: &Self) {
        let (Value::Map(own), Value::Map(changes)) = (&mut self.value, &patch.value) else {
            *self = without_nulls(patch);
            return;
        };
        for (index, entry) in changes.iter().enumerate() {
            let has_name = |known: &Entry| known.key.value == entry.key.value;
            if changes[..index].iter().any(has_name) {
                own.push(entry.clone());
            } else if entry.value.is_null() {
                own.retain(|known| !has_name(known));
            } else if let Some(known) = own.iter_mut().find(|known| has_name(known)) {
                known.value.merge_patch(&entry.value);
            } else {
                own.push(Entry {
                    key: entry.key.clone(),
                    value: without_nulls(&entry.value),
                });
            }
        }
    }
}

/// The patch merged into nothing.
fn without_nulls(patch: &Node) -> Node {
    let Value::Map(changes) = &patch.value else {
        return patch.clone();
    };
    let kept = changes.iter().filter(|entry| !entry.value.is_null());
    let kept = kept.map(|entry| Entry {
        key: entry.key.clone(),
        value: without_nulls(&entry.value),
    });
    Node {
        place: patch.place,
        value: Value::Map(kept.collect()),
    }
}
