//! Typed reading from nodes: whatever is wrong is noted, and reading goes on.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::distance::nearest;
use super::node::{Entry, Node, ScalarKind, Value};
use super::place::{Place, Spanned};
use super::record::Flag;

/// Something that can be read from a node.
pub trait FromNode: Sized {
    /// The value, or `None` with the mistake noted in the reader.
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self>;
}

/// What happens with a key that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// A mistake.
    Refused,
    /// A mistake that does not stop anything; none where it begins with `_`, as keys do that other tools put into bundles
    /// for themselves (canonical/bundle-kubeflow `releases/1.8/stable/kubeflow/bundle.yaml`: `_github_repo_name`).
    Warned,
    /// Nothing.
    Ignored,
}

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MistakeKind {
    /// A key that is not known; `refused` or only warned of.
    UnknownKey {
        /// Whether it stops the reading.
        refused: bool,
    },
    /// A key that is there twice.
    DuplicateKey {
        /// The first one.
        first: Place,
    },
    /// A list where a text belongs, and the like.
    WrongType,
    /// A key that must be there.
    MissingKey,
    /// The right type with a value that makes no sense.
    BadValue,
}

/// One mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its kind.
    pub kind: MistakeKind,
    /// Where.
    pub place: Place,
    /// One line.
    pub message: String,
    /// What is beside the caret; may be empty.
    pub label: String,
    /// What to do, such as the nearest right name.
    pub help: Option<String>,
}

/// Gathers mistakes while values are read.
#[derive(Clone, Debug)]
pub struct Reader {
    /// What happens with unknown keys.
    pub unknown: Unknown,
    /// Whether keys flagged [`Flag::Extension`] are known.
    pub extensions: bool,
    /// What was wrong so far.
    pub mistakes: Vec<Mistake>,
}

impl Reader {
    /// A reader without mistakes.
    pub const fn new(unknown: Unknown, extensions: bool) -> Self {
        Self {
            unknown,
            extensions,
            mistakes: Vec::new(),
        }
    }

    /// Notes a value that makes no sense.
    pub fn bad_value(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        self.mistakes.push(Mistake {
            kind: MistakeKind::BadValue,
            place,
            message: message.into(),
            label: String::new(),
            help,
        });
    }

    /// Notes something of the wrong type.
    pub fn wrong_type(&mut self, node: &Node, expected: &str) {
        self.mistakes.push(Mistake {
            kind: MistakeKind::WrongType,
            place: node.place,
            message: format!("expected {expected}, found {}", node.kind()),
            label: format!("expected {expected}"),
            help: None,
        });
    }

    /// The entries of a mapping without the repeated ones, which are noted.
    pub fn unique_entries<'a>(&mut self, node: &'a Node, expected: &str) -> Vec<&'a Entry> {
        let entries = match &node.value {
            Value::Null => return Vec::new(),
            Value::Map(entries) => entries,
            _ => {
                self.wrong_type(node, expected);
                return Vec::new();
            }
        };
        let mut seen = std::collections::BTreeMap::new();
        let mut unique = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(&first) = seen.get(entry.key.value.as_str()) {
                self.mistakes.push(Mistake {
                    kind: MistakeKind::DuplicateKey { first },
                    place: entry.key.place,
                    message: format!("`{}` is given twice", entry.key.value),
                    label: "again here".to_owned(),
                    help: None,
                });
            } else {
                seen.insert(entry.key.value.as_str(), entry.key.place);
                unique.push(entry);
            }
        }
        unique
    }

    /// The entries of a record: known keys only, everything else noted.
    pub fn record_entries<'a>(
        &mut self,
        node: &'a Node,
        fields: &[(&str, &[Flag])],
    ) -> Vec<&'a Entry> {
        let entries = self.unique_entries(node, "a mapping");
        if !matches!(node.value, Value::Map(_) | Value::Null) {
            return entries;
        }
        let extensions = self.extensions;
        let is_known = |flags: &[Flag]| extensions || !flags.contains(&Flag::Extension);
        let known: Vec<&str> = fields
            .iter()
            .filter(|(_, flags)| is_known(flags))
            .map(|&(key, _)| key)
            .collect();
        for (key, flags) in fields {
            if !flags.contains(&Flag::Required) {
                continue;
            }
            match entries.iter().find(|entry| entry.key.value == *key) {
                None => self.missing_key(node.place, key),
                Some(entry) if entry.value.is_null() => self.missing_value(&entry.key),
                Some(_) => {}
            }
        }
        let (right, wrong): (Vec<&Entry>, Vec<&Entry>) = entries
            .into_iter()
            .partition(|entry| known.contains(&entry.key.value.as_str()));
        for entry in wrong {
            self.unknown_key(&entry.key, &known, &right);
        }
        right
    }

    /// Notes that a key is missing from the mapping that begins at `place`.
    pub fn missing_key(&mut self, place: Place, key: &str) {
        self.mistakes.push(Mistake {
            kind: MistakeKind::MissingKey,
            place,
            message: format!("`{key}` is missing"),
            label: format!("needs `{key}`"),
            help: None,
        });
    }

    /// Notes that a key that has to have a value has none.
    fn missing_value(&mut self, key: &Spanned<String>) {
        self.mistakes.push(Mistake {
            kind: MistakeKind::MissingKey,
            place: key.place,
            message: format!("`{}` has no value", key.value),
            label: "needs a value".to_owned(),
            help: None,
        });
    }

    fn unknown_key(&mut self, key: &Spanned<String>, known: &[&str], present: &[&Entry]) {
        let is_note = self.unknown == Unknown::Warned && key.value.starts_with('_');
        if self.unknown == Unknown::Ignored || is_note {
            return;
        }
        let is_present = |name: &str| present.iter().any(|entry| entry.key.value == name);
        let absent = known.iter().copied().filter(|name| !is_present(name));
        let help = match (
            nearest(&key.value, absent),
            nearest(&key.value, known.iter().copied()),
        ) {
            (Some(name), _) => format!("a similar key exists: `{name}`"),
            (None, Some(name)) => format!("a similar key is given already: `{name}`"),
            (None, None) => format!("known here: {}", known.join(", ")),
        };
        self.mistakes.push(Mistake {
            kind: MistakeKind::UnknownKey {
                refused: self.unknown == Unknown::Refused,
            },
            place: key.place,
            message: format!("unknown key `{}`", key.value),
            label: "not known here".to_owned(),
            help: Some(help),
        });
    }
}

