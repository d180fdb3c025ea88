//! Addresses: `model.app`, `model.app/0`, `model.app:endpoint`, and the names of clients.

use super::inventory::Inventory;
use super::suggestions::suggest_application;
use trustsim_charms::Role;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_faults::Addressed;
use trustsim_model::{ApplicationIndex, ModelIndex, Party};
use trustsim_yaml::{Text, nearest};

/// An address taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    model: Option<&'a str>,
    application: &'a str,
    unit: Option<u32>,
    endpoint: Option<&'a str>,
}

/// Looks addresses up; what names nothing is noted.
pub(super) struct Addresses<'a> {
    inventory: &'a Inventory,
    out: &'a mut Diagnostics,
}

impl<'a> Addresses<'a> {
    pub(super) const fn new(inventory: &'a Inventory, out: &'a mut Diagnostics) -> Self {
        Self { inventory, out }
    }

    /// An application with what else the address says.
    pub(super) fn address(&mut self, text: &Text) -> Option<Addressed> {
        let Some(parts) = parse(&text.value) else {
            let message = format!("`{}` is no address", text.value);
            let help = "write `model.app`, `model.app/0` or `model.app:endpoint`";
            self.out
                .push(Diagnostic::error(Code::BadAddress, text.place, message).help(help));
            return None;
        };
        let model = self.address_model(&parts, text)?;
        let application = self.application_named(model, parts.application, text)?;
        let spec = &self.inventory.deployment().applications[application];
        let units = spec.units + self.inventory.units_added(application);
        if let Some(unit) = parts.unit
            && unit >= units
            && !spec.charm.subordinate
        {
            let message = format!("there is no unit `{}`", text.value);
            let help = match units {
                0 => "the application has no units".to_owned(),
                1 => "the application has one unit, 0".to_owned(),
                _ => format!("the application has units 0 to {}", units - 1),
            };
            self.out
                .push(Diagnostic::error(Code::UnknownUnit, text.place, message).help(help));
            return None;
        }
        Some(Addressed {
            application,
            unit: parts.unit,
            endpoint: parts.endpoint.map(str::to_owned),
        })
    }

    /// An application and nothing more.
    pub(super) fn application(&mut self, text: &Text) -> Option<ApplicationIndex> {
        let address = self.address(text)?;
        if address.unit.is_some() || address.endpoint.is_some() {
            let message = format!("`{}` names more than an application", text.value);
            let help = "write `model.app`";
            self.out
                .push(Diagnostic::error(Code::BadAddress, text.place, message).help(help));
            return None;
        }
        Some(address.application)
    }

    /// A client, or an application with its unit and endpoint.
    pub(super) fn client(&mut self, text: &Text) -> Option<(Party, Option<u32>, Option<String>)> {
        if let Some(client) = self.inventory.client(&text.value) {
            return Some((Party::Client(client), None, None));
        }
        let address = self.address(text)?;
        let charm = self.inventory.charm(address.application);
        if let Some(endpoint) = &address.endpoint
            && charm.endpoint(endpoint).is_none()
        {
            let message = format!("the charm `{}` has no endpoint `{endpoint}`", charm.name);
            let code = Code::UnknownEndpoint;
            self.out.push(Diagnostic::error(code, text.place, message));
        }
        let party = Party::Application(address.application);
        Some((party, address.unit, address.endpoint))
    }

    /// A client, or an application with its unit.
    pub(super) fn party(&mut self, text: &Text) -> Option<(Party, Option<u32>)> {
        let (party, unit, endpoint) = self.client(text)?;
        if endpoint.is_some() {
            let message = "an expectation is about a whole client";
            let help = "write `model.app` or `model.app/0`";
            self.out
                .push(Diagnostic::error(Code::BadAddress, text.place, message).help(help));
            return None;
        }
        Some((party, unit))
    }

    /// An application whose CA can be trusted.
    pub(super) fn authority(&mut self, text: &Text) -> Option<ApplicationIndex> {
        let application = self.application(text)?;
        let charm = self.inventory.charm(application);
        let issues = charm.endpoints.iter().any(|endpoint| {
            let interfaces = ["tls-certificates", "certificate_transfer"];
            endpoint.role == Role::Provider && interfaces.contains(&endpoint.interface.as_str())
        });
        // A kubeconfig has the CA of its cluster (`get-kubeconfig`).
        if !issues && !charm.implementation.has_kubeconfig {
            let message = format!("`{}` has no CA to trust", text.value);
            let help = "name the application that issues certificates, not the one that uses them";
            self.out
                .push(Diagnostic::error(Code::BadValue, text.place, message).help(help));
            return None;
        }
        Some(application)
    }

