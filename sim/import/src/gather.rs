//! From paths to inputs: files by themselves, and folders, each of which is a group that may be one model.

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_scenario::{Files, read_text};
use trustsim_yaml::{Node, Place};

use crate::dump::Kind;
use crate::recognise::{Recognised, Refusal, may_be_read, recognise};
use crate::repeated::keep_last;

/// Files and folders that are looked at together.
const FILES_MAX: usize = 10_000;
/// Of what they have together, in bytes: a dump of the largest models is a few MiB, and reading ten thousand files of any
/// kind took minutes.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Folders inside each other that are looked into.
const DEPTH_MAX: usize = 8;
/// How many names of files that were not read are told.
const NAMES_SHOWN: usize = 5;

/// A file of which something is read.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// Its beginning.
    pub(crate) place: Place,
    pub(crate) kind: Kind,
    pub(crate) documents: Vec<Node>,
}

/// The inputs of one folder, or those that are given as files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    /// The name of the folder.
    pub(crate) name: String,
    pub(crate) inputs: Vec<Input>,
}

/// Metadata of a charm: its name, and what `from:` of a scenario names.
#[derive(Clone, Debug)]
pub(crate) struct CharmFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Everything that was found.
pub(crate) struct Gathered {
    pub(crate) groups: Vec<Group>,
    pub(crate) charms: Vec<CharmFile>,
    /// Whether files of folders were refused with words that help.
    is_refused: bool,
}

/// Reads what paths name. What cannot be imported is an error where it was given by itself, and noted in a folder.
pub(crate) fn gather(paths: &[PathBuf], files: &dyn Files, out: &mut Diagnostics) -> Gathered {
    let files = Counted {
        files,
        bytes: Cell::new(0),
    };
    let mut walk = Walk {
        files: &files,
        out,
        found: Gathered {
            groups: Vec::new(),
            charms: Vec::new(),
            is_refused: false,
        },
        refused: Vec::new(),
        unread: Vec::new(),
        count: 0,
        is_cut: false,
    };
    let mut given = Group::default();
    for path in paths {
        match files.list(path) {
            Ok(entries) => walk.folder(path, entries, 0, None),
            Err(_) => walk.given(path, &mut given),
        }
    }
    if !given.inputs.is_empty() {
        walk.found.groups.insert(0, given);
    }
    walk.tell_what_was_not_read(paths);
    walk.found.is_refused = !walk.refused.is_empty();
    walk.found
}

/// Whether anything in a folder is imported, or refused with words that help.
pub(crate) fn finds_anything(folder: &Path, files: &dyn Files) -> bool {
    let mut out = Diagnostics::default();
    let found = gather(&[folder.to_owned()], files, &mut out);
    !found.groups.is_empty() || !found.charms.is_empty() || found.is_refused
}

/// Files, with how much was read of them.
struct Counted<'a> {
    files: &'a dyn Files,
    bytes: Cell<usize>,
}

impl Files for Counted<'_> {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(path, limit)?;
        self.bytes.set(self.bytes.get() + bytes.len());
        Ok(bytes)
    }

    fn is_file(&self, path: &Path) -> bool {
        self.files.is_file(path)
    }

    fn is_there(&self, path: &Path) -> bool {
        self.files.is_there(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.files.list(folder)
    }
}

struct Walk<'a> {
    files: &'a Counted<'a>,
    out: &'a mut Diagnostics,
    found: Gathered,
    /// Files of folders that were refused with words that help.
    refused: Vec<(PathBuf, Refusal)>,
    /// Files of folders in which nothing was recognised.
    unread: Vec<PathBuf>,
    /// Files and folders that were looked at.
    count: usize,
    /// Whether there are more of them than are looked at.
    is_cut: bool,
}

