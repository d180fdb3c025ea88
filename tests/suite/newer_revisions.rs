//! A revision that is newer than those that were read is assumed, and the answer says which is the newest of those.

use std::collections::BTreeSet;

use trustsim::charms::{KnownReading, Provenance, catalogue, readings};
use trustsim::model::{ApplicationIndex, Coverage, Gap};
use trustsim::report::words::standing;

use crate::common::{deployed, trustsim};

/// A model with applications of charms at revisions, in their order.
fn model(charms: &[(&str, u64)]) -> String {
    let lines = charms.iter().enumerate().map(|(index, (charm, revision))| {
        format!("      a{index}: {{charm: {charm}, revision: {revision}}}\n")
    });
    let lines: String = lines.collect();
    format!("name: newer\nduration: 1d\nmodels:\n  m:\n    applications:\n{lines}")
}

/// The newest revision of a reading.
fn newest(reading: &KnownReading) -> Option<u64> {
    reading.revisions.iter().map(|range| range.last).max()
}

/// What of the revision of each application is not known.
fn gaps(charms: &[(&str, u64)]) -> Vec<Option<Gap>> {
    let deployment = deployed(&model(charms));
    let reasons = Coverage::of(&deployment).reasons;
    let is_of_revision = |gap: &Gap| {
        matches!(
            gap,
            Gap::OtherRevision { .. } | Gap::NewerRevision { .. } | Gap::FactsOnly
        )
    };
    let of = |index| {
        let application = ApplicationIndex::from(index);
        let own = reasons.iter().filter(|one| one.application == application);
        let gaps: Vec<Gap> = own.map(|one| one.gap.clone()).collect();
        gaps.into_iter().find(is_of_revision)
    };
    (0..charms.len()).map(of).collect()
}

/// The newest revision of each entry of the catalogue and of each generation is what it was, and the one after it, where
/// no other reading has that, is assumed. `310..` was all that came later, also years after the charm was read.
#[test]
fn the_revision_after_the_newest_of_each_reading_is_assumed() {
    let all = catalogue().values();
    let names: BTreeSet<&str> = all.map(|known| known.metadata.name.as_str()).collect();
    let (mut known, mut after) = (Vec::new(), Vec::new());
    for name in names {
        let readings = readings(name);
        let newest_of_all = readings.iter().filter_map(newest).max();
        for reading in &readings {
            let (Provenance::Read(source), Some(last)) =
                (&reading.charm.metadata.provenance, newest(reading))
            else {
                continue;
            };
            known.push(((name, last), source.facts_only));
            let mut ranges = readings.iter().flat_map(|one| &one.revisions);
            if !ranges.any(|range| range.contains(last + 1)) {
                after.push(((name, last + 1), newest_of_all == Some(last)));
            }
        }
    }
    let (charms, facts_only): (Vec<_>, Vec<_>) = known.into_iter().unzip();
    assert!(charms.len() > 200, "{}", charms.len());
    for ((charm, found), facts_only) in charms.iter().zip(gaps(&charms)).zip(facts_only) {
        assert_eq!(found, facts_only.then_some(Gap::FactsOnly), "{charm:?}");
    }
    let (charms, is_newest): (Vec<_>, Vec<_>) = after.into_iter().unzip();
    let count = is_newest.iter().filter(|is_newest| **is_newest).count();
    assert!(count >= 45, "{count}");
    for ((charm, found), is_newest) in charms.iter().zip(gaps(&charms)).zip(is_newest) {
        match found {
            Some(Gap::NewerRevision {
                revision, newest, ..
            }) => assert!(is_newest && newest + 1 == revision, "{charm:?}: {newest}"),
            Some(Gap::OtherRevision { revision, .. }) => {
                assert!(!is_newest && revision == charm.1, "{charm:?}");
            }
            other => panic!("{charm:?}: {other:?}"),
        }
    }
}

