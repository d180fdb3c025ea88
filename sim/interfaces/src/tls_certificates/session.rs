//! One pass of the requirer's library over its databags: read once, changed in memory, written
//! once.

use crate::notes::{Note, Requested};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::requirer::{Asks, Assigned, Event, Request, Requirer, Side};
use super::{
    CertificateEntry, Mode, ProviderData, REQUESTS, RequestEntry, RequestList, read_provider,
    read_requests,
};
use crate::UnitContext;
use crate::pem;
use trustsim_juju::{HookError, RelationId, SecretView, Value};
use trustsim_kernel::{Span, Time};
use trustsim_pki::{CertificateRequest, KeyPair};

pub(super) struct Session<'a> {
    library: &'a Requirer,
    relation: RelationId,
    asks: &'a Asks<'a>,
    keys: BTreeMap<Side, KeyPair>,
    /// The requests in the databags this unit may write.
    own: BTreeMap<Side, Own>,
    provider: ProviderData,
}

#[derive(Default)]
struct Own {
    entries: Vec<RequestEntry>,
    /// Whether the library dumps it, changed or not.
    is_written: bool,
}

impl<'a> Session<'a> {
    pub(super) fn open(
        library: &'a Requirer,
        unit: &UnitContext<'_>,
        relation: RelationId,
        asks: &'a Asks<'a>,
    ) -> Result<Self, HookError> {
        let provider = read_provider(&unit.remote_application_data(relation)?)?;
        let mut session = Self {
            library,
            relation,
            asks,
            keys: BTreeMap::new(),
            own: BTreeMap::new(),
            // A provider that has written nothing has answered nothing.
            provider: provider.unwrap_or_default(),
        };
        for side in library.mode.sides() {
            if let Some(key) = session.read_key(*side, unit)? {
                session.keys.insert(*side, key);
            }
            if *side == Side::App && !unit.is_leader() {
                continue;
            }
            let bag = match side {
                Side::Unit => unit.unit_data(relation, unit.id())?,
                Side::App => unit.own_application_data(relation)?,
            };
            let entries = read_requests(&bag)?.entries.clone();
            let own = Own {
                entries,
                is_written: false,
            };
            session.own.insert(*side, own);
        }
        Ok(session)
    }

    /// `_get_private_key_for_mode`.
    fn read_key(&self, side: Side, unit: &UnitContext<'_>) -> Result<Option<KeyPair>, HookError> {
        if let Some(key) = self.asks.private_key {
            return Ok(Some(key.clone()));
        }
        let library = self.library;
        let key_side = library.library.key_owner(side);
        if key_side == Side::App && !unit.is_leader() {
            return Ok(None);
        }
        let label = library
            .library
            .key_label(side, unit.unit_number(), &library.endpoint);
        let Some(secret) = unit.secret(Requirer::owner(key_side, unit), &label) else {
            return Ok(None);
        };
        let Some(text) = secret.content.get("private-key") else {
            return Ok(None);
        };
        match &*pem::key(text) {
            Ok(key) => Ok(Some(key.clone())),
            Err(error) => Err(HookError::Charm(format!("ValueError: {error}"))),
        }
    }

    /// `get_csrs_from_requirer_relation_data`: the unit's first.
    fn requests(&self) -> impl Iterator<Item = &RequestEntry> {
        self.own.values().rev().flat_map(|own| &own.entries)
    }

    fn key_of(&self, request: &CertificateRequest) -> bool {
        let spki = request.spki_der();
        self.keys.values().any(|key| key.spki_der() == spki)
    }

