//! A node as JSON, for what is passed on as it is written.

use serde_json::{Number, Value as Json};

use crate::{Node, ScalarKind, Value};

impl Node {
    /// The node as JSON; of a key that is repeated the last counts.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::List(elements) => elements.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let pairs = entries.iter();
                pairs
                    .map(|entry| (entry.key.value.clone(), entry.value.to_json()))
                    .collect()
            }
            Value::Scalar(scalar) => match scalar.kind {
                ScalarKind::Bool(value) => Json::from(value),
                ScalarKind::Int(value) => Number::from_i128(value)
                    .expect("a whole number of more than 64 bits is read as one with a fraction")
                    .into(),
                ScalarKind::Float(value) => Number::from_f64(value)
                    .expect("a number that is not finite is read as text")
                    .into(),
                ScalarKind::String => Json::from(scalar.text.as_str()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;
    use serde_json::json;

    #[test]
    fn a_node_is_json() {
        let text = "{a: [1, -2, 1.5, yes, null, '3'], b: {c: text}, d: 18446744073709551615}";
        let whole = &parse(text, 0).expect("it is YAML")[0];
        let value = json!({"a": [1, -2, 1.5, true, null, "3"], "b": {"c": "text"}, "d": u64::MAX});
        assert_eq!(whole.to_json(), value);
        // Numbers for which JSON has no room are none here.
        let text = "[18446744073709551616, -99999999999999999999, 1e400, .inf, -.inf, .nan]";
        let told = parse(text, 0).expect("it is YAML")[0].to_json();
        let told = told.as_array().expect("a list").iter();
        assert!(
            told.clone().all(|each| each.is_f64() || each.is_string()),
            "{told:?}"
        );
    }
}