impl Walk<'_> {
    /// A file that was given by itself.
    fn given(&mut self, path: &Path, group: &mut Group) {
        if is_packed(path) {
            self.packed(path);
            return;
        }
        if is_archive(path, self.files) {
            let message = format!("`{}` is a compressed archive", path.display());
            let error = Diagnostic::new(Code::OtherFile, Severity::Error, message);
            let help =
                "unpack it with `tar -xf` and give the folder, as of what juju-crashdump writes";
            self.out.push(error.help(help));
            return;
        }
        if is_stored_plan(path, self.files) {
            let shown = path.display().to_string();
            self.out.push(Refusal::StoredPlan.diagnostic(&shown));
            return;
        }
        let text = match read_text(self.files, path, None) {
            Ok(text) => text,
            Err(diagnostic) if diagnostic.code == Code::FileTooLarge => {
                let help =
                    "give one model at a time, or its bundle, which is shorter: juju export-bundle";
                self.out.push(diagnostic.help(help));
                return;
            }
            Err(diagnostic) => {
                self.out.push(*diagnostic);
                return;
            }
        };
        let shown = path.display().to_string();
        if group.name.is_empty() {
            let folder = path.parent().and_then(Path::file_name);
            group.name =
                folder.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        }
        match self.recognised(path, &text) {
            Ok(Some(input)) => group.inputs.push(input),
            Ok(None) => {}
            Err(None) => {
                let message = format!("`{shown}` is a scenario already");
                let error = Diagnostic::new(Code::OtherFile, Severity::Error, message);
                let help = format!("every command takes it as it is: trustsim check {shown}");
                self.out.push(error.help(help));
            }
            Err(Some(refusal)) => self.out.push(refusal.diagnostic(&shown)),
        }
    }

    /// The input that a text is; nothing where it is a charm's metadata, which is kept.
    fn recognised(&mut self, path: &Path, text: &str) -> Result<Option<Input>, Option<Refusal>> {
        let file = self.out.sources.add(&path.display().to_string(), text);
        let (kind, mut documents) = match recognise(text, file) {
            Recognised::Read(kind, documents) => (kind, documents),
            Recognised::Scenario => return Err(None),
            Recognised::Refused(refusal) => return Err(Some(refusal)),
        };
        if !matches!(kind, Kind::Bundle | Kind::Charm) {
            for document in &mut documents {
                keep_last(document, self.out);
            }
        }
        if kind == Kind::Charm {
            let name = documents.first().and_then(|document| document.get("name"));
            let name = name.and_then(Node::as_scalar).map(|name| name.text.clone());
            let path = path.to_owned();
            self.found
                .charms
                .extend(name.map(|name| CharmFile { name, path }));
            return Ok(None);
        }
        Ok(Some(Input {
            path: path.to_owned(),
            place: Place {
                file,
                ..Place::default()
            },
            kind,
            documents,
        }))
    }

    /// A packed charm is called NAME_PLATFORM.charm (canonical/charmcraft `services/package.py`).
    fn packed(&mut self, path: &Path) {
        let stem = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let name = stem.and_then(|stem| stem.split('_').next().map(str::to_owned));
        let path = path.to_owned();
        self.found
            .charms
            .extend(name.map(|name| CharmFile { name, path }));
    }

    /// A folder and those in it. `above` is the group of the nearest folder above it that has one: units by themselves do
    /// not say their model, and lie in folders of their own in what juju-crashdump writes (juju/juju-crashdump 5b1386a
    /// `jujucrashdump/addons.py`, `addon_output`).
    fn folder(
        &mut self,
        folder: &Path,
        entries: Vec<PathBuf>,
        depth: usize,
        mut above: Option<usize>,
    ) {
        let name = folder.file_name();
        let mut group = Group {
            name: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            inputs: Vec::new(),
        };
        let is_charm = self.charm_folder(folder);
        let mut below = Vec::new();
        for path in entries {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            if name.is_none_or(|name| name.starts_with('.')) {
                continue;
            }
            if !self.files.is_file(&path) {
                below.push(path);
            } else if !(is_charm && is_own_file(&path)) {
                self.file(&path, &mut group);
            }
        }
        let has_units_alone = group
            .inputs
            .iter()
            .all(|input| input.kind == Kind::ShowUnit);
        match above {
            Some(known) if has_units_alone => self.found.groups[known].inputs.extend(group.inputs),
            _ if group.inputs.is_empty() => {}
            _ => {
                above = Some(self.found.groups.len());
                self.found.groups.push(group);
            }
        }
        // The folders of a charm have its code.
        if is_charm || below.is_empty() {
            return;
        }
        for path in below {
            self.count += 1;
            if self.count > FILES_MAX || depth == DEPTH_MAX {
                self.is_cut = true;
                return;
            }
            match self.files.list(&path) {
                Ok(entries) => self.folder(&path, entries, depth + 1, above),
                // It is neither a file nor a folder, such as a named pipe, or may not be looked into.
                Err(_) => self.unread.push(path),
            }
        }
    }

    /// Whether a folder has the files of a charm, which are kept.
    fn charm_folder(&mut self, folder: &Path) -> bool {
        let own = ["charmcraft.yaml", "metadata.yaml"].map(|name| folder.join(name));
        let no_files = own.iter().filter(|path| !self.files.is_file(path));
        for path in no_files.filter(|path| self.files.is_there(path)) {
            if let Err(mut wrong) = read_text(self.files, path, None) {
                wrong.severity = Severity::Warning;
                self.out.push(*wrong);
            }
        }
        let Some(path) = own.iter().find(|path| self.files.is_file(path)) else {
            return false;
        };
        let count = self.found.charms.len();
        if let Ok(text) = read_text(self.files, path, None) {
            // What is no metadata is read as any other file.
            let _ = self.recognised(path, &text);
        }
        let found = self.found.charms.get_mut(count);
        let is_charm = found.is_some();
        if let Some(charm) = found {
            charm.path = folder.to_owned();
        }
        is_charm
    }

    /// A file of a folder.
    fn file(&mut self, path: &Path, group: &mut Group) {
        self.count += 1;
        if self.count > FILES_MAX || self.files.bytes.get() > BYTES_MAX {
            self.is_cut = true;
            return;
        }
        if is_packed(path) {
            self.packed(path);
            return;
        }
        if is_stored_plan(path, self.files) {
            self.refused.push((path.to_owned(), Refusal::StoredPlan));
            return;
        }
        let text = read_text(self.files, path, None).ok();
        let Some(text) = text.filter(|text| may_be_read(text)) else {
            self.unread.push(path.to_owned());
            return;
        };
        match self.recognised(path, &text) {
            Ok(input) => group.inputs.extend(input),
            Err(None | Some(Refusal::Empty | Refusal::Unknown(_))) => {
                self.unread.push(path.to_owned())
            }
            Err(Some(Refusal::NotYaml(..))) if !is_data(path) => self.unread.push(path.to_owned()),
            Err(Some(refusal)) => self.refused.push((path.to_owned(), refusal)),
        }
    }

    /// That not everything was looked at.
    fn tell_what_was_cut(&mut self) {
        if !self.is_cut {
            return;
        }
        let message = format!(
            "of folders {FILES_MAX} files and {} MiB are looked at, and {DEPTH_MAX} folders inside each other: there are more",
            BYTES_MAX >> 20
        );
        let warning = Diagnostic::new(Code::LeftOut, Severity::Warning, message);
        self.out
            .push(warning.help("give the folders with the dumps"));
    }

    /// One error where nothing was read of folders, else notes.
    fn tell_what_was_not_read(&mut self, paths: &[PathBuf]) {
        let nothing = self.found.groups.is_empty() && !self.out.has_errors();
        let mut refused = self.refused.iter();
        if nothing && let Some((path, refusal)) = refused.next() {
            self.out
                .push(refusal.diagnostic(&path.display().to_string()));
            return;
        }
        if nothing {
            let shown: Vec<String> = paths
                .iter()
                .map(|path| format!("`{}`", path.display()))
                .collect();
            let message = match self.found.charms.is_empty() {
                true => format!("nothing was recognised in {}", shown.join(", ")),
                false => format!(
                    "there is no model in {}, only metadata of charms",
                    shown.join(", ")
                ),
            };
            let help = "give a bundle (juju export-bundle), juju status --format json, or terraform show -json";
            let error = Diagnostic::new(Code::OtherFile, Severity::Error, message);
            self.out.push(error.help(help));
            self.tell_what_was_cut();
            return;
        }
        for (path, refusal) in refused {
            let mut warning = refusal.diagnostic(&path.display().to_string());
            warning.severity = Severity::Warning;
            warning.message.push_str(": it is left out");
            self.out.push(warning);
        }
        self.tell_what_was_cut();
        if !self.unread.is_empty() {
            let names = self.unread.iter().take(NAMES_SHOWN);
            let names: Vec<String> = names.map(|path| format!("`{}`", path.display())).collect();
            let more = match self.unread.len().checked_sub(NAMES_SHOWN) {
                None | Some(0) => String::new(),
                Some(more) => format!(" and {more} more"),
            };
            let message = format!("nothing was recognised in {}{more}", names.join(", "));
            self.out
                .push(Diagnostic::new(Code::LeftOut, Severity::Note, message));
        }
    }
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "charm")
}

