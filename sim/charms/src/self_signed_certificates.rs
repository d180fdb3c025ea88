//! `self-signed-certificates`: canonical/self-signed-certificates-operator `src/charm.py` at
//! df04ad3, branch by branch.
//!
//! Noteworthy: one branch a hook, then it returns, so that a new CA is sent and used at the
//! next hook only; leaf validity is not compared with what the CA was made for; a CA that was
//! replaced stays in every transfer relation for ever, and the `expiring` secret is never removed.

mod config;
mod track_latest;

use std::sync::Arc;
use trustsim_interfaces::notes::Note;

use config::{Config, check_ends_by_9999, root_matches_config};

use super::issuing::{self, SigningCa, by_relation, note_ca};
use super::{
    Authority, Charm, CharmMetadata, EndpointKeys, Implementation, LibraryBinding, ValidityOptions,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::certificate_transfer;
use trustsim_interfaces::tls_certificates::{Answer, Outstanding, Provider};
use trustsim_interfaces::{KeySource, serial_number};
use trustsim_juju::{Hook, HookError, SecretOwner, SecretView, Status, Value};
use trustsim_kernel::Span;
use trustsim_pki::{Certificate, Terms, issuers};

const ACTIVE: &str = "active-ca-certificates";
const EXPIRING: &str = "expiring-ca-certificates";
const CERTIFICATES_ENDPOINT: &str = "certificates";
const TRANSFER_ENDPOINT: &str = "send-ca-cert";

pub(super) static IMPLEMENTATIONS: [Implementation; 3] = [
    MAIN,
    track_latest::IMPLEMENTATION,
    track_latest::WITH_VERSION_4,
];

const MAIN: Implementation = Implementation {
    behaviour: "self-signed-certificates",
    version: Some("1"),
    endpoint_keys: EndpointKeys::Listed(&["library"]),
    bugs: &[(CERTIFICATES_ENDPOINT, "root-first")],
    build: |setup| {
        let charm = SelfSignedCertificates::new(setup.keys.clone());
        Arc::new(charm.with_libraries(setup.metadata))
    },
    option_faults: config::option_faults,
    authority: Authority::OwnRoot,
    validity_options: Some(ValidityOptions {
        root: "root-ca-validity",
        leaf: "certificate-validity",
    }),
    ..Implementation::NONE
};

/// The charm.
#[derive(Clone, Debug)]
struct SelfSignedCertificates {
    keys: KeySource,
    certificates: Provider,
    transfer: certificate_transfer::Provider,
    /// Chains begin with the root, as before revision 309.
    root_first: bool,
}

impl Charm for SelfSignedCertificates {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let config = Config::read(unit)?;
        // The library is constructed first, so its observers run first.
        self.certificates.on_hook(hook, unit)?;
        match hook {
            Hook::UpdateStatus
            | Hook::ConfigChanged
            | Hook::SecretChanged { .. }
            | Hook::SecretExpired { .. } => self.configure(unit, &config)?,
            Hook::RelationChanged { relation, .. }
                if unit.own_endpoint(*relation) == Some(CERTIFICATES_ENDPOINT) =>
            {
                self.configure(unit, &config)?;
            }
            Hook::RelationJoined { relation, .. }
                if unit.own_endpoint(*relation) == Some(TRANSFER_ENDPOINT) =>
            {
                self.configure(unit, &config)?;
            }
            Hook::Action { name, .. } => self.act(name, unit, &config)?,
            _ => {}
        }
        collect_status(unit, &config.invalid_options());
        Ok(())
    }

    fn libraries(&self, _: &UnitContext<'_>) -> Vec<LibraryBinding> {
        vec![
            LibraryBinding::ProvidesCertificates(self.certificates.clone()),
            LibraryBinding::ProvidesTransfer(self.transfer.clone()),
        ]
    }

    // The active CA, as the action `get-ca-certificate` prints it.
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        let owner = SecretOwner::Application(unit.application_id());
        let active = unit.secret(owner, ACTIVE);
        let read = |secret: SecretView| {
            let authority = SigningCa::from_secret(&secret.content);
            authority
                .expect("the charm reads the CA that it wrote")
                .certificate
        };
        active.map(read).into_iter().collect()
    }
}

