//! What a charm notes of certificates and keys, with the names that the journal has for them.

use std::sync::Arc;

use super::Deployed;
use crate::host::real_endpoint;
use trustsim_interfaces::notes::{Issued, Requested, StoredKey};
use trustsim_juju::{ApplicationId, ApplicationKind, UnitId};
use trustsim_model::{Address, CertificateRecord, KeyRecord, RequestRecord};

impl Deployed {
    /// Who can read a key: of a unit's databag every unit on the other side, of leader settings
    /// every unit of the application (juju/juju 3.6 `apiserver/facades/agent/uniter`).
    pub(crate) fn key_record(&self, unit: UnitId, stored: &StoredKey) -> KeyRecord {
        let own = self.juju.unit(unit).application;
        let other = stored.relation.and_then(|id| {
            let relation = self.juju.relation(id);
            let end = relation.end_of(own)?;
            Some(self.real_application(relation.opposite(end).application))
        });
        let address = |id: ApplicationId| {
            let found = self.juju.application(id);
            Address::application_in(&self.juju.model(found.model).name, &found.name)
        };
        let controller = |id: ApplicationId| {
            let model = self.juju.model(self.juju.application(id).model);
            Arc::clone(&self.juju.controller(model.controller).name)
        };
        let mut controllers = vec![controller(own)];
        if let Some(other) = other.map(controller)
            && other != controllers[0]
        {
            controllers.push(other);
        }
        let relation = stored.relation.map(|id| {
            let relation = self.juju.relation(id);
            let endpoint = relation.end_of(own).map(|end| &relation.ends[end].endpoint);
            let endpoint = endpoint.expect("a unit stores keys in relations of its application");
            format!("{endpoint}:{}", relation.number).into()
        });
        KeyRecord {
            controllers,
            relation,
            place: Arc::clone(&stored.place),
            holder: Arc::clone(&stored.holder),
            common_name: Arc::clone(&stored.common_name),
            serial: Arc::clone(&stored.serial),
            readers: address(other.unwrap_or(own)),
        }
    }

    /// A certificate that a unit of a provider issued, filed under the application that it is for. Who writes the journal
    /// knows the request.
    pub(crate) fn certificate_record(&self, unit: UnitId, issued: &Issued) -> CertificateRecord {
        let provider = self.juju.application(self.juju.unit(unit).application);
        let model = self.juju.model(provider.model);
        let requirer = model
            .applications
            .iter()
            .copied()
            .find(|id| self.juju.application(*id).name == issued.requirer);
        let application = requirer.map_or(self.juju.unit(unit).application, |requirer| {
            self.real_application(requirer)
        });
        let found = self.juju.application(application);
        let unit = issued.unit.as_ref().map(|name| {
            name.split_once('/')
                .expect("a unit is named application/number")
        });
        CertificateRecord {
            certificate: issued.certificate.clone(),
            kind: issued.kind,
            issuer_serial: issued.issuer_serial.as_str().into(),
            requested_at: None,
            request: None,
            model: Arc::clone(&self.juju.model(found.model).name),
            application: Arc::clone(&found.name),
            unit: unit.map(|(_, number)| format!("{}/{number}", found.name).into()),
        }
    }

    /// A request that a unit of a requirer made.
    pub(crate) fn request_record(&self, unit: UnitId, requested: Requested) -> RequestRecord {
        let own = self.juju.unit(unit).application;
        let relation = self.juju.relation(requested.relation);
        let end = relation
            .end_of(own)
            .expect("a unit asks in relations of its application");
        RequestRecord {
            common_name: requested.common_name,
            provider: real_endpoint(&self.juju, relation.opposite(end)),
            requirer: real_endpoint(&self.juju, &relation.ends[end]),
            is_shared: requested.is_shared,
            is_ca: requested.is_ca,
            content: requested.content,
        }
    }

    /// The application behind a proxy.
    fn real_application(&self, id: ApplicationId) -> ApplicationId {
        match &self.juju.application(id).kind {
            ApplicationKind::Local => id,
            ApplicationKind::Saas { target, .. } | ApplicationKind::Consumer { target } => *target,
        }
    }
}
