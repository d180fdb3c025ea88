//! Databags, byte for byte. What the libraries do in hooks is tested with charms behind them, in
//! `charms/src/tests/legacy_rules.rs`.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::data::{Object, json_object, name_list, names_value, object_value};
use super::*;
use trustsim_juju::{Bag, HookError, Value};

fn fields(json: Json) -> Object {
    match json {
        Json::Object(object) => object,
        other => panic!("{other}"),
    }
}

/// `json.dumps(requests)` of the ops library keeps the order of the requests; charms.reactive
/// 1.5.3 `endpoints.py` (`JSONUnitDataView.__setitem__`) sorts them.
#[test]
fn reactive_charms_sort_what_ops_charms_do_not() {
    let requests = || fields(json!({"b": {"sans": null}, "a": {"sans": ["x", "10.0.0.1"]}}));
    assert_eq!(
        object_value(requests(), false).text(),
        r#"{"b": {"sans": null}, "a": {"sans": ["x", "10.0.0.1"]}}"#
    );
    assert_eq!(
        object_value(requests(), true).text(),
        r#"{"a": {"sans": ["x", "10.0.0.1"]}, "b": {"sans": null}}"#
    );
}

/// `received[key] or {}`: missing and null are no requests; anything but an object raises.
#[test]
fn what_is_no_object_raises_in_the_hook() {
    let bag: Bag = [
        ("null", "null"),
        ("list", "[]"),
        ("text", "web"),
        ("object", "{\"a\": {}}"),
    ]
    .map(|(key, text)| (key, Value::from(text)))
    .into_iter()
    .collect();
    assert_eq!(json_object(&bag, "missing"), Ok(Arc::default()));
    assert_eq!(json_object(&bag, "null"), Ok(Arc::default()));
    assert_eq!(json_object(&bag, "object").map(|found| found.len()), Ok(1));
    for wrong in ["list", "text"] {
        assert!(
            matches!(json_object(&bag, wrong), Err(HookError::Charm(_))),
            "{wrong}"
        );
    }
}

#[test]
fn unit_names_stand_in_keys_with_underscores() {
    assert_eq!(
        unit_key("kubernetes-control-plane/0"),
        "kubernetes-control-plane_0"
    );
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        pairs in proptest::collection::btree_map(".{0,8}", ".{0,8}", 0..6),
        sort in any::<bool>(),
    ) {
        let fields: Object = pairs.into_iter().map(|(key, text)| (key, Json::from(text))).collect();
        let value = object_value(fields, sort);
        let bag: Bag = [("written", value.clone())].into_iter().collect();
        let read: Bag = [("written", Value::from(value.text()))].into_iter().collect();
        let (remembered, parsed) = (json_object(&bag, "written"), json_object(&read, "written"));
        prop_assert_eq!(&remembered, &parsed);
        let order = |found: &Object| found.keys().cloned().collect::<Vec<_>>();
        prop_assert_eq!(remembered.map(|found| order(&found)), parsed.map(|found| order(&found)));
    }

    #[test]
    fn names_are_read_back(given in proptest::collection::vec(".{0,8}", 0..5)) {
        let bag: Bag = [("sans", names_value(&given))].into_iter().collect();
        prop_assert_eq!(name_list(&bag, "sans"), given);
    }
}
