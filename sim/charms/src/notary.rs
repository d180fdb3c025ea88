//! `notary-k8s`: canonical/notary-k8s-operator `src/charm.py` and `src/notary.py` at a02e839.
//!
//! Noteworthy: every request waits in Notary until an operator uploads a certificate for it,
//! rejects it or revokes what was given; the workload tells the charm by a custom notice. What is
//! rejected or revoked later stays in the databag, since the library drops `revoked`. The charm
//! talks to its workload over TLS with a self-signed certificate of 365 days that nothing renews:
//! from then on it reaches Notary no more, and nothing new is asked for or given.
//!
//! Notary's database is files of the workload: `notary/db/SHA256` holds a request's status in its
//! first line and its chain, if any, below.

use std::sync::Arc;

use super::issuing::{note_answer, value_error};
use super::names::attributes;
use super::own_client::OwnClient;
use super::surface::{chain_path, key_path};
use super::{
    ApiCertificate, Authority, Charm, CharmMetadata, Implementation, LibraryBinding,
    OperatorAction, OperatorContext, OperatorNeed, PendingTask,
};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{
    self, Answer, Asks, CertificateEntry, Mode, Outstanding, Provider, Request, Side,
};
use trustsim_interfaces::{KeySource, certificate_transfer, pem, serial_number};
use trustsim_juju::{Hook, HookError, Status, Value};
use trustsim_kernel::Span;
use trustsim_pki::{Certificate, CertificateRequest, KeyPair, RequestAttributes, Terms, issuers};

const CERTIFICATES: &str = "certificates";
const ACCESS: &str = "access-certificates";
const SEND_ACCESS_CA: &str = "send-access-ca-certificate";
const CONTAINER: &str = "notary";
const HOSTNAME: &str = "external-hostname";
/// Marks that the container can be connected to.
const RUNNING: &str = "notary/running";
const CA_FILE: &str = "notary/ca.pem";
const SELF_SIGNED_NAME: &str = "Notary Self Signed Certificate";
const SELF_SIGNED_CA_NAME: &str = "Notary Self Signed Root CA";
const SELF_SIGNED_VALIDITY: Span = Span::from_secs(365 * 86_400);
const OUTSTANDING: &str = "Outstanding";
const REJECTED: &str = "Rejected";
const REVOKED: &str = "Revoked";
const ACTIVE: &str = "Active";
/// A request that an operator has to decide on.
const WAITS_APPROVAL: &str = "approval";
/// An operator revokes what was given.
pub(super) const REVOCATION: &str = "revocation";

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "notary",
    writes_files: true,
    build: |setup| Arc::new(Notary::new(setup.metadata, setup.keys.clone())),
    authority: Authority::People {
        ca_ends_chain: true,
    },
    api: Some(ApiCertificate {
        endpoint: ACCESS,
        blocks_start_in_pods: false,
    }),
    operator: Some(OperatorNeed {
        signs: true,
        alternative: None,
    }),
    revokes: true,
    ..Implementation::NONE
}];

/// The charm.
#[derive(Clone, Debug)]
struct Notary {
    keys: KeySource,
    own_client: OwnClient,
    certificates: Provider,
    access: tls_certificates::Requirer,
    transfer: certificate_transfer::Provider,
}

/// What Notary says of one request.
struct Row {
    status: String,
    chain: Vec<Certificate>,
}

/// What `_configure_certificate_requirers` would do about one request.
enum Step {
    /// Notary does not know it yet.
    Push(CertificateRequest),
    /// It has a certificate that the requirer does not.
    Give(Outstanding, Row),
    /// It was withdrawn: what was given is given again.
    GiveAgain(Outstanding, Arc<CertificateEntry>),
}