/// A mapping from names to values, in file order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<T>(pub Vec<(Spanned<String>, T)>);

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Map<T> {
    /// Every name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&Spanned<String>, &T)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter()
            .find(|(key, _)| key.value == name)
            .map(|(_, value)| value)
    }
}

impl<T: FromNode> FromNode for Map<T> {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        let entries = reader.unique_entries(node, "a mapping of names");
        let read = |entry: &Entry| {
            T::from_node(&entry.value, reader).map(|value| (entry.key.clone(), value))
        };
        Some(Self(entries.into_iter().filter_map(read).collect()))
    }
}

impl<T: JsonSchema> JsonSchema for Map<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({"type": "object", "additionalProperties": value})
    }
}

impl FromNode for Node {
    fn from_node(node: &Node, _: &mut Reader) -> Option<Self> {
        Some(node.clone())
    }
}

/// Anything at all.
impl JsonSchema for Node {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

impl<T: FromNode> FromNode for Spanned<T> {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        T::from_node(node, reader).map(|value| Self::new(value, node.place))
    }
}

/// Any scalar, as written.
impl FromNode for String {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        let scalar = node.as_scalar();
        if scalar.is_none() {
            reader.wrong_type(node, "a text");
        }
        scalar.map(|scalar| scalar.text.clone())
    }
}

impl FromNode for bool {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_scalar().map(|scalar| scalar.kind) {
            Some(ScalarKind::Bool(value)) => Some(value),
            _ => {
                reader.wrong_type(node, "true or false");
                None
            }
        }
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl FromNode for $number {
            fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
                let Some(ScalarKind::Int(value)) = node.as_scalar().map(|scalar| scalar.kind)
                else {
                    reader.wrong_type(node, "a whole number");
                    return None;
                };
                let number = Self::try_from(value).ok();
                if number.is_none() {
                    let message = format!("`{value}` is not between 0 and {}", Self::MAX);
                    reader.bad_value(node.place, message, None);
                }
                number
            }
        }
    )*};
}

whole_numbers!(u32, u64);

impl FromNode for f64 {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        match node.as_scalar().map(|scalar| scalar.kind) {
            Some(ScalarKind::Float(value)) => Some(value),
            Some(ScalarKind::Int(value)) => Some(value as Self),
            _ => {
                reader.wrong_type(node, "a number");
                None
            }
        }
    }
}

/// Elements that cannot be read are left out, and noted.
impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Null => Some(Self::new()),
            Value::List(elements) => Some(
                elements
                    .iter()
                    .filter_map(|element| T::from_node(element, reader))
                    .collect(),
            ),
            _ => {
                reader.wrong_type(node, "a list");
                None
            }
        }
    }
}
