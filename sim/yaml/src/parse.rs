//! From text to nodes. The only place that knows which YAML crate reads it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{DuplicateKeyPolicy, Location, NonFiniteFloatPolicy};

use super::node::{Entry, Node, Scalar, ScalarKind, Value};
use super::place::{Place, Spanned};

/// Deepest nesting of lists and mappings; a scenario has eight levels, the crate's recursion
/// wants a bound.
const DEPTH_MAX: usize = 48;

/// Most nodes of one text. Ten thousand connections are some hundred thousand.
const NODES_MAX: usize = 1_000_000;
/// Most nodes, about, that aliases may repeat.
const REPLAYED_MAX: usize = 100_000;

/// Why a text is no YAML we read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// One line, lower case.
    pub message: String,
    /// Where, as far as the parser could tell.
    pub place: Place,
    /// Whether it is a limit (nesting, aliases, size) and not the syntax.
    pub limit: bool,
}

/// Reads every document of a text, leaving out empty ones. `file` is its index in the sources.
///
/// # Errors
///
/// The first thing that is no YAML, or a limit that stops YAML from growing without bound when
/// its anchors are followed.
pub fn parse(text: &str, file: u32) -> Result<Vec<Node>, SyntaxError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: 4 * NODES_MAX,
            // One anchor may well serve hundreds of aliases; what they grow into is limited below.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: REPLAYED_MAX,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        // Juju reads YAML 1.1: 0777 is octal there.
        legacy_octal_numbers: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    let documents: Vec<Raw> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| syntax_error(&error, text, file))?;
    documents
        .into_iter()
        .map(|document| convert(document, text, file))
        .collect()
}

fn syntax_error(error: &serde_saphyr::Error, text: &str, file: u32) -> SyntaxError {
    use serde_saphyr::Error;
    let error = error.without_snippet();
    let limit = match error {
        Error::Budget { breach, .. } => Some(limit_message(breach)),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => Some(aliases_grow()),
        _ if error.to_string().contains("alias replay") => Some(aliases_grow()),
        _ => None,
    };
    let rendered = error.to_string();
    let written = strip_position(
        rendered
            .lines()
            .next()
            .expect("an error of the YAML library says something"),
    );
    // The scanner has limits of its own, which come as plain texts.
    let is_scanner_limit = ["limit", "recursion", "too deep"]
        .iter()
        .any(|word| rendered.contains(word));
    SyntaxError {
        limit: limit.is_some() || is_scanner_limit,
        message: limit.unwrap_or(written),
        place: error
            .location()
            .map_or_else(Place::default, |location| place_of(location, text, file)),
    }
}

fn limit_message(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Depth { .. } => format!("nested deeper than {DEPTH_MAX} levels"),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => {
            format!("more than {NODES_MAX} nodes")
        }
        BudgetBreach::Documents { documents } => format!("more than {} documents", documents - 1),
        BudgetBreach::Aliases { .. }
        | BudgetBreach::Anchors { .. }
        | BudgetBreach::RecordedAnchorEvents { .. }
        | BudgetBreach::RecordedAnchorBytes { .. }
        | BudgetBreach::MergeKeys { .. } => aliases_grow(),
        other => format!("beyond all bounds: {other:?}"),
    }
}

fn aliases_grow() -> String {
    "anchors and aliases grow beyond all bounds".to_owned()
}

/// Line and column are said by the diagnostic's arrow already.
fn strip_position(message: &str) -> String {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let stripped = message.strip_prefix("line ").and_then(|rest| {
        let (position, rest) = rest.split_once(": ")?;
        position
            .chars()
            .all(|letter| letter.is_ascii_digit() || " column".contains(letter))
            .then_some(rest)
    });
    let message = stripped.unwrap_or(message);
    message
        .rfind(" at line ")
        .map_or(message, |at| &message[..at])
        .to_owned()
}

fn place_of(location: Location, text: &str, file: u32) -> Place {
    let span = location.span();
    let length = text.len() as u64;
    let start = span
        .byte_offset()
        .unwrap_or_else(|| byte_offset(location, text))
        .min(length);
    // An error of the scanner is about a point, which has no length.
    let end = match span.byte_len() {
        Some(bytes) => (start + bytes).min(length),
        None => start,
    };
    let on_boundary = |at: u64| {
        let mut at = at as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        u32::try_from(at).expect("a text is kept in the sources before it is parsed")
    };
    Place {
        file,
        start: on_boundary(start),
        end: on_boundary(end),
    }
}

/// Errors of the scanner know line and column only.
fn byte_offset(location: Location, text: &str) -> u64 {
    // Both count from 1; an error about the whole text has neither.
    let line = (location.line() as usize).max(1);
    let column = (location.column() as usize).max(1);
    let before: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let within: usize = text[before..]
        .chars()
        .take(column - 1)
        .map(char::len_utf8)
        .sum();
    (before + within) as u64
}

/// What the crate hands over, before places are made of locations.
type Raw = serde_saphyr::Spanned<RawValue>;

enum RawValue {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Raw>),
    Map(Vec<(Raw, Raw)>),
}

