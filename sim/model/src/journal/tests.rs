//! What a journal refuses, and how two of them are told apart.

use super::entries::CHUNK;
use super::fingerprint::{EventHash, Rolling};
use super::*;
use proptest::prelude::*;
use trustsim_interfaces::notes::{RefusalKind, RefusedRequest};

fn entry(at_s: u64, cause: Option<u32>, kind: Kind) -> Entry {
    let time = Time::EPOCH + Span::from_secs(at_s);
    Entry::new(time, cause.map(Seq), Subject::default(), kind)
}

/// Entries at 0 s, 1 s, ... of which each is caused by the one before.
fn journal(kinds: &[Kind]) -> Journal {
    let mut journal = Journal::default();
    for (index, kind) in (0..).zip(kinds) {
        let cause = (index > 0).then(|| index - 1);
        let seq = journal.record(entry(u64::from(index), cause, kind.clone()));
        assert_eq!(seq, Seq(index));
    }
    journal
}

#[test]
#[should_panic(expected = "an entry is caused by an earlier one")]
fn an_entry_does_not_cause_itself() {
    let mut journal = journal(&[Kind::Started]);
    journal.record(entry(1, Some(1), Kind::Settled { at_rest: true }));
}

#[test]
#[should_panic(expected = "time does not go back in a journal")]
fn time_does_not_go_back() {
    let mut journal = journal(&[Kind::Started, Kind::Settled { at_rest: true }]);
    journal.record(entry(0, Some(0), Kind::LeaderElected));
}

#[test]
fn several_things_may_happen_at_one_instant() {
    let mut journal = journal(&[Kind::Started]);
    assert_eq!(
        journal.record(entry(0, Some(0), Kind::Settled { at_rest: true })),
        Seq(1)
    );
}

#[test]
fn entries_are_numbered_as_they_were_recorded() {
    let journal = journal(&[
        Kind::Started,
        Kind::LeaderElected,
        Kind::Settled { at_rest: true },
    ]);
    let numbered: Vec<Seq> = journal.numbered().map(|(seq, _)| seq).collect();
    assert_eq!(numbered, [Seq(0), Seq(1), Seq(2)]);
    assert!(matches!(
        journal.get(Seq(1)).expect("there").kind,
        Kind::LeaderElected
    ));
    assert!(journal.get(Seq(3)).is_none());
}

#[test]
fn the_first_difference_is_the_first_entry_that_differs() {
    let one = [
        Kind::Started,
        Kind::LeaderElected,
        Kind::Settled { at_rest: true },
        Kind::Settled { at_rest: true },
    ];
    for place in 0..4_u32 {
        let mut other = one.clone();
        other[place as usize] = Kind::Note(Note::AcmeAccountOpened);
        let found = journal(&one).first_difference(&journal(&other));
        assert_eq!(found, Some(Seq(place)));
    }
    assert_eq!(journal(&one).first_difference(&journal(&one)), None);
}

#[test]
fn a_journal_that_is_longer_differs_behind_the_end_of_the_other() {
    let (short, long) = (
        journal(&[Kind::Started]),
        journal(&[Kind::Started, Kind::Settled { at_rest: true }]),
    );
    assert_eq!(short.first_difference(&long), Some(Seq(1)));
    assert_eq!(long.first_difference(&short), Some(Seq(1)));
}

/// A fingerprint has the facts of an entry: each of these differs from the others in one.
#[test]
fn a_fingerprint_has_every_fact_of_a_note() {
    let refused = |common_name: Option<&str>, reason: &str| {
        Kind::Note(Note::CertificateRefused {
            refused: RefusedRequest {
                common_name: common_name.map(str::to_owned),
                kind: RefusalKind::Other,
                reason: reason.to_owned(),
            },
            request: None,
        })
    };
    let kinds = [
        refused(None, "no"),
        refused(Some("web"), "no"),
        refused(Some("web"), "never"),
        Kind::Note(Note::AcmeAccountOpened),
    ];
    let prints: std::collections::BTreeSet<u64> = kinds
        .iter()
        .map(|kind| journal(std::slice::from_ref(kind)).fingerprint())
        .collect();
    assert_eq!(prints.len(), kinds.len());
}

