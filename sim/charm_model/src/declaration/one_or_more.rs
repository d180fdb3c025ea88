//! Names of which there is mostly one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::Text;
use trustsim_yaml::{FromNode, Node, Reader, Value};

/// One name, or a list of them that is not empty.
#[derive(Clone, Debug)]
pub struct OneOrMore(pub(super) Vec<Text>);

impl FromNode for OneOrMore {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::List(_) = &node.value else {
            return Text::from_node(node, reader).map(|one| Self(vec![one]));
        };
        let names = Vec::<Text>::from_node(node, reader)?;
        if names.is_empty() {
            reader.bad_value(node.place, "no name is given", None);
            return None;
        }
        Some(Self(names))
    }
}

impl JsonSchema for OneOrMore {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMore".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            ],
        })
    }
}
