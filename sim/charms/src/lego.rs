//! `lego`: canonical/lego-operator `src/charm.py` at 8f0fdad, with the ACME server behind it.
//!
//! Noteworthy: each order runs from beginning to end inside the hook; whatever has no
//! certificate is ordered again at every event, update-status among them, without back-off, whatever
//! the server said; `ca` is the intermediate that happened to sign, and those that ever signed
//! gather in `send-ca-cert`; a new leader opens a new account; what asks for a CA certificate gets
//! a leaf.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use trustsim_interfaces::notes::{Note, RefusalKind, RefusedOrder};

use super::{Authority, Charm, Implementation, LibraryBinding, issuing};
use super::{OptionFault, Options};
use trustsim_charm_model::acme::{AcmeServer, Challenge, Order, Refused};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{ErrorCode, Outstanding, Provider, RequestError};
use trustsim_interfaces::{KeySource, certificate_transfer, pem};
use trustsim_juju::{Hook, HookError, SecretOwner, Status, Value};
use trustsim_pki::Certificate;

const CERTIFICATES: &str = "certificates";
const SEND_CA: &str = "send-ca-cert";
const RECEIVE_CA: &str = "receive-ca-cert";
const INGRESS: &str = "ingress";
/// Owned by the unit: another leader does not see it.
const ACCOUNT: &str = "acme-account-details";
/// CAs for the connection with the ACME server.
const BUNDLE_OPTION: &str = "acme-ca-certificates";
/// `/var/lib/acme-ca-certificates.pem`.
const BUNDLE_FILE: &str = "acme-ca-certificates.pem";

pub(super) static IMPLEMENTATIONS: [Implementation; 1] = [Implementation {
    behaviour: "lego",
    writes_files: true,
    build: |setup| {
        let charm = Lego::new(setup.keys.clone());
        Arc::new(match setup.acme {
            Some(server) => charm.reaching(server.clone()),
            None => charm,
        })
    },
    option_faults,
    authority: Authority::Acme,
    ..Implementation::NONE
}];

/// The charm.
#[derive(Clone, Debug)]
struct Lego {
    keys: KeySource,
    certificates: Provider,
    transfer: certificate_transfer::Provider,
    received: certificate_transfer::Requirer,
    /// None where no world gives it one: then no server answers.
    server: Option<AcmeServer>,
}

impl Charm for Lego {
    fn on_hook(&self, hook: &Hook, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        self.certificates.on_hook(hook, unit)?;
        let received = self.received.on_hook(hook, unit)?.is_some();
        let endpoint = hook.relation().and_then(|id| unit.own_endpoint(id));
        let observed = match hook {
            Hook::RelationJoined { .. } => endpoint == Some(SEND_CA),
            Hook::RelationChanged { .. } => endpoint == Some(CERTIFICATES),
            Hook::SecretChanged { .. } | Hook::ConfigChanged | Hook::UpdateStatus => true,
            _ => false,
        };
        if observed || received {
            self.configure(unit)?;
        }
        self.collect_status(unit)
    }

    fn libraries(&self, _: &UnitContext<'_>) -> Vec<LibraryBinding> {
        vec![
            LibraryBinding::ProvidesCertificates(self.certificates.clone()),
            LibraryBinding::ProvidesTransfer(self.transfer.clone()),
            LibraryBinding::RequiresTransfer(self.received.clone()),
        ]
    }
}

impl Lego {
    /// The charm with keys of this source, for its accounts.
    fn new(keys: KeySource) -> Self {
        Self {
            keys,
            certificates: Provider::new(CERTIFICATES),
            transfer: certificate_transfer::Provider::new(SEND_CA),
            received: certificate_transfer::Requirer::new(RECEIVE_CA),
            server: None,
        }
    }

    /// The same, reaching this server.
    #[must_use]
    fn reaching(mut self, server: AcmeServer) -> Self {
        self.server = Some(server);
        self
    }

    /// `_configure`.
    fn configure(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.is_leader() || invalid(unit).is_some() {
            return Ok(());
        }
        self.write_bundle(unit)?;
        for asked in self.unanswered(unit)? {
            self.generate(&asked, unit)?;
        }
        let sent = self.issuers(unit)?;
        self.transfer.add(unit, &sent)
    }

    /// `_configure_certificates`: every request without a certificate, refused ones included.
    fn unanswered(&self, unit: &UnitContext<'_>) -> Result<Vec<Outstanding>, HookError> {
        let issued = self.certificates.issued(unit)?;
        let answered: BTreeSet<&str> = issued.iter().map(|entry| entry.request.pem()).collect();
        let mut requests = self.certificates.requests(unit)?;
        requests.retain(|asked| !answered.contains(asked.request.pem()));
        Ok(requests)
    }

