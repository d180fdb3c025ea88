//! `manual-tls-certificates`: canonical/manual-tls-certificates-operator `src/charm.py` at 3204502.
//!
//! Noteworthy: nothing is signed by the charm; a person runs `provide-certificate` for each
//! request. The action does not look whether its unit leads: on another one the library writes
//! nothing and the action reports success. What was once in `trusted-certificate-bundle` stays in
//! every `trust_certificate` relation for ever.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trustsim_interfaces::notes::Note;

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
/// A certificate that an operator has to have signed.
const WAITS_CERTIFICATE: &str = "certificate";
/// The bundle that an operator has to configure.
const WAITS_BUNDLE: &str = "trusted-bundle";

type Parameters = BTreeMap<String, String>;

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "manual-tls-certificates",
    build: |_| Arc::new(ManualTlsCertificates::default()),
    option_faults,
    authority: Authority::People {
        ca_ends_chain: false,
    },
    operator: Some(OperatorNeed {
        signs: true,
        alternative: None,
    }),
    ..Implementation::NONE
}];

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
            Hook::ConfigChanged => self.send_bundle(unit)?,
            Hook::RelationJoined { relation, .. }
                if unit.own_endpoint(*relation) == Some(TRUST) =>
            {
                self.send_bundle(unit)?;
            }
            Hook::Action { name, parameters } => match &**name {
                "get-outstanding-certificate-requests" => self.list(parameters, unit)?,
                PROVIDE => {
                    let note = match self.provide(parameters, unit)? {
                        Ok(()) => Note::action_result("Certificates successfully provided."),
                        Err(message) => Note::action_failed(message),
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
        // What raises in the hook shows no request.
        let outstanding = self.certificates.outstanding(unit).unwrap_or_default();
        let certificates = outstanding.iter().map(|asked| PendingTask {
            what: WAITS_CERTIFICATE,
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
                    what: WAITS_BUNDLE,
                    subject: String::new(),
                    common_name: None,
                    detail: "No trusted certificate bundle configured".to_owned(),
                }
            });
        certificates.chain(bundle).collect()
    }

    fn answer(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        let ca = operator.ca.as_ref()?;
        if task.what == WAITS_BUNDLE {
            let pems: Vec<&str> = ca.trusted().map(Certificate::pem).collect();
            let options = [(BUNDLE.to_owned(), Some(pems.join("\n")))].into();
            return Some(OperatorAction::Config { options });
        }
        let outstanding = self.certificates.outstanding(unit).ok()?;
        let asked = outstanding
            .iter()
            .find(|asked| asked.request.sha256_hex() == task.subject)?;
        let now = unit.now();
        let answer = ca.sign(&asked.request, asked.is_ca, now, &mut operator.stream);
        note_answer(unit, asked, &answer.certificate, ca.issuer());
        Some(provide_command(&answer, asked.relation, unit))
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
    let read = read_answer(&parameters);
    assert!(
        matches!(&read, Ok(Ok(read)) if read.certificate == answer.certificate && read.ca == answer.ca),
        "the charm reads what the operator is told to type: {read:?}"
    );
    let number = unit.relation_number(relation).to_string();
    parameters.insert("relation-id".to_owned(), number);
    OperatorAction::Action {
        name: PROVIDE.to_owned(),
        parameters,
    }
}

impl ManualTlsCertificates {
    /// Adds the bundle to every `trust_certificate` relation: nothing ever leaves by it.
    fn send_bundle(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match bundle(unit) {
            Some(Ok(texts)) => self.transfer.add(unit, &texts),
            _ => Ok(()),
        }
    }

    fn list(&self, parameters: &Parameters, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
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

    /// `_on_provide_certificate_action`: why it fails, where it does.
    fn provide(
        &self,
        parameters: &Parameters,
        unit: &mut UnitContext<'_>,
    ) -> Result<Result<(), &'static str>, HookError> {
        if unit.relations(CERTIFICATES).is_empty() {
            return Ok(Err("No certificates relation has been created yet."));
        }
        let answer = match read_answer(parameters)? {
            Ok(answer) => answer,
            Err(message) => return Ok(Err(message)),
        };
        if answer.request.spki_der() != answer.certificate.spki_der() {
            return Ok(Err("Certificate and CSR do not match."));
        }
        let requests = self.certificates.requests(unit)?;
        let asking: BTreeSet<RelationId> = requests
            .iter()
            .filter(|asked| asked.request == answer.request)
            .map(|asked| asked.relation)
            .collect();
        let numbers = asking
            .iter()
            .map(|relation| unit.relation_number(*relation));
        let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
        let given = parameters.get("relation-id");
        let relation = match (given, asking.first()) {
            (_, None) => return Ok(Err("CSR was not found in any requirer databags.")),
            (None, Some(_)) if asking.len() > 1 => {
                return Ok(Err("Multiple requirers with the same CSR found."));
            }
            (Some(given), _) if !numbers.contains(given) => {
                let message = "Requested relation id is not the correct id of any found CSR's.";
                return Ok(Err(message));
            }
            (Some(given), Some(_)) => {
                let at = numbers.iter().position(|number| number == given);
                let at = at.expect("the arm above has seen that the number is among them");
                asking
                    .iter()
                    .nth(at)
                    .expect("there is a number for each relation")
            }
            (None, Some(first)) => first,
        };
        // A unit that does not lead writes nothing, and the action says nothing of it.
        self.certificates
            .set_certificates(unit, *relation, vec![answer])?;
        Ok(Ok(()))
    }

    /// `_on_collect_unit_status`. A unit that does not lead sees every request as outstanding.
    fn collect_status(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.relations(TRUST).is_empty() {
            match bundle(unit) {
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

/// The parameters of `provide-certificate`, or why the action fails. What is base64 but no PEM
/// ends the action with an exception.
fn read_answer(parameters: &Parameters) -> Result<Result<Answer, &'static str>, HookError> {
    let decoded = |key: &str| parameters.get(key).map(|value| decode_base64_text(value));
    let (Some(certificate), Some(ca), Some(request)) = (
        decoded("certificate"),
        decoded("ca-certificate"),
        decoded("certificate-signing-request"),
    ) else {
        return Ok(Err("One or more action parameters are missing."));
    };
    let invalid = "Action input is not valid.";
    let (Some(certificate), Some(ca), Some(request)) = (certificate, ca, request) else {
        return Ok(Err(invalid));
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
            match chain.filter(|chain| is_in_order(chain)) {
                Some(chain) => chain,
                None => return Ok(Err(invalid)),
            }
        }
    };
    Ok(Ok(Answer {
        request,
        certificate,
        ca,
        chain,
    }))
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
fn bundle(options: &dyn Options) -> Option<Result<Vec<Arc<str>>, ()>> {
    let text = options.option(BUNDLE)?;
    let found = Certificate::chain_from_pem(text).ok();
    let found = found.filter(|found| !found.is_empty());
    Some(found.ok_or(()).map(|found| {
        let texts = found.iter().map(|certificate| Arc::from(certificate.pem()));
        texts.collect()
    }))
}

/// A bundle that is none is not sent.
pub(super) fn option_faults(options: &dyn Options) -> Vec<OptionFault> {
    match bundle(options) {
        Some(Err(())) => {
            let outcome = "Invalid trusted certificate bundle configured";
            let fault = OptionFault::new(BUNDLE, outcome).no_pem();
            vec![fault.only_with(&[TRUST])]
        }
        _ => Vec::new(),
    }
}
