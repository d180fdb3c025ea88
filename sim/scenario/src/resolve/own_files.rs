//! A charm's own files, wherever they are: `charmcraft.yaml`, `metadata.yaml`, `config.yaml` and `actions.yaml` in a
//! folder, or in a packed `.charm`. What they say together is one tree (`own_tree`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::answers::declared_answers;
use super::folder::Folder;
use super::names::check_declared_names;
use super::own_tree::OwnTree;
use crate::format::{is_packed, unpacked};
use trustsim_charms::{CharmDeclaration, CharmSource, KnownCharm, Provenance};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_python_charms::{Limits, PythonSource};
use trustsim_yaml::{Node, Place, Text};

/// The files, in the order in which they are read. One of the first two makes a folder that of a charm.
pub(super) const OWN_FILES: [&str; 4] = [
    "charmcraft.yaml",
    "metadata.yaml",
    "config.yaml",
    "actions.yaml",
];

/// The own files of charms. Those of a charm that several applications run are read once.
pub(super) struct OwnFiles<'a> {
    folder: Folder<'a>,
    read: RefCell<BTreeMap<PathBuf, Option<OwnTree>>>,
}

impl<'a> OwnFiles<'a> {
    pub(super) const fn new(folder: Folder<'a>) -> Self {
        Self {
            folder,
            read: RefCell::new(BTreeMap::new()),
        }
    }

