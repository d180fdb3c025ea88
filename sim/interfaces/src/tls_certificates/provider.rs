//! The provider side (`TLSCertificatesProvidesV4`): finds requests without an answer, writes
//! answers, and takes back those whose request is gone.

use crate::notes::{Note, RefusalKind, RefusedRequest};
use std::sync::Arc;

use super::{
    CAPABILITIES, CERTIFICATES, Capabilities, CertificateEntry, CertificateList, ErrorEntry,
    ErrorList, Library, ProviderData, REQUEST_ERRORS, RequestEntry, RequestError, RequestList,
    read_provider, read_requests,
};
use crate::UnitContext;
use trustsim_juju::{Hook, HookError, RelationId, UnitId};
use trustsim_pki::{Certificate, CertificateRequest};

/// A request without a certificate (`RequirerCertificateRequest`).
#[derive(Clone, Debug)]
pub struct Outstanding {
    /// Where it came from.
    pub relation: RelationId,
    /// The unit that asks; `None` where the application does.
    pub unit: Option<UnitId>,
    /// The request.
    pub request: CertificateRequest,
    /// Whether a CA certificate is asked for.
    pub is_ca: bool,
}

/// A certificate for a request (`ProviderCertificate`). That it could say "revoked" does not
/// help: the library drops it on the way into the databag.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request.
    pub request: CertificateRequest,
    /// Its certificate.
    pub certificate: Certificate,
    /// The `ca` field.
    pub ca: Certificate,
    /// Leaf first.
    pub chain: Vec<Certificate>,
}

/// The library of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// What the charm says it can do.
    pub capabilities: Option<Capabilities>,
    /// Which library the charm carries.
    pub library: Library,
}

/// What the library has read of one relation.
struct Side {
    relation: RelationId,
    answers: ProviderData,
    requests: Vec<(Option<UnitId>, Arc<RequestList>)>,
}

impl Side {
    fn requests(&self) -> impl Iterator<Item = (Option<UnitId>, &RequestEntry)> {
        self.requests
            .iter()
            .flat_map(|(unit, list)| list.entries.iter().map(|entry| (*unit, entry)))
    }
}

