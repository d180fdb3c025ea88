//! A provider whose chain the scenario gives: it makes the chain in its first hook as leader,
//! keeps it in application secrets, sends what its profile says and signs what is asked. It stands
//! for providers that are not modelled yet; it never renews its chain.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::issuing::{Authority, by_relation, note_answer, note_authority, raised};
use super::{Charm, CharmMetadata, IssuerProfile, Role, declared_chain};
use crate::interfaces::tls_certificates::{Answer, Outstanding, Provider};
use crate::interfaces::{KeySource, certificate_transfer, serial_number};
use crate::juju::{Hook, HookError, Quiet, SecretOwner, Status, UnitContext};
use crate::kernel::Span;
use crate::pki::{Certificate, Terms};

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
        let sent = declared_chain::sent(&self.0.profile, &chain).iter();
        sent.map(|authority| authority.certificate.clone())
            .collect()
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
                .map(|endpoint| Provider {
                    library: metadata
                        .certificates_library(&endpoint.name)
                        .unwrap_or_default(),
                    ..Provider::new(&endpoint.name)
                })
                .collect(),
            transfers: provided("certificate_transfer")
                .map(|endpoint| certificate_transfer::Provider {
                    library: metadata
                        .transfer_library(&endpoint.name)
                        .unwrap_or_default(),
                    ..certificate_transfer::Provider::new(&endpoint.name)
                })
                .collect(),
        }))
    }

    fn make_chain(&self, unit: &mut UnitContext<'_>) -> Result<Vec<Authority>, HookError> {
        let profile = &self.0.profile;
        let owner = SecretOwner::Application(unit.application_id());
        // Both draw from streams of their own, so it does not matter which goes first.
        let keys: Vec<_> = profile
            .chain
            .iter()
            .map(|_| self.0.keys.authority(unit))
            .collect();
        let mut keys = keys.into_iter();
        let key = || keys.next().expect("there is one for each authority");
        let chain = declared_chain::make(profile, key, |validity| terms(unit, validity))
            .map_err(|error| raised(&error))?;
        for (index, authority) in chain.iter().enumerate() {
            let issuer = &chain[index.saturating_sub(1)];
            note_authority(unit, &authority.certificate, &issuer.certificate);
            unit.add_secret(owner, &label(index), authority.content(), None)?;
        }
        Ok(chain)
    }

    fn sent(&self, chain: &[Authority]) -> Vec<Arc<str>> {
        let text = |authority: &Authority| Arc::from(authority.certificate.pem());
        let sent = declared_chain::sent(&self.0.profile, chain);
        sent.iter().map(text).collect()
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
        let terms = terms(unit, profile.leaf_validity);
        let answer = declared_chain::sign(profile, chain, (&asked.request, asked.is_ca), &terms)
            .ok_or_else(|| HookError::Charm("the declared chain is empty".to_owned()))?
            .map_err(|error| raised(&error))?;
        if let Some(issuer) = chain.last() {
            note_answer(unit, asked, &answer.certificate, &issuer.certificate);
        }
        Ok(answer)
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
