//! `certificate_transfer` between libraries of different versions:
//! canonical/certificate-transfer-interface f79a9f4, `lib/charms/certificate_transfer_interface`
//! `v0/certificate_transfer.py` (patch 11) and `v1/certificate_transfer.py` (patch 15), and
//! canonical/charmlibs `interfaces/certificate_transfer` 1.1.0.

use std::collections::BTreeSet;

use super::super::{Mode, Reads, Store, surface};
use super::*;
use trustsim_interfaces::certificate_transfer::{CERTIFICATES, Library, Provider, VERSION};
use trustsim_interfaces::pem;

struct Pair {
    stage: Stage,
    ca: ApplicationId,
    client: ApplicationId,
    relation: RelationId,
}

fn trusting(profile: TrustProfile, library: Library) -> CharmMetadata {
    let mut charm = consumer(certificates_profile(Mode::Unit));
    charm.endpoints[1].profile = Some(EndpointProfile::ReceivesCa(profile));
    with_library(charm, "receive-ca-cert", LibraryProfile::Transfer(library))
}

fn sending(library: Library) -> CharmMetadata {
    let library = LibraryProfile::Transfer(library);
    with_library(self_signed_certificates(), "send-ca-cert", library)
}

fn transfer(from: Library, to: Library, profile: TrustProfile) -> Pair {
    let mut stage = Stage::new(7, true, false);
    stage.keeps_all = true;
    let ca = stage.deploy("ca", &sending(from), &[], 1);
    let client = stage.deploy("client", &trusting(profile, to), &[], 1);
    stage.run_for(30);
    let relation = stage.integrate((ca, "send-ca-cert"), (client, "receive-ca-cert"));
    stage.run_for(700);
    Pair {
        stage,
        ca,
        client,
        relation,
    }
}

impl Pair {
    /// Certificates that can be read in what the client's process trusts.
    fn trusted(&self) -> usize {
        let client = self.stage.unit(self.client, 0);
        let files = &self.stage.juju.unit(client).workload.loaded;
        let chains = surface::trusted(files).map(pem::chain);
        chains
            .map(|chain| chain.as_ref().as_ref().map_or(0, Vec::len))
            .sum()
    }

    fn provider_bag(&self) -> Bag {
        let provider = self.stage.unit(self.ca, 0);
        self.stage.unit_bag(self.relation, provider)
    }

    /// Runs `stunt` as an action of the provider.
    fn provider_does(&mut self, stunt: Stunt) {
        self.stage.stunts.insert("stunt", stunt);
        self.stage.act(self.stage.unit(self.ca, 0), "stunt");
        self.stage.run_for(20);
    }

    /// Makes the requirer's application databag say this version.
    fn requirer_says(&mut self, stunt: Stunt) {
        self.stage.stunts.insert("say", stunt);
        self.stage.act(self.stage.unit(self.client, 0), "say");
        self.stage.run_for(20);
    }
}

fn mute(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    let relation = unit.relations("receive-ca-cert")[0];
    unit.set_application_data(relation, VERSION, None)?;
    Ok(())
}

/// One CA goes through each pair of libraries, but for a requirer of version 1 before charmlibs or
/// after it that meets a provider of version 0: `json.loads` of plain PEM raises, and the
/// set is empty.
#[test]
fn who_understands_whom() {
    use Library::{Current, V0Patch11, V1Patch15};
    for (from, to, trusted) in [
        (V0Patch11, V0Patch11, 1),
        (V0Patch11, V1Patch15, 0),
        (V0Patch11, Current, 0),
        (V1Patch15, V0Patch11, 1),
        (Current, V0Patch11, 1),
        (V1Patch15, V1Patch15, 1),
        (V1Patch15, Current, 1),
        (Current, V1Patch15, 1),
        (Current, Current, 1),
    ] {
        let pair = transfer(from, to, TrustProfile::default());
        assert_eq!(pair.trusted(), trusted, "{from:?} to {to:?}");
    }
}

