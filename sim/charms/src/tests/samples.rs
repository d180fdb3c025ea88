//! The sample that the conformance check of the real libraries reads.

use serde_json::{Map, Value as Json, json};

use super::super::Mode;
use super::*;

fn bag_json(bag: &Bag) -> Json {
    let fields = bag
        .iter()
        .map(|(key, value)| (key.to_owned(), Json::from(value.text())));
    Json::Object(fields.collect())
}

/// What `juju show-unit --format json` prints of the relations of a unit.
fn show_unit(stage: &Stage, unit: UnitId) -> Json {
    let application = stage.juju.unit(unit).application;
    let relations = &stage.juju.application(application).relations;
    let shown = relations.iter().map(|id| {
        let relation = stage.juju.relation(*id);
        let own = relation.end_of(application).expect("it is in the relation");
        let remote = relation.opposite(own);
        let units: Map<String, Json> = remote
            .units
            .iter()
            .map(|(unit, member)| {
                let shown = json!({"in-scope": true, "data": bag_json(&member.bag.value)});
                (stage.juju.unit(*unit).name.to_string(), shown)
            })
            .collect();
        json!({
            "relation-id": relation.number,
            "endpoint": &*relation.ends[own].endpoint,
            "related-endpoint": &*remote.endpoint,
            "application-data": bag_json(&remote.bag.value),
            "local-unit": {
                "in-scope": true,
                "data": bag_json(&relation.ends[own].units[&unit].bag.value),
            },
            "related-units": units,
        })
    });
    json!({ "relation-info": shown.collect::<Vec<_>>() })
}

fn sample() -> String {
    let mut stage = Stage::new(1, true, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let web = stage.deploy(
        "web",
        &consumer(certificates_profile(Mode::AppAndUnit)),
        &[],
        2,
    );
    stage.run_for(30);
    stage.integrate((ca, "certificates"), (web, "certificates"));
    stage.integrate((ca, "send-ca-cert"), (web, "receive-ca-cert"));
    stage.run_for(600);
    stage.act(stage.unit(ca, 0), "rotate-private-key");
    stage.run_for(10);
    let units = [stage.unit(ca, 0), stage.unit(web, 0)];
    let shown = units.map(|unit| {
        (
            stage.juju.unit(unit).name.to_string(),
            show_unit(&stage, unit),
        )
    });
    let document = Json::Object(shown.into_iter().collect());
    format!("{document:#}\n")
}

/// Writes the sample anew: `cargo test -p trustsim-charms --lib write_the_sample -- --ignored`.
#[test]
#[ignore = "writes a file of the repository"]
fn write_the_sample() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/conformance/samples/rotation.json"
    );
    std::fs::write(path, sample()).expect("the sample can be written");
}

#[test]
fn the_sample_has_the_shape_of_show_unit() {
    let document: Json = serde_json::from_str(&sample()).unwrap();
    let relations = document["web/0"]["relation-info"].as_array().unwrap();
    assert_eq!(relations.len(), 2);
    let text = relations[0]["application-data"]["certificates"]
        .as_str()
        .unwrap();
    assert!(text.contains("\"revoked\": true"));
}
