//! Which applications have a certificate to show, as far as relations tell.

use std::collections::BTreeMap;

use trustsim_charm_model::{
    Authority, CharmMetadata, Endpoint, EndpointProfile, Role, Server, Serves,
};
use trustsim_model::{ApplicationIndex, Deployment};

const INTERFACE: &str = "tls-certificates";

/// The endpoint whose certificates are for units among themselves: postgresql metadata.yaml 946c478d5c, charmed-etcd
/// metadata.yaml ab2a7bc.
pub(crate) const PEERS: &str = "peer-certificates";

/// The endpoint whose certificates are for both, of a charm whose revisions have either (mongodb).
const BOTH: &str = "certificates";

/// The endpoints of each application over which it gets certificates to show.
#[derive(Clone, Debug)]
pub(crate) struct Certificates<'a> {
    deployment: &'a Deployment,
    related: BTreeMap<ApplicationIndex, Vec<&'a str>>,
}

impl<'a> Certificates<'a> {
    pub(crate) fn of(deployment: &'a Deployment) -> Self {
        let mut related: BTreeMap<ApplicationIndex, Vec<&str>> = BTreeMap::new();
        for relation in &deployment.relations {
            // Between two protocols nothing is ever answered.
            if relation.interface != INTERFACE || deployment.protocols_differ(relation) {
                continue;
            }
            let [_, requirer] = &relation.sides;
            if let Some(application) = deployment.application_of(requirer.party) {
                related
                    .entry(application)
                    .or_default()
                    .push(&requirer.endpoint);
            }
        }
        // What a model that is not given brings is a certificate all the same.
        for absent in deployment
            .absent
            .iter()
            .filter(|absent| absent.brings_certificates())
        {
            let own = related.entry(absent.application).or_default();
            own.push(&absent.endpoint);
        }
        for (&application, endpoints) in &mut related {
            let charm = &deployment.applications[application].charm;
            endpoints.retain(|name| is_shown(charm, name));
            endpoints.sort_unstable();
        }
        Self {
            deployment,
            related,
        }
    }

    /// The endpoint over which an application gets the certificate that it shows to clients.
    pub(crate) fn for_clients(&self, application: ApplicationIndex) -> Option<&'a str> {
        let mut endpoints = self.endpoints(application).iter().copied();
        endpoints.find(|name| *name != PEERS)
    }

    /// The endpoint over which an application gets the certificate that its units show each other.
    pub(crate) fn for_units(&self, application: ApplicationIndex) -> Option<&'a str> {
        let charm = &self.deployment.applications[application].charm;
        let endpoints = self.endpoints(application);
        let of = |wanted: &str| endpoints.iter().copied().find(|name| *name == wanted);
        match charm.endpoint(PEERS) {
            // What clients are shown is not for them.
            Some(_) if charm.has_own_ca(PEERS) => of(PEERS),
            Some(_) => of(PEERS).or_else(|| of(BOTH)),
            None => endpoints.first().copied(),
        }
    }

    /// The endpoint over which a worker is handed the certificate of its coordinator.
    pub(crate) fn handed(&self, worker: ApplicationIndex) -> Option<&'a str> {
        let charm = &self.deployment.applications[worker].charm;
        let mut endpoints = charm.endpoints.iter();
        let found = endpoints.find(|endpoint| endpoint.brings_certificate());
        found.map(|endpoint| endpoint.name.as_str())
    }

    /// The endpoint with which an application that shows no certificate to clients could get one.
    pub(crate) fn possible(&self, application: ApplicationIndex) -> Option<&'a str> {
        let charm = &self.deployment.applications[application].charm;
        let wanted = |endpoint: &&Endpoint| {
            endpoint.role == Role::Requirer
                && endpoint.interface == INTERFACE
                && endpoint.name != PEERS
                && is_shown(charm, &endpoint.name)
        };
        let found = charm.endpoints.iter().find(wanted);
        found.map(|endpoint| endpoint.name.as_str())
    }

    fn endpoints(&self, application: ApplicationIndex) -> &[&'a str] {
        self.related.get(&application).map_or(&[], Vec::as_slice)
    }
}

/// Whether a charm has a server that shows what comes over an endpoint: some ask for others than their server, or for the
/// CA that comes beside a certificate.
fn is_shown(charm: &CharmMetadata, endpoint: &str) -> bool {
    let profile = charm
        .endpoint(endpoint)
        .and_then(|own| own.profile.as_ref());
    let is_for_trust = matches!(profile,
        Some(EndpointProfile::Certificates(profile)) if profile.serves == Serves::Nothing);
    charm.server == Server::Tls && !is_for_trust && !is_for_a_ca(charm, endpoint)
}

/// Whether a charm requests a CA over an endpoint, or passes on what it gets there, and so shows none of it.
fn is_for_a_ca(charm: &CharmMetadata, endpoint: &str) -> bool {
    let implementation = charm.implementation;
    implementation.ca_endpoints.contains(&endpoint)
        || matches!(
            implementation.authority,
            Authority::Intermediate { endpoint: above } | Authority::Relay { endpoint: above } if above == endpoint
        )
}
