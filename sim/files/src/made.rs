//! Folders that come to be as a whole: filled under another name and renamed, so that one that is there is complete. A
//! program that reads them needs no seal to know that.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use tempfile::TempDir;

/// A folder that is not there yet. It is removed where it is dropped before it is finished.
#[derive(Debug)]
pub struct NewFolder(TempDir);

impl NewFolder {
    /// Begins one that will be in `root`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn begin(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let made = tempfile::Builder::new().prefix(".new-").tempdir_in(root)?;
        Ok(Self(made))
    }

    /// Makes a folder in it; `inside` is a path in it.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn folder(&self, inside: &Path) -> io::Result<()> {
        fs::create_dir_all(self.0.path().join(inside))
    }

    /// Makes a file in it of what is read, with the folders above it, and says how many bytes came.
    ///
    /// # Errors
    ///
    /// What the file system or the reader says.
    pub fn file(&self, inside: &Path, content: &mut dyn Read) -> io::Result<u64> {
        let target = self.0.path().join(inside);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        io::copy(content, &mut File::create(&target)?)
    }

    /// Gives it its name. Where another process was faster, that one's folder is kept.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn finish(self, target: &Path) -> io::Result<()> {
        match fs::rename(self.0.path(), target) {
            Err(_) if target.is_dir() => Ok(()),
            done => done,
        }
    }
}

/// Removes a folder with all that is in it.
///
/// # Errors
///
/// What the file system says.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_whole_or_not_there() {
        let root = tempfile::tempdir().expect("a folder");
        let (below, target) = (root.path().join("below"), root.path().join("below/made"));
        let dropped = NewFolder::begin(&below).expect("it can be made");
        let written = dropped.file(Path::new("src/a"), &mut &b"text"[..]);
        assert_eq!(written.expect("it can be written"), 4);
        drop(dropped);
        assert_eq!(fs::read_dir(&below).expect("it is there").count(), 0);
        for text in ["first", "second"] {
            let made = NewFolder::begin(&below).expect("it can be made");
            made.folder(Path::new("empty")).expect("it can be made");
            let written = made.file(Path::new("a"), &mut text.as_bytes());
            assert_eq!(written.expect("it can be written"), text.len() as u64);
            made.finish(&target).expect("it can be named");
        }
        let text = fs::read_to_string(target.join("a")).expect("it is there");
        assert_eq!(text, "first", "the one that was there is kept");
        assert_eq!(fs::read_dir(&below).expect("it is there").count(), 1);
        remove_folder(&target).expect("it can be removed");
        assert!(!target.exists());
    }
}
