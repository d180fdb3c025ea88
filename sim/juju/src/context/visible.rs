//! Everything that a unit may see of its model at one moment of a hook, as a value of its own: what
//! its charm's code would read, and what it has written so far. Must not know what any of it means.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::UnitContext;
use crate::{Bag, RelationId, SecretContent, SecretOwner, Status};
use trustsim_kernel::Time;

/// What a unit sees.
#[derive(Clone, Debug)]
pub struct VisibleModel {
    /// The unit's own clock.
    pub now: Time,
    /// `is-leader`.
    pub is_leader: bool,
    /// Options in effect.
    pub config: Arc<BTreeMap<String, String>>,
    /// Relations that its agent knows, in order of number; one that is being broken is among them.
    pub relations: Vec<VisibleRelation>,
    /// Secrets it owns, and its application's.
    pub secrets: Vec<VisibleSecret>,
    /// The status that the hook has set.
    pub status: Option<(Status, Arc<str>)>,
}

/// A relation as a unit sees it.
#[derive(Clone, Debug)]
pub struct VisibleRelation {
    /// The relation.
    pub id: RelationId,
    /// Its number in this model.
    pub number: u32,
    /// The endpoint here.
    pub endpoint: Arc<str>,
    /// Its interface.
    pub interface: Arc<str>,
    /// Whether its other side is this application.
    pub is_peer: bool,
    /// The application on the other side, as this model calls it.
    pub remote_application: Arc<str>,
    /// Its databag.
    pub remote_application_data: Bag,
    /// The bags of remote units that have joined, by name.
    pub remote_units: BTreeMap<Arc<str>, Bag>,
    /// This application's databag; `None` where this unit may not read it.
    pub application_data: Option<Bag>,
    /// This unit's databag.
    pub unit_data: Bag,
}

/// A secret as a unit sees it.
#[derive(Clone, Debug)]
pub struct VisibleSecret {
    /// Its id; `None` for one that the hook has made.
    pub uri: Option<Arc<str>>,
    /// Whose it is.
    pub owner: SecretOwner,
    /// The owner's label.
    pub label: Arc<str>,
    /// The latest revision.
    pub content: SecretContent,
    /// Its number.
    pub revision: u32,
    /// Its expiry; those who do not own the secret cannot see it.
    pub expire: Option<Time>,
}

impl<N> UnitContext<'_, N> {
    /// What the unit sees, with all that the hook has written so far.
    pub fn visible_model(&self) -> VisibleModel {
        VisibleModel {
            now: self.now(),
            ..self.look()
        }
    }

    /// The same for a charm whose own code is run: that reads the clock where it cannot be seen. So the clock counts as not
    /// read here, and the charm says with [`UnitContext::has_passed`] until when the hook would do the same.
    pub fn look(&self) -> VisibleModel {
        VisibleModel {
            now: self.unit_clock(),
            is_leader: self.is_leader(),
            config: Arc::clone(&self.application().config.value),
            relations: self.visible_relations(),
            secrets: self.visible_secrets(),
            status: self.effects.status.clone(),
        }
    }

    fn visible_relations(&self) -> Vec<VisibleRelation> {
        let known = &self.juju.agent_of(self.id).relations;
        let ids = self.application().relations.iter().copied();
        ids.filter(|id| known.contains_key(id))
            .filter_map(|id| self.visible_relation(id))
            .collect()
    }

    fn visible_relation(&self, id: RelationId) -> Option<VisibleRelation> {
        let (relation, end) = self.sides(id)?;
        let own = &relation.ends[end];
        let interface = self
            .application()
            .endpoints
            .iter()
            .find(|info| info.name == own.endpoint)
            .map(|info| Arc::clone(&info.interface));
        let remote_units = self.remote_units(id).into_iter().map(|unit| {
            let bag = self.unit_data(id, unit);
            let bag = bag.expect("every unit may read the databags of the other side");
            (Arc::clone(&self.juju.unit(unit).name), bag)
        });
        Some(VisibleRelation {
            id,
            number: relation.number,
            endpoint: Arc::clone(&own.endpoint),
            interface: interface.expect("a relation is of an endpoint that the charm has"),
            is_peer: relation.is_peer(),
            remote_application: self.remote_application_name(id).into(),
            remote_application_data: self
                .remote_application_data(id)
                .expect("every unit may read the databag of the other side"),
            remote_units: remote_units.collect(),
            application_data: self.own_application_data(id).ok(),
            unit_data: self
                .unit_data(id, self.id)
                .expect("a unit may read its own databag"),
        })
    }

    fn visible_secrets(&self) -> Vec<VisibleSecret> {
        let owners = [
            SecretOwner::Unit(self.id),
            SecretOwner::Application(self.application_id()),
        ];
        let labels = owners.map(|owner| (owner, self.secret_labels(owner, "")));
        let mut secrets = Vec::new();
        for (owner, labels) in labels {
            for label in labels {
                let Some(view) = self.secret(owner, &label) else {
                    continue;
                };
                let manages = matches!(owner, SecretOwner::Unit(_)) || self.is_leader();
                secrets.push(VisibleSecret {
                    uri: Self::is_committed(view.id)
                        .then(|| Arc::clone(&self.juju.secret(view.id).uri)),
                    owner,
                    label,
                    content: view.content,
                    revision: view.revision,
                    expire: view.expire.filter(|_| manages),
                });
            }
        }
        secrets
    }
}
