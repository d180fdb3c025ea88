//! Texts and fonts that the program carries, packed.
//!
//! The catalogue, the table of interfaces, the worker and the fonts of plots are 1.8 MB, and 0.8 MB packed. A build script
//! packs them ([`pack_files`], [`pack`]), and the crate itself unpacks them when they are first asked for ([`packed!`]). What
//! they mean is the matter of the crate that has them.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// How the names of what is packed end.
const ENDING: &str = "deflate";

/// The bytes of what the build script of the crate has packed under this name, unpacked: a `Vec<u8>`.
#[macro_export]
macro_rules! packed {
    ($name:literal) => {
        $crate::unpack(include_bytes!(concat!(
            env!("OUT_DIR"),
            "/",
            $name,
            ".deflate"
        )))
    };
}

/// The text of what the build script of the crate has packed under this name: a `String`.
#[macro_export]
macro_rules! packed_text {
    ($name:literal) => {
        String::from_utf8($crate::packed!($name)).expect("a text was packed")
    };
}

/// For build scripts: packs files into `folder` (cargo's `OUT_DIR`), each under its own name, and tells cargo to build again
/// when one changes.
///
/// # Panics
///
/// Where a file cannot be read or written, or two have one name: without them nothing can be built.
#[expect(
    clippy::print_stdout,
    reason = "cargo reads what a build script prints"
)]
pub fn pack_files<'a>(files: impl IntoIterator<Item = &'a str>, folder: &Path) {
    let mut known: Vec<&str> = Vec::new();
    for file in files {
        println!("cargo::rerun-if-changed={file}");
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_else(|| panic!("{file} has no name"));
        assert!(!known.contains(&name), "two files are named {name}");
        known.push(name);
        let bytes = fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        pack(name, &bytes, folder);
    }
}

/// For build scripts: packs bytes into `folder` under a name.
///
/// # Panics
///
/// Where the folder cannot be written to.
pub fn pack(name: &str, bytes: &[u8], folder: &Path) {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    let packed = written.expect("memory can be written to");
    let path: PathBuf = folder.join(format!("{name}.{ENDING}"));
    fs::write(&path, packed).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// What [`pack`] has packed.
///
/// # Panics
///
/// Where it has not: what the program carries is whole.
pub fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = DeflateDecoder::new(packed).read_to_end(&mut bytes);
    read.expect("what the program carries is whole");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_as_it_was() {
        let folder = std::env::temp_dir().join(format!("trustsim-packed-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        for bytes in [&b""[..], &[7; 100_000], "Zertifikat für é".as_bytes()] {
            pack("bytes", bytes, &folder);
            let packed = fs::read(folder.join("bytes.deflate")).expect("it was written");
            assert!(packed.len() < 1_000, "{} bytes", packed.len());
            assert_eq!(unpack(&packed), bytes);
        }
        fs::remove_dir_all(&folder).expect("it is there");
    }

    #[test]
    #[should_panic(expected = "what the program carries is whole")]
    fn what_was_cut_off_is_not_taken() {
        let folder = std::env::temp_dir().join(format!("trustsim-cut-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        pack("bytes", &[7; 1_000], &folder);
        let packed = fs::read(folder.join("bytes.deflate")).expect("it was written");
        fs::remove_dir_all(&folder).expect("it is there");
        unpack(&packed[..packed.len() - 1]);
    }
}
