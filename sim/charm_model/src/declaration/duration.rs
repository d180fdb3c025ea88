//! How long something lasts, as it is written: `90d`, or a number of days.

use trustsim_kernel::{Span, parse_duration};
use trustsim_yaml::{FromNode, Node, Reader};

/// A duration: `90d`, `12h`, `5m`, `30s`, `2w`, or a bare number of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclaredDuration(pub Span);

impl FromNode for DeclaredDuration {
    fn from_node(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = String::from_node(node, reader)?;
        parse_duration(&text)
            .map(Self)
            .map_err(|error| reader.bad_value(node.place, error.to_string(), None))
            .ok()
    }
}

impl schemars::JsonSchema for DeclaredDuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A duration: 90d, 12h, 5m, 30s, 2w, several in a row (1d12h), or a bare number of days.",
            "type": ["string", "integer"],
            "pattern": "^\\s*([0-9]+(ms|s|m|h|d|w))*[0-9]*\\s*$",
            "minimum": 0,
        })
    }
}
