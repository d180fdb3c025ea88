//! Recorded hooks: what a unit saw and left behind, and that keeping them changes nothing.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use trustsim::kernel::Span;
use trustsim::world::{Options, Simulation};

fn internal() -> Simulation {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/internal.yaml");
    Simulation::new(Arc::new(crate::common::load(&path)), Options::default())
}

fn play(simulation: &mut Simulation) {
    let until = simulation.now() + Span::from_secs(300);
    simulation.run_until(until);
}

fn requests(seen: &Value) -> Option<&str> {
    seen["relations"]
        .as_array()?
        .iter()
        .find(|relation| relation["endpoint"] == "certificates")?["unit-data"]
        .get("certificate_signing_requests")?
        .as_str()
}

#[test]
fn a_hook_is_kept_with_what_it_saw_and_what_it_left() {
    let mut simulation = internal();
    assert!(simulation.record("shop.web/0"));
    assert!(!simulation.record("shop.missing/0"));
    assert!(!simulation.record("web/0"));
    play(&mut simulation);
    let hooks = simulation.take_recording();
    assert!(hooks.iter().all(|hook| hook["unit"] == "web/0"));
    let created = hooks
        .iter()
        .find(|hook| hook["hook"] == "certificates-relation-created");
    let created = created.expect("the relation is there from the start");
    assert_eq!(requests(&created["before"]), None);
    assert!(requests(&created["after"]).is_some_and(|text| text.contains("BEGIN CERTIFICATE REQ")));
    let secret = &created["after"]["secrets"][0];
    assert_eq!(
        secret["uri"],
        Value::Null,
        "it is made when the hook is committed"
    );
    assert_eq!(secret["owner"], "unit");
    let library = &created["libraries"][0];
    assert_eq!(
        (&library["mode"], &library["library"]),
        (&"unit".into(), &"tls-certificates".into())
    );
    // What one hook leaves is what the next one sees, but for what others wrote.
    for (hook, next) in hooks.iter().zip(&hooks[1..]) {
        let labels = |seen: &Value| -> Vec<Value> {
            let secrets = seen["secrets"].as_array().expect("a list").iter();
            secrets.map(|secret| secret["label"].clone()).collect()
        };
        assert_eq!(
            labels(&hook["after"]),
            labels(&next["before"]),
            "{}",
            hook["at"]
        );
        if let Some(text) = requests(&hook["after"]) {
            assert_eq!(requests(&next["before"]), Some(text), "{}", hook["at"]);
        }
    }
}

#[test]
fn a_unit_that_does_not_lead_sees_no_application_databag_of_its_own() {
    let mut simulation = internal();
    simulation.record_all();
    play(&mut simulation);
    let hooks = simulation.take_recording();
    let seen = |hook: &&Value| {
        hook["before"]["relations"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
    };
    for hook in hooks.iter().filter(seen) {
        for relation in hook["before"]["relations"].as_array().into_iter().flatten() {
            let may_read = hook["before"]["leader"] == true || relation["peer"] == true;
            assert_eq!(
                relation["application-data"].is_object(),
                may_read,
                "{hook:#}"
            );
        }
    }
    let units: std::collections::BTreeSet<&str> = hooks
        .iter()
        .filter_map(|hook| hook["unit"].as_str())
        .collect();
    assert_eq!(
        units.into_iter().collect::<Vec<_>>(),
        ["ca/0", "web/0", "web/1", "web/2"]
    );
}

#[test]
fn what_is_recorded_changes_nothing() {
    let (mut plain, mut recorded) = (internal(), internal());
    recorded.record_all();
    play(&mut plain);
    play(&mut recorded);
    assert_eq!(
        plain.journal().fingerprint(),
        recorded.journal().fingerprint()
    );
}
