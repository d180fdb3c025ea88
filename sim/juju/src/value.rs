//! Databag values and databags.
//!
//! A value is text, as in Juju, that remembers what it was parsed to: a bag read by a hundred
//! units is parsed once. The memo is a pure function of the text, so it is no hidden state.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Text that remembers its parsed form. Cheap to clone; equal when the texts are.
#[derive(Clone)]
pub struct Value(Arc<Memo>);

struct Memo {
    text: Box<str>,
    parsed: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Value {
    /// A value not parsed yet.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Arc::new(Memo {
            text: text.into(),
            parsed: OnceLock::new(),
        }))
    }

    /// A value whose parsed form the writer has at hand. It must be what parsing `text` gives.
    pub fn with_parsed<T: Send + Sync + 'static>(
        text: impl Into<Box<str>>,
        parsed: Arc<T>,
    ) -> Self {
        let value = Self::new(text);
        let former = value.0.parsed.set(parsed);
        assert!(former.is_ok(), "a value that is new remembers nothing");
        value
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// What `parse` makes of the text, computed once for the first type asked for.
    pub fn parsed<T: Send + Sync + 'static>(&self, parse: impl FnOnce(&str) -> T) -> Arc<T> {
        if let Some(memo) = self.0.parsed.get() {
            return match Arc::clone(memo).downcast::<T>() {
                Ok(parsed) => parsed,
                Err(_) => Arc::new(parse(self.text())),
            };
        }
        let parsed = Arc::new(parse(self.text()));
        // Where another thread was first, it parsed the same text.
        let _ = self
            .0
            .parsed
            .set(Arc::clone(&parsed) as Arc<dyn Any + Send + Sync>);
        parsed
    }

    /// The parsed form, where it is remembered and of this type.
    pub fn remembered<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.0.parsed.get()?).downcast::<T>().ok()
    }

    /// Whether both are the very same value, not just equal text.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.text() == other.text()
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.text(), f)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A databag: keys and values, in key order. Cheap to clone; copied when written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bag(Arc<BTreeMap<Arc<str>, Value>>);

impl Bag {
    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Every key and value, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// Keys whose values differ in `after`: first those that it does not have, then those that
    /// are new or have another value.
    pub fn changed_keys(&self, after: &Self) -> Vec<Arc<str>> {
        let gone = self.0.keys().filter(|key| !after.0.contains_key(*key));
        let new = after.0.iter();
        let new = new.filter(|(key, value)| self.0.get(*key) != Some(value));
        gone.chain(new.map(|(key, _)| key)).cloned().collect()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets or, with `None` or empty text, deletes a key, as `relation-set` does. Returns
    /// whether anything changed.
    pub fn set(&mut self, key: &str, value: Option<Value>) -> bool {
        let value = value.filter(|value| !value.text().is_empty());
        if self.get(key) == value.as_ref() {
            return false;
        }
        let bag = Arc::make_mut(&mut self.0);
        match value {
            Some(value) => bag.insert(Arc::from(key), value),
            None => bag.remove(key),
        };
        true
    }
}

impl<'a> FromIterator<(&'a str, Value)> for Bag {
    fn from_iter<I: IntoIterator<Item = (&'a str, Value)>>(pairs: I) -> Self {
        Self(Arc::new(
            pairs
                .into_iter()
                .map(|(key, value)| (Arc::from(key), value))
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_parsed_once_for_all_its_clones() {
        let value = Value::new("12");
        let clone = value.clone();
        let first = value.parsed(|text| text.parse::<u32>().ok());
        let second = clone.parsed::<Option<u32>>(|_| unreachable!("it is remembered"));
        assert_eq!((*first, *second), (Some(12), Some(12)));
        assert_eq!(
            *clone.parsed(|text| text.len()),
            2,
            "another type is parsed afresh"
        );
    }

    #[test]
    fn writing_the_same_text_changes_nothing() {
        let mut bag = Bag::default();
        assert!(bag.set("a", Some("1".into())));
        assert!(!bag.set("a", Some("1".into())));
        assert!(bag.set("a", Some("".into())), "the empty text deletes");
        assert!(bag.is_empty());
        assert!(!bag.set("a", None));
    }
}
