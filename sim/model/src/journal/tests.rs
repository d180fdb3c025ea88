//! What a journal refuses, and how two of them are told apart.

use super::*;
use trustsim_interfaces::notes::{RefusalKind, RefusedRequest};

fn entry(at_s: u64, cause: Option<u32>, kind: Kind) -> Entry {
    Entry {
        time: Time::EPOCH + Span::from_secs(at_s),
        cause: cause.map(Seq),
        subject: Subject::default(),
        kind,
    }
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
        Kind::Note(Note::CertificateRefused(RefusedRequest {
            common_name: common_name.map(str::to_owned),
            kind: RefusalKind::Other,
            reason: reason.to_owned(),
        }))
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