/// charmlibs `interfaces/certificate_transfer` 1.1.0, `_set_relation_data`: for a requirer of version 0
/// it dumps the unit's databag each time it is called, whether the set changed or not. So what
/// config-changed puts back there, Juju's addresses, goes with the next call.
#[test]
fn the_fallback_clears_the_units_bag_whenever_the_charm_sends() {
    let mut pair = transfer(
        Library::Current,
        Library::V0Patch11,
        TrustProfile::default(),
    );
    let keys = |pair: &Pair| {
        let bag = pair.provider_bag();
        bag.iter()
            .map(|(key, _)| key.to_owned())
            .collect::<Vec<_>>()
    };
    let alone = ["ca", "certificate", "chain", VERSION];
    assert_eq!(keys(&pair), alone);
    pair.stage.set_config(pair.ca, "certificate-limit", "98");
    pair.stage.run_for(10);
    assert_eq!(keys(&pair).len(), alone.len() + 3, "{:?}", keys(&pair));
    pair.stage.run_for(400);
    assert_eq!(keys(&pair), alone, "an update-status later");
}

#[test]
fn version_0_writes_plain_pem_into_the_units_bag_and_leaves_its_addresses() {
    let pair = transfer(
        Library::V0Patch11,
        Library::V0Patch11,
        TrustProfile::default(),
    );
    let bag = pair.provider_bag();
    let text = |key: &str| bag.get(key).map(|value| value.text().to_owned());
    assert!(text("ca").is_some_and(|ca| ca.starts_with("-----BEGIN CERTIFICATE-----\nMII")));
    assert_eq!(text("ca"), text("certificate"));
    assert!(text("chain").is_some_and(|chain| chain.starts_with("[\"-----BEGIN")));
    assert_eq!(text(VERSION).as_deref(), Some("0"));
    assert!(text("ingress-address").is_some(), "nothing is cleared");
    let said = pair.stage.application_bag(pair.relation, pair.client);
    assert_eq!(said.get(VERSION).map(Value::text), Some("0"));
}

/// A provider of version 0 has one certificate: the CA before is forgotten at once, though leaves
/// under it live on.
#[test]
fn version_0_forgets_the_ca_before() {
    let mut pair = transfer(
        Library::V0Patch11,
        Library::V0Patch11,
        TrustProfile::default(),
    );
    let before = pair.provider_bag();
    let provider = pair.stage.unit(pair.ca, 0);
    pair.stage.act(provider, "rotate-private-key");
    pair.stage.run_for(700);
    assert_ne!(pair.provider_bag().get("ca"), before.get("ca"));
    assert_eq!(pair.trusted(), 1);
}

#[test]
fn version_0_takes_its_certificate_back() {
    let mut pair = transfer(
        Library::V0Patch11,
        Library::V0Patch11,
        TrustProfile::default(),
    );
    pair.provider_does(|unit| {
        let provider = Provider {
            library: Library::V0Patch11,
            ..Provider::new("send-ca-cert")
        };
        provider.remove_all(unit)
    });
    let keys: Vec<String> = pair
        .provider_bag()
        .iter()
        .map(|(key, _)| key.to_owned())
        .filter(|key| !key.contains("address") && !key.contains("subnets"))
        .collect();
    assert_eq!(keys, [VERSION]);
    // The requirer of version 0 finds what is left not valid, and emits no event.
    assert_eq!(pair.trusted(), 1);
}

/// Trap 2: after a rotation a peer of version 0 gets whichever of the two CAs Python's hashes put
/// first, another one in each hook; the old one is never withdrawn.
#[test]
fn a_peer_of_version_0_gets_an_arbitrary_ca_after_a_rotation() {
    let mut firsts = BTreeSet::new();
    for seed in 0..12 {
        let mut stage = Stage::new(seed, true, false);
        let ca = stage.deploy("ca", &sending(Library::V1Patch15), &[], 1);
        let client = trusting(TrustProfile::default(), Library::V0Patch11);
        let client = stage.deploy("client", &client, &[], 1);
        stage.run_for(30);
        let relation = stage.integrate((ca, "send-ca-cert"), (client, "receive-ca-cert"));
        stage.run_for(700);
        let provider = stage.unit(ca, 0);
        let first = stage.unit_bag(relation, provider).get("ca").cloned();
        stage.act(provider, "rotate-private-key");
        stage.run_for(700);
        let bag = stage.unit_bag(relation, provider);
        let chain: Vec<String> =
            serde_json::from_str(bag.get("chain").expect("it is there").text()).expect("a list");
        assert_eq!(chain.len(), 2, "the old CA stays");
        firsts.insert(bag.get("ca").cloned() == first);
    }
    assert_eq!(
        firsts.len(),
        2,
        "sometimes the old one, sometimes the new one"
    );
}

