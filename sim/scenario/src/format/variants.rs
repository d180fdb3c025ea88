//! Variants: named changes to a scenario, under `variants.NAME`, that are merged into the document before it is read.
//!
//! They are merged as a JSON merge patch is (RFC 7396): mappings key by key, `null` takes a key away, and everything
//! else, lists included, is replaced. This file must not know what any key means.

use trustsim_errors::{Code, Diagnostic};
use trustsim_yaml::{Node, Value, nearest};

/// The key of the variants.
const KEY: &str = "variants";

/// The file with one of its variants laid over it.
///
/// # Errors
///
/// [`Code::UnknownVariant`] where there is none of that name.
pub(super) fn with_variant(document: &Node, name: &str) -> Result<Node, Box<Diagnostic>> {
    let variants = document.get(KEY).map(Node::entries).unwrap_or_default();
    let Some(variant) = variants.iter().find(|entry| entry.key.value == name) else {
        let message = format!("there is no variant `{name}`");
        let place = document.get(KEY).map_or(document.place, |node| node.place);
        let known = || variants.iter().map(|entry| entry.key.value.as_str());
        let help = match (nearest(name, known()), known().count()) {
            (Some(near), _) => format!("a similar variant exists: `{near}`"),
            (None, 0) => match document.get(KEY).map(|node| &node.value) {
                Some(Value::Map(_)) => "`variants` is empty".to_owned(),
                Some(_) => "`variants` is no mapping of names".to_owned(),
                None => "the file has no `variants`".to_owned(),
            },
            (None, _) => {
                let names: Vec<&str> = known().collect();
                format!("the variants are {}", names.join(", "))
            }
        };
        let diagnostic = Diagnostic::error(Code::UnknownVariant, place, message);
        return Err(Box::new(diagnostic.help(help)));
    };
    let mut merged = document.clone();
    merged.merge_patch(&variant.value);
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_yaml::parse;

    fn merged(text: &str, name: &str) -> Result<Node, String> {
        let documents = parse(text, 0).expect("yaml");
        with_variant(&documents[0], name).map_err(|wrong| {
            let help = wrong.help.clone().unwrap_or_default();
            format!("{}: {} ({help})", wrong.code, wrong.message)
        })
    }

    const TEXT: &str = "
a: {b: 1, c: [1, 2], d: {e: 1}}
variants:
  fixed: {a: {b: null, c: [3], d: {f: 2}}, g: 4}
";

    #[test]
    fn mappings_merge_lists_are_replaced_and_null_takes_away() {
        let node = merged(TEXT, "fixed").expect("it is there");
        let a = node.get("a").expect("kept");
        assert!(a.get("b").is_none());
        assert_eq!(a.get("c").map(|list| list.elements().len()), Some(1));
        assert_eq!(a.get("d").map(|map| map.entries().len()), Some(2));
        assert!(node.get("g").is_some());
    }

    #[test]
    fn a_null_in_a_new_mapping_takes_nothing_away_and_leaves_nothing() {
        let text = "
a: 1
variants:
  v: {a: {b: null, c: 1}, d: {e: {f: null}, g: null}}
";
        let node = merged(text, "v").expect("it is there");
        let keys = |node: &Node| -> Vec<String> {
            let entries = node.entries().iter();
            entries.map(|entry| entry.key.value.clone()).collect()
        };
        assert_eq!(keys(node.get("a").expect("replaced")), ["c"]);
        let new = node.get("d").expect("new");
        assert_eq!(keys(new), ["e"]);
        assert!(new.get("e").expect("new").entries().is_empty());
    }

    /// A variant with `duration: 30d` and `duration: 60d` was taken for one of 60 days.
    #[test]
    fn a_key_that_a_variant_gives_twice_is_there_twice() {
        let text = "
duration: 10d
a: {b: 1}
variants:
  v: {duration: 30d, a: {b: 2, b: 3}, duration: 60d}
";
        let node = merged(text, "v").expect("it is there");
        let count = |node: &Node, key: &str| {
            let entries = node.entries().iter();
            entries.filter(|entry| entry.key.value == key).count()
        };
        assert_eq!(count(&node, "duration"), 2);
        assert_eq!(count(node.get("a").expect("kept"), "b"), 2);
    }

    #[test]
    fn an_unknown_variant_is_answered_with_the_nearest() {
        let said = ["fixd", "other"].map(|name| merged(TEXT, name).expect_err(name));
        let none = merged("a: 1", "fixed").expect_err("there are none");
        let list = merged("variants: [fixed]", "fixed").expect_err("no mapping");
        insta::assert_snapshot!(format!("{}\n{none}\n{list}", said.join("\n")), @"
        TS0350: there is no variant `fixd` (a similar variant exists: `fixed`)
        TS0350: there is no variant `other` (the variants are fixed)
        TS0350: there is no variant `fixed` (the file has no `variants`)
        TS0350: there is no variant `fixed` (`variants` is no mapping of names)
        ");
    }
}
