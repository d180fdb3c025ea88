//! CAs outside Juju, with which operators sign.

use std::sync::Arc;

use crate::deployed::Deployed;
use crate::journal::JournalWriter;
use trustsim_charm_model::ExternalCa;
use trustsim_interfaces::KeySource;
use trustsim_model::{CertificateKind, CertificateRecord, Entry, Kind, OperatorSpec, Subject};

/// Makes the CA with which an operator signs. Its certificates are filed under the first
/// application that they look after.
pub(super) fn external_ca(
    spec: &OperatorSpec,
    deployed: &Deployed,
    journal: &mut JournalWriter,
) -> Option<ExternalCa> {
    let profile = spec.signs_with.as_ref()?;
    let deployment = deployed.spec();
    let keys = KeySource::new(deployment.keys, deployed.pool().clone());
    let streams = deployed.streams();
    let ca = ExternalCa::new(profile, &keys, streams, &spec.name, deployment.start);
    let ca = ca.expect("its names can be written");
    let application = &deployment.applications[*spec.answers.first()?];
    let mut issuer: Option<Arc<str>> = None;
    for certificate in ca.certificates() {
        let serial: Arc<str> = certificate.serial().into();
        let kind = match issuer {
            None => CertificateKind::Root,
            Some(_) => CertificateKind::Intermediate,
        };
        let record = CertificateRecord {
            certificate: certificate.clone(),
            kind,
            issuer_serial: issuer.unwrap_or_else(|| Arc::clone(&serial)),
            requested_at: None,
            request: None,
            model: deployment.models[application.model].name.as_str().into(),
            application: application.name.as_str().into(),
            unit: None,
        };
        issuer = Some(serial);
        journal.record(Entry::new(
            deployment.start,
            Some(journal.root()),
            Subject::default(),
            Kind::CertificateIssued(record),
        ));
    }
    Some(ca)
}
