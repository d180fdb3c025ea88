//! Hooks that change the same for weeks are not all played: what is seen of a run is what it would be.

use trustsim::juju::HookName;
use trustsim::kernel::Span;
use trustsim::world::{Deployment, Kind, Options, Record};

use crate::common::{certificates, deployed, play, play_every_hook, verdicts};

const SCENARIO: &str = include_str!("../../scenarios/vault-own-root.yaml");
const DAY: Span = Span::from_secs(86_400);

/// Vault's root ends before a certificate would, so that it refuses a request each five minutes, and tells of it.
fn refusing(days: u32) -> Deployment {
    let mut deployment = deployed(SCENARIO);
    deployment.duration = DAY * days;
    deployment.expectations.clear();
    deployment
}

/// Entries of the last half hour.
fn last(record: &Record) -> Vec<String> {
    let from = record.manifest.end() - Span::from_secs(1_800);
    let entries = record.journal.entries().iter();
    let late = entries.filter(|entry| entry.time >= from);
    late.map(|entry| format!("{} {} {:?}", entry.time, entry.subject, entry.kind))
        .collect()
}

#[test]
fn what_repeats_for_weeks_ends_as_if_every_hook_were_played() {
    let deployment = refusing(100);
    let (some, every) = (
        play(&deployment, Options::default()),
        play_every_hook(&deployment),
    );
    assert_eq!(certificates(&some), certificates(&every));
    assert_eq!(verdicts(&some), verdicts(&every));
    assert_eq!(last(&some), last(&every));
    assert!(last(&some).len() > 40, "the last hour is played");

    assert!(every.manifest.unplayed.is_empty());
    let [unplayed] = &some.manifest.unplayed[..] else {
        panic!("one unit repeats: {:?}", some.manifest.unplayed);
    };
    assert_eq!(unplayed.unit.as_str(), "shop.vault/0");
    let weeks = unplayed.from.since(unplayed.since).as_secs() / (7 * 86_400);
    assert_eq!(weeks, 5);
    let (fewer, all) = (some.journal.entries().len(), every.journal.entries().len());
    // Each of them brings seven entries or eight.
    let missing = u64::try_from(all - fewer).expect("there are fewer");
    assert!(
        (unplayed.count * 6..unplayed.count * 9).contains(&missing),
        "{missing} entries of {} hooks",
        unplayed.count
    );
    assert!(unplayed.count > 9_000, "{}", unplayed.count);
}

/// Whatever happens to the unit ends its rest: what is done to it in the middle of one comes at the instant at which it
/// comes otherwise.
#[test]
fn a_refresh_ends_the_rest() {
    let text = SCENARIO.replace(
        "expect:\n",
        "faults: [{at: 2171h, refresh: {app: shop.vault}}]\nexpect:\n",
    );
    let mut deployment = deployed(&text);
    deployment.duration = DAY * 100;
    deployment.expectations.clear();
    let (some, every) = (
        play(&deployment, Options::default()),
        play_every_hook(&deployment),
    );
    assert!(!some.manifest.unplayed.is_empty());
    assert_eq!(verdicts(&some), verdicts(&every));
    let upgraded = |record: &Record| {
        let entries = record.journal.entries().iter();
        let upgrades = entries.filter(|entry| match &entry.kind {
            Kind::HookStarted { hook } => *hook == HookName::UpgradeCharm,
            _ => false,
        });
        upgrades
            .map(|entry| (entry.time, entry.subject.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(upgraded(&some).len(), 1);
    assert_eq!(upgraded(&some), upgraded(&every));
}

/// A pod that is killed in the middle of a rest begins its timer anew: what it skipped before is counted, and its rest ends.
#[test]
fn a_killed_pod_ends_the_rest() {
    let killed = "faults: [{at: 2171h, kill-unit: {unit: shop.vault/0, for: 1h}}]\nexpect:\n";
    let mut deployment = deployed(&SCENARIO.replace("expect:\n", killed));
    deployment.duration = DAY * 150;
    deployment.expectations.clear();
    let (some, every) = (
        play(&deployment, Options::default()),
        play_every_hook(&deployment),
    );
    assert_eq!(verdicts(&some), verdicts(&every));
    let (unplayed, rests) = (&some.manifest.unplayed, some.manifest.unplayed.len());
    assert_eq!(rests, 2, "it rests again five weeks after: {unplayed:?}");
    for each in unplayed {
        assert_eq!(each.unit.as_str(), "shop.vault/0");
        // Twelve an hour, give or take.
        assert!((1_000..20_000).contains(&each.count), "{unplayed:?}");
    }
}

/// opensearch defers an event again at each update-status: it deletes a file and writes it as it was, which was taken for a
/// change that cannot be compared. Ten years of it were six million entries.
#[test]
fn an_event_that_is_deferred_again_is_a_repetition() {
    let incident =
        include_str!("../../scenarios/incidents/21-opensearch-operator-448-rotation-stuck.yaml");
    let deployment = deployed(incident);
    let (some, every) = (
        play(&deployment, Options::default()),
        play_every_hook(&deployment),
    );
    assert_eq!(certificates(&some), certificates(&every));
    assert_eq!(verdicts(&some), verdicts(&every));
    let units = some.manifest.unplayed.iter();
    let units: Vec<&str> = units.map(|each| each.unit.as_str()).collect();
    assert!(units.contains(&"search.opensearch/0"), "{units:?}");
}
