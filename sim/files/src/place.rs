//! Where a path leads: through symbolic links to a name in a folder, or to what a process has open.
//!
//! `/dev/stdin`, `/dev/fd/63` and the `<(...)` of a shell are links to `/proc/PID/fd/N`. What is behind such a link is
//! open already: it can be a pipe, and opening it waits for no other side.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// So many links does Linux follow.
const LINKS_MAX: usize = 40;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// What a process has open, by a path that opens it once more.
    Open(PathBuf),
    /// A name in a folder, which is no link; there may be nothing of that name.
    Named(PathBuf),
}

/// Follows the links of a path.
pub(crate) fn follow(path: &Path) -> io::Result<Place> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if is_open(&path) {
            return Ok(Place::Open(path));
        }
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let target = fs::read_link(&path)?;
                path = match path.parent() {
                    Some(folder) => folder.join(target),
                    None => target,
                };
            }
            Ok(_) => return Ok(Place::Named(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Place::Named(path));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Whether a path is an entry of the list that a process has of its open files.
fn is_open(path: &Path) -> bool {
    let Some(folder) = path.parent().and_then(|folder| folder.canonicalize().ok()) else {
        return false;
    };
    let is_list = folder.starts_with("/proc") && folder.file_name() == Some(OsStr::new("fd"));
    is_list || folder == Path::new("/dev/fd")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_to_a_name_also_of_what_is_not_there() {
        let root = tempfile::tempdir().expect("a folder");
        let path = |name: &str| root.path().join(name);
        fs::create_dir(path("sub")).expect("made");
        symlink("sub/b", path("a")).expect("linked");
        symlink("../c", path("sub/b")).expect("linked");
        let found = follow(&path("a")).expect("followed");
        assert_eq!(found, Place::Named(path("sub").join("../c")));
        symlink("loop", path("loop")).expect("linked");
        assert!(follow(&path("loop")).is_err());
    }

    #[test]
    fn what_is_open_is_told_from_files() {
        for path in ["/dev/fd/0", "/proc/self/fd/0", "/dev/stdin"] {
            let found = follow(Path::new(path)).expect("followed");
            assert!(matches!(found, Place::Open(_)), "{path}: {found:?}");
        }
        let null = Path::new("/dev/null");
        assert_eq!(follow(null).expect("there"), Place::Named(null.to_owned()));
    }
}
