//! `trustsim charms`: the charms of the catalogue, and what is known of one.
//!
//! It answers what a run of a deployment would rest on: at which commit a charm was read, for which revisions and tracks
//! that holds, which endpoints it has with which libraries, and where it is known to do something else than is played.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::args::Charms;
use crate::console::Console;
use crate::error::CliError;
use trustsim_charms::{
    Endpoint, KnownCharm, KnownReading, LibraryProfile, Protocol, Provenance, Revisions, Role,
    Server, catalogue, readings,
};
use trustsim_report::terminal::{Align, Cell, Table, style};
use trustsim_yaml::nearest;

pub(super) fn charms(args: &Charms, console: &mut Console<'_>) -> Result<(), CliError> {
    let Some(name) = &args.name else {
        return console.print(&listed(&names()));
    };
    let known = readings(name);
    if known.is_empty() {
        let else_hint = "`trustsim charms` without a name lists those that are";
        return Err(unknown(name, else_hint));
    }
    let pages: Vec<String> = known.iter().map(|each| page(each, &known)).collect();
    console.print(&pages.join("\n"))
}

/// The charms of the catalogue.
fn names() -> BTreeSet<&'static str> {
    let known = catalogue().values();
    known.map(|known| known.metadata.name.as_str()).collect()
}

/// The error for a charm that the catalogue does not have, with the nearest name, or else what can be done.
pub(super) fn unknown(name: &str, else_hint: &str) -> CliError {
    let error = CliError::usage(format!("no charm `{name}` is known"));
    match nearest(name, names()) {
        Some(near) => error.hint(format!("a similar charm is known: `{near}`")),
        None => error.hint(else_hint),
    }
}

/// One row for each charm.
fn listed(names: &BTreeSet<&str>) -> String {
    let mut table = Table::new(&[
        ("Charm", Align::Left),
        ("Revisions", Align::Left),
        ("Earlier", Align::Right),
        ("Read at", Align::Left),
        ("Not as played", Align::Left),
    ]);
    for name in names {
        let known = readings(name);
        let (earlier, entries): (Vec<_>, Vec<_>) =
            known.iter().partition(|each| each.is_generation);
        let mut earlier = Some(earlier.len()).filter(|count| *count > 0);
        for entry in entries {
            let source = &entry.charm.metadata.provenance;
            let count = earlier
                .take()
                .map_or_else(String::new, |count| count.to_string());
            table.row([
                Cell::new(name, style::DETAIL),
                Cell::plain(&short_ranges(entry)),
                Cell::plain(&count),
                Cell::plain(&read_at(source)),
                Cell::plain(&shortcoming(source)),
            ]);
        }
    }
    table.render()
}

/// Where a charm was read.
fn read_at(source: &Provenance) -> String {
    match source {
        Provenance::Read(reading) => format!("{} {}", reading.repository, reading.commit),
        Provenance::Unread { repository, .. } => format!("{repository}, not read"),
        other => panic!("a charm of the catalogue says where it was read: {other:?}"),
    }
}

/// What keeps an answer that rests on the charm from being modelled, in a few words.
fn shortcoming(source: &Provenance) -> String {
    match source {
        Provenance::Read(reading) => {
            let count = reading.differs.len() + usize::from(reading.unverified.is_some());
            match count {
                0 => String::new(),
                1 => "1 thing".to_owned(),
                count => format!("{count} things"),
            }
        }
        Provenance::Unread { .. } => "not verified".to_owned(),
        other => panic!("a charm of the catalogue says where it was read: {other:?}"),
    }
}

/// The last range, and how many there are before it; the tracks where no revision is known.
fn short_ranges(known: &KnownReading) -> String {
    match known.revisions.as_slice() {
        [] if known.tracks.is_empty() => "none known".to_owned(),
        [] => of_tracks(&known.tracks),
        [only] => only.to_string(),
        [_, last] => format!("{last}, and 1 earlier range"),
        [before @ .., last] => format!("{last}, and {} earlier ranges", before.len()),
    }
}

/// `track 1.8`, `tracks 1.5, 1.6`.
fn of_tracks(tracks: &[String]) -> String {
    let noun = match tracks {
        [_] => "track",
        _ => "tracks",
    };
    format!("{noun} {}", tracks.join(", "))
}

/// Which revisions a reading is about, or what is known in their place. `all` are the readings of the same name.
fn about(known: &KnownReading, all: &[KnownReading]) -> String {
    let ranges: Vec<String> = known.revisions.iter().map(Revisions::to_string).collect();
    let is_one = matches!(&known.revisions[..], [only] if only.last == only.first);
    let noun = if is_one { "revision" } else { "revisions" };
    if !ranges.is_empty() {
        return format!("{noun} {}", ranges.join(", "));
    }
    let source = &known.charm.metadata.provenance;
    let others = all.iter().filter(|other| other.key == known.key);
    let last = others
        .flat_map(|other| &other.revisions)
        .map(|range| range.last);
    match (source, last.max()) {
        (Provenance::Unread { .. }, _) => "not read".to_owned(),
        (_, Some(last)) => format!("later than revision {last}"),
        (_, None) => "no revision, since no tag of its repository names one".to_owned(),
    }
}

