//! From a model as written to one merged bundle: `from:`, overlays, several documents, included
//! files.

use std::path::{Path, PathBuf};

use super::bundle::ModelFile;
use super::files::{Files, beside, read_text};
use super::merge::merge;
use super::other_files::OtherFile;
use super::unseen::refuse_unseen_letters;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{
    Entry, FromNode, Mistake, MistakeKind, Node, Place, Reader, Scalar, ScalarKind, Spanned,
    Unknown, Value, parse,
};

/// A model after merging.
pub(crate) struct MergedModel {
    /// What it says.
    pub file: ModelFile,
    /// The folder that local charm paths are relative to.
    pub folder: PathBuf,
    /// Whether applications come from a bundle file or from a deployment, where other charm revisions than the
    /// catalogue's are to be expected.
    pub from_file: bool,
    /// Whether it was read off a deployment, whose other models need not be given.
    pub deployed: bool,
}

/// Keys of ours that are never part of the bundle.
const OWN_KEYS: [&str; 6] = [
    "from",
    "overlays",
    "controller",
    "owner",
    "config",
    "deployed",
];

/// Reads and merges whatever the model consists of; mistakes are noted.
pub(crate) fn merged_model(
    node: &Node,
    folder: &Path,
    files: &dyn Files,
    out: &mut Diagnostics,
) -> MergedModel {
    let mut reader = Reader::new(Unknown::Refused, true);
    let own = ModelFile::from_node(node, &mut reader).unwrap_or_default();
    note_key_mistakes(reader, out);
    let mut inline = node.clone();
    rename_services(&mut inline);
    include_files(&mut inline, folder, files, out);

    let mut base = inline.clone();
    let mut bundle_folder = folder.to_owned();
    if let Some(from) = &own.from {
        let path = beside(folder, &from.value);
        bundle_folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let mut documents = read_documents(&path, from.place, files, out).into_iter();
        base = documents.next().unwrap_or_default();
        refuse_overlay_keys(&base, out);
        documents.for_each(|overlay| merge(&mut base, &overlay));
    }
    for overlay in own.overlays.iter().flatten() {
        let path = beside(folder, &overlay.value);
        for document in read_documents(&path, overlay.place, files, out) {
            merge(&mut base, &document);
        }
    }
    // The keys beside `from:` are the last overlay.
    if own.from.is_some() {
        merge(&mut base, &inline);
    }
    MergedModel {
        file: read_merged(&base, &own, node, out),
        folder: bundle_folder,
        from_file: own.from.is_some() || own.deployed == Some(true),
        deployed: own.deployed == Some(true),
    }
}

/// A bundle file with overlays laid over it, merged as `juju deploy --overlay` does; mistakes are noted. Paths are as
/// `files` takes them.
pub fn merged_bundle(
    bundle: &Path,
    overlays: &[&Path],
    files: &dyn Files,
    out: &mut Diagnostics,
) -> ModelFile {
    let text = |path: &Path| Node {
        value: Value::Scalar(Scalar {
            kind: ScalarKind::String,
            text: path.display().to_string(),
        }),
        ..Node::default()
    };
    let overlays = overlays.iter().map(|path| text(path)).collect();
    let overlays = Node {
        value: Value::List(overlays),
        ..Node::default()
    };
    let entry = |key: &str, value: Node| Entry {
        key: Spanned::new(key.to_owned(), Place::default()),
        value,
    };
    let entries = vec![entry("from", text(bundle)), entry("overlays", overlays)];
    let node = Node {
        value: Value::Map(entries),
        ..Node::default()
    };
    merged_model(&node, Path::new(""), files, out).file
}

