//! Where the description of a charm comes from, and which revisions it is about: what an answer that rests on
//! it is worth.
//!
//! A run plays descriptions of charms. Some were written beside the charm's own code at a named commit; others
//! were written without it, or by the author of a scenario, or are nothing but a name. A prediction is as good as
//! the worst description it needs, so each description says what it is.

use trustsim_kernel::is_invisible;
use trustsim_yaml::{Reader, Spanned, record};

type Text = Spanned<String>;

/// Where the description of a charm comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provenance {
    /// From the charm's own code and metadata.
    Read(Reading),
    /// From the catalogue, with keys that the scenario gives in place of its own.
    Adjusted(Box<Self>),
    /// From other sources than the charm's code.
    Unread {
        /// The repository where the code is, as `owner/name`.
        repository: String,
        /// What was not verified, such as `the charm's own code`.
        missing: String,
    },
    /// From the charm's own code, which plays it (`source`).
    OwnCode,
    /// From the `charms:` section of the scenario.
    Scenario,
    /// From the charm's own metadata: its endpoints and options are known, what it does with certificates is not.
    Metadata,
    /// Nothing but the name is known.
    Unknown,
    /// Not even the name is known: what was imported does not say it.
    Untold,
}

/// One reading of a charm's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The repository, as `owner/name`.
    pub repository: String,
    /// The commit, as the beginning of its hash.
    pub commit: String,
    /// Which revisions of the charm it is about; empty where that is not known.
    pub covers: Vec<Revisions>,
    /// Whether the revisions that it is about were compared by their libraries, endpoints, options and actions only, and
    /// not by their code. Nothing that rests on it is modelled, whether a revision is named or not.
    pub facts_only: bool,
    /// Whether it is a generation that was found by that comparison.
    pub is_generation: bool,
    /// Tracks of the charm of which it is known what they bring; empty where none is known.
    pub tracks: Vec<String>,
    /// The newest revision of the charm that is known, of whatever reading of its name; none where no revision is. What
    /// is newer was released after the charm was read, and may do anything.
    pub newest: Option<u64>,
    /// Where the description differs from the code on purpose without changing an answer; `trustsim charms` tells it.
    pub simplified: Vec<String>,
    /// What of the charm was not verified.
    pub unverified: Option<String>,
    /// What the charm is known to do otherwise than it is played, a clause each whose subject is the charm.
    pub differs: Vec<String>,
    /// What else it does otherwise while it lacks a relation.
    pub differs_without: Vec<DiffersWithout>,
}

/// What a charm does otherwise than it is played, unless it has a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffersWithout {
    /// Endpoints of which one is related where it does not.
    pub endpoints: Vec<String>,
    /// What it does, a clause whose subject is the charm.
    pub how: String,
}

/// Revisions of a charm on Charmhub, both ends included. There is no range without an end: a reading says nothing of what
/// was written after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revisions {
    /// The first.
    pub first: u64,
    /// The last, which is at least the first.
    pub last: u64,
}

/// What a deployment says of a charm beside its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pinned<'a> {
    /// The channel, such as `1.7/stable`.
    pub channel: Option<&'a str>,
    /// The series it is deployed on, such as `jammy`.
    pub series: Option<&'a str>,
    /// The revision on Charmhub.
    pub revision: Option<u64>,
    /// Its endpoints that relations name.
    pub endpoints: &'a [&'a str],
}

impl Provenance {
    /// Whether the charm's code was not read: what its description lacks the charm may have.
    pub fn is_unread(&self) -> bool {
        match self {
            Self::Adjusted(before) => before.is_unread(),
            Self::Unread { .. } => true,
            Self::Read(_)
            | Self::OwnCode
            | Self::Scenario
            | Self::Metadata
            | Self::Unknown
            | Self::Untold => false,
        }
    }