impl<'de> Deserialize<'de> for RawValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_unit<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_none<E>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Int(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<RawValue, E> {
        Ok(i128::try_from(value).map_or(RawValue::Float(value as f64), RawValue::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<RawValue, E> {
        Ok(RawValue::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = access.next_element()? {
            elements.push(element);
        }
        Ok(RawValue::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawValue, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(RawValue::Map(entries))
    }
}

fn convert(raw: Raw, text: &str, file: u32) -> Result<Node, SyntaxError> {
    let place = place_of(raw.referenced, text, file);
    let written = || {
        let place = place_of(raw.defined, text, file);
        text[place.start as usize..place.end as usize]
            .trim()
            .to_owned()
    };
    let scalar = |kind, text| Value::Scalar(Scalar { kind, text });
    let value = match raw.value {
        RawValue::Null => Value::Null,
        RawValue::Bool(value) => scalar(ScalarKind::Bool(value), written()),
        RawValue::Int(value) => scalar(ScalarKind::Int(value), written()),
        RawValue::Float(value) => scalar(ScalarKind::Float(value), written()),
        RawValue::Text(text) => scalar(ScalarKind::String, text),
        RawValue::List(elements) => Value::List(
            elements
                .into_iter()
                .map(|element| convert(element, text, file))
                .collect::<Result<_, _>>()?,
        ),
        RawValue::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    Ok(Entry {
                        key: convert_key(key, text, file)?,
                        value: convert(value, text, file)?,
                    })
                })
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(Node { place, value })
}

fn convert_key(key: Raw, text: &str, file: u32) -> Result<Spanned<String>, SyntaxError> {
    let node = convert(key, text, file)?;
    match node.value {
        Value::Null => Ok(Spanned::new(String::new(), node.place)),
        Value::Scalar(scalar) => Ok(Spanned::new(scalar.text, node.place)),
        Value::List(_) | Value::Map(_) => Err(SyntaxError {
            message: "a key of a mapping is a text, not a list or a mapping".to_owned(),
            place: node.place,
            limit: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Node {
        let mut documents = parse(text, 0).expect("yaml");
        assert_eq!(documents.len(), 1);
        documents.remove(0)
    }

    #[test]
    fn scalars_keep_their_text_and_their_kind() {
        let node = one("a: yes\nb: 0x10\nc: 1.50\nd: \"yes\"\ne: ~\nf: 010\ng: plain text\n");
        let scalar = |key: &str| {
            let scalar = node.get(key).and_then(Node::as_scalar).expect(key);
            (scalar.text.clone(), scalar.canonical())
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(scalar("a"), pair("yes", "true"));
        assert_eq!(scalar("b"), pair("0x10", "16"));
        assert_eq!(scalar("c"), pair("1.50", "1.5"));
        assert_eq!(scalar("d"), pair("yes", "yes"));
        assert_eq!(scalar("f"), pair("010", "8"));
        assert_eq!(scalar("g"), pair("plain text", "plain text"));
        assert!(node.get("e").expect("e").is_null());
    }

    #[test]
    fn places_point_at_the_text() {
        let text = "relations:\n  - [a:x, \"b:y\"]\n";
        let node = one(text);
        let relation = &node.get("relations").expect("relations").elements()[0];
        let slice = |place: Place| &text[place.start as usize..place.end as usize];
        assert_eq!(slice(relation.elements()[0].place), "a:x");
        assert_eq!(slice(relation.elements()[1].place), "\"b:y\"");
        assert_eq!(slice(node.entries()[0].key.place), "relations");
    }

    #[test]
    fn repeated_keys_are_kept_for_whoever_reads_them() {
        assert_eq!(one("a: 1\na: 2\n").entries().len(), 2);
    }

    #[test]
    fn anchors_and_merges_are_followed() {
        let node = one("base: &b {x: 1, y: 2}\nother:\n  <<: *b\n  y: 3\nalias: *b\n");
        let other = node.get("other").expect("other");
        assert_eq!(other.entries().len(), 2);
        assert_eq!(
            other
                .get("y")
                .and_then(Node::as_scalar)
                .map(|y| y.text.as_str()),
            Some("3")
        );
        let x = node
            .get("alias")
            .and_then(|alias| alias.get("x"))
            .and_then(Node::as_scalar);
        assert_eq!(x.map(|x| x.text.as_str()), Some("1"));
    }

    #[test]
    fn odd_keys_become_text() {
        let node = one("? ''\n: oam\n0: zero\ntrue: yes\n");
        let keys: Vec<&str> = node
            .entries()
            .iter()
            .map(|entry| entry.key.value.as_str())
            .collect();
        assert_eq!(keys, ["", "0", "true"]);
    }

    #[test]
    fn documents_are_told_apart_and_empty_ones_left_out() {
        assert_eq!(
            parse("---\n# nothing\n---\na: 1\n--- # overlay\nb: 2\n", 0)
                .expect("yaml")
                .len(),
            2
        );
        assert!(parse("", 0).expect("yaml").is_empty());
        assert!(parse("# only words\n", 0).expect("yaml").is_empty());
    }

    #[test]
    fn bombs_are_refused() {
        let deep = "[".repeat(10_000);
        assert!(parse(&deep, 0).is_err());
        let block: String = (0..200)
            .map(|level| format!("{}a:\n", " ".repeat(level)))
            .collect();
        let error = parse(&block, 0).expect_err("too deep");
        assert!(error.limit, "{error:?}");
        let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for (before, name) in ('a'..'i').zip('b'..='i') {
            let row = vec![format!("*{before}"); 9].join(", ");
            bomb.push_str(&format!("{name}: &{name} [{row}]\n"));
        }
        let error = parse(&bomb, 0).expect_err("a bomb");
        assert!(error.limit, "{error:?}");
    }

    #[test]
    fn syntax_errors_say_where() {
        let text = "a: [1, 2\nb: 3\n";
        let error = parse(text, 0).expect_err("not closed");
        assert!(error.place.start > 0, "{error:?}");
        assert!(!error.message.contains("line "), "{error:?}");
        assert!(!error.limit);
    }

    proptest! {
        #[test]
        fn no_text_panics_the_parser(text in "[-a-z0-9:\\[\\]{}&*!|>'\"%@`#,?~ \n\t]{0,200}") {
            let _ = parse(&text, 0);
        }

        #[test]
        fn no_bytes_panic_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&String::from_utf8_lossy(&bytes), 0);
        }
    }
}