/// Trap 1: the value is JSON; a charm that writes it as it is has a file without a certificate
/// (canonical/grafana-k8s-operator issue 441, canonical/traefik-k8s-operator issue 668).
#[test]
fn a_charm_that_writes_the_quoted_value_trusts_no_certificate() {
    let raw = TrustProfile {
        reads: Reads::Raw,
        ..TrustProfile::default()
    };
    let mut pair = transfer(Library::V1Patch15, Library::V0Patch11, raw.clone());
    assert_eq!(pair.trusted(), 0);
    let client = pair.stage.unit(pair.client, 0);
    let files = &pair.stage.juju.unit(client).workload.loaded;
    let text = surface::trusted(files)
        .next()
        .expect("a file")
        .text()
        .to_owned();
    assert!(
        text.starts_with("\"-----BEGIN CERTIFICATE-----\\nMII"),
        "{text}"
    );
    // What a real provider of version 0 writes suits it.
    pair = transfer(Library::V0Patch11, Library::V0Patch11, raw.clone());
    assert_eq!(pair.trusted(), 1);
    // Issue 671: the data moved to the application databag, which is not read.
    pair = transfer(Library::V1Patch15, Library::V1Patch15, raw);
    assert_eq!(pair.trusted(), 0);
}

/// Trap 3: with patch 15 a requirer of version 1 that has been sent an empty set falls back to what
/// was left in the unit's databag before its version was known; charmlibs 1.1.0 does not.
#[test]
fn what_was_left_of_version_0_comes_back_when_the_set_is_emptied() {
    for (to, trusted) in [(Library::V1Patch15, 1), (Library::Current, 0)] {
        let mut pair = transfer(Library::V1Patch15, to, TrustProfile::default());
        pair.requirer_says(mute);
        pair.stage.run_for(700);
        assert!(pair.provider_bag().get("chain").is_some());
        pair.requirer_says(|unit| {
            let relation = unit.relations("receive-ca-cert")[0];
            unit.set_application_data(relation, VERSION, Some("1".into()))?;
            Ok(())
        });
        pair.stage.run_for(700);
        pair.provider_does(|unit| {
            let provider = Provider {
                library: Library::V1Patch15,
                ..Provider::new("send-ca-cert")
            };
            provider.remove_all(unit)
        });
        let bag = pair.stage.application_bag(pair.relation, pair.ca);
        assert_eq!(bag.get(CERTIFICATES).map(Value::text), Some("[]"));
        assert_eq!(pair.trusted(), trusted, "{to:?}");
    }
}

/// Trap 5: `relation.units.pop()` empties what `ops` keeps for the hook, so a handler that asks
/// again (haproxy's `update_trusted_cas`) finds nothing and removes its bundle.
#[test]
fn a_handler_that_reads_again_loses_what_came_by_version_0() {
    for (reads, trusted) in [(Reads::Event, 1), (Reads::Again, 0)] {
        let profile = TrustProfile {
            reads,
            store: Store::Bundle,
            ..TrustProfile::default()
        };
        let mut pair = transfer(Library::V1Patch15, Library::V1Patch15, profile);
        assert_eq!(pair.trusted(), 1, "version 1 does not need the units");
        // Its version goes, as after a refresh of a charm whose relation is there since version 0.
        pair.requirer_says(mute);
        pair.provider_does(|unit| {
            let relation = unit.relations("send-ca-cert")[0];
            unit.set_application_data(relation, CERTIFICATES, None)?;
            unit.set_application_data(relation, VERSION, None)?;
            Ok(())
        });
        pair.stage.run_for(700);
        assert_eq!(pair.trusted(), trusted, "{reads:?}");
    }
}

/// A provider with three units in the fallback: only its leader wrote anything, and the requirer
/// asks an arbitrary one.
#[test]
fn the_fallback_asks_an_arbitrary_unit() {
    let mut outcomes = BTreeSet::new();
    for seed in 0..12 {
        let mut stage = Stage::new(seed, true, false);
        let ca = stage.deploy("ca", &sending(Library::V1Patch15), &[], 3);
        let client = trusting(TrustProfile::default(), Library::V1Patch15);
        let client = stage.deploy("client", &client, &[], 1);
        stage.run_for(30);
        let relation = stage.integrate((ca, "send-ca-cert"), (client, "receive-ca-cert"));
        stage.stunts.insert("mute", mute);
        stage.run_for(6);
        stage.act(stage.unit(client, 0), "mute");
        stage.run_for(700);
        if stage.application_bag(relation, ca).get(VERSION).is_some() {
            // Its version was seen before it went.
            continue;
        }
        let files = &stage.juju.unit(stage.unit(client, 0)).workload.loaded;
        outcomes.insert(surface::trusted(files).count());
    }
    assert!(outcomes.contains(&0), "{outcomes:?}");
}

