//! JSON as Python's `json.dumps` writes it by default: `", "` and `": "`, ASCII only.

use std::fmt::Write as _;

/// Bytes that stand for themselves in a JSON string.
const PLAIN: [bool; 256] = plain_bytes();

const fn plain_bytes() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        table[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    table
}

/// Appends a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    out.reserve(text.len() + text.len() / 32 + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !PLAIN[usize::from(byte)]) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = special.chars();
        if let Some(letter) = letters.next() {
            push_escaped(out, letter);
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn push_escaped(out: &mut String, letter: char) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        letter => {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// Appends `"key": "text"`, after a comma unless it is the first of an object.
pub fn push_field(out: &mut String, key: &str, text: &str) {
    push_key(out, key);
    push_string(out, text);
}

/// Appends `"key": `, after a comma unless it is the first of an object.
pub fn push_key(out: &mut String, key: &str) {
    assert!(!out.is_empty(), "{key} is written outside an object");
    if !out.ends_with('{') {
        out.push_str(", ");
    }
    push_string(out, key);
    out.push_str(": ");
}

/// Appends a list whose items `push` writes.
pub fn push_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        push(out, item);
    }
    out.push(']');
}

/// `json.dumps(value)`, or with `sort_keys=True`.
pub fn dumps(value: &serde_json::Value, sort_keys: bool) -> String {
    let mut out = String::new();
    push_value(&mut out, value, sort_keys);
    out
}

fn push_value(out: &mut String, value: &serde_json::Value, sort_keys: bool) {
    match value {
        serde_json::Value::String(text) => push_string(out, text),
        serde_json::Value::Array(items) => {
            push_list(out, items, |out, item| push_value(out, item, sort_keys));
        }
        serde_json::Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            if sort_keys {
                fields.sort_by_key(|(key, _)| *key);
            }
            out.push('{');
            for (at, (key, value)) in fields.into_iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                push_string(out, key);
                out.push_str(": ");
                push_value(out, value, sort_keys);
            }
            out.push('}');
        }
        // Numbers and words are written alike.
        other => out.push_str(&other.to_string()),
    }
}

/// The object of one field of a parsed value, as pydantic reads it: unknown ones are ignored.
pub fn text_of(object: &serde_json::Value, key: &str) -> Result<String, String> {
    match object.get(key) {
        Some(serde_json::Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(format!("{key}: input should be a valid string")),
        None => Err(format!("{key}: field required")),
    }
}

/// An optional text: missing and null are both `None`.
pub fn optional_text(object: &serde_json::Value, key: &str) -> Result<Option<String>, String> {
    match object.get(key) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(_) => text_of(object, key).map(Some),
    }
}

/// A bool as pydantic's lax mode reads it.
pub fn lax_bool(value: &serde_json::Value) -> Result<Option<bool>, String> {
    match value {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::Bool(flag) => Ok(Some(*flag)),
        serde_json::Value::Number(number) if number.as_f64() == Some(0.0) => Ok(Some(false)),
        serde_json::Value::Number(number) if number.as_f64() == Some(1.0) => Ok(Some(true)),
        serde_json::Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "on" | "t" => Ok(Some(true)),
            "false" | "0" | "no" | "n" | "off" | "f" => Ok(Some(false)),
            _ => Err("input should be a valid boolean".to_owned()),
        },
        _ => Err("input should be a valid boolean".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `json.dumps` of `CPython` 3.11, run on these texts.
    #[test]
    fn strings_are_escaped_as_python_does() {
        for (text, dumped) in [
            ("a\nb", r#""a\nb""#),
            ("\"\\/", r#""\"\\/""#),
            ("\u{e9}\u{1f600}", r#""\u00e9\ud83d\ude00""#),
            ("\u{1}\u{7f}\t", r#""\u0001\u007f\t""#),
        ] {
            let mut out = String::new();
            push_string(&mut out, text);
            assert_eq!(out, dumped);
        }
    }

    /// `json.dumps` of `CPython` 3.11, run on this object.
    #[test]
    fn objects_are_dumped_as_python_does() {
        let value: serde_json::Value =
            serde_json::from_str(r#"{"b":{"sans":null,"x":[]},"a":["1",true,{}]}"#).unwrap();
        assert_eq!(
            dumps(&value, false),
            r#"{"b": {"sans": null, "x": []}, "a": ["1", true, {}]}"#
        );
        assert_eq!(
            dumps(&value, true),
            r#"{"a": ["1", true, {}], "b": {"sans": null, "x": []}}"#
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in ".*") {
            let mut out = String::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).ok(), Some(text));
        }
    }
}
