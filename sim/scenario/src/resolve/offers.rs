//! Offers and consumed offers.

use super::Resolver;
use trustsim_errors::{Code, Diagnostic};
use trustsim_model::{ApplicationIndex, ModelIndex, OfferIndex, OfferSpec, SaasSpec};
use trustsim_yaml::{Map, Spanned, Text, nearest};

impl Resolver<'_> {
    pub(super) fn offers(&mut self) {
        for model in self.models.keys() {
            let applications = self.models[model].file.applications.take();
            for (name, file) in applications.iter().flat_map(Map::iter) {
                let Some(&application) = self.application_names[model].get(&name.value) else {
                    continue;
                };
                for (offer, offered) in file.offers.iter().flat_map(Map::iter) {
                    let endpoints = offered.endpoints.as_deref().unwrap_or_default();
                    self.offer(application, offer, endpoints);
                }
            }
            self.models[model].file.applications = applications;
        }
    }

    fn offer(&mut self, application: ApplicationIndex, name: &Spanned<String>, endpoints: &[Text]) {
        let model = self.deployment.applications[application].model;
        if self.offer_named(model, &name.value).is_some() {
            let message = format!("offer `{}` stands in this model twice", name.value);
            let help = "an offer is named once in a model; several endpoints go into one list";
            self.push(Diagnostic::error(Code::Duplicate, name.place, message).help(help));
            return;
        }
        if endpoints.is_empty() {
            let message = format!("offer `{}` has no endpoints", name.value);
            self.push(Diagnostic::error(
                Code::UnknownEndpoint,
                name.place,
                message,
            ));
        }
        for endpoint in endpoints {
            // What an open charm offers is found out with its relations.
            let known = self.charm(application).endpoint(&endpoint.value).is_some();
            if !known && !self.drafts[application].more_endpoints {
                self.unknown_endpoint(application, endpoint);
            }
        }
        self.deployment.offers.push(OfferSpec {
            name: name.value.clone(),
            application,
            endpoints: endpoints.iter().map(|text| text.value.clone()).collect(),
        });
    }

    /// Says that an application's charm has no such endpoint.
    pub(super) fn unknown_endpoint(&mut self, application: ApplicationIndex, endpoint: &Text) {
        let spec = &self.deployment.applications[application];
        let message = format!(
            "application {:?} has no {:?} relation",
            spec.name, endpoint.value
        );
        let names = spec.charm.endpoints.iter().map(|known| known.name.as_str());
        let near = nearest(&endpoint.value, names.clone());
        let label = format!("the charm `{}` has no such endpoint", spec.charm.name);
        let diagnostic =
            Diagnostic::error(Code::UnknownEndpoint, endpoint.place, message).label(label);
        let diagnostic = match near {
            Some(_) => diagnostic.similar("an endpoint", near),
            None => {
                let names: Vec<&str> = names.collect();
                diagnostic.help(format!("it has {}", names.join(", ")))
            }
        };
        self.push(diagnostic);
    }

    fn offer_named(&self, model: ModelIndex, name: &str) -> Option<OfferIndex> {
        self.deployment.offers.position(|offer| {
            offer.name == name && self.deployment.applications[offer.application].model == model
        })
    }

    pub(super) fn saas(&mut self) {
        for model in self.models.keys() {
            let saas = self.models[model].file.saas.take();
            for (name, file) in saas.iter().flat_map(Map::iter) {
                if let Some(&application) = self.application_names[model].get(&name.value) {
                    let message = format!("`{}` is both an application and a SAAS", name.value);
                    let place = self.places.applications[application];
                    let diagnostic = Diagnostic::error(Code::Duplicate, name.place, message);
                    self.push(diagnostic.also(place, "the application"));
                    continue;
                }
                let Some(offer) = file.url.as_ref().and_then(|url| self.offer_at(model, url))
                else {
                    continue;
                };
                let index = self.deployment.saas.push_and_get_key(SaasSpec {
                    model,
                    name: name.value.clone(),
                    offer,
                });
                self.saas_names[model].insert(name.value.clone(), index);
            }
            self.models[model].file.saas = saas;
        }
    }

    /// The offer of a URL `[controller:][user/]model.offer`, seen from a model.
    fn offer_at(&mut self, from: ModelIndex, url: &Text) -> Option<OfferIndex> {
        let Some(parts) = parse_url(&url.value) else {
            let message = format!("invalid offer URL {:?}", url.value);
            let help = "write `[controller:][user/]model.offer`";
            self.push(Diagnostic::error(Code::UnknownOffer, url.place, message).help(help));
            return None;
        };
        let Some(&model) = self.model_names.get(parts.model) else {
            let message = format!("there is no model `{}`", parts.model);
            let names = self.model_names.keys().map(String::as_str);
            let near = nearest(parts.model, names);
            let diagnostic = Diagnostic::error(Code::UnknownModel, url.place, message);
            let diagnostic = diagnostic.similar("a model", near);
            self.push(diagnostic);
            return None;
        };
        self.check_url(from, model, &parts, url);
        let found = self.offer_named(model, parts.offer);
        if found.is_none() {
            let deployment = &self.deployment;
            let offered: Vec<&str> = deployment
                .offers
                .iter()
                .filter(|offer| deployment.applications[offer.application].model == model)
                .map(|offer| offer.name.as_str())
                .collect();
            let message = format!("model `{}` offers no `{}`", parts.model, parts.offer);
            let near = nearest(parts.offer, offered.iter().copied());
            let diagnostic = Diagnostic::error(Code::UnknownOffer, url.place, message);
            let diagnostic = match near {
                Some(_) => diagnostic.similar("an offer", near),
                None if offered.is_empty() => diagnostic.help(format!(
                    "it offers nothing; add `offers` to an application of `{}`",
                    parts.model
                )),
                None => diagnostic.help(format!("it offers {}", offered.join(", "))),
            };
            self.push(diagnostic);
        }
        found
    }

    /// Controller and owner of the URL must be those of the model.
    fn check_url(&mut self, from: ModelIndex, model: ModelIndex, parts: &OfferUrl<'_>, url: &Text) {
        let deployment = &self.deployment;
        let spec = &deployment.models[model];
        let controller = &deployment.controllers[spec.controller].name;
        let same = deployment.models[from].controller == spec.controller;
        let right = format!("{controller}:{}/{}.{}", spec.owner, spec.name, parts.offer);
        let diagnostic = match (parts.controller, parts.user) {
            (None, _) if !same => {
                let message = format!("model `{}` is on another controller", spec.name);
                Diagnostic::error(Code::UnknownOffer, url.place, message)
            }
            (Some(named), _)
                if named != controller && !(same && deployment.controllers.len() == 1) =>
            {
                let message = format!("model `{}` is not on the controller `{named}`", spec.name);
                Diagnostic::error(Code::UnknownController, url.place, message)
            }
            (_, Some(user)) if user != spec.owner => {
                let message = format!("model `{}` is not owned by `{user}`", spec.name);
                Diagnostic::error(Code::UnknownOffer, url.place, message)
            }
            _ => return,
        };
        self.push(diagnostic.help(format!("write `{right}`")));
    }
}

