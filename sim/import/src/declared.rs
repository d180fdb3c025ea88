//! What relations tell of charms that the catalogue does not know: the interface and the role of some endpoints.

use std::collections::BTreeMap;

use trustsim_charms::Role;
use trustsim_scenario::untold_charm;
use trustsim_yaml::Node;

use crate::dump::{ModelDump, RelationDump, SideDump};
use crate::knowledge::Knowledge;
use crate::merge::charm_name;

/// A charm as `juju status` shows it: some of its endpoints.
#[derive(Default)]
pub(crate) struct PlannedCharm {
    pub(crate) subordinate: bool,
    /// Interface and scope by endpoint, by role.
    pub(crate) endpoints: BTreeMap<String, (Role, String, bool)>,
}

/// The endpoint that every charm provides.
const JUJU_INFO: &str = "juju-info";

/// An endpoint of a charm; of a consumed offer, that of the offer.
type Of = (String, String);

/// A relation with the endpoints of both sides.
struct Edge {
    ends: [Of; 2],
}

/// What is told of charms by the relations of all models.
#[derive(Default)]
pub(crate) struct Declared {
    charms: BTreeMap<String, PlannedCharm>,
    edges: Vec<Edge>,
    roles: BTreeMap<Of, Role>,
    /// Interface and scope of endpoints of charms that nothing else describes.
    told: BTreeMap<Of, (String, bool)>,
}

impl Declared {
    /// Adds what the relations of a model tell.
    pub(crate) fn add(
        &mut self,
        model: &str,
        dump: &ModelDump,
        relations: &[RelationDump],
        knowledge: &Knowledge,
        metadata: &BTreeMap<String, Node>,
    ) {
        let charm = |name: &str| -> String {
            let application = dump.applications.get(name);
            let charm = application.and_then(|application| application.charm.as_ref());
            match charm.map(|charm| charm_name(&charm.value)) {
                Some(charm) if charm != untold_charm(name) => charm.to_owned(),
                _ => format!("{model}.{name}"),
            }
        };
        for (name, application) in &dump.applications {
            let of = charm(name);
            if knowledge.is_in_catalogue(name) || metadata.contains_key(&of) || of.contains('.') {
                continue;
            }
            let planned = self.charms.entry(of.clone()).or_default();
            planned.subordinate |= application.subordinate;
            for relation in relations {
                self.tell(name, &of, application.subordinate, relation, knowledge);
            }
        }
        for relation in relations {
            let end = |side: &SideDump| Some((charm(&side.name), side.endpoint.clone()?));
            let [left, right] = &relation.sides;
            let (Some(one), Some(two)) = (end(left), end(right)) else {
                continue;
            };
            for (side, of) in [(left, &one), (right, &two)] {
                let name = (side.name.clone(), of.1.clone());
                let application = dump.applications.get(&side.name);
                if let Some(application) = application.filter(|_| of.1 == JUJU_INFO) {
                    let role = match application.subordinate {
                        true => Role::Requirer,
                        false => Role::Provider,
                    };
                    self.roles.insert(of.clone(), role);
                    continue;
                }
                self.roles
                    .extend(knowledge.role(&name).map(|role| (of.clone(), role)));
            }
            self.edges.push(Edge { ends: [one, two] });
        }
    }

    /// Adds what a relation tells of the endpoints of an application.
    fn tell(
        &mut self,
        name: &str,
        of: &str,
        subordinate: bool,
        relation: &RelationDump,
        knowledge: &Knowledge,
    ) {
        let [left, right] = &relation.sides;
        for (side, across) in [(left, right), (right, left)] {
            let Some(endpoint) = side.endpoint.clone().filter(|_| side.name == name) else {
                continue;
            };
            // Every charm provides it, and a subordinate may require it.
            let is_info = endpoint == JUJU_INFO;
            let across = across
                .endpoint
                .clone()
                .map(|end| (across.name.clone(), end));
            let follows = across.is_some_and(|across| knowledge.is_endpoint_in_catalogue(&across));
            if is_info && !subordinate || !is_info && follows {
                continue;
            }
            let interface = match is_info {
                true => Some(JUJU_INFO.to_owned()),
                false => relation.interface.clone(),
            };
            let container = (relation.container || is_info) && subordinate;
            if let Some(interface) = interface {
                let told = self.told.entry((of.to_owned(), endpoint));
                told.or_insert((interface, container));
            }
        }
    }

    /// The charms with the role of each endpoint. Where neither side of a relation tells it, the endpoint with more
    /// relations provides, and of two with as many the second one, as of every bundle whose charms are not known.
    pub(crate) fn charms(mut self) -> BTreeMap<String, PlannedCharm> {
        loop {
            let mut changed = false;
            for Edge {
                ends: [left, right],
            } in &self.edges
            {
                for (this, other) in [(left, right), (right, left)] {
                    if let (None, Some(&role)) = (self.roles.get(this), self.roles.get(other)) {
                        self.roles.insert(this.clone(), opposite(role));
                        changed = true;
                    }
                }
            }
            if changed {
                continue;
            }
            let roles = &self.roles;
            let undecided = self
                .edges
                .iter()
                .find(|edge| !roles.contains_key(&edge.ends[0]));
            let Some(Edge {
                ends: [left, right],
            }) = undecided
            else {
                break;
            };
            let count = |end: &Of| {
                self.edges
                    .iter()
                    .filter(|edge| edge.ends.contains(end))
                    .count()
            };
            let provider = match count(left) > count(right) {
                true => left.clone(),
                false => right.clone(),
            };
            self.roles.insert(provider, Role::Provider);
        }
        for ((charm, endpoint), (interface, container)) in self.told {
            let role = self.roles.get(&(charm.clone(), endpoint.clone()));
            if let (Some(&role), Some(planned)) = (role, self.charms.get_mut(&charm)) {
                planned
                    .endpoints
                    .insert(endpoint, (role, interface, container));
            }
        }
        self.charms
            .retain(|_, charm| charm.subordinate || !charm.endpoints.is_empty());
        self.charms
    }
}

const fn opposite(role: Role) -> Role {
    match role {
        Role::Provider => Role::Requirer,
        Role::Requirer => Role::Provider,
        Role::Peer => Role::Peer,
    }
}
