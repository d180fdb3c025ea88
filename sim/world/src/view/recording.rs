//! Hooks of units as data: what each one was handed and what it left behind, for charm authors and
//! for those who compare trustsim with the real libraries.

use serde_json::{Value, json};

use crate::Simulation;
use crate::recorder::RecordedHook;
use trustsim_charm_model::LibraryBinding;
use trustsim_interfaces::tls_certificates::{Mode, Request, Side};
use trustsim_interfaces::{certificate_transfer, tls_certificates};
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
        let mut hook = juju.hook_to_json(recorded.unit, &recorded.hook);
        let mut entry = json!({
            "model": hook.shift_remove("model"),
            "unit": hook.shift_remove("unit"),
            "charm": &*application.charm,
            "at": recorded.at.to_string(),
            "hook": hook.shift_remove("hook"),
            "kind": hook.shift_remove("kind"),
            "libraries": libraries,
            "before": recorded.before.to_json(),
            "after": recorded.after.to_json(),
        });
        for (key, value) in hook {
            entry[key] = value;
        }
        if let Some((status, message)) = &recorded.after.status {
            entry["status"] = json!({"current": status.as_str(), "message": &**message});
        }
        if let Some(error) = &recorded.error {
            entry["error"] = json!(error.to_string());
        }
        entry
    }
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
