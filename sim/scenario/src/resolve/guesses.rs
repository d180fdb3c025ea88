//! What a side of a relation most likely means where it names no endpoint, and Juju would have looked
//! into a charm that has no description here.

use super::drafts::{RelationDraft, SideDraft};
use super::inventory::Inventory;
use super::usual_names::usual;
use trustsim_charms::{Endpoint, Role};
use trustsim_yaml::Spanned;

/// Names endpoints where Juju would have looked into a charm that has no description here.
pub(super) fn name_endpoints(draft: &mut RelationDraft, inventory: &Inventory) -> bool {
    for (this, other) in [(0, 1), (1, 0)] {
        let (side, across) = (&draft.sides[this], &draft.sides[other]);
        if side.endpoint.is_some() || !needs_guess(side, across, inventory) {
            continue;
        }
        let name = match &across.endpoint {
            Some(endpoint) => guess(side, &endpoint.value, inventory),
            None if !is_known(side, inventory) && !is_known(across, inventory) => {
                let other = inventory.deployment().party_name(across.party);
                Some(other.to_owned())
            }
            None => None,
        };
        let Some(name) = name else {
            return false;
        };
        let place = draft.sides[this].text.place;
        draft.sides[this].endpoint = Some(Spanned::new(name, place));
    }
    true
}

fn is_known(side: &SideDraft, inventory: &Inventory) -> bool {
    inventory.charm(side.application).is_described()
}

/// Whether Juju's own inference cannot work: this side names no endpoint, and one of the
/// sides is open.
fn needs_guess(side: &SideDraft, across: &SideDraft, inventory: &Inventory) -> bool {
    let across_is_open = match &across.endpoint {
        Some(endpoint) if has_endpoint(across, &endpoint.value, inventory) => false,
        Some(_) => inventory.unlisted(across.application).endpoints,
        None => !is_known(across, inventory),
    };
    if across_is_open {
        return true;
    }
    let Some(endpoint) = &across.endpoint else {
        return !is_known(side, inventory);
    };
    // The other side is known: this one needs a guess where nothing of it fits.
    let wanted = inventory
        .charm(across.application)
        .endpoint(&endpoint.value);
    let fits = |candidate: &Endpoint| {
        wanted.is_some_and(|wanted| {
            wanted.interface == candidate.interface && wanted.role != candidate.role
        })
    };
    let own = inventory.charm(side.application);
    let open = inventory.unlisted(side.application).endpoints;
    open && wanted.is_some() && !own.endpoints.iter().any(fits)
}

fn has_endpoint(side: &SideDraft, name: &str, inventory: &Inventory) -> bool {
    name == "juju-info" || inventory.charm(side.application).endpoint(name).is_some()
}

/// The endpoint a side most likely means when the other one is called `across`.
fn guess(side: &SideDraft, across: &str, inventory: &Inventory) -> Option<String> {
    let charm = inventory.charm(side.application);
    let mut usable = charm
        .endpoints
        .iter()
        .filter(|endpoint| endpoint.role != Role::Peer);
    if charm.endpoint(across).is_some() {
        return Some(across.to_owned());
    }
    let usual = usual(across);
    let is_opposite = |endpoint: &&Endpoint| {
        usual.is_some_and(|usual| {
            usual.interface == endpoint.interface && usual.role != Some(endpoint.role)
        })
    };
    let mut alike = usable
        .clone()
        .filter(|endpoint| endpoint.interface == across || is_opposite(endpoint));
    if let (Some(one), None) = (alike.next(), alike.next()) {
        return Some(one.name.clone());
    }
    let mut akin = usable
        .clone()
        .filter(|endpoint| are_akin(&endpoint.name, across));
    if let (Some(one), None) = (akin.next(), akin.next()) {
        return Some(one.name.clone());
    }
    if inventory.unlisted(side.application).endpoints {
        return Some(across.to_owned());
    }
    match (usable.next(), usable.next()) {
        (Some(only), None) => Some(only.name.clone()),
        _ => None,
    }
}

/// Whether one name of an endpoint is the other with more words before it: `certificates` and `etcd-certificates`, `cluster`
/// and `k8s-cluster` (canonical/k8s-operator `tests/integration/data/test-bundle-charmed-etcd.yaml`).
fn are_akin(left: &str, right: &str) -> bool {
    let ends_with = |long: &str, short: &str| {
        let before = long.strip_suffix(short);
        before.is_some_and(|before| before.ends_with(['-', '_']))
    };
    ends_with(left, right) || ends_with(right, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_akin_that_differ_by_words_before_them() {
        for (left, right, akin) in [
            ("certificates", "etcd-certificates", true),
            ("k8s-cluster", "cluster", true),
            ("kube_control", "control", true),
            ("certificates", "certificates", false),
            ("certificates", "mycertificates", false),
            ("send-ca-cert", "receive-ca-cert", false),
            ("database", "data", false),
        ] {
            assert_eq!(are_akin(left, right), akin, "{left} {right}");
        }
    }
}
