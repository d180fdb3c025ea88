//! Endpoints of charms without a description, read off the relations that name them.
//!
//! The other side of a relation tells interface and role. Where neither side is known, the names of the endpoints do
//! (`usual_names`), and as the last resort the second provides, and the interface is called after its endpoint.

mod notes;

use std::collections::BTreeMap;

use super::drafts::{RelationDraft, SideDraft};
use super::guesses::name_endpoints;
use super::inventory::Inventory;
use super::usual_names::{Usual, between, named_after, usual};
use trustsim_charms::{
    CertificatesProfile, Endpoint, EndpointProfile, EndpointSource, LibraryProfile, Protocol, Role,
    Serves,
};
use trustsim_errors::Diagnostics;
use trustsim_model::ApplicationIndex;
use trustsim_yaml::Place;

/// What is known of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    role: Role,
    interface: String,
    container_scope: bool,
    /// How it is spoken, where the charm is known.
    protocol: Protocol,
    /// The library that the charm has for it; `None` is today's.
    library: Option<LibraryProfile>,
    /// What tells that another endpoint is the opposite of this one.
    source: EndpointSource,
}

type Name = (ApplicationIndex, String);

/// Completes the charms of which more endpoints may exist; drafts whose endpoints cannot be
/// told are left out and noted.
pub(super) fn complete(
    drafts: Vec<RelationDraft>,
    inventory: &mut Inventory,
    out: &mut Diagnostics,
) -> Vec<RelationDraft> {
    let mut inference = Inference {
        inventory,
        out,
        added: Vec::new(),
    };
    let mut told = Vec::with_capacity(drafts.len());
    for mut draft in drafts {
        inference.require_juju_info(&draft);
        inference.use_earlier_interface(&draft);
        if name_endpoints(&mut draft, inference.inventory) {
            told.push(draft);
        } else {
            inference.note_left_out(&draft);
        }
    }
    let open = inference.open_endpoints(&told);
    if !open.is_empty() {
        let found = inference.propagate(&told, open);
        inference.note_usual_names(&found);
        inference.add_endpoints(found);
    }
    inference.note_added();
    told
}

/// Reads relations, and adds to charms what they tell.
struct Inference<'a> {
    inventory: &'a mut Inventory,
    out: &'a mut Diagnostics,
    /// Endpoints that were added to charms with a description, and where one of their applications is.
    added: Vec<(String, Place)>,
}

