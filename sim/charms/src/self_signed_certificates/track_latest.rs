//! `self-signed-certificates` of the track `latest`: canonical/self-signed-certificates-operator `src/charm.py` at
//! 94929bd, the branch `latest`. Revisions 131 to 164 are the same charm before it had tracks.
//!
//! Noteworthy: the CA is made once and lives for 365 days, whatever `root-ca-validity` says. It is never renewed: only
//! another `ca-common-name` makes a new one, and everything is revoked then. Leaves do not end with their CA. A new CA
//! is sent and signs from the next hook that configures, since the hook that makes it returns.
//!
//! Revisions 165 to 192 are what became the track `1`, with version 4 of the library (d7fbd76 is the first), and without
//! a renewal still (bc49fab, revision 193, has it). A request is answered as everything is configured. The CA lives as
//! long as `root-ca-validity` says from commit 3201afe on, of which 171 is the first revision.

use std::sync::Arc;

use super::{CERTIFICATES_ENDPOINT, TRANSFER_ENDPOINT, collect_status, config, fail};
use crate::issuing::{self, SigningCa, note_ca};
use crate::{
    Authority, Charm, CharmMetadata, EndpointKeys, Implementation, LibraryBinding, OptionFault,
    Options,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::certificate_transfer;
use trustsim_interfaces::notes::Note;
use trustsim_interfaces::tls_certificates::{Answer, Outstanding, Provider};
use trustsim_interfaces::{KeySource, serial_number};
use trustsim_juju::{Hook, HookError, RelationId, SecretOwner};
use trustsim_kernel::Span;
use trustsim_pki::{Certificate, Terms, issuers::tls_certificates_v3};

/// `CA_CERTIFICATES_SECRET_LABEL`.
const SECRET: &str = "ca-certificates";

/// The default of `generate_ca`, which the charm does not override.
const CA_VALIDITY: Span = Span::from_secs(365 * DAY_S);

const DAY_S: u64 = 86_400;

/// The implementation, of which the catalogue says `version: latest`.
pub(super) const IMPLEMENTATION: Implementation = Implementation {
    behaviour: "self-signed-certificates",
    version: Some("latest"),
    endpoint_keys: EndpointKeys::Listed(&["library"]),
    build: |setup| {
        Arc::new(TrackLatest::new(
            setup.keys.clone(),
            setup.metadata,
            Answers::Request,
        ))
    },
    option_faults,
    authority: Authority::OwnRoot,
    ..Implementation::NONE
};

/// Revisions 171 to 192 of the main line: `version: latest-v4`.
pub(super) const WITH_VERSION_4: Implementation = Implementation {
    version: Some("latest-v4"),
    build: |setup| {
        Arc::new(TrackLatest::new(
            setup.keys.clone(),
            setup.metadata,
            Answers::Everything,
        ))
    },
    ..IMPLEMENTATION
};

/// What a changed relation makes the charm answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// The requests that the library tells of, under a CA of 365 days.
    Request,
    /// All that is outstanding, under a CA that lives as long as the option says.
    Everything,
}

/// The charm.
#[derive(Clone, Debug)]
struct TrackLatest {
    keys: KeySource,
    certificates: Provider,
    transfer: certificate_transfer::Provider,
    answers: Answers,
}

