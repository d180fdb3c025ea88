//! What a server is really called: the name a client that was told nothing would ask for, and
//! the endpoint whose certificate it meets.

use std::sync::Arc;
use trustsim_model::{ApplicationIndex, ConnectionSpec, Party};

use super::Deployed;
use trustsim_charm_model::{CertificatesProfile, EndpointProfile, Mode, Requests, Role};
use trustsim_juju::{ApplicationKind, UnitId};

impl Deployed {
    /// The certificates endpoint a connection meets: the one the scenario names; else for peers
    /// one that asks for each unit, for others one that asks for the application; else the first.
    /// Endpoints that nothing is integrated with come last, and those over which a CA is requested are none.
    pub(crate) fn server_endpoint(&self, spec: &ConnectionSpec) -> Option<Arc<str>> {
        if let Some(endpoint) = &spec.to_endpoint {
            return Some(endpoint.as_str().into());
        }
        let charm = &self.deployment.applications[spec.to].charm;
        let wanted = if spec.from == Party::Application(spec.to) {
            Mode::Unit
        } else {
            Mode::App
        };
        let candidates = charm.endpoints.iter().filter(|endpoint| {
            let requests_ca = charm.implementation.ca_endpoints.contains(&&*endpoint.name);
            let asks = endpoint.interface == "tls-certificates"
                && endpoint.role == Role::Requirer
                && !requests_ca;
            asks || endpoint.brings_certificate()
        });
        candidates
            .min_by_key(|endpoint| {
                let integrated = self.is_integrated(spec.to, &endpoint.name);
                let fits = match &endpoint.profile {
                    Some(
                        EndpointProfile::Certificates(profile)
                        | EndpointProfile::LegacyCertificates(profile),
                    ) => profile.mode == wanted,
                    _ => charm.implementation.requests.fixed_mode() == Some(wanted),
                };
                (!integrated, !fits)
            })
            .map(|endpoint| endpoint.name.as_str().into())
    }

    fn is_integrated(&self, application: ApplicationIndex, endpoint: &str) -> bool {
        let is_side = |side: &trustsim_model::Side| {
            side.party == Party::Application(application) && side.endpoint == endpoint
        };
        self.deployment
            .relations
            .iter()
            .any(|relation| relation.sides.iter().any(is_side))
    }

    /// The name of a server that its certificate was asked for.
    pub(crate) fn server_name(
        &self,
        connection: &ConnectionSpec,
        server: UnitId,
        endpoint: Option<&str>,
    ) -> String {
        let application = connection.to;
        let spec = &self.deployment.applications[application];
        let id = self.applications[application];
        let option = |name: &str| {
            let value = self.juju.application(id).config.value.get(name);
            value.filter(|value| !value.is_empty()).cloned()
        };
        let own = || match self.juju.is_pod(server) {
            true => self.juju.unit_dns_name(server),
            false => self.address_of(connection, server, endpoint).to_owned(),
        };
        // A process dials the server beside it, by what their unit is called.
        if connection.from_process.is_some() && connection.from == Party::Application(application) {
            return own();
        }
        let service = || self.juju.application_dns_name(id).unwrap_or_else(own);
        // An ingress without a name of its own tells its clients the address of its load balancer.
        let fronted = || {
            let found = self.juju.application(id).load_balancer.as_ref();
            found.map(|found| found.address.to_string())
        };
        if let Requests::ForHostname { option: name } = spec.charm.implementation.requests {
            return option(name).or_else(fronted).unwrap_or_else(service);
        }
        let profile = endpoint.and_then(|name| spec.charm.endpoint(name)?.profile.as_ref());
        match profile {
            Some(
                EndpointProfile::Certificates(CertificatesProfile {
                    mode: Mode::App,
                    name_option,
                    ..
                })
                | EndpointProfile::LegacyCertificates(CertificatesProfile {
                    mode: Mode::App,
                    name_option,
                    ..
                }),
            ) => name_option
                .as_deref()
                .and_then(|name| option(name).or_else(fronted))
                .unwrap_or_else(service),
            Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) => {
                let named = profile.name_option.as_deref();
                let named = named.and_then(|name| option(name).or_else(fronted));
                named.unwrap_or_else(own)
            }
            _ => own(),
        }
    }

    /// The endpoint of a server on a machine in whose space a connection dials it.
    pub(crate) fn dialled_endpoint<'a>(
        &'a self,
        connection: &'a ConnectionSpec,
        endpoint: Option<&str>,
    ) -> &'a str {
        if let Some(named) = &connection.binding {
            return named;
        }
        let charm = &self.deployment.applications[connection.to].charm;
        let profile = endpoint.and_then(|name| charm.endpoint(name)?.profile.as_ref());
        match profile {
            Some(
                EndpointProfile::Certificates(profile)
                | EndpointProfile::LegacyCertificates(profile),
            ) => profile.address_of.endpoint(),
            _ => "",
        }
    }

    /// The address at which a connection dials a unit on a machine.
    pub(crate) fn address_of(
        &self,
        connection: &ConnectionSpec,
        server: UnitId,
        endpoint: Option<&str>,
    ) -> &str {
        let dialled = self.dialled_endpoint(connection, endpoint);
        self.juju.reached_for(server, dialled)
    }

    /// Whether some unit that was or may be deployed has this address.
    pub(crate) fn has_application(&self, address: &str) -> bool {
        let Some((application, _)) = address.rsplit_once('/') else {
            return false;
        };
        self.juju.applications().any(|(_, found)| {
            let model = &self.juju.model(found.model).name;
            found.kind == ApplicationKind::Local
                && application
                    .strip_prefix(&**model)
                    .and_then(|rest| rest.strip_prefix('.'))
                    == Some(&*found.name)
        })
    }
}
