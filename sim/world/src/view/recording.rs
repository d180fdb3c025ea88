//! Hooks of units as data: what each one was handed and what it left behind, for charm authors and
//! for those who compare trustsim with the real libraries.

use serde_json::{Map, Value, json};

use crate::Simulation;
use crate::recorder::RecordedHook;
use trustsim_charm_model::LibraryBinding;
use trustsim_interfaces::tls_certificates::{Mode, Request, Side};
use trustsim_interfaces::{certificate_transfer, tls_certificates};
use trustsim_juju::{Bag, Hook, SecretOwner, VisibleModel, VisibleRelation, VisibleSecret};
use trustsim_pki::RequestAttributes;

impl Simulation {
    /// Keeps every hook that this unit, `model.app/0`, runs from now on; false where there is no
    /// such application.
    pub fn record(&mut self, unit: &str) -> bool {
        let world = self.world_mut();
        let is_known = world.deployed().has_application(unit);
        if is_known {
            world.recorder_mut().ask(unit);
        }
        is_known
    }

    /// Keeps every hook of every unit from now on.
    pub fn record_all(&mut self) {
        self.world_mut().recorder_mut().ask_all();
    }

    /// The hooks kept since they were last taken, in the order in which they began: for each what the unit saw, and
    /// what it had written when the charm's code ended. They are kept no longer.
    pub fn take_recording(&mut self) -> Vec<Value> {
        let hooks = self.world_mut().recorder_mut().take();
        hooks.iter().map(|hook| self.recorded(hook)).collect()
    }

    fn recorded(&self, recorded: &RecordedHook) -> Value {
        let juju = self.juju();
        let unit = juju.unit(recorded.unit);
        let application = juju.application(unit.application);
        let libraries: Vec<Value> = recorded.libraries.iter().map(library).collect();
        let mut entry = json!({
            "model": &*juju.model(application.model).name,
            "unit": &*unit.name,
            "charm": &*application.charm,
            "at": recorded.at.to_string(),
            "hook": juju.hook_name(recorded.unit, &recorded.hook).to_string(),
            "kind": recorded.hook.kind(),
            "libraries": libraries,
            "before": sight(&recorded.before),
            "after": sight(&recorded.after),
        });
        self.add_subject(&recorded.hook, &mut entry);
        if let Some((status, message)) = &recorded.after.status {
            entry["status"] = json!({"current": status.as_str(), "message": &**message});
        }
        if let Some(error) = &recorded.error {
            entry["error"] = json!(error.to_string());
        }
        entry
    }

    /// What the hook is about, as its environment tells the charm.
    fn add_subject(&self, hook: &Hook, entry: &mut Value) {
        let juju = self.juju();
        let name = |unit: &trustsim_juju::UnitId| json!(&*juju.unit(*unit).name);
        if let Some(relation) = hook.relation() {
            entry["relation-id"] = json!(juju.relation(relation).number);
        }
        match hook {
            Hook::RelationJoined { unit, .. }
            | Hook::RelationChanged {
                unit: Some(unit), ..
            } => entry["remote-unit"] = name(unit),
            Hook::RelationDeparted {
                unit, departing, ..
            } => {
                entry["remote-unit"] = name(unit);
                entry["departing-unit"] = name(departing);
            }
            Hook::Action { name, parameters } => {
                entry["action"] = json!({"name": &**name, "parameters": &**parameters});
            }
            Hook::SecretExpired { secret, revision } | Hook::SecretRemove { secret, revision } => {
                entry["secret"] = json!({"uri": &*juju.secret(*secret).uri, "revision": revision});
            }
            Hook::SecretChanged { secret } => {
                entry["secret"] = json!({"uri": &*juju.secret(*secret).uri});
            }
            _ => {}
        }
    }
}

fn sight(sight: &VisibleModel) -> Value {
    let relations: Vec<Value> = sight.relations.iter().map(relation).collect();
    let secrets: Vec<Value> = sight.secrets.iter().map(secret).collect();
    json!({
        "clock": sight.now.to_string(),
        "leader": sight.is_leader,
        "config": &*sight.config,
        "relations": relations,
        "secrets": secrets,
    })
}

