//! What a writer has in a folder while it writes: a hidden folder with the staged files, and a list of those that are
//! ours.
//!
//! It is `.summary.json.writing` for a folder that `summary.json` seals. It is there before the seal is removed and
//! goes after the new seal has come, so that whenever the program is killed, the next writer finds in `names` which
//! files it may replace, and what else was left. `names` has lines as `sha256sum` writes them, and grows only: a line
//! that was cut off is none. A lock on it, which ends with its process, tells a writer that is at work from one
//! that was killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::contents::{Contents, Digests, is_plain};
use crate::folder::{FolderError, failed, step};
use crate::write::{Access, create_new};

/// The list of files that are ours.
const NAMES: &str = "names";
/// How the name of a folder with staged files begins.
const STAGED: &str = "staged-";
/// Largest list that is read: some two million names, as many as an export of 500,000 connections has.
const NAMES_MAX: u64 = 256 * 1024 * 1024;

/// Files that are ours, with every digest that they were written or to be written with.
pub(crate) type Ours = BTreeMap<String, BTreeSet<String>>;

/// Where a writer of a folder with this seal has its own.
pub(crate) fn folder_of_writing(folder: &Path, seal: &str) -> PathBuf {
    folder.join(format!(".{seal}.writing"))
}

/// A writer at work, the only one in its folder for this seal.
#[derive(Debug)]
pub(crate) struct Writing {
    path: PathBuf,
    names: File,
    ours: Ours,
    /// Whether an earlier writer was stopped here.
    pub(crate) takes_over: bool,
}

impl Writing {
    /// Begins to write into a folder, or takes over from a writer that was stopped.
    pub(crate) fn begin(folder: &Path, seal: &str) -> Result<Self, FolderError> {
        let path = folder_of_writing(folder, seal);
        // A folder is made exclusively, and a link of that name is not followed.
        let takes_over = match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => false,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => true,
            Err(source) => return Err(failed(&path, source)),
        };
        step();
        if takes_over && !fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            return Err(FolderError::InTheWay(path));
        }
        let (names, ours) = lock_names(&path, folder)?;
        let writing = Self {
            path,
            names,
            ours,
            takes_over,
        };
        writing.remove_staged()?;
        Ok(writing)
    }

    /// Whether a file of this name is ours.
    pub(crate) fn is_ours(&self, name: &str) -> bool {
        self.ours.contains_key(name)
    }

    /// The files that are ours.
    pub(crate) fn ours(&self) -> &Ours {
        &self.ours
    }

    /// Counts these files as ours; a later writer knows of them once [`Writing::keep`] has written them down.
    pub(crate) fn add(&mut self, files: &Digests) {
        for (name, sha256) in files {
            let known = self.ours.entry(name.clone()).or_default();
            known.insert(sha256.clone());
        }
    }

    /// Writes down which files are ours, so that a later writer knows.
    pub(crate) fn keep(&mut self) -> Result<(), FolderError> {
        let mut text = "\n".to_owned();
        for (name, digests) in &self.ours {
            for sha256 in digests {
                text.push_str(&format!("{sha256}  {name}\n"));
            }
        }
        let written = self.names.write_all(text.as_bytes());
        written.map_err(|source| failed(&self.path.join(NAMES), source))?;
        step();
        Ok(())
    }

    /// Writes the files into a new folder. Gives it, and the digests of all files but the seal.
    pub(crate) fn stage(
        &self,
        contents: &Contents<'_>,
        access: Access,
    ) -> Result<(PathBuf, Digests), FolderError> {
        let staged = tempfile::Builder::new()
            .prefix(STAGED)
            .tempdir_in(&self.path)
            .map_err(|source| failed(&self.path, source))?
            .keep();
        step();
        let open = |name: &str| {
            let path = staged.join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
            }
            let file = create_new(&path, access).map_err(|source| failed(&path, source))?;
            Ok(BufWriter::new(file))
        };
        let close = |name: &str, written: io::Result<BufWriter<File>>| {
            let closed = written.and_then(|mut file| file.flush());
            closed.map_err(|source| failed(&staged.join(name), source))?;
            step();
            Ok(())
        };
        let (digests, bytes) = contents.write(open, close)?;
        let mut seal = open(contents.seal())?;
        let written = seal.write_all(&bytes).map(|()| seal);
        close(contents.seal(), written)?;
        Ok((staged, digests))
    }

    /// Removes what this writer staged, or one before it.
    pub(crate) fn remove_staged(&self) -> Result<(), FolderError> {
        let entries = fs::read_dir(&self.path).map_err(|source| failed(&self.path, source))?;
        for entry in entries {
            let entry = entry.map_err(|source| failed(&self.path, source))?;
            if entry.file_name().to_string_lossy().starts_with(STAGED) {
                let path = entry.path();
                fs::remove_dir_all(&path).map_err(|source| failed(&path, source))?;
                step();
            }
        }
        Ok(())
    }

    /// Removes everything that is the writer's own.
    pub(crate) fn end(self) -> Result<(), FolderError> {
        self.remove_staged()?;
        let names = self.path.join(NAMES);
        fs::remove_file(&names).map_err(|source| failed(&names, source))?;
        step();
        // From here on another writer may begin in it; then it is its folder, and stays.
        let _ = fs::remove_dir(&self.path);
        Ok(())
    }
}

/// Opens and locks the list of names, and reads it.
fn lock_names(writing: &Path, folder: &Path) -> Result<(File, Ours), FolderError> {
    let path = writing.join(NAMES);
    let io = |source| failed(&path, source);
    let busy = || FolderError::Busy(folder.to_owned());
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    let names = match options.clone().create_new(true).open(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(&path).map_err(io)?;
            if !found.is_file() {
                return Err(FolderError::InTheWay(path));
            }
            options.open(&path).map_err(io)?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(busy()),
        opened => opened.map_err(io)?,
    };
    match names.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(busy()),
        // A file system without locks: two writers at once are not told apart there.
        Err(TryLockError::Error(_)) | Ok(()) => {}
    }
    step();
    // Another writer may have ended since the file was opened, and this may be its list, which is gone.
    let is_there = fs::symlink_metadata(&path);
    let same = |found: &fs::Metadata| names.metadata().is_ok_and(|own| own.ino() == found.ino());
    if !is_there.as_ref().is_ok_and(same) {
        return Err(busy());
    }
    let mut text = Vec::new();
    let read = (&names).take(NAMES_MAX).read_to_end(&mut text);
    read.map_err(io)?;
    Ok((names, listed(&String::from_utf8_lossy(&text))))
}

/// The files of a list; its last line counts only with its line break.
fn listed(text: &str) -> Ours {
    let mut ours: Ours = BTreeMap::new();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        if let Some((sha256, name)) = line.split_once("  ")
            && is_plain(name)
        {
            let known = ours.entry(name.to_owned()).or_default();
            known.insert(sha256.to_owned());
        }
    }
    ours
}
