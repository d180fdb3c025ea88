//! `published` of an application: the URLs that its units have in databags.

use std::collections::{BTreeMap, BTreeSet};

use super::inventory::Inventory;
use crate::format::{ApplicationFile, MergedModel};
use trustsim_charms::Role;
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_model::{ModelIndex, PublishedUrl, TiVec};
use trustsim_yaml::Map;

/// What units of an application publish, by the endpoint.
pub(super) fn published(
    file: &ApplicationFile,
    out: &mut Diagnostics,
) -> BTreeMap<String, BTreeSet<PublishedUrl>> {
    let mut found: BTreeMap<String, BTreeSet<PublishedUrl>> = BTreeMap::new();
    for (endpoint, urls) in file.published.iter().flat_map(Map::iter) {
        for text in urls {
            match text.value.parse() {
                Ok(url) => {
                    found.entry(endpoint.value.clone()).or_default().insert(url);
                }
                Err(why) => {
                    let message = format!("`{}` is no URL that clients dial: {why}", text.value);
                    out.push(Diagnostic::error(Code::BadValue, text.place, message));
                }
            }
        }
    }
    found
}

/// Warns of an endpoint over which the application has no relation: nothing is dialled there.
pub(super) fn check(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) {
    let deployment = inventory.deployment();
    for (model, bundle) in bundles.iter_enumerated() {
        for (name, file) in bundle.file.applications.iter().flat_map(Map::iter) {
            let Some(published) = &file.published else {
                continue;
            };
            let is_it = |spec: &trustsim_model::ApplicationSpec| {
                spec.model == model && spec.name == name.value
            };
            let mut all = deployment.applications.iter_enumerated();
            let Some((index, _)) = all.find(|(_, spec)| is_it(spec)) else {
                continue; // It was refused.
            };
            for (endpoint, _) in published.iter() {
                let sides = deployment.relations.iter().flat_map(|one| &one.sides);
                let mut own = sides.filter(|side| {
                    deployment.application_of(side.party) == Some(index)
                        && side.endpoint == endpoint.value
                });
                let charm = &deployment.applications[index].charm;
                let known = charm.endpoint(&endpoint.value);
                // Units of one application are related to each other by themselves.
                let is_peer = known.is_some_and(|known| known.role == Role::Peer);
                if !is_peer && own.next().is_none() {
                    let message = format!(
                        "`{}` has no relation over `{}`: what it publishes there is not dialled",
                        name.value, endpoint.value
                    );
                    out.push(Diagnostic::warning(
                        Code::UnreadKey,
                        endpoint.place,
                        message,
                    ));
                }
            }
        }
    }
}
