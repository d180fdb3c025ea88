//! The tree a YAML text is, before it means anything.

use super::place::{Place, Spanned};

/// One node of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its place.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    #[default]
    Null,
    /// A text, number or boolean.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in file order, repeated keys kept.
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Node,
}

/// A text, number or boolean.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// What YAML 1.1 makes of it, which is what Juju reads.
    pub kind: ScalarKind,
    /// A string's content; otherwise the text as written.
    pub text: String,
}

/// What a scalar was resolved to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalarKind {
    /// `true`, `yes`, `on` and their opposites, unquoted.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
    /// Everything else.
    String,
}

impl Scalar {
    /// The text Juju stores: booleans as `true` and `false`, numbers in decimal, strings as they
    /// are.
    pub fn canonical(&self) -> String {
        match self.kind {
            ScalarKind::Bool(value) => value.to_string(),
            ScalarKind::Int(value) => value.to_string(),
            ScalarKind::Float(value) => value.to_string(),
            ScalarKind::String => self.text.clone(),
        }
    }
}

impl Node {
    /// What it is, in a word, for messages.
    pub const fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Bool(_) => "a boolean",
                ScalarKind::Int(_) | ScalarKind::Float(_) => "a number",
                ScalarKind::String => "a text",
            },
        }
    }

    /// Whether it is null.
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The scalar it is.
    pub const fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Its entries where it is a mapping; none otherwise.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Its elements where it is a list; none otherwise.
    pub fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(elements) => elements,
            _ => &[],
        }
    }

    /// The entries under a key: none where the key, or a mapping there, is left out, which is an empty section.
    pub fn entries_of(&self, key: &str) -> &[Entry] {
        self.get(key).map_or(&[], Self::entries)
    }

    /// The elements under a key: none where the key, or a list there, is left out, which is an empty section.
    pub fn elements_of(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::elements)
    }

    /// The value of the first such key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.key.value == key)
            .map(|entry| &entry.value)
    }
}