    /// The reading that it rests on, with or without keys of a scenario; none where the charm's code was not read.
    pub fn reading(&self) -> Option<&Reading> {
        match self {
            Self::Read(reading) => Some(reading),
            Self::Adjusted(before) => before.reading(),
            Self::Unread { .. }
            | Self::OwnCode
            | Self::Scenario
            | Self::Metadata
            | Self::Unknown
            | Self::Untold => None,
        }
    }

    /// The same description, with keys that a scenario gives in place of its own.
    #[must_use]
    pub fn adjusted(self) -> Self {
        match self {
            Self::Read(_) | Self::Unread { .. } => Self::Adjusted(Box::new(self)),
            Self::Adjusted(_) | Self::OwnCode => self,
            Self::Scenario | Self::Metadata | Self::Unknown | Self::Untold => Self::Scenario,
        }
    }
}

impl Reading {
    /// Whether it is about a revision.
    pub fn covers(&self, revision: u64) -> bool {
        self.covers.iter().any(|range| range.contains(revision))
    }
}

impl Pinned<'_> {
    /// The track that its channel names: `1.7` of `1.7/stable`, none of `stable`.
    pub fn track(&self) -> Option<&str> {
        track(self.channel?)
    }
}

const RISKS: [&str; 4] = ["stable", "candidate", "beta", "edge"];

/// The track that a channel names, as Juju reads channels: `1.7` of `1.7/stable`, none of `stable`.
pub fn track(channel: &str) -> Option<&str> {
    let first = channel.split('/').next();
    first.filter(|track| !RISKS.contains(track))
}

/// Whether Juju can read a text as a channel: `[track/]risk[/branch]`, or a track alone (juju/charm f5d79a50fdf9
/// `channel.go`, `ParseChannel`). A track or a branch may be any text that is not empty,
/// but no store has one with letters that are not seen.
pub fn is_channel(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    if parts.contains(&"") || text.contains(is_invisible) {
        return false;
    }
    match parts.as_slice() {
        [_] => true,
        [first, second] => RISKS.contains(second) || RISKS.contains(first),
        [_, risk, _] => RISKS.contains(risk),
        _ => false,
    }
}

impl Revisions {
    /// Whether a revision is one of these.
    pub fn contains(self, revision: u64) -> bool {
        (self.first..=self.last).contains(&revision)
    }
}

/// `155` or `155..236`.
impl std::str::FromStr for Revisions {
    type Err = UnknownRevisions;

    fn from_str(text: &str) -> Result<Self, UnknownRevisions> {
        let unknown = || UnknownRevisions(text.to_owned());
        let number = |text: &str| text.parse::<u64>().map_err(|_| unknown());
        let (first, last) = match text.split_once("..") {
            None => (number(text)?, number(text)?),
            Some((first, last)) => (number(first)?, number(last)?),
        };
        if last < first {
            return Err(unknown());
        }
        Ok(Self { first, last })
    }
}

impl std::fmt::Display for Revisions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { first, last } = self;
        match first == last {
            true => write!(out, "{first}"),
            false => write!(out, "{first} to {last}"),
        }
    }
}

/// A text that names no revisions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no revisions: write 155 or 155..236")]
pub struct UnknownRevisions(pub String);

record! {
    /// Where an entry of the catalogue was read.
    pub struct ReadingDeclaration {
        /// Repository with the charm's code, as `owner/name`.
        #[schemars(required)]
        repository: Text = "repository" [Required],
        /// Commit at which it was read.
        commit: Text = "commit",
        /// Revisions that it is about: `155` or `155..236`. The last is the newest that a tag names.
        revisions: Vec<Text> = "revisions",
        /// Whether of its revisions only libraries, endpoints, options and actions were compared, and not the code.
        facts_only: bool = "facts-only",
        /// Where what is played differs from the code on purpose.
        simplified: Vec<String> = "simplified",
        /// What was not verified.
        unverified: Text = "unverified",
        /// What the charm is known to do otherwise than it is played, such as `serves the leaf without its chain`.
        differs: Vec<String> = "differs",
        /// What else it does otherwise while it lacks a relation.
        differs_without: Vec<DiffersWithoutDeclaration> = "differs-without",
    }
}

