//! The same scenario with something else: the keys under `variants.NAME` are laid over the file
//! before it is read.
//!
//! Mappings are merged key by key, `null` takes a key away, and everything else, lists included,
//! is replaced. Must not know what any key means.

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
            (None, 0) => "the file has no `variants`".to_owned(),
            (None, _) => format!("it has {}", known().collect::<Vec<_>>().join(", ")),
        };
        let diagnostic = Diagnostic::error(Code::UnknownVariant, place, message);
        return Err(Box::new(diagnostic.help(help)));
    };
    let mut merged = document.clone();
    lay_over(&mut merged, &variant.value);
    Ok(merged)
}

fn lay_over(base: &mut Node, over: &Node) {
    let (Value::Map(own), Value::Map(more)) = (&mut base.value, &over.value) else {
        *base = over.clone();
        return;
    };
    for entry in more {
        let name = &entry.key.value;
        if entry.value.is_null() {
            own.retain(|known| known.key.value != *name);
        } else if let Some(known) = own.iter_mut().find(|known| known.key.value == *name) {
            lay_over(&mut known.value, &entry.value);
        } else {
            own.push(entry.clone());
        }
    }
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
    fn an_unknown_variant_is_answered_with_the_nearest() {
        let said = ["fixd", "other"].map(|name| merged(TEXT, name).expect_err(name));
        let none = merged("a: 1", "fixed").expect_err("there are none");
        insta::assert_snapshot!(format!("{}\n{none}", said.join("\n")), @"
        TS0350: there is no variant `fixd` (a similar variant exists: `fixed`)
        TS0350: there is no variant `other` (it has fixed)
        TS0350: there is no variant `fixed` (the file has no `variants`)
        ");
    }
}
