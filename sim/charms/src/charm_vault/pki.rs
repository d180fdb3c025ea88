//! Vault's PKI engine under the mount `charm-pki-local` as charm-vault sets it up
//! (openstack/charm-vault `src/lib/charm/vault_pki.py` at 5a0c525; hashicorp/vault
//! `builtin/logical/pki`, versions before 1.11: one issuer to a mount, no root in `ca_chain`).

use crate::action_error::ActionError;
use crate::issuing::{note_ca, note_legacy, value_error};
use trustsim_interfaces::UnitContext;
use trustsim_interfaces::notes::{RefusalKind, RefusedRequest};
use trustsim_interfaces::tls_certificates_legacy::{LegacyRequest, LegacyRequestKind};
use trustsim_interfaces::{KeySource, pem, serial_number};
use trustsim_juju::{HookError, SecretOwner, Value};
use trustsim_kernel::Span;
use trustsim_pki::{
    self, Certificate, CertificateRequest, KeyPair, RequestAttributes, Terms, issuers, self_sign,
};

const MOUNT: &str = "charm-pki-local";
const STORAGE: &str = "vault-storage/charm-pki-local";
const CHAIN: &str = "chain";
const KEY: &str = "private-key";
const PENDING: &str = "pending-key";
/// What `get-csr` printed, which an operator has.
const PENDING_REQUEST: &str = "pending-request";
const ADDRESS: &str = "address";
const MAX_TTL: &str = "max-ttl";

/// A certificate and its key.
pub(super) struct Bundle {
    pub certificate: Value,
    pub key: Value,
}

/// A duration as Vault writes it, `8759h`, or this many hours.
pub(super) fn hours(text: Option<&str>, default: u64) -> Span {
    let number = text.and_then(|text| text.trim().strip_suffix('h')?.parse::<u64>().ok());
    // A life that would end after the last instant there is ends at it.
    Span::from_secs(number.unwrap_or(default).saturating_mul(3600))
}

/// Whether roles are written, which is how the charm asks for a CA.
pub(super) fn has_authority(unit: &UnitContext<'_>) -> bool {
    field(unit, CHAIN).is_some()
}

/// `generate_root_ca`: the root, as leader settings keep it.
pub(super) fn generate_root(
    unit: &mut UnitContext<'_>,
    keys: &KeySource,
    ttl: Span,
    max_ttl: Span,
) -> Result<Value, HookError> {
    let key = keys.authority(unit);
    let name = format!("Vault Root Certificate Authority ({MOUNT})");
    let name = RequestAttributes::with_common_name(name);
    let terms = Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity: ttl,
    };
    let root = self_sign(&name, &key, &terms, &issuers::vault::ROOT)
        .map_err(|error| value_error(&error))?;
    note_ca(unit, &root, Some(&root));
    let root = pem::chain_value(&[root]);
    configure(unit, root.clone(), pem::key_value(&key), max_ttl)?;
    Ok(root)
}

/// `get_csr`: a new key, whose request a CA outside signs; what was there is gone.
pub(super) fn request_intermediate(
    unit: &mut UnitContext<'_>,
    keys: &KeySource,
    name: Option<&str>,
) -> Result<Value, HookError> {
    let key = keys.authority(unit);
    let default = format!("Vault Intermediate Certificate Authority ({MOUNT})");
    let name = RequestAttributes::with_common_name(name.unwrap_or(&default));
    let request = CertificateRequest::new(&name, &key).map_err(|error| value_error(&error))?;
    let printed = Value::from(request.pem());
    let content = [
        (PENDING.to_owned(), pem::key_value(&key)),
        (PENDING_REQUEST.to_owned(), printed.clone()),
    ];
    store(unit, content.into())?;
    Ok(printed)
}

/// The request that is out to be signed.
pub(super) fn pending_request(unit: &UnitContext<'_>) -> Option<Value> {
    field(unit, PENDING_REQUEST)
}

