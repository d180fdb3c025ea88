//! Endpoints of charms without a description, read off the relations that name them.
//!
//! The other side of a relation tells interface and role. Where neither side is known, the
//! second provides, and the interface is called after its endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Resolver;
use super::drafts::{RelationDraft, SideDraft};
use trustsim_charms::{Endpoint, Protocol, Role};
use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_model::ApplicationIndex;
use trustsim_yaml::{Spanned, nearest};

/// What is known of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    role: Role,
    interface: String,
    container_scope: bool,
}

type Name = (ApplicationIndex, String);

impl Resolver<'_> {
    /// Completes the charms of which more endpoints may exist; drafts whose endpoints cannot be
    /// told are left out and noted.
    pub(super) fn infer_open_endpoints(
        &mut self,
        drafts: Vec<RelationDraft>,
    ) -> Vec<RelationDraft> {
        let mut told = Vec::with_capacity(drafts.len());
        for mut draft in drafts {
            self.require_juju_info(&draft);
            self.use_earlier_interface(&draft);
            if self.name_endpoints(&mut draft) {
                told.push(draft);
            } else {
                let [left, right] = draft.sides.each_ref().map(|side| side.text.value.as_str());
                let message = format!(
                    "the relation of `{left}` and `{right}` is left out: nobody knows their endpoints"
                );
                let diagnostic = Diagnostic::warning(Code::UnknownCharm, draft.place, message);
                self.push(
                    diagnostic.help("write `app:endpoint`, or declare the charms under `charms`"),
                );
            }
        }
        let open = self.open_endpoints(&told);
        if !open.is_empty() {
            let found = self.propagate(&told, open);
            self.add_endpoints(found);
        }
        told
    }

    /// `[telegraf:juju-info, app:juju-info]`: every application provides `juju-info`, so the one
    /// without a description that has no units of its own requires it.
    fn require_juju_info(&mut self, draft: &RelationDraft) {
        let sides = &draft.sides;
        let named = |side: &SideDraft| {
            let endpoint = side.endpoint.as_ref();
            endpoint.is_some_and(|endpoint| endpoint.value == "juju-info")
        };
        let declared =
            |side: &SideDraft| self.charm(side.application).endpoint("juju-info").is_some();
        if !sides.iter().all(named) || sides.iter().any(declared) {
            return;
        }
        let guest = sides.iter().find(|side| {
            let spec = &self.deployment.applications[side.application];
            !spec.charm.known && spec.units == 0
        });
        if let Some(guest) = guest {
            let known = Known {
                role: Role::Requirer,
                interface: "juju-info".to_owned(),
                container_scope: true,
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
            let earlier = self.drafts[side.application]
                .earlier_interfaces
                .get(&own.value);
            let wanted = self.charm(across.application).endpoint(&their.value);
            let (Some(earlier), Some(wanted)) = (earlier, wanted) else {
                continue;
            };
            if !earlier.contains(&wanted.interface) {
                continue;
            }
            let interface = wanted.interface.clone();
            let (application, name) = (side.application, own.value.clone());
            let charm = Arc::make_mut(&mut self.deployment.applications[application].charm);
            for endpoint in &mut charm.endpoints {
                if endpoint.name == name {
                    endpoint.interface.clone_from(&interface);
                }
            }
        }
    }

    /// Names endpoints where Juju would have looked into a charm that has no description here.
    fn name_endpoints(&self, draft: &mut RelationDraft) -> bool {
        for (this, other) in [(0, 1), (1, 0)] {
            let (side, across) = (&draft.sides[this], &draft.sides[other]);
            if side.endpoint.is_some() || !self.needs_guess(side, across) {
                continue;
            }
            let name = match &across.endpoint {
                Some(endpoint) => self.guess(side, &endpoint.value),
                None if !self.is_known(side) && !self.is_known(across) => {
                    let other = self.deployment.party_name(across.party);
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

    fn is_known(&self, side: &SideDraft) -> bool {
        self.charm(side.application).known
    }

    /// Whether Juju's own inference cannot work: this side names no endpoint, and one of the
    /// sides is open.
    fn needs_guess(&self, side: &SideDraft, across: &SideDraft) -> bool {
        let across_is_open = match &across.endpoint {
            Some(endpoint) if self.has_endpoint(across, &endpoint.value) => false,
            Some(_) => self.drafts[across.application].more_endpoints,
            None => !self.is_known(across),
        };
        if across_is_open {
            return true;
        }
        let Some(endpoint) = &across.endpoint else {
            return !self.is_known(side);
        };
        // The other side is known: this one needs a guess where nothing of it fits.
        let wanted = self.charm(across.application).endpoint(&endpoint.value);
        let fits = |candidate: &Endpoint| {
            wanted.is_some_and(|wanted| {
                wanted.interface == candidate.interface && wanted.role != candidate.role
            })
        };
        let open = self.drafts[side.application].more_endpoints;
        open && wanted.is_some() && !self.charm(side.application).endpoints.iter().any(fits)
    }

    fn has_endpoint(&self, side: &SideDraft, name: &str) -> bool {
        name == "juju-info" || self.charm(side.application).endpoint(name).is_some()
    }

    /// The endpoint a side most likely means when the other one is called `across`.
    fn guess(&self, side: &SideDraft, across: &str) -> Option<String> {
        let charm = self.charm(side.application);
        let mut usable = charm
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.role != Role::Peer);
        if charm.endpoint(across).is_some() {
            return Some(across.to_owned());
        }
        let mut alike = usable
            .clone()
            .filter(|endpoint| endpoint.interface == across);
        if let (Some(one), None) = (alike.next(), alike.next()) {
            return Some(one.name.clone());
        }
        if self.drafts[side.application].more_endpoints {
            return Some(across.to_owned());
        }
        match (usable.next(), usable.next()) {
            (Some(only), None) => Some(only.name.clone()),
            _ => None,
        }
    }

    /// Every endpoint that is named but not known, of charms that may have more.
    fn open_endpoints(&self, drafts: &[RelationDraft]) -> BTreeMap<Name, Option<Known>> {
        let mut open = BTreeMap::new();
        let mut consider = |application: ApplicationIndex, name: &str| {
            let known = name == "juju-info" || self.charm(application).endpoint(name).is_some();
            if self.drafts[application].more_endpoints && !known {
                open.insert((application, name.to_owned()), None);
            }
        };
        for side in drafts.iter().flat_map(|draft| &draft.sides) {
            if let Some(endpoint) = &side.endpoint {
                consider(side.application, &endpoint.value);
            }
        }
        for offer in &self.deployment.offers {
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
        if let Some(endpoint) = self.charm(name.0).endpoint(&name.1) {
            return Some(Known {
                role: endpoint.role,
                interface: endpoint.interface.clone(),
                container_scope: endpoint.container_scope,
            });
        }
        (name.1 == "juju-info").then(|| Known {
            role: Role::Provider,
            interface: "juju-info".to_owned(),
            // Its requirer is on the same machine.
            container_scope: true,
        })
    }

    fn add_endpoints(&mut self, found: BTreeMap<Name, Known>) {
        for ((application, name), known) in found {
            let spec = &mut self.deployment.applications[application];
            // Only a subordinate reaches into another unit's machine.
            let may_be_subordinate = spec.units == 0 && !spec.charm.known;
            let container_scope =
                known.container_scope && (spec.charm.subordinate || may_be_subordinate);
            let charm = Arc::make_mut(&mut spec.charm);
            charm.subordinate |= container_scope;
            let described = charm.known;
            let charm_name = charm.name.clone();
            charm.endpoints.push(Endpoint {
                name: name.clone(),
                role: known.role,
                interface: known.interface.clone(),
                limit: None,
                container_scope,
                protocol: Protocol::Current,
                profile: None,
                library: None,
                bugs: trustsim_charms::Bugs::default(),
            });
            charm.endpoints.sort_by(|a, b| a.name.cmp(&b.name));
            if described {
                self.note_added_endpoint(application, &charm_name, &name, &known.interface);
            }
        }
    }
}

impl Resolver<'_> {
    fn note_added_endpoint(
        &mut self,
        application: ApplicationIndex,
        charm: &str,
        name: &str,
        interface: &str,
    ) {
        let endpoints = &self.charm(application).endpoints;
        let others = endpoints.iter().map(|endpoint| endpoint.name.as_str());
        let near = nearest(name, others.filter(|other| *other != name));
        let severity = match near {
            Some(_) => Severity::Warning,
            None => Severity::Note,
        };
        let message = format!(
            "the charm `{charm}` is not known to have `{name}`; taken as `{interface}` from its relations"
        );
        let place = self.places.applications[application];
        let diagnostic = Diagnostic::new(Code::UnknownEndpoint, severity, message).at(place, "");
        let diagnostic = diagnostic.similar("an endpoint", near);
        self.push(diagnostic);
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
    }
}
