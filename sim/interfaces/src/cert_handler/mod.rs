//! observability_libs `cert_handler`, which charms put between themselves and version 2 or 3 of the
//! `tls_certificates` library: it keeps a key, asks, and asks again.
//!
//! Follows canonical/observability-libs `lib/charms/observability_libs/v0/cert_handler.py` (patch 14 at 74f192c) and
//! `v1/cert_handler.py` (patch 5 at 2a009a9, patch 11 at c073982, patch 19 at 454c1f8). What is told of each version
//! was recorded from those libraries under `ops[testing]` 3.9.0, as canonical/traefik-k8s-operator at rev142, rev176,
//! rev181, rev205, rev224, rev236 and rev244, canonical/grafana-agent-operator at rev655,
//! canonical/prometheus-k8s-operator at rev182 and rev190, canonical/loki-k8s-operator at rev174 and
//! canonical/alertmanager-k8s-operator at rev107 and rev110 vendor them with their `tls_certificates`.
//!
//! That `relation-broken` raises before patch 12 of v0 and patch 5 of v1, with an `ops` that takes the relation away
//! before (2.10), is played by the charm (`broken-raises` of its bugs). Left out: `refresh_events` of patches 12 and 13
//! of v1, a Juju without secrets, and the migration in upgrade-charm.

mod store;
mod version;

pub use store::Held;
pub use version::Version;

use std::sync::Arc;

use crate::tls_certificates::{EventV3, Request, RequirerV3, generate_csr};
use crate::{KeySource, UnitContext};
use trustsim_juju::{Hook, HookError};
use trustsim_pki::{Certificate, CertificateRequest};

/// The library of one endpoint; each unit asks for itself.
#[derive(Clone, Debug)]
pub struct CertHandler<'a> {
    /// The library below it.
    pub library: RequirerV3,
    /// Which one the charm carries.
    pub version: Version,
    /// The charm's peer endpoint; only [`Version::V0`] writes to it.
    pub peer: Option<Arc<str>>,
    /// Where new keys come from.
    pub keys: &'a KeySource,
}

/// What happens to a request that was made before (`_generate_csr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Where there is one, no other is made.
    Suffices,
    /// It goes (`renew`).
    Goes,
    /// It stays beside the new one (`overwrite`).
    Stays,
}

impl CertHandler<'_> {
    /// Runs the observers of this hook, its own and those of the library below. `true` where the charm is told
    /// `cert_changed`.
    ///
    /// # Errors
    ///
    /// [`HookError`] where the library raises or a hook tool refuses.
    pub fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
        wanted: &Request,
    ) -> Result<bool, HookError> {
        self.refresh(unit, wanted)?;
        let mut is_changed = false;
        for event in self.library.on_hook(hook, unit)? {
            is_changed |= self.on_event(event, unit, wanted)?;
        }
        let own_endpoint = |relation| unit.own_endpoint(relation);
        let mine = hook.relation().and_then(own_endpoint) == Some(&*self.library.endpoint);
        let peer = hook.relation().and_then(own_endpoint) == self.peer.as_deref();
        match hook {
            Hook::RelationCreated { .. } if peer && self.version == Version::V0 => {
                // Without a relation the key is made all the same.
                self.key_or_new(unit)?;
                self.generate(unit, wanted, Before::Suffices)?;
            }
            Hook::RelationJoined { .. } if mine => self.generate(unit, wanted, Before::Suffices)?,
            Hook::ConfigChanged if self.version.asks_in_config_changed() => {
                self.generate(unit, wanted, Before::Goes)?;
            }
            Hook::ConfigChanged => self.generate(unit, wanted, Before::Suffices)?,
            // Since patch 15 of v1 the charm is told in any case. The patches before tell of what the library below
            // says, which before its patch 21 says each certificate again.
            Hook::RelationChanged { .. } if mine => {
                is_changed |= self.version.tells_of_each_change()
            }
            _ => {}
        }
        Ok(is_changed)
    }

    /// `_refresh_csr_if_needed`, in the constructor: other names than those of the request are asked for at once.
    fn refresh(&self, unit: &mut UnitContext<'_>, wanted: &Request) -> Result<(), HookError> {
        if self.version != Version::V1 {
            return Ok(());
        }
        let Some(asked) = self.request(unit)? else {
            return Ok(());
        };
        let (asked, wanted_names) = (asked.attributes(), &wanted.attributes);
        let is_same =
            asked.sans_dns == wanted_names.sans_dns && asked.sans_ip == wanted_names.sans_ip;
        match is_same {
            true => Ok(()),
            false => self.generate(unit, wanted, Before::Goes),
        }
    }

    fn on_event(
        &self,
        event: EventV3,
        unit: &mut UnitContext<'_>,
        wanted: &Request,
    ) -> Result<bool, HookError> {
        match event {
            EventV3::Available(entry) => self.keep_certificate(unit, &entry),
            EventV3::Expiring(entry) => {
                if self.is_held(unit, &entry.certificate)? {
                    self.generate(unit, wanted, Before::Goes)?;
                }
                Ok(false)
            }
            EventV3::Expired(entry) | EventV3::Revoked(entry) => {
                let is_held = self.is_held(unit, &entry.certificate)?;
                if is_held {
                    self.generate(unit, wanted, Before::Stays)?;
                    self.clear(unit)?;
                }
                Ok(is_held)
            }
            EventV3::AllInvalidated => {
                self.forget(unit)?;
                Ok(true)
            }
        }
    }

    /// Whether it is the certificate that the charm is given now.
    fn is_held(
        &self,
        unit: &UnitContext<'_>,
        certificate: &Certificate,
    ) -> Result<bool, HookError> {
        let held = self.certificate(unit)?;
        Ok(held.is_some_and(|held| held.certificate == *certificate))
    }

    /// `_generate_csr`: nothing without the relation.
    fn generate(
        &self,
        unit: &mut UnitContext<'_>,
        wanted: &Request,
        before: Before,
    ) -> Result<(), HookError> {
        let lacks_peers = self.version.needs_peers() && self.peers(unit).is_none();
        if unit.relations(&self.library.endpoint).is_empty() || lacks_peers {
            return Ok(());
        }
        let asked = self.request(unit)?;
        if asked.is_some() && before == Before::Suffices {
            return Ok(());
        }
        let key = self.key_or_new(unit)?;
        let request = generate_csr(wanted, &key, unit)?;
        match (asked, before) {
            (Some(old), Before::Goes) => self.library.request_renewal(unit, &old, &request)?,
            _ => self.library.request_creation(unit, &request)?,
        }
        self.keep_request(unit, &request)
    }

    /// What the charm would write: the certificate that it is given now, and its key, which is made where there is none.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses or what is kept cannot be read.
    pub fn held(&self, unit: &mut UnitContext<'_>) -> Result<Option<Held>, HookError> {
        let Some(certificate) = self.certificate(unit)? else {
            return Ok(None);
        };
        let key = self.key_or_new(unit)?;
        Ok(Some(certificate.with_key(key)))
    }
}

/// A request that is kept as text.
fn request_of(text: &str) -> Result<CertificateRequest, HookError> {
    CertificateRequest::from_pem(text)
        .map_err(|error| HookError::Charm(format!("ValueError: {error}")))
}