    /// `_generate_signed_certificate`.
    fn generate(&self, asked: &Outstanding, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let account = self.account(unit)?;
        let ordered = match &self.server {
            Some(server) if trusts_server(unit, server) => {
                let order = Order {
                    request: &asked.request,
                    account: &account,
                    challenge: challenge(unit),
                };
                server.order(order, unit)
            }
            Some(_) => Err(unreachable(
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            )),
            None => Err(unreachable("dial tcp: lookup: no such host")),
        };
        // A requirer may ask for alternative names only.
        let name = match &asked.request.attributes().common_name {
            Some(name) => name.clone(),
            None => String::new(),
        };
        let (certificate, issuer) = match ordered {
            Ok(signed) => signed,
            Err(refused) => {
                unit.note(Note::AcmeOrderRefused(RefusedOrder {
                    common_name: name,
                    code: refused.code,
                    detail: refused.detail.clone(),
                    is_connection: is_connection(&refused),
                }));
                let mut error = RequestError::new(error_code(&refused), refused.detail.clone());
                error.reason = Some(refused.code.to_owned());
                error.endpoint = unit.config("server").map(str::to_owned);
                return self.certificates.set_error(
                    unit,
                    asked.relation,
                    &asked.request,
                    error,
                    RefusalKind::Other,
                );
            }
        };
        self.note_issuer(&issuer, unit);
        // It is a leaf even where a CA was asked for.
        let leaf = Outstanding {
            is_ca: false,
            ..asked.clone()
        };
        let answer = issuing::note_and_answer(unit, &leaf, certificate, &issuer);
        self.certificates
            .set_certificates(unit, asked.relation, vec![answer])
    }

    /// Puts the server's own certificates into the journal when they are first met.
    fn note_issuer(&self, issuer: &Certificate, unit: &mut UnitContext<'_>) {
        let Some(server) = &self.server else {
            return;
        };
        for certificate in [server.root(), issuer] {
            let key = format!("acme/seen/{}", certificate.serial());
            if unit.outside(&key).is_none() {
                unit.set_outside(&key, Some(Value::from("")));
                issuing::note_ca(unit, certificate, Some(server.root()));
            }
        }
    }

    /// `_get_or_create_acme_account_private_key`: the account, by its key.
    fn account(&self, unit: &mut UnitContext<'_>) -> Result<String, HookError> {
        let owner = SecretOwner::Unit(unit.id());
        let email = unit.config("email");
        let email = email
            .expect("`invalid` has seen that there is one")
            .to_owned();
        let kept = unit.secret(owner, ACCOUNT);
        let fits = kept.as_ref().and_then(|secret| {
            let same = secret.content.get("email").map(Value::text) == Some(email.as_str());
            secret.content.get("private-key").filter(|_| same).cloned()
        });
        let key = match fits {
            Some(value) => value,
            None => {
                let key = pem::key_value(&self.keys.leaf(unit));
                let fields = [("private-key", key.clone()), ("email", Value::from(email))];
                let content = fields.map(|(name, value)| (name.to_owned(), value)).into();
                match kept {
                    Some(secret) => unit.set_secret_content(secret.id, content)?,
                    None => {
                        unit.add_secret(owner, ACCOUNT, content, None)?;
                    }
                }
                unit.note(Note::AcmeAccountOpened);
                key
            }
        };
        let parsed = pem::key(&key);
        let key = (*parsed).as_ref();
        let key = key.map_err(|error| HookError::Charm(format!("ValueError: {error}")))?;
        Ok(hex::encode(&key.public_key().key_id()[..8]))
    }

    /// The CAs that signed what is in the databags now.
    fn issuers(&self, unit: &UnitContext<'_>) -> Result<Vec<Arc<str>>, HookError> {
        let issued = self.certificates.issued(unit)?;
        let texts: BTreeSet<&str> = issued.iter().map(|entry| entry.ca.pem()).collect();
        Ok(texts.into_iter().map(Arc::from).collect())
    }

    /// `_configure_acme_ca_certificates_bundle`.
    fn write_bundle(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let mut texts: BTreeSet<String> = BTreeSet::new();
        // A bundle that is no PEM blocks the charm (`invalid`) and gives nothing.
        let configured = unit.config(BUNDLE_OPTION).map(Certificate::chain_from_pem);
        if let Some(Ok(configured)) = configured {
            texts.extend(configured.iter().map(|one| one.pem().to_owned()));
        }
        for relation in unit.relations(RECEIVE_CA) {
            let set = certificate_transfer::Requirer::certificates(unit, relation)?;
            texts.extend(set.texts.iter().map(|text| text.to_string()));
        }
        if texts.is_empty() {
            unit.remove_file(BUNDLE_FILE);
        } else {
            let texts: Vec<String> = texts.into_iter().collect();
            unit.push_file(BUNDLE_FILE, Value::from(texts.join("\n")));
        }
        Ok(())
    }

