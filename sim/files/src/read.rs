//! Reading up to a bound, and only what is a file.
//!
//! A named pipe keeps its reader waiting until another side comes, and a device such as `/dev/zero` has no end. So a
//! name has to be that of a regular file; a pipe is read where a process has it open already: `/dev/stdin`, and
//! what a shell makes of `<(...)`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::place::{Place, follow};

/// Why something is not opened for reading, inside an [`io::Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is {0}, and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`")]
pub struct NotAFile(&'static str);

/// Why a file was not read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file system refused, or it is no file.
    #[error("failed to read `{path}`")]
    Io {
        /// What was read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has more bytes than anything that is read here.
    #[error("`{path}` is larger than {} MiB", max / 1024 / 1024)]
    TooLarge {
        /// What was read.
        path: PathBuf,
        /// So many bytes it may have.
        max: u64,
    },
}

/// Opens a file to read it.
///
/// # Errors
///
/// What the file system says, or [`NotAFile`].
pub fn open_file(path: &Path) -> io::Result<File> {
    let place = follow(path)?;
    let found = fs::metadata(path)?.file_type();
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !found.is_file() && matches!(place, Place::Named(_)) {
        let kind = if found.is_fifo() {
            "a named pipe"
        } else if found.is_socket() {
            "a socket"
        } else {
            "a device"
        };
        return Err(io::Error::other(NotAFile(kind)));
    }
    File::open(path)
}

/// The first `limit` bytes of a file.
///
/// # Errors
///
/// As [`open_file`].
pub fn read_start(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A whole file of at most `max` bytes.
///
/// # Errors
///
/// [`ReadError`].
pub fn read_file(path: &Path, max: u64) -> Result<Vec<u8>, ReadError> {
    let bytes = read_start(path, max.saturating_add(1)).map_err(|source| ReadError::Io {
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() as u64 > max {
        return Err(ReadError::TooLarge {
            path: path.to_owned(),
            max,
        });
    }
    Ok(bytes)
}

/// What is in a folder, files and folders, in order of their names.
///
/// # Errors
///
/// What the file system says.
pub fn list_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let mut found = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a");
        fs::write(&path, "12345").expect("written");
        assert_eq!(read_file(&path, 5).expect("read"), b"12345");
        assert_eq!(read_start(&path, 2).expect("read"), b"12");
        let error = read_file(&path, 4).expect_err("too large");
        assert!(matches!(error, ReadError::TooLarge { max: 4, .. }));
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let root = tempfile::tempdir().expect("a folder");
        let pipe = root.path().join("pipe");
        crate::write::tests::make_pipe(&pipe);
        let socket = root.path().join("socket");
        let _listener = UnixListener::bind(&socket).expect("bound");
        let said = [&pipe, &socket, Path::new("/dev/zero"), root.path()].map(|path| {
            let error = read_start(path, 1).expect_err("refused");
            error.to_string()
        });
        let only = "and only files are read, or a pipe from a shell: `<(...)`, `/dev/stdin`";
        assert_eq!(said[0], format!("it is a named pipe, {only}"));
        assert_eq!(said[1], format!("it is a socket, {only}"));
        assert_eq!(said[2], format!("it is a device, {only}"));
        assert_eq!(said[3], "is a directory");
    }

    #[test]
    fn a_pipe_that_is_open_is_read() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().expect("a pipe");
        io::Write::write_all(&mut writer, b"text").expect("written");
        drop(writer);
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        assert_eq!(read_file(&path, 10).expect("read"), b"text");
    }
}
