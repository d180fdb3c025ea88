//! The requirer's side: `requires.py` of the reactive charms, and the library for ops charms.

use crate::notes::{Note, RequestContent, Requested};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::data::{Object, json_object, names_value, object_value, text_field};
use super::{LegacyRequestKind, unit_key};
use crate::UnitContext;
use crate::pem;
use trustsim_juju::{Bag, Hook, HookError, RelationId, Value};
use trustsim_pki::uuid4;

/// Which of the two libraries a charm carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// `requires.py` on charms.reactive: asks the first of several providers, merges what all of
    /// them say, the lowest relation id and unit name winning.
    #[default]
    Reactive,
    /// `ops/ops/interface_tls_certificates/requires.py`: one provider only, a second one raises;
    /// nothing is ready until CA and global client certificate are there; the chain is appended
    /// to every certificate.
    Ops,
}

/// A certificate and its key, as texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// PEM certificate; with the ops library, followed by the provider's chain.
    pub certificate: Value,
    /// PEM private key.
    pub key: Value,
}

/// A certificate under the common name it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Common name.
    pub common_name: String,
    /// Certificate and key.
    pub pair: Pair,
}

/// What the provider has said to this unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// `ca`.
    pub ca: Option<Value>,
    /// `chain`.
    pub chain: Option<Value>,
    /// `client.cert` and `client.key`: one for everyone.
    pub client: Option<Pair>,
    /// Server certificates of this unit, the first one asked for first.
    pub servers: Vec<Named>,
    /// Client certificates of this unit.
    pub clients: Vec<Named>,
    /// The certificate of the application.
    pub application: Option<Pair>,
    /// CA certificates of this unit.
    pub intermediates: Vec<Named>,
}

impl Received {
    /// `server_certs_map.get(common_name)`: of several the last.
    pub fn server(&self, common_name: &str) -> Option<&Pair> {
        find(&self.servers, common_name)
    }

    /// `client_certs_map.get(common_name)`.
    pub fn client_named(&self, common_name: &str) -> Option<&Pair> {
        find(&self.clients, common_name)
    }
}

fn find<'a>(named: &'a [Named], common_name: &str) -> Option<&'a Pair> {
    let mut found = named.iter().rev();
    let found = found.find(|named| named.common_name == common_name);
    found.map(|named| &named.pair)
}

/// The library of one endpoint (`TlsRequires`, `CertificatesRequires`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirer {
    /// Endpoint name.
    pub endpoint: Arc<str>,
    /// Which library it is.
    pub flavour: Flavour,
}

impl Requirer {
    /// The library of this endpoint.
    pub fn new(endpoint: &str, flavour: Flavour) -> Self {
        Self {
            endpoint: endpoint.into(),
            flavour,
        }
    }