/// What of a charm that was read is taken of the revisions that came after it.
fn newer(known: &KnownReading, all: &[KnownReading]) -> Option<String> {
    let ranges = all.iter().flat_map(|reading| &reading.revisions);
    let newest = ranges.map(|range| range.last).max()?;
    Some(match known.revisions.is_empty() {
        true => format!("no tag names a revision after {newest}, which is assumed to be as this"),
        false => format!(
            "a revision after {newest} was not read, and is assumed to be as the newest of its track"
        ),
    })
}

/// What was compared of the revisions of a charm whose code was not read for each.
fn compared(charm: &KnownCharm) -> String {
    let but = match (charm.more_endpoints, charm.more_options) {
        (true, true) => ", but for endpoints and options that are not listed",
        (true, false) => ", but for endpoints that are not listed",
        (false, true) => ", but for options that are not listed",
        (false, false) => "",
    };
    format!("libraries, endpoints, options and actions of its revisions{but}; not their code")
}

/// All that is known of one reading.
fn page(known: &KnownReading, all: &[KnownReading]) -> String {
    let metadata = &known.charm.metadata;
    let source = &metadata.provenance;
    let mut text = format!("{}: {}\n", metadata.name, about(known, all));
    let mut add = |label: &str, value: &str| {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "  {label:<13} {value}");
    };
    // A generation was compared at its tag with the entry, which was read.
    match (source, known.is_generation) {
        (Provenance::Unread { repository, .. }, _) => add("repository", repository),
        (_, true) => add("compared at", &read_at(source)),
        (_, false) => add("read at", &read_at(source)),
    }
    if !known.tracks.is_empty() {
        add("tracks", &known.tracks.join(", "));
    }
    match source {
        Provenance::Read(reading) => {
            let newer = newer(known, all).filter(|_| !known.is_generation);
            newer.iter().for_each(|newer| add("newer", newer));
            if reading.facts_only {
                add("compared", &compared(&known.charm));
            }
            let missing = reading.unverified.iter();
            missing.for_each(|missing| add("not verified", missing));
            reading
                .differs
                .iter()
                .for_each(|how| add("not played", &format!("it {how}")));
            let lacking = reading.differs_without.iter();
            lacking.for_each(|one| add("not played", &format!("it {}", one.how)));
            reading
                .simplified
                .iter()
                .for_each(|how| add("simplified", how));
        }
        Provenance::Unread { missing, .. } => add("not verified", missing),
        other => panic!("a charm of the catalogue says where it was read: {other:?}"),
    }
    // A generation is told by what it has otherwise than its entry, which is its libraries and endpoints.
    for endpoint in metadata
        .endpoints
        .iter()
        .filter(|endpoint| is_tls(endpoint))
    {
        add("endpoint", &described(endpoint));
    }
    if known.is_generation {
        return text;
    }
    match metadata.server {
        Server::Tls => {}
        Server::Plain => add("server", "without TLS"),
        Server::None => add("server", "none"),
    }
    if let Some(stack) = &metadata.validator {
        add("judges as", stack);
    }
    let options: Vec<&str> = metadata.options.keys().map(String::as_str).collect();
    if !options.is_empty() {
        add("options", &options.join(", "));
    }
    if !metadata.actions.is_empty() {
        add("actions", &metadata.actions.join(", "));
    }
    text
}

fn is_tls(endpoint: &Endpoint) -> bool {
    ["tls-certificates", "certificate_transfer"].contains(&&*endpoint.interface)
}

/// `certificates: requires tls-certificates (tls-certificates-v4)`.
fn described(endpoint: &Endpoint) -> String {
    let role = match endpoint.role {
        Role::Provider => "provides",
        Role::Requirer => "requires",
        Role::Peer => "peers over",
    };
    let library = match (endpoint.protocol, endpoint.library) {
        (Protocol::Legacy, _) => " (legacy protocol)".to_owned(),
        (Protocol::Current, Some(LibraryProfile::Certificates(library))) => {
            format!(" ({})", library.name())
        }
        (Protocol::Current, Some(LibraryProfile::Transfer(library))) => {
            format!(" ({})", library.name())
        }
        (Protocol::Current, None) => String::new(),
    };
    format!("{}: {role} {}{library}", endpoint.name, endpoint.interface)
}
