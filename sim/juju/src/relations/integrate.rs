//! `juju integrate`: making relations, and both halves of those that cross models
//! (juju/juju 3.6 `state/state.go`, `AddRelation`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use crate::{
    About, ApplicationId, ApplicationKind, End, EndpointInfo, Event, Happening, Host, Life, Link,
    ModelId, Relation, RelationChange, RelationId, Relations, Role, Topology, Versioned,
};
use trustsim_kernel::{Seq, Time};

/// Why `juju integrate` refuses.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IntegrateError {
    /// An endpoint is full.
    #[error(
        "establishing a new relation for {endpoint} would exceed its maximum relation limit of {limit}"
    )]
    Limit {
        /// `app:endpoint`.
        endpoint: String,
        /// The limit.
        limit: u32,
    },
    /// It is there already.
    #[error("relation {0} already exists")]
    Exists(String),
    /// It is being removed.
    #[error("relation {0} is dying, but not yet removed")]
    Dying(String),
    /// One of the applications was removed.
    #[error("application {0} is not alive")]
    NotAlive(String),
    /// The offer behind a SAAS was removed.
    #[error("remote offer {0} is terminated")]
    Terminated(String),
    /// No such endpoint.
    #[error("application {application:?} has no {endpoint:?} relation")]
    NoEndpoint {
        /// Application name.
        application: String,
        /// Endpoint name.
        endpoint: String,
    },
}