impl Inference<'_> {
    /// `[telegraf:juju-info, app:juju-info]`: every application provides `juju-info`, so the one
    /// without a description that has no units of its own requires it.
    fn require_juju_info(&mut self, draft: &RelationDraft) {
        let sides = &draft.sides;
        let named = |side: &SideDraft| {
            let endpoint = side.endpoint.as_ref();
            endpoint.is_some_and(|endpoint| endpoint.value == "juju-info")
        };
        let declared = |side: &SideDraft| {
            self.inventory
                .charm(side.application)
                .endpoint("juju-info")
                .is_some()
        };
        if !sides.iter().all(named) || sides.iter().any(declared) {
            return;
        }
        let guest = sides.iter().find(|side| {
            let spec = &self.inventory.deployment().applications[side.application];
            !spec.charm.is_described() && spec.units == 0
        });
        if let Some(guest) = guest {
            let known = Known {
                role: Role::Requirer,
                interface: "juju-info".to_owned(),
                container_scope: true,
                protocol: Protocol::default(),
                library: None,
                source: EndpointSource::Relation,
            };
            let name = (guest.application, "juju-info".to_owned());
            self.add_endpoints(BTreeMap::from([(name, known)]));
        }
    }

    /// Where a named endpoint had the other side's interface in other revisions of its charm,
    /// this deployment has one of those, unless it names its revision.
    fn use_earlier_interface(&mut self, draft: &RelationDraft) {
        for (this, other) in [(0, 1), (1, 0)] {
            let (side, across) = (&draft.sides[this], &draft.sides[other]);
            let (Some(own), Some(their)) = (&side.endpoint, &across.endpoint) else {
                continue;
            };
            let earlier = self
                .inventory
                .unlisted(side.application)
                .earlier_interfaces
                .get(&own.value);
            let wanted = self
                .inventory
                .charm(across.application)
                .endpoint(&their.value);
            let (Some(earlier), Some(wanted)) = (earlier, wanted) else {
                continue;
            };
            if !earlier.contains(&wanted.interface) || self.is_read(side.application) {
                continue;
            }
            let interface = wanted.interface.clone();
            self.inventory
                .set_interface(side.application, &own.value, &interface);
        }
    }

    /// Whether an application names a revision that the description of its charm is about.
    fn is_read(&self, application: ApplicationIndex) -> bool {
        let spec = &self.inventory.deployment().applications[application];
        let reading = spec.charm.provenance.reading();
        let covers = |revision| reading.is_some_and(|reading| reading.covers(revision));
        spec.revision.is_some_and(covers)
    }

    /// Every endpoint that is named but not known, of charms that may have more.
    fn open_endpoints(&self, drafts: &[RelationDraft]) -> BTreeMap<Name, Option<Known>> {
        let mut open = BTreeMap::new();
        let mut consider = |application: ApplicationIndex, name: &str| {
            let known =
                name == "juju-info" || self.inventory.charm(application).endpoint(name).is_some();
            if self.inventory.unlisted(application).endpoints && !known {
                open.insert((application, name.to_owned()), None);
            }
        };
        for side in drafts.iter().flat_map(|draft| &draft.sides) {
            if let Some(endpoint) = &side.endpoint {
                consider(side.application, &endpoint.value);
            }
        }
        for offer in &self.inventory.deployment().offers {
            for endpoint in &offer.endpoints {
                consider(offer.application, endpoint);
            }
        }
        open
    }

    fn propagate(
        &self,
        drafts: &[RelationDraft],
        mut open: BTreeMap<Name, Option<Known>>,
    ) -> BTreeMap<Name, Known> {
        let edges: Vec<[Name; 2]> = drafts
            .iter()
            .filter_map(|draft| {
                let name = |side: &SideDraft| {
                    let endpoint = side.endpoint.as_ref()?;
                    Some((side.application, endpoint.value.clone()))
                };
                Some([name(&draft.sides[0])?, name(&draft.sides[1])?])
            })
            .collect();
        loop {
            let mut changed = false;
            for [left, right] in &edges {
                for (this, other) in [(left, right), (right, left)] {
                    if let (Some(None), Some(known)) = (open.get(this), self.known(other, &open)) {
                        open.insert(this.clone(), Some(opposite(&known)));
                        changed = true;
                    }
                }
            }
            if changed {
                continue;
            }
            // Nothing follows any more: decide one relation between two unknown sides, first those with usual names.
            let undecided = edges
                .iter()
                .filter(|[_, right]| open.get(right) == Some(&None));
            let mut undecided = undecided.peekable();
            let Some([_, first]) = undecided.peek().copied() else {
                break;
            };
            let decided = undecided.find_map(|edge| self.by_usual_names(edge, &edges));
            let (name, known) = decided.unwrap_or_else(|| (first.clone(), provided(&first.1)));
            open.insert(name, Some(known));
        }
        open.into_iter()
            .map(|(name, known)| {
                let known = known.unwrap_or_else(|| alone(&name.1));
                (name, known)
            })
            .collect()
    }

    /// The provider of a relation between endpoints with usual names.
    fn by_usual_names(&self, edge: &[Name; 2], edges: &[[Name; 2]]) -> Option<(Name, Known)> {
        let relations = edge
            .each_ref()
            .map(|name| edges.iter().filter(|other| other.contains(name)).count());
        let names = edge.each_ref().map(|(_, endpoint)| endpoint.as_str());
        let (interface, provider) = between(names, relations)?;
        let charms = edge
            .each_ref()
            .map(|(application, _)| &*self.inventory.charm(*application).name);
        let provider = named_after(charms, interface).unwrap_or(provider);
        let known = Known {
            source: EndpointSource::UsualName,
            ..provided(interface)
        };
        Some((edge[provider].clone(), known))
    }

    fn known(&self, name: &Name, open: &BTreeMap<Name, Option<Known>>) -> Option<Known> {
        if let Some(known) = open.get(name) {
            return known.clone();
        }
        if let Some(endpoint) = self.inventory.charm(name.0).endpoint(&name.1) {
            let &Endpoint {
                role,
                container_scope,
                protocol,
                library,
                ..
            } = endpoint;
            return Some(Known {
                role,
                interface: endpoint.interface.clone(),
                container_scope,
                protocol,
                library,
                source: EndpointSource::Relation,
            });
        }
        (name.1 == "juju-info").then(|| Known {
            role: Role::Provider,
            interface: "juju-info".to_owned(),
            // Its requirer is on the same machine.
            container_scope: true,
            protocol: Protocol::default(),
            library: None,
            source: EndpointSource::Relation,
        })
    }

    fn add_endpoints(&mut self, found: BTreeMap<Name, Known>) {
        for ((application, name), known) in found {
            let spec = &self.inventory.deployment().applications[application];
            // Only a subordinate reaches into another unit's machine.
            let may_be_subordinate = spec.units == 0 && !spec.charm.is_described();
            let container_scope =
                known.container_scope && (spec.charm.subordinate || may_be_subordinate);
            let described = spec.charm.is_described();
            let profile = generic_profile(&known);
            let Known {
                role,
                interface,
                protocol,
                library,
                source,
                ..
            } = known;
            let endpoint = Endpoint {
                name: name.clone(),
                role,
                interface: interface.clone(),
                limit: None,
                container_scope,
                protocol,
                profile,
                client_certificate: None,
                library,
                bugs: trustsim_charms::Bugs::default(),
                source,
            };
            self.inventory.add_endpoint(application, endpoint);
            if described {
                self.note_added_endpoint(application, &name, &interface);
            }
        }
    }
}

