//! What can be said of a text that is no YAML and no JSON as a whole: several objects one after the other, as `>>` writes them,
//! or the beginning of a dump.

use trustsim_yaml::{Entry, Node, Place, Value, parse};

use crate::dump::Kind;

/// What the beginning of a dump tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Understood {
    /// What it would be.
    pub(crate) kind: Kind,
    /// The name of the first model.
    pub(crate) model: Option<String>,
    /// How many applications, or relations of a unit, begin in it.
    pub(crate) count: usize,
}

/// Reads the words of a dump where its end is missing; nothing of a text that has none.
pub(crate) fn understood(text: &str) -> Option<Understood> {
    let has = |word: &str| text.contains(word);
    let of = |kind, each: &str| Understood {
        kind,
        model: None,
        count: text.matches(each).count(),
    };
    if has("\"relation-info\"") {
        return Some(of(Kind::ShowUnit, "\"relation-id\""));
    }
    if has("\"terraform_version\"") || has("\"planned_values\"") {
        return Some(of(Kind::Terraform, "\"juju_application\""));
    }
    if has("\"model\"") && (has("\"applications\"") || has("\"machines\"")) {
        return Some(Understood {
            model: named_after(text, "\"model\"").map(str::to_owned),
            ..of(Kind::Status, "\"charm-name\"")
        });
    }
    None
}

/// The value of the first `"name"` after a key.
fn named_after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(key)?;
    let (_, rest) = rest.split_once("\"name\"")?;
    let (_, rest) = rest.split_once('"')?;
    rest.split_once('"').map(|(name, _)| name)
}

/// The documents of a text that is several JSON objects, one after the other; nothing where it is anything else.
pub(crate) fn concatenated(text: &str, file: u32) -> Option<Vec<Node>> {
    let pieces = objects(text).filter(|pieces| pieces.len() > 1)?;
    let documents = pieces.into_iter().map(|(start, piece)| {
        let mut documents = parse(piece, file).ok()?;
        let by = u32::try_from(start).ok()?;
        documents
            .iter_mut()
            .for_each(|document| move_places(document, by));
        Some(documents)
    });
    let documents: Option<Vec<Vec<Node>>> = documents.collect();
    Some(documents?.into_iter().flatten().collect())
}

/// Where each object begins, and its text: nothing where something else is between them, or the last has no end.
fn objects(text: &str) -> Option<Vec<(usize, &str)>> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if in_text => {
                in_text = byte != b'"' || is_escaped;
                is_escaped = byte == b'\\' && !is_escaped;
            }
            b'"' if depth > 0 => in_text = true,
            b'{' => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    found.push((start, &text[start..=at]));
                }
            }
            _ if depth == 0 && !byte.is_ascii_whitespace() => return None,
            _ => {}
        }
    }
    (depth == 0).then_some(found)
}

/// Places of a part of a text, in the whole.
pub(crate) fn move_places(node: &mut Node, by: u32) {
    node.place = moved(node.place, by);
    match &mut node.value {
        Value::Null | Value::Scalar(_) => {}
        Value::List(elements) => elements
            .iter_mut()
            .for_each(|element| move_places(element, by)),
        Value::Map(entries) => {
            for Entry { key, value } in entries {
                key.place = moved(key.place, by);
                move_places(value, by);
            }
        }
    }
}

/// A place of a part of a text, in the whole.
pub(crate) const fn moved(place: Place, by: u32) -> Place {
    Place {
        file: place.file,
        start: place.start + by,
        end: place.end + by,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_apart() {
        let texts = |text: &'static str| -> Option<Vec<&str>> {
            let found = objects(text)?;
            Some(found.into_iter().map(|(_, piece)| piece).collect())
        };
        assert_eq!(
            texts("{}\n {\"a\": \"}{\"}"),
            Some(vec!["{}", "{\"a\": \"}{\"}"])
        );
        assert_eq!(
            texts("{\"a\\\\\": \"\\\"}\"}"),
            Some(vec!["{\"a\\\\\": \"\\\"}\"}"])
        );
        assert_eq!(texts("{}, {}"), None);
        assert_eq!(texts("{\"a\": {}"), None);
        assert_eq!(texts("}{"), None);
        assert_eq!(texts("a: 1"), None);
        let documents = concatenated("{\"a\": 1}\n{\"b\": 2}", 3).expect("two objects");
        let second = documents[1].entries().first().expect("a key");
        assert_eq!(
            (second.key.value.as_str(), second.key.place.start),
            ("b", 10)
        );
        assert!(concatenated("{\"a\": 1}", 3).is_none());
    }

    #[test]
    fn a_beginning_tells_what_it_would_be() {
        let status = r#"{"model": {"type": "caas", "name": "cos", "x": 1}, "applications": {"a": {"charm-name": "a"}, "b": {"charm-na"#;
        assert_eq!(
            understood(status),
            Some(Understood {
                kind: Kind::Status,
                model: Some("cos".to_owned()),
                count: 1
            })
        );
        assert_eq!(understood("models: {m"), None);
    }
}
