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

/// The incident in which Juju refuses the secret of a hook, which makes a key and a request each time.
const REFUSED_SECRET: &str =
    include_str!("../../scenarios/incidents/29-prometheus-k8s-operator-572-commit.yaml");

/// The deployment of a scenario over so many days, with nothing expected of it.
fn over(text: &str, days: u32) -> Deployment {
    let mut deployment = deployed(text);
    deployment.duration = DAY * days;
    deployment.expectations.clear();
    deployment
}

/// Played with and without rests: connections and certificates are the same, and units rested. In which order a set is
/// written is drawn anew.
fn unordered(deployment: &Deployment) -> (Record, Record) {
    let (some, every) = (
        play(deployment, Options::default()),
        play_every_hook(deployment),
    );
    assert_eq!(certificates(&some), certificates(&every));
    assert_eq!(verdicts(&some), verdicts(&every));
    assert!(every.manifest.unplayed.is_empty());
    assert!(!some.manifest.unplayed.is_empty(), "a unit rested");
    (some, every)
}

/// Played with and without rests: what is seen of it is the same, and units rested, so often in all.
fn compared(deployment: &Deployment) -> (Record, Record) {
    let (some, every) = unordered(deployment);
    assert_eq!(last(&some), last(&every));
    (some, every)
}

/// A hook that fails whenever it is run again is run by the minute when it would be, and with the keys that it would make:
/// the last half hour is the same to the byte.
#[test]
fn a_hook_that_fails_for_weeks_ends_as_if_every_retry_were_played() {
    let (some, every) = compared(&over(REFUSED_SECRET, 100));
    let [unplayed] = &some.manifest.unplayed[..] else {
        panic!("one unit fails: {:?}", some.manifest.unplayed);
    };
    assert!(unplayed.fails);
    assert_eq!(unplayed.unit.as_str(), "cos.prometheus/0");
    assert_eq!(unplayed.hook.to_string(), "certificates-relation-created");
    let failed = |record: &Record| {
        let entries = record.journal.entries().iter();
        entries
            .filter(|entry| matches!(entry.kind, Kind::HookFailed { .. }))
            .count() as u64
    };
    assert_eq!(failed(&some) + unplayed.count, failed(&every));
    assert!(unplayed.count > 15_000, "{}", unplayed.count);
}

/// What was not played counts with what was, wherever hooks are counted.
#[test]
fn an_expectation_counts_what_was_not_played() {
    let text = REFUSED_SECRET.replace("at-least: 100}", "at-least: 25000}");
    let mut deployment = deployed(&text);
    deployment.duration = DAY * 100;
    let (_, record, findings) = crate::common::diagnosed(deployment);
    assert!(!record.manifest.unplayed.is_empty());
    let broken = findings.expectations.iter().filter(|it| !it.held);
    assert_eq!(broken.count(), 0, "{:?}", findings.expectations);
}

/// In the middle of a rest the hook begins to succeed, an operator steps in, or the pod is killed: each comes when it would.
#[test]
fn what_happens_to_a_failing_unit_ends_its_rest() {
    let fault = "at: before-secrets}";
    for (ended, more) in [
        ("at: before-secrets, for: 1687h13m}", ""),
        (
            fault,
            "\n  - {at: 1687h13m, kill-unit: {unit: cos.prometheus/0, for: 1h}}",
        ),
        (
            fault,
            "\n  - {at: 1687h13m, set-config: {app: cos.ca, options: {ca-common-name: other}}}",
        ),
        (fault, "\n  - {at: 1687h13m, restart: {app: cos.ca}}"),
    ] {
        let text = REFUSED_SECRET.replace(fault, &format!("{ended}{more}"));
        compared(&over(&text, 100));
    }
}

/// lego orders at each update-status what is refused, and an ACME server remembers each order; the server is away for a while.
#[test]
fn an_order_that_is_refused_for_weeks_is_a_repetition() {
    let incident = include_str!("../../scenarios/incidents/f-lego-no-back-off.yaml");
    let (some, _) = compared(&over(incident, 100));
    assert_eq!(some.manifest.unplayed[0].unit.as_str(), "pki.lego/0");
    let away = incident.replace(
        "\nexpect:",
        "\nfaults: [{at: 1687h13m, acme-outage: {for: 30h}}]\nexpect:",
    );
    compared(&over(&away, 100));
}

/// Each update-status waits a minute for a server that it does not trust, and restarts its own.
#[test]
fn an_update_status_that_takes_its_time_is_a_repetition() {
    let incident = include_str!(
        "../../scenarios/incidents/41-kubernetes-control-plane-354-root-kubeconfig.yaml"
    );
    compared(&over(incident, 100));
    // What was open would live through restarts that are not played.
    let open = incident.replace(
        "name: 127.0.0.1, every: 1m}",
        "name: 127.0.0.1, every: 1m, lives: 2h}",
    );
    assert_ne!(open, incident);
    let some = play(&over(&open, 60), Options::default());
    assert_eq!(some.manifest.unplayed, []);
}

