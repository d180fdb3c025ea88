//! What a listener publishes on the endpoint of a relation, against what its row would say.
//!
//! For example, loki publishes `http://192.168.88.12` to grafana: what is dialled is not TLS, whatever certificate loki
//! has, and it is dialled at an ingress, since that is no name of a unit.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::edge::Name;
use crate::legs::{Leg, is_on_kubernetes};
use trustsim_model::{ApplicationIndex, Deployment, PublishedUrl, RelationSpec};

/// What the listener of a leg publishes to the dialer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published<'a> {
    urls: &'a BTreeSet<PublishedUrl>,
    on_kubernetes: bool,
}

/// Whether an application publishes under a name of its units that they speak without TLS, whatever certificate they have.
pub(crate) fn is_plain_itself(index: ApplicationIndex, deployment: &Deployment) -> bool {
    let on_kubernetes = is_on_kubernetes(deployment, index);
    let endpoints = deployment.applications[index].published.values();
    let mut all = endpoints.map(|urls| Published {
        urls,
        on_kubernetes,
    });
    all.any(|seen| seen.is_tls() == Some(false) && seen.public_name().is_none())
}

impl<'a> Published<'a> {
    /// `None` where nothing was seen.
    pub(crate) fn by(leg: &Leg<'_>, deployment: &'a Deployment) -> Option<Self> {
        Self::over(leg.relation, leg.listener, deployment)
    }

    /// What an application publishes over one of its relations; `None` where nothing was seen.
    pub(crate) fn over(
        relation: &RelationSpec,
        index: ApplicationIndex,
        deployment: &'a Deployment,
    ) -> Option<Self> {
        let is_own =
            |side: &&trustsim_model::Side| deployment.application_of(side.party) == Some(index);
        let side = relation.sides.iter().find(is_own)?;
        let urls = deployment.applications[index]
            .published
            .get(&side.endpoint)?;
        assert!(!urls.is_empty(), "what is published is at least one URL");
        Some(Self {
            urls,
            on_kubernetes: is_on_kubernetes(deployment, index),
        })
    }

    /// Whether it is dialled over TLS; `None` where units differ.
    pub(crate) fn is_tls(&self) -> Option<bool> {
        let mut all = self.urls.iter().map(|url| url.is_tls);
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }

    /// The public name, where none of the hosts is a name that Juju or Kubernetes gives a unit.
    pub(crate) fn public_name(&self) -> Option<&'a str> {
        let is_given = |url: &PublishedUrl| self.given(&url.host).is_some();
        match self.urls.iter().any(is_given) {
            true => None,
            false => self.urls.first().map(|url| &*url.host),
        }
    }

    /// The ports of the URLs: those of their schemes where they say none.
    pub(crate) fn ports(&self) -> BTreeSet<u16> {
        let ports = self.urls.iter().map(|url| {
            let of_scheme = if url.is_tls { 443 } else { 80 };
            url.port.unwrap_or(of_scheme)
        });
        ports.collect()
    }

    /// The name that is dialled of a listener that nothing is in front of: where units differ, one that Juju or
    /// Kubernetes gives.
    pub(crate) fn name(&self) -> Name {
        let first = self.urls.first().map(|url| &*url.host);
        let host = first.expect("what is published is at least one URL");
        match self.urls.iter().find_map(|url| self.given(&url.host)) {
            Some(name) => name,
            None if host.parse::<IpAddr>().is_ok() => Name::Address,
            None => Name::External(Some(host.to_owned())),
        }
    }

    /// What kind of name Juju or Kubernetes gave, where it is one of theirs.
    fn given(&self, host: &str) -> Option<Name> {
        if host == "localhost" {
            return Some(Name::Localhost);
        }
        if !self.on_kubernetes {
            // On a machine a unit is called by its address.
            return host.parse::<IpAddr>().is_ok().then_some(Name::Host);
        }
        let labels: Vec<&str> = host.split('.').collect();
        match labels.as_slice() {
            [_, endpoints, _, "svc", ..] if endpoints.ends_with("-endpoints") => Some(Name::Host),
            [endpoints, _, "svc", ..] if endpoints.ends_with("-endpoints") => {
                Some(Name::HeadlessService)
            }
            [_, _, "svc", ..] => Some(Name::Service),
            _ => None,
        }
    }
}
