//! The resources of a plan or a state, by their addresses.

use std::collections::BTreeMap;

use trustsim_yaml::{Node, Place};

use crate::readers::text;

/// One resource.
#[derive(Clone, Debug)]
pub(super) struct Resource<'a> {
    /// `module.cos[0].juju_application.loki`.
    pub(super) address: String,
    /// `juju_application`; of a data source too.
    pub(super) kind: String,
    /// Its values, as far as they are known.
    pub(super) values: &'a Node,
    pub(super) place: Place,
}

impl Resource<'_> {
    /// The address of its module, empty for the root.
    pub(super) fn module(&self) -> &str {
        module_of(&self.address)
    }

    /// Whether it is a data source: what is there already, and is read.
    pub(super) fn is_data(&self) -> bool {
        let module = self.module();
        let own = self.address[module.len()..].trim_start_matches('.');
        own.starts_with("data.")
    }
}

/// `module.cos[0]` of `module.cos[0].juju_application.loki`.
pub(super) fn module_of(address: &str) -> &str {
    let mut end = 0;
    while address[end..].starts_with("module.") {
        let name = end + "module.".len();
        // Keys of `for_each` may have dots.
        let mut inside = false;
        let next = address[name..].char_indices().find(|(_, letter)| {
            match letter {
                '[' => inside = true,
                ']' => inside = false,
                _ => {}
            }
            !inside && *letter == '.'
        });
        match next {
            Some((at, _)) => end = name + at + 1,
            None => return address,
        }
    }
    address[..end].trim_end_matches('.')
}

/// `module.cos` of `module.cos.module.loki[0]`, and nothing of `module.cos`.
pub(super) fn above(module: &str) -> &str {
    module.rfind(".module.").map_or("", |at| &module[..at])
}

/// An address without the keys of `count` and `for_each`, as the configuration has it.
pub(super) fn unkeyed(address: &str) -> String {
    let mut inside = false;
    let letters = address.chars().filter(|letter| {
        let is_key = inside || *letter == '[';
        inside = match letter {
            '[' => true,
            ']' => false,
            _ => inside,
        };
        !is_key
    });
    letters.collect()
}

/// All resources of the provider, in the order of the document.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources<'a> {
    all: Vec<Resource<'a>>,
    /// Their numbers, by address.
    by_address: BTreeMap<String, usize>,
}

impl<'a> Resources<'a> {
    pub(super) fn of(document: &'a Node) -> Self {
        let mut found = Self::default();
        let values = ["planned_values", "values"].map(|key| document.get(key));
        for values in values.into_iter().flatten() {
            found.add_module(values.get("root_module"));
        }
        // Data sources are read before anything is planned.
        let prior = document
            .get("prior_state")
            .and_then(|state| state.get("values"));
        found.add_module(prior.and_then(|values| values.get("root_module")));
        found.add_module(document.get("root"));
        if found.all.is_empty() {
            for change in document.elements_of("resource_changes") {
                let after = change.get("change").and_then(|change| change.get("after"));
                found.add(change, after);
            }
        }
        found
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Resource<'a>> {
        self.all
            .iter()
            .filter(move |resource| resource.kind == kind)
    }

    /// The resource of an address as the configuration has it, seen from a module: the instance of the same module, or
    /// the only one.
    pub(super) fn referred(&self, address: &str, from: &str) -> Option<&Resource<'a>> {
        if let Some(&at) = self.by_address.get(address) {
            return self.all.get(at);
        }
        let mut same = self
            .all
            .iter()
            .filter(|resource| unkeyed(&resource.address) == address);
        let near = same
            .clone()
            .find(|resource| !from.is_empty() && resource.module().starts_with(from));
        match (near, same.next(), same.next()) {
            (Some(near), ..) => Some(near),
            (None, Some(only), None) => Some(only),
            _ => None,
        }
    }

    fn add_module(&mut self, module: Option<&'a Node>) {
        let Some(module) = module else {
            return;
        };
        for resource in module.elements_of("resources") {
            self.add(resource, resource.get("values"));
        }
        for module in module.elements_of("child_modules") {
            self.add_module(Some(module));
        }
    }

    fn add(&mut self, node: &'a Node, values: Option<&'a Node>) {
        let (Some(address), Some(kind)) = (text(node, "address"), text(node, "type")) else {
            return;
        };
        // What is removed has no values; what a state before the plan has too is there already.
        let Some(values) = values.filter(|values| !values.is_null()) else {
            return;
        };
        if !kind.value.starts_with("juju_") || self.by_address.contains_key(&address.value) {
            return;
        }
        self.by_address
            .insert(address.value.clone(), self.all.len());
        self.all.push(Resource {
            address: address.value,
            kind: kind.value,
            values,
            place: address.place,
        });
    }
}
