//! Trees that declare a charm: its own file, its entry in the catalogue, and one laid over another.

use std::path::Path;

use super::folder::Folder;
use trustsim_charms::{CharmDeclaration, catalogue_source};
use trustsim_errors::Diagnostics;
use trustsim_yaml::{Entry, FromNode, Node, Place, Reader, Spanned, Unknown, Value, parse};

/// A charm's own `charmcraft.yaml` or `metadata.yaml`, with the `config.yaml` and
/// `actions.yaml` beside an older one.
pub(super) fn charm_file(
    folder: Folder<'_>,
    path: &Path,
    named_at: Place,
    out: &mut Diagnostics,
) -> Option<Node> {
    let mut whole = folder.document(path, named_at, out)?;
    let own = path.parent().unwrap_or(Path::new(""));
    for (name, key) in [("config.yaml", "config"), ("actions.yaml", "actions")] {
        let beside = own.join(name);
        if whole.get(key).is_some() || !folder.is_file(&beside) {
            continue;
        }
        if let Some(node) = folder.document(&beside, named_at, out)
            && let Value::Map(entries) = &mut whole.value
        {
            entries.push(Entry {
                key: Spanned::new(key.to_owned(), node.place),
                value: node,
            });
        }
    }
    Some(whole)
}

/// The entry of a charm in the catalogue, as written.
pub(super) fn catalogue_node(charm: &str, out: &mut Diagnostics) -> Option<Node> {
    let (name, text) = catalogue_source(charm)?;
    let file = out.sources.add(name, text);
    let documents = parse(text, file).ok()?;
    documents.first()?.get(charm).cloned()
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