/// The newest tags of canonical/opensearch-operator (rev185, of cd1c0349), canonical/temporal-k8s-operator (rev51, of
/// 2f9a769), canonical/cassandra-operator (rev76), canonical/mysql-k8s-operator (rev344),
/// canonical/self-signed-certificates-operator (rev653, and rev634 of the track `latest`) and
/// canonical/oauth2-proxy-k8s-operator (rev16, before the commit that was read).
#[test]
fn an_answer_says_which_revision_is_the_newest_that_was_read() {
    let of = |charm: &str, channel: &str, revision: u64| {
        let text = format!(
            "name: newer\nduration: 1d\nmodels:\n  m:\n    applications:\n      \
             a: {{charm: {charm}, channel: {channel}, revision: {revision}}}\n"
        );
        let deployment = deployed(&text);
        let coverage = Coverage::of(&deployment);
        assert_eq!(coverage.charms.modelled, 0, "{charm}");
        let told = coverage.reasons.iter();
        let told = told.map(|reason| standing::reason(reason, &deployment));
        told.collect::<Vec<String>>()
    };
    for (charm, channel, revision, newest) in [
        ("opensearch", "3/edge", 400, 185),
        ("temporal-k8s", "edge", 80, 51),
        ("cassandra", "5/edge", 140, 76),
        ("mysql-k8s", "8.0/edge", 400, 344),
        ("self-signed-certificates", "1/stable", 900, 653),
    ] {
        let said = format!(
            "m.a: revision {revision} of {charm} is newer than {newest}, the newest that was read, and is played as that one"
        );
        let told = of(charm, channel, revision);
        assert_eq!(told.last(), Some(&said), "{told:?}");
    }
    assert_eq!(
        of("self-signed-certificates", "latest/stable", 900),
        [
            "m.a: revision 900 of self-signed-certificates is newer than 653, the newest that was read, and is played as \
             revision 634"
        ]
    );
    let told = of("oauth2-proxy-k8s", "edge", 40);
    let said = "m.a: revision 40 of oauth2-proxy-k8s is newer than 16, the newest that was read; it is played as a commit \
                whose revision is not known";
    assert_eq!(told.last().map(String::as_str), Some(said));
}

/// `check` of a bundle said `1 of 1 charms modelled`.
#[test]
fn every_command_says_that_a_revision_is_newer() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle =
        "applications:\n  x: {charm: opensearch, channel: 3/edge, revision: 400, num_units: 1}\n";
    std::fs::write(folder.path().join("b.yaml"), bundle).expect("written");
    let scenario = "
name: newer
duration: 1d
models:
  m:
    applications:
      ca: {charm: self-signed-certificates, channel: 1/stable, revision: 900, num_units: 1}
      x: {charm: opensearch, channel: 2/edge, num_units: 1}
    relations: [['ca:certificates', 'x:certificates']]
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.x}]
";
    std::fs::write(folder.path().join("s.yaml"), scenario).expect("written");
    let said = |arguments: &[&str]| {
        let output = trustsim(folder.path(), arguments);
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).expect("text")
    };
    let checked = said(&["check", "b.yaml"]);
    assert!(
        checked.contains("0 of 1 charms modelled, 1 assumed"),
        "{checked}"
    );
    let newer = "assumed: opensearch: revision 400 is newer than 185, the newest that was read";
    assert!(checked.contains(newer), "{checked}");
    let newer = "assumed: self-signed-certificates: revision 900 is newer than 653, the newest that was read";
    let run = [
        "run",
        "--seeds",
        "1",
        "--remedies",
        "0",
        "-o",
        "out",
        "s.yaml",
    ];
    for arguments in [&["check", "s.yaml"][..], &run] {
        let text = said(arguments);
        assert!(text.contains(newer), "{arguments:?}: {text}");
    }
    let summary = folder.path().join("out/summary.json");
    let summary = std::fs::read_to_string(summary).expect("the run writes it");
    let newer = "revision 900 of self-signed-certificates is newer than 653";
    assert!(summary.contains(newer), "{summary}");
    let known = said(&["charms", "opensearch"]);
    assert!(
        known.contains("opensearch: revisions 182 to 185\n"),
        "{known}"
    );
    let newer =
        "a revision after 185 was not read, and is assumed to be as the newest of its track";
    assert!(known.contains(newer), "{known}");
}
