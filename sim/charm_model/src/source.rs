//! A charm whose hooks its own code plays: where that code lies, and what runs it.
//!
//! The run calls it through the same door as every other charm ([`super::Charm`]). What the code is written in is the
//! business of the crate above that implements [`SourceCode`].

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Authority, Charm, EndpointKeys, Implementation, Requests, Setup};

/// The registration of a charm that its own code plays. A declaration with `source` leads here.
pub static OWN_CODE: Implementation = Implementation {
    behaviour: "source",
    build: |setup| {
        let source = setup.metadata.source.as_ref();
        let source = source.expect("a charm that its own code plays has that code");
        source.0.charm(setup)
    },
    endpoint_keys: EndpointKeys::Listed(&[]),
    plays_any_endpoint: true,
    writes_files: true,
    requests: Requests::ByProfile,
    ..Implementation::NONE
};

/// The same of a charm that provides certificates. Which CA its code has is seen when it runs; until then it is taken for a
/// root of its own.
pub static OWN_CODE_OF_CA: Implementation = Implementation {
    behaviour: "source-of-ca",
    authority: Authority::OwnRoot,
    ..OWN_CODE
};

/// The code of a charm, and what runs it.
pub trait SourceCode: Debug + Send + Sync {
    /// The charm's folder.
    fn folder(&self) -> &Path;

    /// The program that runs it.
    fn interpreter(&self) -> &Path;

    /// Has this program run it, where none was named and nothing was run yet.
    fn use_interpreter(&self, python: PathBuf);

    /// Whether the program that runs it was named, or found in the charm's folder.
    fn has_interpreter(&self) -> bool;

    /// What one application of the charm runs. Applications and clones of a world share what runs the code.
    fn charm(&self, setup: &Setup<'_>) -> Arc<dyn Charm>;

    /// Where answers are kept for later runs. Without it they are kept for as long as this value is there.
    fn keep_answers_in(&self, folder: PathBuf);

    /// What of the code could not be played so far, in the order of the alphabet; no answer that rests on the charm holds
    /// then.
    fn unplayed(&self) -> Vec<String>;

    /// How its hooks were answered so far.
    fn answered(&self) -> Answered;
}

/// How many hooks were answered, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// By running the charm's code.
    pub run: u64,
    /// As an equal hook of this process was before.
    pub again: u64,
    /// As an equal hook of an earlier run was.
    pub kept: u64,
}

/// The code of a charm. Two are equal when the same program runs the same folder.
#[derive(Clone, Debug)]
pub struct CharmSource(pub Arc<dyn SourceCode>);

impl PartialEq for CharmSource {
    fn eq(&self, other: &Self) -> bool {
        (self.0.folder(), self.0.interpreter()) == (other.0.folder(), other.0.interpreter())
    }
}

impl Eq for CharmSource {}