    /// What a charm says of itself in a folder or in a packed charm; `None` where there is neither. What is wrong with
    /// its files is reported at `named_at`, or at its place in them.
    pub(super) fn at(
        &self,
        path: &Path,
        named_at: Place,
        out: &mut Diagnostics,
    ) -> Option<OwnTree> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let found = match self.folder.is_no_folder(path) {
            true => Some(self.packed(path, named_at, out)),
            false => self.in_folder(path, named_at, out),
        };
        if let Some(own) = &found {
            check_declared_names(&own.node, out);
        }
        let mut read = self.read.borrow_mut();
        read.insert(path.to_owned(), found.clone());
        found
    }

    /// The charm `NAME` beside the scenario: in the folder `charms/NAME`, or packed as `charms/NAME.charm`.
    pub(super) fn beside(
        &self,
        name: &str,
        named_at: Place,
        out: &mut Diagnostics,
    ) -> Option<OwnTree> {
        let path = self.folder.charm(name);
        let unpacked = self.at(&path, named_at, out);
        unpacked.or_else(|| {
            let packed = self.folder.charm(&format!("{name}.charm"));
            self.folder
                .is_no_folder(&packed)
                .then(|| self.packed(&packed, named_at, out))
        })
    }

    /// What `from:` names: one of a charm's own files, its folder, the packed charm, or a file of another name.
    pub(super) fn named(&self, from: &Text, out: &mut Diagnostics) -> OwnTree {
        let path = self.folder.beside(&from.value);
        let name = path.file_name().and_then(|name| name.to_str());
        let parent = path.parent().unwrap_or(Path::new(""));
        let is_own = name.is_some_and(|name| OWN_FILES.contains(&name));
        if is_own && self.folder.is_file(&path) {
            let found = self.in_folder(parent, from.place, out);
            if let Some(found) = found {
                return found;
            }
        }
        if !self.folder.is_file(&path)
            && let Some(found) = self.in_folder(&path, from.place, out)
        {
            return found;
        }
        if path.extension().is_some_and(|ending| ending == "charm") {
            return self.packed(&path, from.place, out);
        }
        // A file that is not there is reported by its reader.
        let mut tree = OwnTree::default();
        if let Some(node) = self.folder.document(&path, from.place, out) {
            tree.add_other(node);
            for name in &OWN_FILES[2..] {
                self.add_file(&mut tree, &parent.join(name), name, from.place, out);
            }
        }
        tree
    }

    /// Gives a charm the code that plays it, where it is declared with `source`. Nothing is run before its first hook.
    pub(super) fn give_code(
        &self,
        declaration: &CharmDeclaration,
        charm: &mut KnownCharm,
        out: &mut Diagnostics,
    ) {
        let Some(source) = &declaration.source else {
            return;
        };
        let folder = self.folder.beside(&source.value);
        let python = match &declaration.python {
            Some(python) if python.value.contains('/') => Some(self.folder.beside(&python.value)),
            Some(python) => Some(PathBuf::from(&python.value)),
            None => [".venv", "venv"]
                .map(|made| folder.join(made).join("bin/python"))
                .into_iter()
                .find(|python| self.folder.is_file(python)),
        };
        let answers = declared_answers(declaration, out);
        let code = PythonSource::new(folder, python, Limits::default(), answers);
        charm.metadata.source = Some(CharmSource(Arc::new(code)));
        charm.metadata.provenance = Provenance::OwnCode;
    }

    /// The files of a folder; `None` where it is not that of a charm.
    fn in_folder(&self, path: &Path, named_at: Place, out: &mut Diagnostics) -> Option<OwnTree> {
        let is_there = |name: &str| self.folder.is_there(&path.join(name));
        if !OWN_FILES[..2].iter().any(|name| is_there(name)) {
            return None;
        }
        let mut tree = OwnTree::default();
        for name in OWN_FILES {
            self.add_file(&mut tree, &path.join(name), name, named_at, out);
        }
        Some(tree)
    }

    fn add_file(
        &self,
        tree: &mut OwnTree,
        path: &Path,
        name: &str,
        named_at: Place,
        out: &mut Diagnostics,
    ) {
        if !self.folder.is_there(path) {
            return;
        }
        let count = out.list.len();
        match self.folder.document(path, named_at, out) {
            Some(node) => tree.add(name, node, out),
            None => tree.is_whole &= out.list.len() == count,
        }
    }

    /// What is in a packed charm; an empty tree where it cannot be read, which is reported.
    fn packed(&self, path: &Path, named_at: Place, out: &mut Diagnostics) -> OwnTree {
        let mut tree = OwnTree {
            is_whole: false,
            ..OwnTree::default()
        };
        let Some(bytes) = self.folder.packed_bytes(path, named_at, out) else {
            return tree;
        };
        let shown = path.display();
        let mut refuse = |why: &str| {
            let message = format!("`{shown}` cannot be read as a packed charm: {why}");
            out.push(Diagnostic::error(Code::PackedCharm, named_at, message));
        };
        if !is_packed(&bytes) {
            refuse("it is no zip archive");
            return tree;
        }
        let texts = match unpacked(&bytes, &OWN_FILES) {
            Ok(texts) => texts,
            Err(error) => {
                refuse(&error.to_string());
                return tree;
            }
        };
        let has_metadata = texts.iter().any(|(name, _)| OWN_FILES[..2].contains(name));
        if !has_metadata {
            refuse("it has neither a `metadata.yaml` nor a `charmcraft.yaml`");
            return tree;
        }
        tree.is_whole = true;
        for (name, text) in texts {
            let inside = format!("{shown}/{name}");
            let count = out.list.len();
            match Folder::parsed(&inside, &text, out) {
                Some(node) => tree.add(name, node, out),
                None => tree.is_whole &= out.list.len() == count,
            }
        }
        tree
    }
}

/// The name that a charm gives itself, which is reported where it is missing.
pub(super) fn own_name(tree: &OwnTree, named_at: Place, out: &mut Diagnostics) -> Option<String> {
    let name = tree.node.get("name").and_then(Node::as_scalar);
    if name.is_none() && tree.is_whole {
        let message = "neither `charmcraft.yaml` nor `metadata.yaml` has the `name` of the charm";
        out.push(Diagnostic::error(Code::MissingKey, named_at, message));
    }
    Some(name?.text.clone())
}
