//! Which entry of the catalogue plays a charm, where several have its name: generations of one charm that do
//! different things, or two charms that share a name.
//!
//! A revision decides first, as each entry says which revisions it was read for, and of which others it is known what
//! differs. Then the track of the channel, then the series; then the entry whose revisions are nearest. For example, `self-signed-certificates` at revision 155 or in
//! `latest/stable` never renews its CA, and in `1/stable` it does.

use super::catalogue;
use crate::{CharmMetadata, KnownCharm, Pinned, Provenance, Revisions};

/// The known charm of a Charmhub name.
pub fn known_charm(name: &str, pinned: Pinned<'_>) -> Option<&'static KnownCharm> {
    let namesakes: Vec<&KnownCharm> = catalogue()
        .values()
        .filter(|known| known.metadata.name == name)
        .collect();
    let listed = |of: fn(&KnownCharm) -> &[String], wanted: &str| {
        let mut known = namesakes.iter();
        known.find(|known| of(known).iter().any(|own| own == wanted))
    };
    let track = track(pinned.channel);
    let by_revision = pinned
        .revision
        .and_then(|revision| covering(&namesakes, revision));
    let by_track = || listed(|known| &known.tracks, track?).copied();
    let by_series = || {
        let series = pinned.series.filter(|_| track.is_none())?;
        listed(|known| &known.series, series).copied()
    };
    let nearest = || nearest(&namesakes, pinned.revision.filter(|_| track.is_none())?);
    let by_difference = || known_to_differ(&namesakes, pinned.revision?);
    by_revision
        .or_else(by_difference)
        .or_else(by_track)
        .or_else(by_series)
        .or_else(nearest)
        .or_else(|| catalogue().get(name))
}

/// The track that a channel names.
fn track(channel: Option<&str>) -> Option<&str> {
    const RISKS: [&str; 4] = ["stable", "candidate", "beta", "edge"];
    let first = channel?.split('/').next();
    first.filter(|track| !RISKS.contains(track))
}

/// The revisions that a description is about.
fn covers(metadata: &CharmMetadata) -> &[Revisions] {
    match &metadata.provenance {
        Provenance::Read(reading) => &reading.covers,
        _ => &[],
    }
}

/// The charm that was read for a revision. Of several it is the one with the smallest range: a track that is continued
/// beside the main line has revisions among those of the main line.
fn covering<'a>(namesakes: &[&'a KnownCharm], revision: u64) -> Option<&'a KnownCharm> {
    let ranges = namesakes.iter().flat_map(|known| {
        let ranges = covers(&known.metadata).iter();
        ranges.map(move |range| (*range, *known))
    });
    let having = ranges.filter(|(range, _)| range.contains(revision));
    let smallest = having.min_by_key(|(range, _)| {
        let size = range.last.map(|last| last - range.first);
        // An open range is larger than any other.
        (size.is_none(), size)
    });
    smallest.map(|(_, known)| known)
}

/// The charm of which it is known what it does otherwise at a revision.
fn known_to_differ<'a>(namesakes: &[&'a KnownCharm], revision: u64) -> Option<&'a KnownCharm> {
    let mut known = namesakes.iter();
    let found = known.find(|known| match &known.metadata.provenance {
        Provenance::Read(reading) => reading.earlier(revision).is_some(),
        _ => false,
    });
    found.copied()
}

/// The charm whose revisions are nearest to one that none was read for.
fn nearest<'a>(namesakes: &[&'a KnownCharm], revision: u64) -> Option<&'a KnownCharm> {
    let distance = |range: &Revisions| match range.last {
        Some(last) if last < revision => revision - last,
        _ => range.first.abs_diff(revision),
    };
    let ranges = namesakes.iter().flat_map(|known| {
        let ranges = covers(&known.metadata).iter();
        ranges.map(move |range| (distance(range), *known))
    });
    let nearest = ranges.min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, pinned: Pinned<'_>) -> &'static str {
        let found = known_charm(name, pinned).expect("it is known");
        let mut entries = catalogue().iter();
        let entry = entries.find(|(_, known)| std::ptr::eq(*known, found));
        entry.expect("it is in the catalogue").0
    }

    fn at(revision: u64) -> Pinned<'static> {
        Pinned {
            revision: Some(revision),
            ..Pinned::default()
        }
    }

    fn in_channel(channel: &str) -> Pinned<'_> {
        Pinned {
            channel: Some(channel),
            ..Pinned::default()
        }
    }

    /// The tags `rev155`, `rev308`, `rev309`, `rev372` and `rev487` of canonical/self-signed-certificates-operator.
    #[test]
    fn a_revision_decides_which_generation_is_played() {
        for (revision, expected) in [
            (155, "self-signed-certificates-latest"),
            (308, "self-signed-certificates-before-309"),
            (309, "self-signed-certificates"),
            // The branch `latest` goes on among the revisions of the branch `main`.
            (372, "self-signed-certificates-latest"),
            (487, "self-signed-certificates"),
            // What differs is known.
            (166, "self-signed-certificates-before-309"),
            // Nothing was read before 131.
            (100, "self-signed-certificates-latest"),
        ] {
            assert_eq!(
                key("self-signed-certificates", at(revision)),
                expected,
                "{revision}"
            );
        }
        let both = Pinned {
            channel: Some("1/stable"),
            ..at(155)
        };
        assert_eq!(
            key("self-signed-certificates", both),
            "self-signed-certificates-latest"
        );
    }

    #[test]
    fn a_track_decides_where_there_is_no_revision() {
        let ssc = |channel| key("self-signed-certificates", in_channel(channel));
        assert_eq!(ssc("latest/edge"), "self-signed-certificates-latest");
        assert_eq!(ssc("1/stable"), "self-signed-certificates");
        // Its default track is 1.
        assert_eq!(ssc("edge"), "self-signed-certificates");
    }
}