impl SelfSignedCertificates {
    /// The charm with keys of this source.
    fn new(keys: KeySource) -> Self {
        Self {
            keys,
            certificates: Provider::new(CERTIFICATES_ENDPOINT),
            transfer: certificate_transfer::Provider::new(TRANSFER_ENDPOINT),
            root_first: false,
        }
    }

    /// The same charm with the libraries that its metadata name: another revision's.
    #[must_use]
    fn with_libraries(mut self, metadata: &CharmMetadata) -> Self {
        if let Some(library) = metadata.certificates_library(CERTIFICATES_ENDPOINT) {
            self.certificates.library = library;
        }
        if let Some(library) = metadata.transfer_library(TRANSFER_ENDPOINT) {
            self.transfer.library = library;
        }
        let endpoint = metadata.endpoint(CERTIFICATES_ENDPOINT);
        self.root_first = endpoint.is_some_and(|endpoint| endpoint.bugs.root_first);
        self
    }

    /// `_configure`.
    fn configure(&self, unit: &mut UnitContext<'_>, config: &Config) -> Result<(), HookError> {
        if !unit.is_leader() || !config.invalid_options().is_empty() {
            return Ok(());
        }
        let Some(secret) = active(unit).filter(|secret| is_as_configured(secret, config)) else {
            self.certificates.revoke_all(unit)?;
            remove(unit, EXPIRING)?;
            self.generate_root(unit, config)?;
            return Ok(());
        };
        if !is_active(&secret, unit) {
            // Nothing is revoked: what was issued lives on under the old CA.
            if let Some(validity) = config.certificate_validity {
                let content = secret.content.as_ref().clone();
                set_secret(unit, EXPIRING, content, validity)?;
            }
            self.generate_root(unit, config)?;
            return Ok(());
        }
        let authority = SigningCa::from_secret(&secret.content)?;
        self.transfer
            .add(unit, &[Arc::from(authority.certificate.pem())])?;
        self.issue(unit, config, &authority)
    }

    /// `_generate_root_certificate`; whether there was enough configuration for it.
    fn generate_root(
        &self,
        unit: &mut UnitContext<'_>,
        config: &Config,
    ) -> Result<bool, HookError> {
        let (Some(validity), Some(threshold)) = (config.root_validity, config.renewal_threshold())
        else {
            return Ok(false);
        };
        if config.certificate_validity.is_none() || config.common_name().is_none() {
            return Ok(false);
        }
        let key = self.keys.authority(unit);
        check_ends_by_9999(unit.now(), validity)?;
        let name = config.subject.clone();
        let name = name.unique(&mut unit.stream("unique-identifier"));
        let terms = Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity,
        };
        let certificate = issuers::charmlibs::generate_self_signed_ca(&name, &key, &terms)
            .map_err(|error| issuing::value_error(&error))?;
        assert!(
            root_matches_config(&certificate, config),
            "a root that was just made is as configured, or each hook would make another: {}",
            certificate.subject()
        );
        note_ca(unit, &certificate, Some(&certificate));
        let authority = SigningCa { certificate, key };
        set_secret(unit, ACTIVE, authority.secret_content(), threshold)?;
        Ok(true)
    }

    /// `_process_outstanding_certificate_requests`.
    fn issue(
        &self,
        unit: &mut UnitContext<'_>,
        config: &Config,
        authority: &SigningCa,
    ) -> Result<(), HookError> {
        let requests = self.certificates.outstanding(unit)?;
        let Some(validity) = config.certificate_validity else {
            return Ok(());
        };
        for asked in by_relation(&requests) {
            // The limit counts this run's requests of a relation, not what it holds already.
            let count = config
                .limit
                .map_or(asked.len(), |limit| limit.min(asked.len()));
            let relation = asked[0].relation;
            let mut answers = Vec::with_capacity(count);
            for asked in &asked[..count] {
                let mut answer = sign(unit, authority, asked, validity)?;
                if self.root_first {
                    answer.chain.reverse();
                }
                answers.push(answer);
            }
            self.certificates
                .set_certificates(unit, relation, answers)?;
        }
        Ok(())
    }

    fn act(
        &self,
        name: &str,
        unit: &mut UnitContext<'_>,
        config: &Config,
    ) -> Result<(), HookError> {
        match name {
            "get-ca-certificate" => match active(unit) {
                Some(secret) => {
                    let authority = SigningCa::from_secret(&secret.content)?;
                    unit.note(Note::action_result(authority.certificate.pem()));
                }
                None => fail(unit, "Root Certificate is not yet generated"),
            },
            "get-issued-certificates" => {
                let issued = self.certificates.issued(unit)?;
                let texts: Vec<&str> = issued.iter().map(|entry| entry.certificate.pem()).collect();
                if texts.is_empty() {
                    fail(unit, "No certificates issued yet.");
                } else {
                    unit.note(Note::action_result(texts.join("\n")));
                }
            }
            "rotate-private-key" => self.rotate(unit, config)?,
            _ => {}
        }
        Ok(())
    }

    /// `rotate-private-key`: everything is revoked, the new CA is published by the next hook
    /// that configures.
    fn rotate(&self, unit: &mut UnitContext<'_>, config: &Config) -> Result<(), HookError> {
        if !unit.is_leader() {
            fail(unit, "This action can only be run on the leader unit.");
            return Ok(());
        }
        self.certificates.revoke_all(unit)?;
        remove(unit, EXPIRING)?;
        if self.generate_root(unit, config)? {
            let result = "New private key and CA certificate generated and stored.";
            unit.note(Note::action_result(result));
        } else {
            fail(
                unit,
                "Private key rotation failed due to missing configuration. Please check your \
                 configuration and try again. Certificates have been revoked.",
            );
        }
        Ok(())
    }
}

