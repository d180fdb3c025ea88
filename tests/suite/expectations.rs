//! Every scenario's own expectations hold, and the reports say what the issue of each is.

use std::collections::BTreeSet;

use crate::common::{load, load_named, play, scenario_files};
use trustsim::diagnosis::{Findings, Trigger, diagnose};
use trustsim::report::{Run, csv, words};
use trustsim::validators::ErrorKind;
use trustsim::world::{Deployment, Options};

fn findings(deployment: &Deployment) -> Findings {
    let record = play(deployment, Options::default());
    diagnose(deployment, &record.manifest, &record.journal)
}

#[test]
fn every_scenario_holds_what_it_expects_and_nothing_else_fails() {
    for path in scenario_files() {
        let found = findings(&load(&path));
        assert!(
            found.passed(),
            "{}: {:?}",
            path.display(),
            found.expectations
        );
        assert!(
            !found.expectations.is_empty(),
            "{} expects nothing",
            path.display()
        );
    }
}

/// Distinct errors of all outages of a scenario.
fn errors(name: &str) -> BTreeSet<&'static str> {
    findings(&load_named(name))
        .outages
        .iter()
        .map(|outage| outage.error.kebab())
        .collect()
}

#[test]
fn without_the_transfer_the_issuer_is_unknown() {
    for name in ["missing-transfer", "cross-model", "cross-controller"] {
        assert_eq!(errors(name), BTreeSet::from(["unknown-issuer"]), "{name}");
    }
}

#[test]
fn what_trusts_its_issuer_never_fails() {
    for name in ["internal", "intermediate", "ca-rotation-ca-first"] {
        assert_eq!(errors(name), BTreeSet::new(), "{name}");
    }
    // Its catalogue serves its first certificate beyond its end.
    assert_eq!(errors("cos-lite-tls"), BTreeSet::from(["expired"]));
}

/// The same twenty days without an issuer cost the central deployment more: its internal
/// certificates expire too.
#[test]
fn a_pki_outage_costs_more_where_everything_hangs_on_it() {
    let lost = |name: &str| -> u64 {
        let found = findings(&load_named(name));
        let expired = found
            .outages
            .iter()
            .filter(|outage| outage.error == ErrorKind::Expired);
        expired
            .filter_map(|outage| Some(outage.until?.since(outage.from).as_secs()))
            .sum()
    };
    let apart = lost("reference-architecture-pki-outage");
    let central = lost("reference-architecture-central-pki-outage");
    assert!(
        apart > 0 && 2 * central > 3 * apart,
        "{apart} s apart, {central} s central"
    );
}

/// Juju integrates the two protocols of one interface and nothing happens: `check` says so, and so
/// does the reason of the failure.
#[test]
fn two_protocols_under_one_name_are_told() {
    let found = findings(&load_named("two-protocols"));
    assert_eq!(found.outages.len(), 2);
    for explanation in &found.explanations {
        let reason = words::symptom::reason(&explanation.symptom);
        assert!(
            reason.contains("speak different protocols (TS0304)"),
            "{reason}"
        );
    }
}

/// In the legacy protocol private keys stand in databags, where every unit of the application they
/// went to can read them; in version 1 none do.
#[test]
fn keys_that_stand_in_clear_are_listed() {
    let secrets = |name: &str| {
        let deployment = load_named(name);
        let record = play(&deployment, Options::default());
        let findings = diagnose(&deployment, &record.manifest, &record.journal);
        let run = Run {
            manifest: &record.manifest,
            journal: &record.journal,
            findings: &findings,
            provenance: None,
        };
        let mut table = Vec::new();
        csv::relation_secrets(&run, &mut table).expect("memory takes every byte");
        String::from_utf8(table).expect("text")
    };
    assert_eq!(secrets("internal").lines().count(), 1);
    let listed = secrets("charmed-kubernetes");
    let row = |part: &str| {
        let found = listed.lines().find(|line| line.contains(part));
        found
            .unwrap_or_else(|| panic!("{part} in {listed}"))
            .to_owned()
    };
    assert!(row("kubernetes-worker_0.server.key").ends_with(",k8s.kubernetes-worker"));
    assert!(row("certificate_authority_key").contains(",leader-settings,,"));
    // etcd passes the global client's key on to the control plane, and to calico.
    for reader in ["k8s.kubernetes-control-plane", "k8s.calico"] {
        let passed = format!(",client_key,{},", reader.trim_start_matches("k8s."));
        assert!(row(&passed).ends_with(&format!(",{reader}")));
    }
}

/// What easyrsa and charm-vault cost in a year and more of Charmed Kubernetes: nothing where
/// certificates live ten years, everything that a person must remember.
#[test]
fn charmed_kubernetes_holds_as_long_as_its_certificates() {
    assert_eq!(
        errors("charmed-kubernetes"),
        BTreeSet::from(["not-valid-for-name", "unknown-issuer"])
    );
    let found = findings(&load_named("charmed-kubernetes-vault"));
    let expired = found
        .outages
        .iter()
        .filter(|outage| outage.error == ErrorKind::Expired);
    let connections: BTreeSet<u32> = expired.map(|outage| outage.connection).collect();
    assert_eq!(connections.len(), 22, "every connection, at the same time");
}

/// The diagnosis of a rotation leads back to the line that asked for it.
#[test]
fn a_rotation_is_traced_to_its_scenario_line() {
    for name in ["ca-rotation-action", "ca-rotation-config"] {
        let found = findings(&load_named(name));
        let traced = found.explanations.iter().filter(|explanation| {
            matches!(
                &explanation.trigger,
                Some(Trigger::Action(action)) if action.command.to_string().starts_with("juju ")
            )
        });
        assert!(traced.count() > 0, "{name}: {:?}", found.explanations);
    }
}