/// canonical/grafana-k8s-operator issue 592: the list is in the order of a Python set, so that each
/// run of the provider may write another text of the same set, and every requirer runs a hook.
#[test]
fn a_set_of_two_is_written_in_another_order_again_and_again() {
    for (library, is_noisy) in [(Library::V1Patch15, true), (Library::Current, false)] {
        let mut pair = transfer(library, Library::Current, TrustProfile::default());
        let provider = pair.stage.unit(pair.ca, 0);
        pair.stage.act(provider, "rotate-private-key");
        pair.stage.run_for(900);
        pair.stage.played.clear();
        pair.stage.run_for(6 * 3_600);
        let client = pair.stage.unit(pair.client, 0);
        let hooks = pair.stage.hooks_of(client);
        let changed = hooks
            .iter()
            .filter(|hook| hook.ends_with("-changed"))
            .count();
        assert_eq!(changed > 10, is_noisy, "{library:?}: {changed} hooks");
        // The set is the same, and a requirer of today tells its charm nothing.
        assert_eq!(pair.trusted(), 2);
    }
}

/// A requirer whose leader is gone before its relation-created never says its version, nor does
/// one that was version 0 when the relation was made.
#[test]
fn a_requirer_that_never_said_its_version_stays_with_version_0() {
    let mut pair = transfer(
        Library::V1Patch15,
        Library::V0Patch11,
        TrustProfile::default(),
    );
    let said = pair.stage.application_bag(pair.relation, pair.client);
    assert_eq!(said.get(VERSION).map(Value::text), Some("0"));
    pair.stage.run_for(7 * 86_400);
    let bag = pair.stage.application_bag(pair.relation, pair.ca);
    assert!(
        bag.get(CERTIFICATES).is_none(),
        "patch 15 writes to one place only"
    );
    assert!(pair.provider_bag().get("chain").is_some());
}

/// What can become of a set of two: all in one file, one file each, or one of them.
#[test]
fn a_store_has_one_file_or_one_each_or_one_over_the_other() {
    for (store, files, trusted) in [
        (Store::Relation, 1, 2),
        (Store::Bundle, 1, 2),
        (Store::Each, 2, 2),
        (Store::Last, 1, 1),
    ] {
        let profile = TrustProfile {
            store,
            ..TrustProfile::default()
        };
        let mut pair = transfer(Library::Current, Library::Current, profile);
        let provider = pair.stage.unit(pair.ca, 0);
        pair.stage.act(provider, "rotate-private-key");
        pair.stage.run_for(900);
        let client = pair.stage.unit(pair.client, 0);
        let loaded = &pair.stage.juju.unit(client).workload.loaded;
        assert_eq!(surface::trusted(loaded).count(), files, "{store:?}");
        assert_eq!(pair.trusted(), trusted, "{store:?}");
        pair.stage.remove_relation(pair.relation);
        pair.stage.run_for(60);
        assert_eq!(pair.trusted(), 0, "{store:?}");
    }
}

#[test]
fn cas_that_left_the_set_go_or_stay() {
    for store in [Store::Relation, Store::Bundle, Store::Each] {
        for keeps_removed in [false, true] {
            let profile = TrustProfile {
                store,
                keeps_removed,
                ..TrustProfile::default()
            };
            let mut pair = transfer(Library::Current, Library::Current, profile);
            pair.provider_does(|unit| Provider::new("send-ca-cert").remove_all(unit));
            let left = usize::from(keeps_removed);
            assert_eq!(pair.trusted(), left, "{store:?} {keeps_removed}");
        }
    }
}

/// canonical/prometheus-k8s-operator 432c227 `src/charm.py`, `_update_ca_certs`: `container.restart` follows each event of the
/// library, which version 1 raises for each `relation-changed`.
#[test]
fn a_process_may_restart_whenever_cas_are_told() {
    let loads = |restarts_always: bool| {
        let profile = TrustProfile {
            restarts_always,
            ..TrustProfile::default()
        };
        let pair = transfer(Library::V1Patch15, Library::V1Patch15, profile);
        assert_eq!(pair.trusted(), 1);
        let client = pair.stage.unit(pair.client, 0);
        pair.stage.juju.unit(client).workload.generation
    };
    let (once, always) = (loads(false), loads(true));
    assert!(always > once, "{always} {once}");
}
