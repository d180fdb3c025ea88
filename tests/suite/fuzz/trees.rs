//! YAML as trees that are damaged with what other trees have under the same keys, so that much of it is still read, and
//! with values that no key expects.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::common::random::Draw;

/// What every seed has: which keys are beside each other, and which values a key has.
#[derive(Default)]
pub(crate) struct Pool {
    /// By the key above: pairs that lie in the mapping under it.
    pairs: BTreeMap<String, Vec<(String, Value)>>,
    /// By key.
    values: BTreeMap<String, Vec<Value>>,
    /// All keys once.
    keys: Vec<String>,
}

/// Of a mapping whose keys are names, everything below is alike.
fn general(key: &str, above: &str) -> String {
    let is_names = [
        "models",
        "applications",
        "charms",
        "clients",
        "operators",
        "variants",
    ];
    match is_names.contains(&above) {
        true => format!("one of {above}"),
        false => key.to_owned(),
    }
}

impl Pool {
    pub(crate) fn add(&mut self, tree: &Value) {
        self.walk(tree, "");
    }

    /// Every key that a JSON Schema names, also those that no tree has: with nothing under it, where nothing is known.
    pub(crate) fn name_keys(&mut self, schema: &Value) {
        match schema {
            Value::Object(map) => {
                if let Some(Value::Object(properties)) = map.get("properties") {
                    for key in properties.keys() {
                        let known = self.values.entry(key.clone()).or_default();
                        if known.is_empty() {
                            known.push(Value::Null);
                        }
                    }
                }
                map.values().for_each(|value| self.name_keys(value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.name_keys(item)),
            _ => {}
        }
    }

    /// After the last tree.
    pub(crate) fn finish(&mut self) {
        self.keys = self.values.keys().cloned().collect();
    }

    fn walk(&mut self, tree: &Value, key: &str) {
        match tree {
            Value::Object(map) => {
                for (inner, value) in map {
                    let pairs = self.pairs.entry(key.to_owned()).or_default();
                    pairs.push((inner.clone(), value.clone()));
                    let below = general(inner, key);
                    self.values
                        .entry(below.clone())
                        .or_default()
                        .push(value.clone());
                    self.walk(value, &below);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, key)),
            _ => {}
        }
    }

    fn value(&self, draw: &mut Draw, key: &str) -> Option<Value> {
        let values = self.values.get(key)?;
        Some(values[draw.below(values.len())].clone())
    }

    fn any(&self, draw: &mut Draw) -> Value {
        let key = &self.keys[draw.below(self.keys.len())];
        self.value(draw, key).unwrap_or_default()
    }
}

/// A value that is written as it is, and not as a string.
const RAW: &str = "raw\u{e000}";

const HOSTILE: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "-1",
    "0",
    "1e309",
    "4294967295",
    "9223372036854775808",
    "1000000000",
    "18446744073709551616",
    "0s",
    "1ns",
    "0d",
    "1s",
    "400d",
    "200000d",
    "99999999999999999999d",
    "-5m",
    "1h30m",
    "3.5h",
    "2h to 1h",
    "NaN",
    "2554-07-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    "2399-12-31T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "a/b",
    "../../../etc/passwd",
    "/dev/zero",
    "a;touch x",
    "$(id)",
    "=1+1",
    "m.",
    ".m",
    "m.ca",
    "m.ca/0",
    "m.ca/999999999",
    "a:b:c",
    ":",
    "\u{1b}[2J",
    "a\u{7}b",
    "a\rb",
    "a\nb",
    "\u{202e}abc",
    "\u{0}",
    "\u{85}",
    "é",
    "日本",
    "\u{1f600}",
    "xn--a",
    "*",
    "*.*",
    "a..b",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "%s%n",
    "{{x}}",
];

const RAWS: &[&str] = &[
    "~",
    ".inf",
    "-.nan",
    "!!binary aGVsbG8=",
    "!!int abc",
    "!x {a: 1}",
    "&a [*a]",
    "*nowhere",
    "0x7fffffffffffffff",
    "1_000",
    "0o17",
    "yes",
    "2026-01-01",
    "<<",
    "? a",
    "|\n  a",
    "'",
    "\"",
    "[",
    "{",
    "}",
    "[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]",
    "{a: 1, a: 2}",
    "&b {x: &c [1,2], y: *c}",
    "!!str",
    "@",
    "`",
    "1.",
    "--- \n",
    "...",
];

fn hostile(draw: &mut Draw) -> Value {
    match draw.below(10) {
        0 => Value::Null,
        1 => json!(draw.of(&[
            0_i64,
            -1,
            1,
            2,
            100,
            65_536,
            1_000_000_000,
            i64::MIN,
            i64::MAX
        ])),
        2 => json!(draw.of(&[0.5, -0.0, 1e300, 1e-300, 3.0])),
        3 => json!(draw.once_in(2)),
        4 => draw.of::<fn() -> Value>(&[
            || json!([]),
            || json!({}),
            || json!([null]),
            || json!({"": null}),
            || json!([[]]),
        ])(),
        5 => json!(format!("{RAW}{}", draw.of(RAWS))),
        6 => json!("a".repeat(1 << draw.below(15))),
        7 => json!(draw.of(HOSTILE).repeat(1 + draw.below(3))),
        _ => json!(draw.of(HOSTILE)),
    }
}

fn count(tree: &Value) -> usize {
    1 + match tree {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

/// A node by its number, with the key that it is under.
fn node<'a>(tree: &'a mut Value, key: &str, left: &mut usize) -> Option<(&'a mut Value, String)> {
    if *left == 0 {
        return Some((tree, key.to_owned()));
    }
    *left -= 1;
    match tree {
        Value::Array(items) => items.iter_mut().find_map(|item| node(item, key, left)),
        Value::Object(map) => map
            .iter_mut()
            .find_map(|(inner, value)| node(value, &general(inner, key), left)),
        _ => None,
    }
}

/// A few changes to a tree.
pub(crate) fn damage(draw: &mut Draw, tree: &mut Value, pool: &Pool) {
    for _ in 0..draw.few() {
        // Whatever became too large is written and read long enough.
        let nodes = count(tree);
        if nodes > 20_000 {
            return;
        }
        let mut left = draw.below(nodes);
        let (value, key) = node(tree, "", &mut left).expect("there are so many");
        change(draw, value, &key, pool);
    }
}

fn change(draw: &mut Draw, value: &mut Value, key: &str, pool: &Pool) {
    match draw.below(12) {
        0..4 => *value = pool.value(draw, key).unwrap_or_else(|| hostile(draw)),
        4..6 => *value = hostile(draw),
        6 => *value = pool.any(draw),
        _ => match value {
            Value::Object(map) => change_mapping(draw, map, key, pool),
            Value::Array(items) => change_list(draw, items, key, pool),
            scalar => change_scalar(draw, scalar),
        },
    }
}

fn change_mapping(draw: &mut Draw, map: &mut Map<String, Value>, key: &str, pool: &Pool) {
    let names: Vec<String> = map.keys().cloned().collect();
    let some =
        |draw: &mut Draw| (!names.is_empty()).then(|| names[draw.below(names.len())].clone());
    match draw.below(7) {
        0 => {
            some(draw).map(|name| map.shift_remove(&name));
        }
        1 => {
            if let (Some(one), Some(other)) = (some(draw), some(draw)) {
                let value = map[&one].clone();
                map.insert(other, value);
            }
        }
        2 => {
            if let Some(value) = some(draw).and_then(|name| map.shift_remove(&name)) {
                map.insert(pool.keys[draw.below(pool.keys.len())].clone(), value);
            }
        }
        3 => {
            let name = draw.of(HOSTILE).to_owned();
            let value = some(draw).map(|name| map[&name].clone());
            map.insert(name, value.unwrap_or_default());
        }
        _ => {
            if let Some(pairs) = pool.pairs.get(key) {
                let (name, value) = pairs[draw.below(pairs.len())].clone();
                map.insert(name, value);
            }
        }
    }
}

fn change_list(draw: &mut Draw, items: &mut Vec<Value>, key: &str, pool: &Pool) {
    let length = items.len();
    match draw.below(5) {
        0 if length > 0 => drop(items.remove(draw.below(length))),
        1 if length > 0 => {
            let copy = items[draw.below(length)].clone();
            items.extend(std::iter::repeat_n(copy, 1 << draw.below(8)));
        }
        2 if length > 1 => items.swap(draw.below(length), draw.below(length)),
        3 => items.push(hostile(draw)),
        _ => {
            if let Some(Value::Array(others)) = pool.value(draw, key) {
                items.extend(others);
            }
        }
    }
}

fn change_scalar(draw: &mut Draw, value: &mut Value) {
    let text = match &*value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let digits = text.find(|c: char| c.is_ascii_digit());
    *value = match (draw.below(4), digits) {
        (0 | 1, Some(at)) => {
            let rest = text[at..].trim_start_matches(|c: char| c.is_ascii_digit());
            let number = draw.of(&[
                "0",
                "1",
                "2",
                "3",
                "7",
                "90",
                "400",
                "3650",
                "100000",
                "18446744073709551615",
            ]);
            let changed = format!("{}{number}{rest}", &text[..at]);
            changed
                .parse::<i64>()
                .map_or(json!(changed), |number| json!(number))
        }
        (2, _) => json!(format!("{text}{}", draw.of(HOSTILE))),
        (3, _) => json!([value.clone()]),
        _ => json!(format!("{text}{text}")),
    };
}

/// As YAML: JSON, but for what is to be written as it is.
pub(crate) fn yaml(tree: &Value) -> String {
    let text = serde_json::to_string_pretty(tree).expect("it is a tree");
    let mark = format!("\"{RAW}");
    let mut parts = text.split(&mark);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find("\",\n")
            .or_else(|| part.find("\"\n"))
            .unwrap_or(part.len());
        let raw: String =
            serde_json::from_str(&format!("\"{}\"", &part[..end])).unwrap_or_default();
        written += &raw;
        written += part.get(end + 1..).unwrap_or_default();
    }
    written
}