impl Relations<'_> {
    /// `juju integrate`: both sides with their endpoints, in any order.
    ///
    /// # Errors
    ///
    /// [`IntegrateError`] in Juju's words.
    pub fn integrate(
        &mut self,
        sides: [(ApplicationId, &str); 2],
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<RelationId, IntegrateError> {
        let mut ends = Vec::new();
        for (application, endpoint) in sides {
            ends.push(new_end(
                application,
                &self.checked_endpoint(application, endpoint)?,
            ));
        }
        ends.sort_by_key(|end| end.role);
        let (model, interface) = self.model_and_interface(&ends[0]);
        if let Some(id) = self.find_relation(&ends) {
            let key = self.relation_key(id);
            return Err(match self.relation(id).life {
                Life::Alive => IntegrateError::Exists(key),
                _ => IntegrateError::Dying(key),
            });
        }
        let id = self.push_relation(model, &interface, ends, cause, host);
        self.link_if_cross_model(id, cause, host);
        Ok(id)
    }

    pub(crate) fn push_relation(
        &mut self,
        model: ModelId,
        interface: &Arc<str>,
        ends: Vec<End>,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> RelationId {
        let container = ends.iter().any(|end| self.is_container_scoped(end));
        let id = self.agents.push_relation(Relation {
            model,
            number: 0, // The model gives it its next one.
            interface: Arc::clone(interface),
            ends,
            life: Life::Alive,
            suspended: false,
            suspended_at: Time::EPOCH,
            container,
            touched_at: host.now(),
            changed_at: host.now(),
            cause,
            link: None,
        });
        let entry = host.record(
            cause,
            About::Model(model),
            Happening::Relation(RelationChange::Created, id),
        );
        self.agents.relation_mut(id).cause = entry;
        self.wake_relation(id, host);
        id
    }

    /// Where one side is a SAAS: makes the other half in the offering model and dials.
    fn link_if_cross_model(&mut self, id: RelationId, cause: Option<Seq>, host: &mut dyn Host) {
        let relation = self.relation(id);
        let Some((saas_end, target)) = relation.ends.iter().enumerate().find_map(|(index, end)| {
            match &self.application(end.application).kind {
                ApplicationKind::Saas { target, .. } => Some((index, *target)),
                _ => None,
            }
        }) else {
            return;
        };
        let local = relation.opposite(saas_end).clone();
        let offered_endpoint = Arc::clone(&relation.ends[saas_end].endpoint);
        let interface = Arc::clone(&relation.interface);
        let offering_model = self.application(target).model;
        let from = self.model(relation.model).controller;
        let to = self.model(offering_model).controller;
        let proxy = self.consumer_proxy(local.application, offering_model);
        let far = End {
            application: target,
            endpoint: offered_endpoint,
            role: self.relation(id).ends[saas_end].role,
            bag: Versioned::default(),
            units: BTreeMap::new(),
        };
        let near = End {
            application: proxy,
            bag: Versioned::default(),
            units: BTreeMap::new(),
            ..local
        };
        let mut ends = vec![far, near];
        ends.sort_by_key(|end| end.role);
        let offering = self.push_relation(offering_model, &interface, ends, cause, host);
        let link = self.agents.push_link(Link {
            consumer: id,
            offering,
            from,
            to,
            connected: false,
            error: None,
            down_by: None,
            dialled_at: host.now(),
            due: [Time::EPOCH; 2],
            changed: [BTreeSet::new(), BTreeSet::new()],
            delivered: [0; 2],
        });
        host.schedule(host.now(), Event::Dial(link));
    }
}

impl Topology {
    fn checked_endpoint(
        &self,
        application: ApplicationId,
        endpoint: &str,
    ) -> Result<EndpointInfo, IntegrateError> {
        let found = self.application(application);
        let info = found
            .endpoints
            .iter()
            .find(|info| *info.name == *endpoint)
            .cloned();
        if found.dying {
            return Err(IntegrateError::NotAlive(found.name.to_string()));
        }
        if found.terminated {
            return Err(IntegrateError::Terminated(found.name.to_string()));
        }
        let info = info.ok_or_else(|| IntegrateError::NoEndpoint {
            application: found.name.to_string(),
            endpoint: endpoint.to_owned(),
        })?;
        if let Some(limit) = info.limit {
            let used = found.relations.iter().filter(|id| {
                let relation = self.relation(**id);
                let end = relation.end_of(application);
                end.is_some_and(|end| *relation.ends[end].endpoint == *endpoint)
            });
            if used.count() >= limit as usize && found.kind == ApplicationKind::Local {
                let endpoint = format!("{}:{endpoint}", found.name);
                return Err(IntegrateError::Limit { endpoint, limit });
            }
        }
        Ok(info)
    }

    fn is_container_scoped(&self, end: &End) -> bool {
        let mut endpoints = self.application(end.application).endpoints.iter();
        end.role != Role::Peer
            && endpoints.any(|info| info.name == end.endpoint && info.container_scope)
    }

    fn model_and_interface(&self, end: &End) -> (ModelId, Arc<str>) {
        let application = self.application(end.application);
        let info = application
            .endpoints
            .iter()
            .find(|info| info.name == end.endpoint);
        let info = info.expect("the endpoint was looked up when the side was made");
        (application.model, Arc::clone(&info.interface))
    }

    fn find_relation(&self, ends: &[End]) -> Option<RelationId> {
        let relations = &self.application(ends[0].application).relations;
        relations.iter().copied().find(|id| {
            let same = |(left, right): (&End, &End)| {
                left.application == right.application && left.endpoint == right.endpoint
            };
            self.relation(*id).ends.iter().zip(ends).all(same)
        })
    }

    /// The relation of these sides that is not removed, in any order.
    pub fn relation_between(&self, sides: [(ApplicationId, &str); 2]) -> Option<RelationId> {
        let relations = &self.application(sides[0].0).relations;
        relations.iter().copied().find(|id| {
            sides.iter().all(|(application, endpoint)| {
                let mut ends = self.relation(*id).ends.iter();
                ends.any(|end| end.application == *application && *end.endpoint == **endpoint)
            })
        })
    }

    /// `app:endpoint app:endpoint`, requirer first, as Juju writes a relation's key.
    pub fn relation_key(&self, id: RelationId) -> String {
        let ends = self.relation(id).ends.iter().rev();
        let names: Vec<String> = ends
            .map(|end| {
                format!(
                    "{}:{}",
                    self.application(end.application).name,
                    end.endpoint
                )
            })
            .collect();
        names.join(" ")
    }
}

/// One side of a relation that no unit has entered yet.
pub(crate) fn new_end(application: ApplicationId, info: &EndpointInfo) -> End {
    End {
        application,
        endpoint: Arc::clone(&info.name),
        role: info.role,
        bag: Versioned::default(),
        units: BTreeMap::new(),
    }
}
