//! Writing one file: whole or not at all, and never in place of what is no file.
//!
//! The bytes go into a temporary file in the same folder, whose name cannot be guessed and which is opened
//! exclusively, so that a link that waits under that name is not followed. One rename puts it in place. A device, a
//! pipe or a socket is written into, as a shell's `>` does: as root, a rename would replace `/dev/null` by a file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::place::{Place, follow};

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Those that the umask allows; a file that is replaced keeps its permissions.
    Shared,
    /// The owner alone, also where the file that is replaced could be read by others: it has private keys or relation
    /// data.
    Private,
}

/// The permissions of a private file.
const PRIVATE_MODE: u32 = 0o600;
/// The permissions of any other new file, less those that the umask takes away.
const SHARED_MODE: u32 = 0o666;

impl Access {
    /// The permissions of a new file; the umask takes some away.
    pub(crate) const fn mode(self) -> u32 {
        match self {
            Self::Shared => SHARED_MODE,
            Self::Private => PRIVATE_MODE,
        }
    }

    /// The permissions that a file takes over from the one that it replaces.
    pub(crate) fn kept(self, replaced: &Path) -> Option<Permissions> {
        let found = fs::symlink_metadata(replaced).ok()?;
        let keeps = self == Self::Shared && found.is_file();
        keeps.then(|| Permissions::from_mode(found.permissions().mode() & 0o777))
    }
}

/// Why a file was not written. What was there is as it was, unless it is a device or a pipe.
#[derive(Debug, Error)]
pub enum WriteError {
    /// There is a folder of that name.
    #[error("it is a folder")]
    IsAFolder,
    /// The path has no last part.
    #[error("it names no file")]
    NoName,
    /// The folder to write into is not there.
    #[error("there is no folder `{0}`")]
    NoFolder(PathBuf),
    /// The folder refuses new files, though the file itself may be writable.
    #[error("its folder `{folder}` takes no new file, and a file is replaced as a whole")]
    FolderNotWritable {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file system refused.
    #[error("the system refuses it")]
    Io(#[from] io::Error),
}

/// Writes a file, or into the device, pipe or socket of that name. A symbolic link stays, and what it points at is
/// written.
///
/// # Errors
///
/// [`WriteError`].
pub fn write_file(path: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    let target = match follow(path)? {
        Place::Open(open) => return write_into(&open, bytes),
        Place::Named(target) => target,
    };
    match fs::symlink_metadata(&target) {
        Ok(found) if found.is_dir() => Err(WriteError::IsAFolder),
        Ok(found) if !found.is_file() => write_into(&target, bytes),
        Ok(_) => replace(&target, bytes, access),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace(&target, bytes, access),
        Err(error) => Err(error.into()),
    }
}

/// Writes to the end of what is there, as `>>` does: an open file is opened once more and has a position of its own. A
/// reader that has gone has read enough.
fn write_into(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let written = OpenOptions::new()
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

fn replace(target: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    if target.file_name().is_none() {
        return Err(WriteError::NoName);
    }
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::Builder::new()
        .prefix(".trustsim-")
        .permissions(Permissions::from_mode(access.mode()))
        .tempfile_in(folder)
        .map_err(|source| not_staged(folder, source))?;
    temporary.write_all(bytes)?;
    if let Some(permissions) = access.kept(target) {
        temporary.as_file().set_permissions(permissions)?;
    }
    temporary
        .persist(target)
        .map_err(|refused| WriteError::Io(refused.error))?;
    Ok(())
}

/// Why a folder takes no temporary file.
fn not_staged(folder: &Path, source: io::Error) -> WriteError {
    let folder = folder.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => WriteError::NoFolder(folder),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            WriteError::FolderNotWritable { folder, source }
        }
        _ => source.into(),
    }
}

/// Makes a new file, which must not be there.
pub(crate) fn create_new(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(access.mode());
    options.open(path)
}

#[cfg(test)]
pub(crate) mod tests;