impl Charm for Notary {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.certificates.on_hook(hook, unit)?;
        let requests = [access_request(unit)];
        let asks = Asks {
            requests: &requests,
            private_key: None,
            keys: &self.keys,
            refresh: false,
        };
        self.access.on_hook(hook, unit, &asks)?;
        if matches!(hook, Hook::PebbleReady { .. }) {
            unit.push_file(RUNNING, Value::from(""));
        }
        if is_observed(hook, unit) && unit.is_leader() && can_connect(unit) {
            self.configure(unit, &asks)?;
        }
        // `requests` verifies by the `ca.pem` in its storage (`src/charm.py` 135-138, `src/notary.py` 146).
        let ca = unit.files().get(CA_FILE).cloned();
        self.own_client.trust(unit, ca);
        collect_status(unit);
        Ok(())
    }

    fn libraries(&self, unit: &UnitContext<'_>) -> Vec<LibraryBinding> {
        let access = LibraryBinding::RequiresCertificates {
            asks: self.access.clone(),
            requests: vec![access_request(unit)],
            private_key: None,
            refresh_hooks: &[],
        };
        vec![
            LibraryBinding::ProvidesCertificates(self.certificates.clone()),
            access,
            LibraryBinding::ProvidesTransfer(self.transfer.clone()),
        ]
    }

    fn pending_tasks(&self, unit: &UnitContext<'_>) -> Vec<PendingTask> {
        if !unit.is_leader() || !can_connect(unit) {
            return Vec::new();
        }
        // What raises in the hook shows no request.
        let requests = self.certificates.requests(unit).unwrap_or_default();
        let waiting = requests
            .iter()
            .filter(|asked| row(unit, &asked.request).is_some_and(|row| row.status == OUTSTANDING));
        waiting
            .map(|asked| PendingTask {
                what: WAITS_APPROVAL,
                subject: asked.request.sha256_hex(),
                common_name: Some(name_of(&asked.request).to_owned()),
                detail: format!(
                    "of {} of {}",
                    name_of(&asked.request),
                    unit.remote_application_name(asked.relation)
                ),
            })
            .collect()
    }

    fn operator_action(
        &self,
        task: &PendingTask,
        operator: &mut OperatorContext,
        unit: &mut UnitContext<'_>,
    ) -> Option<OperatorAction> {
        let requests = self.certificates.requests(unit).ok()?;
        if task.what == REVOCATION {
            let has_name = |asked: &&Outstanding| name_of(&asked.request) == task.subject;
            let given = requests
                .iter()
                .filter(has_name)
                .find(|asked| row(unit, &asked.request).is_some_and(|row| row.status == ACTIVE))?;
            return Some(decide(
                &given.request,
                "revoke the certificate for",
                REVOKED.to_owned(),
            ));
        }
        let asked = requests
            .iter()
            .find(|asked| asked.request.sha256_hex() == task.subject)?;
        if operator
            .rejects
            .iter()
            .any(|name| name == name_of(&asked.request))
        {
            return Some(decide(
                &asked.request,
                "reject the request for",
                REJECTED.to_owned(),
            ));
        }
        let ca = operator.ca.as_ref()?;
        let now = unit.now();
        let mut answer = ca.sign(&asked.request, asked.is_ca, now, &mut operator.stream);
        // canonical/notary refuses to upload fewer than two certificates.
        if answer.chain.len() < 2 {
            answer.chain.push(answer.ca.clone());
        }
        note_answer(unit, asked, &answer.certificate, ca.issuer());
        let pems: Vec<&str> = answer.chain.iter().map(Certificate::pem).collect();
        let row = format!("{ACTIVE}\n{}", pems.join("\n"));
        Some(decide(&asked.request, "upload the certificate for", row))
    }
}

/// An operator decides in Notary's own interface; Notary tells the charm.
fn decide(request: &CertificateRequest, what: &str, row: String) -> OperatorAction {
    OperatorAction::AtWorkload {
        command: format!("in Notary, {what} {}", name_of(request)),
        files: [(db_path(request).into(), Some(Value::from(row)))].into(),
        notifies: Some(CONTAINER),
    }
}

impl Notary {
    /// The charm with keys of this source.
    fn new(metadata: &CharmMetadata, keys: KeySource) -> Self {
        Self {
            keys,
            own_client: OwnClient::of(metadata),
            certificates: Provider::new(CERTIFICATES),
            access: tls_certificates::Requirer::new(ACCESS, Mode::App),
            transfer: certificate_transfer::Provider::new(SEND_ACCESS_CA),
        }
    }

    fn configure(&self, unit: &mut UnitContext<'_>, asks: &Asks<'_>) -> Result<(), HookError> {
        self.configure_access(unit, asks)?;
        if is_api_available(unit) {
            for step in self.steps(unit)? {
                self.carry_out(step, unit)?;
            }
        }
        // `_send_ca_cert` pulls the file whether or not it is there.
        let ca = unit
            .files()
            .get(CA_FILE)
            .cloned()
            .ok_or_else(no_such_file)?;
        self.transfer.add(unit, &[Arc::from(ca.text())])
    }

    /// `_configure_access_certificates`.
    fn configure_access(
        &self,
        unit: &mut UnitContext<'_>,
        asks: &Asks<'_>,
    ) -> Result<(), HookError> {
        if unit.relations(ACCESS).is_empty() && !has_self_signed(unit) {
            let (ca, certificate, key) = self.self_sign(unit)?;
            push_access(unit, &ca, &certificate, &key);
            unit.restart_workload();
            return Ok(());
        }
        let Some(assigned) = self.access.assigned(unit, asks, &asks.requests[0])? else {
            return Ok(());
        };
        // Pulls what is served, which raises where nothing is yet.
        let served = served(unit).ok_or_else(no_such_file)?;
        if served != assigned.entry.certificate {
            let (ca, certificate) = (
                assigned.entry.ca.clone(),
                assigned.entry.certificate.clone(),
            );
            push_access(unit, &ca, &certificate, &assigned.key);
            unit.restart_workload();
        }
        Ok(())
    }