/// `_generate_self_signed_certificate`: chain and `ca` as the charm gives them.
fn sign(
    unit: &mut UnitContext<'_>,
    authority: &SigningCa,
    asked: &Outstanding,
    validity: Span,
) -> Result<Answer, HookError> {
    check_ends_by_9999(unit.now(), validity)?;
    let terms = Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity,
    };
    let ca = &authority.certificate;
    let (request, is_ca) = (&asked.request, asked.is_ca);
    let certificate = issuers::charmlibs::generate(request, ca, &authority.key, &terms, is_ca)
        .map_err(|error| issuing::value_error(&error))?;
    Ok(issuing::note_and_answer(unit, asked, certificate, ca))
}

/// `_on_collect_unit_status`.
fn collect_status(unit: &mut UnitContext<'_>, invalid: &[&str]) {
    if !unit.is_leader() {
        let message = "Scaling is not implemented for this charm";
        unit.set_status(Status::Blocked, message);
    } else if invalid.is_empty() {
        unit.set_status(Status::Active, "");
    } else {
        let listed: Vec<String> = invalid.iter().map(|key| format!("'{key}'")).collect();
        let message = format!(
            "The following configuration values are not valid: [{}]",
            listed.join(", ")
        );
        unit.set_status(Status::Blocked, &message);
    }
}

fn active(unit: &UnitContext<'_>) -> Option<SecretView> {
    unit.secret(SecretOwner::Application(unit.application_id()), ACTIVE)
}

/// [`root_matches_config`] of the stored root; leaf validity is not among what it compares.
fn is_as_configured(secret: &SecretView, config: &Config) -> bool {
    let authority =
        SigningCa::from_secret(&secret.content).expect("the charm reads the CA that it wrote");
    root_matches_config(&authority.certificate, config)
}

/// `_is_ca_cert_active`: a secret without an expiry counts as expired.
fn is_active(secret: &SecretView, unit: &UnitContext<'_>) -> bool {
    secret.expire.is_some_and(|expire| !unit.has_passed(expire))
}

/// `_set_juju_secret`.
fn set_secret(
    unit: &mut UnitContext<'_>,
    label: &str,
    content: std::collections::BTreeMap<String, Value>,
    expire: Span,
) -> Result<(), HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    let expire = Some(unit.now() + expire);
    match unit.secret(owner, label) {
        Some(secret) => {
            unit.set_secret_expire(secret.id, expire)?;
            unit.set_secret_content(secret.id, content)?;
        }
        None => {
            unit.add_secret(owner, label, content, expire)?;
        }
    }
    Ok(())
}

/// `_clean_up_juju_secret`.
fn remove(unit: &mut UnitContext<'_>, label: &str) -> Result<(), HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    if let Some(secret) = unit.secret(owner, label) {
        unit.remove_secret(secret.id)?;
    }
    Ok(())
}

fn fail(unit: &mut UnitContext<'_>, message: &str) {
    unit.note(Note::action_failed(message));
}