    /// What the library itself does in a hook: it says how the unit is called, since across
    /// models the provider cannot know.
    ///
    /// # Errors
    ///
    /// [`HookError`] where a hook tool refuses.
    pub fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let relation = match (self.flavour, hook) {
            (Flavour::Ops, Hook::RelationJoined { relation, .. })
                if unit.own_endpoint(*relation) == Some(&*self.endpoint) =>
            {
                Some(*relation)
            }
            (Flavour::Ops, _) => None,
            (Flavour::Reactive, _) if self.is_joined(unit) => self.first(unit),
            (Flavour::Reactive, _) => None,
        };
        if let Some(relation) = relation {
            let name = Value::from(unit_key(unit.unit_name()));
            unit.set_unit_data(relation, "unit_name", Some(name))?;
        }
        Ok(())
    }

    /// `endpoint.joined`.
    pub fn is_joined(&self, unit: &UnitContext<'_>) -> bool {
        let relations = unit.relations(&self.endpoint);
        relations
            .into_iter()
            .any(|relation| !unit.remote_units(relation).is_empty())
    }

    /// The relation that requests go to.
    ///
    /// # Errors
    ///
    /// `TooManyRelatedAppsError` of ops where there are several.
    pub fn relation(&self, unit: &UnitContext<'_>) -> Result<Option<RelationId>, HookError> {
        let count = unit.relations(&self.endpoint).len();
        if self.flavour == Flavour::Ops && count > 1 {
            return Err(HookError::Charm(format!(
                "TooManyRelatedAppsError: Too many remote applications on {} ({count} > 1)",
                self.endpoint
            )));
        }
        Ok(self.first(unit))
    }

    /// Of several the one with the lowest id; reactive charms compare ids as texts.
    fn first(&self, unit: &UnitContext<'_>) -> Option<RelationId> {
        let relations = unit.relations(&self.endpoint);
        relations
            .into_iter()
            .min_by_key(|relation| unit.relation_number(*relation).to_string())
    }

    /// `request_server_cert`: the first name gets keys of its own, further ones are listed. Who
    /// asks under another name keeps the old request: nothing withdraws one.
    ///
    /// # Errors
    ///
    /// [`HookError`] as for [`Requirer::relation`], or where the databag holds something else.
    pub fn request_server(
        &self,
        unit: &mut UnitContext<'_>,
        common_name: &str,
        sans: &[String],
        certificate_name: Option<&str>,
    ) -> Result<(), HookError> {
        let Some(relation) = self.relation(unit)? else {
            return Ok(());
        };
        let bag = unit.unit_data(relation, unit.id())?;
        let first = bag.get("common_name").map(Value::text);
        if first.is_some_and(|first| first != common_name) {
            return self.request(
                unit,
                relation,
                LegacyRequestKind::Server,
                common_name,
                Some(sans),
            );
        }
        let name = match (bag.get("certificate_name"), certificate_name) {
            (Some(known), _) => known.clone(),
            (None, Some(given)) => Value::from(given),
            (None, None) => Value::from(uuid4(&mut unit.stream("certificate-name"))),
        };
        let names = names_value(sans);
        if first.is_none() || bag.get("sans") != Some(&names) {
            note_request(
                unit,
                relation,
                LegacyRequestKind::Server,
                common_name,
                Some(sans),
            );
        }
        unit.set_unit_data(relation, "common_name", Some(Value::from(common_name)))?;
        unit.set_unit_data(relation, "sans", Some(names))?;
        unit.set_unit_data(relation, "certificate_name", Some(name))?;
        Ok(())
    }

    /// `request_client_cert`; without names, `null` is written in their place.
    ///
    /// # Errors
    ///
    /// As [`Requirer::request_server`].
    pub fn request_client(
        &self,
        unit: &mut UnitContext<'_>,
        common_name: &str,
        sans: Option<&[String]>,
    ) -> Result<(), HookError> {
        self.request_listed(unit, LegacyRequestKind::Client, common_name, sans)
    }

    /// `request_application_cert`: one certificate for all units.
    ///
    /// # Errors
    ///
    /// As [`Requirer::request_server`].
    pub fn request_application(
        &self,
        unit: &mut UnitContext<'_>,
        common_name: &str,
        sans: &[String],
    ) -> Result<(), HookError> {
        self.request_listed(
            unit,
            LegacyRequestKind::Application,
            common_name,
            Some(sans),
        )
    }

    /// `request_intermediate_cert`.
    ///
    /// # Errors
    ///
    /// As [`Requirer::request_server`].
    pub fn request_intermediate(
        &self,
        unit: &mut UnitContext<'_>,
        common_name: &str,
        sans: &[String],
    ) -> Result<(), HookError> {
        self.request_listed(
            unit,
            LegacyRequestKind::Intermediate,
            common_name,
            Some(sans),
        )
    }

    fn request_listed(
        &self,
        unit: &mut UnitContext<'_>,
        kind: LegacyRequestKind,
        common_name: &str,
        sans: Option<&[String]>,
    ) -> Result<(), HookError> {
        match self.relation(unit)? {
            Some(relation) => self.request(unit, relation, kind, common_name, sans),
            None => Ok(()),
        }
    }

    fn request(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
        kind: LegacyRequestKind,
        common_name: &str,
        sans: Option<&[String]>,
    ) -> Result<(), HookError> {
        let key = kind.requests_key();
        let bag = unit.unit_data(relation, unit.id())?;
        let mut requests: Object = (*json_object(&bag, key)?).clone();
        let before = requests.insert(common_name.to_owned(), json!({ "sans": sans }));
        if before.as_ref() != requests.get(common_name) {
            note_request(unit, relation, kind, common_name, sans);
        }
        let value = object_value(requests, self.flavour == Flavour::Reactive);
        unit.set_unit_data(relation, key, Some(value))?;
        Ok(())
    }

    /// What the provider has said; `None` while that is not enough for the library to go on.
    ///
    /// # Errors
    ///
    /// As [`Requirer::request_server`].
    pub fn received(&self, unit: &UnitContext<'_>) -> Result<Option<Received>, HookError> {
        let Some(first) = self.relation(unit)? else {
            return Ok(None);
        };
        let said = self.merged(unit)?;
        let own = unit.unit_data(first, unit.id())?;
        let received = self.read(unit, &said, &own)?;
        let is_ready = match self.flavour {
            Flavour::Ops => received.ca.is_some() && received.client.is_some(),
            Flavour::Reactive => self.is_joined(unit),
        };
        Ok(is_ready.then_some(received))
    }

    /// The databags of all provider units as one. Where two disagree, reactive charms take the
    /// lowest relation id and unit name; in ops the last of a set of units wins, which is any of
    /// them, and here the last by name.
    fn merged(&self, unit: &UnitContext<'_>) -> Result<Bag, HookError> {
        let mut relations = unit.relations(&self.endpoint);
        relations.sort_by_key(|relation| unit.relation_number(*relation).to_string());
        let mut bags = Vec::new();
        for relation in relations {
            for remote in unit.remote_units(relation) {
                bags.push(unit.unit_data(relation, remote)?);
            }
        }
        if self.flavour == Flavour::Reactive {
            bags.reverse();
        }
        let mut merged = Bag::default();
        for bag in &bags {
            for (key, value) in bag.iter() {
                merged.set(key, Some(value.clone()));
            }
        }
        Ok(merged)
    }

    fn read(&self, unit: &UnitContext<'_>, said: &Bag, own: &Bag) -> Result<Received, HookError> {
        let name = unit_key(unit.unit_name());
        let value = |key: &str| said.get(key).cloned();
        let pair = |certificate: Option<Value>, key: Option<Value>| {
            let (certificate, key) = (certificate?, key?);
            Some(Pair { certificate, key })
        };
        let mut received = Received {
            ca: value("ca"),
            chain: value("chain"),
            client: pair(value("client.cert"), value("client.key")),
            ..Received::default()
        };
        let first = pair(
            value(&format!("{name}.server.cert")),
            value(&format!("{name}.server.key")),
        );
        if let (Some(common_name), Some(mut pair)) = (own.get("common_name"), first) {
            let common_name = common_name.text().to_owned();
            pair.certificate = self.with_chain(pair.certificate, &received);
            received.servers.push(Named { common_name, pair });
        }
        let listed =
            |kind: LegacyRequestKind| self.listed(said, &kind.answers_key(&name), &received);
        let (servers, clients) = (
            listed(LegacyRequestKind::Server)?,
            listed(LegacyRequestKind::Client)?,
        );
        let intermediates = listed(LegacyRequestKind::Intermediate)?;
        let application = json_object(said, &LegacyRequestKind::Application.answers_key(&name))?;
        received.application = application.get("app_data").and_then(pair_of);
        received.servers.extend(servers);
        received.clients = clients;
        received.intermediates = match self.flavour {
            Flavour::Ops => intermediates,
            // `intermediate_certs` looks under "app_data", where no provider writes one.
            Flavour::Reactive => Vec::new(),
        };
        Ok(received)
    }

    fn listed(&self, said: &Bag, key: &str, received: &Received) -> Result<Vec<Named>, HookError> {
        let answers = json_object(said, key)?;
        let named = answers.iter().filter_map(|(common_name, answer)| {
            let mut pair = pair_of(answer)?;
            pair.certificate = self.with_chain(pair.certificate, received);
            let common_name = common_name.clone();
            Some(Named { common_name, pair })
        });
        Ok(named.collect())
    }

    /// `cert + "\n" + chain`, in the ops library only.
    fn with_chain(&self, certificate: Value, received: &Received) -> Value {
        match &received.chain {
            Some(chain) if self.flavour == Flavour::Ops => followed_by(&certificate, chain),
            _ => certificate,
        }
    }
}

