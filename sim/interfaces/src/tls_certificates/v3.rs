//! The requirer side of the library's version 3 (`TLSCertificatesRequiresV3`): it tells the charm
//! what happened to its certificates and leaves it to the charm to ask again.
//!
//! Follows canonical/tls-certificates-interface `lib/charms/tls_certificates_interface/v3/
//! tls_certificates.py`, patch 27, at 257bfe7. Left out: the provider's
//! `recommended_expiry_notification_time`, and that one certificate that is no PEM is skipped (here
//! all of them are).

use std::sync::Arc;

use super::{
    CertificateEntry, Library, ProviderData, REQUESTS, Request, RequestEntry, RequestList, Side,
    read_provider, read_requests,
};
use crate::UnitContext;
use crate::notes::{Note, Requested};
use trustsim_juju::{Hook, HookError, RelationId, SecretId, SecretOwner, Value};
use trustsim_kernel::{Span, Time};
use trustsim_pki::{CertificateRequest, KeyPair};

/// What the library tells the charm.
#[derive(Clone, Debug)]
pub enum EventV3 {
    /// `certificate_available`: new to this unit, never for one it was told of.
    Available(Arc<CertificateEntry>),
    /// `certificate_expiring`.
    Expiring(Arc<CertificateEntry>),
    /// `certificate_invalidated`, reason `expired`.
    Expired(Arc<CertificateEntry>),
    /// `certificate_invalidated`, reason `revoked`: in each relation-changed for as long as the
    /// request is there.
    Revoked(Arc<CertificateEntry>),
    /// `all_certificates_invalidated`: the relation is gone.
    AllInvalidated,
}

/// The library of one endpoint; each unit asks for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequirerV3 {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// `expiry_notification_time`: how long before the end the charm wants to be told. Without it
    /// the last third of the certificate's life begins with it.
    pub notification: Option<Span>,
}

