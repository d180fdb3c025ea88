//! What an expression of the configuration refers to: a resource, through variables and outputs of modules.

use trustsim_yaml::{Node, Value};

use super::resources::unkeyed;
use crate::readers::text;

/// How many variables and outputs are followed: an expression may not refer to itself, and a file may say anything.
const STEPS_MAX: usize = 64;

/// What an expression gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// A text that is in the configuration.
    Text(String),
    /// An attribute of a resource, whose address is as the configuration has it.
    Attribute { address: String, name: String },
}

/// `configuration` of a plan; a state has none.
pub(super) struct Configuration<'a> {
    root: Option<&'a Node>,
    variables: Option<&'a Node>,
}

impl<'a> Configuration<'a> {
    pub(super) fn of(document: &'a Node) -> Self {
        let configuration = document.get("configuration");
        Self {
            root: configuration.and_then(|configuration| configuration.get("root_module")),
            variables: document.get("variables"),
        }
    }

    /// The expressions of a resource.
    pub(super) fn expressions(&self, address: &str) -> Option<&'a Node> {
        let address = unkeyed(address);
        let (module, resource) = split(&address);
        let resources = self.module(&module)?.get("resources")?.elements();
        let found = resources
            .iter()
            .find(|found| text(found, "address").is_some_and(|text| text.value == resource))?;
        found.get("expressions")
    }

    /// What an expression in a module gives; `module` has the names of the modules it is in.
    pub(super) fn given(&self, expression: &Node, module: &[String]) -> Option<Given> {
        self.follow(expression, module, &[], STEPS_MAX)
    }

    fn module(&self, names: &[String]) -> Option<&'a Node> {
        names.iter().try_fold(self.root?, |module, name| {
            module.get("module_calls")?.get(name)?.get("module")
        })
    }

    /// `wanted` are the attributes that are taken of the expression's value, such as `url` of an output with an offer.
    fn follow(
        &self,
        expression: &Node,
        module: &[String],
        wanted: &[String],
        steps: usize,
    ) -> Option<Given> {
        let steps = steps.checked_sub(1)?;
        if let Some(constant) = expression.get("constant_value") {
            let constant = wanted
                .iter()
                .try_fold(constant, |value, key| value.get(key))?;
            return Some(Given::Text(constant.as_scalar()?.canonical()));
        }
        let references: Vec<&str> = expression
            .elements_of("references")
            .iter()
            .filter_map(Node::as_scalar)
            .map(|reference| reference.text.as_str())
            .collect();
        // Terraform lists each reference and what it is a part of: the longest come first.
        let whole = references.iter().filter(|reference| {
            let is_part = |other: &&&str| {
                other.len() > reference.len()
                    && other.starts_with(**reference)
                    && other[reference.len()..].starts_with(['.', '['])
            };
            references.iter().find(is_part).is_none()
        });
        let found: Vec<(&str, Given)> = whole
            .filter_map(|reference| {
                Some((*reference, self.refer(reference, module, wanted, steps)?))
            })
            .collect();
        match found.as_slice() {
            [(_, only)] => Some(only.clone()),
            // An object of several resources: the one that is called as what is taken of it.
            several => {
                let mut fitting = several.iter().filter(|(reference, _)| {
                    let parts: Vec<&str> = reference.split('.').collect();
                    wanted.iter().any(|key| parts.contains(&key.as_str()))
                });
                match (fitting.next(), fitting.next()) {
                    (Some((_, only)), None) => Some(only.clone()),
                    _ => None,
                }
            }
        }
    }

    fn refer(
        &self,
        reference: &str,
        module: &[String],
        wanted: &[String],
        steps: usize,
    ) -> Option<Given> {
        let parts: Vec<String> = unkeyed(reference).split('.').map(str::to_owned).collect();
        let rest = |from: usize| -> Vec<String> {
            parts.iter().skip(from).chain(wanted).cloned().collect()
        };
        match parts.first()?.as_str() {
            "var" => self.variable(parts.get(1)?, module, &rest(2), steps),
            "module" => {
                let mut inside = module.to_vec();
                inside.push(parts.get(1)?.clone());
                let output = self.module(&inside)?.get("outputs")?.get(parts.get(2)?)?;
                self.follow(output.get("expression")?, &inside, &rest(3), steps)
            }
            "data" => attribute(module, &parts, 3, &rest(3)),
            kind if kind.starts_with("juju_") => attribute(module, &parts, 2, &rest(2)),
            // Of `local`, `each` and `count` the configuration has no expression.
            _ => None,
        }
    }

    fn variable(
        &self,
        name: &str,
        module: &[String],
        wanted: &[String],
        steps: usize,
    ) -> Option<Given> {
        if let Some((own, above)) = module.split_last() {
            let call = self.module(above)?.get("module_calls")?.get(own)?;
            let given = call.get("expressions").and_then(|given| given.get(name));
            if let Some(given) = given {
                return self.follow(given, above, wanted, steps);
            }
            let default = self
                .module(module)?
                .get("variables")?
                .get(name)?
                .get("default")?;
            return constant(default, wanted);
        }
        constant(self.variables?.get(name)?.get("value")?, wanted)
    }
}

fn constant(value: &Node, wanted: &[String]) -> Option<Given> {
    let value = wanted.iter().try_fold(value, |value, key| value.get(key))?;
    match &value.value {
        Value::Scalar(scalar) => Some(Given::Text(scalar.canonical())),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// An attribute of the resource whose address has so many parts.
fn attribute(module: &[String], parts: &[String], length: usize, rest: &[String]) -> Option<Given> {
    let own = parts.get(..length)?.join(".");
    let modules = module.iter().map(|name| format!("module.{name}."));
    // A block is a list: its attribute comes after a number.
    let name = rest.iter().find(|part| part.parse::<u32>().is_err());
    Some(Given::Attribute {
        address: format!("{}{own}", modules.collect::<String>()),
        // The resource as a whole is told by its name.
        name: name.cloned().unwrap_or_else(|| "name".to_owned()),
    })
}

/// The names of the modules, and the address inside, of an address without keys.
pub(super) fn split(address: &str) -> (Vec<String>, String) {
    let mut parts: Vec<&str> = address.split('.').collect();
    let mut modules = Vec::new();
    while parts.len() > 2 && parts[0] == "module" {
        modules.push(parts[1].to_owned());
        parts.drain(..2);
    }
    (modules, parts.join("."))
}