impl Provider {
    /// The current library, saying nothing of capabilities.
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: Arc::from(endpoint),
            capabilities: None,
            library: Library::Current,
        }
    }

    /// Runs the library's own observers of this hook: relation-created, -joined, -changed and
    /// update-status, not -departed nor -broken. That of version 3: -changed of a unit.
    ///
    /// # Errors
    ///
    /// [`HookError`] where the library raises: texts that are no PEM.
    pub fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let is_v3 = self.library == Library::V3;
        let observed = match hook {
            Hook::RelationChanged {
                relation,
                unit: asking,
            } if is_v3 => {
                // `if event.unit is None: return`.
                asking.is_some() && unit.own_endpoint(*relation) == Some(&*self.endpoint)
            }
            _ if is_v3 => false,
            Hook::UpdateStatus => true,
            Hook::RelationCreated { relation }
            | Hook::RelationJoined { relation, .. }
            | Hook::RelationChanged { relation, .. } => {
                unit.own_endpoint(*relation) == Some(&*self.endpoint)
            }
            _ => false,
        };
        if !observed || !unit.is_leader() {
            return Ok(());
        }
        let sides = self.sides(unit)?;
        for (relation, kept) in unsolicited(&sides) {
            unit.set_application_data(relation, CERTIFICATES, kept.into_value())?;
        }
        for relation in self.silent(&sides) {
            let value = self.capabilities.as_ref().map(Capabilities::to_value);
            unit.set_application_data(relation, CAPABILITIES, value)?;
        }
        Ok(())
    }

    /// `get_outstanding_certificate_requests`: requests without a certificate that is not
    /// revoked. A unit that does not lead sees no certificates, so all look outstanding to it.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn outstanding(&self, unit: &UnitContext<'_>) -> Result<Vec<Outstanding>, HookError> {
        Ok(outstanding(&self.sides(unit)?).collect())
    }

    /// `get_certificate_requests`: every request, answered or not. Any unit may read them.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn requests(&self, unit: &UnitContext<'_>) -> Result<Vec<Outstanding>, HookError> {
        let sides = self.sides(unit)?;
        let requests = sides.iter().flat_map(|side| {
            let requests = side.requests();
            requests.map(|(asking, entry)| asked(side.relation, asking, entry))
        });
        Ok(requests.collect())
    }

    /// `set_relation_certificate` for each of these answers, which must be of this relation:
    /// what was answered before to the same request goes, errors included, and the new ones are
    /// put at the end.
    ///
    /// # Errors
    ///
    /// [`HookError`] for an empty chain, which the library looks into, and as
    /// [`Provider::on_hook`].
    pub fn set_certificates(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        answers: Vec<Answer>,
    ) -> Result<(), HookError> {
        assert_eq!(
            unit.own_endpoint(relation),
            Some(&*self.endpoint),
            "a provider answers in relations of its own endpoint"
        );
        if !unit.is_leader() || answers.is_empty() {
            return Ok(());
        }
        if answers.iter().any(|answer| answer.chain.is_empty()) {
            return Err(HookError::Charm(
                "IndexError: list index out of range".to_owned(),
            ));
        }
        let Some(data) = read_provider(&unit.own_application_data(relation)?)? else {
            return Ok(());
        };
        let mut asked: Vec<&CertificateRequest> =
            answers.iter().map(|answer| &answer.request).collect();
        asked.sort_unstable();
        self.drop_errors(unit, relation, &data.errors, &asked)?;
        let is_kept =
            |entry: &&Arc<CertificateEntry>| asked.binary_search(&&entry.request).is_err();
        let mut entries: Vec<Arc<CertificateEntry>> = data
            .certificates
            .entries()
            .iter()
            .filter(is_kept)
            .cloned()
            .collect();
        for answer in answers {
            let entry = CertificateEntry::new(
                answer.ca,
                answer.request,
                answer.certificate,
                Some(answer.chain),
                None,
            );
            entries.push(Arc::new(entry));
        }
        let value = CertificateList::new(entries).into_value();
        unit.set_application_data(relation, CERTIFICATES, value)?;
        Ok(())
    }

    fn drop_errors(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        errors: &ErrorList,
        requests: &[&CertificateRequest],
    ) -> Result<(), HookError> {
        if errors.entries.is_empty() {
            return Ok(());
        }
        let mut kept = ErrorList::default();
        for entry in &errors.entries {
            let request = super::data::request(&entry.request)
                .map_err(|error| HookError::Charm(error.to_string()))?;
            if requests.binary_search(&&request).is_err() {
                kept.entries.push(entry.clone());
            }
        }
        unit.set_application_data(relation, REQUEST_ERRORS, kept.into_value())?;
        Ok(())
    }

    /// `set_relation_error`: the certificate for this request goes, the error takes its place.
    /// Libraries before charmlibs know no errors. `kind` is for the journal: the databag has no place
    /// for it.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn set_error(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        request: &CertificateRequest,
        error: RequestError,
        kind: RefusalKind,
    ) -> Result<(), HookError> {
        assert_eq!(
            unit.own_endpoint(relation),
            Some(&*self.endpoint),
            "a provider refuses in relations of its own endpoint"
        );
        if !unit.is_leader() || !self.library.knows_errors() {
            return Ok(());
        }
        // The library logs what is not valid and goes on.
        let Some(data) = read_provider(&unit.own_application_data(relation)?)? else {
            return Ok(());
        };
        let others = data.certificates.entries().iter();
        let kept = others.filter(|entry| entry.request != *request).cloned();
        let value = CertificateList::new(kept.collect()).into_value();
        unit.set_application_data(relation, CERTIFICATES, value)?;
        let mut same = data.errors.entries.iter();
        let is_known =
            same.any(|known| known.request == request.pem() && known.error.code == error.code);
        if !is_known {
            note_refusal(unit, request, &error, kind);
        }
        let mut errors = ErrorList::default();
        let others = data.errors.entries.iter();
        errors.entries.extend(
            others
                .filter(|entry| entry.request != request.pem())
                .cloned(),
        );
        errors.entries.push(ErrorEntry {
            request: request.pem().to_owned(),
            error,
        });
        unit.set_application_data(relation, REQUEST_ERRORS, errors.into_value())?;
        Ok(())
    }

    /// The error that this request has now.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn error_of(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
        request: &CertificateRequest,
    ) -> Result<Option<RequestError>, HookError> {
        let data = read_provider(&unit.own_application_data(relation)?)?;
        let errors = data.iter().flat_map(|data| &data.errors.entries);
        let mut mine = errors.filter(|entry| entry.request == request.pem());
        Ok(mine.next().map(|entry| entry.error.clone()))
    }

    /// `revoke_all_certificates`: every entry stays, marked; its request is outstanding again.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn revoke_all(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.is_leader() {
            return Ok(());
        }
        for relation in unit.relations(&self.endpoint) {
            let Some(data) = read_provider(&unit.own_application_data(relation)?)? else {
                continue;
            };
            let entries = data.certificates.entries().iter();
            let revoked = entries.map(|entry| Arc::new(entry.as_revoked())).collect();
            let value = CertificateList::new(revoked).into_value();
            unit.set_application_data(relation, CERTIFICATES, value)?;
        }
        Ok(())
    }

    /// `get_issued_certificates`: what is not revoked, of all relations.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn issued(&self, unit: &UnitContext<'_>) -> Result<Vec<Arc<CertificateEntry>>, HookError> {
        let sides = self.sides(unit)?;
        let entries = sides
            .iter()
            .flat_map(|side| side.answers.certificates.entries());
        Ok(entries
            .filter(|entry| !entry.is_revoked())
            .cloned()
            .collect())
    }

    /// `get_provider_certificates` of one relation: the requests that have an answer, revoked or not. A unit that does not
    /// lead reads none.
    ///
    /// # Errors
    ///
    /// As [`Provider::on_hook`].
    pub fn answered(
        &self,
        unit: &UnitContext<'_>,
        relation: RelationId,
    ) -> Result<Vec<CertificateRequest>, HookError> {
        let sides = self.sides(unit)?;
        let here = sides.iter().filter(|side| side.relation == relation);
        let entries = here.flat_map(|side| side.answers.certificates.entries());
        Ok(entries.map(|entry| entry.request.clone()).collect())
    }

    /// Reads every relation of the endpoint: the bags of its units by name, then the other
    /// application's. An invalid bag counts as empty.
    fn sides(&self, unit: &UnitContext<'_>) -> Result<Vec<Side>, HookError> {
        let mut sides = Vec::new();
        for relation in unit.relations(&self.endpoint) {
            let mut requests = Vec::new();
            for remote in unit.remote_units(relation) {
                let list = read_requests(&unit.unit_data(relation, remote)?)?;
                requests.push((Some(remote), list));
            }
            if self.library.has_application_requests() {
                let list = read_requests(&unit.remote_application_data(relation)?)?;
                requests.push((None, list));
            }
            let answers = if unit.is_leader() {
                read_provider(&unit.own_application_data(relation)?)?
            } else {
                None
            };
            sides.push(Side {
                relation,
                // Where nothing was written, or may be read, nothing was answered.
                answers: answers.unwrap_or_default(),
                requests,
            });
        }
        Ok(sides)
    }

    /// Relations in which what is said of capabilities is not what the charm says.
    fn silent(&self, sides: &[Side]) -> Vec<RelationId> {
        if !self.library.knows_errors() {
            return Vec::new();
        }
        let differs = |side: &&Side| side.answers.capabilities != self.capabilities;
        sides
            .iter()
            .filter(differs)
            .map(|side| side.relation)
            .collect()
    }
}