/// `cert + "\n" + chain`, as the ops library and layer-tls-client put it into files.
pub fn followed_by(certificate: &Value, chain: &Value) -> Value {
    let text = format!("{}\n{}", certificate.text(), chain.text());
    let (leaf, above) = (pem::chain(certificate), pem::chain(chain));
    match (&*leaf, &*above) {
        (Ok(leaf), Ok(above)) => {
            let parsed: pem::ParsedChain = Ok(leaf.iter().chain(above).cloned().collect());
            debug_assert_eq!(
                *pem::chain(&Value::from(text.as_str())),
                parsed,
                "what is remembered of a value is what parsing it gives"
            );
            Value::with_parsed(text, Arc::new(parsed))
        }
        _ => Value::from(text),
    }
}

fn pair_of(answer: &Json) -> Option<Pair> {
    Some(Pair {
        certificate: Value::from(text_field(answer, "cert")?),
        key: Value::from(text_field(answer, "key")?),
    })
}

fn note_request(
    unit: &mut UnitContext<'_>,
    relation: RelationId,
    kind: LegacyRequestKind,
    common_name: &str,
    sans: Option<&[String]>,
) {
    unit.note(Note::CertificateRequested(Requested {
        common_name: common_name.to_owned(),
        relation,
        is_shared: kind == LegacyRequestKind::Application,
        is_ca: kind == LegacyRequestKind::Intermediate,
        // `sans` may be left out of a request, which then has its common name alone.
        content: RequestContent::Names(sans.unwrap_or_default().to_vec()),
    }));
}
