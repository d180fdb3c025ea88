//! What is known of an endpoint: its interface and its role, from what the inputs say, the metadata of charms, and the
//! catalogue.

use std::collections::BTreeMap;

use trustsim_charms::{CharmMetadata, Pinned, Role, known_charm};
use trustsim_scenario::usual_endpoint;
use trustsim_yaml::Node;

use crate::dump::{EndpointDump, ModelDump};
use crate::merge::charm_name;

/// An endpoint of an application or of a consumed offer: its name, and that of its party.
pub(crate) type Name = (String, String);

/// What is known of the endpoints of one model.
pub(crate) struct Knowledge {
    told: BTreeMap<Name, EndpointDump>,
    /// Of each application, the charm of the catalogue.
    charms: BTreeMap<String, CharmMetadata>,
}

impl Knowledge {
    /// Of a model; `metadata` has the trees of charms' own files by the name of the charm.
    pub(crate) fn of(model: &ModelDump, metadata: &BTreeMap<String, Node>) -> Self {
        let mut found = Self {
            told: BTreeMap::new(),
            charms: BTreeMap::new(),
        };
        for (name, saas) in &model.saas {
            for (endpoint, said) in &saas.endpoints {
                found.tell((name.clone(), endpoint.clone()), said.clone());
            }
        }
        for listed in &model.listed {
            let said = EndpointDump {
                interface: listed.interface.clone(),
                role: None,
            };
            found.tell((listed.name.clone(), listed.endpoint.clone()), said);
        }
        for (name, application) in &model.applications {
            for offer in application.offers.values() {
                for (endpoint, said) in &offer.endpoints {
                    found.tell((name.clone(), endpoint.clone()), said.clone());
                }
            }
            let Some(charm) = &application.charm else {
                continue;
            };
            let charm = charm_name(&charm.value);
            if let Some(tree) = metadata.get(charm) {
                found.tell_metadata(name, tree);
                continue;
            }
            let listed = model.listed.iter().filter(|listed| listed.name == *name);
            let endpoints: Vec<&str> = listed.map(|listed| listed.endpoint.as_str()).collect();
            let pinned = Pinned {
                channel: application.channel.as_ref().map(|text| text.value.as_str()),
                series: None,
                revision: application.revision.as_ref().map(|revision| revision.value),
                endpoints: &endpoints,
            };
            if let Some(known) = known_charm(charm, pinned) {
                found.charms.insert(name.clone(), known.metadata);
            }
        }
        found
    }

    fn tell(&mut self, name: Name, said: EndpointDump) {
        let known = self.told.entry(name).or_default();
        known.interface = known.interface.take().or(said.interface);
        known.role = known.role.or(said.role);
    }

    fn tell_metadata(&mut self, application: &str, tree: &Node) {
        for (group, role) in [
            ("provides", Role::Provider),
            ("requires", Role::Requirer),
            ("peers", Role::Peer),
        ] {
            for endpoint in tree.entries_of(group) {
                let interface = endpoint.value.get("interface").and_then(Node::as_scalar);
                let said = EndpointDump {
                    interface: interface.map(|interface| interface.text.clone()),
                    role: Some(role),
                };
                self.tell((application.to_owned(), endpoint.key.value.clone()), said);
            }
        }
    }

    /// Whether the catalogue describes the charm of an application.
    pub(crate) fn is_in_catalogue(&self, application: &str) -> bool {
        self.charms.contains_key(application)
    }

    /// Whether an endpoint is in the catalogue: what is related to it is the opposite of it, in its protocol too.
    pub(crate) fn is_endpoint_in_catalogue(&self, name: &Name) -> bool {
        let charm = self.charms.get(&name.0);
        charm.is_some_and(|charm| charm.endpoint(&name.1).is_some())
    }

    /// The interface of an endpoint.
    pub(crate) fn interface(&self, name: &Name) -> Option<&str> {
        let told = self
            .told
            .get(name)
            .and_then(|told| told.interface.as_deref());
        told.or_else(|| {
            let endpoint = self.charms.get(&name.0)?.endpoint(&name.1)?;
            Some(endpoint.interface.as_str())
        })
        .or_else(|| (name.1 == "juju-info").then_some("juju-info"))
        .or_else(|| usual_endpoint(&name.1).map(|usual| usual.interface))
    }

    /// The role of an endpoint.
    pub(crate) fn role(&self, name: &Name) -> Option<Role> {
        let told = self.told.get(name).and_then(|told| told.role);
        told.or_else(|| Some(self.charms.get(&name.0)?.endpoint(&name.1)?.role))
            .or_else(|| usual_endpoint(&name.1)?.role)
    }
}
