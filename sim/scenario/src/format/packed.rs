//! Packed charms: what `charmcraft pack` makes of a charm, a zip archive with its metadata at the root
//! (canonical/charmcraft `charmcraft/services/package.py`). Only the files that are asked for are unpacked.

use std::io::{Cursor, Read};

// `zip` unpacks through it, and leaves to its user by which code that inflates.
use flate2 as _;
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest packed charm that is read: it carries its code and the libraries of that.
pub(crate) const PACKED_SIZE_MAX: u64 = 256 * 1024 * 1024;

/// Largest file of metadata that is unpacked. The longest of a real charm has some 100 KiB.
pub(crate) const UNPACKED_SIZE_MAX: u64 = 1024 * 1024;

/// Why a packed charm cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackedError {
    /// It is no zip archive, or a damaged one.
    #[error("it is no whole zip archive")]
    Archive(#[source] ZipError),
    /// A file in it cannot be unpacked.
    #[error("its `{name}` cannot be unpacked ({error})")]
    Member {
        /// The file.
        name: &'static str,
        /// What the archive says.
        error: ZipError,
    },
    /// A file in it is damaged: its length or its checksum is wrong.
    #[error("its `{name}` is damaged ({error})")]
    Damaged {
        /// The file.
        name: &'static str,
        /// What is wrong.
        error: std::io::Error,
    },
    /// A file in it is larger than any metadata.
    #[error("its `{name}` is larger than {} MiB", UNPACKED_SIZE_MAX / 1024 / 1024)]
    TooLarge {
        /// The file.
        name: &'static str,
    },
    /// A file in it is no text.
    #[error("its `{name}` is not UTF-8 text")]
    NotText {
        /// The file.
        name: &'static str,
    },
}

/// Whether bytes are those of a zip archive: they begin with the signature of its first file.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// The texts of those of `names` that are at the root of a packed charm, in the order of `names`.
pub(crate) fn unpacked(
    bytes: &[u8],
    names: &[&'static str],
) -> Result<Vec<(&'static str, String)>, PackedError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(PackedError::Archive)?;
    let mut found = Vec::new();
    for &name in names {
        let member = match archive.by_name(name) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => continue,
            Err(error) => return Err(PackedError::Member { name, error }),
        };
        let mut content = Vec::new();
        // What an archive says of the size of a file may be wrong: what comes is counted.
        let read = member.take(UNPACKED_SIZE_MAX + 1).read_to_end(&mut content);
        read.map_err(|error| PackedError::Damaged { name, error })?;
        if content.len() as u64 > UNPACKED_SIZE_MAX {
            return Err(PackedError::TooLarge { name });
        }
        match String::from_utf8(content) {
            Ok(text) if !text.contains('\0') => found.push((name, text)),
            _ => return Err(PackedError::NotText { name }),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use zip::CompressionMethod;
    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    const NAMES: [&str; 2] = ["metadata.yaml", "config.yaml"];

    fn packed(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, content) in members {
            writer.start_file(*name, options).expect("it fits");
            writer.write_all(content).expect("it fits");
        }
        writer.finish().expect("it fits").into_inner()
    }

    fn charm(method: CompressionMethod) -> Vec<u8> {
        let metadata = "name: web\nrequires: {certificates: {interface: tls-certificates}}\n";
        packed(
            &[
                ("src/charm.py", b"import ops\n"),
                ("metadata.yaml", metadata.as_bytes()),
                ("lib/metadata.yaml", b"name: other\n"),
                ("config.yaml", b"options: {}\n"),
            ],
            method,
        )
    }

    fn refused(bytes: &[u8]) -> String {
        unpacked(bytes, &NAMES).expect_err("refused").to_string()
    }

    #[test]
    fn only_what_is_asked_for_is_unpacked_and_only_at_the_root() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = charm(method);
            assert!(is_packed(&bytes));
            let found = unpacked(&bytes, &NAMES).expect("whole");
            let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, NAMES);
            assert!(found[0].1.starts_with("name: web\n"), "{found:?}");
            assert_eq!(found[1].1, "options: {}\n");
        }
        let empty = packed(&[("README", b"")], CompressionMethod::Stored);
        assert_eq!(unpacked(&empty, &NAMES).expect("whole"), []);
    }

    #[test]
    fn what_cannot_be_a_charm_says_why() {
        let mut large = vec![b'#'; 1024 * 1024];
        let pack = |content: &[u8]| {
            let members = [("metadata.yaml", content)];
            packed(&members, CompressionMethod::Deflated)
        };
        assert_eq!(unpacked(&pack(&large), &NAMES).expect("it fits").len(), 1);
        large.push(b'#');
        assert_eq!(
            refused(&pack(&large)),
            "its `metadata.yaml` is larger than 1 MiB"
        );
        for content in [&b"\xff"[..], b"a\0b"] {
            assert_eq!(
                refused(&pack(content)),
                "its `metadata.yaml` is not UTF-8 text"
            );
        }
        for bytes in [&b""[..], b"name: web\n", b"PK\x03\x04"] {
            assert_eq!(refused(bytes), "it is no whole zip archive");
        }
    }

    #[test]
    fn a_truncated_archive_is_refused() {
        let whole = charm(CompressionMethod::Deflated);
        for length in 0..whole.len() {
            unpacked(&whole[..length], &NAMES).expect_err("its directory is at its end");
        }
    }

    /// The checksum is that of the file: a byte that is wrong in it is never passed on.
    #[test]
    fn a_damaged_file_is_refused() {
        let mut bytes = charm(CompressionMethod::Stored);
        let at = bytes.windows(4).position(|part| part == b" web");
        bytes[at.expect("it is stored") + 1] = b'W';
        assert_eq!(
            refused(&bytes),
            "its `metadata.yaml` is damaged (Invalid checksum)"
        );
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            is_stored: bool,
        ) {
            let method = match is_stored {
                true => CompressionMethod::Stored,
                false => CompressionMethod::Deflated,
            };
            let mut bytes = charm(method);
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            // What can still be read has the right checksum.
            if let Ok(found) = unpacked(&bytes, &NAMES) {
                prop_assert!(found.len() <= NAMES.len());
            }
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut begun = b"PK\x03\x04".to_vec();
            begun.extend(&bytes);
            // The end of a central directory with whatever comes before it.
            begun.extend(b"PK\x05\x06");
            begun.extend(&bytes[..bytes.len().min(18)]);
            prop_assert!(unpacked(&bytes, &NAMES).is_err());
            if let Ok(found) = unpacked(&begun, &NAMES) {
                prop_assert!(found.len() <= NAMES.len());
            }
        }
    }
}
