//! Reading a folder that has a seal: every file must be there as it was written.
//!
//! A file that is missing is an error like one that differs: the folder then holds less than its seal says, and which
//! of its files a reader can do without is not known here.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use thiserror::Error;

use crate::contents::{Digests, sealed_files};
use crate::read::{ReadError, open_file, read_file};
use crate::writing::folder_of_writing;

/// Largest file of a folder whose digest is computed: some ten times the journal of ten years in which a charm tries in
/// vain at each update-status. A file with a hole can claim any size.
const SEALED_FILE_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// Why a folder is not read.
#[derive(Debug, Error)]
pub enum SealError {
    /// It has no seal, and nothing says that it is to have one.
    #[error("`{folder}` has no {seal}")]
    NoSeal {
        /// The folder.
        folder: PathBuf,
        /// The name of the seal.
        seal: String,
    },
    /// It has no seal, and a writer has begun there.
    #[error("`{0}` is not whole: the program that writes it was stopped, or is still at work")]
    Interrupted(PathBuf),
    /// The seal has no digests.
    #[error("`{0}` does not say which files belong to it")]
    NoDigests(PathBuf),
    /// A file is not there.
    #[error("`{folder}` is not whole: `{name}` is missing")]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The file.
        name: String,
    },
    /// A file is not the one that was written with the seal.
    #[error("`{folder}` is not whole: `{name}` is not as it was written")]
    Differs {
        /// The folder.
        folder: PathBuf,
        /// The file.
        name: String,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The seal of a folder, as it was read.
#[derive(Clone, Debug)]
pub struct Seal {
    folder: PathBuf,
    bytes: Vec<u8>,
    files: Digests,
}

impl Seal {
    /// Reads the seal `name` of a folder, of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// [`SealError`], where there is none of ours.
    pub fn read(folder: &Path, name: &str, max: u64) -> Result<Self, SealError> {
        let path = folder.join(name);
        let folder = folder.to_owned();
        let bytes = match read_file(&path, max) {
            Err(ReadError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(without_seal(folder, name));
            }
            read => read?,
        };
        let files = sealed_files(&bytes).ok_or(SealError::NoDigests(path))?;
        Ok(Self {
            folder,
            bytes,
            files,
        })
    }

    /// The seal's text.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether every file of the folder is there as it was written.
    ///
    /// # Errors
    ///
    /// [`SealError`], for the first file that is not.
    pub fn check(&self) -> Result<(), SealError> {
        for (name, sha256) in &self.files {
            let path = self.folder.join(name);
            let (folder, name) = (self.folder.clone(), name.clone());
            match sha256_of(&path) {
                Ok(found) if found == *sha256 => {}
                Ok(_) => return Err(SealError::Differs { folder, name }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(SealError::Missing { folder, name });
                }
                Err(source) => return Err(ReadError::Io { path, source }.into()),
            }
        }
        Ok(())
    }
}

fn without_seal(folder: PathBuf, seal: &str) -> SealError {
    match fs::symlink_metadata(folder_of_writing(&folder, seal)) {
        Ok(_) => SealError::Interrupted(folder),
        Err(_) => SealError::NoSeal {
            folder,
            seal: seal.to_owned(),
        },
    }
}

/// The digest of a file, in hexadecimal, read piece by piece.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    const PIECE: usize = 64 * 1024;
    let file = open_file(path)?;
    if file.metadata()?.len() > SEALED_FILE_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut file = file.take(SEALED_FILE_MAX);
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex::encode(context.finish())),
            count => context.update(&piece[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::{Access, Contents, write_folder};

    fn written() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("out");
        let files = vec![("a".to_owned(), b"1".to_vec())];
        let contents = Contents::sealed(files, "it.json", Map::new());
        write_folder(&path, &contents, Access::Shared).expect("written");
        (root, path)
    }

    fn said(path: &Path) -> String {
        let checked = Seal::read(path, "it.json", 1024).and_then(|seal| seal.check());
        let folder = path.display().to_string();
        checked.map_or_else(
            |error| error.to_string().replace(&folder, "out"),
            |()| "whole".to_owned(),
        )
    }

    #[test]
    fn a_folder_is_whole_while_every_file_is_as_it_was_written() {
        let (_root, path) = written();
        assert_eq!(said(&path), "whole");
        fs::write(path.join("b"), "another file").expect("written");
        assert_eq!(said(&path), "whole");
        fs::write(path.join("a"), "2").expect("written");
        assert_eq!(
            said(&path),
            "`out` is not whole: `a` is not as it was written"
        );
        fs::remove_file(path.join("a")).expect("removed");
        assert_eq!(said(&path), "`out` is not whole: `a` is missing");
        fs::write(path.join("it.json"), "{}").expect("written");
        assert_eq!(
            said(&path),
            "`out/it.json` does not say which files belong to it"
        );
        fs::remove_file(path.join("it.json")).expect("removed");
        assert_eq!(said(&path), "`out` has no it.json");
    }

    #[test]
    fn a_file_that_claims_any_size_is_refused_at_once() {
        let (_root, path) = written();
        let file = fs::File::create(path.join("a")).expect("made");
        file.set_len(1 << 40).expect("a file with a hole");
        assert_eq!(said(&path), "failed to read `out/a`");
    }
}