/// Values are read once, after merging; keys were looked at document by document.
fn read_merged(base: &Node, own: &ModelFile, node: &Node, out: &mut Diagnostics) -> ModelFile {
    let mut bundle = base.clone();
    if let Value::Map(entries) = &mut bundle.value {
        entries.retain(|entry| !OWN_KEYS.contains(&entry.key.value.as_str()));
    }
    let mut reader = Reader::new(Unknown::Ignored, true);
    let mut file = ModelFile::from_node(&bundle, &mut reader).unwrap_or_default();
    for mistake in reader.mistakes {
        if !matches!(mistake.kind, MistakeKind::DuplicateKey { .. }) {
            out.push(mistake.into());
        }
    }
    // Our own keys never come from a bundle, and their mistakes are noted here alone.
    let mut reader = Reader::new(Unknown::Ignored, true);
    let mut ours = node.clone();
    if let Value::Map(entries) = &mut ours.value {
        entries.retain(|entry| OWN_KEYS.contains(&entry.key.value.as_str()));
        ModelFile::from_node(&ours, &mut reader);
        out.list
            .extend(reader.mistakes.into_iter().map(Diagnostic::from));
    }
    file.controller.clone_from(&own.controller);
    file.owner.clone_from(&own.owner);
    file.config.clone_from(&own.config);
    file
}

/// Unknown and repeated keys only: everything else is looked at after merging. A key that is unknown in many places is
/// noted once where it stops nothing.
fn note_key_mistakes(reader: Reader, out: &mut Diagnostics) {
    let mut unknown: Vec<(Mistake, usize)> = Vec::new();
    for mistake in reader.mistakes {
        match mistake.kind {
            MistakeKind::UnknownKey { refused: false } => {
                let mut known = unknown.iter_mut();
                match known.find(|(first, _)| first.message == mistake.message) {
                    Some((_, count)) => *count += 1,
                    None => unknown.push((mistake, 1)),
                }
            }
            MistakeKind::UnknownKey { refused: true } | MistakeKind::DuplicateKey { .. } => {
                out.push(mistake.into());
            }
            MistakeKind::WrongType | MistakeKind::MissingKey | MistakeKind::BadValue => {}
        }
    }
    for (mut mistake, count) in unknown {
        if count > 1 {
            mistake.message.push_str(&format!(" in {count} places"));
        }
        out.push(mistake.into());
    }
}

/// The documents of a bundle file, with its included files put in.
fn read_documents(
    path: &Path,
    named_at: trustsim_yaml::Place,
    files: &dyn Files,
    out: &mut Diagnostics,
) -> Vec<Node> {
    let text = match read_text(files, path, Some(named_at)) {
        Ok(text) => text,
        Err(diagnostic) => {
            out.push(*diagnostic);
            return Vec::new();
        }
    };
    let file = out.sources.add(&path.display().to_string(), &text);
    let mut documents = match parse(&text, file) {
        Ok(documents) => documents,
        Err(error) => {
            let code = if error.limit {
                Code::Limits
            } else {
                Code::Syntax
            };
            out.push(Diagnostic::error(code, error.place, error.message));
            return Vec::new();
        }
    };
    if documents.is_empty() {
        let message = format!("`{}` is empty", path.display());
        out.push(Diagnostic::error(Code::FileEmpty, named_at, message));
    }
    let first = documents.first();
    if let Some(other) = first.and_then(OtherFile::in_place_of_a_bundle) {
        let refusal = other.refusal(&path.display().to_string(), "a bundle");
        out.push(refusal.at(named_at, ""));
        return Vec::new();
    }
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    for document in &mut documents {
        rename_services(document);
        let mut reader = Reader::new(Unknown::Warned, false);
        ModelFile::from_node(document, &mut reader);
        note_key_mistakes(reader, out);
        refuse_unseen_letters(document, out);
        refuse_plain_words(document, out);
        strip_own_keys(document);
        include_files(document, &folder, files, out);
    }
    documents
}

/// A bundle or an overlay that is no mapping says nothing, which would be dropped.
fn refuse_plain_words(document: &Node, out: &mut Diagnostics) {
    if !matches!(document.value, Value::Map(_) | Value::Null) {
        let mut reader = Reader::new(Unknown::Ignored, false);
        reader.wrong_type(document, "a mapping");
        out.push_mistakes(reader);
    }
}

