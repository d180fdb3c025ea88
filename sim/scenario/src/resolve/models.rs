//! Models: kind, controller, owner.

use std::collections::BTreeMap;

use super::Resolver;
use crate::format::{MergedModel, merged_model};
use trustsim_errors::{Code, Diagnostic};
use trustsim_kernel::Span;
use trustsim_model::{ControllerIndex, ModelKind, ModelSpec, TiVec};
use trustsim_yaml::{Spanned, nearest};

/// Juju's default `update-status-hook-interval`.
const UPDATE_STATUS: Span = Span::from_secs(300);

impl Resolver<'_> {
    pub(super) fn models(&mut self) {
        let models = self.scenario.models.iter().flat_map(|map| map.iter());
        for (name, node) in models {
            if !is_model_name(&name.value) {
                let message = format!("`{}` is not a valid model name", name.value);
                let help = "use lower-case letters, digits and hyphens";
                self.push(Diagnostic::error(Code::BadName, name.place, message).help(help));
            }
            let model = merged_model(&node.0, self.folder, self.files, &mut self.out);
            let spec = self.model_spec(name, &model);
            let index = self.deployment.models.push_and_get_key(spec);
            self.model_names.insert(name.value.clone(), index);
            self.models.push(model);
            self.application_names.push(BTreeMap::new());
            self.saas_names.push(BTreeMap::new());
        }
        if self.deployment.models.is_empty() && self.scenario.models.is_some() {
            let message = "there is no model";
            self.push(Diagnostic::error(
                Code::MissingKey,
                self.scenario.place,
                message,
            ));
        }
    }

    fn model_spec(&mut self, name: &Spanned<String>, model: &MergedModel) -> ModelSpec {
        let file = &model.file;
        let kind = match &file.kind {
            None => ModelKind::Machine,
            Some(kind) if kind.value == "kubernetes" => ModelKind::Kubernetes,
            Some(kind) => {
                let message = format!("bundle has an invalid type {:?}", kind.value);
                let help = "write `bundle: kubernetes`, or nothing for machines";
                self.push(Diagnostic::error(Code::BadValue, kind.place, message).help(help));
                ModelKind::Machine
            }
        };
        let config = file.config.as_ref();
        let interval = config.and_then(|config| config.update_status_hook_interval.as_ref());
        // names.ParseUpdateStatusHookInterval, juju/juju environs/config: one minute to an hour.
        if let Some(interval) = interval
            && !(60..=3_600).contains(&interval.value.0.as_secs())
        {
            let message = "update-status-hook-interval must be between 1m and 60m";
            self.push(Diagnostic::error(Code::BadValue, interval.place, message));
        }
        if file
            .applications
            .iter()
            .flat_map(|map| map.iter())
            .next()
            .is_none()
        {
            let message = format!("model `{}` has no application", name.value);
            self.push(Diagnostic::error(Code::MissingKey, name.place, message));
        }
        ModelSpec {
            name: name.value.clone(),
            owner: file
                .owner
                .as_ref()
                .map_or_else(|| "admin".to_owned(), |owner| owner.value.clone()),
            controller: self.controller_of(name, model),
            kind,
            update_status_interval: interval.map_or(UPDATE_STATUS, |interval| interval.value.0),
        }
    }

    fn controller_of(&mut self, name: &Spanned<String>, model: &MergedModel) -> ControllerIndex {
        let names: TiVec<ControllerIndex, String> = self
            .deployment
            .controllers
            .iter()
            .map(|controller| controller.name.clone())
            .collect();
        let Some(given) = &model.file.controller else {
            if names.len() > 1 {
                let message = format!("model `{}` does not say on which controller", name.value);
                let help = format!("add `controller:` with one of {}", names.raw.join(", "));
                let diagnostic = Diagnostic::error(Code::UnknownController, name.place, message);
                self.push(diagnostic.help(help));
            }
            return 0.into();
        };
        let found = names.position(|known| *known == given.value);
        if found.is_none() {
            let message = format!("there is no controller `{}`", given.value);
            let near = nearest(&given.value, names.iter().map(String::as_str));
            let diagnostic = Diagnostic::error(Code::UnknownController, given.place, message);
            self.push(match near {
                Some(_) => diagnostic.similar("a controller", near),
                None => diagnostic.help("controllers are listed under `controllers`"),
            });
        }
        // The first takes its place where an error was reported.
        found.unwrap_or(0.into())
    }
}

/// `names.IsValidModelName` of juju/names.
fn is_model_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    name.starts_with(allowed) && name.chars().all(|letter| allowed(letter) || letter == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_names_are_jujus() {
        for (name, valid) in [
            ("pki", true),
            ("0-a", true),
            ("-a", false),
            ("A", false),
            ("", false),
            ("a.b", false),
        ] {
            assert_eq!(is_model_name(name), valid, "{name}");
        }
    }
}
