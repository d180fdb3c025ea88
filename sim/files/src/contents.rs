//! The contents of a folder: its files, and last the seal that has the digest of each.
//!
//! ```text
//! {"trustsim": "0.1.0", "files": {"outages.csv": "9f86d081884c7d65..."}}
//! ```
//!
//! A seal is a JSON object with at least these two keys; `summary.json` has many more.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A file by its path in a folder, `/` between the parts, with its bytes.
pub type NamedFile = (String, Vec<u8>);

/// Files by name with their SHA-256 in hexadecimal.
pub(crate) type Digests = BTreeMap<String, String>;

/// What a folder is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The seal is the last.
    files: Vec<NamedFile>,
    digests: Digests,
}

impl Contents {
    /// Files, sealed by one more of the name `seal`, which says `says` and the digests of the others.
    ///
    /// # Panics
    ///
    /// Where two files have one name, or a name leads out of the folder.
    pub fn sealed(files: Vec<NamedFile>, seal: &str, mut says: Map<String, Value>) -> Self {
        let mut digests = Digests::new();
        let mut listed = Map::new();
        for (name, bytes) in &files {
            assert!(is_plain(name), "a file of a folder is in it: {name:?}");
            let sha256 = hex::encode(digest(&SHA256, bytes));
            listed.insert(name.clone(), Value::from(sha256.as_str()));
            let before = digests.insert(name.clone(), sha256);
            assert!(
                before.is_none() && name != seal,
                "the files of a folder have names of their own: {name}"
            );
        }
        says.entry("trustsim")
            .or_insert_with(|| Value::from(env!("CARGO_PKG_VERSION")));
        says.insert("files".to_owned(), Value::Object(listed));
        let mut bytes = serde_json::to_vec_pretty(&says)
            .expect("a value of strings and numbers can always be written");
        bytes.push(b'\n');
        let mut files = files;
        files.push((seal.to_owned(), bytes));
        Self { files, digests }
    }

    /// Every file, the seal last.
    pub fn files(&self) -> &[NamedFile] {
        &self.files
    }

    /// The files that are sealed, and the name of the seal.
    pub(crate) fn parts(&self) -> (&[NamedFile], &str) {
        let (seal, files) = self.files.split_last().expect("contents have a seal");
        (files, &seal.0)
    }

    /// Every file but the seal with its digest.
    pub(crate) fn digests(&self) -> &Digests {
        &self.digests
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
        let (name, bytes) = contents.files().last().expect("a seal");
        let read = sealed_files(bytes).expect("a seal");
        assert_eq!((name.as_str(), &read), ("it.json", contents.digests()));
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