/// The parts of an offer URL.
#[derive(Debug, PartialEq, Eq)]
struct OfferUrl<'a> {
    controller: Option<&'a str>,
    user: Option<&'a str>,
    model: &'a str,
    offer: &'a str,
}

/// `crossmodel.ParseOfferURL` of juju/juju, without an endpoint, which bundles may not give.
fn parse_url(url: &str) -> Option<OfferUrl<'_>> {
    let (controller, path) = match url.split_once(':') {
        Some((controller, path)) => (Some(controller), path),
        None => (None, url),
    };
    let (user, path) = match path.split_once('/') {
        Some((user, path)) => (Some(user), path),
        None => (None, path),
    };
    let (model, offer) = path.split_once('.')?;
    let whole = |part: &str| !part.is_empty() && !part.contains([':', '/', ' ']);
    let right =
        controller.is_none_or(whole) && user.is_none_or(whole) && whole(model) && whole(offer);
    right.then_some(OfferUrl {
        controller,
        user,
        model,
        offer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_juju_reads_them() {
        let read = |url| parse_url(url).map(|url| (url.controller, url.user, url.model, url.offer));
        assert_eq!(read("m.o"), Some((None, None, "m", "o")));
        assert_eq!(read("admin/m.o"), Some((None, Some("admin"), "m", "o")));
        assert_eq!(
            read("test:admin/m.o"),
            Some((Some("test"), Some("admin"), "m", "o"))
        );
        assert_eq!(read("ctl:m.o"), Some((Some("ctl"), None, "m", "o")));
        for wrong in ["m", "", "a/b/m.o", "c:u/m.o:endpoint", ":m.o", "m."] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
