//! The provider's side of the legacy (reactive) tls-certificates interface: `provides.py` and
//! `tls_certificates_common.py`.
//!
//! A further kind of request is a variant of [`LegacyRequestKind`] and an element of its `ALL`; the compiler then asks
//! for its databag keys and for where its answer is stored.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::super::notes::{Note, StoredKey};
use super::super::{json, pem};
use super::data::{Object, json_object, name_list, object_value, text_field, text_list};
use super::unit_key;
use crate::UnitContext;
use trustsim_juju::{Bag, HookError, RelationId, UnitId, Value};

/// What a requirer can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LegacyRequestKind {
    /// A server's certificate.
    Server,
    /// A client's.
    Client,
    /// One for all units of an application, with the names of all of them.
    Application,
    /// A CA's.
    Intermediate,
}

impl LegacyRequestKind {
    /// In the order in which the library reads them.
    const ALL: [Self; 4] = [
        Self::Server,
        Self::Client,
        Self::Application,
        Self::Intermediate,
    ];

    /// The key of requests of this kind.
    pub(super) const fn requests_key(self) -> &'static str {
        match self {
            Self::Server => "cert_requests",
            Self::Client => "client_cert_requests",
            Self::Application => "application_cert_requests",
            Self::Intermediate => "intermediate_cert_requests",
        }
    }

    /// The key of answers of this kind to a unit.
    pub(super) fn answers_key(self, unit_in_key: &str) -> String {
        let processed = match self {
            Self::Server => "processed_requests",
            Self::Client => "processed_client_requests",
            Self::Application => "processed_application_requests",
            Self::Intermediate => "processed_intermediate_requests",
        };
        assert!(
            !unit_in_key.contains('/'),
            "the unit name `{unit_in_key}` is given where its form in databag keys (`app_0`) is expected"
        );
        format!("{unit_in_key}.{processed}")
    }
}

/// One request (`CertificateRequest`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyRequest {
    /// The relation.
    pub relation: RelationId,
    /// The remote unit that asks.
    pub unit: UnitId,
    /// The unit's name as databag keys spell it, `app_0`. In a cross-model relation it differs from Juju's name for the
    /// unit.
    pub unit_key: String,
    /// What is asked for.
    pub kind: LegacyRequestKind,
    /// Common name.
    pub common_name: String,
    /// Alternative names, in the order asked for; of an application those of all units.
    pub sans: Vec<String>,
    /// Whether it is the first server certificate, which has databag keys of its own.
    is_first_server_certificate: bool,
}

impl LegacyRequest {
    /// `application_name`: the application that asks.
    pub fn application_name(&self) -> &str {
        self.unit_key
            .rsplit_once('_')
            .map_or(&*self.unit_key, |(application, _)| application)
    }

    /// `_publish_key`; none for the first server certificate.
    pub fn publish_key(&self) -> Option<String> {
        (!self.is_first_server_certificate).then(|| self.kind.answers_key(&self.unit_key))
    }

    /// Where the answer is stored: in two databag keys, or in a field of one JSON databag key.
    fn answer_location(&self) -> AnswerLocation {
        if self.is_first_server_certificate {
            return AnswerLocation::TopLevel {
                certificate_at: format!("{}.server.cert", self.unit_key),
                private_key_at: format!("{}.server.key", self.unit_key),
            };
        }
        let field = match self.kind {
            LegacyRequestKind::Application => "app_data".to_owned(),
            LegacyRequestKind::Server
            | LegacyRequestKind::Client
            | LegacyRequestKind::Intermediate => self.common_name.clone(),
        };
        AnswerLocation::Field {
            answers_at: self.kind.answers_key(&self.unit_key),
            field,
        }
    }

    /// The names as `is_handled` compares them: `sorted(set(sans))`.
    fn names_text(&self) -> String {
        let names: BTreeSet<&String> = self.sans.iter().collect();
        let list = Json::from_iter(names.into_iter().cloned());
        json::dumps(&list, true)
    }
}

/// Where the answer to a request is. Every `..._at` is a databag key.
enum AnswerLocation {
    TopLevel {
        certificate_at: String,
        private_key_at: String,
    },
    Field {
        answers_at: String,
        field: String,
    },
}

