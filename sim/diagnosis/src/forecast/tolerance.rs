//! How long a connection can do without a provider: from when a renewal is asked for to the end of
//! what it renews, at the worst. What a charm deletes that looks by itself and finds that nothing is
//! assigned ends with the next update-status.

use std::collections::BTreeMap;

use crate::ca_route::ProtocolMismatches;
use crate::cause::{Records, Trail};
use crate::facts::Facts;
use trustsim_juju::HookName;
use trustsim_kernel::{Span, Time};
use trustsim_model::{
    Address, CertificateRecord, Deployment, HandshakeRecord, Journal, Kind, Manifest,
};

/// How long one connection can do without one provider.
#[derive(Clone, Debug)]
pub struct OutageTolerance {
    /// Index into [`Manifest::connections`].
    pub connection: u32,
    /// The provider.
    pub provider: Address,
    /// The longest outage that the connection survives, whenever it begins.
    pub longest: Span,
    /// When it must not begin, if it is longer: as the renewal is asked for.
    pub asked_at: Time,
    /// When the connection fails then.
    pub ends_at: Time,
    /// Subject of the certificate that ends.
    pub certificate: String,
    /// Whose it is: a unit, or an application.
    pub holder: Address,
}

/// The least of each connection and provider, the most pressing first. Connections that rest on no
/// certificate that was renewed in the run are left out.
pub(super) fn tolerances(
    deployment: &Deployment,
    manifest: &Manifest,
    journal: &Journal,
    facts: &Facts<'_>,
    trail: &Trail<'_>,
) -> Vec<OutageTolerance> {
    let mismatches = ProtocolMismatches::of(deployment);
    let records = Records {
        deployment,
        facts,
        trail,
        mismatches: &mismatches,
    };
    let mut least: BTreeMap<(u32, Address), OutageTolerance> = BTreeMap::new();
    let mut seen: BTreeMap<String, Vec<OutageTolerance>> = BTreeMap::new();
    for entry in journal.entries() {
        let Kind::Handshake(record) = &entry.kind else {
            continue;
        };
        if !record.verdict.is_ok() {
            continue;
        }
        for certificate in rests_on(facts, record) {
            let serial = certificate.certificate.serial();
            if !seen.contains_key(serial) {
                let found = of_certificate(&records, manifest, certificate);
                seen.insert(serial.to_owned(), found);
            }
            for one in &seen[serial] {
                // A unit that is away does not answer as a server either.
                let connection = &manifest.connections[record.connection as usize];
                let ends = [&connection.client, &connection.server];
                if ends.iter().any(|end| one.provider == *end.application()) {
                    continue;
                }
                let own = OutageTolerance {
                    connection: record.connection,
                    ..one.clone()
                };
                let key = (record.connection, one.provider.clone());
                match least.get_mut(&key) {
                    Some(known) if known.longest <= own.longest => {}
                    Some(known) => *known = own,
                    None => {
                        least.insert(key, own);
                    }
                }
            }
        }
    }
    let mut all: Vec<OutageTolerance> = least.into_values().collect();
    all.sort_by_key(|one| (one.longest, one.connection));
    all
}

/// Every certificate of both sides that must not end, but for roots.
fn rests_on<'a>(facts: &Facts<'a>, record: &HandshakeRecord) -> Vec<&'a CertificateRecord> {
    let mut all = Vec::new();
    for serial in [&record.server_serial, &record.client_serial] {
        if let Some(leaf) = facts.certificate(serial) {
            all.push(leaf);
            all.extend(facts.issuers(leaf));
        }
    }
    all.retain(|record| !record.kind.is_root());
    all
}

/// From the first request for its successor to its end, for each provider that was asked.
fn of_certificate(
    records: &Records<'_, '_>,
    manifest: &Manifest,
    record: &CertificateRecord,
) -> Vec<OutageTolerance> {
    let certificate = &record.certificate;
    let whose = record.holder();
    let born = records.issued_at(record) + Span::from_nanos(1);
    let end = certificate.not_after();
    let last = (manifest.start + manifest.duration).min(end);
    let name = certificate.subject_common_name();
    let requests = records.requests(&whose, name, born, last);
    let Some(first) = requests.first() else {
        return Vec::new();
    };
    let asked_at = first.at;
    let kept = kept_without_an_answer(records, &whose, asked_at);
    let ends_at = kept.map_or(end, |kept| end.min(asked_at + kept));
    let providers = records.asked_of(record, asked_at);
    providers
        .into_iter()
        .map(|provider| OutageTolerance {
            connection: 0,
            provider,
            longest: ends_at.since(asked_at),
            asked_at,
            ends_at,
            certificate: certificate.subject().to_owned(),
            holder: whose.clone(),
        })
        .collect()
}

/// How long the files of a unit or application outlive a request that is not answered, where its charm looks by itself
/// whether anything is assigned to it: until the next update-status at the latest.
fn kept_without_an_answer(
    records: &Records<'_, '_>,
    whose: &Address,
    asked_at: Time,
) -> Option<Span> {
    let deployment = records.deployment;
    let application = deployment.application_at(whose)?;
    let mut profiles = records.profiles(whose, asked_at);
    let looks = profiles.any(|profile| {
        let looks = &profile.reconciles;
        looks.is_at_start(&HookName::UpdateStatus) || looks.is_at_end(&HookName::UpdateStatus)
    });
    let model = deployment.applications[application].model;
    looks.then(|| deployment.models[model].update_status_interval)
}