/// Bundles from before Juju 2 call their applications services.
fn rename_services(node: &mut Node) {
    if node.get("applications").is_some() {
        return;
    }
    if let Value::Map(entries) = &mut node.value {
        for entry in entries {
            if entry.key.value == "services" {
                "applications".clone_into(&mut entry.key.value);
            }
        }
    }
}

/// Our own keys mean nothing in a bundle file; they have been warned of.
fn strip_own_keys(document: &mut Node) {
    let Value::Map(entries) = &mut document.value else {
        return;
    };
    entries.retain(|entry| !OWN_KEYS.contains(&entry.key.value.as_str()));
    let applications = entries
        .iter_mut()
        .filter(|entry| entry.key.value == "applications");
    for application in applications.filter_map(|entry| match &mut entry.value.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }) {
        for entry in application {
            if let Value::Map(fields) = &mut entry.value.value {
                fields.retain(|field| field.key.value != "keys");
            }
        }
    }
}

fn refuse_overlay_keys(base: &Node, out: &mut Diagnostics) {
    let applications = base.get("applications").map(Node::entries);
    let has_charm = |application: &Entry| application.value.get("charm").is_some();
    // Where no application has a charm, it is an overlay without its bundle, which is said of each of them.
    if !applications.unwrap_or_default().iter().any(has_charm) {
        return;
    }
    for application in applications.unwrap_or_default() {
        for entry in application.value.entries() {
            if ["offers", "exposed-endpoints"].contains(&entry.key.value.as_str()) {
                let message = format!(
                    "applications.{}.{} can only appear in an overlay section",
                    application.key.value, entry.key.value
                );
                let help = "move it into a second document, after a line with `---`";
                let diagnostic = Diagnostic::error(Code::OverlayOnly, entry.key.place, message);
                out.push(diagnostic.help(help));
            }
        }
    }
}

/// Puts the content of `include-file://` and `include-base64://` options and annotations in.
fn include_files(document: &mut Node, folder: &Path, files: &dyn Files, out: &mut Diagnostics) {
    let children = |node: &mut Node, key: &str| -> Vec<Entry> {
        match &mut node.value {
            Value::Map(entries) => entries
                .iter_mut()
                .find(|entry| entry.key.value == key)
                .map(|entry| match &mut entry.value.value {
                    Value::Map(entries) => std::mem::take(entries),
                    _ => Vec::new(),
                })
                .unwrap_or_default(),
            _ => Vec::new(),
        }
    };
    let mut applications = children(document, "applications");
    for application in &mut applications {
        for key in ["options", "annotations"] {
            let mut values = children(&mut application.value, key);
            for entry in &mut values {
                include_file(&mut entry.value, folder, files, out);
            }
            put_back(&mut application.value, key, values);
        }
    }
    put_back(document, "applications", applications);
}

fn put_back(node: &mut Node, key: &str, children: Vec<Entry>) {
    if children.is_empty() {
        return;
    }
    if let Value::Map(entries) = &mut node.value
        && let Some(entry) = entries.iter_mut().find(|entry| entry.key.value == key)
    {
        entry.value.value = Value::Map(children);
    }
}

fn include_file(node: &mut Node, folder: &Path, files: &dyn Files, out: &mut Diagnostics) {
    let Some(text) = node.as_scalar().map(|scalar| scalar.text.clone()) else {
        return;
    };
    let (path, encode) = match (
        text.strip_prefix("include-file://"),
        text.strip_prefix("include-base64://"),
    ) {
        (Some(path), _) => (path, false),
        (_, Some(path)) => (path, true),
        _ => return,
    };
    match read_text(files, &beside(folder, path), Some(node.place)) {
        Ok(content) => {
            let text = if encode {
                base64(content.as_bytes())
            } else {
                content
            };
            let kind = ScalarKind::String;
            node.value = Value::Scalar(Scalar { kind, text });
        }
        Err(diagnostic) => out.push(*diagnostic),
    }
}

/// RFC 4648 with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0u32, |group, &byte| group << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for index in 0..4 {
            if index <= chunk.len() {
                let letter = group >> (18 - 6 * index) & 63;
                text.push(char::from(LETTERS[letter as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_rfc_4648() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
