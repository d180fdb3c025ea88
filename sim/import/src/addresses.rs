//! Addresses: those of machines in spaces, and that of the load balancer of an ingress.
//!
//! `juju status` has the interfaces of each machine with their spaces; `juju show-unit` has what Juju writes into databags,
//! which is the address of a unit in the space of an endpoint. A model on Kubernetes has one address for each application:
//! that of its service, or of the load balancer before it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use trustsim_charms::{Requests, catalogue};
use trustsim_errors::{Code, Diagnostic, Diagnostics};
use trustsim_yaml::{Node, Place, Spanned, Text};

use crate::dump::{ApplicationDump, Found, ModelDump};
use crate::merge::charm_name;
use crate::readers::text;

/// The space in which everything is that is bound to no other.
const ALPHA: &str = "alpha";

/// The address of a unit in the space of one of its endpoints, as a databag has it.
#[derive(Clone, Debug)]
pub(crate) struct SeenAddress {
    pub(crate) machine: String,
    pub(crate) application: String,
    pub(crate) endpoint: String,
    pub(crate) address: String,
    pub(crate) place: Place,
}

/// The addresses of a machine in each space, as `network-interfaces` of its status has them. An interface that is in no
/// space is a bridge of the machine's own.
pub(crate) fn of_interfaces(machine: &Node) -> BTreeMap<String, Found> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for interface in machine.entries_of("network-interfaces") {
        let Some(space) = text(&interface.value, "space") else {
            continue;
        };
        let addresses = interface.value.elements_of("ip-addresses");
        let known = found.entry(space.value).or_default();
        for address in addresses {
            let text = address.as_scalar().map(|scalar| &scalar.text);
            if let Some(text) = text.filter(|text| text.parse::<IpAddr>().is_ok()) {
                known.entry(text.clone()).or_insert(address.place);
            }
        }
    }
    found.retain(|_, addresses| !addresses.is_empty());
    found
}

/// The bindings that a mapping from endpoints to spaces says; none where all are in the default space, which Juju writes
/// into each bundle that it exports.
pub(crate) fn of_bindings(node: Option<&Node>) -> BTreeMap<String, Text> {
    let entries = node.map_or(&[][..], Node::entries);
    of_pairs(entries.iter().filter_map(|entry| {
        let space = entry.value.as_scalar()?;
        let space = Spanned::new(space.text.clone(), entry.value.place);
        Some((entry.key.value.clone(), space))
    }))
}

/// The same of pairs of an endpoint and its space; the empty endpoint is all others.
pub(crate) fn of_pairs(pairs: impl Iterator<Item = (String, Text)>) -> BTreeMap<String, Text> {
    let bound = pairs.map(|(endpoint, space)| match space.value.is_empty() {
        true => (endpoint, Spanned::new(ALPHA.to_owned(), space.place)),
        false => (endpoint, space),
    });
    let bound: BTreeMap<String, Text> = bound.collect();
    match bound.values().all(|space| space.value == ALPHA) {
        true => BTreeMap::new(),
        false => bound,
    }
}

/// Of constraints `spaces=oam`, where that is one of them: no other says anything of addresses.
pub(crate) fn of_spaces(constraints: &Text) -> Option<Text> {
    let words = constraints.value.split_whitespace();
    let of_spaces: Vec<&str> = words.filter(|word| word.starts_with("spaces=")).collect();
    (!of_spaces.is_empty()).then(|| Spanned::new(of_spaces.join(" "), constraints.place))
}

/// The same of a node that may have constraints.
pub(crate) fn of_constraints(node: Option<&Node>) -> Option<Text> {
    let node = node?;
    of_spaces(&Spanned::new(node.as_scalar()?.text.clone(), node.place))
}

/// Adds addresses that databags have to those of the machines, once it is known which endpoint is in which space.
pub(crate) fn add_seen(model: &mut ModelDump, out: &mut Diagnostics) {
    for seen in std::mem::take(&mut model.seen) {
        let Some(application) = model.applications.get(&seen.application) else {
            continue;
        };
        let bindings = &application.bindings;
        let bound = bindings.get(&seen.endpoint).or_else(|| bindings.get(""));
        let space = bound.map_or(ALPHA, |space| &space.value).to_owned();
        let of_machine = model.addresses.entry(seen.machine.clone()).or_default();
        let known = of_machine.entry(space.clone()).or_default();
        if known.is_empty() {
            known.insert(seen.address, seen.place);
            continue;
        }
        // Over a relation with another model, an endpoint in the default space has the public address.
        if !known.contains_key(&seen.address) && space != ALPHA {
            let message = format!(
                "machine {} has no address {} in `{space}` by another input: it is left out",
                seen.machine, seen.address
            );
            out.push(Diagnostic::warning(
                Code::Contradiction,
                seen.place,
                message,
            ));
        }
    }
    model.addresses.retain(|_, spaces| {
        spaces.retain(|_, addresses| !addresses.is_empty());
        !spaces.is_empty()
    });
}

/// The address of the load balancer before an application of a model on Kubernetes, where its charm asks for that. It says so
/// itself in its status (canonical/traefik-k8s-operator `src/charm.py` at 8ab4a7e, `Serving at`), or the application
/// has an address that no service of its cluster has.
pub(crate) fn load_balancer(
    name: &str,
    application: &ApplicationDump,
    model: &ModelDump,
) -> Option<Text> {
    let charm = charm_name(&application.charm.as_ref()?.value);
    let known = catalogue().get(charm)?;
    let requests = known.metadata.implementation.requests;
    let Requests::ForHostname { option } = requests else {
        return None;
    };
    if model.kubernetes != Some(true) || application.options.contains_key(option) {
        return None;
    }
    let is_address = |text: &&Text| text.value.parse::<IpAddr>().is_ok();
    let served = application.serves_at.as_ref();
    let own = application.address.as_ref();
    let of_service = own.filter(|own| is_beyond_services(name, &own.value, model));
    let found = served.filter(is_address).or(of_service)?;
    Some(Spanned::new(found.value.clone(), found.place))
}

/// Where the ranges begin that clusters have for services by default: MicroK8s and Canonical Kubernetes, kubeadm, k3s, and
/// those of Amazon and Azure. **Assumption**: this cluster was not given another one, in which a service would be taken for
/// a load balancer.
const SERVICES: [&str; 6] = [
    "10.152.183.0",
    "10.96.0.0",
    "10.43.0.0",
    "10.100.0.0",
    "172.20.0.0",
    "10.0.0.0",
];

/// Whether an address is far from those of all other services. No range of a cluster's services is wider than twelve bits,
/// which kubeadm has (`10.96.0.0/12`).
fn is_beyond_services(name: &str, address: &str, model: &ModelDump) -> bool {
    let network = |text: &str| {
        let address: Ipv4Addr = text.parse().ok()?;
        Some(u32::from(address) >> 20)
    };
    let Some(own) = network(address) else {
        return false;
    };
    let others = model
        .applications
        .iter()
        .filter(|(other, _)| *other != name);
    let others = others.filter_map(|(_, other)| network(&other.address.as_ref()?.value));
    let others: Vec<u32> = others.collect();
    if others.is_empty() {
        // Nothing to compare with: it is none where it is not in a range that clusters have for services.
        return !SERVICES.iter().any(|range| network(range) == Some(own));
    }
    let near = others.iter().filter(|other| **other == own).count();
    // Of several load balancers each is beyond the services.
    near * 2 < others.len()
}