fn opposite(known: &Known) -> Known {
    Known {
        role: match known.role {
            Role::Provider => Role::Requirer,
            Role::Requirer => Role::Provider,
            Role::Peer => Role::Peer,
        },
        ..known.clone()
    }
}

/// An endpoint that is offered, and in no relation.
fn alone(name: &str) -> Known {
    let Some(Usual { interface, role }) = usual(name) else {
        return provided(name);
    };
    Known {
        role: role.unwrap_or(Role::Provider),
        source: EndpointSource::UsualName,
        ..provided(interface)
    }
}

fn provided(interface: &str) -> Known {
    Known {
        role: Role::Provider,
        interface: interface.to_owned(),
        container_scope: false,
        protocol: Protocol::default(),
        library: None,
        source: EndpointSource::Guess,
    }
}

/// How a generic consumer uses an endpoint; `None` where it has nothing to do with certificates.
fn generic_profile(known: &Known) -> Option<EndpointProfile> {
    match (&*known.interface, known.protocol) {
        _ if known.role != Role::Requirer => None,
        ("tls-certificates", Protocol::Legacy) => {
            Some(EndpointProfile::LegacyCertificates(Default::default()))
        }
        ("tls-certificates", Protocol::Current) => {
            // What it writes is not known; that it cannot start beside a provider that sends its CA first
            // (canonical/self-signed-certificates-operator before revision 309) would be an outage on a guess, and no
            // charm of the catalogue but one revision is so.
            Some(EndpointProfile::Certificates(CertificatesProfile {
                serves: Serves::LeafFirst,
                ..CertificatesProfile::default()
            }))
        }
        ("certificate_transfer", _) => Some(EndpointProfile::ReceivesCa(Default::default())),
        _ => None,
    }
}