impl RequirerV3 {
    /// Runs the library's own observers of this hook: relation-changed, relation-broken and
    /// secret-expired.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn on_hook(
        &self,
        hook: &Hook,
        unit: &mut UnitContext<'_>,
    ) -> Result<Vec<EventV3>, HookError> {
        let mine = hook
            .relation()
            .is_some_and(|relation| unit.own_endpoint(relation) == Some(&*self.endpoint));
        match hook {
            Hook::RelationChanged { relation, .. } if mine => self.changed(*relation, unit),
            Hook::RelationBroken { .. } if mine => Ok(vec![EventV3::AllInvalidated]),
            Hook::SecretExpired { secret, .. } => self.secret_expired(*secret, unit),
            _ => Ok(Vec::new()),
        }
    }

    /// `get_requirer_csrs`.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn requests(&self, unit: &UnitContext<'_>) -> Result<Vec<RequestEntry>, HookError> {
        let Some(relation) = self.relation(unit) else {
            return Ok(Vec::new());
        };
        let bag = unit.unit_data(relation, unit.id())?;
        Ok(read_requests(&bag)?.entries.clone())
    }

    /// `get_assigned_certificates`: revoked ones too.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn assigned(
        &self,
        unit: &UnitContext<'_>,
    ) -> Result<Vec<Arc<CertificateEntry>>, HookError> {
        let Some(relation) = self.relation(unit) else {
            return Ok(Vec::new());
        };
        let provider = provided(unit, relation)?;
        let requests = self.requests(unit)?;
        let answers = requests
            .iter()
            .filter_map(|asked| provider.certificates.answers(&asked.request).next());
        Ok(answers.cloned().collect())
    }

    /// `request_certificate_creation`: nothing where this very request is there already.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn request_creation(
        &self,
        unit: &mut UnitContext<'_>,
        request: &CertificateRequest,
    ) -> Result<(), HookError> {
        self.rewrite(unit, None, Some(request))
    }

    /// `request_certificate_renewal`: the old request goes, the new one comes. Where both are the
    /// same bytes the databag stays as it was, and no unit is told of it
    /// (canonical/copilot-collections issue 69).
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn request_renewal(
        &self,
        unit: &mut UnitContext<'_>,
        old: &CertificateRequest,
        new: &CertificateRequest,
    ) -> Result<(), HookError> {
        self.rewrite(unit, Some(old), Some(new))
    }

    /// `request_certificate_revocation`: the request goes.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn request_revocation(
        &self,
        unit: &mut UnitContext<'_>,
        request: &CertificateRequest,
    ) -> Result<(), HookError> {
        self.rewrite(unit, Some(request), None)
    }

    fn relation(&self, unit: &UnitContext<'_>) -> Option<RelationId> {
        unit.relations(&self.endpoint).first().copied()
    }

    fn rewrite(
        &self,
        unit: &mut UnitContext<'_>,
        old: Option<&CertificateRequest>,
        new: Option<&CertificateRequest>,
    ) -> Result<(), HookError> {
        let Some(relation) = self.relation(unit) else {
            return Err(HookError::Charm(format!(
                "RuntimeError: Relation {} does not exist - The certificate request can't be completed",
                self.endpoint
            )));
        };
        let mut entries = self.requests(unit)?;
        entries.retain(|entry| Some(&entry.request) != old);
        if let Some(new) = new
            && !entries.iter().any(|entry| entry.request == *new)
        {
            if old != Some(new) {
                let requested = Requested::of(new.clone(), relation, false, false);
                unit.note(Note::CertificateRequested(requested));
            }
            entries.push(RequestEntry {
                request: new.clone(),
                ca: Some(false),
            });
        }
        // Where the last one goes an empty list stays.
        let value = RequestList::new(entries).into_value();
        let value = value.unwrap_or_else(|| Value::from("[]"));
        unit.set_unit_data(relation, REQUESTS, Some(value))?;
        Ok(())
    }

    /// `_on_relation_changed`.
    fn changed(
        &self,
        relation: RelationId,
        unit: &mut UnitContext<'_>,
    ) -> Result<Vec<EventV3>, HookError> {
        let provider = provided(unit, relation)?;
        let requests = self.requests(unit)?;
        let mut events = Vec::new();
        for entry in provider.certificates.entries() {
            if !requests.iter().any(|asked| asked.request == entry.request) {
                continue;
            }
            let owner = SecretOwner::Unit(unit.id());
            let digest = entry.request.sha256_hex();
            let label = Library::V3.certificate_label(Side::Unit, 0, &self.endpoint, &digest);
            let secret = unit.secret(owner, &label);
            if entry.is_revoked() {
                if let Some(secret) = secret {
                    unit.remove_secret(secret.id)?;
                }
                events.push(EventV3::Revoked(Arc::clone(entry)));
                continue;
            }
            let expire = Some(self.next_expiry(entry, unit.now()));
            let text = Value::from(entry.certificate.pem());
            let content = [
                ("certificate".to_owned(), text.clone()),
                ("csr".to_owned(), Value::from(entry.request.pem())),
            ];
            match secret {
                Some(secret) if secret.content.get("certificate") == Some(&text) => continue,
                Some(secret) => {
                    unit.set_secret_content(secret.id, content.into())?;
                    unit.set_secret_expire(secret.id, expire)?;
                }
                None => {
                    unit.add_secret(owner, &label, content.into(), expire)?;
                }
            }
            events.push(EventV3::Available(Arc::clone(entry)));
        }
        Ok(events)
    }

    /// `_get_next_secret_expiry_time`: when the charm is to be told, or the very end where that is
    /// past.
    fn next_expiry(&self, entry: &CertificateEntry, now: Time) -> Time {
        let (from, until) = (
            entry.certificate.not_before(),
            entry.certificate.not_after(),
        );
        let told = self.notification.map(|span| until - span);
        let third = Span::from_secs(until.since(from).as_secs() / 3);
        let at = told.filter(|at| from < *at).unwrap_or(until - third);
        if now < at { at } else { until }
    }

    /// `_on_secret_expired`. The library takes any secret of the charm that has a `csr` for its
    /// own: with two of them in one charm, the first that does not know the request throws the
    /// secret of the other away.
    fn secret_expired(
        &self,
        secret: SecretId,
        unit: &mut UnitContext<'_>,
    ) -> Result<Vec<EventV3>, HookError> {
        let view = unit.secret_of_hook(secret);
        let csr = view.as_ref().and_then(|view| view.content.get("csr"));
        let request = csr.and_then(|text| CertificateRequest::from_pem(text.text()).ok());
        let Some(request) = request else {
            return Ok(Vec::new());
        };
        let entry = match self.relation(unit) {
            Some(relation) => {
                let provider = provided(unit, relation)?;
                provider.certificates.answers(&request).next().cloned()
            }
            None => None,
        };
        let Some(entry) = entry else {
            unit.remove_secret(secret)?;
            return Ok(Vec::new());
        };
        if !unit.has_passed(entry.certificate.not_after()) {
            unit.set_secret_expire(secret, Some(entry.certificate.not_after()))?;
            return Ok(vec![EventV3::Expiring(entry)]);
        }
        // It means to withdraw the request, but looks for one with the text of the certificate:
        // the request stays.
        unit.remove_secret(secret)?;
        Ok(vec![EventV3::Expired(entry)])
    }
}

/// `generate_csr`: the request with a unique identifier of its own, where it has one.
///
/// # Errors
///
/// [`HookError`] where the names cannot be in a request.
pub fn generate_csr(
    wanted: &Request,
    key: &KeyPair,
    unit: &mut UnitContext<'_>,
) -> Result<CertificateRequest, HookError> {
    let mut attributes = wanted.attributes.clone();
    if attributes.unique_identifier.is_some() {
        attributes = attributes.unique(&mut unit.stream("unique-identifier"));
    }
    CertificateRequest::new(&attributes, key)
        .map_err(|error| HookError::Charm(format!("ValueError: {error}")))
}

/// What the provider wrote; nothing where it is not valid.
///
/// # Errors
///
/// [`HookError`] where the databag cannot be read.
pub fn provided(unit: &UnitContext<'_>, relation: RelationId) -> Result<ProviderData, HookError> {
    let bag = unit.remote_application_data(relation)?;
    Ok(read_provider(&bag).ok().flatten().unwrap_or_default())
}
