//! Writing one file: whole or not at all, and never in place of what is no file.
//!
//! The bytes go into a temporary file in the same folder, whose name cannot be guessed and which is opened
//! exclusively, so that a link that waits under that name is not followed. One rename puts it in place. A device, a
//! pipe or a socket is written into, as a shell's `>` does: as root, a rename would replace `/dev/null` by a file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
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

/// Makes a folder, with those above it; one that is there already stays as it is.
///
/// # Errors
///
/// What the file system says.
pub fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Writes a file, or into the device, pipe or socket of that name. A symbolic link stays, and what it points at is
/// written.
///
/// # Errors
///
/// [`WriteError`].
pub fn write_file(path: &Path, bytes: &[u8], access: Access) -> Result<(), WriteError> {
    let mut writer = FileWriter::begin(path, access)?;
    writer.write(bytes)?;
    writer.finish()
}

/// A file that is written part by part, as [`write_file`] writes one: what was there is replaced by
/// [`FileWriter::finish`], and stays where the writer is dropped before. What is written into a device is there at once.
#[derive(Debug)]
pub struct FileWriter(Target);

/// Where the bytes go.
#[derive(Debug)]
enum Target {
    /// Into a device, pipe or socket; `None` from when its reader has gone.
    Open(Option<File>),
    /// Into a temporary file beside the one that it will replace.
    Staged {
        temporary: NamedTempFile,
        target: PathBuf,
        access: Access,
    },
}

impl FileWriter {
    /// Opens what is written into.
    ///
    /// # Errors
    ///
    /// [`WriteError`].
    pub fn begin(path: &Path, access: Access) -> Result<Self, WriteError> {
        let target = match follow(path)? {
            Place::Open(open) => return Self::append(&open),
            Place::Named(target) => target,
        };
        match fs::symlink_metadata(&target) {
            Ok(found) if found.is_dir() => Err(WriteError::IsAFolder),
            Ok(found) if !found.is_file() => Self::append(&target),
            Ok(_) => Self::stage(target, access),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::stage(target, access),
            Err(error) => Err(error.into()),
        }
    }

    /// To the end of what is there, as `>>` does: an open file is opened once more and has a position of its own.
    fn append(path: &Path) -> Result<Self, WriteError> {
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self(Target::Open(Some(file))))
    }

    fn stage(target: PathBuf, access: Access) -> Result<Self, WriteError> {
        if target.file_name().is_none() {
            return Err(WriteError::NoName);
        }
        let folder = match target.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let temporary = tempfile::Builder::new()
            .prefix(".trustsim-")
            .permissions(Permissions::from_mode(access.mode()))
            .tempfile_in(folder)
            .map_err(|source| not_staged(folder, source))?;
        Ok(Self(Target::Staged {
            temporary,
            target,
            access,
        }))
    }

    /// Writes what comes next. A reader of a device that has gone has read enough.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let open = match &mut self.0 {
            Target::Staged { temporary, .. } => return Ok(temporary.write_all(bytes)?),
            Target::Open(open) => open,
        };
        let Some(file) = open else {
            return Ok(());
        };
        match file.write_all(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                *open = None;
                Ok(())
            }
            written => Ok(written?),
        }
    }

    /// Puts the file in place.
    ///
    /// # Errors
    ///
    /// [`WriteError::Io`].
    pub fn finish(self) -> Result<(), WriteError> {
        let Target::Staged {
            temporary,
            target,
            access,
        } = self.0
        else {
            return Ok(());
        };
        if let Some(permissions) = access.kept(&target) {
            temporary.as_file().set_permissions(permissions)?;
        }
        temporary
            .persist(target)
            .map_err(|refused| WriteError::Io(refused.error))?;
        Ok(())
    }
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
