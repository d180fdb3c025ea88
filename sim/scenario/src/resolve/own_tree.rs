//! What a charm's own files say together.
//!
//! charmcraft refuses to pack what has a key in two files (canonical/charmcraft at 0c43e2c,
//! `charmcraft/preprocess.py`). What is in two files is taken once here, and is an error where they contradict each
//! other: an endpoint of two interfaces, an option of two types.

use trustsim_charms::{CharmDeclaration, EndpointDeclaration};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{
    Entry, Flag, FromNode, Node, Reader, Scalar, ScalarKind, Spanned, Unknown, Value,
};

/// The groups of endpoints.
const GROUPS: [&str; 3] = ["provides", "requires", "peers"];

/// Keys of which two files must not say different things; what else there is decides nothing here, such as a
/// description.
const DECIDING: [&str; 7] = [
    "name",
    "subordinate",
    "interface",
    "limit",
    "scope",
    "type",
    "default",
];

/// Keys of which only the names below them are read.
const NAMES_ONLY: [&str; 2] = ["containers", "actions"];

/// The tree of a charm's own files.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OwnTree {
    /// What they say, a mapping.
    pub node: Node,
    /// Whether every file could be read.
    pub is_whole: bool,
}

impl Default for OwnTree {
    fn default() -> Self {
        Self {
            node: Node {
                value: Value::Map(Vec::new()),
                ..Node::default()
            },
            is_whole: true,
        }
    }
}

impl OwnTree {
    /// Adds what one of the files says. A file with mistakes is left out; they are reported.
    pub(super) fn add(&mut self, name: &str, node: Node, out: &mut Diagnostics) {
        if node.is_null() {
            return;
        }
        let mut file = match name {
            "config.yaml" => below("config", node, out),
            "actions.yaml" => below("actions", node, out),
            _ => node,
        };
        expand_interfaces(&mut file);
        let mut reader = Reader::new(Unknown::Ignored, false);
        // What is no mapping is a mistake that the reader keeps.
        let read = CharmDeclaration::from_node(&file, &mut reader);
        if read.is_none() || !reader.mistakes.is_empty() {
            self.is_whole = false;
            out.push_mistakes(reader);
            return;
        }
        keep_own_keys(&mut file);
        if self.node.entries().is_empty() {
            self.node.place = file.place;
        }
        join("", &mut self.node, file, out);
    }

    /// Adds what a file of another name says: it may have keys of trustsim's own too.
    pub(super) fn add_other(&mut self, node: Node) {
        self.node = node;
    }
}

/// `config.yaml` and `actions.yaml` are what `charmcraft.yaml` has under `config` and `actions`.
fn below(key: &str, node: Node, out: &mut Diagnostics) -> Node {
    // Juju's `ReadConfig` refuses a file without it (juju/juju `internal/charm/config.go`).
    if key == "config" && matches!(node.value, Value::Map(_)) && node.get("options").is_none() {
        let message = "`config.yaml` has no `options`: Juju refuses the charm";
        out.push(Diagnostic::error(Code::MissingKey, node.place, message));
    }
    Node {
        place: node.place,
        value: Value::Map(vec![Entry {
            key: Spanned::new(key.to_owned(), node.place),
            value: node,
        }]),
    }
}

/// `website: http` is short for `website: {interface: http}` (`ifaceExpander` of juju/juju
/// `internal/charm/meta.go`).
fn expand_interfaces(file: &mut Node) {
    for endpoint in endpoints(file) {
        let is_text = endpoint.value.as_scalar().is_some_and(|scalar| {
            let Scalar { kind, .. } = scalar;
            *kind == ScalarKind::String
        });
        if is_text {
            let place = endpoint.value.place;
            let interface = Entry {
                key: Spanned::new("interface".to_owned(), place),
                value: std::mem::take(&mut endpoint.value),
            };
            endpoint.value = Node {
                place,
                value: Value::Map(vec![interface]),
            };
        }
    }
}

/// Takes away what is not the charm's to say: a key that only trustsim has means something else there, if anything.
fn keep_own_keys(file: &mut Node) {
    let is_own = |keys: &[(&str, &[Flag])], entry: &Entry| {
        let mut keys = keys.iter();
        keys.any(|(key, flags)| *key == entry.key.value && !flags.contains(&Flag::Extension))
    };
    if let Value::Map(entries) = &mut file.value {
        entries.retain(|entry| is_own(CharmDeclaration::KEYS, entry));
    }
    for endpoint in endpoints(file) {
        if let Value::Map(entries) = &mut endpoint.value.value {
            entries.retain(|entry| is_own(EndpointDeclaration::KEYS, entry));
        }
    }
}

/// Every endpoint of a tree, with its name.
pub(super) fn endpoints(tree: &mut Node) -> impl Iterator<Item = &mut Entry> {
    let entries = match &mut tree.value {
        Value::Map(entries) => entries.as_mut_slice(),
        _ => &mut [],
    };
    let groups = entries
        .iter_mut()
        .filter(|entry| GROUPS.contains(&&*entry.key.value));
    groups.flat_map(|group| match &mut group.value.value {
        Value::Map(endpoints) => endpoints.as_mut_slice(),
        _ => &mut [],
    })
}

/// Adds what another file says to what is known. `key` is that of both, empty for whole files.
fn join(key: &str, known: &mut Node, other: Node, out: &mut Diagnostics) {
    if other.is_null() {
        return;
    }
    let place = other.place;
    match (&mut known.value, other.value) {
        (Value::Null, value) => *known = Node { place, value },
        (Value::Map(own), Value::Map(more)) => {
            for entry in more {
                let same = own
                    .iter_mut()
                    .find(|known| known.key.value == entry.key.value);
                match same {
                    None => own.push(entry),
                    Some(_) if NAMES_ONLY.contains(&key) => {}
                    Some(same) => join(&entry.key.value, &mut same.value, entry.value, out),
                }
            }
        }
        (Value::Scalar(own), Value::Scalar(more)) if own.canonical() == more.canonical() => {}
        _ if DECIDING.contains(&key) => {
            let message = format!("two files of the charm contradict each other about `{key}`");
            let diagnostic = Diagnostic::error(Code::FilesOfCharm, place, message);
            out.push(diagnostic.also(known.place, "the other file says this"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
