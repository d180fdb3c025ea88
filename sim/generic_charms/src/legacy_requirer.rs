//! The generic consumer of the legacy protocol: what its endpoints' profiles say, and nothing else.
//!
//! It plays reactive charms that write what layer-tls-client gives them
//! (juju-solutions/layer-tls-client `reactive/tls_client.py` at ed989b2): a server certificate for
//! each unit, or one for the application, followed by the provider's chain, and the CA. It keeps
//! what it has when the relation goes, as they do.

use std::sync::Arc;

use trustsim_charm_model::names::listed;
use trustsim_charm_model::surface::{chain_path, key_path, trust_path};
use trustsim_charm_model::{
    Apply, CertificatesProfile, Charm, CharmMetadata, EndpointKeys, EndpointProfile,
    Implementation, Mode,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates_legacy::{
    Flavour, Pair, Received, Requirer, followed_by,
};
use trustsim_juju::{Hook, HookError, Status};

/// The registration of the generic consumer of the legacy protocol.
pub static LEGACY_REQUIRER: Implementation = Implementation {
    behaviour: "legacy-requirer",
    endpoint_keys: EndpointKeys::LegacyConsumer,
    plays_any_endpoint: true,
    writes_files: true,
    build: |setup| Arc::new(LegacyRequirer::new(setup.metadata)),
    ..Implementation::NONE
};

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
struct LegacyRequirer(Arc<[Endpoint]>);

#[derive(Debug)]
struct Endpoint {
    certificates: Requirer,
    profile: CertificatesProfile,
}

impl Charm for LegacyRequirer {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        if matches!(hook, Hook::Start) {
            unit.restart_workload();
        }
        let mut waits = false;
        for endpoint in self.0.iter() {
            endpoint.certificates.on_hook(hook, unit)?;
            if !endpoint.certificates.is_joined(unit) {
                continue;
            }
            endpoint.request(unit)?;
            let is_certified = match endpoint.certificates.received(unit)? {
                Some(received) => endpoint.store(unit, &received),
                None => false,
            };
            // What serves in the clear meanwhile does not wait.
            waits |= !is_certified && !endpoint.profile.plain_without_certificate;
        }
        match waits {
            true => unit.set_status(Status::Waiting, "waiting for certificates"),
            false => unit.set_status(Status::Active, ""),
        }
        Ok(())
    }
}

impl LegacyRequirer {
    /// The consumer of these endpoints.
    fn new(metadata: &CharmMetadata) -> Self {
        let endpoints = metadata.endpoints.iter();
        let endpoints = endpoints.filter_map(|endpoint| match &endpoint.profile {
            Some(EndpointProfile::LegacyCertificates(profile)) => Some(Endpoint {
                certificates: Requirer::new(&endpoint.name, Flavour::Reactive),
                profile: profile.clone(),
            }),
            _ => None,
        });
        Self(endpoints.collect())
    }
}

impl Endpoint {
    fn request(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let names = self.names(unit);
        match self.profile.mode {
            Mode::Unit => self
                .certificates
                .request_server(unit, &names[0], &names, None),
            Mode::App | Mode::AppAndUnit => {
                let names: Vec<String> = names;
                self.certificates
                    .request_application(unit, &names[0], &names)
            }
        }
    }

    /// The common name and every name, sorted.
    fn names(&self, unit: &UnitContext<'_>) -> Vec<String> {
        let option = self.profile.name_option.as_deref();
        let set = option.and_then(|option| unit.config(option));
        let set = set.filter(|name| !name.is_empty()).map(str::to_owned);
        let first = set.unwrap_or_else(|| match self.profile.mode {
            Mode::Unit => unit.unit_dns_name(),
            Mode::App | Mode::AppAndUnit => unit.application_dns_name(),
        });
        let mut more: Vec<String> = Vec::new();
        for option in &self.profile.extra_name_options {
            more.extend(listed(unit, option));
        }
        more.sort();
        more.dedup();
        more.retain(|name| *name != first);
        more.insert(0, first);
        more
    }

    /// Writes what came; whether there is a certificate.
    fn store(&self, unit: &mut UnitContext<'_>, received: &Received) -> bool {
        let endpoint = &*self.certificates.endpoint;
        let own: Option<&Pair> = match self.profile.mode {
            Mode::Unit => received.servers.first().map(|named| &named.pair),
            Mode::App | Mode::AppAndUnit => received.application.as_ref(),
        };
        let mut changed = false;
        if let Some(pair) = own {
            let chain = match &received.chain {
                Some(chain) => followed_by(&pair.certificate, chain),
                None => pair.certificate.clone(),
            };
            changed |= unit.push_file(&chain_path(endpoint, "server"), chain);
            changed |= unit.push_file(&key_path(endpoint, "server"), pair.key.clone());
        }
        if let Some(ca) = received.ca.as_ref().filter(|_| self.profile.trusts_ca) {
            changed |= unit.push_file(&trust_path(endpoint), ca.clone());
        }
        match self.profile.apply {
            Apply::Restart if changed => unit.restart_workload(),
            Apply::Reload if changed => {
                unit.reload_workload(&format!("tls/{endpoint}/"));
                unit.reload_workload(&trust_path(endpoint));
            }
            _ => {}
        }
        own.is_some()
    }
}
