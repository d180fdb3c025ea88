//! `connections:` as written: a list, the word `derived`, or a mapping with both.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::shape::ConnectionFile;
use trustsim_charms::DeclaredDuration;
use trustsim_yaml::{Entry, FromNode, Node, Place, Reader, Spanned, Text, Value, record};

/// Which clients connect to which servers.
#[derive(Clone, Debug, Default)]
pub struct ConnectionsFile {
    /// The connections that are written.
    pub listed: Vec<ConnectionFile>,
    /// How further ones are derived from relations, where they are.
    pub derived: Option<DerivedFile>,
}

record! {
    /// Connections that are derived from the relations, as `trustsim ask edges` lists them.
    pub struct DerivedFile {
        #[schemars(required)]
        /// Whether connections are derived.
        derived: bool = "derived" [Required],
        /// Time between attempts of each derived connection (60s).
        every: Spanned<DeclaredDuration> = "every",
        /// Derived connections that are left out.
        except: Vec<ExceptFile> = "except",
        /// Connections that are there besides.
        add: Vec<ConnectionFile> = "add",
    }
}

record! {
    /// Derived connections that are left out: all from one application to another, and those through an ingress between
    /// the two that are there for nothing else.
    pub struct ExceptFile {
        #[schemars(required)]
        /// The application that opens them, `model.app`, or `outside`.
        from: Text = "from" [Required],
        #[schemars(required)]
        /// The application that accepts them, `model.app`.
        to: Text = "to" [Required],
    }
}

const DERIVED: &str = "derived";

impl FromNode for ConnectionsFile {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar) if scalar.text == DERIVED => Some(Self::derived(node.place)),
            // One connection where a list of them belongs.
            Value::Map(entries) if entries.iter().any(is_of_a_connection) => {
                reader.wrong_type(node, "a list of connections, or `derived`");
                None
            }
            Value::Scalar(_) => {
                reader.wrong_type(node, "a list of connections, or `derived`");
                None
            }
            Value::Map(_) => DerivedFile::from_node(node, reader)?.into_connections(reader),
            Value::List(_) | Value::Null => Some(Self {
                listed: Vec::from_node(node, reader)?,
                derived: None,
            }),
        }
    }
}

fn is_of_a_connection(entry: &Entry) -> bool {
    ["from", "to"].contains(&entry.key.value.as_str())
}

impl ConnectionsFile {
    fn derived(place: Place) -> Self {
        let derived = DerivedFile {
            derived: Some(true),
            place,
            ..DerivedFile::default()
        };
        Self {
            listed: Vec::new(),
            derived: Some(derived),
        }
    }
}

impl DerivedFile {
    /// What is written of connections that are not derived would have no effect.
    fn into_connections(mut self, reader: &mut Reader) -> Option<ConnectionsFile> {
        let listed = self.add.take().into_iter().flatten().collect();
        if self.derived? {
            let derived = Some(self);
            return Some(ConnectionsFile { listed, derived });
        }
        for key in &self.given {
            if ["every", "except"].contains(&key.value.as_str()) {
                let message = format!("`{}` has no effect without `derived: true`", key.value);
                reader.bad_value(key.place, message, None);
            }
        }
        Some(ConnectionsFile {
            listed,
            derived: None,
        })
    }
}

impl JsonSchema for ConnectionsFile {
    fn schema_name() -> Cow<'static, str> {
        "Connections".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let listed = generator.subschema_for::<Vec<ConnectionFile>>();
        let derived = generator.subschema_for::<DerivedFile>();
        let word = "Every connection that follows from the relations.";
        json_schema!({
            "anyOf": [listed, { "const": DERIVED, "description": word }, derived],
        })
    }
}
