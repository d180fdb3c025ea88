//! The certificates of Vault's PKI engine, as the Vault charms configure it. Their form is that of a certificate that
//! charm-vault issued, the sample in canonical/tls-certificates-interface
//! `lib/charms/tls_certificates_interface/v0`; the rules are those of hashicorp/vault `sdk/helper/certutil` and
//! `builtin/logical/pki/issuing`. Names are encoded as Go encodes them.
//!
//! The subject is the request's common name with the name fields of the role and nothing else. The start is set back by
//! Vault's default `not_before_duration` of 30 s. A request whose `notAfter` would be later than the CA's is refused
//! (`leaf_not_after_behavior=err`), never shortened.

mod role;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::time::Duration;

use thiserror::Error;

pub use role::{Refusal, Role};

use super::super::issue::{issue_named, self_sign_named};
use super::super::template::{basic_constraints, key_usage};
use super::super::{
    Certificate, CertificateRequest, Extension, KeyPair, KeyUsages, PkiError, Purpose,
    RequestAttributes, SanKind, SubjectForm, Template, Terms, names,
};
use trustsim_kernel::Span;

/// The subject has every field that Go knows, not the common name alone.
const WHOLE_SUBJECT: bool = true;
const BACKDATE: Span = Duration::from_secs(30);
const SANS: Cow<'static, [SanKind]> = Cow::Borrowed(&[SanKind::Dns, SanKind::Email, SanKind::Ip]);

const ROOT_EXTENSIONS: &[Extension] = &[
    key_usage(KeyUsages::KEY_CERT_SIGN.union(KeyUsages::CRL_SIGN)),
    basic_constraints(true),
    Extension::SubjectKeyId,
    Extension::AuthorityKeyId,
    Extension::SubjectAltNames(SANS),
];

/// A root of `root/generate`: its authority key identifier equals its subject key identifier. The form of the subject is
/// charm-vault's; [`generate_root`] puts a subject of its own in its place.
pub static ROOT: Template = Template::of(ROOT_EXTENSIONS)
    .subject(SubjectForm::Go)
    .backdated(BACKDATE);

const LEAF_EXTENSIONS: &[Extension] = &[
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .union(KeyUsages::KEY_ENCIPHERMENT)
            .union(KeyUsages::KEY_AGREEMENT),
    ),
    Extension::ExtendedKeyUsage(Cow::Borrowed(&[Purpose::ServerAuth, Purpose::ClientAuth])),
    Extension::SubjectKeyId,
    Extension::AuthorityKeyIdIfAny,
    Extension::SubjectAltNames(SANS),
];

/// A leaf of `sign/<role>`: no basic constraints. The form of the subject is charm-vault's; [`sign`] puts a
/// subject with the name fields of the role in its place.
pub static LEAF: Template = Template::of(LEAF_EXTENSIONS)
    .subject(SubjectForm::GoCommonName)
    .backdated(BACKDATE);

/// Why nothing was signed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SignError {
    /// The role refuses the request, or the certificate would outlive the CA.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A name cannot be encoded.
    #[error(transparent)]
    Pki(#[from] PkiError),
}

/// `sign/<role>` with a ttl of `terms.validity`: hashicorp/vault
/// `builtin/logical/pki/issuing/cert_util.go`, `GenerateCreationBundle`. A request for a
/// CA certificate is answered with a leaf, as Vault does. The key type is not checked: the charm's role has RSA, and a
/// run may use other keys in its place.
///
/// # Errors
///
/// [`SignError::Refused`] as Vault refuses, [`SignError::Pki`] where a name cannot be written.
pub fn sign(
    request: &CertificateRequest,
    ca: &Certificate,
    ca_key: &KeyPair,
    terms: &Terms,
    role: &Role,
) -> Result<Certificate, SignError> {
    let terms = Terms {
        validity: terms.validity.min(role.max_ttl),
        ..*terms
    };
    let not_after = terms.now + terms.validity;
    if let Some(refusal) = role.refuses(request.attributes(), not_after, ca) {
        return Err(refusal.into());
    }
    let allowed_names = role.names(request.attributes())?;
    let asked = request.attributes();
    let attributes = RequestAttributes {
        common_name: asked.common_name.clone(),
        sans_dns: allowed_names.dns,
        sans_email: allowed_names.email,
        sans_ip: asked.sans_ip.clone(),
        ..role.subject.clone()
    };
    let request = request.with_attributes(attributes);
    let subject = names::go_subject(request.attributes(), WHOLE_SUBJECT);
    Ok(issue_named(&request, ca, ca_key, &terms, &LEAF, subject)?)
}

/// `root/generate/exported` with a ttl of `terms.validity`, which the mount cuts to
/// `max_lease_ttl` (`GetCertificateNotAfter`: the role of a root has no `max_ttl` of its own).
///
/// # Errors
///
/// [`PkiError`] where a name cannot be written.
pub fn generate_root(
    attributes: &RequestAttributes,
    key: &KeyPair,
    terms: &Terms,
    max_lease_ttl: Span,
) -> Result<Certificate, PkiError> {
    let terms = Terms {
        validity: terms.validity.min(max_lease_ttl),
        ..*terms
    };
    let attributes = RequestAttributes {
        sans_dns: role::dns_names(attributes),
        ..attributes.clone()
    };
    let subject = names::go_subject(&attributes, WHOLE_SUBJECT);
    self_sign_named(&attributes, key, &terms, &ROOT, subject)
}

/// A leaf of `issue/local`, charm-vault's role for servers, which is good for clients too: [`LEAF`] with the URLs of CA
/// issuers and CRL that charm-vault sets on its mount (`set_urls`, openstack/charm-vault
/// `src/lib/charm/vault_pki.py` at 5a0c525). `address` is that of the unit that set them, such as
/// `http://10.0.0.5:8200`.
///
/// # Panics
///
/// Never: the URL of the CA issuers is put before the alternative names of [`LEAF`], which has them.
pub fn charm_vault_server_template(address: &str) -> Template {
    let mount = format!("{address}/v1/charm-pki-local");
    let mut extensions = LEAF_EXTENSIONS.to_vec();
    // Go's order: authority information access before the alternative names, CRLs last.
    let place = extensions
        .iter()
        .position(|own| matches!(own, Extension::SubjectAltNames(_)))
        .expect("the template of a leaf has alternative names");
    extensions.insert(place, Extension::CaIssuers(format!("{mount}/ca")));
    extensions.push(Extension::CrlDistributionPoint(format!("{mount}/crl")));
    Template {
        extensions: Cow::Owned(extensions),
        ..LEAF
    }
}

/// A leaf of `issue/local-client`, the same role with `server_flag` off.
pub fn charm_vault_client_template(address: &str) -> Template {
    charm_vault_server_template(address).with_purposes(&[Purpose::ClientAuth])
}