/// `upload_signed_csr`: the certificate of the key that waits, and the CAs above it.
pub(super) fn set_signed_intermediate(
    unit: &mut UnitContext<'_>,
    signed: &str,
    root: Option<&Certificate>,
    max_ttl: Span,
) -> Result<(), ActionError> {
    let failed = |message| Err(ActionError::Failed(message));
    let Some(key) = field(unit, PENDING) else {
        return failed("could not find any existing private key");
    };
    let chain = Value::from(signed.trim_end());
    let parsed = pem::chain(&chain);
    let pending = pem::key(&key);
    let (Ok(certificates), Ok(pair)) = (&*parsed, &*pending) else {
        return failed("could not parse the certificate");
    };
    let Some(own) = certificates.first() else {
        return failed("could not parse the certificate");
    };
    if own.spki_der() != pair.spki_der() || !own.is_ca() {
        return failed("verification of parsed bundle failed");
    }
    note_ca(unit, own, certificates.get(1).or(root));
    configure(unit, chain, key, max_ttl)?;
    Ok(())
}

/// `disable_pki_backend`.
pub(super) fn disable(unit: &mut UnitContext<'_>) -> Result<(), HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    if let Some(secret) = unit.secret(owner, STORAGE) {
        unit.remove_secret(secret.id)?;
    }
    Ok(())
}

/// `get_chain`: the intermediate and what was uploaded above it; a root is in no chain.
pub(super) fn chain(unit: &UnitContext<'_>) -> Result<Option<Value>, HookError> {
    let Some(chain) = field(unit, CHAIN) else {
        return Ok(None);
    };
    let parsed = pem::chain(&chain);
    let certificates = (*parsed).as_ref().map_err(value_error)?;
    let is_root = certificates
        .first()
        .is_some_and(Certificate::is_self_issued);
    Ok((!is_root).then_some(chain))
}

/// `generate_certificate`; `Err` is what Vault answers a request it refuses, of which the charm does not
/// say for which name it was.
pub(super) fn issue(
    unit: &mut UnitContext<'_>,
    keys: &KeySource,
    kind: LegacyRequestKind,
    common_name: &str,
    sans: &[String],
    asked: Option<&LegacyRequest>,
) -> Result<Result<Bundle, RefusedRequest>, HookError> {
    let refused = |kind, reason| {
        Ok(Err(RefusedRequest {
            common_name: None,
            kind,
            reason,
        }))
    };
    let address = field(unit, ADDRESS);
    let address = address.as_ref().map(Value::text);
    let address = address.expect("the unit that configures the mount writes its address");
    let template = match kind {
        LegacyRequestKind::Server => issuers::vault::charm_vault_server_template(address),
        LegacyRequestKind::Client => issuers::vault::charm_vault_client_template(address),
        LegacyRequestKind::Application | LegacyRequestKind::Intermediate => {
            let kind = format!("{kind:?}").to_lowercase();
            return refused(RefusalKind::Other, format!("Unsupported cert_type: {kind}"));
        }
    };
    let (ca, ca_key) = authority(unit)?;
    let (default, largest) = (
        hours(unit.config("default-ttl"), 8759),
        hours(field(unit, MAX_TTL).as_ref().map(Value::text), 87_600),
    );
    let terms = Terms {
        serial: serial_number(unit),
        now: unit.now(),
        validity: default.min(largest),
    };
    if terms.now + terms.validity > ca.not_after() {
        // `leaf_not_after_behavior` is `err`.
        let reason = format!(
            "cannot satisfy request, as TTL would result in notAfter {} that is beyond the \
             expiration of the CA certificate at {}",
            terms.now + terms.validity,
            ca.not_after()
        );
        return refused(RefusalKind::OutlivesCa, reason);
    }
    let key = keys.leaf(unit);
    let subject = subject(common_name, sans);
    let request = CertificateRequest::new(&subject, &key).map_err(|error| value_error(&error))?;
    let certificate = trustsim_pki::issue(&request, &ca, &ca_key, &terms, &template)
        .map_err(|error| value_error(&error))?;
    assert!(
        certificate.not_after() <= ca.not_after(),
        "the mount refuses what would outlive its CA: `{}` ends at {}, and `{}` at {}",
        certificate.subject(),
        certificate.not_after(),
        ca.subject(),
        ca.not_after()
    );
    note_legacy(unit, asked, &certificate, &ca);
    Ok(Ok(Bundle {
        certificate: pem::chain_value(&[certificate]),
        key: pem::key_value(&key),
    }))
}

