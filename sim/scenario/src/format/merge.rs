//! Overlays on bundles, by Juju's rules (juju/charm v12, `overlay.go`, `ReadAndMergeBundleData`):
//! what is present in the overlay replaces, `null` removes, relations are appended.

use trustsim_yaml::{Entry, Node, Place, Spanned, Value};

/// Keys of an application whose values are maps: an overlay sets single keys of them.
const MAPS: [&str; 7] = [
    "options",
    "annotations",
    "storage",
    "devices",
    "resources",
    "bindings",
    "offers",
];

/// Applies one overlay document.
pub(super) fn merge(base: &mut Node, overlay: &Node) {
    for entry in overlay.entries() {
        match entry.key.value.as_str() {
            "applications" | "services" => merge_applications(base, &entry.value),
            "saas" => merge_saas(base, &entry.value),
            "relations" => append(base, entry),
            "machines" | "default-base" | "series" => set(base, entry.clone()),
            // Juju ignores every other key of an overlay.
            _ => {}
        }
    }
}

/// The mapping's entries to change; a node that is something else becomes an empty mapping.
fn entries_mut(node: &mut Node) -> &mut Vec<Entry> {
    if !matches!(node.value, Value::Map(_)) {
        node.value = Value::Map(Vec::new());
    }
    match &mut node.value {
        Value::Map(entries) => entries,
        _ => unreachable!("it was made a mapping above"),
    }
}

fn set(node: &mut Node, entry: Entry) {
    let entries = entries_mut(node);
    match entries
        .iter_mut()
        .find(|known| known.key.value == entry.key.value)
    {
        Some(known) => *known = entry,
        None => entries.push(entry),
    }
}

fn remove(node: &mut Node, key: &str) {
    entries_mut(node).retain(|entry| entry.key.value != key);
}

/// The value of a key, made an empty mapping where it is absent.
fn child<'a>(node: &'a mut Node, key: &str) -> &'a mut Node {
    let place = node.place;
    let entries = entries_mut(node);
    let index = match entries.iter().position(|entry| entry.key.value == key) {
        Some(index) => index,
        None => {
            entries.push(empty(key, place));
            entries.len() - 1
        }
    };
    &mut entries[index].value
}

fn empty(key: &str, place: Place) -> Entry {
    Entry {
        key: Spanned::new(key.to_owned(), place),
        value: Node {
            place,
            value: Value::Map(Vec::new()),
        },
    }
}

fn append(base: &mut Node, relations: &Entry) {
    let own = child(base, &relations.key.value);
    let more = relations.value.elements().to_vec();
    match &mut own.value {
        Value::List(elements) => elements.extend(more),
        _ => *own = relations.value.clone(),
    }
}

fn merge_applications(base: &mut Node, overlay: &Node) {
    for entry in overlay.entries() {
        let name = entry.key.value.as_str();
        if entry.value.is_null() {
            remove(child(base, "applications"), name);
            forget_relations(base, name);
            continue;
        }
        let applications = child(base, "applications");
        if applications.get(name).is_some() {
            merge_application(child(applications, name), &entry.value);
        } else {
            set(applications, entry.clone());
        }
    }
}

fn merge_application(base: &mut Node, overlay: &Node) {
    for entry in overlay.entries() {
        let key = entry.key.value.as_str();
        if key == "num_units" || key == "scale" {
            remove(base, "num_units");
            remove(base, "scale");
            set(base, entry.clone());
        } else if MAPS.contains(&key) {
            merge_map(base, entry);
        } else {
            set(base, entry.clone());
        }
    }
}

/// Present but empty clears; otherwise key by key, where null removes.
fn merge_map(base: &mut Node, overlay: &Entry) {
    if overlay.value.entries().is_empty() {
        set(base, overlay.clone());
        return;
    }
    let own = child(base, &overlay.key.value);
    for entry in overlay.value.entries() {
        if entry.value.is_null() {
            remove(own, &entry.key.value);
        } else {
            set(own, entry.clone());
        }
    }
}

fn merge_saas(base: &mut Node, overlay: &Node) {
    for entry in overlay.entries() {
        let name = entry.key.value.as_str();
        if entry.value.is_null() {
            remove(child(base, "saas"), name);
            forget_relations(base, name);
            continue;
        }
        let saas = child(base, "saas");
        if saas.get(name).is_some() {
            for field in entry.value.entries() {
                set(child(saas, name), field.clone());
            }
        } else {
            set(saas, entry.clone());
        }
    }
}

