//! Writing a folder: everything into a sibling first, then moved into place by renames.
//!
//! A folder that was only half written must not look whole. A new folder comes into place by one
//! rename. In a folder that is there already, the last of the files to be written is its seal: it is
//! removed before anything else is replaced, and put back after everything else. So a reader that
//! finds the seal (`summary.json` in the folder of a run) finds the files that belong to it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a folder could not be written. Nothing half written is left.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The path is a file.
    #[error("failed to write `{0}`: it is there and is not a folder")]
    NotAFolder(PathBuf),
    /// The path has no last part to name a folder by, such as `/`.
    #[error("failed to write `{0}`: it names no folder")]
    NoName(PathBuf),
    /// The file system refused.
    #[error("failed to write `{path}`")]
    Io {
        /// What was being written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes `files` into the folder `path`, which need not be there.
///
/// Every file is written into a hidden folder beside it before the first one is moved into
/// place. In a folder that is there already, files of the same name are replaced and others are
/// left alone; the last of `files` is there only while all of them are.
///
/// # Errors
///
/// [`FolderError`]; the hidden folder is removed again.
pub fn write_folder(path: &Path, files: &[(String, Vec<u8>)]) -> Result<(), FolderError> {
    if path.exists() && !path.is_dir() {
        return Err(FolderError::NotAFolder(path.to_owned()));
    }
    let mut names = BTreeSet::new();
    for (name, _) in files {
        assert!(
            names.insert(name),
            "the files of a folder have names of their own: {name}"
        );
    }
    let staging = staging_folder(path)?;
    let written = stage(&staging, files).and_then(|()| put_in_place(&staging, path, files));
    if written.is_err() || staging.exists() {
        // What matters is the first error; a leftover that cannot be removed is only untidy.
        let _ = fs::remove_dir_all(&staging);
    }
    written
}

fn staging_folder(path: &Path) -> Result<PathBuf, FolderError> {
    // `.` and `reports/..` have no name of their own, but the folder they mean has one.
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(_) => path.to_owned(),
    };
    let name = real
        .file_name()
        .ok_or_else(|| FolderError::NoName(path.to_owned()))?;
    let hidden = format!(".{}.partial-{}", name.to_string_lossy(), std::process::id());
    Ok(real.with_file_name(hidden))
}

fn stage(staging: &Path, files: &[(String, Vec<u8>)]) -> Result<(), FolderError> {
    fs::create_dir_all(staging).map_err(|source| failed(staging, source))?;
    for (name, bytes) in files {
        let path = staging.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        }
        fs::write(&path, bytes).map_err(|source| failed(&path, source))?;
    }
    Ok(())
}

fn put_in_place(
    staging: &Path,
    path: &Path,
    files: &[(String, Vec<u8>)],
) -> Result<(), FolderError> {
    if !path.exists() {
        return fs::rename(staging, path).map_err(|source| failed(path, source));
    }
    if let Some((seal, _)) = files.last() {
        let seal = path.join(seal);
        match fs::remove_file(&seal) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&seal, source));
            }
            _ => {}
        }
    }
    for (name, _) in files {
        let target = path.join(name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        }
        fs::rename(staging.join(name), &target).map_err(|source| failed(&target, source))?;
    }
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (String, Vec<u8>) {
        (name.to_owned(), text.as_bytes().to_vec())
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string())
            .collect::<Result<_, _>>()
            .expect("text names");
        names.sort();
        names
    }

    #[test]
    fn a_new_folder_appears_whole_with_those_above_it() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("reports/rotation");
        let files = [file("a.csv", "a"), file("sub/b.csv", "b")];
        write_folder(&path, &files).expect("written");
        assert_eq!(names(&path), ["a.csv", "sub"]);
        assert_eq!(names(path.parent().expect("a parent")), ["rotation"]);
    }

    #[test]
    fn a_folder_that_is_there_keeps_what_is_not_ours() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        fs::create_dir(&path).expect("made");
        fs::write(path.join("notes.txt"), "mine").expect("written");
        fs::write(path.join("a.csv"), "old").expect("written");
        write_folder(&path, &[file("a.csv", "new")]).expect("written");
        assert_eq!(names(&path), ["a.csv", "notes.txt"]);
        assert_eq!(fs::read(path.join("a.csv")).expect("read"), b"new");
        assert_eq!(names(root.path()), ["out"]);
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        // The second file cannot be written: its folder is a file.
        let files = [file("a", "a"), file("a/b", "b")];
        let error = write_folder(&path, &files).expect_err("must fail");
        assert!(matches!(error, FolderError::Io { .. }), "{error}");
        assert_eq!(names(root.path()), Vec::<String>::new());
    }

    #[test]
    fn a_folder_that_is_half_replaced_has_no_seal() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        // A folder in the way of the second file stops the writing in the middle.
        fs::create_dir_all(path.join("b.csv/mine")).expect("made");
        fs::write(path.join("a.csv"), "old").expect("written");
        fs::write(path.join("summary.json"), "old").expect("written");
        let files = [
            file("a.csv", "new"),
            file("b.csv", "new"),
            file("summary.json", "new"),
        ];
        let error = write_folder(&path, &files).expect_err("must fail");
        assert!(matches!(error, FolderError::Io { .. }), "{error}");
        assert_eq!(names(&path), ["a.csv", "b.csv"]);
        assert_eq!(names(root.path()), ["out"]);
    }

    #[test]
    fn a_file_in_the_way_is_refused() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        fs::write(&path, "text").expect("written");
        let error = write_folder(&path, &[file("a", "a")]).expect_err("must fail");
        assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
        assert_eq!(fs::read(&path).expect("read"), b"text");
    }
}
