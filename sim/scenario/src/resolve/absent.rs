//! Relations with models that are not there.

use super::inventory::Inventory;
use super::usual_names::usual;
use crate::format::MergedModel;
use trustsim_model::{AbsentRelation, ModelIndex, TiVec};
use trustsim_yaml::{Map, Node};

/// The relations of consumed offers that could not be found.
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
                if let Some(offer) = missing_offer(model, bundle, name_of(other), inventory) {
                    found.extend(side_of(model, own, offer, inventory));
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

/// The side of such a relation that is there. Where it names no endpoint, that of the other side would tell it.
fn side_of(
    model: ModelIndex,
    side: &str,
    offer: String,
    inventory: &Inventory,
) -> Option<AbsentRelation> {
    let (name, endpoint) = side.split_once(':').unwrap_or((side, ""));
    let application = inventory.application(model, name)?;
    let (interface, role) = match (
        inventory.charm(application).endpoint(endpoint),
        usual(endpoint),
    ) {
        (Some(known), _) => (Some(known.interface.clone()), Some(known.role)),
        (None, Some(usual)) => (Some(usual.interface.to_owned()), usual.role),
        (None, None) => (None, None),
    };
    Some(AbsentRelation {
        application,
        endpoint: endpoint.to_owned(),
        interface,
        role,
        offer,
    })
}
