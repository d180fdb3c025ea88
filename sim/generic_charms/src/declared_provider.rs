//! A provider whose chain the scenario gives: it makes the chain in its first hook as leader,
//! keeps it in application secrets, sends what its profile says and signs what is requested. It plays
//! providers that are not modelled yet, and CAs whose keys people hold: it never renews its
//! chain by itself, its actions rotate it step by step.

mod generations;
mod rotation;

use std::sync::Arc;

use generations::Generations;

use trustsim_charm_model::issuing::{SigningCa, by_relation, note_answer, value_error};
use trustsim_charm_model::{
    Authority, Charm, CharmMetadata, EndpointKeys, Implementation, IssuerProfile, LibraryBinding,
    Role, declared_chain,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{Answer, Outstanding, Provider};
use trustsim_interfaces::{KeySource, certificate_transfer, serial_number};
use trustsim_juju::{Hook, HookError, Status};
use trustsim_kernel::Span;
use trustsim_pki::{Certificate, Terms};

/// The registration of every charm with a declared chain.
pub static DECLARED_PROVIDER: Implementation = Implementation {
    behaviour: "declared-provider",
    endpoint_keys: EndpointKeys::Listed(&["library"]),
    plays_any_endpoint: true,
    build: |setup| {
        let issuer = setup.metadata.issuer.clone();
        let profile = issuer.expect("a charm with a declared chain has its profile");
        let metadata = setup.metadata;
        Arc::new(DeclaredProvider::new(metadata, profile, setup.keys.clone()))
    },
    actions: &rotation::ACTIONS,
    authority: Authority::Declared,
    ..Implementation::NONE
};

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
struct DeclaredProvider(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    profile: IssuerProfile,
    keys: KeySource,
    certificates: Vec<Provider>,
    transfers: Vec<certificate_transfer::Provider>,
}

impl Charm for DeclaredProvider {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        for provider in &self.0.certificates {
            provider.on_hook(hook, unit)?;
        }
        if matches!(hook, Hook::Install | Hook::Stop | Hook::Remove) {
            return Ok(());
        }
        unit.set_status(Status::Active, "");
        if !unit.is_leader() || self.0.profile.chain.is_empty() {
            return Ok(());
        }
        let length = self.0.profile.chain.len();
        let mut generations = match Generations::read(unit, length)? {
            Some(generations) => generations,
            None => Generations::begin(unit, &self.0.profile, &self.0.keys)?,
        };
        if let Hook::Action { name, parameters } = hook {
            self.act(name, parameters, &mut generations, unit)?;
        }
        let sent = self.sent(&generations);
        for transfer in &self.0.transfers {
            transfer.add(unit, &sent)?;
        }
        for provider in &self.0.certificates {
            let requests = provider.outstanding(unit)?;
            self.issue(provider, &requests, &generations, unit)?;
        }
        Ok(())
    }

    fn libraries(&self, _: &UnitContext<'_>) -> Vec<LibraryBinding> {
        let signing = self.0.certificates.iter().cloned();
        let sending = self.0.transfers.iter().cloned();
        let signing = signing.map(LibraryBinding::ProvidesCertificates);
        signing
            .chain(sending.map(LibraryBinding::ProvidesTransfer))
            .collect()
    }

    // The CAs it sends to those that trust it.
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        let generations = Generations::read(unit, self.0.profile.chain.len());
        let generations = generations.expect("a declared provider reads the CAs that it wrote");
        let sent = generations
            .iter()
            .flat_map(|each| each.sent(&self.0.profile));
        sent.map(|authority| authority.certificate.clone())
            .collect()
    }
}

impl DeclaredProvider {
    /// The provider on every `tls-certificates` and `certificate_transfer` endpoint that the
    /// charm provides.
    fn new(metadata: &CharmMetadata, profile: IssuerProfile, keys: KeySource) -> Self {
        let provided = |interface: &'static str| {
            let endpoints = metadata.endpoints.iter();
            endpoints.filter(move |endpoint| {
                endpoint.role == Role::Provider && endpoint.interface == interface
            })
        };
        Self(Arc::new(Inner {
            profile,
            keys,
            certificates: provided("tls-certificates")
                .map(|endpoint| Provider {
                    library: metadata.played_certificates_library(&endpoint.name),
                    ..Provider::new(&endpoint.name)
                })
                .collect(),
            transfers: provided("certificate_transfer")
                .map(|endpoint| certificate_transfer::Provider {
                    library: metadata.played_transfer_library(&endpoint.name),
                    ..certificate_transfer::Provider::new(&endpoint.name)
                })
                .collect(),
        }))
    }

    fn sent(&self, generations: &Generations) -> Vec<Arc<str>> {
        let text = |authority: &SigningCa| Arc::from(authority.certificate.pem());
        generations.sent(&self.0.profile).map(text).collect()
    }

    /// Signs requests, which come with those of one relation together.
    fn issue(
        &self,
        provider: &Provider,
        requests: &[Outstanding],
        generations: &Generations,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        for asked in by_relation(requests) {
            let mut answers = Vec::with_capacity(asked.len());
            for asked in asked {
                answers.push(self.sign(asked, generations, unit)?);
            }
            provider.set_certificates(unit, asked[0].relation, answers)?;
        }
        Ok(())
    }

    fn sign(
        &self,
        asked: &Outstanding,
        generations: &Generations,
        unit: &mut UnitContext<'_>,
    ) -> Result<Answer, HookError> {
        let (profile, chain) = (&self.0.profile, generations.signing());
        let terms = terms(unit, profile.leaf_validity);
        let signed = declared_chain::sign(profile, chain, &asked.request, asked.is_ca, &terms);
        let mut answer = signed.map_err(|error| value_error(&error))?;
        answer.chain.extend(generations.bridge().cloned());
        let issuer = declared_chain::issuer(chain);
        note_answer(unit, asked, &answer.certificate, &issuer.certificate);
        Ok(answer)
    }
}

fn terms(unit: &mut UnitContext<'_>, validity: Span) -> Terms {
    Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity,
    }
}
