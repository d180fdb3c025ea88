//! The certificates of Vault's own API (`TLSManager`, `vault-package/vault/vault_managers.py`):
//! self-signed for fifty years, or from the relation `tls-certificates-access`. Each change
//! restarts the server, which is then sealed.

use std::net::IpAddr;

use super::process::{self, ACCESS, CA};
use super::{Bugs, Mode, PEERS, Vault, config};
use crate::issuing::{self, SigningCa};
use crate::surface::{key_path, trust_path};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::tls_certificates::{Assigned, Request, Side};
use trustsim_interfaces::{pem, serial_number};
use trustsim_juju::{HookError, SecretContent, SecretOwner, Value};
use trustsim_kernel::Span;
use trustsim_pki::{
    Certificate, CertificateRequest, KeyPair, PkiError, RequestAttributes, Terms, issuers,
};

/// `CA_CERTIFICATE_JUJU_SECRET_LABEL`.
pub(super) const CA_SECRET: &str = "self-signed-vault-ca-certificate";
const CA_SUBJECT: &str = "Vault self signed CA";
const FIFTY_YEARS: Span = Span::from_secs(50 * 365 * 86_400);

/// What the API's certificate is asked for: the ingress address as common name and address, the bind address beside it
/// (canonical/vault-k8s-operator since f35462b63, `k8s/src/charm.py`), the fully qualified name, `access_sans_dns` and,
/// on machines, `access_sans_ip`.
pub(super) fn request(unit: &UnitContext<'_>, bugs: Bugs) -> Option<Request> {
    let address = unit.ingress_address(PEERS);
    if address.is_empty() {
        return None;
    }
    let mut attributes = RequestAttributes::with_common_name(address);
    let mut name = |name: String| match name.parse::<IpAddr>() {
        Ok(address) if !attributes.sans_ip.contains(&address) => attributes.sans_ip.push(address),
        Err(_) if !attributes.sans_dns.contains(&name) => attributes.sans_dns.push(name),
        _ => {}
    };
    name(address.to_owned());
    if !bugs.ingress_address_only {
        name(unit.binding_address(PEERS).to_owned());
    }
    if config::is_list(unit, "access_sans_dns") {
        name(unit.unit_dns_name());
        config::list(unit, "access_sans_dns")
            .into_iter()
            .for_each(&mut name);
    }
    if !unit.is_kubernetes() {
        // `get_ingress_addresses`: all that it has in the space of its peers.
        for address in unit.binding_addresses(PEERS) {
            name(address.to_owned());
        }
        config::list(unit, "access_sans_ip")
            .into_iter()
            .for_each(&mut name);
    }
    let field = |name: &str| config::text(unit, &format!("access_{name}"));
    attributes.country_name = field("country_name");
    attributes.state_or_province_name = field("state_or_province_name");
    attributes.locality_name = field("locality_name");
    attributes.organization = field("organization");
    attributes.organizational_unit = field("organizational_unit");
    attributes.email_address = field("email_address");
    Some(Request::new(attributes, Side::Unit))
}

/// The secret of the self-signed CA, without reading it as Juju counts it.
pub(super) fn ca_secret(unit: &UnitContext<'_>) -> Option<SecretContent> {
    let owner = SecretOwner::Application(unit.application_id());
    Some(unit.secret(owner, CA_SECRET)?.content)
}

/// The CA in that secret. What raises in a hook, as a secret that cannot be read, leaves it without one.
pub(super) fn own_ca(unit: &UnitContext<'_>) -> Option<Certificate> {
    Some(read_authority(&ca_secret(unit)?).ok()?.certificate)
}

/// Whether `ca.pem`, the certificate and its key are there.
pub(super) fn files_are_there(unit: &UnitContext<'_>) -> bool {
    let key = key_path(ACCESS, "vault");
    let certificate = process::certificate_path();
    let paths = [CA, &certificate, &key];
    paths.iter().all(|path| unit.files().contains_key(*path))
}

/// `_unit_certificate_sans_match_current_request`.
fn fits(unit: &UnitContext<'_>, certificate: &Certificate, bugs: Bugs) -> bool {
    let Some(request) = request(unit, bugs) else {
        return false;
    };
    issuing::is_for_names(certificate, &request.attributes)
}

impl Vault {
    /// The CA on disk is the secret's, and the unit's certificate is for what it would be asked for.
    fn is_as_wanted(&self, unit: &UnitContext<'_>, secret: &SecretContent) -> bool {
        let first = |value: Option<&Value>| pem::loadable(value).into_iter().next();
        let Ok(authority) = read_authority(secret) else {
            return false;
        };
        let on_disk = first(unit.files().get(CA));
        let certificate = first(unit.files().get(process::certificate_path().as_str()));
        let bugs = self.access_bugs;
        on_disk.as_ref() == Some(&authority.certificate)
            && certificate.is_some_and(|certificate| {
                bugs.keeps_own_certificate || fits(unit, &certificate, bugs)
            })
    }

