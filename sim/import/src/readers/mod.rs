//! One reader for each kind of input: from a tree to what it says, fact by fact.

pub(crate) mod bundle;
mod published;
pub(crate) mod show_unit;
pub(crate) mod status;
pub(crate) mod terraform;

use trustsim_charms::Role;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{Node, Place, ScalarKind, Spanned, Text, Value};

use crate::dump::EndpointDump;

/// The text of a key, where it has one that is not empty.
pub(crate) fn text(node: &Node, key: &str) -> Option<Text> {
    let value = node.get(key)?;
    let text = value.as_scalar()?.canonical();
    (!text.is_empty()).then(|| Spanned::new(text, value.place))
}

/// The whole number of a key.
pub(crate) fn number(node: &Node, key: &str) -> Option<Spanned<u64>> {
    let value = node.get(key)?;
    match value.as_scalar()?.kind {
        ScalarKind::Int(number) => Some(Spanned::new(u64::try_from(number).ok()?, value.place)),
        _ => None,
    }
}

/// A mapping from endpoints to what is said of each, as offers have it.
pub(crate) fn endpoints(node: Option<&Node>) -> std::collections::BTreeMap<String, EndpointDump> {
    // Without the section an offer names no endpoints.
    let entries = node.map_or(&[][..], Node::entries);
    let read = |endpoint: &Node| EndpointDump {
        interface: text(endpoint, "interface").map(|interface| interface.value),
        role: text(endpoint, "role").and_then(|role| role_of(&role.value)),
    };
    entries
        .iter()
        .map(|entry| (entry.key.value.clone(), read(&entry.value)))
        .collect()
}

fn role_of(role: &str) -> Option<Role> {
    match role {
        "provider" => Some(Role::Provider),
        "requirer" => Some(Role::Requirer),
        "peer" => Some(Role::Peer),
        _ => None,
    }
}

/// Notes what is left out of an input.
pub(crate) fn left_out(
    out: &mut Diagnostics,
    place: Place,
    message: impl Into<String>,
    help: &str,
) {
    out.push(Diagnostic::warning(Code::LeftOut, place, message).help(help));
}

/// Notes a value that is of another type than the key has in what is read.
pub(crate) fn check_mapping(node: &Node, what: &str, out: &mut Diagnostics) {
    if !matches!(node.value, Value::Map(_) | Value::Null) {
        let message = format!("{what} is {}, not a mapping: it is left out", node.kind());
        let warning = Diagnostic::new(Code::LeftOut, Severity::Warning, message);
        out.push(warning.at(node.place, ""));
    }
}
