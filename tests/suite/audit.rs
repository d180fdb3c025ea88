//! What each key would do in an attacker's hands, and what trust nothing needs: the proof of each
//! claim is a handshake, and what is checked here is what the handshakes must have in common.

use std::collections::BTreeSet;
use std::sync::Arc;

use trustsim::kernel::Span;
use trustsim::report;
use trustsim::validators::Side;
use trustsim::whatif::{BlastRadius, Need, blast_radius, least_trust};
use trustsim::world::{CertificateKind, Deployment, Options, Simulation};

const DAY: Span = Span::from_secs(86_400);

fn at(deployment: &Deployment, after: Span) -> (Simulation, BlastRadius) {
    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(deployment.start + after);
    let radius = blast_radius(&simulation);
    (simulation, radius)
}

/// A certificate is good for the names in it, whichever peer shows it.
#[test]
fn a_stolen_leaf_is_good_for_its_own_names_only() {
    let (_, radius) = at(
        &crate::common::load_named("reference-architecture"),
        DAY * 300,
    );
    let mut seen = 0;
    for one in &radius.tries {
        let stolen = &radius.stolen[one.stolen];
        if stolen.kind != CertificateKind::Leaf || one.attacker == Side::Client {
            continue;
        }
        let sans = stolen.certificate.sans();
        let is_named = sans
            .iter()
            .any(|san| san.ends_with(&format!(":{}", one.name)));
        if one.verdict.is_ok() {
            assert!(is_named, "{} as {}", stolen.certificate.subject(), one.name);
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// A client is deceived by a root's key exactly if it has that root in its store.
#[test]
fn a_root_deceives_exactly_those_who_trust_it() {
    let (simulation, radius) = at(
        &crate::common::load_named("reference-architecture"),
        DAY * 300,
    );
    let trusting = simulation.trusting();
    for (index, stolen) in radius.stolen.iter().enumerate() {
        if stolen.kind != CertificateKind::Root {
            continue;
        }
        let deceived: BTreeSet<&str> = radius.successes(index).map(|one| &*one.victim).collect();
        let holders = trusting
            .iter()
            .filter(|one| one.trust.contains(&stolen.certificate));
        let holders: BTreeSet<&str> = holders.map(|one| one.address.as_str()).collect();
        assert_eq!(deceived, holders, "{}", stolen.owner);
    }
}

/// Day 300: `a.ca` made another CA on day 275, and keeps the key of the first for as long as leaves
/// of it live. Those who still have the first are exposed to its key beside what they need.
#[test]
fn the_key_of_a_ca_that_was_replaced_still_deceives() {
    let (_, radius) = at(
        &crate::common::load_named("reference-architecture"),
        DAY * 300,
    );
    let old = radius
        .stolen
        .iter()
        .position(|one| one.owner == "a.ca")
        .expect("it has a CA");
    let new = radius
        .stolen
        .iter()
        .rposition(|one| one.owner == "a.ca")
        .expect("it has a CA");
    assert_ne!(old, new);
    let victims = |index| -> BTreeSet<&str> {
        radius
            .successes(index)
            .map(|one| one.victim.as_str())
            .collect()
    };
    assert!(
        victims(old).contains("a.app/0"),
        "its units trust what they serve under"
    );
    assert!(!victims(old).contains("browser"));
    assert!(radius.successes(old).any(|one| one.need == Need::Excess));
}

/// easyrsa puts one client certificate with its key into every requirer's databag
/// (charmed-kubernetes/layer-easyrsa `reactive/easyrsa.py`): a reader of one has it.
#[test]
fn keys_that_stand_in_clear_say_who_can_read_them() {
    let (_, radius) = at(&crate::common::load_named("two-protocols"), DAY * 5);
    let client = radius
        .stolen
        .iter()
        .find(|one| one.certificate.subject() == "CN=client");
    let client = client.expect("the shared client certificate");
    assert_eq!(client.readers, ["mixed.easyrsa", "mixed.web"]);
    let ca = radius
        .stolen
        .iter()
        .find(|one| one.owner == "mixed.easyrsa");
    assert_eq!(ca.expect("the CA").readers, ["mixed.easyrsa"]);
}

#[test]
fn the_tables_have_a_row_for_each_key_and_each_try() {
    let (_, radius) = at(&crate::common::load_named("internal"), DAY * 30);
    let [keys, tries] = &report::blast_radius(&radius)[..] else {
        panic!("two tables");
    };
    assert_eq!((keys.name, tries.name), ("stolen_keys", "blast_radius"));
    assert_eq!(
        (keys.rows.len(), tries.rows.len()),
        (radius.stolen.len(), radius.tries.len())
    );
    for table in [keys, tries] {
        assert!(table.rows.iter().all(|row| row.len() == table.header.len()));
    }
}

const MASKED: &str = "
duration: 30d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      other: {charm: self-signed-certificates, options: {ca-common-name: Other CA}}
      traefik: {charm: traefik-k8s, options: {external_hostname: m.example.com}}
      web: {charm: web}
    relations:
      - [web:certificates, ca:certificates]
      - [traefik:certificates, GIVER:certificates]
      TRANSFER
charms:
  web: {requires: {certificates: {interface: tls-certificates, mode: unit}}}
connections:
  - {from: m.traefik, to: m.web}
";

fn masked(giver: &str, transfer: &str) -> Deployment {
    let text = MASKED.replace("GIVER", giver);
    crate::common::deployed(&text.replace("TRANSFER", transfer))
}

/// canonical/traefik-k8s-operator#565: `certificates` brings the CA that `receive-ca-cert` is there
/// for. Neither is missed alone; that both are there is what hides it.
#[test]
fn a_transfer_that_another_relation_hides_is_masked() {
    const TRANSFER: &str = "- [traefik:receive-ca-cert, ca:send-ca-cert]";
    let found = least_trust(&Arc::new(masked("ca", TRANSFER)));
    assert_eq!(found.masked.len(), 1, "{:?}", found.sources);
    let pair = &found.masked[0];
    assert_eq!(pair.holder, "m.traefik/0");
    assert!(pair.sources[0].starts_with("certificates"), "{pair:?}");
    assert!(pair.sources[1].starts_with("receive-ca-cert"), "{pair:?}");
    assert!(
        found
            .sources
            .iter()
            .all(|source| source.needed_by.is_empty())
    );
    // With its certificate from another CA the transfer is what everything rests on.
    let found = least_trust(&Arc::new(masked("other", TRANSFER)));
    assert_eq!(found.masked, []);
    let single: Vec<&str> = found
        .sources
        .iter()
        .filter(|source| source.is_single())
        .map(|source| source.source.as_str())
        .collect();
    assert!(
        matches!(single[..], [only] if only.starts_with("receive-ca-cert")),
        "{single:?}"
    );
    let other = found
        .authorities
        .iter()
        .find(|one| one.owner.as_deref() == Some("m.other"));
    assert!(other.expect("it is trusted").needed_by.is_empty());
}

/// The second source of a CA that is trusted already changes no verdict, and hides the first from then on.
#[test]
fn a_transfer_that_comes_later_masks_as_well() {
    let text = MASKED
        .replace("GIVER", "ca")
        .replace("      TRANSFER\n", "");
    let later = "faults:
  - at: 2d
    integrate: {between: [traefik:receive-ca-cert, ca:send-ca-cert]}
";
    let deployment = Arc::new(crate::common::deployed(&format!("{text}{later}")));
    let found = least_trust(&deployment);
    let names: Vec<&str> = found
        .sources
        .iter()
        .map(|one| one.source.as_str())
        .collect();
    assert!(
        matches!(names[..], [first, second] if first.starts_with("certificates") && second.starts_with("receive-ca-cert")),
        "{names:?}"
    );
    assert!(found.sources[0].is_single(), "it was, for two days");
    let pairs: Vec<_> = found.masked.iter().map(|pair| &pair.sources).collect();
    assert_eq!(pairs.len(), 1);
    // Either brings the CA, which is needed to the end.
    let needed = found
        .authorities
        .iter()
        .find(|one| !one.needed_by.is_empty());
    let needed = needed.expect("the CA of the server");
    let end = deployment.start + deployment.duration;
    assert_eq!(needed.needed_until, Some(end));
}

/// What is said to be needed is: without the transfer, the same deployment fails; and without the
/// masked one it does not.
#[test]
fn what_is_needed_fails_in_a_run_without_it() {
    const TRANSFER: &str = "- [traefik:receive-ca-cert, ca:send-ca-cert]";
    let fails = |deployment: &Deployment| {
        let record = crate::common::play(deployment, Options::default());
        let outages = trustsim::diagnosis::outages(&record.manifest, &record.journal);
        !outages.is_empty()
    };
    assert!(!fails(&masked("ca", TRANSFER)) && !fails(&masked("ca", "")));
    assert!(!fails(&masked("other", TRANSFER)) && fails(&masked("other", "")));
}
