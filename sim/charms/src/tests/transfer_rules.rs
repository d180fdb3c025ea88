//! What canonical/charmlibs `interfaces/certificate_transfer` does, rule by rule.

use super::super::Mode;
use super::super::surface;
use super::*;
use trustsim_interfaces::certificate_transfer::{CERTIFICATES, Provider, VERSION};

struct Transfer {
    stage: Stage,
    ca: ApplicationId,
    client: ApplicationId,
    relation: RelationId,
}

fn transfer(units: u32) -> Transfer {
    let mut stage = Stage::new(1, true, false);
    stage.keeps_all = true;
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let client = stage.deploy(
        "client",
        &consumer(certificates_profile(Mode::Unit)),
        &[],
        units,
    );
    stage.run_for(30);
    let relation = stage.integrate((ca, "send-ca-cert"), (client, "receive-ca-cert"));
    stage.run_for(400);
    Transfer {
        stage,
        ca,
        client,
        relation,
    }
}

#[test]
fn the_leader_says_version_1_and_gets_sorted_json() {
    let transfer = transfer(2);
    let stage = &transfer.stage;
    let asked = stage.application_bag(transfer.relation, transfer.client);
    assert_eq!(asked.get(VERSION).unwrap().text(), "1");
    let bag = stage.application_bag(transfer.relation, transfer.ca);
    assert_eq!(bag.get(VERSION).unwrap().text(), "1");
    let text = bag.get(CERTIFICATES).unwrap().text();
    assert!(
        text.starts_with("[\"-----BEGIN CERTIFICATE-----\\nMII"),
        "{text}"
    );
    assert!(text.ends_with("-----END CERTIFICATE-----\"]"), "{text}");
    for number in 0..2 {
        let unit = stage.unit(transfer.client, number);
        let files = &stage.juju.unit(unit).workload.loaded;
        assert_eq!(surface::trusted(files).count(), 1);
    }
}

/// All units read one parsed value.
#[test]
fn the_bundle_is_the_same_value_for_every_unit() {
    let transfer = transfer(2);
    let stage = &transfer.stage;
    let files = |number| {
        &stage
            .juju
            .unit(stage.unit(transfer.client, number))
            .workload
            .files
    };
    let (left, right) = (
        surface::trusted(files(0)).next(),
        surface::trusted(files(1)).next(),
    );
    assert!(left.unwrap().is_same(right.unwrap()));
}

#[test]
fn a_peer_that_says_nothing_gets_version_0_in_the_units_bag_as_well() {
    let mut transfer = transfer(1);
    let stage = &mut transfer.stage;
    stage.stunts.insert("mute", |unit| {
        let relation = unit.relations("receive-ca-cert")[0];
        unit.set_application_data(relation, VERSION, None)?;
        Ok(())
    });
    stage.stunts.insert("add", |unit| {
        // An update-status may have been faster.
        let relation = unit.relations("send-ca-cert")[0];
        for key in ["ca", "certificate", "chain", "version"] {
            unit.set_unit_data(relation, key, None)?;
        }
        Provider::new("send-ca-cert").add(unit, &[Arc::from("b"), Arc::from("a\n")])
    });
    stage.act(stage.unit(transfer.client, 0), "mute");
    stage.run_for(5);
    let provider = stage.unit(transfer.ca, 0);
    stage.act(provider, "add");
    stage.run_for(3);
    let bag = stage.unit_bag(transfer.relation, provider);
    let entries: Vec<(&str, &str)> = bag.iter().map(|(key, value)| (key, value.text())).collect();
    assert_eq!(
        entries,
        [
            ("ca", "\"a\\n\""),
            ("certificate", "\"a\\n\""),
            ("chain", "[\"a\\n\", \"b\"]"),
            ("version", "0"),
        ],
        "its texts are JSON, the first of the set is given for all, the addresses are gone"
    );
    // Nothing is ever taken back from such a peer.
    stage.stunts.insert("clear", |unit| {
        Provider::new("send-ca-cert").remove_all(unit)
    });
    stage.act(provider, "clear");
    stage.run_for(3);
    assert!(
        stage
            .unit_bag(transfer.relation, provider)
            .get("chain")
            .is_some()
    );
    let bag = stage.application_bag(transfer.relation, transfer.ca);
    assert_eq!(bag.get(CERTIFICATES).unwrap().text(), "[]");
}

#[test]
fn the_charm_is_told_of_changes_only() {
    let mut transfer = transfer(1);
    let client = transfer.stage.unit(transfer.client, 0);
    let generation = transfer.stage.juju.unit(client).workload.generation;
    let touch: Stunt = |unit| {
        let relation = unit.relations("send-ca-cert")[0];
        unit.set_application_data(relation, "other", Some("x".into()))?;
        Ok(())
    };
    transfer.stage.stunts.insert("touch", touch);
    transfer.stage.played.clear();
    transfer
        .stage
        .act(transfer.stage.unit(transfer.ca, 0), "touch");
    transfer.stage.run_for(30);
    let hooks = transfer.stage.hooks_of(client);
    assert!(
        hooks.contains(&"receive-ca-cert-relation-changed".to_owned()),
        "{hooks:?}"
    );
    assert_eq!(
        transfer.stage.juju.unit(client).workload.generation,
        generation
    );
}

#[test]
fn an_invalid_databag_is_an_empty_set() {
    let mut transfer = transfer(1);
    let client = transfer.stage.unit(transfer.client, 0);
    let spoil: Stunt = |unit| {
        let relation = unit.relations("send-ca-cert")[0];
        unit.set_application_data(relation, CERTIFICATES, Some("[1]".into()))?;
        Ok(())
    };
    transfer.stage.stunts.insert("spoil", spoil);
    transfer
        .stage
        .act(transfer.stage.unit(transfer.ca, 0), "spoil");
    transfer.stage.run_for(30);
    let files = &transfer.stage.juju.unit(client).workload.loaded;
    assert_eq!(surface::trusted(files).count(), 0);
}

#[test]
fn trust_goes_with_the_relation() {
    let mut transfer = transfer(1);
    transfer.stage.remove_relation(transfer.relation);
    transfer.stage.run_for(30);
    let client = transfer.stage.unit(transfer.client, 0);
    let workload = &transfer.stage.juju.unit(client).workload;
    assert_eq!(surface::trusted(&workload.loaded).count(), 0);
    assert!(workload.files.is_empty(), "{:?}", workload.files.keys());
}
