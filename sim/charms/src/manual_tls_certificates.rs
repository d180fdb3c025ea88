//! `manual-tls-certificates`: canonical/manual-tls-certificates-operator `src/charm.py` at 3204502.
//!
//! The charm signs nothing: an operator runs `provide-certificate` for each request. The action does not check whether
//! its unit leads; on a unit that does not lead, the library writes nothing and the action reports success. What was
//! once in `trusted-certificate-bundle` stays in every `trust_certificate` relation for ever.
//!
//! A new task for an operator is a variant of [`Task`] and an element of its `ALL`; the compiler then asks for its name
//! and for what is done.

mod own_code;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trustsim_interfaces::notes::Note;

use super::action_error::ActionError;
use super::issuing::note_answer;
use super::{
    Authority, Charm, Implementation, LibraryBinding, OperatorAction, OperatorContext,
    OperatorNeed, PendingTask,
};
use super::{OptionFault, Options};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::certificate_transfer;
use trustsim_interfaces::tls_certificates::{Answer, Outstanding, Provider};
use trustsim_juju::{Hook, HookError, RelationId, Status};
use trustsim_pki::{Certificate, CertificateRequest, decode_base64_text, encode_base64};

const CERTIFICATES: &str = "certificates";
const TRUST: &str = "trust_certificate";
const BUNDLE: &str = "trusted-certificate-bundle";
const PROVIDE: &str = "provide-certificate";

/// What an operator has to do.
#[derive(Clone, Copy)]
enum Task {
    /// Have a certificate signed and provide it.
    ProvideCertificate,
    /// Configure the trusted bundle.
    ConfigureBundle,
}

impl Task {
    /// Every task. One that is missing here is never found by its name, and so never done.
    const ALL: [Self; 2] = [Self::ProvideCertificate, Self::ConfigureBundle];

    /// Its name in [`PendingTask::what`].
    const fn name(self) -> &'static str {
        match self {
            Self::ProvideCertificate => "certificate",
            Self::ConfigureBundle => "trusted-bundle",
        }
    }

    /// The task of this name; `None` for one that other charms have, such as a revocation.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }
}

type Parameters = BTreeMap<String, String>;

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "manual-tls-certificates",
    build: |_| Arc::new(ManualTlsCertificates::default()),
    option_faults,
    authority: Authority::People {
        ca_ends_chain: false,
    },
    operator: Some(NEED),
    with_own_code: Some(&own_code::IMPLEMENTATION),
    ..Implementation::NONE
}];

const NEED: OperatorNeed = OperatorNeed {
    signs: true,
    alternative: None,
};

/// The charm.
#[derive(Clone, Debug)]
struct ManualTlsCertificates {
    certificates: Provider,
    transfer: certificate_transfer::Provider,
}

impl Default for ManualTlsCertificates {
    fn default() -> Self {
        Self {
            certificates: Provider::new(CERTIFICATES),
            transfer: certificate_transfer::Provider::new(TRUST),
        }
    }
}

impl Charm for ManualTlsCertificates {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.certificates.on_hook(hook, unit)?;
        match hook {
            Hook::ConfigChanged => {
                if let Some(Ok(texts)) = trusted_bundle(unit) {
                    self.transfer.add(unit, &texts)?;
                }
            }
            Hook::RelationJoined { relation, .. }
                if unit.own_endpoint(*relation) == Some(TRUST) =>
            {
                if let Some(Ok(texts)) = trusted_bundle(unit) {
                    self.transfer.add_to(unit, *relation, &texts)?;
                }
            }
            Hook::Action { name, parameters } => match &**name {
                "get-outstanding-certificate-requests" => {
                    self.list_outstanding_requests(parameters, unit)?;
                }
                PROVIDE => {
                    let note = match self.provide(parameters, unit) {
                        Ok(()) => Note::action_result("Certificates successfully provided."),
                        Err(ActionError::Failed(message)) => Note::action_failed(message),
                        Err(ActionError::Raised(error)) => return Err(error),
                    };
                    unit.note(note);
                }
                _ => {}
            },
            _ => {}
        }
        self.collect_status(unit)
    }

    fn libraries(&self, _: &UnitContext<'_>) -> Vec<LibraryBinding> {
        vec![
            LibraryBinding::ProvidesCertificates(self.certificates.clone()),
            LibraryBinding::ProvidesTransfer(self.transfer.clone()),
        ]
    }

    /// What the leader's status tells an operator: requests without a certificate, and a bundle
    /// that is not configured.
    fn pending_tasks(&self, unit: &UnitContext<'_>) -> Vec<PendingTask> {
        if !unit.is_leader() {
            return Vec::new();
        }
        // If reading the databags fails, the hook fails too, and the status shows no requests.
        let outstanding = self.certificates.outstanding(unit).unwrap_or_default();
        let certificates = outstanding.iter().map(|asked| PendingTask {
            what: Task::ProvideCertificate.name(),
            subject: asked.request.sha256_hex(),
            // A request may have no common name; its names are in the SAN then.
            common_name: Some(
                asked
                    .request
                    .attributes()
                    .common_name
                    .clone()
                    .unwrap_or_default(),
            ),
            detail: format!(
                "for {} of {}",
                asked
                    .request
                    .attributes()
                    .common_name
                    .as_deref()
                    .unwrap_or("no name"),
                unit.remote_application_name(asked.relation)
            ),
        });
        let bundle =
            (!unit.relations(TRUST).is_empty() && unit.config(BUNDLE).is_none()).then(|| {
                PendingTask {
                    what: Task::ConfigureBundle.name(),
                    subject: String::new(),
                    common_name: None,
                    detail: "No trusted certificate bundle configured".to_owned(),
                }
            });
        certificates.chain(bundle).collect()
    }

    fn operator_action(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        let (done, signed) = self.answered(task, operator, unit)?;
        // The operator's CA has issued it, even where the action then refuses it.
        if let Some((asked, certificate, issuer)) = signed {
            note_answer(unit, &asked, &certificate, &issuer);
        }
        Some(done)
    }
}

