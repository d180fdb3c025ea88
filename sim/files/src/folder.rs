//! Writing a folder: what is there is either whole or has no seal, whenever the program is killed.
//!
//! Every file is staged in a hidden folder inside the target, which is on the same file system also where the target is
//! a mount point. Then the old seal is removed, each file comes into place by a rename, what an earlier writing left
//! and this one has not is removed, and the new seal comes last. A new folder is written in the same way: a
//! kill leaves nothing beside it, and the next writing into it cleans up.
//!
//! Only our own files are replaced or removed: those that the old seal names, or, where a writer was stopped, its list
//! (`writing.rs`). A file of any other origin in the place of one of ours is an error before anything is written; files
//! of other names are left alone.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::contents::{Contents, Digests, sealed_files};
use crate::read::read_start;
use crate::sealed::sha256_of;
use crate::write::Access;
use crate::writing::Writing;

/// Largest seal of an earlier writing that is read.
const SEAL_MAX: u64 = 256 * 1024 * 1024;

/// Why a folder could not be written. It is as it was, or it has no seal and can be written again.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The path is a file.
    #[error("failed to write `{0}`: it is there and is not a folder")]
    NotAFolder(PathBuf),
    /// A file is where one of ours is to be, and no seal and no list of ours names it.
    #[error("`{0}` is there already, and nothing says that trustsim wrote it")]
    InTheWay(PathBuf),
    /// Another process is writing the same folder.
    #[error("another trustsim is writing into `{0}`")]
    Busy(PathBuf),
    /// The file system refused.
    #[error("failed to write `{path}`")]
    Io {
        /// What was being written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

pub(crate) fn failed(path: &Path, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Called after each change of the disk: a test kills the writer there.
pub(crate) fn step() {
    #[cfg(test)]
    tests::kill_here();
}

/// Writes `contents` into the folder `path`, which need not be there. Gives the names of files that an earlier
/// writing of the same kind left there, and that were removed since these contents do not have them; one that was
/// changed since is left.
///
/// # Errors
///
/// [`FolderError`].
pub fn write_folder(
    path: &Path,
    contents: &Contents<'_>,
    access: Access,
) -> Result<Vec<String>, FolderError> {
    if path.exists() && !path.is_dir() {
        return Err(FolderError::NotAFolder(path.to_owned()));
    }
    let is_new = !path.exists();
    fs::create_dir_all(path).map_err(|source| failed(path, source))?;
    step();
    let mut writing = Writing::begin(path, contents.seal())?;
    let staged = prepare(path, contents, access, &mut writing);
    let staged = match staged {
        Ok(staged) => staged,
        Err(error) => {
            // Nothing was replaced. The first error is the one that says something.
            let _ = match writing.takes_over {
                true => writing.remove_staged(),
                false => writing.end(),
            };
            if is_new {
                let _ = fs::remove_dir(path);
            }
            return Err(error);
        }
    };
    match put_in_place(path, contents, access, &staged, &writing) {
        Ok(removed) => writing.end().map(|()| removed),
        Err(error) => {
            // Some files are new and there is no seal: the list of ours stays for the next writer.
            let _ = writing.remove_staged();
            Err(error)
        }
    }
}

/// Everything that can be done before the first file is replaced. Gives the folder of staged files.
fn prepare(
    path: &Path,
    contents: &Contents<'_>,
    access: Access,
    writing: &mut Writing,
) -> Result<PathBuf, FolderError> {
    let sealed = old_seal(&path.join(contents.seal()))?;
    writing.add(&sealed);
    for name in contents.names() {
        check_way(path, name, writing)?;
    }
    let (staged, digests) = writing.stage(contents, access)?;
    // What the files are is known once they are made; none is in its place before this is written down.
    writing.add(&digests);
    writing.keep()?;
    Ok(staged)
}

/// The files that the seal of an earlier writing names; none where there is no seal.
fn old_seal(path: &Path) -> Result<Digests, FolderError> {
    let in_the_way = || FolderError::InTheWay(path.to_owned());
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Digests::new()),
        Err(source) => Err(failed(path, source)),
        Ok(found) if !found.is_file() => Err(in_the_way()),
        Ok(_) => {
            let bytes = read_start(path, SEAL_MAX).map_err(|source| failed(path, source))?;
            sealed_files(&bytes).ok_or_else(in_the_way)
        }
    }
}

/// Whether a file can come into its place: the folders above it are folders, and what is there is ours.
fn check_way(folder: &Path, name: &str, writing: &Writing) -> Result<(), FolderError> {
    let mut path = folder.to_owned();
    let mut parts = name.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let is_last = parts.peek().is_none();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(failed(&path, source)),
            Ok(found) if !is_last && found.is_dir() => {}
            Ok(found) if is_last && found.is_file() && writing.is_ours(name) => {}
            Ok(_) => return Err(FolderError::InTheWay(path)),
        }
    }
    Ok(())
}

/// The steps from the old contents to the new. Gives what was removed.
fn put_in_place(
    path: &Path,
    contents: &Contents<'_>,
    access: Access,
    staged: &Path,
    writing: &Writing,
) -> Result<Vec<String>, FolderError> {
    let seal = contents.seal();
    let kept = access.kept(&path.join(seal));
    match fs::remove_file(path.join(seal)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(failed(&path.join(seal), source));
        }
        _ => {}
    }
    step();
    for name in contents.names() {
        let (from, to) = (staged.join(name), path.join(name));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        }
        if let Some(permissions) = access.kept(&to) {
            fs::set_permissions(&from, permissions).map_err(|source| failed(&from, source))?;
        }
        fs::rename(&from, &to).map_err(|source| failed(&to, source))?;
        step();
    }
    let removed = remove_others(path, contents, writing)?;
    let from = staged.join(seal);
    if let Some(permissions) = kept {
        fs::set_permissions(&from, permissions).map_err(|source| failed(&from, source))?;
    }
    fs::rename(&from, path.join(seal)).map_err(|source| failed(&path.join(seal), source))?;
    step();
    Ok(removed)
}

/// Removes files of an earlier writing that these contents do not have, and the folders that they leave empty.
fn remove_others(
    path: &Path,
    contents: &Contents<'_>,
    writing: &Writing,
) -> Result<Vec<String>, FolderError> {
    let mut removed = Vec::new();
    let mut emptied = BTreeSet::new();
    for (name, digests) in writing.ours() {
        if contents.has(name) || check_way(path, name, writing).is_err() {
            continue;
        }
        let file = path.join(name);
        if !sha256_of(&file).is_ok_and(|found| digests.contains(&found)) {
            continue;
        }
        fs::remove_file(&file).map_err(|source| failed(&file, source))?;
        step();
        removed.push(name.clone());
        emptied.extend(Path::new(name).ancestors().skip(1).map(Path::to_owned));
    }
    // The longest first; a folder that still holds something is left.
    for folder in emptied.iter().rev().filter(|each| *each != Path::new("")) {
        let _ = fs::remove_dir(path.join(folder));
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
