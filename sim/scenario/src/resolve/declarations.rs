//! Trees that declare a charm: its entry in the catalogue, and one laid over another.

use super::own_tree::endpoints;
use trustsim_charms::{CharmDeclaration, EndpointDeclaration, catalogue_source};
use trustsim_errors::Diagnostics;
use trustsim_yaml::{Entry, Flag, FromNode, Node, Reader, Unknown, Value, parse};

/// The entry of a charm in the catalogue, as written.
pub(super) fn catalogue_node(charm: &str, out: &mut Diagnostics) -> Option<Node> {
    let (name, text) = catalogue_source(charm)?;
    let file = out.sources.add(name, text);
    let documents = parse(text, file).ok()?;
    documents.first()?.get(charm).cloned()
}

/// A charm's own files laid over what the catalogue knows of its behaviour. Which endpoints the charm has its files say;
/// what it does with one is known where that has the interface which the catalogue is about.
pub(super) fn behaviour_beside(mut known: Node, mut own: Node) -> Node {
    for endpoint in endpoints(&mut own) {
        let same = endpoints(&mut known).find(|same| {
            same.key.value == endpoint.key.value && interface(same) == interface(endpoint)
        });
        if let (Some(same), Value::Map(keys)) = (same, &mut endpoint.value.value) {
            let own_keys = std::mem::take(&mut same.value);
            keys.extend(
                own_keys
                    .entries()
                    .iter()
                    .filter(|key| is_extension(key))
                    .cloned(),
            );
        }
    }
    let rotates = known.get("rotate-ca-action").and_then(Node::as_scalar);
    let actions = own.get("actions");
    let lacks_rotation = rotates
        .zip(actions)
        .is_some_and(|(rotates, actions)| actions.get(&rotates.text).is_none());
    // Options are under `options` in the catalogue, and under `config` in a charm's files.
    let has_options = own.get("config").is_some();
    if let Value::Map(entries) = &mut known.value {
        entries.retain(|entry| match &*entry.key.value {
            "provides" | "requires" | "peers" | "subordinate" => false,
            "tracks" | "series" | "more-options" | "more-endpoints" | "name" => false,
            "options" => !has_options,
            "rotate-ca-action" => !lacks_rotation,
            // Lists of names in the catalogue, mappings in files.
            key @ ("containers" | "actions") => own.get(key).is_none(),
            _ => true,
        });
    }
    overlay(&mut known, &own);
    known
}

fn interface(endpoint: &Entry) -> Option<&str> {
    let interface = endpoint.value.get("interface")?.as_scalar()?;
    Some(&interface.text)
}

/// Whether a key of an endpoint is one that only trustsim has.
fn is_extension(key: &Entry) -> bool {
    let mut keys = EndpointDeclaration::KEYS.iter();
    keys.any(|(known, flags)| *known == key.key.value && flags.contains(&Flag::Extension))
}

/// What a tree declares with another one laid over it. Keys of the latter were checked before.
pub(super) fn overlaid(mut whole: Node, node: &Node, out: &mut Diagnostics) -> CharmDeclaration {
    overlay(&mut whole, node);
    let mut reader = Reader::new(Unknown::Ignored, true);
    // What is no mapping is a mistake that the reader keeps.
    let declaration = CharmDeclaration::from_node(&whole, &mut reader).unwrap_or_default();
    out.push_mistakes(reader);
    declaration
}

/// Mappings are merged, everything else replaced.
pub(super) fn overlay(base: &mut Node, node: &Node) {
    let (Value::Map(own), Value::Map(more)) = (&mut base.value, &node.value) else {
        if !node.is_null() {
            *base = node.clone();
        }
        return;
    };
    for entry in more {
        match own
            .iter_mut()
            .find(|known| known.key.value == entry.key.value)
        {
            Some(known) => overlay(&mut known.value, &entry.value),
            None => own.push(entry.clone()),
        }
    }
}