fn relation(sight: &VisibleRelation) -> Value {
    let remote_units: Map<String, Value> = sight
        .remote_units
        .iter()
        .map(|(unit, data)| (unit.to_string(), bag(data)))
        .collect();
    json!({
        "relation-id": sight.number,
        "endpoint": &*sight.endpoint,
        "interface": &*sight.interface,
        "peer": sight.is_peer,
        "remote-application": &*sight.remote_application,
        "remote-application-data": bag(&sight.remote_application_data),
        "remote-units": remote_units,
        "application-data": sight.application_data.as_ref().map(bag),
        "unit-data": bag(&sight.unit_data),
    })
}

fn secret(sight: &VisibleSecret) -> Value {
    let content: Map<String, Value> = sight
        .content
        .iter()
        .map(|(field, value)| (field.clone(), json!(value.text())))
        .collect();
    json!({
        "uri": sight.uri.as_deref(),
        "owner": match sight.owner {
            SecretOwner::Unit(_) => "unit",
            SecretOwner::Application(_) => "application",
        },
        "label": &*sight.label,
        "content": content,
        "revision": sight.revision,
        "expire": sight.expire.map(|at| at.to_string()),
    })
}

fn library(carried: &LibraryBinding) -> Value {
    match carried {
        LibraryBinding::RequiresCertificates {
            asks,
            requests,
            private_key,
            refresh_hooks,
        } => {
            let requests: Vec<Value> = requests.iter().map(request).collect();
            let tls_certificates::Requirer { library, .. } = asks;
            json!({
                "endpoint": &*asks.endpoint,
                "role": "requirer",
                "library": name(&tls_certificates::Library::ALL, *library),
                "mode": match asks.mode {
                    Mode::Unit => "unit",
                    Mode::App => "app",
                    Mode::AppAndUnit => "app-and-unit",
                },
                "renewal-permille": asks.renewal_permille,
                "certificate-requests": requests,
                "private-key": private_key.as_ref().map(trustsim_pki::KeyPair::to_pem),
                "refresh-hooks": refresh_hooks,
            })
        }
        LibraryBinding::ProvidesCertificates(tls_certificates::Provider {
            endpoint,
            library,
            capabilities,
            ..
        }) => json!({
            "endpoint": &**endpoint,
            "role": "provider",
            "library": name(&tls_certificates::Library::ALL, *library),
            "capabilities": capabilities.as_ref().map(|said| said.to_value().text().to_owned()),
        }),
        LibraryBinding::RequiresTransfer(certificate_transfer::Requirer {
            endpoint,
            library,
            ..
        }) => json!({
            "endpoint": &**endpoint,
            "role": "requirer",
            "library": name(&certificate_transfer::Library::ALL, *library),
        }),
        LibraryBinding::ProvidesTransfer(certificate_transfer::Provider {
            endpoint,
            library,
            ..
        }) => json!({
            "endpoint": &**endpoint,
            "role": "provider",
            "library": name(&certificate_transfer::Library::ALL, *library),
        }),
    }
}

/// A library's name in catalogue and scenarios.
fn name<T: Copy + PartialEq>(all: &[(T, &'static str)], wanted: T) -> &'static str {
    let found = all.iter().find(|(library, _)| *library == wanted);
    found.expect("ALL has every version of the library").1
}

/// The arguments of `CertificateRequestAttributes`.
fn request(request: &Request) -> Value {
    let RequestAttributes {
        common_name,
        unique_identifier,
        organization,
        organizational_unit,
        email_address,
        country_name,
        state_or_province_name,
        locality_name,
        sans_dns,
        sans_ip,
        sans_oid,
        ..
    } = &request.attributes;
    json!({
        "for": match request.side {
            Side::App => "app",
            Side::Unit => "unit",
        },
        "is_ca": request.is_ca,
        "common_name": common_name,
        "add_unique_id_to_subject_name": unique_identifier.is_some(),
        "organization": organization,
        "organizational_unit": organizational_unit,
        "email_address": email_address,
        "country_name": country_name,
        "state_or_province_name": state_or_province_name,
        "locality_name": locality_name,
        "sans_dns": sans_dns,
        "sans_ip": sans_ip.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "sans_oid": sans_oid,
    })
}

fn bag(bag: &Bag) -> Value {
    let pairs: Map<String, Value> = bag
        .iter()
        .map(|(key, value)| (key.to_owned(), json!(value.text())))
        .collect();
    pairs.into()
}
