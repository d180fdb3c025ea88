//! Hooks that fail, in the charm and at each point of their commit.

use trustsim::world::Kind;

use super::stage::{Played, played, shop, shop_text};

fn failures(run: &Played) -> Vec<(u64, String, String)> {
    let failed = run.entries(|entry| matches!(entry.kind, Kind::HookFailed { .. }));
    failed
        .into_iter()
        .map(|entry| match &entry.kind {
            Kind::HookFailed { hook, error } => (
                entry.time.since(run.record.manifest.start).as_secs(),
                hook.to_string(),
                error.to_string(),
            ),
            _ => unreachable!("filtered"),
        })
        .collect()
}

/// The charm of the CA raises in every hook for an hour, so that nothing is signed: a unit that
/// was added meanwhile has no certificate before its request is looked at again. The failed hook
/// is run again 5, 10, 20, ... 300 s later (juju/juju 3.6 `retrystrategy`).
#[test]
fn a_failing_provider_keeps_its_requests_waiting() {
    let run = shop(
        "  - {at: 1h, fail-hook: {app: ca, hook: certificates-relation-changed, for: 20m}}
  - {at: 61m, add-units: {app: web}}\n",
    );
    let failed = failures(&run);
    assert!(failed.len() >= 5, "{failed:?}");
    let waits: Vec<u64> = failed.windows(2).map(|two| two[1].0 - two[0].0).collect();
    assert!(
        (5..=9).contains(&waits[0]) && waits[1] > waits[0],
        "{waits:?}"
    );
    assert!(
        failed
            .iter()
            .all(|each| each.1 == "certificates-relation-changed"
                && each.2 == "uncaught exception: the scenario makes this hook fail")
    );
    let served = run.entries(|entry| {
        matches!(&entry.kind, Kind::CertificateServed { .. })
            && entry.subject.unit.as_deref() == Some("web/2")
    });
    let at = served[0].time.since(run.record.manifest.start).as_secs();
    assert!((80 * 60..=86 * 60).contains(&at), "{at}");
}

/// So many times, then no more.
#[test]
fn a_hook_may_fail_so_many_times() {
    let run = shop(
        "  - {at: 1h, fail-hook: {unit: web/0, hook: config-changed, times: 2}}
  - {at: 2h, set-config: {app: web, options: {level: debug}}}\n",
    );
    assert_eq!(failures(&run).len(), 2);
    assert_eq!(run.hooks_from("web/0", 7_200), ["config-changed"; 3]);
    let second = run.entries(|entry| matches!(entry.kind, Kind::HookFailed { .. }))[1];
    let chain =
        trustsim::diagnosis::cause_chain(&run.record.journal, second.cause.expect("a cause"));
    let first = run.record.journal.get(chain[1]).expect("there");
    assert_eq!(
        crate::common::command(&run.record, first).as_deref(),
        Some("config-changed of shop.web/0 fails 2 times")
    );
}

/// Hooks that only time brings are played while they would fail, and elided again afterwards.
#[test]
fn an_update_status_may_fail() {
    let run = shop("  - {at: 1h, fail-hook: {unit: web/0, hook: update-status, for: 30m}}\n");
    let failed = failures(&run);
    assert!(failed.len() >= 5, "{failed:?}");
    let (first, last) = (failed[0].0, failed[failed.len() - 1].0);
    assert!(
        (3_600..3_970).contains(&first) && last < 5_400 + 5,
        "{first} {last}"
    );
}

/// Each point of the commit leaves its own half of what the CA gave (juju/juju 3.6 `uniter.go`,
/// `commitHookChangesForOneUnit`); the hook is run again, and the requirer is served all the same.
#[test]
fn each_point_of_a_commit_can_fail() {
    for (point, words) in [
        ("before-secrets", "before secrets"),
        ("between-secrets", "between secrets"),
        (
            "between-secrets-and-databags",
            "between secrets and databags",
        ),
        ("after-commit", "after all was written"),
    ] {
        let run = shop(&format!(
            "  - {{at: 1h, fail-commit: {{app: ca, hook: certificates-relation-changed, at: {point}, times: 1}}}}
  - {{at: 61m, add-units: {{app: web}}}}\n"
        ));
        let failed = failures(&run);
        assert_eq!(failed.len(), 1, "{point}");
        assert_eq!(
            failed[0].2,
            "uncaught exception: connection lost during commit"
        );
        let line =
            format!("certificates-relation-changed of shop.ca fails at its commit, {words} once");
        let actions = run.entries(|entry| {
            crate::common::command(&run.record, entry).as_deref() == Some(line.as_str())
        });
        assert_eq!(actions.len(), 1);
        let served = run.entries(|entry| {
            matches!(&entry.kind, Kind::CertificateServed { .. })
                && entry.subject.unit.as_deref() == Some("web/2")
        });
        assert_eq!(served.len(), 1, "{point}");
        assert!(run.outages().is_empty(), "{point}: {:?}", run.outages());
    }
}

/// What fails in a hook that a unit runs for good is named as the cause of what it never did.
#[test]
fn a_unit_that_only_fails_never_gets_its_certificate() {
    let run = played(&shop_text(
        "  - {at: 10s, fail-hook: {unit: web/0, hook: certificates-relation-created}}\n",
    ));
    let outages = run.outages();
    assert_eq!(outages.len(), 1);
    assert_eq!(
        (outages[0].2, outages[0].3.as_str()),
        (None, "no-certificate")
    );
    assert_eq!(
        run.roots(),
        ["certificates-relation-created of shop.web/0 fails (s.yaml:17)"]
    );
}