/// Says once what is refused, and why: the text may hold the time, and be written again and again.
fn note_refusal(
    unit: &mut UnitContext<'_>,
    request: &CertificateRequest,
    error: &RequestError,
    kind: RefusalKind,
) {
    let reason = match &error.reason {
        Some(reason) => format!("{} {reason}", error.message),
        None => error.message.clone(),
    };
    unit.note(Note::CertificateRefused {
        refused: RefusedRequest {
            common_name: request.attributes().common_name.clone(),
            kind,
            reason,
        },
        request: Some(request.clone()),
    });
}

fn outstanding(sides: &[Side]) -> impl Iterator<Item = Outstanding> + '_ {
    let requests = sides.iter().enumerate().flat_map(|(at, side)| {
        let requests = side.requests();
        requests.map(move |(asking, entry)| (at, side.relation, asking, entry))
    });
    requests
        .filter(|(at, _, _, entry)| !is_answered(sides, *at, &entry.request))
        .map(|(_, relation, unit, entry)| asked(relation, unit, entry))
}

fn asked(relation: RelationId, unit: Option<UnitId>, entry: &RequestEntry) -> Outstanding {
    Outstanding {
        relation,
        unit,
        request: entry.request.clone(),
        is_ca: entry.is_ca(),
    }
}

/// `_remove_certificates_for_which_no_csr_exists`: the lists without those answers, where there
/// are any.
fn unsolicited(sides: &[Side]) -> Vec<(RelationId, CertificateList)> {
    let mut changed = Vec::new();
    for (at, side) in sides.iter().enumerate() {
        let certificates = &side.answers.certificates;
        let mut solicited = vec![false; certificates.entries().len()];
        for (_, entry) in side.requests() {
            for position in certificates.positions(&entry.request) {
                solicited[*position as usize] = true;
            }
        }
        // The same request may be in another relation. No charm does that, but the library looks.
        let others = || sides.iter().enumerate().filter(|(other, _)| *other != at);
        for (found, entry) in solicited.iter_mut().zip(certificates.entries()) {
            *found = *found
                || others().any(|(_, other)| {
                    other
                        .requests()
                        .any(|(_, asked)| asked.request == entry.request)
                });
        }
        if solicited.iter().all(|found| *found) {
            continue;
        }
        let kept = certificates.entries().iter().zip(&solicited);
        let kept = kept
            .filter(|(_, found)| **found)
            .map(|(entry, _)| Arc::clone(entry));
        changed.push((side.relation, CertificateList::new(kept.collect())));
    }
    changed
}

/// `_certificate_issued_for_csr`: looks in the relation of the request first, which holds the
/// answer unless a request is in two relations.
fn is_answered(sides: &[Side], at: usize, request: &CertificateRequest) -> bool {
    let order = std::iter::once(at).chain((0..sides.len()).filter(|other| *other != at));
    let answer = order.into_iter().find_map(|side| {
        let certificates = &sides[side].answers.certificates;
        certificates
            .answers(request)
            .find(|entry| !entry.is_revoked())
    });
    answer.is_some_and(|entry| entry.certificate.spki_der() == request.spki_der())
}
