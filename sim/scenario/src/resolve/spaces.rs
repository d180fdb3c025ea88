//! Spaces: which subnets each has, which endpoints are bound to which, and which addresses a machine is known to have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use super::inventory::Inventory;
use crate::format::{ApplicationFile, MergedModel, ModelFile};
use trustsim_charms::{Listens, Role};
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_juju::{ALPHA, INVENTED_ROOM, Subnet};
use trustsim_model::{
    Action, ApplicationIndex, ApplicationSpec, Deployment, MachineIndex, ModelIndex, ModelKind,
    Party, Placement, RelationIndex, ScaleAction, TiVec,
};
use trustsim_yaml::{Entry, FromNode, Map, Node, Place, Reader, Spanned, Text, Unknown};

/// The spaces of a model with their subnets.
pub(super) fn spaces(
    file: &ModelFile,
    kind: ModelKind,
    out: &mut Diagnostics,
) -> BTreeMap<String, Vec<Subnet>> {
    let mut found = BTreeMap::new();
    for (name, subnets) in file.spaces.iter().flat_map(Map::iter) {
        if kind == ModelKind::Kubernetes {
            out.push(not_on_kubernetes(Severity::Error, name.place, "`spaces`"));
            continue;
        }
        let subnets = subnets.iter().filter_map(|text| parsed(text, out));
        found.insert(name.value.clone(), subnets.collect());
    }
    found
}

/// Pods are in the space `alpha` (juju/juju 3.6 `apiserver/facades/agent/uniter/networkinfocaas.go`).
pub(super) fn not_on_kubernetes(severity: Severity, place: Place, what: &str) -> Diagnostic {
    let message =
        format!("every pod is in the space `{ALPHA}`: {what} has no effect on Kubernetes");
    Diagnostic::new(Code::UnreadKey, severity, message).at(place, "")
}

fn parsed<T: std::str::FromStr<Err: fmt::Display>>(
    text: &Text,
    out: &mut Diagnostics,
) -> Option<T> {
    let wrong = |error: T::Err| {
        let message = format!("`{}`: {error}", text.value);
        out.push(Diagnostic::error(Code::BadValue, text.place, message));
    };
    text.value.parse().map_err(wrong).ok()
}

/// The space of each endpoint that is bound to one; under the empty name that of all others.
pub(super) fn bindings(
    file: &ApplicationFile,
    kind: ModelKind,
    out: &mut Diagnostics,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let entries = file.bindings.as_ref().map_or(&[][..], Node::entries);
    for Entry { key, value } in entries {
        let Some(space) = value.as_scalar() else {
            continue;
        };
        // What is written for no space is the default one.
        let space = match space.text.as_str() {
            "" => ALPHA,
            named => named,
        };
        if kind == ModelKind::Kubernetes {
            if space != ALPHA {
                out.push(not_on_kubernetes(Severity::Note, value.place, "`bindings`"));
                break;
            }
            continue;
        }
        found.insert(key.value.clone(), space.to_owned());
    }
    match found.values().all(|space| space == ALPHA) {
        // Juju writes the default into each bundle that it exports.
        true => BTreeMap::new(),
        false => found,
    }
}

/// The addresses of a machine, by the space that they are in (`addresses` of an entry of `machines`).
pub(super) fn addresses(machine: &Node, out: &mut Diagnostics) -> BTreeMap<String, Vec<IpAddr>> {
    let mut found = BTreeMap::new();
    let Some(node) = machine.get("addresses") else {
        return found;
    };
    let mut reader = Reader::new(Unknown::Refused, true);
    let read = Map::<Vec<Text>>::from_node(node, &mut reader);
    out.push_mistakes(reader);
    for (space, addresses) in read.iter().flat_map(Map::iter) {
        let addresses = addresses.iter().filter_map(|text| parsed(text, out));
        let addresses: Vec<IpAddr> = addresses.collect();
        if !addresses.is_empty() {
            found.insert(space.value.clone(), addresses);
        }
    }
    found
}

/// Refuses spaces whose subnets have no room for the machines that are put into them, in the course of the run too.
pub(super) fn check_room(
    bundles: &TiVec<ModelIndex, MergedModel>,
    inventory: &Inventory,
    out: &mut Diagnostics,
) {
    let deployment = inventory.deployment();
    for (model, spec) in deployment.models.iter_enumerated() {
        let own = deployment.applications.iter_enumerated();
        let own = own.filter(|(_, application)| application.model == model);
        let mut named: BTreeMap<&str, Place> = BTreeMap::new();
        for (index, application) in own {
            for space in application.bindings.values().chain(&application.spaces) {
                named.entry(space).or_insert(inventory.place_of(index));
            }
        }
        let files = bundles[model].file.spaces.iter().flat_map(Map::iter);
        named.extend(files.map(|(name, _)| (&*name.value, name.place)));
        for (space, place) in named {
            let subnets = spec.spaces.get(space);
            let smallest = subnets.and_then(|known| known.iter().map(|one| one.room()).min());
            let room = match smallest {
                Some(room) => room,
                // Without subnets a machine in `alpha` has its private address alone.
                None if space == ALPHA => continue,
                None => INVENTED_ROOM,
            };
            let needed = machines_in(deployment, model, space);
            if needed > room {
                let message = format!(
                    "{needed} machines are in `{space}`, whose smallest subnet has room for {room}"
                );
                out.push(Diagnostic::error(Code::BadValue, place, message));
            }
        }
    }
}

