//! Every scenario's own expectations hold, and the reports say what the issue of each is.

mod common;

use std::collections::BTreeSet;

use common::{load, load_named, play, scenario_files};
use trustsim::diagnosis::{Findings, diagnose};
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
        .map(|outage| outage.error)
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
    for name in [
        "internal",
        "intermediate",
        "ca-rotation-ca-first",
        "cos-lite-tls",
    ] {
        assert_eq!(errors(name), BTreeSet::new(), "{name}");
    }
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
            .filter(|outage| outage.error == "expired");
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

/// The diagnosis of a rotation leads back to the line that asked for it.
#[test]
fn a_rotation_is_traced_to_its_scenario_line() {
    for name in ["ca-rotation-action", "ca-rotation-config"] {
        let found = findings(&load_named(name));
        let traced = found.explanations.iter().filter(|explanation| {
            explanation
                .root_text
                .as_deref()
                .is_some_and(|text| text.contains("juju "))
        });
        assert!(traced.count() > 0, "{name}: {:?}", found.explanations);
    }
}