    /// `_generate_self_signed_certificates`.
    fn self_sign(
        &self,
        unit: &mut UnitContext<'_>,
    ) -> Result<(Certificate, Certificate, KeyPair), HookError> {
        let terms = |unit: &mut UnitContext<'_>| Terms {
            serial: serial_number(unit),
            now: unit.now(),
            validity: SELF_SIGNED_VALIDITY,
        };
        let ca_key = self.keys.authority(unit);
        let name = RequestAttributes::with_common_name(SELF_SIGNED_CA_NAME);
        let name = name.unique(&mut unit.stream("unique-identifier"));
        let ca_terms = terms(unit);
        let ca = issuers::charmlibs::generate_self_signed_ca(&name, &ca_key, &ca_terms)
            .map_err(|error| value_error(&error))?;
        let key = self.keys.leaf(unit);
        let name = RequestAttributes::with_common_name(SELF_SIGNED_NAME);
        let mut name = name.unique(&mut unit.stream("unique-identifier"));
        name.sans_dns = dns_names(unit);
        let request = CertificateRequest::new(&name, &key).map_err(|error| value_error(&error))?;
        let leaf_terms = terms(unit);
        let signed = issuers::charmlibs::generate(&request, &ca, &ca_key, &leaf_terms, false);
        let certificate = signed.map_err(|error| value_error(&error))?;
        super::issuing::note_ca(unit, &ca, Some(&ca));
        super::issuing::note_own_leaf(unit, &certificate, &ca);
        Ok((ca, certificate, key))
    }

    /// `_configure_certificate_requirers`, as it would go now.
    fn steps(&self, unit: &UnitContext<'_>) -> Result<Vec<Step>, HookError> {
        let issued = self.certificates.issued(unit)?;
        let mut steps = Vec::new();
        for asked in self.certificates.requests(unit)? {
            let Some(row) = row(unit, &asked.request) else {
                steps.push(Step::Push(asked.request));
                continue;
            };
            let given = issued.iter().find(|entry| entry.request == asked.request);
            match (row.status.as_str(), given, row.chain.first()) {
                (ACTIVE, None, Some(_)) => steps.push(Step::Give(asked, row)),
                (ACTIVE, Some(given), Some(leaf)) if given.certificate != *leaf => {
                    steps.push(Step::Give(asked, row));
                }
                (ACTIVE, ..) | (_, None, _) => {}
                (_, Some(given), _) => steps.push(Step::GiveAgain(asked, Arc::clone(given))),
            }
        }
        Ok(steps)
    }

    fn carry_out(&self, step: Step, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match step {
            Step::Push(request) => {
                unit.push_file(&db_path(&request), Value::from(OUTSTANDING));
                Ok(())
            }
            Step::Give(asked, row) => {
                let (Some(first), Some(last)) = (row.chain.first(), row.chain.last()) else {
                    panic!(
                        "`steps` gives rows with a certificate only, not `{}`",
                        row.status
                    );
                };
                let answer = Answer {
                    request: asked.request.clone(),
                    certificate: first.clone(),
                    ca: last.clone(),
                    chain: row.chain.clone(),
                };
                self.certificates
                    .set_certificates(unit, asked.relation, vec![answer])
            }
            // `ProviderCertificate(..., revoked=True)`: the library drops `revoked`.
            Step::GiveAgain(asked, given) => {
                let answer = Answer {
                    request: asked.request.clone(),
                    certificate: given.certificate.clone(),
                    ca: given.ca.clone(),
                    chain: given.chain.iter().flatten().cloned().collect(),
                };
                self.certificates
                    .set_certificates(unit, asked.relation, vec![answer])
            }
        }
    }
}

/// The events that `configure` observes.
fn is_observed(hook: &Hook, unit: &UnitContext<'_>) -> bool {
    let endpoint = hook
        .relation()
        .and_then(|relation| unit.own_endpoint(relation));
    match hook {
        Hook::PebbleReady { .. }
        | Hook::PebbleCustomNotice { .. }
        | Hook::ConfigChanged
        | Hook::UpdateStatus
        | Hook::Start => true,
        Hook::RelationChanged { .. }
        | Hook::RelationDeparted { .. }
        | Hook::RelationBroken { .. } => {
            matches!(endpoint, Some(CERTIFICATES | ACCESS))
        }
        Hook::RelationJoined { .. } => endpoint == Some(SEND_ACCESS_CA),
        _ => false,
    }
}

