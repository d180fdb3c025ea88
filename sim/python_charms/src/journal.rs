//! What a hook puts into the journal: requests, certificates, refusals and CAs that are new in its databags and secrets.
//! The charm's code says nothing of them, so they are read off what it wrote.

use std::sync::Arc;

use trustsim_charm_model::issuing::note_ca;
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{
    CertificateKind, Issued, Note, RefusalKind, RefusedRequest, Requested,
};
use trustsim_interfaces::pem;
use trustsim_interfaces::tls_certificates::{
    CertificateEntry, ErrorEntry, RequestEntry, read_provider, read_requests,
};
use trustsim_juju::{Bag, SecretContent, SecretOwner, VisibleModel, VisibleRelation};
use trustsim_pki::{Certificate, CertificateRequest};

use crate::answer::Answer;

/// The interface over which certificates are requested.
const CERTIFICATES: &str = "tls-certificates";

/// Notes what is new after a hook. `before` is what the unit saw, `after` the same with what was written.
pub(crate) fn note(
    answer: &Answer,
    before: &VisibleModel,
    after: &VisibleModel,
    unit: &mut UnitContext<'_>,
) {
    // A CA is told before what it signs.
    let known = own_cas(before);
    for ca in own_cas(after) {
        if !known.contains(&ca) && ca.is_self_issued() {
            note_ca(unit, &ca, Some(&ca));
        }
    }
    for relation in after
        .relations
        .iter()
        .filter(|each| is_for_certificates(each))
    {
        let mut known = before.relations.iter();
        let was = known.find(|each| each.id == relation.id);
        let was = was.expect("no relation comes while a hook runs");
        let own = |relation: &VisibleRelation| {
            // Who does not lead may not read the application's, and writes nothing there.
            let application = relation.application_data.clone().unwrap_or_default();
            (application, relation.unit_data.clone())
        };
        let (application, own_unit) = own(relation);
        let (application_before, unit_before) = own(was);
        note_requests(&unit_before, &own_unit, relation, false, unit);
        note_requests(&application_before, &application, relation, true, unit);
        note_answers(&application_before, &application, relation, unit);
        note_refusals(&application_before, &application, unit);
    }
    if let Some(message) = &answer.action_failed {
        unit.note(Note::action_failed(message));
    } else if let Some(results) = answer.results.as_ref().filter(|all| !all.is_empty()) {
        unit.note(Note::ActionResults(results.clone()));
    }
}

fn is_for_certificates(relation: &VisibleRelation) -> bool {
    !relation.is_peer && *relation.interface == *CERTIFICATES
}

/// The CAs whose keys this application keeps in its secrets.
pub(crate) fn own_cas(seen: &VisibleModel) -> Vec<Certificate> {
    let own = seen.secrets.iter();
    let own = own.filter(|secret| matches!(secret.owner, SecretOwner::Application(_)));
    own.flat_map(|secret| cas_with_keys(&secret.content))
        .collect()
}

/// The CA certificates of a secret whose keys are in it, too.
pub(crate) fn cas_with_keys(content: &SecretContent) -> Vec<Certificate> {
    let has_key = |text: &str| text.contains("PRIVATE KEY-----");
    let keys: Vec<_> = content
        .values()
        .filter(|value| has_key(value.text()))
        .filter_map(|value| pem::key(value).as_ref().as_ref().ok().cloned())
        .collect();
    let chains = content.values().filter(|value| !has_key(value.text()));
    let certificates = chains.flat_map(|value| pem::loadable(Some(value)));
    certificates
        .filter(|ca| ca.is_ca() && keys.iter().any(|key| key.spki_der() == ca.spki_der()))
        .collect()
}

/// A bag that is not valid has no requests; the library that reads it says so.
fn requests(bag: &Bag) -> Vec<RequestEntry> {
    read_requests(bag).map_or_else(|_| Vec::new(), |list| list.entries.to_vec())
}

fn note_requests(
    before: &Bag,
    after: &Bag,
    relation: &VisibleRelation,
    is_shared: bool,
    unit: &mut UnitContext<'_>,
) {
    let known = requests(before);
    for entry in requests(after) {
        if !known.contains(&entry) {
            let is_ca = entry.is_ca();
            let requested = Requested::of(entry.request, relation.id, is_shared, is_ca);
            unit.note(Note::CertificateRequested(requested));
        }
    }
}

fn answers(bag: &Bag) -> Vec<Arc<CertificateEntry>> {
    let read = read_provider(bag).ok().flatten();
    read.map_or_else(Vec::new, |data| data.certificates.entries().to_vec())
}

fn note_answers(before: &Bag, after: &Bag, relation: &VisibleRelation, unit: &mut UnitContext<'_>) {
    let known = answers(before);
    for entry in answers(after) {
        if known.iter().any(|old| old.certificate == entry.certificate) {
            continue;
        }
        let is_ca = entry.certificate.is_ca();
        unit.note(Note::CertificateIssued(Issued {
            certificate: entry.certificate.clone(),
            kind: match is_ca {
                true => CertificateKind::Intermediate,
                false => CertificateKind::Leaf,
            },
            issuer_serial: issuer(&entry).serial().to_owned(),
            requirer: Arc::clone(&relation.remote_application),
            unit: asker(relation, &entry.request),
            endpoint: Arc::clone(&relation.endpoint),
            request: Some(entry.request.clone()),
        }));
    }
}

/// The CA that signed: the `ca` of an entry, or one of its chain.
fn issuer(entry: &CertificateEntry) -> &Certificate {
    let mut chain = entry.chain.iter().flatten();
    let signed = |ca: &&Certificate| entry.certificate.verify_issued_by(ca);
    let above = chain.find(|ca| **ca != entry.certificate && signed(ca));
    above.unwrap_or(&entry.ca)
}

/// The unit that asked; none where the application did.
fn asker(relation: &VisibleRelation, request: &CertificateRequest) -> Option<Arc<str>> {
    let asks = |bag: &Bag| requests(bag).iter().any(|entry| entry.request == *request);
    let mut units = relation.remote_units.iter();
    let found = units.find(|(_, bag)| asks(bag));
    found.map(|(unit, _)| Arc::clone(unit))
}

fn note_refusals(before: &Bag, after: &Bag, unit: &mut UnitContext<'_>) {
    let refusals = |bag: &Bag| -> Vec<ErrorEntry> {
        let read = read_provider(bag).ok().flatten();
        read.map_or_else(Vec::new, |data| data.errors.entries.clone())
    };
    let known = refusals(before);
    for refusal in refusals(after) {
        if known.contains(&refusal) {
            continue;
        }
        let request = CertificateRequest::from_pem(&refusal.request).ok();
        let asked = request.as_ref();
        unit.note(Note::CertificateRefused {
            refused: RefusedRequest {
                common_name: asked.and_then(|asked| asked.attributes().common_name.clone()),
                kind: RefusalKind::Other,
                reason: refusal.error.message,
            },
            request,
        });
    }
}