/// Every unit of an application is restarted at once, for which all look again: once each. It was once for each of the others,
/// and ten thousand units were more than the agenda holds.
#[test]
fn units_that_are_restarted_together_look_again_once() {
    let text = |scale: u32| {
        format!(
            "name: restarted\nduration: 1d\nmodels:\n  shop:\n    bundle: kubernetes\n    applications:\n      \
             web: {{charm: web, scale: {scale}}}\ncharms: {{web: {{requires: {{receive-ca-cert: \
             {{interface: certificate_transfer}}}}}}}}\nfaults: [{{at: 12h, restart: {{app: shop.web}}}}]\n"
        )
    };
    let events = |scale: u32| {
        let deployment = std::sync::Arc::new(deployed(&text(scale)));
        let mut simulation = trustsim::world::Simulation::new(deployment, Options::default());
        let end = simulation.end();
        simulation.run_until(end);
        simulation.events()
    };
    let (few, many) = (events(20), events(400));
    assert!(many < 25 * few, "{few} events of 20 units, {many} of 400");
}

/// An update-status that asks for another CA each time and gets it (canonical/vault-k8s-operator#386): ten years of it
/// were three hundred thousand certificates, and did not end within ten minutes.
#[test]
fn certificates_that_are_asked_for_again_and_again_are_a_repetition() {
    let incident = include_str!(
        "../../scenarios/incidents/03-vault-k8s-operator-386-endless-intermediates.yaml"
    );
    let with_client = incident
        .replace(
            "[vault:tls-certificates-pki, root:certificates]\n",
            "[vault:tls-certificates-pki, root:certificates]\n      - [web:certificates, vault:vault-pki]\n",
        )
        .replace(
            "    relations:\n",
            "      web: {charm: web, options: {external-hostname: web.example.com}}\n    relations:\n",
        )
        .replace(
            "charms:\n",
            "charms:\n  web:\n    requires:\n      certificates: {interface: tls-certificates, limit: 1, mode: unit, \
             name-option: external-hostname}\n    options: {external-hostname: {type: string}}\n",
        )
        .replace(
            "operators:\n",
            "clients: {browser: {trusts: [shop.root]}}\nconnections: [{from: browser, to: shop.web, name: web.example.com}]\noperators:\n",
        );
    let deployment = over(&with_client, 40);
    let (some, every) = (
        play(&deployment, Options::default()),
        play_every_hook(&deployment),
    );
    assert_eq!(verdicts(&some), verdicts(&every));
    assert!(!verdicts(&some).is_empty(), "the browser connects");
    let [unplayed] = &some.manifest.unplayed[..] else {
        panic!("one unit repeats: {:?}", some.manifest.unplayed);
    };
    assert_eq!(unplayed.unit.as_str(), "shop.vault/0");
    assert_eq!(
        unplayed.from.since(unplayed.since).as_secs() / 86_400,
        7,
        "a week of it is played"
    );
    // One certificate each, and the last hour is played.
    let missing = certificates(&every).len() - certificates(&some).len();
    let missing = u64::try_from(missing).expect("a count");
    assert!(
        missing.abs_diff(unplayed.count) <= 2 && unplayed.count > 5_000,
        "{missing} certificates of {} hooks",
        unplayed.count
    );
    // What counts certificates counts them.
    assert_eq!(unplayed.certificates, unplayed.count);
    let counted = with_client.replace("at-least: 50}", "at-least: 7000}");
    let mut counted = over(&counted, 40);
    counted.expectations =
        deployed(&with_client.replace("at-least: 50}", "at-least: 7000}")).expectations;
    let (_, record, findings) = crate::common::diagnosed(counted);
    assert!(certificates(&record).len() < 7_000);
    let broken = findings.expectations.iter().filter(|it| !it.held);
    assert_eq!(broken.count(), 0, "{:?}", findings.expectations);
    let late = |record: &Record| {
        let from = record.manifest.end() - Span::from_secs(1_800);
        let entries = record.journal.entries().iter();
        let issued = entries.filter(|entry| matches!(entry.kind, Kind::CertificateIssued(_)));
        issued.filter(|entry| entry.time >= from).count()
    };
    assert_eq!(late(&some), late(&every));
}

/// A request that is not answered is no repetition, however often it is made: an operator may answer the last one.
#[test]
fn what_is_asked_for_in_vain_is_played() {
    let text = include_str!(
        "../../scenarios/incidents/03-vault-k8s-operator-386-endless-intermediates.yaml"
    )
    .replace(
        "faults:\n",
        "faults:\n  - {at: 30h, kill-unit: {unit: shop.root/0, for: 30d}}\n",
    );
    let some = play(&over(&text, 20), Options::default());
    assert_eq!(some.manifest.unplayed, []);
}

/// self-signed-certificates writes a set of two CAs in the order of Python's hashes, another one in each hook, and its
/// requirers hear of it each time. Nothing depends on that order here.
#[test]
fn an_order_that_is_drawn_by_lot_is_a_repetition() {
    let incident = include_str!("../../scenarios/incidents/n-transfer-version-never-written.yaml");
    let (some, _) = unordered(&over(incident, 320));
    assert_eq!(some.manifest.unplayed[0].unit.as_str(), "shop.ca/0");
}
