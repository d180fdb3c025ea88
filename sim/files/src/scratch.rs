//! A folder for what a process leaves while it runs, which is removed with its owner.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

/// A folder where the system keeps what is temporary, for this user alone. It is removed, with all that is in it, where it
/// is dropped.
#[derive(Debug)]
pub struct ScratchFolder(TempDir);

impl ScratchFolder {
    /// Makes one whose name begins so.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        let for_one_user = Permissions::from_mode(0o700);
        let made = builder.prefix(prefix).permissions(for_one_user).tempdir();
        Ok(Self(made?))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_for_one_user_and_goes_with_its_owner() {
        let folder = ScratchFolder::new("trustsim-test-").expect("it can be made");
        let path = folder.path().to_owned();
        std::fs::write(path.join("key"), "k").expect("it can be written");
        let found = std::fs::metadata(&path).expect("it is there");
        assert_eq!(found.permissions().mode() & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }
}
