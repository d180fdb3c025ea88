//! The contents of a folder: its files, and last the seal that has the digest of each.
//!
//! ```text
//! {"trustsim": "0.1.0", "files": {"outages.csv": "9f86d081884c7d65..."}}
//! ```
//!
//! A seal is a JSON object with at least these two keys; `summary.json` has many more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::path::{Component, Path};

use ring::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A file by its path in a folder, `/` between the parts, with its bytes.
pub type NamedFile = (String, Vec<u8>);

/// Writes the bytes of a file, the same ones each time.
type Render<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;

/// Files by name with their SHA-256 in hexadecimal.
pub(crate) type Digests = BTreeMap<String, String>;

/// What a folder is to hold. A file is made while it is written, so that no large one has to be in memory.
pub struct Contents<'a> {
    files: Vec<(String, Render<'a>)>,
    names: BTreeSet<String>,
    seal: String,
    says: Map<String, Value>,
}

impl<'a> Contents<'a> {
    /// No file yet, and a seal of the name `seal`, which says `says` and the digests of all files.
    pub fn new(seal: &str, mut says: Map<String, Value>) -> Self {
        says.entry("trustsim")
            .or_insert_with(|| Value::from(env!("CARGO_PKG_VERSION")));
        Self {
            files: Vec::new(),
            names: BTreeSet::new(),
            seal: seal.to_owned(),
            says,
        }
    }

    /// Files, sealed by one more of the name `seal`.
    ///
    /// # Panics
    ///
    /// As [`Contents::add`].
    pub fn sealed(files: Vec<NamedFile>, seal: &str, says: Map<String, Value>) -> Self {
        let mut contents = Self::new(seal, says);
        for (name, bytes) in files {
            contents.add(name, move |writer| writer.write_all(&bytes));
        }
        contents
    }

    /// Adds a file. `render` writes its bytes, and the same ones each time.
    ///
    /// # Panics
    ///
    /// Where the name leads out of the folder, or another file has it.
    pub fn add(&mut self, name: String, render: impl Fn(&mut dyn Write) -> io::Result<()> + 'a) {
        assert!(is_plain(&name), "a file of a folder is in it: {name:?}");
        assert!(
            name != self.seal && self.names.insert(name.clone()),
            "the files of a folder have names of their own: {name}"
        );
        self.files.push((name, Box::new(render)));
    }

    /// Every file with its bytes in memory, the seal last.
    ///
    /// # Errors
    ///
    /// Those of what renders a file.
    pub fn render(&self) -> io::Result<Vec<NamedFile>> {
        let mut rendered = Vec::new();
        let (_, seal) = self.write(
            |_| Ok(Vec::new()),
            |name, bytes| {
                rendered.push((name.to_owned(), bytes?));
                Ok::<_, io::Error>(())
            },
        )?;
        rendered.push((self.seal.clone(), seal));
        Ok(rendered)
    }

    /// Writes each file but the seal into what `open` gives for its name, and closes it by `close`. Gives their digests
    /// and the bytes of the seal.
    pub(crate) fn write<W: Write, E>(
        &self,
        mut open: impl FnMut(&str) -> Result<W, E>,
        mut close: impl FnMut(&str, io::Result<W>) -> Result<(), E>,
    ) -> Result<(Digests, Vec<u8>), E> {
        let mut digests = Digests::new();
        let mut listed = Map::new();
        for (name, render) in &self.files {
            let mut hashing = Hashing {
                writer: open(name)?,
                context: Context::new(&SHA256),
            };
            let rendered = render(&mut hashing);
            close(name, rendered.map(|()| hashing.writer))?;
            let sha256 = hex::encode(hashing.context.finish());
            listed.insert(name.clone(), Value::from(sha256.as_str()));
            digests.insert(name.clone(), sha256);
        }
        let mut says = self.says.clone();
        says.insert("files".to_owned(), Value::Object(listed));
        let mut seal = serde_json::to_vec_pretty(&says)
            .expect("a value of strings and numbers can always be written");
        seal.push(b'\n');
        Ok((digests, seal))
    }

    /// The names of the files but the seal.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a file has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The name of the seal.
    pub(crate) fn seal(&self) -> &str {
        &self.seal
    }
}

impl fmt::Debug for Contents<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Passes bytes on, and knows their digest.
struct Hashing<W> {
    writer: W,
    context: Context,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.context.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// What makes a JSON file a seal of ours; it may say more.
#[derive(Deserialize)]
struct SealFile {
    #[serde(rename = "trustsim")]
    _version: String,
    files: Digests,
}

/// The files that a seal names; `None` where the bytes are no seal of ours.
pub(crate) fn sealed_files(bytes: &[u8]) -> Option<Digests> {
    let seal: SealFile = serde_json::from_slice(bytes).ok()?;
    seal.files
        .keys()
        .all(|name| is_plain(name))
        .then_some(seal.files)
}

/// Whether a name stays in its folder, and on one line.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let stays = parts.all(|part| matches!(part, Component::Normal(_)));
    stays && !name.is_empty() && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_has_the_digest_of_every_file() {
        let files = vec![("sub/a".to_owned(), b"abc".to_vec())];
        let contents = Contents::sealed(files, "it.json", Map::new());
        let rendered = contents.render().expect("rendered");
        let (name, bytes) = rendered.last().expect("a seal");
        let read = sealed_files(bytes).expect("a seal");
        assert_eq!((name.as_str(), read.len()), ("it.json", 1));
        assert_eq!(
            read["sub/a"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn what_is_no_seal_of_ours_is_told() {
        for text in [
            "",
            "[]",
            r#"{"files": {}}"#,
            r#"{"trustsim": "0.1.0"}"#,
            r#"{"trustsim": "0.1.0", "files": ["a"]}"#,
            r#"{"trustsim": "0.1.0", "files": {"../a": "0"}}"#,
            r#"{"trustsim": "0.1.0", "files": {"/etc/passwd": "0"}}"#,
        ] {
            assert_eq!(sealed_files(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn plain_names_stay_in_their_folder() {
        for (name, plain) in [
            ("a.csv", true),
            ("sub/a.pem", true),
            ("", false),
            ("/a", false),
            ("sub/../../a", false),
            ("a\nb", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name:?}");
        }
    }
}