/// A unit's hooks, `(second, unit)` each.
fn hooks(each: &[(u64, u32)]) -> Journal {
    let mut journal = Journal::default();
    for (at_s, unit) in each {
        let subject = Subject {
            model: Some("m".into()),
            application: Some("web".into()),
            unit: Some(format!("web/{unit}").into()),
        };
        let time = Time::EPOCH + Span::from_secs(*at_s);
        let hook = HookName::UpdateStatus;
        journal.record(Entry::new(time, None, subject, Kind::HookStarted { hook }));
    }
    journal
}

#[test]
fn entries_that_say_the_same_share_their_event() {
    let journal = hooks(&[(0, 0), (300, 0), (300, 1), (600, 0)]);
    let event = |at: usize| journal.entries().get(at).expect("there").event();
    assert!(Arc::ptr_eq(event(0), event(1)) && Arc::ptr_eq(event(0), event(3)));
    assert!(!Arc::ptr_eq(event(0), event(2)), "another unit's");
    assert_eq!(
        size_of::<Entry>(),
        24,
        "ten years of hooks are millions of entries"
    );
}

/// Whether an event is known from the last entries, from earlier ones, or new, it has the same hash.
#[test]
fn what_is_remembered_of_events_is_not_in_a_fingerprint() {
    let each: Vec<(u64, u32)> = (0_u32..200).map(|at| (at.into(), at * at % 9)).collect();
    let journal = hooks(&each);
    let rolled = journal
        .entries()
        .iter()
        .fold(Rolling::default(), |so_far, entry| {
            so_far.with(entry.time, EventHash::of(entry.event()))
        });
    assert_eq!(journal.fingerprint(), rolled.0);
}

/// What a copy does not share with its base is part of one chunk.
#[test]
fn a_copy_shares_the_entries_before_it() {
    let base = hooks(&(0..5_000).map(|at| (at, 0)).collect::<Vec<_>>());
    let mut copy = base.clone();
    for index in [0, CHUNK, 4 * CHUNK - 1] {
        let of =
            |journal: &Journal| std::ptr::from_ref(journal.entries().get(index).expect("there"));
        assert_eq!(of(&base), of(&copy));
    }
    assert_eq!(base.first_difference(&copy), None);
    copy.record(entry(5_000, None, Kind::Settled { at_rest: true }));
    assert_eq!(base.first_difference(&copy), Some(Seq(5_000)));
    assert_eq!(base.entries().len(), 5_000);
}

proptest! {
    /// Entries read as a vector of them does, from both ends and in chunks of any number.
    #[test]
    fn entries_are_a_vector(count in 0..3 * CHUNK as u64, skip in 0..3 * CHUNK, bound in 0..3 * CHUNK as u64) {
        let journal = hooks(&(0..count).map(|at| (at, 0)).collect::<Vec<_>>());
        let entries = journal.entries();
        let seconds = |entry: &Entry| entry.time.since(Time::EPOCH).as_secs();
        let all: Vec<u64> = (0..count).collect();
        prop_assert_eq!(entries.iter().map(seconds).collect::<Vec<_>>(), all.clone());
        prop_assert_eq!(entries.iter().rev().map(seconds).collect::<Vec<_>>(), all.iter().rev().copied().collect::<Vec<_>>());
        prop_assert_eq!(entries.iter().skip(skip).map(seconds).collect::<Vec<_>>(), all.iter().skip(skip).copied().collect::<Vec<_>>());
        prop_assert_eq!(entries.iter().len(), all.len());
        prop_assert_eq!(entries.last().map(seconds), all.last().copied());
        prop_assert_eq!(entries.first().map(seconds), all.first().copied());
        let before = |entry: &Entry| seconds(entry) < bound;
        prop_assert_eq!(entries.partition_point(before) as u64, bound.min(count));
    }

    /// The first difference is where one entry was changed, wherever chunks end.
    #[test]
    fn a_difference_is_found_in_any_chunk(count in 1..4 * CHUNK as u64, place in 0..4 * CHUNK as u64) {
        let place = place % count;
        let one: Vec<(u64, u32)> = (0..count).map(|at| (at, 0)).collect();
        let mut other = one.clone();
        other[usize::try_from(place).expect("small")].1 = 1;
        prop_assert_eq!(hooks(&one).first_difference(&hooks(&other)), Some(Seq(u32::try_from(place).expect("small"))));
    }
}
