//! What is known of revisions of a charm that its description was not read for.

use super::provenance::{Revisions, revisions};
use trustsim_yaml::{Node, Reader, Spanned, record};

type Text = Spanned<String>;

/// A generation of a charm: revisions that have the same libraries, endpoints, options and actions.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The revisions.
    pub revisions: Vec<Revisions>,
    /// The commit of the last revision, as the beginning of its hash.
    pub commit: Option<String>,
    /// Tracks whose newest revision is one of these.
    pub tracks: Vec<String>,
    /// What the charm has otherwise than its description, as a merge patch.
    pub patch: Option<Node>,
    /// Its options in place of those of its description.
    pub options: Option<Node>,
    /// Whether its code was not read, though that of its description was.
    pub facts_only: bool,
    /// What the charm does otherwise than it is played, a clause each whose subject is the charm.
    pub differs: Vec<String>,
    /// Clauses of its description that do not hold of it.
    pub does_not: Vec<String>,
}

record! {
    /// A generation of a charm.
    pub struct GenerationDeclaration {
        /// The revisions: `155` or `155..236`.
        #[schemars(required)]
        revisions: Vec<Text> = "revisions" [Required],
        /// The commit of its last revision.
        commit: Text = "commit",
        /// Tracks whose newest revision is one of these.
        tracks: Vec<String> = "tracks",
        /// What the description has otherwise, as a merge patch.
        charm: Node = "charm",
        /// Its options, in place of all those of the description: for generations that lack most of them.
        options: Node = "options",
        /// Whether its code was not read, though that of its description was.
        facts_only: bool = "facts-only",
        /// What the charm does otherwise than it is played.
        differs: Vec<String> = "differs",
        /// What the description says that the charm does otherwise, and these revisions do not.
        does_not: Vec<String> = "does-not",
    }
}

impl GenerationDeclaration {
    /// The generation that it declares. Mistakes are noted in the reader.
    pub fn to_generation(&self, reader: &mut Reader) -> Generation {
        Generation {
            revisions: revisions(&self.revisions, reader),
            commit: self.commit.as_ref().map(|commit| commit.value.clone()),
            tracks: self.tracks.iter().flatten().cloned().collect(),
            patch: self.charm.clone(),
            options: self.options.clone(),
            facts_only: self.facts_only == Some(true),
            differs: self.differs.iter().flatten().cloned().collect(),
            does_not: self.does_not.iter().flatten().cloned().collect(),
        }
    }
}