    fn wanted(&self, request: &CertificateRequest, is_ca: bool) -> Option<&'a Request> {
        let found = |wanted: &&Request| {
            wanted.is_ca == is_ca && wanted.attributes.matches(request.attributes())
        };
        self.asks.requests.iter().find(found)
    }

    fn side_of(&self, request: &Request) -> Side {
        match self.library.mode {
            Mode::Unit => Side::Unit,
            Mode::App => Side::App,
            Mode::AppAndUnit => request.side,
        }
    }

    /// `_get_mode_for_csr`.
    fn side_of_request(&self, request: &CertificateRequest, is_ca: bool) -> Option<Side> {
        match self.library.mode {
            Mode::Unit => Some(Side::Unit),
            Mode::App => Some(Side::App),
            Mode::AppAndUnit => Some(self.wanted(request, is_ca)?.side),
        }
    }

    /// `_cleanup_certificate_requests`: withdraws what is no longer wanted, or was asked with
    /// another key.
    pub(super) fn clean_up_requests(&mut self) {
        let stale: Vec<CertificateRequest> = self
            .requests()
            .filter(|entry| {
                self.wanted(&entry.request, entry.is_ca()).is_none() || !self.key_of(&entry.request)
            })
            .map(|entry| entry.request.clone())
            .collect();
        for request in &stale {
            self.remove(request);
        }
    }

    /// `_remove_requirer_csr_from_relation_data`: from the application's bag if it is there, else
    /// from the unit's. Each bag it looks into is written, whether the request was there or not.
    fn remove(&mut self, request: &CertificateRequest) {
        if self.own.values().all(|own| own.entries.is_empty()) {
            return;
        }
        for own in self.own.values_mut() {
            let before = own.entries.len();
            own.entries.retain(|entry| entry.request != *request);
            own.is_written = true;
            if own.entries.len() < before {
                return;
            }
        }
    }

    /// `_send_certificate_requests`: asks for what is wanted and was not asked with this key.
    pub(super) fn send(&mut self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        for wanted in self.asks.requests {
            let side = self.side_of(wanted);
            let Some(key) = self.keys.get(&side) else {
                continue;
            };
            // A unit that does not lead cannot write the application's bag, and does not.
            if !self.own.contains_key(&side) {
                continue;
            }
            let asked = self.requests().find(|entry| {
                entry.is_ca() == wanted.is_ca
                    && wanted.attributes.matches(entry.request.attributes())
            });
            if asked.is_some_and(|entry| entry.request.spki_der() == key.spki_der()) {
                continue;
            }
            let mut attributes = wanted.attributes.clone();
            if attributes.unique_identifier.is_some() {
                attributes = attributes.unique(&mut unit.stream("unique-identifier"));
            }
            let request = CertificateRequest::new(&attributes, key)
                .map_err(|error| HookError::Charm(format!("ValueError: {error}")))?;
            if let Some(own) = self.own.get_mut(&side) {
                unit.note(Note::CertificateRequested(Requested::of(
                    request.clone(),
                    self.relation,
                    side == Side::App,
                    wanted.is_ca,
                )));
                let ca = Some(wanted.is_ca);
                own.entries.push(RequestEntry { request, ca });
                own.is_written = true;
            }
        }
        Ok(())
    }

    /// `_find_available_certificates`.
    pub(super) fn find_available(
        &self,
        unit: &mut UnitContext<'_>,
    ) -> Result<Vec<Event>, HookError> {
        let certificates = Arc::clone(&self.provider.certificates);
        let mut positions: Vec<u32> = self
            .requests()
            .flat_map(|entry| certificates.positions(&entry.request))
            .copied()
            .collect();
        positions.sort_unstable();
        positions.dedup();
        let mut events = Vec::new();
        for position in positions {
            let entry = &certificates.entries()[position as usize];
            if self.take(entry, unit)? {
                events.push(Event::Available(Arc::clone(entry)));
            }
        }
        if self.library.library.knows_errors() {
            events.extend(self.denied());
        }
        Ok(events)
    }

    /// Keeps one answer in its secret; whether the charm is told of it.
    fn take(
        &self,
        entry: &CertificateEntry,
        unit: &mut UnitContext<'_>,
    ) -> Result<bool, HookError> {
        let is_ca = entry.certificate.is_ca();
        let Some(side) = self.side_of_request(&entry.request, is_ca) else {
            return Ok(false);
        };
        let library = self.library.library;
        let owner = Requirer::owner(library.certificate_owner(side), unit);
        let digest = entry.request.sha256_hex();
        let (number, endpoint) = (unit.unit_number(), &self.library.endpoint);
        let label = library.certificate_label(side, number, endpoint, &digest);
        let secret = unit.secret(owner, &label);
        if entry.is_revoked() {
            if let Some(secret) = secret {
                unit.remove_secret(secret.id)?;
            }
            return Ok(false);
        }
        if self.wanted(&entry.request, is_ca).is_none() {
            return Ok(false);
        }
        let matches = |key: &KeyPair| key.spki_der() == entry.certificate.spki_der();
        let checks_key = library.knows_errors();
        if checks_key && !self.keys.get(&side).is_some_and(matches) {
            return Ok(false);
        }
        let permille = self.library.renewal_permille;
        let expire = |now| Some(renewal_time(now, entry.certificate.not_after(), permille));
        let content = || {
            let certificate = Value::from(entry.certificate.pem());
            let csr = Value::from(entry.request.pem());
            [
                ("certificate".to_owned(), certificate),
                ("csr".to_owned(), csr),
            ]
            .into()
        };
        match secret {
            Some(secret) if holds(&secret, entry) => Ok(library.emits_known_certificates()),
            Some(secret) => {
                unit.set_secret_content(secret.id, content())?;
                unit.set_secret_expire(secret.id, expire(unit.now()))?;
                Ok(true)
            }
            None => {
                unit.add_secret(owner, &label, content(), expire(unit.now()))?;
                Ok(true)
            }
        }
    }

    fn denied(&self) -> Vec<Event> {
        let errors = self.provider.errors.entries.iter();
        errors
            .filter_map(|refusal| {
                let request = CertificateRequest::from_pem(&refusal.request).ok()?;
                let is_own = self.requests().any(|entry| entry.request == request);
                is_own.then(|| Event::Denied(request, refusal.error.clone()))
            })
            .collect()
    }

    /// `get_assigned_certificate`. It does not ask whether the certificate was revoked.
    pub(super) fn assigned(&self, wanted: &Request) -> Option<Assigned> {
        let asked = self.requests().find(|entry| {
            entry.is_ca() == wanted.is_ca && wanted.attributes.matches(entry.request.attributes())
        })?;
        let entry = self.answer(asked, self.library.mode.sides())?;
        let key = self.keys.get(&self.side_of(wanted))?.clone();
        Some(Assigned { entry, key })
    }

    /// `_find_certificate_in_relation_data`.
    fn answer(&self, asked: &RequestEntry, sides: &[Side]) -> Option<Arc<CertificateEntry>> {
        sides.iter().find_map(|side| {
            let key = self.keys.get(side)?;
            let fits = |entry: &&Arc<CertificateEntry>| {
                entry.certificate.is_ca() == asked.is_ca()
                    && entry.certificate.spki_der() == key.spki_der()
            };
            let mut answers = self.provider.certificates.answers(&asked.request);
            answers.find(fits).cloned()
        })
    }

    /// `_renew_expiring_certificates`: the safety net, for what the secret's expiry missed.
    pub(super) fn renew_expiring(&mut self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        for side in self.library.mode.sides() {
            let assigned: Vec<Arc<CertificateEntry>> = match self.library.mode {
                Mode::AppAndUnit => self
                    .requests()
                    .filter(|entry| {
                        self.side_of_request(&entry.request, entry.is_ca()) == Some(*side)
                    })
                    .filter_map(|entry| self.answer(entry, &[*side]))
                    .collect(),
                Mode::Unit | Mode::App => self
                    .requests()
                    .filter_map(|entry| self.answer(entry, self.library.mode.sides()))
                    .collect(),
            };
            for entry in assigned {
                let (from, until) = (
                    entry.certificate.not_before(),
                    entry.certificate.not_after(),
                );
                let permille = (self.library.renewal_permille + 50).min(990);
                let threshold = from + share(until.since(from), permille);
                if unit.has_passed(threshold) && !unit.has_passed(until) {
                    self.renew(&entry.request, unit)?;
                }
            }
        }
        Ok(())
    }

    /// `_renew_certificate_request`: the same key, a new request.
    pub(super) fn renew(
        &mut self,
        request: &CertificateRequest,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        self.remove(request);
        self.send(unit)
    }

    /// Writes the bags that the library dumps. It clears a bag before it writes it: the addresses
    /// that Juju puts into a unit's bag go with the first request.
    pub(super) fn write(self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        for (side, own) in self.own {
            if !own.is_written {
                continue;
            }
            let value = RequestList::new(own.entries).into_value();
            let relation = self.relation;
            match side {
                Side::App => unit.set_application_data(relation, REQUESTS, value)?,
                Side::Unit => {
                    let bag = unit.unit_data(relation, unit.id())?;
                    for (key, _) in bag.iter().filter(|(key, _)| *key != REQUESTS) {
                        unit.set_unit_data(relation, key, None)?;
                    }
                    unit.set_unit_data(relation, REQUESTS, value)?;
                }
            }
        }
        Ok(())
    }
}

fn holds(secret: &SecretView, entry: &CertificateEntry) -> bool {
    let held = secret.content.get("certificate").map(Value::text);
    held == Some(entry.certificate.pem())
}

fn share(span: Span, permille: u32) -> Span {
    assert!(
        permille <= 1_000,
        "a share is {permille} thousandths at most"
    );
    let ns = span.as_nanos() * u128::from(permille) / 1_000;
    Span::from_nanos(u64::try_from(ns).expect("a certificate is valid for less than 584 years"))
}

/// `calculate_relative_datetime`: this share of what is left *from now on*, not of the whole
/// life; for a certificate that has ended, an instant in the past.
fn renewal_time(now: Time, until: Time, permille: u32) -> Time {
    if until >= now {
        now + share(until.since(now), permille)
    } else {
        now - share(now.since(until), permille)
    }
}