    /// `_on_collect_status`.
    fn collect_status(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        if !unit.is_leader() {
            let message = "this charm does not scale, only the leader unit manages certificates.";
            unit.set_status(Status::Blocked, message);
            return Ok(());
        }
        if let Some((_, message)) = invalid(unit) {
            unit.set_status(Status::Blocked, message);
            return Ok(());
        }
        if is_http(unit) && unit.relations(INGRESS).is_empty() {
            let message = "ingress relation is required for http-01 plugin";
            unit.set_status(Status::Blocked, message);
            return Ok(());
        }
        let total = self.certificates.requests(unit)?.len();
        let open = self.certificates.outstanding(unit)?.len();
        assert!(
            open <= total,
            "{open} of {total} requests wait for an answer"
        );
        let done = total - open;
        let mut message = format!("{done}/{total} certificate requests are fulfilled");
        if done != total {
            message.push_str(". please monitor logs for any errors");
        }
        unit.set_status(Status::Active, &message);
        Ok(())
    }
}

fn unreachable(detail: &str) -> Refused {
    Refused {
        code: "network_error",
        by_server: false,
        detail: detail.to_owned(),
        is_ip: false,
    }
}

/// Whether the server could not be reached, or could not reach the client.
fn is_connection(refused: &Refused) -> bool {
    matches!(refused.code, "network_error" | "connection")
}

/// `_map_lego_error_to_certificate_error`. An ACME `connection` problem, the server not reaching
/// the client, counts as the server not being available.
fn error_code(refused: &Refused) -> ErrorCode {
    match refused.code {
        "network_error" | "connection" => ErrorCode::ServerNotAvailable,
        "rejectedIdentifier" | "unsupportedIdentifier" if refused.by_server => {
            if refused.is_ip {
                ErrorCode::IpNotAllowed
            } else if refused.detail.to_lowercase().contains("wildcard") {
                ErrorCode::WildcardNotAllowed
            } else {
                ErrorCode::DomainNotAllowed
            }
        }
        _ => ErrorCode::Other,
    }
}

/// With a bundle, `LEGO_CA_CERTIFICATES` replaces the system's roots (go-acme/lego
/// `lego/client_config.go`): a public server is not trusted any more.
fn trusts_server(unit: &UnitContext<'_>, server: &AcmeServer) -> bool {
    match unit.files().get(BUNDLE_FILE) {
        None => true,
        Some(bundle) => bundle.text().contains(server.root().pem()),
    }
}

fn is_http(options: &dyn Options) -> bool {
    matches!(options.option("plugin"), Some("http" | "http-01"))
}

fn challenge(unit: &UnitContext<'_>) -> Challenge {
    if is_http(unit) {
        return Challenge::Http(!unit.relations(INGRESS).is_empty());
    }
    let wait = unit.config("dns-propagation-wait");
    // `invalid` has seen that it is a number, where it is set to something.
    Challenge::Dns(wait.and_then(|wait| wait.parse().ok()))
}

/// `_validate_charm_config_options`, in its order; what only other plugins and accounts need is
/// left out. The content of the plugin's secret is not modelled: only whether one is named.
fn invalid(options: &dyn Options) -> Option<(&'static str, &'static str)> {
    let given = |option: &str| options.option(option).filter(|value| !value.is_empty());
    let Some(email) = given("email") else {
        return Some(("email", "email address was not provided"));
    };
    let Some(server) = given("server") else {
        return Some(("server", "acme server was not provided"));
    };
    if !is_http(options) && given("plugin-config-secret-id").is_none() {
        let message = "plugin configuration secret is not available";
        return Some(("plugin-config-secret-id", message));
    }
    if given("plugin").is_none() {
        return Some(("plugin", "plugin was not provided"));
    }
    if !is_email(email) {
        return Some(("email", "invalid email address"));
    }
    let host = server.split_once("://").map(|(_, rest)| rest);
    if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        return Some(("server", "invalid ACME server"));
    }
    let bundle = given(BUNDLE_OPTION);
    if bundle
        .is_some_and(|pem| !Certificate::chain_from_pem(pem).is_ok_and(|found| !found.is_empty()))
    {
        let message = "acme-ca-certificates contains invalid PEM data";
        return Some((BUNDLE_OPTION, message));
    }
    let option = "dns-propagation-wait";
    match given(option).map(str::parse::<i64>) {
        Some(Err(_)) => Some((option, "dns-propagation-wait must be an integer")),
        Some(Ok(wait)) if wait <= 0 => {
            Some((option, "dns-propagation-wait must be greater than 0"))
        }
        _ => None,
    }
}

/// The option with which its status is blocked.
pub(super) fn option_faults(options: &dyn Options) -> Vec<OptionFault> {
    let fault = invalid(options).map(|(option, message)| {
        let fault = OptionFault::new(option, message);
        if option == BUNDLE_OPTION {
            fault.because_not_pem()
        } else {
            fault
        }
    });
    fault.into_iter().collect()
}

/// `[^@]+@[^@]+\.[^@]+`.
fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else {
        return false;
    };
    let host = host.split_once('@').map_or(host, |(host, _)| host);
    let dotted = host
        .char_indices()
        .any(|(at, letter)| letter == '.' && at > 0 && at + 1 < host.len());
    !user.is_empty() && dotted
}
