//! Answers that were given before: a hook is a function of what it sees, so equal hooks are answered once, in this process
//! and, where a folder is given, in later ones.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use trustsim_files::{Access, create_folder, read_file, write_file};

/// So many answers are kept in memory; those before are forgotten.
const REMEMBERED: usize = 4096;
/// A longer file than this is none of ours.
const LONGEST: u64 = 64 << 20;

/// What an answer is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The key of a hook; `seed` where its answer depends on what is drawn at random.
    pub(crate) fn new(identity: &[u8; 32], asked: &str, seed: Option<&str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(identity);
        hash.update(asked);
        hash.update([u8::from(seed.is_some())]);
        if let Some(seed) = seed {
            hash.update(seed);
        }
        Self(hash.finalize().into())
    }
}

/// Where an answer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoundIn {
    Memory,
    Folder,
}

/// Answers, as the worker wrote them.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    remembered: BTreeMap<Key, Arc<str>>,
    order: VecDeque<Key>,
    folder: Option<PathBuf>,
}

impl Answers {
    /// From now on answers are kept in this folder, too.
    pub(crate) fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// The answer to a hook, where it was given before.
    pub(crate) fn find(&mut self, key: Key) -> Option<(Arc<str>, FoundIn)> {
        if let Some(found) = self.remembered.get(&key) {
            return Some((Arc::clone(found), FoundIn::Memory));
        }
        let bytes = read_file(&self.place(key)?, LONGEST).ok()?;
        // A file that was damaged is as good as none.
        let text: Arc<str> = String::from_utf8(bytes).ok()?.into();
        let body: Arc<str> = sealed(&text)?.into();
        self.remember(key, Arc::clone(&body));
        Some((body, FoundIn::Folder))
    }

    /// Keeps an answer. That a folder takes no files makes a later run slower and nothing else.
    pub(crate) fn keep(&mut self, key: Key, answer: &Arc<str>) {
        self.remember(key, Arc::clone(answer));
        let Some(place) = self.place(key) else {
            return;
        };
        let text = format!(
            "{}\n{answer}",
            hex::encode(Sha256::digest(answer.as_bytes()))
        );
        if let Some(folder) = place.parent()
            && create_folder(folder).is_ok()
        {
            let _ = write_file(&place, text.as_bytes(), Access::Private);
        }
    }

    fn remember(&mut self, key: Key, answer: Arc<str>) {
        if self.remembered.insert(key, answer).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.remembered.remove(&oldest);
        }
    }

    fn place(&self, key: Key) -> Option<PathBuf> {
        let name = hex::encode(key.0);
        let folder = self.folder.as_ref()?;
        Some(folder.join(&name[..2]).join(format!("{name}.json")))
    }
}

/// What is behind the digest in the first line, where that is its own.
fn sealed(text: &str) -> Option<&str> {
    let (digest, body) = text.split_once('\n')?;
    (hex::encode(Sha256::digest(body.as_bytes())) == digest).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_found_again_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = Key::new(&[1; 32], "{}", None);
        assert_ne!(key, Key::new(&[1; 32], "{}", Some("")));
        let mut first = Answers::default();
        first.keep_in(folder.path().join("answers"));
        assert_eq!(first.find(key), None);
        first.keep(key, &"an answer".into());
        assert_eq!(first.find(key), Some(("an answer".into(), FoundIn::Memory)));
        let mut second = Answers::default();
        second.keep_in(folder.path().join("answers"));
        assert_eq!(
            second.find(key),
            Some(("an answer".into(), FoundIn::Folder))
        );
        let place = second.place(key).expect("it has a folder");
        std::fs::write(&place, "0\nanother answer").expect("it can be written");
        let mut third = Answers::default();
        third.keep_in(folder.path().join("answers"));
        assert_eq!(third.find(key), None);
    }
}
