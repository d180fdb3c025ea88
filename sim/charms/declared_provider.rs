//! A provider whose chain the scenario gives: it makes the chain in its first hook as leader,
//! keeps it in application secrets, sends what its profile says and signs what is asked. It stands
//! for providers that are not modelled yet; it never renews its chain.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::issuing::{Authority, by_relation, note_answer, note_authority, raised};
use super::{Charm, CharmMetadata, IssuerProfile, Role, Transfers};
use crate::interfaces::tls_certificates::{Answer, Outstanding, Provider};
use crate::interfaces::{KeySource, certificate_transfer, serial_number};
use crate::juju::{Hook, HookError, Quiet, SecretOwner, Status, UnitContext};
use crate::kernel::Span;
use crate::pki::{
    Certificate, CertificateRequest, RequestAttributes, Template, Terms, issue, self_sign,
};

/// The charm. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DeclaredProvider(Arc<Inner>);

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
        let chain = match read_chain(unit, self.0.profile.chain.len())? {
            Some(chain) => chain,
            None => self.make_chain(unit)?,
        };
        let sent = self.sent(&chain);
        for transfer in &self.0.transfers {
            transfer.add(unit, &sent)?;
        }
        for provider in &self.0.certificates {
            self.issue(provider, &chain, unit)?;
        }
        Ok(())
    }

    fn quiet(&self, unit: &UnitContext<'_>) -> Quiet {
        match self.is_done(unit) {
            Ok(true) => Quiet::Always,
            _ => Quiet::No,
        }
    }
}

impl DeclaredProvider {
    /// The CAs it sends to whoever trusts it.
    pub(super) fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        let chain = read_chain(unit, self.0.profile.chain.len()).ok().flatten();
        let chain = chain.unwrap_or_default();
        let certificates = chain.iter().map(|authority| authority.certificate.clone());
        match self.0.profile.transfers {
            Transfers::Root => certificates.take(1).collect(),
            Transfers::Issuer => certificates.rev().take(1).collect(),
            Transfers::All => certificates.collect(),
        }
    }

    /// The provider on every `tls-certificates` and `certificate_transfer` endpoint that the
    /// charm provides.
    pub fn new(metadata: &CharmMetadata, profile: IssuerProfile, keys: KeySource) -> Self {
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
                .map(|endpoint| Provider::new(&endpoint.name))
                .collect(),
            transfers: provided("certificate_transfer")
                .map(|endpoint| certificate_transfer::Provider::new(&endpoint.name))
                .collect(),
        }))
    }

    fn make_chain(&self, unit: &mut UnitContext<'_>) -> Result<Vec<Authority>, HookError> {
        let mut chain: Vec<Authority> = Vec::new();
        let owner = SecretOwner::Application(unit.application_id());
        for (index, declared) in self.0.profile.chain.iter().enumerate() {
            let key = self.0.keys.authority(unit);
            let name = RequestAttributes::with_common_name(&*declared.common_name);
            let terms = terms(unit, declared.validity);
            let made = match chain.last() {
                None => self_sign(&name, &key, &terms, &Template::root()),
                Some(issuer) => CertificateRequest::new(&name, &key).and_then(|request| {
                    let template = Template::intermediate();
                    issue(
                        &request,
                        &issuer.certificate,
                        &issuer.key,
                        &terms,
                        &template,
                    )
                }),
            };
            let certificate = made.map_err(|error| raised(&error))?;
            let issuer = chain
                .last()
                .map_or(&certificate, |above| &above.certificate);
            note_authority(unit, &certificate, &issuer.clone());
            let authority = Authority { certificate, key };
            unit.add_secret(owner, &label(index), authority.content(), None)?;
            chain.push(authority);
        }
        Ok(chain)
    }

    fn sent(&self, chain: &[Authority]) -> Vec<Arc<str>> {
        let chosen = match self.0.profile.transfers {
            Transfers::Root => &chain[..1],
            Transfers::Issuer => &chain[chain.len() - 1..],
            Transfers::All => chain,
        };
        let text = |authority: &Authority| Arc::from(authority.certificate.pem());
        chosen.iter().map(text).collect()
    }

    fn issue(
        &self,
        provider: &Provider,
        chain: &[Authority],
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        let requests = provider.outstanding(unit)?;
        for asked in by_relation(&requests) {
            let mut answers = Vec::with_capacity(asked.len());
            for asked in asked {
                answers.push(self.sign(asked, chain, unit)?);
            }
            provider.set_certificates(unit, asked[0].relation, answers)?;
        }
        Ok(())
    }

    fn sign(
        &self,
        asked: &Outstanding,
        chain: &[Authority],
        unit: &mut UnitContext<'_>,
    ) -> Result<Answer, HookError> {
        let profile = &self.0.profile;
        let (Some(root), Some(issuer)) = (chain.first(), chain.last()) else {
            return Err(HookError::Charm("the declared chain is empty".to_owned()));
        };
        let terms = terms(unit, profile.leaf_validity);
        let template = if asked.is_ca {
            Template::intermediate()
        } else {
            Template::leaf()
        };
        let authority = &issuer.certificate;
        let certificate = issue(&asked.request, authority, &issuer.key, &terms, &template)
            .map_err(|error| raised(&error))?;
        note_answer(unit, asked, &certificate, authority);
        let from = usize::from(!profile.chain_includes_root);
        let above = chain[from..].iter().rev();
        let mut links = vec![certificate.clone()];
        links.extend(above.map(|authority| authority.certificate.clone()));
        let ca = if profile.ca_is_root { root } else { issuer };
        Ok(Answer {
            request: asked.request.clone(),
            certificate,
            ca: ca.certificate.clone(),
            chain: links,
        })
    }

    /// Whether every hook would do nothing: all is made, sent and signed.
    fn is_done(&self, unit: &UnitContext<'_>) -> Result<bool, HookError> {
        if !unit.is_leader() || self.0.profile.chain.is_empty() {
            return Ok(true);
        }
        let Some(chain) = read_chain(unit, self.0.profile.chain.len())? else {
            return Ok(false);
        };
        let sent = self.sent(&chain);
        for transfer in &self.0.transfers {
            if !transfer.holds(unit, &sent)? {
                return Ok(false);
            }
        }
        for provider in &self.0.certificates {
            if !provider.is_settled(unit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn read_chain(unit: &UnitContext<'_>, length: usize) -> Result<Option<Vec<Authority>>, HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    let mut chain = Vec::with_capacity(length);
    for index in 0..length {
        let Some(secret) = unit.secret(owner, &label(index)) else {
            return Ok(None);
        };
        chain.push(Authority::read(&secret.content)?);
    }
    Ok(Some(chain))
}

fn label(index: usize) -> String {
    format!("declared-authority-{index}")
}

fn terms(unit: &mut UnitContext<'_>, validity: Span) -> Terms {
    Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity,
    }
}