/// What was signed for a person: the request, the certificate and its issuer.
type Signed = (Outstanding, Certificate, Certificate);

impl ManualTlsCertificates {
    /// What a person does about a task, and what they have signed for it.
    fn answered(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &UnitContext<'_>,
    ) -> Option<(OperatorAction, Option<Signed>)> {
        let ca = operator.ca.as_ref()?;
        match Task::named(task.what)? {
            Task::ConfigureBundle => {
                let pems: Vec<&str> = ca.trusted().map(Certificate::pem).collect();
                let options = [(BUNDLE.to_owned(), Some(pems.join("\n")))].into();
                Some((OperatorAction::Config { options }, None))
            }
            Task::ProvideCertificate => {
                // `pending_tasks` gives no task for a request that cannot be read.
                let outstanding = self.certificates.outstanding(unit).ok()?;
                let mut outstanding = outstanding.into_iter();
                let asked = outstanding.find(|asked| asked.request.sha256_hex() == task.subject)?;
                let now = unit.now();
                let answer = ca.sign(&asked.request, asked.is_ca, now, &mut operator.stream);
                let done = provide_command(&answer, asked.relation, unit);
                let signed = (asked, answer.certificate, ca.issuer().clone());
                Some((done, Some(signed)))
            }
        }
    }
}

/// `juju run APP/leader provide-certificate ...`, as the charm's documentation has it.
fn provide_command(
    answer: &Answer,
    relation: RelationId,
    unit: &UnitContext<'_>,
) -> OperatorAction {
    let mut parameters: Parameters = [
        ("certificate-signing-request", answer.request.pem()),
        ("certificate", answer.certificate.pem()),
        ("ca-certificate", answer.ca.pem()),
    ]
    .map(|(key, pem)| (key.to_owned(), encode_base64(pem)))
    .into();
    let pems: Vec<&str> = answer.chain.iter().map(Certificate::pem).collect();
    parameters.insert("ca-chain".to_owned(), encode_base64(&pems.join("\n")));
    let read = parse_action_parameters(&parameters);
    assert!(
        read.is_ok_and(|read| read.certificate == answer.certificate && read.ca == answer.ca),
        "{}: `{PROVIDE}` does not read back the certificate of `{}` and the CA `{}`",
        unit.unit_name(),
        answer.certificate.subject(),
        answer.ca.subject()
    );
    let number = unit.relation_number(relation).to_string();
    parameters.insert("relation-id".to_owned(), number);
    OperatorAction::Action {
        name: PROVIDE.to_owned(),
        parameters,
    }
}

impl ManualTlsCertificates {
    fn list_outstanding_requests(
        &self,
        parameters: &Parameters,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        if unit.relations(CERTIFICATES).is_empty() {
            let message = "No certificates relation has been created yet.";
            unit.note(Note::action_failed(message));
            return Ok(());
        }
        let wanted = parameters.get("relation-id");
        let outstanding = self.certificates.outstanding(unit)?;
        let listed = outstanding.iter().filter_map(|asked| {
            let number = unit.relation_number(asked.relation);
            let is_wanted = wanted.is_none_or(|wanted| *wanted == number.to_string());
            is_wanted
                .then(|| serde_json::json!({"csr": asked.request.pem(), "relation_id": number}))
        });
        let listed: Vec<serde_json::Value> = listed.collect();
        let text = serde_json::Value::from(listed).to_string();
        unit.note(Note::action_result(text));
        Ok(())
    }