/// Every relation that names a removed application or SAAS goes with it.
fn forget_relations(base: &mut Node, name: &str) {
    let Some(Value::List(relations)) = entries_mut(base)
        .iter_mut()
        .find(|entry| entry.key.value == "relations")
        .map(|entry| &mut entry.value.value)
    else {
        return;
    };
    let names_it = |side: &Node| {
        side.as_scalar()
            .and_then(|scalar| scalar.text.split(':').next())
            == Some(name)
    };
    relations.retain(|relation| !relation.elements().iter().any(names_it));
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustsim_yaml::parse;

    fn merged(text: &str) -> Node {
        let mut documents = parse(text, 0).expect("yaml").into_iter();
        let mut base = documents.next().expect("a base");
        for overlay in documents {
            merge(&mut base, &overlay);
        }
        base
    }

    fn text(node: &Node, path: &[&str]) -> Option<String> {
        let found = path.iter().try_fold(node, |node, key| node.get(key))?;
        found.as_scalar().map(|scalar| scalar.text.clone())
    }

    #[test]
    fn null_removes_an_application_and_its_relations() {
        // python-libjuju, tests/integration/bundle/test-overlays/bundle-with-overlay-multi.yaml
        let node = merged(
            "applications: {ghost: {charm: ghost}, mysql: {charm: mysql}}
relations: [[ghost, mysql], ['mysql:a', 'other:b']]
---
applications:
  ghost:
",
        );
        assert!(
            node.get("applications")
                .and_then(|apps| apps.get("ghost"))
                .is_none()
        );
        assert_eq!(
            node.get("relations").map(|list| list.elements().len()),
            Some(1)
        );
    }

    #[test]
    fn fields_replace_and_maps_merge_by_key() {
        let node = merged(
            "applications:
  a: {charm: a, num_units: 1, options: {x: 1, y: 2}, to: ['0'], constraints: cores=1}
---
applications:
  a: {scale: 3, options: {x: null, z: 3}, to: []}
  b: {charm: b}
relations: [[a, b]]
",
        );
        let a = ["applications", "a"];
        let at = |key: &str| text(&node, &[a[0], a[1], key]);
        assert_eq!(at("scale").as_deref(), Some("3"));
        assert_eq!(at("num_units"), None);
        assert_eq!(at("constraints").as_deref(), Some("cores=1"));
        assert_eq!(text(&node, &["applications", "a", "options", "x"]), None);
        assert_eq!(
            text(&node, &["applications", "a", "options", "y"]).as_deref(),
            Some("2")
        );
        assert_eq!(
            text(&node, &["applications", "a", "options", "z"]).as_deref(),
            Some("3")
        );
        assert_eq!(
            text(&node, &["applications", "b", "charm"]).as_deref(),
            Some("b")
        );
        assert_eq!(
            node.get("relations").map(|list| list.elements().len()),
            Some(1)
        );
    }

    #[test]
    fn an_empty_map_clears_and_an_empty_application_changes_nothing() {
        let node = merged(
            "applications: {a: {charm: a, options: {x: 1}}, b: {charm: b}}
---
applications: {a: {options: {}}, b: {}}
",
        );
        let options = node
            .get("applications")
            .and_then(|apps| apps.get("a"))
            .and_then(|a| a.get("options"));
        assert_eq!(options.map(|options| options.entries().len()), Some(0));
        assert_eq!(
            text(&node, &["applications", "b", "charm"]).as_deref(),
            Some("b")
        );
    }

    #[test]
    fn an_offer_is_replaced_whole() {
        let node = merged(
            "applications: {a: {charm: a}}
---
applications: {a: {offers: {o: {endpoints: [x], acl: {admin: admin}}}}}
---
applications: {a: {offers: {o: {endpoints: [y]}}}}
saas: {s: {url: m.o}}
---
saas: {s: {url: m.p}}
",
        );
        let offer = node
            .get("applications")
            .and_then(|apps| apps.get("a")?.get("offers")?.get("o"));
        assert!(offer.is_some_and(|offer| offer.get("acl").is_none()));
        assert_eq!(text(&node, &["saas", "s", "url"]).as_deref(), Some("m.p"));
    }

    #[test]
    fn machines_and_base_are_replaced_and_words_left_alone() {
        let node = merged(
            "machines: {'0': {}, '1': {}}
description: mine
applications: {a: {charm: a}}
---
machines: {'2': {}}
description: theirs
default-base: ubuntu@24.04
",
        );
        assert_eq!(
            node.get("machines")
                .map(|machines| machines.entries().len()),
            Some(1)
        );
        assert_eq!(text(&node, &["description"]).as_deref(), Some("mine"));
        assert_eq!(
            text(&node, &["default-base"]).as_deref(),
            Some("ubuntu@24.04")
        );
    }
}