impl Charm for TrackLatest {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match hook {
            Hook::UpdateStatus
            | Hook::ConfigChanged
            | Hook::SecretChanged { .. }
            | Hook::SecretExpired { .. } => self.configure(unit)?,
            Hook::RelationChanged { relation, .. }
                if self.answers == Answers::Everything
                    && unit.own_endpoint(*relation) == Some(CERTIFICATES_ENDPOINT) =>
            {
                self.configure(unit)?;
            }
            Hook::RelationChanged {
                relation,
                unit: Some(_),
            } if unit.own_endpoint(*relation) == Some(CERTIFICATES_ENDPOINT) => {
                self.answer_new(unit, *relation)?;
            }
            Hook::RelationJoined { relation, .. }
                if unit.own_endpoint(*relation) == Some(TRANSFER_ENDPOINT) =>
            {
                self.send_to(unit, *relation)?;
            }
            Hook::Action { name, .. } => self.act(name, unit)?,
            _ => {}
        }
        // The library removes what is not asked for any more after it emitted what is asked for.
        self.certificates.on_hook(hook, unit)?;
        let invalid = invalid_options(unit);
        collect_status(unit, &invalid);
        Ok(())
    }

    fn libraries(&self, _: &UnitContext<'_>) -> Vec<LibraryBinding> {
        vec![
            LibraryBinding::ProvidesCertificates(self.certificates.clone()),
            LibraryBinding::ProvidesTransfer(self.transfer.clone()),
        ]
    }

    // As the action `get-ca-certificate` prints it.
    fn ca_certificates(&self, unit: &UnitContext<'_>) -> Vec<Certificate> {
        let stored = stored(unit).expect("the charm reads the CA that it wrote");
        stored.map(|ca| ca.certificate).into_iter().collect()
    }
}

impl TrackLatest {
    fn new(keys: KeySource, metadata: &CharmMetadata, answers: Answers) -> Self {
        Self {
            keys,
            certificates: Provider {
                library: metadata.played_certificates_library(CERTIFICATES_ENDPOINT),
                ..Provider::new(CERTIFICATES_ENDPOINT)
            },
            transfer: certificate_transfer::Provider {
                library: metadata.played_transfer_library(TRANSFER_ENDPOINT),
                ..certificate_transfer::Provider::new(TRANSFER_ENDPOINT)
            },
            answers,
        }
    }

    /// `_configure`.
    fn configure(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.is_leader() || !invalid_options(unit).is_empty() {
            return Ok(());
        }
        let wanted = common_name(unit);
        let wanted = wanted.expect("an empty name is an invalid option");
        let ca = match stored(unit)? {
            Some(ca) if ca.certificate.subject_common_name() == Some(&*wanted) => ca,
            _ => {
                self.generate_root(unit, &wanted)?;
                return self.certificates.revoke_all(unit);
            }
        };
        self.send(unit)?;
        for asked in self.certificates.outstanding(unit)? {
            self.answer(unit, &ca, &asked)?;
        }
        Ok(())
    }

