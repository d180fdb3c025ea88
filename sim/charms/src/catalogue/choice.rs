//! Which entry of the catalogue plays a charm, where several have its name: generations of one charm that do
//! different things, or two charms that share a name.
//!
//! What lacks an endpoint that a relation of the deployment names is out of the question, where another one has it: Juju
//! would refuse the relation. Of the others a revision decides first, as each entry says which revisions it was read for,
//! and each of its generations which ones it has. For example, `self-signed-certificates` at revision 155 or in
//! `latest/stable` never renews its CA, and in `1/stable` it does.
//!
//! A revision that is in no range is near to some range. That is better evidence than the track: revision 5 of
//! `self-signed-certificates` is older than any that was read, and a track that was made years later does not change
//! what is in it, whatever `1/stable` brings today. It is not where the ranges of the track lie on both sides of the
//! revision, or where the revision is beyond all ranges: tracks that are developed side by side share one sequence of
//! numbers (`postgresql` 14 and 16 in turn), so that the next number may be of either, and only the track tells. Nor is it
//! where no range is known of what the track brings, since nothing can be near to that (`vault` in the tracks of
//! openstack/charm-vault). Without a revision the track decides, then the series.

use std::collections::BTreeSet;

use super::catalogue;
use super::generations::{EntryGeneration, generations};
use crate::{CharmMetadata, KnownCharm, Pinned, Provenance, Revisions};

/// The known charm of a Charmhub name, in the generation that is deployed.
pub fn known_charm(name: &str, pinned: Pinned<'_>) -> Option<KnownCharm> {
    let mut charm = choose(name, pinned)?.charm().clone();
    if let Provenance::Read(reading) = &mut charm.metadata.provenance {
        let known: BTreeSet<String> = namesakes(name)
            .flat_map(|choice| choice.tracks().to_vec())
            .collect();
        reading.tracks = known.into_iter().collect();
        reading.newest = newest_revision(name);
    }
    Some(charm)
}

/// The newest revision of a charm that is known, of whatever entry or generation; none where no revision is. What is newer
/// was released after the charm was read.
fn newest_revision(name: &str) -> Option<u64> {
    let last = namesakes(name).filter_map(|choice| newest(choice.ranges()));
    last.max()
}

/// The last revision of some ranges.
fn newest(ranges: &[Revisions]) -> Option<u64> {
    ranges.iter().map(|range| range.last).max()
}

/// The key of the entry that plays a charm, or whose generation does.
pub fn entry_key(name: &str, pinned: Pinned<'_>) -> Option<&'static str> {
    Some(choose(name, pinned)?.key)
}

/// One way in which a charm can be played.
#[derive(Clone, Debug)]
pub struct KnownReading {
    /// The key of the entry of the catalogue.
    pub key: &'static str,
    /// Whether it is an earlier generation of the entry.
    pub is_generation: bool,
    /// Tracks that bring it.
    pub tracks: Vec<String>,
    /// Its revisions, also where its code was not read; empty where no tag of its repository tells.
    pub revisions: Vec<Revisions>,
    /// The charm.
    pub charm: KnownCharm,
}

/// Every way in which the charm of a name can be played: its entries, each with its generations after it.
pub fn readings(name: &str) -> Vec<KnownReading> {
    let reading = |choice: Choice| KnownReading {
        key: choice.key,
        is_generation: !choice.is_entry(),
        tracks: choice.tracks().to_vec(),
        revisions: choice.ranges().to_vec(),
        charm: choice.charm().clone(),
    };
    namesakes(name).map(reading).collect()
}

/// The revisions of a charm that have an option, as far as they were read or compared: those of each entry of its name
/// and of each generation that has it, in ascending order. An entry that names no revisions has none to tell.
pub fn revisions_with_option(name: &str, option: &str) -> Vec<Revisions> {
    let having = namesakes(name).filter(|choice| choice.has_option(option));
    let mut ranges: Vec<Revisions> = having.flat_map(|choice| choice.ranges().to_vec()).collect();
    ranges.sort_unstable();
    ranges
}

/// The revisions of a charm that have an action, as those with an option are told.
pub fn revisions_with_action(name: &str, action: &str) -> Vec<Revisions> {
    let having = namesakes(name).filter(|choice| {
        let actions = &choice.charm().metadata.actions;
        actions.iter().any(|own| own == action)
    });
    let mut ranges: Vec<Revisions> = having.flat_map(|choice| choice.ranges().to_vec()).collect();
    ranges.sort_unstable();
    ranges
}

/// An entry, or one of its generations.
#[derive(Clone, Copy)]
struct Choice {
    key: &'static str,
    entry: &'static KnownCharm,
    generation: Option<&'static EntryGeneration>,
}

impl Choice {
    fn charm(self) -> &'static KnownCharm {
        match self.generation {
            Some(generation) => generation.charm(),
            None => self.entry,
        }
    }

    fn is_entry(&self) -> bool {
        self.generation.is_none()
    }

    fn tracks(&self) -> &[String] {
        match self.generation {
            Some(generation) => generation.tracks(),
            None => &self.entry.tracks,
        }
    }

    fn has_option(&self, option: &str) -> bool {
        match self.generation {
            Some(generation) => generation.options().contains(option),
            None => self.entry.metadata.options.contains_key(option),
        }
    }

    /// Whether it has endpoints of these names.
    fn has_endpoints(self, names: &[&str]) -> bool {
        let charm = self.charm();
        let known = &charm.metadata.endpoints;
        let mut names = names.iter();
        names.all(|name| known.iter().any(|endpoint| endpoint.name == **name))
    }

    fn ranges(&self) -> &[Revisions] {
        match self.generation {
            Some(generation) => generation.revisions(),
            None => covers(&self.entry.metadata),
        }
    }
}

