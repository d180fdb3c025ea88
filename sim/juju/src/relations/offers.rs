//! Offers, the SAAS that consume them, and the proxies both sides see
//! (juju/juju 3.6 `apiserver/facades/client/applicationoffers`, `state/remoteapplication.go`).

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::Rng;
use thiserror::Error;

use crate::{
    ApplicationId, ApplicationKind, ApplicationParts, Host, Life, ModelId, RelationId, Relations,
    Topology,
};
use trustsim_kernel::Seq;

/// Why `juju remove-offer` refuses.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OfferError {
    /// It is consumed.
    #[error("cannot delete application offer \"{offer}\": offer has {relations} relation{}", if *.relations == 1 { "" } else { "s" })]
    InUse {
        /// Offer name.
        offer: String,
        /// How many relations use it.
        relations: usize,
    },
    /// An application that is removed is behind one that is consumed.
    #[error("cannot destroy application \"{application}\": application is used by {consumers} consumer{}", if *.consumers == 1 { "" } else { "s" })]
    BehindConsumed {
        /// Application name.
        application: String,
        /// Relations of its model that cross into another one, those of other applications included: the number that Juju
        /// tells.
        consumers: usize,
    },
    /// There is none of that name.
    #[error("application offer {0:?} not found")]
    NotFound(String),
}

impl Relations<'_> {
    /// `juju offer`.
    pub fn offer(&mut self, application: ApplicationId, name: &str, endpoints: &[String]) {
        let endpoints = endpoints
            .iter()
            .map(|endpoint| Arc::from(endpoint.as_str()))
            .collect();
        self.agents
            .application_mut(application)
            .offers
            .push((name.into(), endpoints));
    }

    /// `juju consume`: a SAAS named `name` for `offer` of `target`.
    pub fn consume(
        &mut self,
        model: ModelId,
        name: &str,
        offer: &str,
        target: ApplicationId,
    ) -> ApplicationId {
        let offered = self.application(target);
        let home = self.model(offered.model);
        let url = format!("{}/{}.{offer}", home.owner, home.name);
        let url = if home.controller == self.model(model).controller {
            url
        } else {
            format!("{}:{url}", self.controller(home.controller).name)
        };
        let parts = self.proxy_parts(name.into(), target);
        self.agents.create_application(
            model,
            parts,
            ApplicationKind::Saas {
                url: url.into(),
                target,
            },
        )
    }

    /// The proxy of a consuming application in the offering model, `remote-<token>`.
    pub(crate) fn consumer_proxy(
        &mut self,
        consumer: ApplicationId,
        model: ModelId,
    ) -> ApplicationId {
        let kind = ApplicationKind::Consumer { target: consumer };
        let known = self.model(model).applications.iter().copied();
        if let Some(found) = known
            .into_iter()
            .find(|id| self.application(*id).kind == kind)
        {
            return found;
        }
        let subject = format!(
            "{}.{}",
            self.application(consumer).model.0,
            self.application(consumer).name
        );
        let mut bytes = [0_u8; 16];
        self.agents
            .timing()
            .streams
            .stream("application-token", &subject)
            .fill_bytes(&mut bytes);
        let token = hex::encode(bytes);
        let parts = self.proxy_parts(format!("remote-{token}").into(), consumer);
        self.agents.create_application(model, parts, kind)
    }

    /// `juju remove-offer`, with `force` for `--force`: relations that use it are removed, and
    /// each SAAS that consumes it is terminated.
    ///
    /// # Errors
    ///
    /// [`OfferError`] in Juju's words.
    pub fn remove_offer(
        &mut self,
        application: ApplicationId,
        name: &str,
        force: bool,
        cause: Option<Seq>,
        host: &mut dyn Host,
    ) -> Result<(), OfferError> {
        let offers = &self.application(application).offers;
        let index = offers.iter().position(|(offer, _)| **offer == *name);
        let index = index.ok_or_else(|| OfferError::NotFound(name.to_owned()))?;
        let used = self.relations_through(application, &offers[index].1);
        if !used.is_empty() && !force {
            let (offer, relations) = (name.to_owned(), used.len());
            return Err(OfferError::InUse { offer, relations });
        }
        self.agents
            .application_mut(application)
            .offers
            .remove(index);
        for relation in used {
            self.remove_relation(relation, cause, host);
        }
        self.terminate_consumers(application, name);
        Ok(())
    }

    /// Every SAAS that consumes an offer that is gone is terminated.
    pub(super) fn terminate_consumers(&mut self, application: ApplicationId, name: &str) {
        let home = self.model(self.application(application).model);
        let tail = format!("{}/{}.{name}", home.owner, home.name);
        for found in self.agents.applications_mut() {
            if let ApplicationKind::Saas { url, target } = &found.kind {
                found.terminated |= *target == application && url.ends_with(&tail);
            }
        }
    }
}

impl Topology {
    fn proxy_parts(&self, name: Arc<str>, target: ApplicationId) -> ApplicationParts {
        let target = self.application(target);
        ApplicationParts {
            name,
            charm: Arc::clone(&target.charm),
            endpoints: Arc::clone(&target.endpoints),
            containers: Arc::from([]),
            config_defaults: BTreeMap::new(),
            config: BTreeMap::new(),
            subordinate: false,
            volumes: Vec::new(),
        }
    }

    /// Relations of other models with these endpoints.
    pub(super) fn relations_through(
        &self,
        application: ApplicationId,
        endpoints: &[Arc<str>],
    ) -> Vec<RelationId> {
        let relations = self.application(application).relations.iter().copied();
        relations
            .filter(|id| {
                let relation = self.relation(*id);
                let end = relation.end_of(application).map(|end| &relation.ends[end]);
                relation.link.is_some()
                    && relation.life == Life::Alive
                    && end.is_some_and(|end| endpoints.contains(&end.endpoint))
            })
            .collect()
    }
}
