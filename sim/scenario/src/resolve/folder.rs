//! The folder of a scenario, and the files that it names.

use std::path::{Path, PathBuf};

use crate::format::{
    Files, MergedModel, PACKED_SIZE_MAX, beside, merged_model, read_bytes, read_text,
};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Node, Place, Text, parse};

/// Where files that a scenario names are looked for.
#[derive(Clone, Copy)]
pub(super) struct Folder<'a> {
    path: &'a Path,
    files: &'a dyn Files,
}

impl<'a> Folder<'a> {
    pub(super) const fn new(path: &'a Path, files: &'a dyn Files) -> Self {
        Self { path, files }
    }

    /// The path of a file that is named relative to the scenario.
    pub(super) fn beside(self, name: &str) -> PathBuf {
        beside(self.path, name)
    }

    /// Where a scenario may have the file of a charm: `charms/NAME`.
    pub(super) fn charm(self, name: &str) -> PathBuf {
        self.path.join("charms").join(name)
    }

    pub(super) fn is_file(self, path: &Path) -> bool {
        self.files.is_file(path)
    }

    /// Whether anything has this name, whatever it is: what is no file is told of by its reader.
    pub(super) fn is_there(self, path: &Path) -> bool {
        self.files.is_there(path)
    }

    /// Whether something has this name that is no folder.
    pub(super) fn is_no_folder(self, path: &Path) -> bool {
        self.files.is_there(path) && self.files.list(path).is_err()
    }

    /// The text of a file that is named relative to the scenario.
    pub(super) fn text(self, name: &Text, out: &mut Diagnostics) -> Option<String> {
        self.read(&self.beside(&name.value), name.place, out)
    }

    /// The first document of a file of YAML.
    pub(super) fn document(
        self,
        path: &Path,
        named_at: Place,
        out: &mut Diagnostics,
    ) -> Option<Node> {
        let text = self.read(path, named_at, out)?;
        Self::parsed(&path.display().to_string(), &text, out)
    }

    /// The first document of a text of YAML that has been read; `shown` is what diagnostics call it.
    pub(super) fn parsed(shown: &str, text: &str, out: &mut Diagnostics) -> Option<Node> {
        let file = out.sources.add(shown, text);
        match parse(text, file) {
            Ok(documents) => documents.into_iter().next(),
            Err(error) => {
                out.push(Diagnostic::error(Code::Syntax, error.place, error.message));
                None
            }
        }
    }

    /// A packed charm as it is in its file.
    pub(super) fn packed_bytes(
        self,
        path: &Path,
        named_at: Place,
        out: &mut Diagnostics,
    ) -> Option<Vec<u8>> {
        let read = read_bytes(self.files, path, PACKED_SIZE_MAX, Some(named_at));
        read.map_err(|diagnostic| out.push(*diagnostic)).ok()
    }

    /// A model with its bundle file and overlays merged.
    pub(super) fn model(self, node: &Node, out: &mut Diagnostics) -> MergedModel {
        merged_model(node, self.path, self.files, out)
    }

    fn read(self, path: &Path, named_at: Place, out: &mut Diagnostics) -> Option<String> {
        match read_text(self.files, path, Some(named_at)) {
            Ok(text) => Some(text),
            Err(diagnostic) => {
                out.push(*diagnostic);
                None
            }
        }
    }
}