fn choose(name: &str, pinned: Pinned<'_>) -> Option<Choice> {
    let mut choices: Vec<Choice> = namesakes(name).collect();
    // Generations of one entry are told apart by revision and track alone.
    let keys: BTreeSet<&str> = choices.iter().map(|choice| choice.key).collect();
    if keys.len() > 1 && !pinned.endpoints.is_empty() {
        let fitting: Vec<Choice> = choices
            .iter()
            .copied()
            .filter(|choice| choice.has_endpoints(pinned.endpoints))
            .collect();
        if !fitting.is_empty() {
            choices = fitting;
        }
    }
    let find = |test: &dyn Fn(&Choice) -> bool| choices.iter().position(test);
    let track = pinned.track();
    let series = pinned.series.filter(|_| track.is_none());
    let by_revision = || covering(&choices, pinned.revision?);
    let by_track = || {
        let track = track?;
        let of_entry = find(&|choice| choice.is_entry() && has(choice.tracks(), track));
        of_entry.or_else(|| find(&|choice| has(choice.tracks(), track)))
    };
    let by_series = || {
        let series = series?;
        find(&|choice| choice.is_entry() && has(&choice.entry.series, series))
    };
    let by_distance = || nearest(&choices, pinned.revision?);
    let found = by_revision()
        .or_else(|| {
            let of_track = by_track()?;
            let outweighs = pinned
                .revision
                .is_some_and(|revision| outweighs_its_track(&choices, of_track, revision));
            if outweighs {
                by_distance()
            } else {
                Some(of_track)
            }
        })
        .or_else(by_series)
        .or_else(by_distance)
        .or_else(|| find(&|choice| choice.key == name))
        // Entries come before their generations.
        .or((!choices.is_empty()).then_some(0));
    found.map(|index| choices[index])
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|own| own == wanted)
}

/// Every entry of a name, and its generations.
fn namesakes(name: &str) -> impl Iterator<Item = Choice> {
    let entries = catalogue().iter();
    let named = entries.filter(move |(_, known)| known.metadata.name == name);
    named.flat_map(|(key, entry)| {
        let generations = generations(key).iter().map(Some);
        let all = std::iter::once(None).chain(generations);
        all.map(move |generation| Choice {
            key,
            entry,
            generation,
        })
    })
}

/// The revisions that a description is about.
fn covers(metadata: &CharmMetadata) -> &[Revisions] {
    match &metadata.provenance {
        Provenance::Read(reading) => &reading.covers,
        _ => &[],
    }
}

/// The choice for a revision. Of several it is the one with the smallest range: a track that is continued beside the main
/// line has revisions among those of the main line.
fn covering(choices: &[Choice], revision: u64) -> Option<usize> {
    let ranges = choices.iter().enumerate().flat_map(|(index, choice)| {
        let ranges = choice.ranges().iter();
        ranges.map(move |range| (*range, index))
    });
    let having = ranges.filter(|(range, _)| range.contains(revision));
    let smallest = having.min_by_key(|(range, _)| range.last - range.first);
    smallest.map(|(_, index)| index)
}

/// Whether a revision that is in no range says more than its track, which brings the choice `of_track`.
fn outweighs_its_track(choices: &[Choice], of_track: usize, revision: u64) -> bool {
    let is_below = |range: &Revisions| range.last < revision;
    let own = choices[of_track].ranges();
    let is_between = own.iter().any(is_below) && !own.iter().all(is_below);
    let mut all = choices.iter().flat_map(|choice| choice.ranges());
    let is_beyond = all.all(is_below);
    !own.is_empty() && !is_between && !is_beyond
}

/// The choice whose revisions are nearest to one that none was read for. Of an entry without revisions no tag names that of
/// its commit, which is later than those of all its generations: what is later than them is nearest to the entry.
fn nearest(choices: &[Choice], revision: u64) -> Option<usize> {
    let distance = |range: &Revisions| match range.last < revision {
        true => revision - range.last,
        false => range.first.abs_diff(revision),
    };
    let ranges = choices.iter().enumerate().flat_map(|(index, choice)| {
        let ranges = choice.ranges().iter();
        ranges.map(move |range| (distance(range), index))
    });
    let (_, index) = ranges.min_by_key(|(distance, _)| *distance)?;
    let key = choices[index].key;
    let mut own = choices.iter().filter(|choice| choice.key == key);
    let is_later = own.all(|choice| newest(choice.ranges()).is_none_or(|last| last < revision));
    let mut all = choices.iter();
    let entry = all.position(|choice| choice.key == key && choice.is_entry());
    let later = entry.filter(|entry| is_later && choices[*entry].ranges().is_empty());
    Some(later.unwrap_or(index))
}

#[cfg(test)]
mod tests;
