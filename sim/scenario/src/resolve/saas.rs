//! Consumed offers, and the URLs by which they are named.

use super::inventory::Inventory;
use super::names::check_name;
use crate::format::MergedModel;
use crate::name_rules::NameKind;
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_model::{ModelIndex, OfferIndex, SaasSpec, TiVec};
use trustsim_yaml::{Map, Text, nearest};

/// The consumed offers of every model.
pub(super) fn saas(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<SaasSpec> {
    let mut consumed = Vec::new();
    let mut offers = Offers { inventory, out };
    for (model, bundle) in bundles.iter_enumerated() {
        for (name, file) in bundle.file.saas.iter().flat_map(Map::iter) {
            if let Some(application) = inventory.application(model, &name.value) {
                let message = format!("`{}` is both an application and a SAAS", name.value);
                let place = inventory.place_of(application);
                let diagnostic = Diagnostic::error(Code::Duplicate, name.place, message);
                offers.out.push(diagnostic.also(place, "the application"));
                continue;
            }
            let Some(url) = &file.url else {
                offers.out.push(without_url(name));
                continue;
            };
            check_name(NameKind::Saas, name, offers.out);
            let offer = match bundle.deployed {
                true => offers.at_deployed(model, name, url),
                false => offers.at(model, url),
            };
            consumed.extend(offer.map(|offer| SaasSpec {
                model,
                name: name.value.clone(),
                offer,
            }));
        }
    }
    consumed
}

/// A consumed offer without a URL. `juju export-bundle` writes a consumer of the model's own offers so: a remote
/// application whose name `remotecommon` makes of `remote-` and the token of the relation.
fn without_url(name: &Text) -> Diagnostic {
    if name.value.starts_with("remote-") {
        let message = format!(
            "`{}` is a consumer of an offer of this model: its relations are left out",
            name.value
        );
        let help = "give the consuming model too, with the offer under its `saas`";
        let note = Diagnostic::new(Code::RemoteConsumer, Severity::Note, message);
        return note.at(name.place, "").help(help);
    }
    let message = format!("`{}` has no `url`", name.value);
    let help = "write `url: [controller:][user/]model.offer`";
    Diagnostic::error(Code::MissingKey, name.place, message).help(help)
}

/// The offers that can be consumed.
struct Offers<'a> {
    inventory: &'a Inventory,
    out: &'a mut Diagnostics,
}

impl Offers<'_> {
    /// The same for a model that was read off a deployment, whose other models may not be given.
    fn at_deployed(&mut self, from: ModelIndex, name: &Text, url: &Text) -> Option<OfferIndex> {
        let model = parse_offer_url(&url.value).map(|parts| parts.model);
        let Some(absent) = model.filter(|model| self.inventory.model(model).is_none()) else {
            return self.at(from, url);
        };
        let message = format!(
            "the model `{absent}` is not given: the relations of `{}` are left out",
            name.value
        );
        let help = format!(
            "give the status or the bundle of `{absent}` too; until then no connection is simulated that rests on what \
             comes through it"
        );
        let warning = Diagnostic::warning(Code::ModelNotGiven, url.place, message);
        self.out.push(warning.help(help));
        None
    }

    /// The offer of a URL `[controller:][user/]model.offer`, seen from a model.
    fn at(&mut self, from: ModelIndex, url: &Text) -> Option<OfferIndex> {
        let Some(parts) = parse_offer_url(&url.value) else {
            let message = format!("invalid offer URL {:?}", url.value);
            let help = "write `[controller:][user/]model.offer`";
            self.out
                .push(Diagnostic::error(Code::UnknownOffer, url.place, message).help(help));
            return None;
        };
        let Some(model) = self.inventory.model(parts.model) else {
            let message = format!("there is no model `{}`", parts.model);
            let names = self.inventory.model_names();
            let near = nearest(parts.model, names);
            let diagnostic = Diagnostic::error(Code::UnknownModel, url.place, message);
            self.out.push(match near {
                Some(_) => diagnostic.similar("a model", near),
                None => diagnostic.help(
                    "give it under `models`, or say `deployed: true` of this model to leave its relations out",
                ),
            });
            return None;
        };
        self.check_url(from, model, &parts, url);
        let found = self.offer_named(model, parts.offer);
        if found.is_none() {
            let deployment = self.inventory.deployment();
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
            self.out.push(diagnostic);
        }
        found
    }

    /// Controller and owner of the URL must be those of the model.
    fn check_url(&mut self, from: ModelIndex, model: ModelIndex, parts: &OfferUrl<'_>, url: &Text) {
        let deployment = self.inventory.deployment();
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
        self.out.push(diagnostic.help(format!("write `{right}`")));
    }

    fn offer_named(&self, model: ModelIndex, name: &str) -> Option<OfferIndex> {
        let deployment = self.inventory.deployment();
        deployment.offers.position(|offer| {
            offer.name == name && deployment.applications[offer.application].model == model
        })
    }
}

/// The parts of an offer URL, `[controller:][user/]model.offer`.
#[derive(Debug, PartialEq, Eq)]
pub struct OfferUrl<'a> {
    /// The controller, where it is said.
    pub controller: Option<&'a str>,
    /// Who owns the model, where it is said.
    pub user: Option<&'a str>,
    /// The model.
    pub model: &'a str,
    /// The offer.
    pub offer: &'a str,
}

/// `crossmodel.ParseOfferURL` of juju/juju, without an endpoint, which bundles may not give.
pub fn parse_offer_url(url: &str) -> Option<OfferUrl<'_>> {
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
        let read =
            |url| parse_offer_url(url).map(|url| (url.controller, url.user, url.model, url.offer));
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
