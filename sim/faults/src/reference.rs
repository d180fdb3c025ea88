//! The table of `docs/reference/faults.md`, derived from the kinds of faults.

use schemars::generate::SchemaSettings;

use super::kind::Kind;
use super::kinds::KINDS;

/// Every kind of fault with the keys it takes, as a Markdown table with a final newline. Keys that a
/// fault cannot do without are bold.
pub fn reference() -> String {
    let head = "| key | takes | what really happens | source |\n|---|---|---|---|\n";
    let rows = KINDS.iter().map(row);
    rows.fold(head.to_owned(), |table, row| table + &row)
}

fn row(kind: &Kind) -> String {
    let Kind {
        key,
        effect,
        source,
        ..
    } = kind;
    format!("| `{key}` | {} | {effect} | {source} |\n", takes(kind))
}

fn takes(kind: &Kind) -> String {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut generator = settings.into_generator();
    let schema = (kind.schema)(&mut generator);
    let schema = schema.as_value();
    // The value of a kind may be null, too: the shape is one of two.
    let shape = schema
        .get("anyOf")
        .and_then(|both| both.get(0))
        .unwrap_or(schema);
    let required = shape.get("required").and_then(|keys| keys.as_array());
    let is_required = |key: &str| required.is_some_and(|keys| keys.iter().any(|each| each == key));
    let properties = shape.get("properties").and_then(|keys| keys.as_object());
    let properties = properties.expect("every kind takes a mapping");
    let keys = properties.keys().map(|key| match is_required(key) {
        true => format!("**`{key}`**"),
        false => format!("`{key}`"),
    });
    keys.collect::<Vec<_>>().join(", ")
}