    /// `_generate_root_certificate`. A secret that is there already keeps its expiry.
    fn generate_root(&self, unit: &mut UnitContext<'_>, name: &str) -> Result<(), HookError> {
        let key = self.keys.authority(unit);
        let validity_of_ca = match self.answers {
            Answers::Request => CA_VALIDITY,
            Answers::Everything => {
                config::check_ends_by_9999(unit.now(), validity(unit, "root-ca-validity")?)?
            }
        };
        let terms = Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity: validity_of_ca,
        };
        let certificate = tls_certificates_v3::generate_ca(name, &key, &terms)
            .map_err(|error| issuing::value_error(&error))?;
        note_ca(unit, &certificate, Some(&certificate));
        let content = SigningCa { certificate, key }.secret_content();
        let owner = SecretOwner::Application(unit.application_id());
        match unit.secret(owner, SECRET) {
            Some(secret) => unit.set_secret_content(secret.id, content)?,
            None => {
                let expire = unit.now() + validity(unit, "root-ca-validity")?;
                unit.add_secret(owner, SECRET, content, Some(expire))?;
            }
        }
        Ok(())
    }

    /// `_on_certificate_creation_request` for each request of a relation that has no certificate yet, a revoked one
    /// counted.
    fn answer_new(
        &self,
        unit: &mut UnitContext<'_>,
        relation: RelationId,
    ) -> Result<(), HookError> {
        if !unit.is_leader() || !invalid_options(unit).is_empty() {
            return Ok(());
        }
        let Some(ca) = stored(unit)? else {
            return Ok(());
        };
        let answered = self.certificates.answered(unit, relation)?;
        for asked in self.certificates.requests(unit)? {
            if asked.relation == relation && !answered.contains(&asked.request) {
                self.answer(unit, &ca, &asked)?;
            }
        }
        Ok(())
    }

    /// `_generate_self_signed_certificate`: the chain begins with the CA.
    fn answer(
        &self,
        unit: &mut UnitContext<'_>,
        ca: &SigningCa,
        asked: &Outstanding,
    ) -> Result<(), HookError> {
        let validity = validity(unit, "certificate-validity")?;
        let terms = Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity: config::check_ends_by_9999(unit.now(), validity)?,
        };
        let certificate = tls_certificates_v3::generate_certificate(
            &asked.request,
            &ca.certificate,
            &ca.key,
            &terms,
            asked.is_ca,
        )
        .map_err(|error| issuing::value_error(&error))?;
        let mut answer: Answer =
            issuing::note_and_answer(unit, asked, certificate, &ca.certificate);
        answer.chain.reverse();
        self.certificates
            .set_certificates(unit, asked.relation, vec![answer])
    }

    /// `_send_ca_cert` with a relation, which it takes for none where its number is 0.
    fn send_to(&self, unit: &mut UnitContext<'_>, relation: RelationId) -> Result<(), HookError> {
        match stored(unit)? {
            Some(ca) if unit.relation_number(relation) != 0 => {
                let texts = [Arc::from(ca.certificate.pem())];
                self.transfer.add_to(unit, relation, &texts)
            }
            _ => self.send(unit),
        }
    }

    /// `_send_ca_cert`.
    fn send(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match stored(unit)? {
            Some(ca) => self.transfer.add(unit, &[Arc::from(ca.certificate.pem())]),
            None => self.transfer.remove_all(unit),
        }
    }

    fn act(&self, name: &str, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match name {
            "get-ca-certificate" => match stored(unit)? {
                Some(ca) => unit.note(Note::action_result(ca.certificate.pem())),
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
            _ => {}
        }
        Ok(())
    }
}

/// The CA in the secret.
fn stored(unit: &UnitContext<'_>) -> Result<Option<SigningCa>, HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    let secret = unit.secret(owner, SECRET);
    secret
        .map(|secret| SigningCa::from_secret(&secret.content))
        .transpose()
}

fn common_name(unit: &UnitContext<'_>) -> Option<String> {
    let name = unit.config("ca-common-name");
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// `_invalid_configs`: a zero is falsy in Python.
fn invalid_options(unit: &UnitContext<'_>) -> Vec<&'static str> {
    let mut invalid = Vec::new();
    if common_name(unit).is_none() {
        invalid.push("ca-common-name");
    }
    for option in ["root-ca-validity", "certificate-validity"] {
        if unit.config(option) == Some("0") {
            invalid.push(option);
        }
    }
    invalid
}

/// An option in days.
///
/// # Errors
///
/// [`HookError`] where the certificate would end before it begins, which `cryptography` refuses, or after the last date
/// of Python.
fn validity(unit: &UnitContext<'_>, option: &str) -> Result<Span, HookError> {
    let text = unit.config(option);
    let text = text.expect("an option with a default has a value");
    config::days(text)
}

/// Options with which nothing is issued.
fn option_faults(options: &dyn Options) -> Vec<OptionFault> {
    let mut faults = Vec::new();
    let mut add = |option: &'static str| {
        let outcome = "The following configuration values are not valid";
        faults.push(OptionFault::new(option, format!("{outcome}: ['{option}']")));
    };
    if options.option("ca-common-name").is_none_or(str::is_empty) {
        add("ca-common-name");
    }
    for option in ["root-ca-validity", "certificate-validity"] {
        if options.option(option) == Some("0") {
            add(option);
        }
    }
    if let Some(Err(error)) = options.option("certificate-validity").map(config::days) {
        faults.push(OptionFault::new("certificate-validity", error.to_string()));
    }
    faults
}