fn collect_status(unit: &mut UnitContext<'_>) {
    let (status, message) = if !unit.is_leader() {
        (Status::Waiting, "multiple units not supported")
    } else if !can_connect(unit) {
        (Status::Waiting, "container not yet connectable")
    } else if served(unit).is_none() {
        (Status::Waiting, "certificates not yet pushed to workload")
    } else if !is_api_available(unit) {
        (Status::Waiting, "server not yet available")
    } else {
        (Status::Active, "")
    };
    unit.set_status(status, message);
}

fn can_connect(unit: &UnitContext<'_>) -> bool {
    unit.files().contains_key(RUNNING)
}

/// Whether the charm's own client, Python's `requests` with `ca.pem`, accepts what Notary serves:
/// in its time, for this host, issued by that CA, which must be self-signed (OpenSSL takes no
/// intermediate as an anchor).
fn is_api_available(unit: &UnitContext<'_>) -> bool {
    let ca = pem::loadable(unit.files().get(CA_FILE)).into_iter().next();
    let (Some(certificate), Some(ca)) = (served(unit), ca) else {
        return false;
    };
    let holds = |found: &Certificate| {
        unit.has_passed(found.not_before()) && !unit.is_after(found.not_after())
    };
    let host = unit.unit_dns_name();
    holds(&certificate)
        && holds(&ca)
        && ca.is_self_issued()
        && certificate.verify_issued_by(&ca)
        && certificate.sans().iter().any(|name| name.ends_with(&host))
}

fn served(unit: &UnitContext<'_>) -> Option<Certificate> {
    let file = unit.files().get(chain_path(ACCESS, CONTAINER).as_str());
    pem::loadable(file).into_iter().next()
}

/// `_self_signed_certificates_generated`.
fn has_self_signed(unit: &UnitContext<'_>) -> bool {
    let Some(certificate) = served(unit) else {
        return false;
    };
    let is_own = certificate.subject_common_name() == Some(SELF_SIGNED_NAME);
    let named = |host: &str| certificate.sans().iter().any(|name| name.ends_with(host));
    is_own && hostname(unit).is_none_or(named)
}

/// `_push_files_to_workload`: the certificate alone, without its chain.
fn push_access(
    unit: &mut UnitContext<'_>,
    ca: &Certificate,
    certificate: &Certificate,
    key: &KeyPair,
) {
    let one = |certificate: &Certificate| pem::chain_value(std::slice::from_ref(certificate));
    unit.push_file(CA_FILE, one(ca));
    unit.push_file(&chain_path(ACCESS, CONTAINER), one(certificate));
    unit.push_file(&key_path(ACCESS, CONTAINER), pem::key_value(key));
}

fn access_request(unit: &UnitContext<'_>) -> Request {
    let mut wanted = attributes(&["Notary".to_owned()], "Notary");
    wanted.sans_dns = dns_names(unit);
    Request::new(wanted, Side::App)
}

fn dns_names(unit: &UnitContext<'_>) -> Vec<String> {
    let external = hostname(unit).map(str::to_owned);
    external.into_iter().chain([unit.unit_dns_name()]).collect()
}

/// `_get_external_hostname_config`: what is no host name is ignored.
fn hostname<'a>(unit: &UnitContext<'a>) -> Option<&'a str> {
    let is_valid = |name: &&str| {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
        !name.is_empty() && name.len() <= 253 && name.chars().all(allowed)
    };
    unit.config(HOSTNAME).filter(is_valid)
}

fn row(unit: &UnitContext<'_>, request: &CertificateRequest) -> Option<Row> {
    let text = unit.files().get(db_path(request).as_str())?.text();
    // A row without a certificate is its status alone.
    let (status, chain) = match text.split_once('\n') {
        Some((status, chain)) => (status, Certificate::chain_from_pem(chain)),
        None => (text, Ok(Vec::new())),
    };
    Some(Row {
        status: status.to_owned(),
        chain: chain.expect("Notary keeps certificates that it has checked"),
    })
}

fn db_path(request: &CertificateRequest) -> String {
    format!("notary/db/{}", request.sha256_hex())
}

fn name_of(request: &CertificateRequest) -> &str {
    match &request.attributes().common_name {
        Some(name) => name,
        // A requirer may ask for alternative names only.
        None => "",
    }
}

fn no_such_file() -> HookError {
    let message = "ops.pebble.PathError: not-found - stat: no such file or directory";
    HookError::Charm(message.to_owned())
}