/// The library of one endpoint (`TlsProvides`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Endpoint name.
    pub endpoint: Arc<str>,
}

impl Provider {
    /// The library of this endpoint.
    pub fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.into(),
        }
    }

    /// `endpoint.joined`: whether any remote unit is there.
    pub fn is_joined(&self, unit: &UnitContext<'_>) -> bool {
        let relations = unit.relations(&self.endpoint);
        relations
            .into_iter()
            .any(|relation| !unit.remote_units(relation).is_empty())
    }

    /// `all_requests`, in the order of `all_joined_units`: by relation id as text, so that
    /// `client:10` comes before `client:9`, then by unit name.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a databag holds something else than the library expects.
    pub fn requests(&self, unit: &UnitContext<'_>) -> Result<Vec<LegacyRequest>, HookError> {
        let mut found = Vec::new();
        for relation in self.relations(unit) {
            let remotes = unit.remote_units(relation);
            let bags = remotes
                .iter()
                .map(|remote| Ok((*remote, unit.unit_data(relation, *remote)?)))
                .collect::<Result<Vec<_>, HookError>>()?;
            for (remote, bag) in &bags {
                requests_of_unit(unit, relation, *remote, bag, &bags, &mut found)?;
            }
        }
        Ok(found)
    }

    /// `new_requests`.
    ///
    /// # Errors
    ///
    /// As [`Provider::requests`].
    pub fn new_requests(&self, unit: &UnitContext<'_>) -> Result<Vec<LegacyRequest>, HookError> {
        let mut new = Vec::new();
        for asked in self.requests(unit)? {
            if !self.is_handled(unit, &asked)? {
                new.push(asked);
            }
        }
        Ok(new)
    }

    /// `is_handled`: whether the answer is published and the requested names have not changed since.
    ///
    /// # Errors
    ///
    /// As [`Provider::requests`].
    pub fn is_handled(
        &self,
        unit: &UnitContext<'_>,
        asked: &LegacyRequest,
    ) -> Result<bool, HookError> {
        let known = unit.files().get(&*self.handled_path(unit, asked));
        let same_names = known.is_some_and(|known| known.text() == asked.names_text());
        Ok(same_names && is_published(unit, asked)?)
    }

    /// `set_cert`: publishes certificate and key to the unit that asked.
    ///
    /// # Errors
    ///
    /// As [`Provider::requests`].
    pub fn publish(
        &self,
        unit: &mut UnitContext<'_>,
        asked: &LegacyRequest,
        certificate: &Value,
        key: &Value,
    ) -> Result<(), HookError> {
        let asking = match asked.kind {
            // Every unit of the application gets the same.
            LegacyRequestKind::Application => self.requests_of_all_units(unit, asked)?,
            LegacyRequestKind::Server
            | LegacyRequestKind::Client
            | LegacyRequestKind::Intermediate => vec![asked.clone()],
        };
        for asked in &asking {
            self.write(unit, asked, certificate, key)?;
        }
        let path = self.handled_path(unit, asked);
        unit.push_file(&path, Value::from(asked.names_text()));
        Ok(())
    }

    /// `set_ca`, `set_chain`: sets a key in every relation. `None` removes it, as `relation-set` does.
    ///
    /// # Errors
    ///
    /// As [`Provider::requests`].
    pub fn set_for_all(
        &self,
        unit: &mut UnitContext<'_>,
        key: &str,
        value: Option<&Value>,
    ) -> Result<(), HookError> {
        for relation in self.relations(unit) {
            unit.set_unit_data(relation, key, value.cloned())?;
        }
        Ok(())
    }

    /// `set_client_cert`: one client certificate for everyone.
    ///
    /// # Errors
    ///
    /// As [`Provider::requests`].
    pub fn set_client_cert(
        &self,
        unit: &mut UnitContext<'_>,
        certificate: &Value,
        key: &Value,
    ) -> Result<(), HookError> {
        for relation in self.relations(unit) {
            let before = unit.unit_data(relation, unit.id())?;
            let has = |name: &str, value: &Value| before.get(name) == Some(value);
            if !has("client.key", key) || !has("client.cert", certificate) {
                let holder = unit.remote_application_name(relation).into();
                note_key(unit, relation, "client.key", holder, certificate);
            }
            unit.set_unit_data(relation, "client.cert", Some(certificate.clone()))?;
            unit.set_unit_data(relation, "client.key", Some(key.clone()))?;
        }
        Ok(())
    }

    /// Whether every relation carries this value under `key`.
    ///
    /// # Errors
    ///
    /// As [`Provider::requests`].
    pub fn all_carry(
        &self,
        unit: &UnitContext<'_>,
        key: &str,
        value: &Value,
    ) -> Result<bool, HookError> {
        for relation in self.relations(unit) {
            if unit.unit_data(relation, unit.id())?.get(key) != Some(value) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn relations(&self, unit: &UnitContext<'_>) -> Vec<RelationId> {
        let mut relations = unit.relations(&self.endpoint);
        relations.sort_by_key(|relation| relation_id(unit, *relation));
        relations
    }

    /// This request once for each unit of the relation, as if that unit had made it.
    fn requests_of_all_units(
        &self,
        unit: &UnitContext<'_>,
        asked: &LegacyRequest,
    ) -> Result<Vec<LegacyRequest>, HookError> {
        let mut requests = Vec::new();
        for remote in unit.remote_units(asked.relation) {
            let bag = unit.unit_data(asked.relation, remote)?;
            requests.push(LegacyRequest {
                unit: remote,
                unit_key: remote_unit_key(unit, remote, &bag),
                ..asked.clone()
            });
        }
        Ok(requests)
    }

    fn write(
        &self,
        unit: &mut UnitContext<'_>,
        asked: &LegacyRequest,
        certificate: &Value,
        key: &Value,
    ) -> Result<(), HookError> {
        let relation = asked.relation;
        let before = unit.unit_data(relation, unit.id())?;
        let (place, is_new) = match asked.answer_location() {
            AnswerLocation::TopLevel {
                certificate_at,
                private_key_at,
            } => {
                unit.set_unit_data(relation, &certificate_at, Some(certificate.clone()))?;
                unit.set_unit_data(relation, &private_key_at, Some(key.clone()))?;
                let is_new = before.get(&private_key_at) != Some(key)
                    || before.get(&certificate_at) != Some(certificate);
                (private_key_at, is_new)
            }
            AnswerLocation::Field { answers_at, field } => {
                let mut answers: Object = (*json_object(&before, &answers_at)?).clone();
                let has = |name: &str, value: &Value| {
                    let known = answers
                        .get(&field)
                        .and_then(|answer| text_field(answer, name));
                    known == Some(value.text())
                };
                let is_new = !has("key", key) || !has("cert", certificate);
                let answer = [("cert", certificate), ("key", key)]
                    .map(|(name, value)| (name.to_owned(), Json::from(value.text())));
                answers.insert(field, Json::Object(answer.into_iter().collect()));
                let answers = object_value(answers, true);
                unit.set_unit_data(relation, &answers_at, Some(answers))?;
                (answers_at, is_new)
            }
        };
        if is_new {
            let holder = unit_of(&asked.unit_key).into();
            note_key(unit, relation, &place, holder, certificate);
        }
        Ok(())
    }

    /// Where `data_changed` keeps the names of a request: the charm's own store on its machine,
    /// which a unit that replaces another does not have. (The real one keeps their MD5.)
    fn handled_path(&self, unit: &UnitContext<'_>, asked: &LegacyRequest) -> String {
        let id = relation_id(unit, asked.relation);
        let key = match asked.kind {
            LegacyRequestKind::Application => format!("{id}.app_cert"),
            LegacyRequestKind::Server
            | LegacyRequestKind::Client
            | LegacyRequestKind::Intermediate => {
                format!("{id}.{}.{}", asked.unit_key, asked.common_name)
            }
        };
        format!("unitdata/reactive.data_changed.{key}")
    }
}

/// `client:7`.
fn relation_id(unit: &UnitContext<'_>, relation: RelationId) -> String {
    let endpoint = unit.own_endpoint(relation).unwrap_or_else(|| {
        panic!(
            "{}: {relation:?} is of another application",
            unit.unit_name()
        )
    });
    format!("{endpoint}:{}", unit.relation_number(relation))
}

/// `resolve_unit_name`: the remote unit as databag keys spell it.
fn remote_unit_key(unit: &UnitContext<'_>, remote: UnitId, bag: &Bag) -> String {
    let said = bag.get("unit_name").map(Value::text);
    unit_key(said.unwrap_or_else(|| unit.name_of(remote)))
}

fn requests_of_unit(
    unit: &UnitContext<'_>,
    relation: RelationId,
    remote: UnitId,
    bag: &Bag,
    bags_of_relation: &[(UnitId, Bag)],
    found: &mut Vec<LegacyRequest>,
) -> Result<(), HookError> {
    let top_level = bag.get("common_name").map(Value::text);
    let unit_key = remote_unit_key(unit, remote, bag);
    let mut add = |kind, common_name: &str, sans| {
        found.push(LegacyRequest {
            relation,
            unit: remote,
            unit_key: unit_key.clone(),
            kind,
            common_name: common_name.to_owned(),
            sans,
            is_first_server_certificate: kind == LegacyRequestKind::Server
                && top_level == Some(common_name),
        });
    };
    if let Some(common_name) = top_level {
        add(
            LegacyRequestKind::Server,
            common_name,
            name_list(bag, "sans"),
        );
    }
    for kind in LegacyRequestKind::ALL {
        for (common_name, request) in json_object(bag, kind.requests_key())?.iter() {
            // `req['sans']`: read for every kind, although an application's names are put together below.
            let Some(sans) = request.get("sans") else {
                return Err(HookError::Charm("KeyError: 'sans'".to_owned()));
            };
            let sans = match kind {
                LegacyRequestKind::Application => application_names(bags_of_relation)?,
                LegacyRequestKind::Server
                | LegacyRequestKind::Client
                | LegacyRequestKind::Intermediate => text_list(sans),
            };
            add(kind, common_name, sans);
        }
    }
    Ok(())
}

/// `ApplicationCertificateRequest.sans`: the names of all units, common names among them.
fn application_names(bags_of_relation: &[(UnitId, Bag)]) -> Result<Vec<String>, HookError> {
    let mut all = BTreeSet::new();
    for (_, bag) in bags_of_relation {
        for (common_name, request) in
            json_object(bag, LegacyRequestKind::Application.requests_key())?.iter()
        {
            all.insert(common_name.clone());
            // A request without them raises when its own unit is read.
            all.extend(request.get("sans").map(text_list).into_iter().flatten());
        }
    }
    Ok(all.into_iter().collect())
}

fn is_published(unit: &UnitContext<'_>, asked: &LegacyRequest) -> Result<bool, HookError> {
    let bag = unit.unit_data(asked.relation, unit.id())?;
    Ok(match asked.answer_location() {
        AnswerLocation::TopLevel {
            certificate_at,
            private_key_at,
        } => bag.get(&certificate_at).is_some() && bag.get(&private_key_at).is_some(),
        AnswerLocation::Field { answers_at, field } => json_object(&bag, &answers_at)?
            .get(&field)
            .is_some_and(|answer| {
                text_field(answer, "cert").is_some() && text_field(answer, "key").is_some()
            }),
    })
}

/// Notes a private key that a databag now holds. A caller does so only where the key or its certificate differs from
/// what was there before.
fn note_key(
    unit: &mut UnitContext<'_>,
    relation: RelationId,
    place: &str,
    holder: Arc<str>,
    certificate: &Value,
) {
    let chain = pem::chain(certificate);
    let leaf = (*chain).as_ref().ok().and_then(|chain| chain.first());
    let common_name = leaf.and_then(|leaf| leaf.subject_common_name());
    let note = StoredKey {
        relation: Some(relation),
        place: place.into(),
        holder,
        // A certificate may have no common name, and the text may be no certificate.
        common_name: common_name.unwrap_or_default().into(),
        serial: leaf.map_or("", |leaf| leaf.serial()).into(),
    };
    unit.note(Note::KeyStored(note));
}

/// `app/0` of `app_0`.
fn unit_of(unit_key: &str) -> String {
    match unit_key.rsplit_once('_') {
        Some((application, number)) => format!("{application}/{number}"),
        None => unit_key.to_owned(),
    }
}
