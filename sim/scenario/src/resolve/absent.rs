//! Relations that would bring certificates or CAs, of models that are not there.

use super::inventory::Inventory;
use super::usual_names::usual;
use crate::format::MergedModel;
use trustsim_charms::Role;
use trustsim_model::{AbsentRelation, ModelIndex, TiVec};
use trustsim_yaml::{Map, Node};

/// The interfaces over which an application is given certificates or CAs.
const GIVING: [&str; 2] = ["tls-certificates", "certificate_transfer"];

/// Those relations of consumed offers that could not be found, in which an application requires what they give.
pub(super) fn absent(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
) -> Vec<AbsentRelation> {
    let mut found = Vec::new();
    for (model, bundle) in bundles.iter_enumerated() {
        for relation in bundle.file.relations.iter().flatten() {
            let sides: Vec<&str> = relation
                .elements()
                .iter()
                .filter_map(Node::as_scalar)
                .map(|side| side.text.as_str())
                .collect();
            let &[left, right] = sides.as_slice() else {
                continue;
            };
            for (own, other) in [(left, right), (right, left)] {
                let offer = missing_offer(model, bundle, name_of(other), inventory);
                let required = required(model, own, inventory);
                if let (Some(offer), Some((application, endpoint))) = (offer, required) {
                    found.push(AbsentRelation {
                        application,
                        endpoint,
                        offer,
                    });
                }
            }
        }
    }
    found
}

fn name_of(side: &str) -> &str {
    side.split_once(':').map_or(side, |(name, _)| name)
}

/// The offer that a name of a model consumes, where it is not there.
fn missing_offer(
    model: ModelIndex,
    bundle: &MergedModel,
    name: &str,
    inventory: &Inventory,
) -> Option<String> {
    let consumed = bundle.file.saas.iter().flat_map(Map::iter);
    let (_, file) = consumed
        .into_iter()
        .find(|(consumed, _)| consumed.value == name)?;
    if inventory.party(model, name).is_some() {
        return None;
    }
    let url = file.url.as_ref();
    Some(url.map_or_else(|| name.to_owned(), |url| url.value.clone()))
}

/// The application and the endpoint of a side that is given certificates or CAs.
fn required(
    model: ModelIndex,
    side: &str,
    inventory: &Inventory,
) -> Option<(trustsim_model::ApplicationIndex, String)> {
    let (name, endpoint) = side.split_once(':')?;
    let application = inventory.application(model, name)?;
    let charm = inventory.charm(application);
    let (interface, role) = match (charm.endpoint(endpoint), usual(endpoint)) {
        (Some(known), _) => (known.interface.as_str(), Some(known.role)),
        (None, Some(usual)) => (usual.interface, usual.role),
        (None, None) => return None,
    };
    let requires = role.is_none_or(|role| role == Role::Requirer);
    (requires && GIVING.contains(&interface)).then(|| (application, endpoint.to_owned()))
}
