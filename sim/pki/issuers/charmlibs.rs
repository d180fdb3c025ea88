//! The certificates of canonical/charmlibs `interfaces/tls-certificates` (version 1.10.0, commit
//! caaf7415), which `self-signed-certificates` and others sign with.
//!
//! What stands out: leafs have neither key usage nor extended key usage; the start is not set back
//! and the end is not clamped to the authority's; the issuer is the authority's *issuer*.

use std::borrow::Cow;

use super::super::template::{basic_constraints, key_usage};
use super::super::{
    Certificate, CertificateRequest, Extension, IssuerName, KeyPair, KeyUsages, PkiError,
    RequestAttributes, SanKind, Template, Terms, issue, self_sign,
};

const ROOT_EXTENSIONS: &[Extension] = &[
    Extension::SubjectKeyId,
    basic_constraints(true),
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .and(KeyUsages::KEY_ENCIPHERMENT)
            .and(KeyUsages::KEY_CERT_SIGN),
    ),
    Extension::SubjectAltNames(Cow::Borrowed(&[
        SanKind::SubjectEmail,
        SanKind::Dns,
        SanKind::Ip,
        SanKind::RegisteredId,
    ])),
];

/// `generate_self_signed_ca`: no authority key identifier, no cRLSign; alternative names last and
/// only if there are any.
pub static ROOT: Template = Template::of(ROOT_EXTENSIONS);

const COPIED_SANS: Cow<'static, [SanKind]> = Cow::Borrowed(&[
    SanKind::Dns,
    SanKind::Ip,
    SanKind::RegisteredId,
    SanKind::Email,
    SanKind::SubjectEmail,
]);

const LEAF_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyId,
    Extension::SubjectKeyId,
    basic_constraints(false),
    Extension::SubjectAltNames(COPIED_SANS),
    Extension::Requested,
];

/// `Certificate.generate` with `is_ca=False`.
pub static LEAF: Template = Template::of(LEAF_EXTENSIONS).named(IssuerName::IssuerOfIssuer);

const INTERMEDIATE_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyId,
    Extension::SubjectKeyId,
    basic_constraints(true),
    Extension::SubjectAltNames(COPIED_SANS),
    key_usage(KeyUsages::KEY_CERT_SIGN.and(KeyUsages::CRL_SIGN)),
    Extension::Requested,
];

/// `Certificate.generate` with `is_ca=True`: never a path length.
pub static INTERMEDIATE: Template =
    Template::of(INTERMEDIATE_EXTENSIONS).named(IssuerName::IssuerOfIssuer);

/// `Certificate.generate_self_signed_ca(attributes, private_key, validity)`.
///
/// # Errors
///
/// [`PkiError`] where the attributes cannot be written.
pub fn generate_self_signed_ca(
    attributes: &RequestAttributes,
    key: &KeyPair,
    terms: &Terms,
) -> Result<Certificate, PkiError> {
    self_sign(attributes, key, terms, &ROOT)
}

/// `Certificate.generate(csr, ca, ca_private_key, validity, is_ca)`.
///
/// # Errors
///
/// [`PkiError::IssuerWithoutKeyId`] where `ca` has no subject key identifier (the library raises
/// `ExtensionNotFound`).
pub fn generate(
    request: &CertificateRequest,
    ca: &Certificate,
    ca_key: &KeyPair,
    terms: &Terms,
    is_ca: bool,
) -> Result<Certificate, PkiError> {
    let template = if is_ca { &INTERMEDIATE } else { &LEAF };
    issue(request, ca, ca_key, terms, template)
}