    /// `_configure_self_signed_certificates`.
    pub(super) fn configure_self_signed(
        &self,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        if !unit.can_connect() || super::mode(unit) != Mode::SelfSigned {
            return Ok(());
        }
        if unit.is_leader() && ca_secret(unit).is_none() {
            self.make_ca(unit)?;
        }
        let Some(secret) = unit.read_application_secret(CA_SECRET, false) else {
            return Ok(());
        };
        if self.is_as_wanted(unit, &secret.content) {
            return Ok(());
        }
        let authority = read_authority(&secret.content)?;
        let Some(request) = request(unit, self.access_bugs) else {
            return Ok(());
        };
        let (certificate, key) = self.sign_own(unit, &authority, request.attributes)?;
        push(unit, &certificate, &key, &authority.certificate);
        process::restart(unit);
        Ok(())
    }

    /// `generate_vault_ca_certificate`.
    fn make_ca(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        let key = self.keys.authority(unit);
        let name = RequestAttributes::with_common_name(CA_SUBJECT);
        let name = name.unique(&mut unit.stream("unique-identifier"));
        let terms = fifty_years(unit);
        let certificate = issuers::charmlibs::generate_self_signed_ca(&name, &key, &terms)
            .map_err(|error| issuing::value_error(&error))?;
        issuing::note_own_root(unit, &certificate);
        let owner = SecretOwner::Application(unit.application_id());
        let content = [
            ("privatekey".to_owned(), pem::key_value(&key)),
            ("certificate".to_owned(), pem::chain_value(&[certificate])),
        ];
        unit.add_secret(owner, CA_SECRET, content.into(), None)?;
        Ok(())
    }

    /// `generate_vault_unit_certificate`: of the configured names only those that are names.
    fn sign_own(
        &self,
        unit: &mut UnitContext<'_>,
        authority: &SigningCa,
        wanted: RequestAttributes,
    ) -> Result<(Certificate, KeyPair), HookError> {
        let raised = |error: PkiError| issuing::value_error(&error);
        let key = self.keys.leaf(unit);
        let attributes = RequestAttributes {
            common_name: wanted.common_name,
            sans_dns: wanted.sans_dns,
            sans_ip: wanted.sans_ip,
            ..RequestAttributes::default()
        };
        let attributes = attributes.unique(&mut unit.stream("unique-identifier"));
        let request = CertificateRequest::new(&attributes, &key).map_err(raised)?;
        let terms = fifty_years(unit);
        let ca = &authority.certificate;
        let certificate = issuers::charmlibs::generate(&request, ca, &authority.key, &terms, false)
            .map_err(raised)?;
        assert!(
            fits(unit, &certificate, self.access_bugs),
            "the unit's own certificate has the names that it wants, or each hook would make another"
        );
        issuing::note_own_leaf(unit, &certificate, ca);
        Ok((certificate, key))
    }

    /// `_configure_tls_integration`: only the certificate itself is written, not its chain.
    pub(super) fn configure_integration(
        &self,
        unit: &mut UnitContext<'_>,
    ) -> Result<(), HookError> {
        let request = request(unit, self.access_bugs);
        let Some(request) = request.filter(|_| unit.can_connect()) else {
            return Ok(());
        };
        let requests = [request];
        let asks = self.asks(&requests, false);
        let Some(assigned) = self.access.assigned(unit, &asks, &requests[0])? else {
            return Ok(());
        };
        let Assigned { entry, key } = assigned;
        if push(unit, &entry.certificate, &key, &entry.ca) {
            process::restart(unit);
        }
        Ok(())
    }

    /// `send_ca_cert`: adds the CA that lies beside this unit's server; what was sent before
    /// stays. Only where there is none are all taken back.
    pub(super) fn send_ca(&self, unit: &mut UnitContext<'_>) -> Result<(), HookError> {
        match unit.files().get(CA).map(|text| text.text().into()) {
            Some(text) => self.transfer.add(unit, &[text]),
            None => self.transfer.remove_all(unit),
        }
    }
}

fn read_authority(content: &SecretContent) -> Result<SigningCa, HookError> {
    SigningCa::from_secret_fields(content, "privatekey", "certificate")
}

/// Whether anything on disk changed. With `ca.pem` the unit verifies the others of its cluster, too: it is the
/// `leader_ca_cert_file` of every `retry_join` (`_generate_vault_config_file`, `k8s/src/charm.py`).
fn push(unit: &mut UnitContext<'_>, leaf: &Certificate, key: &KeyPair, ca: &Certificate) -> bool {
    let chain = |certificate: &Certificate| pem::chain_value(std::slice::from_ref(certificate));
    let key_changed = unit.push_file(&key_path(ACCESS, "vault"), pem::key_value(key));
    let leaf_changed = unit.push_file(&process::certificate_path(), chain(leaf));
    unit.push_file(&trust_path(ACCESS), chain(ca));
    unit.push_file(CA, chain(ca)) || leaf_changed || key_changed
}

fn fifty_years(unit: &mut UnitContext<'_>) -> Terms {
    Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity: FIFTY_YEARS,
    }
}