    fn address_model(&mut self, parts: &Parts<'_>, text: &Text) -> Option<ModelIndex> {
        let Some(name) = parts.model else {
            if self.inventory.deployment().models.len() == 1 {
                return self.inventory.deployment().models.first_key();
            }
            self.model_needed(parts.application, text);
            return None;
        };
        let found = self.inventory.model(name);
        if found.is_none() {
            let message = format!("there is no model `{name}`");
            let near = nearest(name, self.inventory.model_names());
            let diagnostic = Diagnostic::error(Code::UnknownModel, text.place, message);
            let diagnostic = diagnostic.similar("a model", near);
            self.out.push(diagnostic);
        }
        found
    }

    /// A bare name among several models: a client, or an application without its model.
    fn model_needed(&mut self, name: &str, text: &Text) {
        let owners = self.inventory.models_with(name);
        let owners: Vec<String> = owners
            .map(|model| format!("`{}.{name}`", model.name))
            .collect();
        let diagnostic = if owners.is_empty() {
            let message = format!("there is no client `{name}`");
            let near = nearest(name, self.inventory.client_names());
            let diagnostic = Diagnostic::error(Code::UnknownApplication, text.place, message);
            match near {
                Some(_) => diagnostic.similar("a client", near),
                None => diagnostic
                    .help("clients stand under `clients`; applications are written `model.app`"),
            }
        } else {
            let message = format!("`{name}` does not say in which model");
            Diagnostic::error(Code::BadAddress, text.place, message)
                .help(format!("write {}", owners.join(" or ")))
        };
        self.out.push(diagnostic);
    }

    fn application_named(
        &mut self,
        model: ModelIndex,
        name: &str,
        text: &Text,
    ) -> Option<ApplicationIndex> {
        let inventory = self.inventory;
        if let Some(found) = inventory.application(model, name) {
            return Some(found);
        }
        // It is there but could not be used; that has been told already.
        if inventory.is_application_written(model, name) {
            return None;
        }
        let model_name = &inventory.deployment().models[model].name;
        let message = format!("no application `{name}` in model `{model_name}`");
        let diagnostic = Diagnostic::error(Code::UnknownApplication, text.place, message)
            .label("not deployed here");
        let clients = inventory.client_names();
        let what = "an application or client";
        let diagnostic = suggest_application(diagnostic, inventory, model, name, clients, what);
        self.out.push(diagnostic);
        None
    }
}

fn parse(text: &str) -> Option<Parts<'_>> {
    let (rest, endpoint) = match text.split_once(':') {
        Some((rest, endpoint)) => (rest, Some(endpoint)),
        None => (text, None),
    };
    let (rest, unit) = match rest.split_once('/') {
        Some((rest, unit)) => (rest, Some(unit.parse().ok()?)),
        None => (rest, None),
    };
    let (model, application) = match rest.split_once('.') {
        Some((model, application)) => (Some(model), application),
        None => (None, rest),
    };
    let whole = |part: &str| !part.is_empty() && !part.contains(['.', ':', '/', ' ']);
    let right = model.is_none_or(whole) && whole(application) && endpoint.is_none_or(whole);
    right.then_some(Parts {
        model,
        application,
        unit,
        endpoint,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let read = |text| {
            parse(text).map(|parts| (parts.model, parts.application, parts.unit, parts.endpoint))
        };
        assert_eq!(read("a.web"), Some((Some("a"), "web", None, None)));
        assert_eq!(read("web"), Some((None, "web", None, None)));
        assert_eq!(read("a.web/2"), Some((Some("a"), "web", Some(2), None)));
        assert_eq!(
            read("a.web/2:api"),
            Some((Some("a"), "web", Some(2), Some("api")))
        );
        assert_eq!(read("web:api"), Some((None, "web", None, Some("api"))));
        for wrong in [
            "", ".", "a.", "web/", "web/x", "a.b.c", "web:", "web/1/2", "w b",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = parse(&text);
        }
    }
}
