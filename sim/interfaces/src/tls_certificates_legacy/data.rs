//! JSON in unit databags, as charms.reactive and the ops library read and write it.

use std::sync::Arc;

use serde_json::Value as Json;

use super::super::json;
use trustsim_juju::{Bag, HookError, Value};

/// An object whose fields keep their order.
pub(super) type Object = serde_json::Map<String, Json>;

/// The object under `key`: `received[key] or {}`, `to_publish.get(key, {})`.
///
/// # Errors
///
/// [`HookError`] for anything else: the library calls `.items()` on it, or `json.loads` raises.
pub(super) fn json_object(bag: &Bag, key: &str) -> Result<Arc<Object>, HookError> {
    let Some(value) = bag.get(key) else {
        return Ok(Arc::default());
    };
    let parsed = value.parsed(|text| match serde_json::from_str(text) {
        Ok(Json::Object(object)) => Some(Arc::new(object)),
        Ok(Json::Null) => Some(Arc::default()),
        _ => None,
    });
    (*parsed).clone().ok_or_else(|| {
        HookError::Charm("AttributeError: 'str' object has no attribute 'items'".to_owned())
    })
}

/// What is written under a key; reactive charms sort the fields.
pub(super) fn object_value(object: Object, sort_keys: bool) -> Value {
    let object = Json::Object(object);
    let text = json::dumps(&object, sort_keys);
    let Json::Object(object) = object else {
        unreachable!("an object was made of it above");
    };
    // The next reader finds the fields in the order of the text.
    let parsed = if sort_keys {
        let mut fields: Vec<_> = object.into_iter().collect();
        fields.sort_by(|left, right| left.0.cmp(&right.0));
        fields.into_iter().collect()
    } else {
        object
    };
    debug_assert_eq!(
        serde_json::from_str::<Object>(&text).ok().as_ref(),
        Some(&parsed),
        "what is remembered of a value is what parsing it gives"
    );
    Value::with_parsed(text, Arc::new(Some(Arc::new(parsed))))
}

/// A list of names in JSON.
pub(super) fn names_value(names: &[String]) -> Value {
    let list = Json::from(names.to_vec());
    Value::from(json::dumps(&list, false))
}

/// A list of names under `key`; none where it is missing, null or no JSON, as `json.loads` is guarded
/// there.
pub(super) fn name_list(bag: &Bag, key: &str) -> Vec<String> {
    bag.get(key)
        .and_then(|value| serde_json::from_str(value.text()).ok())
        .map_or_else(Vec::new, |json: Json| text_list(&json))
}

/// The texts of a list, without what is no text.
pub(super) fn text_list(json: &Json) -> Vec<String> {
    let items = json.as_array().into_iter().flatten();
    items.filter_map(Json::as_str).map(str::to_owned).collect()
}

/// The text of a field; none where it is empty.
pub(super) fn text_field<'a>(json: &'a Json, field: &str) -> Option<&'a str> {
    json.get(field)?.as_str().filter(|text| !text.is_empty())
}
