//! Options of an application as Juju stores them, each checked against its charm.

use std::collections::BTreeMap;

use trustsim_charms::CharmMetadata;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Map, Node, ScalarKind, Spanned, Value, nearest};

/// The options that a charm has.
pub(super) struct Options<'a> {
    charm: &'a CharmMetadata,
    /// Whether options that are not listed may be real.
    more: bool,
    out: &'a mut Diagnostics,
}

impl<'a> Options<'a> {
    pub(super) const fn new(
        charm: &'a CharmMetadata,
        more: bool,
        out: &'a mut Diagnostics,
    ) -> Self {
        Self { charm, more, out }
    }

    /// Every value that fits its option; `None` for null.
    pub(super) fn values(
        &mut self,
        options: Option<&Map<Node>>,
    ) -> BTreeMap<String, Option<String>> {
        let mut values = BTreeMap::new();
        for (name, node) in options.into_iter().flat_map(Map::iter) {
            self.check_name(name);
            if let Some(value) = self.value(name, node) {
                values.insert(name.value.clone(), value);
            }
        }
        values
    }

    fn check_name(&mut self, name: &Spanned<String>) {
        let known = &self.charm.options;
        if known.contains_key(&name.value) {
            return;
        }
        let near = nearest(&name.value, known.keys().map(String::as_str));
        if self.more {
            // It may be an option that is not listed, unless it looks like a slip.
            if near.is_some() {
                let message = format!("`{}` may be misspelt", name.value);
                let diagnostic = Diagnostic::warning(Code::UnknownOption, name.place, message);
                self.out.push(diagnostic.similar("an option", near));
            }
            return;
        }
        let charm_name = &self.charm.name;
        let message = format!("the charm `{charm_name}` has no option `{}`", name.value);
        let diagnostic = Diagnostic::error(Code::UnknownOption, name.place, message);
        self.out.push(match near {
            Some(_) => diagnostic.similar("an option", near),
            None if known.is_empty() => diagnostic.help("it has no options"),
            None => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                diagnostic.help(format!("it has {}", names.join(", ")))
            }
        });
    }

    /// `None` where the value is refused, `Some(None)` for null.
    fn value(&mut self, name: &Spanned<String>, node: &Node) -> Option<Option<String>> {
        let scalar = match &node.value {
            Value::Null => return Some(None),
            Value::Scalar(scalar) => scalar,
            Value::List(_) | Value::Map(_) => {
                let message = format!("option {:?} cannot be {}", name.value, node.kind());
                self.out
                    .push(Diagnostic::error(Code::OptionType, node.place, message));
                return None;
            }
        };
        let kind = self
            .charm
            .options
            .get(&name.value)
            .map(|option| option.kind.as_str());
        let fits = match (kind, scalar.kind) {
            (None | Some("string" | "secret"), ScalarKind::String) => true,
            (Some("string" | "secret"), _) => false,
            // juju/schema reads numbers and booleans from texts too.
            (Some("int"), ScalarKind::String) => scalar.text.parse::<i64>().is_ok(),
            (Some("int"), kind) => matches!(kind, ScalarKind::Int(_)),
            (Some("float"), ScalarKind::String) => scalar.text.parse::<f64>().is_ok(),
            (Some("float"), kind) => !matches!(kind, ScalarKind::Bool(_)),
            (Some("boolean"), ScalarKind::String) => scalar.text.parse::<bool>().is_ok(),
            (Some("boolean"), kind) => matches!(kind, ScalarKind::Bool(_)),
            (_, _) => true,
        };
        if !fits {
            let kind = kind.unwrap_or("string");
            let message = format!(
                "option {:?} expected {kind}, got {}",
                name.value, scalar.text
            );
            let mut diagnostic = Diagnostic::error(Code::OptionType, node.place, message);
            if kind == "string" {
                diagnostic = diagnostic.help(format!("quote it: \"{}\"", scalar.text));
            }
            self.out.push(diagnostic);
            return None;
        }
        Some(Some(scalar.canonical()))
    }
}