/// How many machines of a model are put into a space, at the start or later.
fn machines_in(deployment: &Deployment, model: ModelIndex, space: &str) -> u64 {
    let mut known: BTreeSet<MachineIndex> = BTreeSet::new();
    let mut fresh = 0;
    let own = deployment.machines.iter_enumerated();
    let constrained = own.filter(|(_, spec)| spec.model == model && spec.spaces.contains(space));
    known.extend(constrained.map(|(machine, _)| machine));
    let applications = deployment.applications.iter_enumerated();
    for (index, spec) in applications.filter(|(_, spec)| spec.model == model) {
        // What is bound to no space is in `alpha`.
        let is_in_alpha = !spec.bindings.contains_key("");
        let is_bound = spec.bindings.values().any(|bound| bound == space);
        let is_put = spec.spaces.contains(space);
        let is_in = is_bound || is_in_alpha && space == ALPHA;
        if !(is_in || is_put) {
            continue;
        }
        let on_machines = spec
            .placements
            .iter()
            .filter_map(|placement| match placement {
                Placement::Machine(machine) => Some(*machine),
                Placement::New => None,
            });
        let placed: Vec<MachineIndex> = on_machines.collect();
        let added = deployment.actions.iter().map(|timed| match &timed.action {
            Action::Scale(ScaleAction::AddUnits { application, count })
                if *application == index =>
            {
                u64::from(*count)
            }
            _ => 0,
        });
        fresh += u64::from(spec.units) - placed.len() as u64 + added.sum::<u64>();
        known.extend(placed.into_iter().filter(|_| is_in));
    }
    fresh + known.len() as u64
}

/// One note for all applications that are in several spaces, of whose charm it was not read which of its addresses it asks
/// a certificate for.
pub(super) fn note_assumed(inventory: &Inventory, out: &mut Diagnostics) {
    let is_assumed = |spec: &&ApplicationSpec| {
        let spaces: BTreeSet<&String> = spec.bindings.values().collect();
        let charm = &spec.charm;
        let mut own = charm.endpoints.iter().filter(|endpoint| {
            endpoint.role == Role::Requirer && endpoint.interface == "tls-certificates"
        });
        spaces.len() > 1
            && charm.implementation.listens == Listens::ByProfile
            && own.any(|endpoint| !endpoint.says_its_address())
    };
    let assumed = inventory.deployment().applications.iter();
    let names: Vec<&str> = assumed.filter(is_assumed).map(|spec| &*spec.name).collect();
    if names.is_empty() {
        return;
    }
    let message = format!(
        "these applications are assumed to ask for a certificate with their address in the space of the application, since \
         the code of their charms was not read for that: {}",
        names.join(", ")
    );
    out.list
        .push(Diagnostic::new(Code::UnreadKey, Severity::Note, message));
}

/// The endpoint of a server in whose space clients dial it, where that depends on the client's relation; `None` where the
/// server is in one space, or asks for one address whichever client it is.
pub(super) fn dialled_endpoint(
    deployment: &Deployment,
    from: Party,
    to: ApplicationIndex,
    relation: Option<RelationIndex>,
) -> Option<String> {
    let server = &deployment.applications[to];
    if server.bindings.is_empty() {
        return None;
    }
    let peers = match server.charm.implementation.listens {
        Listens::ByProfile => return None,
        Listens::At(endpoint) => return Some(endpoint.to_owned()),
        Listens::ByRelation { peers } => peers,
    };
    if from == Party::Application(to) {
        return Some(peers.to_owned());
    }
    let of_both = |relation: &&trustsim_model::RelationSpec| {
        let parties = relation
            .sides
            .each_ref()
            .map(|side| deployment.application_of(side.party));
        let from = deployment.application_of(from);
        from.is_some() && parties.contains(&from) && parties.contains(&Some(to))
    };
    let own = |relation: &trustsim_model::RelationSpec| {
        let mut sides = relation.sides.iter();
        let side = sides.find(|side| deployment.application_of(side.party) == Some(to));
        side.map(|side| side.endpoint.clone())
    };
    let given = relation.map(|relation| &deployment.relations[relation]);
    let found = given.or_else(|| {
        // Over the others no client learns where its server is.
        let is_for_tls = |endpoint: String| {
            let endpoint = server.charm.endpoint(&endpoint);
            endpoint.is_some_and(|endpoint| endpoint.interface == "tls-certificates")
        };
        let mut all = deployment.relations.iter();
        all.find(|relation| of_both(relation) && !own(relation).is_some_and(is_for_tls))
    });
    found.and_then(own)
}

/// The endpoint that a connection names as the one in whose space its server is dialled.
pub(super) fn written_endpoint(
    given: &Spanned<String>,
    to: ApplicationIndex,
    inventory: &Inventory,
    out: &mut Diagnostics,
) -> String {
    let server = &inventory.deployment().applications[to];
    let is_known = given.value.is_empty()
        || server.bindings.contains_key(&given.value)
        || server.charm.endpoint(&given.value).is_some();
    if !is_known {
        let message = format!("`{}` has no endpoint `{}`", server.name, given.value);
        out.push(Diagnostic::error(Code::BadValue, given.place, message));
    }
    given.value.clone()
}
