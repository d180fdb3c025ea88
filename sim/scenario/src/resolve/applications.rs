//! Applications: names, charms, units, options.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::charms::series_name;
use super::{ApplicationDraft, Resolver};
use crate::format::ApplicationFile;
use trustsim_charms::{KnownCharm, Role, WITHOUT_TLS};
use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_model::{ApplicationIndex, ApplicationSpec, ModelIndex, ModelKind};
use trustsim_yaml::{Map, Node, Place, ScalarKind, Spanned, Value, nearest};

impl Resolver<'_> {
    pub(super) fn applications(&mut self) {
        for model in self.models.keys() {
            let applications = self.models[model].file.applications.take();
            for (name, file) in applications.iter().flat_map(Map::iter) {
                self.application(model, name, file);
            }
            self.models[model].file.applications = applications;
        }
    }

    fn application(&mut self, model: ModelIndex, name: &Spanned<String>, file: &ApplicationFile) {
        if !is_application_name(&name.value) {
            let message = format!("`{}` is not a valid application name", name.value);
            let help = "use lower-case letters, digits and single hyphens, beginning with a letter";
            self.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
        }
        let Some(charm_name) = &file.charm else {
            return;
        };
        let folder = self.models[model].folder.clone();
        let series = self.series_of(model, file);
        let beside = (folder.as_path(), series.as_deref());
        let charm = self.charm_of(charm_name, file.channel.as_ref(), beside);
        self.note_charm_not_played(&charm, charm_name.place);
        let spec = ApplicationSpec {
            model,
            name: name.value.clone(),
            channel: file.channel.as_ref().map(|text| text.value.clone()),
            revision: file.revision.as_ref().map(|revision| revision.value),
            units: self.units(model, name, file, &charm),
            options: self.options(file.options.as_ref(), &charm),
            keys: file.keys.as_ref().and_then(|keys| self.key_algorithm(keys)),
            placements: Vec::new(),
            charm: Arc::new(charm.metadata),
        };
        let index = self.deployment.applications.push_and_get_key(spec);
        self.application_names[model].insert(name.value.clone(), index);
        let options = file.options.iter().flat_map(Map::iter);
        let options = options.map(|(name, value)| {
            let end = value.place.end;
            (name.value.clone(), Place { end, ..name.place })
        });
        self.places.options.push(options.collect());
        self.places.applications.push(name.place);
        self.drafts.push(ApplicationDraft {
            more_endpoints: charm.more_endpoints || self.models[model].from_file,
            more_options: charm.more_options,
            earlier_interfaces: charm.earlier_interfaces,
        });
    }

    /// What an application is deployed on, as far as the file says.
    fn series_of(&self, model: ModelIndex, file: &ApplicationFile) -> Option<String> {
        let model = &self.models[model].file;
        let all = [&file.base, &file.series, &model.default_base, &model.series];
        let said = all.into_iter().flatten().find_map(Node::as_scalar)?;
        Some(series_name(&said.text).to_owned())
    }

    /// The catalogue knows more providers than can be played.
    fn note_charm_not_played(&mut self, charm: &KnownCharm, place: Place) {
        let issues = charm.metadata.endpoints.iter().any(|endpoint| {
            endpoint.role == Role::Provider && endpoint.interface == "tls-certificates"
        });
        if issues && *charm.metadata.implementation == WITHOUT_TLS {
            let name = &charm.metadata.name;
            let message = format!("`{name}` is not played yet: it issues no certificate");
            let help =
                format!("give it a chain with `charms.{name}.issuer`, or use another provider");
            let diagnostic = Diagnostic::warning(Code::CharmNotPlayed, place, message);
            self.push(diagnostic.help(help));
        }
    }

    fn units(
        &mut self,
        model: ModelIndex,
        name: &Spanned<String>,
        file: &ApplicationFile,
        charm: &KnownCharm,
    ) -> u32 {
        if let (Some(units), Some(scale)) = (&file.num_units, &file.scale)
            && units.value > 0
            && scale.value > 0
        {
            let message = "`num_units` and `scale` are the same thing";
            let diagnostic = Diagnostic::error(Code::Units, scale.place, message);
            self.push(diagnostic.also(units.place, "already given here"));
        }
        let given = file.num_units.as_ref().or(file.scale.as_ref());
        if charm.metadata.subordinate {
            if let Some(given) = given.filter(|given| given.value > 0) {
                let message = format!(
                    "application {:?} is subordinate but has non-zero num_units",
                    name.value
                );
                self.push(Diagnostic::error(Code::Units, given.place, message));
            }
            return 0;
        }
        let kind = self.deployment.models[model].kind;
        if given.is_none() && kind == ModelKind::Machine && charm.metadata.known {
            let message = format!(
                "`{}` has no unit: on machines `num_units` is 0 unless given",
                name.value
            );
            let diagnostic = Diagnostic::new(Code::Units, Severity::Note, message);
            self.push(diagnostic.at(name.place, "").help("write `num_units: 1`"));
        }
        let default = u32::from(kind == ModelKind::Kubernetes);
        given.map_or(default, |given| given.value)
    }

    /// Options as Juju stores them, each checked against the charm.
    pub(super) fn options(
        &mut self,
        options: Option<&Map<Node>>,
        charm: &KnownCharm,
    ) -> BTreeMap<String, String> {
        let mut set = BTreeMap::new();
        for (name, node) in options.into_iter().flat_map(Map::iter) {
            self.check_option_name(name, charm);
            if let Some(Some(value)) = self.option_value(name, node, charm) {
                set.insert(name.value.clone(), value);
            }
        }
        set
    }

    pub(super) fn check_option_name(&mut self, name: &Spanned<String>, charm: &KnownCharm) {
        let known = &charm.metadata.options;
        if known.contains_key(&name.value) {
            return;
        }
        let near = nearest(&name.value, known.keys().map(String::as_str));
        if charm.more_options {
            // It may be an option that is not listed, unless it looks like a slip.
            if near.is_some() {
                let message = format!("`{}` may be misspelt", name.value);
                let diagnostic = Diagnostic::warning(Code::UnknownOption, name.place, message);
                self.push(diagnostic.similar("an option", near));
            }
            return;
        }
        let charm_name = &charm.metadata.name;
        let message = format!("the charm `{charm_name}` has no option `{}`", name.value);
        let diagnostic = Diagnostic::error(Code::UnknownOption, name.place, message);
        self.push(match near {
            Some(_) => diagnostic.similar("an option", near),
            None if known.is_empty() => diagnostic.help("it has no options"),
            None => {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                diagnostic.help(format!("it has {}", names.join(", ")))
            }
        });
    }

    /// `None` where the value is refused, `Some(None)` for null.
    pub(super) fn option_value(
        &mut self,
        name: &Spanned<String>,
        node: &Node,
        charm: &KnownCharm,
    ) -> Option<Option<String>> {
        let scalar = match &node.value {
            Value::Null => return Some(None),
            Value::Scalar(scalar) => scalar,
            Value::List(_) | Value::Map(_) => {
                let message = format!("option {:?} cannot be {}", name.value, node.kind());
                self.push(Diagnostic::error(Code::OptionType, node.place, message));
                return None;
            }
        };
        let kind = charm
            .metadata
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
            self.push(diagnostic);
            return None;
        }
        Some(Some(scalar.canonical()))
    }

    /// What is known of an application's charm, as the option checks want it.
    pub(super) fn known_charm(&self, application: ApplicationIndex) -> KnownCharm {
        KnownCharm {
            tracks: Vec::new(),
            series: Vec::new(),
            metadata: self.charm(application).clone(),
            more_options: self.drafts[application].more_options,
            more_endpoints: self.drafts[application].more_endpoints,
            earlier_interfaces: self.drafts[application].earlier_interfaces.clone(),
        }
    }
}

/// `names.IsValidApplication` of juju/names.
fn is_application_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && name.split('-').enumerate().all(|(index, part)| {
            let has_letter =
                index == 0 || part.contains(|letter: char| letter.is_ascii_lowercase());
            has_letter && part.chars().all(allowed)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_names_are_jujus() {
        for (name, valid) in [
            ("traefik-k8s", true),
            ("a", true),
            ("a1-2b", true),
            ("a-1", false),
            ("1a", false),
            ("a--b", false),
            ("A", false),
            ("a_b", false),
            ("", false),
        ] {
            assert_eq!(is_application_name(name), valid, "{name}");
        }
    }
}
