//! An entry of `faults` as written: when, and one kind of fault with what it takes.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use trustsim_charm_model::DeclaredDuration;
use trustsim_yaml::{Flag, FromNode, Node, Place, Reader, Spanned, Text, record};

use super::kind::Request;
use super::kinds::KINDS;

/// Something that happens at a time: `at` and one kind of fault.
#[derive(Clone, Debug)]
pub struct FaultFile {
    /// When, from the start.
    pub(crate) at: Option<Spanned<DeclaredDuration>>,
    /// The kinds that are written; exactly one where the entry is sound.
    pub(crate) kinds: Vec<Given>,
    /// Where the entry begins.
    pub place: Place,
}

/// A kind that is written; what it asks for is missing where it could not be read.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub key: Spanned<String>,
    pub request: Option<Arc<dyn Request>>,
}

record! {
    /// Something that happens at a time: `at` and one kind of fault.
    struct EveryEntry {
        /// When, from the start.
        #[schemars(required)]
        at: Spanned<DeclaredDuration> = "at" [Required],
        /// Why, for the readers of the scenario.
        note: Text = "note",
    }
}

impl FromNode for FaultFile {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        const NO_FLAGS: &[Flag] = &[];
        let kinds = KINDS.iter().map(|kind| (kind.key, NO_FLAGS));
        let keys: Vec<(&str, &[Flag])> = EveryEntry::KEYS.iter().copied().chain(kinds).collect();
        let mut file = Self {
            at: None,
            kinds: Vec::new(),
            place: node.place,
        };
        for entry in reader.record_entries(node, &keys) {
            match entry.key.value.as_str() {
                "at" if entry.value.is_null() => {}
                "at" => file.at = FromNode::from_node(&entry.value, reader),
                "note" if entry.value.is_null() => {}
                "note" => drop(Text::from_node(&entry.value, reader)),
                key => {
                    // A kind without a value takes nothing, or lacks what it must have.
                    let kind = KINDS.iter().find(|kind| kind.key == key);
                    file.kinds.push(Given {
                        key: entry.key.clone(),
                        request: kind.and_then(|kind| (kind.read)(&entry.value, reader)),
                    });
                }
            }
        }
        Some(file)
    }
}

impl JsonSchema for FaultFile {
    fn schema_name() -> Cow<'static, str> {
        "FaultFile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = EveryEntry::json_schema(generator);
        for kind in KINDS {
            let shape = (kind.schema)(generator);
            let mut described = schemars::json_schema!({"description": kind.about});
            for (key, value) in shape.as_object().into_iter().flatten() {
                described.insert(key.clone(), value.clone());
            }
            let properties = schema.get_mut("properties");
            let properties = properties.and_then(|properties| properties.as_object_mut());
            let properties = properties.expect("a record has properties");
            properties.insert(kind.key.to_owned(), described.into());
        }
        let one_of = KINDS
            .iter()
            .map(|kind| serde_json::json!({"required": [kind.key]}));
        schema.insert("oneOf".to_owned(), one_of.collect());
        schema
    }
}
