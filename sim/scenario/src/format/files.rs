//! Where texts come from: the disk, or memory in tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};

use ring::digest::{Context, SHA256};

use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_yaml::Place;

/// Largest file that is read.
pub const FILE_SIZE_MAX: u64 = 16 * 1024 * 1024;

/// Whatever files can be read from.
pub trait Files {
    /// The first `limit` bytes of a file.
    ///
    /// # Errors
    ///
    /// Whatever the operating system reports.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// Whether there is such a file.
    fn is_file(&self, path: &Path) -> bool;

    /// Whether anything has this name: a file, a folder, a named pipe, a device.
    fn is_there(&self, path: &Path) -> bool;

    /// What is in a folder, files and folders, in order of their names.
    ///
    /// # Errors
    ///
    /// Whatever the operating system reports.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        trustsim_files::read_start(path, limit)
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_there(&self, path: &Path) -> bool {
        // A link that leads nowhere is there, and is told of by its reader.
        path.symlink_metadata().is_ok()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        trustsim_files::list_folder(folder)
    }
}

/// Files that are only in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles(pub BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    /// Files from path and text.
    pub fn new<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self(files.map(|(path, text)| (path.into(), text.into())).into())
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.0.get(path).ok_or(io::ErrorKind::NotFound)?;
        let limit = usize::try_from(limit).expect("limits are a few MiB");
        let length = limit.min(bytes.len());
        Ok(bytes[..length].to_vec())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    fn is_there(&self, path: &Path) -> bool {
        self.is_file(path) || self.list(path).is_ok()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let below = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(folder).ok());
        let names = below.filter_map(|path| path.components().next());
        let found: BTreeSet<PathBuf> = names.map(|name| folder.join(name)).collect();
        match found.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(found.into_iter().collect()),
        }
    }
}

/// Files, and a digest of all that was read of them.
pub struct DigestedFiles<'a> {
    files: &'a dyn Files,
    context: RefCell<Context>,
}

impl<'a> DigestedFiles<'a> {
    /// Nothing has been read yet.
    pub fn new(files: &'a dyn Files) -> Self {
        let context = RefCell::new(Context::new(&SHA256));
        Self { files, context }
    }

    /// SHA-256 of every text read so far, one after the other, in hexadecimal.
    pub fn sha256(&self) -> String {
        let digest = self.context.borrow().clone().finish();
        hex::encode(digest.as_ref())
    }
}

impl fmt::Debug for DigestedFiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DigestedFiles")
            .field(&self.sha256())
            .finish()
    }
}

impl Files for DigestedFiles<'_> {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.files.read(path, limit)?;
        self.context.borrow_mut().update(&bytes);
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

/// A path that a file names, relative to that file's folder, without `.` and `..` where they
/// can be resolved by name.
pub(crate) fn beside(folder: &Path, path: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    joined
}

/// A whole text file of at most [`FILE_SIZE_MAX`]; `named_at` is where it was named, if it was.
///
/// # Errors
///
/// Why it cannot be read, is too large, or is no text.
pub fn read_text(
    files: &dyn Files,
    path: &Path,
    named_at: Option<Place>,
) -> Result<String, Box<Diagnostic>> {
    let bytes = read_bytes(files, path, FILE_SIZE_MAX, named_at)?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => {
            let message = format!("`{}` is not UTF-8 text", path.display());
            Err(wrong(Code::FileNotText, message, named_at))
        }
    }
}

/// A whole file of at most so many bytes.
pub(crate) fn read_bytes(
    files: &dyn Files,
    path: &Path,
    size_max: u64,
    named_at: Option<Place>,
) -> Result<Vec<u8>, Box<Diagnostic>> {
    let shown = path.display();
    let bytes = files.read(path, size_max + 1).map_err(|error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound => format!("`{shown}` is not there"),
            io::ErrorKind::PermissionDenied => format!("`{shown}` may not be read"),
            io::ErrorKind::IsADirectory => format!("`{shown}` is a folder"),
            _ => format!("failed to read `{shown}`: {error}"),
        };
        let said = wrong(Code::FileNotRead, message, named_at);
        match error.kind() {
            _ if path == Path::new("-") => {
                Box::new(said.help("what is piped is read from /dev/stdin"))
            }
            io::ErrorKind::IsADirectory => Box::new(said.help(
                "a folder is read where it has a bundle, `juju status --format json`, `juju show-unit` or `terraform show -json`",
            )),
            _ => said,
        }
    })?;
    if bytes.len() as u64 > size_max {
        let mebibytes = size_max / 1024 / 1024;
        let message = format!("`{shown}` is larger than {mebibytes} MiB, the most that is read");
        return Err(wrong(Code::FileTooLarge, message, named_at));
    }
    Ok(bytes)
}

fn wrong(code: Code, message: String, named_at: Option<Place>) -> Box<Diagnostic> {
    let diagnostic = Diagnostic::new(code, Severity::Error, message);
    Box::new(match named_at {
        Some(place) => diagnostic.at(place, ""),
        None => diagnostic,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_naming_file() {
        for (folder, path, joined) in [
            ("scenarios", "bundles/a.yaml", "scenarios/bundles/a.yaml"),
            ("scenarios", "./../b.yaml", "b.yaml"),
            ("", "../b.yaml", "../b.yaml"),
            ("a", "/abs/c.yaml", "/abs/c.yaml"),
        ] {
            assert_eq!(beside(Path::new(folder), path), Path::new(joined));
        }
    }

    #[test]
    fn files_that_cannot_be_used_say_why() {
        let mut files = MemoryFiles::default();
        files.0.insert("binary".into(), vec![0xff, 0xfe, 0]);
        files.0.insert("nul".into(), vec![b'a', 0, b'b']);
        let size = usize::try_from(FILE_SIZE_MAX).expect("it fits") + 1;
        files.0.insert("large".into(), vec![b'#'; size]);
        let said = ["absent", "binary", "nul", "large"].map(|path| {
            let error = read_text(&files, Path::new(path), None).expect_err(path);
            format!("{}: {}", error.code, error.message)
        });
        insta::assert_snapshot!(said.join("\n"), @"
        TS0101: `absent` is not there
        TS0103: `binary` is not UTF-8 text
        TS0103: `nul` is not UTF-8 text
        TS0102: `large` is larger than 16 MiB, the most that is read
        ");
    }

    #[test]
    fn a_folder_is_no_file() {
        let error = read_text(&DiskFiles, Path::new("."), None).expect_err("a folder");
        assert_eq!(error.code, Code::FileNotRead);
    }
}
