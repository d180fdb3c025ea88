//! What this thread has read or written lately, by its text.
//!
//! Databags carry PEM text, and a run reads the same text many times over: each hook of each
//! unit reads its bag again. Reading is a pure function of the text, so a text that equals one
//! seen before gives the value from then. Equality of the whole text is the proof; nothing is
//! looked up by a digest. The memo is bounded and no result depends on what it holds.

use std::cell::RefCell;

const SLOTS: usize = 512;
/// Which bytes choose the slot: they end before the last line of any PEM block this room reads,
/// within the signature, which no two certificates share.
const SAMPLE_END: usize = 48;
const SAMPLE: usize = 16;

pub(super) struct Memo<T> {
    slots: RefCell<Vec<Option<T>>>,
}

impl<T: Clone> Memo<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: RefCell::new(Vec::new()),
        }
    }

    /// The value whose text, as `text_of` gives it, is `text`.
    pub(super) fn get(&self, text: &str, text_of: impl Fn(&T) -> &str) -> Option<T> {
        let slots = self.slots.borrow();
        let found = slots.get(slot(text)?)?.as_ref()?;
        (text_of(found) == text).then(|| found.clone())
    }

    /// Keeps `value`, whose text is `text`, in place of what had its slot.
    pub(super) fn put(&self, text: &str, value: T) {
        if let Some(slot) = slot(text) {
            let mut slots = self.slots.borrow_mut();
            if slots.is_empty() {
                slots.resize_with(SLOTS, || None);
            }
            slots[slot] = Some(value);
        }
    }
}

fn slot(text: &str) -> Option<usize> {
    let end = text.len().checked_sub(SAMPLE_END)?;
    let sample = text.as_bytes().get(end.checked_sub(SAMPLE)?..end)?;
    let mixed = sample.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    Some((mixed >> 32) as usize % SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_for_its_own_text_only() {
        let memo: Memo<String> = Memo::new();
        let text = "x".repeat(100);
        let other = format!("y{}", &text[1..]);
        memo.put(&text, text.clone());
        assert_eq!(memo.get(&text, |kept| kept), Some(text.clone()));
        assert_eq!(slot(&text), slot(&other), "both have the same slot");
        assert_eq!(memo.get(&other, |kept| kept), None);
        memo.put(&other, other.clone());
        assert_eq!(memo.get(&text, |kept| kept), None);
        assert_eq!(memo.get("short", |kept| kept), None);
    }
}
