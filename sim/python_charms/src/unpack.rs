//! Packed charms as folders: what `charmcraft pack` wrote is unpacked once, into a folder named by its digest, and found there
//! again.

use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

// `zip` unpacks through it, and leaves to its user by which code that inflates.
use flate2 as _;
use sha2::{Digest, Sha256};
use thiserror::Error;
use trustsim_files::{NewFolder, ReadError, read_file};
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest packed charm that is read: it carries its code and the libraries of that.
const PACKED_MAX: u64 = 256 << 20;
/// So much may come of it.
const UNPACKED_MAX: u64 = 1 << 30;

/// Why a packed charm was not unpacked.
#[derive(Debug, Error)]
pub enum UnpackError {
    /// It cannot be read.
    #[error("it cannot be read")]
    NotRead(#[from] ReadError),
    /// It is no zip archive, or a damaged one.
    #[error("it is no whole zip archive")]
    Archive(#[from] ZipError),
    /// One of its files would lie outside its folder.
    #[error("its `{0}` would lie outside its folder")]
    Outside(String),
    /// There is more in it than any charm has.
    #[error("more than {} MiB are in it", UNPACKED_MAX >> 20)]
    TooLarge,
    /// The folder for it cannot be written.
    #[error("the folder for it cannot be written")]
    Io(#[from] io::Error),
}

/// Unpacks a charm into a folder below `root`, unless it is there already, and says which.
///
/// # Errors
///
/// [`UnpackError`]; nothing half unpacked is left under that name.
pub fn unpack(packed: &Path, root: &Path) -> Result<PathBuf, UnpackError> {
    let bytes = read_file(packed, PACKED_MAX)?;
    let folder = root.join(hex::encode(Sha256::digest(&bytes)));
    if folder.is_dir() {
        return Ok(folder);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    let made = NewFolder::begin(root)?;
    let mut left = UNPACKED_MAX;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let Some(inside) = member.enclosed_name() else {
            return Err(UnpackError::Outside(member.name()?.into_owned()));
        };
        if member.is_dir() {
            made.folder(&inside)?;
            continue;
        }
        // A link in an archive is a file with its target, and stays one. What an archive says of the size of a file may be
        // wrong: what comes is counted.
        let mut bounded = (&mut member).take(left + 1);
        let count = made.file(&inside, &mut bounded)?;
        left = left.checked_sub(count).ok_or(UnpackError::TooLarge)?;
    }
    made.finish(&folder)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(folder: &Path, members: &[(&str, &str)]) -> PathBuf {
        let path = folder.join("web.charm");
        let mut writer = ZipWriter::new(File::create(&path).expect("a file"));
        for (name, text) in members {
            let started = writer.start_file(*name, SimpleFileOptions::default());
            started.expect("a member");
            writer.write_all(text.as_bytes()).expect("its text");
        }
        writer.finish().expect("an archive");
        path
    }

    #[test]
    fn a_packed_charm_becomes_a_folder_that_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("charms");
        let path = packed(
            folder.path(),
            &[
                ("metadata.yaml", "name: web\n"),
                ("src/charm.py", "import ops\n"),
            ],
        );
        let unpacked = unpack(&path, &root).expect("it is a charm");
        let text = fs::read_to_string(unpacked.join("src/charm.py")).expect("it was in it");
        assert_eq!(text, "import ops\n");
        assert_eq!(unpack(&path, &root).expect("it is there"), unpacked);
        let left = fs::read_dir(&root).expect("it was made").count();
        assert_eq!(left, 1, "nothing half done is left");
    }

    #[test]
    fn what_is_no_charm_and_what_leaves_its_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("charms");
        let path = packed(folder.path(), &[("../outside", "x")]);
        assert!(matches!(unpack(&path, &root), Err(UnpackError::Outside(_))));
        assert!(!root.join("outside").exists());
        fs::write(&path, "no archive").expect("a file");
        assert!(matches!(unpack(&path, &root), Err(UnpackError::Archive(_))));
        let missing = folder.path().join("nothing.charm");
        assert!(matches!(
            unpack(&missing, &root),
            Err(UnpackError::NotRead(_))
        ));
    }
}
