//! Endpoints of charms without a description, read off the relations that name them.
//!
//! The other side of a relation tells interface and role. Where neither side is known, the
//! second provides, and the interface is called after its endpoint.

use std::collections::BTreeMap;

use super::drafts::{RelationDraft, SideDraft};
use super::guesses::name_endpoints;
use super::inventory::Inventory;
use trustsim_charms::{Endpoint, EndpointProfile, LibraryProfile, Protocol, Role};
use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_model::ApplicationIndex;
use trustsim_yaml::{Place, nearest};

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
    fn note_left_out(&mut self, draft: &RelationDraft) {
        let [left, right] = draft.sides.each_ref().map(|side| side.text.value.as_str());
        let message = format!(
            "the relation of `{left}` and `{right}` is left out: their endpoints are not known"
        );
        let diagnostic = Diagnostic::warning(Code::UnknownCharm, draft.place, message);
        self.out
            .push(diagnostic.help("write `app:endpoint`, or declare the charms under `charms`"));
    }

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
            };
            let name = (guest.application, "juju-info".to_owned());
            self.add_endpoints(BTreeMap::from([(name, known)]));
        }
    }

    /// Where a named endpoint had the other side's interface in other revisions of its charm,
    /// this deployment has one of those.
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
            if !earlier.contains(&wanted.interface) {
                continue;
            }
            let interface = wanted.interface.clone();
            self.inventory
                .set_interface(side.application, &own.value, &interface);
        }
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
            // Nothing follows any more: decide one relation between two unknown sides.
            let undecided = edges
                .iter()
                .find(|[_, right]| open.get(right) == Some(&None));
            let Some([_, right]) = undecided else {
                break;
            };
            open.insert(right.clone(), Some(provided(&right.1)));
        }
        open.into_iter()
            .map(|(name, known)| {
                let known = known.unwrap_or_else(|| provided(&name.1));
                (name, known)
            })
            .collect()
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
            });
        }
        (name.1 == "juju-info").then(|| Known {
            role: Role::Provider,
            interface: "juju-info".to_owned(),
            // Its requirer is on the same machine.
            container_scope: true,
            protocol: Protocol::default(),
            library: None,
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
                library,
                bugs: trustsim_charms::Bugs::default(),
            };
            self.inventory.add_endpoint(application, endpoint);
            if described {
                self.note_added_endpoint(application, &name, &interface);
            }
        }
    }

    fn note_added_endpoint(&mut self, application: ApplicationIndex, name: &str, interface: &str) {
        let charm = self.inventory.charm(application);
        let endpoints = &charm.endpoints;
        let others = endpoints.iter().map(|endpoint| endpoint.name.as_str());
        let near = nearest(name, others.filter(|other| *other != name));
        let place = self.inventory.place_of(application);
        if near.is_none() {
            self.added.push((format!("{}:{name}", charm.name), place));
            return;
        }
        let message = format!(
            "the charm `{}` is not known to have `{name}`; taken as `{interface}` from its relations",
            charm.name
        );
        let diagnostic = Diagnostic::warning(Code::UnknownEndpoint, place, message);
        self.out.push(diagnostic.similar("an endpoint", near));
    }

    /// One note for all endpoints that were added, with the place of one of them.
    fn note_added(&mut self) {
        let Some((_, place)) = self.added.first() else {
            return;
        };
        let place = *place;
        let mut names: Vec<&str> = self.added.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let message = match names.as_slice() {
            [one] => format!(
                "the endpoint `{one}` is not in the catalogue, and taken from its relations"
            ),
            many => format!(
                "{} endpoints are not in the catalogue, and taken from their relations: {}",
                many.len(),
                listed(many)
            ),
        };
        let note = Diagnostic::new(Code::UnknownEndpoint, Severity::Note, message);
        self.out.push(note.at(place, ""));
    }
}

/// The first few, and how many more there are.
fn listed(names: &[&str]) -> String {
    const FEW: usize = 8;
    let shown = names.len().min(FEW);
    let text = names[..shown].join(", ");
    match names.len() - shown {
        0 => text,
        more => format!("{text} and {more} more"),
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

fn provided(name: &str) -> Known {
    Known {
        role: Role::Provider,
        interface: name.to_owned(),
        container_scope: false,
        protocol: Protocol::default(),
        library: None,
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
            Some(EndpointProfile::Certificates(Default::default()))
        }
        ("certificate_transfer", _) => Some(EndpointProfile::ReceivesCa(Default::default())),
        _ => None,
    }
}
