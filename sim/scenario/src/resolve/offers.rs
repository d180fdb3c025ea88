//! Offers.

use super::endpoints::unknown_endpoint;
use super::inventory::Inventory;
use super::names::check_name;
use crate::format::MergedModel;
use crate::name_rules::NameKind;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{ApplicationIndex, ModelIndex, OfferSpec, TiVec};
use trustsim_yaml::{Map, Spanned, Text};

/// The offers of every application.
pub(super) fn offers(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> Vec<OfferSpec> {
    let mut found = Vec::new();
    for (model, bundle) in bundles.iter_enumerated() {
        let mut offers: Vec<OfferSpec> = Vec::new();
        for (name, file) in bundle.file.applications.iter().flat_map(Map::iter) {
            let Some(application) = inventory.application(model, &name.value) else {
                continue;
            };
            for (name, offered) in file.offers.iter().flat_map(Map::iter) {
                check_name(NameKind::Offer, name, out);
                if offers.iter().any(|known| known.name == name.value) {
                    let message = format!("offer `{}` is in this model twice", name.value);
                    let help =
                        "an offer is named once in a model; several endpoints go into one list";
                    out.push(Diagnostic::error(Code::Duplicate, name.place, message).help(help));
                    continue;
                }
                let endpoints: Vec<&Text> = offered.endpoints.iter().flatten().collect();
                check_endpoints(application, name, &endpoints, inventory, out);
                offers.push(OfferSpec {
                    name: name.value.clone(),
                    application,
                    endpoints: endpoints.iter().map(|text| text.value.clone()).collect(),
                });
            }
        }
        found.extend(offers);
    }
    found
}

fn check_endpoints(
    application: ApplicationIndex,
    offer: &Spanned<String>,
    endpoints: &[&Text],
    inventory: &Inventory,
    out: &mut Diagnostics,
) {
    if endpoints.is_empty() {
        let message = format!("offer `{}` has no endpoints", offer.value);
        let code = Code::UnknownEndpoint;
        out.push(Diagnostic::error(code, offer.place, message));
    }
    for endpoint in endpoints {
        check_name(NameKind::Endpoint, endpoint, out);
        // What an open charm offers is found out with its relations.
        let charm = inventory.charm(application);
        let known = charm.endpoint(&endpoint.value).is_some();
        if !known && !inventory.unlisted(application).endpoints {
            out.push(unknown_endpoint(application, endpoint, inventory));
        }
    }
}