record! {
    /// What a charm does otherwise than it is played, unless it has a relation.
    pub struct DiffersWithoutDeclaration {
        /// Endpoints of which one is related where it does not.
        #[schemars(required)]
        endpoints: Vec<String> = "endpoints" [Required],
        /// What it does.
        #[schemars(required)]
        how: String = "how" [Required],
    }
}

impl ReadingDeclaration {
    /// The provenance that it declares. Mistakes are noted in the reader.
    pub(crate) fn to_provenance(&self, reader: &mut Reader) -> Option<Provenance> {
        let repository = self.repository.as_ref()?.value.clone();
        let unverified = self.unverified.as_ref().map(|text| text.value.clone());
        let Some(commit) = &self.commit else {
            let Some(missing) = unverified else {
                let message = "an entry without `commit` says what is `unverified`".to_owned();
                reader.bad_value(self.place, message, None);
                return None;
            };
            return Some(Provenance::Unread {
                repository,
                missing,
            });
        };
        let covers = revisions(&self.revisions, reader);
        Some(Provenance::Read(Reading {
            repository,
            commit: commit.value.clone(),
            covers,
            facts_only: self.facts_only == Some(true),
            is_generation: false,
            tracks: Vec::new(),
            newest: None,
            simplified: self.simplified.iter().flatten().cloned().collect(),
            unverified,
            differs: self.differs.iter().flatten().cloned().collect(),
            differs_without: self.differs_without(),
        }))
    }

    /// What is missing was noted when it was read.
    fn differs_without(&self) -> Vec<DiffersWithout> {
        let all = self.differs_without.iter().flatten();
        let complete = all.filter_map(|one| {
            Some(DiffersWithout {
                endpoints: one.endpoints.clone()?,
                how: one.how.clone()?,
            })
        });
        complete.collect()
    }
}

/// The ranges that are written. Mistakes are noted in the reader.
pub fn revisions(written: &Option<Vec<Text>>, reader: &mut Reader) -> Vec<Revisions> {
    let mut ranges = Vec::new();
    for text in written.iter().flatten() {
        match text.value.parse() {
            Ok(range) => ranges.push(range),
            Err(error) => reader.bad_value(text.place, format!("{error}"), None),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_have_an_end() {
        let read = |text: &str| text.parse::<Revisions>();
        let told = |text| read(text).map(|revisions| revisions.to_string());
        assert_eq!(told("155").as_deref(), Ok("155"));
        assert_eq!(told("155..236").as_deref(), Ok("155 to 236"));
        for text in ["310..", "..310", "236..155", ""] {
            assert_eq!(read(text), Err(UnknownRevisions(text.to_owned())), "{text}");
        }
        let revisions = read("155..236").expect("it is a range");
        let contained = [154, 155, 236, 237].map(|revision| revisions.contains(revision));
        assert_eq!(contained, [false, true, true, false]);
    }

    #[test]
    fn channels_are_read_as_juju_reads_them() {
        for (text, is_one, named) in [
            ("1.7/stable", true, Some("1.7")),
            ("stable", true, None),
            ("latest", true, Some("latest")),
            ("edge/fix-1", true, None),
            ("1/edge/fix-1", true, Some("1")),
            ("1.0/stabel", false, Some("1.0")),
            ("a/b/c/d", false, Some("a")),
            ("", false, Some("")),
            ("/stable", false, Some("")),
            ("stable/", false, None),
            ("1//fix", false, Some("1")),
            ("1;touch PWN/stable", true, Some("1;touch PWN")),
            ("1\u{1b}[2J/stable", false, Some("1\u{1b}[2J")),
        ] {
            assert_eq!((is_channel(text), track(text)), (is_one, named), "{text}");
        }
    }
}
