//! What touches the disk: reading up to a bound, and writing whole or not at all.
//!
//! A file is read up to a bound, and only where it is a file: a named pipe that nothing writes would keep the program
//! waiting for ever. A file is replaced by one rename; what is no file, such as `/dev/null`, is written into. A folder
//! has a seal, a JSON file with the digest of every other one: for example, `summary.json` of a run's folder says
//! `"files": {"outages.csv": "9f86d0...", ...}`. The seal is removed before anything else is replaced and comes last, so
//! that a folder whose seal agrees with its files is whole, whenever the program was killed.
//!
//! Must not know what any file means.

mod contents;
mod folder;
mod made;
mod place;
mod read;
mod scratch;
mod sealed;
mod write;
mod writing;

pub use contents::{Contents, NamedFile};
pub use folder::{FolderError, write_folder};
pub use made::{NewFolder, remove_folder};
pub use read::{NotAFile, ReadError, list_folder, open_file, read_file, read_start};
pub use scratch::ScratchFolder;
pub use sealed::{Seal, SealError};
pub use write::{Access, FileWriter, WriteError, create_folder, write_file};
