//! The certificates of canonical/charmlibs `interfaces/tls-certificates` (version 1.12.0), which
//! `self-signed-certificates` and others sign with.
//!
//! Noteworthy: leaves for RSA keys, the only ones that charms ask for unless they are told to,
//! have neither key usage nor extended key usage; the start is not set back
//! and the end is not clamped to the authority's; the issuer is the authority's *issuer*.

use std::borrow::Cow;

use super::super::template::{basic_constraints, key_usage};
use super::super::{
    Certificate, CertificateRequest, Extension, IssuerName, KeyAlgorithm, KeyPair, KeyUsages,
    PkiError, PublicKey, RequestAttributes, SanKind, Template, Terms, issue, self_sign,
};

/// `id-ce-keyUsage`.
const KEY_USAGE: [u64; 4] = [2, 5, 29, 15];

const ROOT_SANS: Cow<'static, [SanKind]> = Cow::Borrowed(&[
    SanKind::SubjectEmail,
    SanKind::Dns,
    SanKind::Ip,
    SanKind::RegisteredId,
]);

const ROOT_EXTENSIONS: &[Extension] = &[
    Extension::SubjectKeyId,
    basic_constraints(true),
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .union(KeyUsages::KEY_ENCIPHERMENT)
            .union(KeyUsages::KEY_CERT_SIGN),
    ),
    Extension::SubjectAltNames(ROOT_SANS),
];

/// The same where the CA's key is of an elliptic curve, which enciphers no key.
const ELLIPTIC_ROOT_EXTENSIONS: &[Extension] = &[
    Extension::SubjectKeyId,
    basic_constraints(true),
    key_usage(KeyUsages::DIGITAL_SIGNATURE.union(KeyUsages::KEY_CERT_SIGN)),
    Extension::SubjectAltNames(ROOT_SANS),
];

/// `generate_self_signed_ca`: no authority key identifier, no cRLSign; alternative names last and
/// only if there are any.
pub static ROOT: Template = Template::of(ROOT_EXTENSIONS);

/// [`ROOT`] for a key of an elliptic curve.
pub static ELLIPTIC_ROOT: Template = Template::of(ELLIPTIC_ROOT_EXTENSIONS);

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

const ELLIPTIC_LEAF_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyId,
    Extension::SubjectKeyId,
    basic_constraints(false),
    Extension::SubjectAltNames(COPIED_SANS),
    key_usage(KeyUsages::DIGITAL_SIGNATURE),
    Extension::Requested,
];

/// [`LEAF`] for a key of an elliptic curve whose request says nothing of key usage.
pub static ELLIPTIC_LEAF: Template =
    Template::of(ELLIPTIC_LEAF_EXTENSIONS).named(IssuerName::IssuerOfIssuer);

const INTERMEDIATE_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyId,
    Extension::SubjectKeyId,
    basic_constraints(true),
    Extension::SubjectAltNames(COPIED_SANS),
    key_usage(KeyUsages::KEY_CERT_SIGN.union(KeyUsages::CRL_SIGN)),
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
    let template = if is_elliptic(key.public_key()) {
        &ELLIPTIC_ROOT
    } else {
        &ROOT
    };
    self_sign(attributes, key, terms, template)
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
    let template = if is_ca {
        &INTERMEDIATE
    } else if is_elliptic(request.public_key()) && !asks_key_usage(request) {
        &ELLIPTIC_LEAF
    } else {
        &LEAF
    };
    issue(request, ca, ca_key, terms, template)
}

/// Whether it is an `EllipticCurvePublicKey`; Ed25519, which the library does not know, is taken as
/// RSA is.
fn is_elliptic(key: &PublicKey) -> bool {
    key.algorithm() == KeyAlgorithm::EcdsaP256
}

fn asks_key_usage(request: &CertificateRequest) -> bool {
    let extensions = &request.attributes().additional_extensions;
    extensions.iter().any(|each| each.oid == KEY_USAGE)
}