    /// `_on_provide_certificate_action`. The message of [`ActionError::Failed`] is the one with which the action fails.
    fn provide(
        &self,
        parameters: &Parameters,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), ActionError> {
        if unit.relations(CERTIFICATES).is_empty() {
            let message = "No certificates relation has been created yet.";
            return Err(ActionError::Failed(message));
        }
        let answer = parse_action_parameters(parameters)?;
        if answer.request.spki_der() != answer.certificate.spki_der() {
            return Err(ActionError::Failed("Certificate and CSR do not match."));
        }
        let requests = self.certificates.requests(unit)?;
        let asking: BTreeSet<RelationId> = requests
            .iter()
            .filter(|asked| asked.request == answer.request)
            .map(|asked| asked.relation)
            .collect();
        let Some(first) = asking.first() else {
            let message = "CSR was not found in any requirer databags.";
            return Err(ActionError::Failed(message));
        };
        let relation = match parameters.get("relation-id") {
            Some(number) => asking
                .iter()
                .find(|relation| unit.relation_number(**relation).to_string() == *number)
                .ok_or(ActionError::Failed(
                    "Requested relation id is not the correct id of any found CSR's.",
                ))?,
            None if asking.len() > 1 => {
                let message = "Multiple requirers with the same CSR found.";
                return Err(ActionError::Failed(message));
            }
            None => first,
        };
        // A unit that does not lead writes nothing, and the action says nothing of it.
        self.certificates
            .set_certificates(unit, *relation, vec![answer])?;
        Ok(())
    }

    /// `_on_collect_unit_status`. A unit that does not lead sees every request as outstanding.
    fn collect_status(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.relations(TRUST).is_empty() {
            match trusted_bundle(unit) {
                None => {
                    unit.set_status(Status::Active, "No trusted certificate bundle configured");
                    return Ok(());
                }
                Some(Err(())) => {
                    unit.set_status(
                        Status::Blocked,
                        "Invalid trusted certificate bundle configured",
                    );
                    return Ok(());
                }
                Some(Ok(_)) => {}
            }
        }
        let outstanding: Vec<Outstanding> = self.certificates.outstanding(unit)?;
        match outstanding.len() {
            0 => unit.set_status(Status::Active, "No outstanding requests."),
            count => {
                let message = format!(
                    "{count} outstanding requests, use juju actions to provide certificates"
                );
                unit.set_status(Status::Active, &message);
            }
        }
        Ok(())
    }
}

/// The parameters of `provide-certificate`.
///
/// # Errors
///
/// [`ActionError`] as the charm ends the action. A value that is valid base64 but not PEM raises an exception.
fn parse_action_parameters(parameters: &Parameters) -> Result<Answer, ActionError> {
    let decoded = |key: &str| parameters.get(key).map(|value| decode_base64_text(value));
    let (Some(certificate), Some(ca), Some(request)) = (
        decoded("certificate"),
        decoded("ca-certificate"),
        decoded("certificate-signing-request"),
    ) else {
        let message = "One or more action parameters are missing.";
        return Err(ActionError::Failed(message));
    };
    let invalid = ActionError::Failed("Action input is not valid.");
    let (Some(certificate), Some(ca), Some(request)) = (certificate, ca, request) else {
        return Err(invalid);
    };
    let raised =
        |error: trustsim_pki::PkiError| HookError::Charm(format!("TLSCertificatesError: {error}"));
    let certificate = Certificate::from_pem(&certificate).map_err(raised)?;
    let ca = Certificate::from_pem(&ca).map_err(raised)?;
    let request = CertificateRequest::from_pem(&request).map_err(raised)?;
    let chain = match decoded("ca-chain") {
        None => vec![certificate.clone(), ca.clone()],
        Some(text) => {
            let chain = text.and_then(|text| Certificate::chain_from_pem(&text).ok());
            let chain = chain.filter(|chain| is_in_order(chain));
            chain.ok_or(invalid)?
        }
    };
    Ok(Answer {
        request,
        certificate,
        ca,
        chain,
    })
}

/// `parse_ca_chain`: each is issued by the next, by name and signature.
fn is_in_order(chain: &[Certificate]) -> bool {
    !chain.is_empty()
        && chain.windows(2).all(|pair| {
            pair[0].issuer_der() == pair[1].subject_der() && pair[0].verify_issued_by(&pair[1])
        })
}

/// `_get_trusted_certificate_bundle`: `None` where it is not configured, an error where it is no
/// PEM.
fn trusted_bundle(options: &dyn Options) -> Option<Result<Vec<Arc<str>>, ()>> {
    let text = options.option(BUNDLE)?;
    let found = Certificate::chain_from_pem(text).ok();
    let found = found.filter(|found| !found.is_empty());
    Some(found.ok_or(()).map(|found| {
        let texts = found.iter().map(|certificate| Arc::from(certificate.pem()));
        texts.collect()
    }))
}

/// The options that do not work as set. A bundle that is not valid PEM is not sent.
pub(super) fn option_faults(options: &dyn Options) -> Vec<OptionFault> {
    match trusted_bundle(options) {
        Some(Err(())) => {
            let outcome = "Invalid trusted certificate bundle configured";
            let fault = OptionFault::new(BUNDLE, outcome).because_not_pem();
            vec![fault.only_with(&[TRUST])]
        }
        _ => Vec::new(),
    }
}