/// `generateCreationBundle` of Vault: the common name is a DNS name too if it looks like one,
/// which an IPv4 address does; names are sorted.
fn subject(common_name: &str, sans: &[String]) -> RequestAttributes {
    let mut subject = RequestAttributes::with_common_name(common_name);
    for name in sans {
        match name.parse() {
            Ok(address) if !subject.sans_ip.contains(&address) => subject.sans_ip.push(address),
            Ok(_) => {}
            Err(_) => subject.sans_dns.push(name.clone()),
        }
    }
    if is_hostname(common_name) {
        subject.sans_dns.push(common_name.to_owned());
    }
    subject.sans_dns.sort();
    subject.sans_dns.dedup();
    subject
}

/// `hostnameRegex`.
fn is_hostname(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').all(|label| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

fn authority(unit: &UnitContext<'_>) -> Result<(Certificate, KeyPair), HookError> {
    let not_ready = || HookError::Charm("VaultNotReady: CA not ready".to_owned());
    let (chain, key) = (field(unit, CHAIN), field(unit, KEY));
    let (chain, key) = (chain.ok_or_else(not_ready)?, key.ok_or_else(not_ready)?);
    let (chain, key) = (pem::chain(&chain), pem::key(&key));
    let certificate = (*chain).as_ref().map_err(value_error)?.first().cloned();
    let certificate = certificate.ok_or_else(not_ready)?;
    let key = (*key).as_ref().map_err(value_error)?.clone();
    assert_eq!(
        certificate.spki_der(),
        key.spki_der(),
        "a mount takes a CA certificate for its own key only"
    );
    Ok((certificate, key))
}

/// The CA, the URLs of this unit and the roles.
fn configure(
    unit: &mut UnitContext<'_>,
    chain: Value,
    key: Value,
    max_ttl: Span,
) -> Result<(), HookError> {
    let address = format!("http://{}:8200", unit.address());
    let max_ttl = format!("{}h", max_ttl.as_secs() / 3600);
    let content = [
        (CHAIN.to_owned(), chain),
        (KEY.to_owned(), key),
        (ADDRESS.to_owned(), Value::from(address)),
        (MAX_TTL.to_owned(), Value::from(max_ttl)),
    ];
    store(unit, content.into())
}

fn store(
    unit: &mut UnitContext<'_>,
    content: std::collections::BTreeMap<String, Value>,
) -> Result<(), HookError> {
    let owner = SecretOwner::Application(unit.application_id());
    match unit.secret(owner, STORAGE) {
        Some(secret) => unit.set_secret_content(secret.id, content)?,
        None => {
            unit.add_secret(owner, STORAGE, content, None)?;
        }
    }
    Ok(())
}

fn field(unit: &UnitContext<'_>, name: &str) -> Option<Value> {
    let owner = SecretOwner::Application(unit.application_id());
    unit.secret(owner, STORAGE)?.content.get(name).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// hashicorp/vault `builtin/logical/pki/cert_util.go` (`hostnameRegex`).
    #[test]
    fn addresses_look_like_host_names_to_vault() {
        for name in ["10.0.0.1", "web.example", "*.web.example", "web.", "a-b"] {
            assert!(is_hostname(name), "{name}");
        }
        for name in ["system:kube-apiserver", "fd00::1", "", "-a", "a..b"] {
            assert!(!is_hostname(name), "{name}");
        }
        let names = ["z.example", "10.0.0.1", "a.example"].map(str::to_owned);
        let subject = subject("10.0.0.1", &names);
        assert_eq!(subject.sans_dns, ["10.0.0.1", "a.example", "z.example"]);
        assert_eq!(subject.sans_ip.len(), 1);
    }

    #[test]
    fn durations_are_hours() {
        assert_eq!(hours(Some("8759h"), 1).as_secs(), 8759 * 3600);
        assert_eq!(hours(Some("soon"), 2).as_secs(), 7200);
        assert_eq!(hours(None, 2).as_secs(), 7200);
    }
}