/// Whether a broken file of a folder was meant to be data.
fn is_data(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ["json", "yaml", "yml"].contains(&ending))
}

/// A file that a charm has beside its metadata.
fn is_own_file(path: &Path) -> bool {
    const NAMES: [&str; 4] = [
        "charmcraft.yaml",
        "metadata.yaml",
        "config.yaml",
        "actions.yaml",
    ];
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| NAMES.contains(&name))
}

/// Whether a file is one of those that have to be unpacked or printed first, which is told when it is imported.
pub(crate) fn is_stored(path: &Path, files: &dyn Files) -> bool {
    is_archive(path, files) || is_stored_plan(path, files)
}

/// Whether a file is compressed as `tar -a` does it: with xz, gzip, bzip2 or zstd.
fn is_archive(path: &Path, files: &dyn Files) -> bool {
    const BEGINNINGS: [&[u8]; 4] = [b"\xfd7zXZ\0", b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd"];
    let read = files.read(path, 6);
    read.is_ok_and(|first| {
        BEGINNINGS
            .iter()
            .any(|beginning| first.starts_with(beginning))
    })
}

/// Whether a file is what `terraform plan -out` writes: a zip, with `tfplan` as its first entry.
fn is_stored_plan(path: &Path, files: &dyn Files) -> bool {
    let read = files.read(path, 64);
    read.is_ok_and(|first| {
        first.starts_with(b"PK\x03\x04") && first[4..].windows(6).any(|name| name == b"tfplan")
    })
}
