//! Nothing that a scenario says of a charm is ignored in silence: for every charm of the catalogue and every key of its
//! TLS endpoints and of its own, another value either changes what happens or is refused.

mod charm_keys;
mod endpoint_keys;
mod occasions;

use std::path::Path;

use trustsim::scenario::{Code, MemoryFiles, Severity, load};
use trustsim::world::Options;

/// What comes of a scenario: refused with these errors, or played to this journal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    Refused(Vec<(Code, String)>),
    Played(u64),
}

impl Came {
    /// Whether it was refused for what a key says, and for nothing else.
    fn is_refused_key(&self) -> bool {
        match self {
            Self::Refused(errors) => errors
                .iter()
                .all(|(code, _)| [Code::UnreadKey, Code::BadValue].contains(code)),
            Self::Played(_) => false,
        }
    }
}

fn came_of(text: &str) -> Came {
    let files = MemoryFiles::new([("s.yaml", text)]);
    match load(Path::new("s.yaml"), &files) {
        Err(wrong) => {
            let errors = wrong.list.into_iter();
            let errors = errors.filter(|found| found.severity == Severity::Error);
            Came::Refused(errors.map(|error| (error.code, error.message)).collect())
        }
        Ok(loaded) => {
            let record = crate::common::play(&loaded.deployment, Options::default());
            Came::Played(record.journal.fingerprint())
        }
    }
}

/// Asserts that no subject has keys that are ignored. `ignored` gives them, with how many were tried.
fn assert_none_ignored<T: Sync>(
    subjects: &[T],
    tried_min: usize,
    ignored: impl Fn(&T) -> (Vec<String>, usize) + Sync,
) {
    let came = crate::common::on_every_core(subjects, ignored);
    let (silent, tried): (Vec<Vec<String>>, Vec<usize>) = came.into_iter().unzip();
    let (mut silent, tried) = (silent.concat(), tried.into_iter().sum::<usize>());
    silent.sort();
    assert!(tried >= tried_min, "{tried}");
    assert!(
        silent.is_empty(),
        "{} of {tried} are ignored:\n{}",
        silent.len(),
        silent.join("\n")
    );
}
