//! The certificates of the Charmhub library `tls_certificates_interface.v3`, `generate_ca` and
//! `generate_certificate` at patch 17, as canonical/self-signed-certificates-operator 94929bd (branch `latest`)
//! carries it.
//!
//! Noteworthy: the subject of a CA is a country and a common name and nothing else; unlike a CA of [`super::charmlibs`]
//! it has an authority key identifier; leaves have neither key usage nor extended key usage.

use std::borrow::Cow;

use rcgen::string::PrintableString;
use rcgen::{DistinguishedName, DnType, DnValue};

use super::super::issue::self_sign_named;
use super::super::template::{basic_constraints, key_usage};
use super::super::{
    Certificate, CertificateRequest, Extension, IssuerName, KeyPair, KeyUsages, PkiError,
    RequestAttributes, SanKind, Template, Terms, issue,
};

/// The default of `country`, which no charm overrides.
const COUNTRY: &str = "US";

const CA_EXTENSIONS: &[Extension] = &[
    Extension::SubjectKeyId,
    Extension::AuthorityKeyId,
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .union(KeyUsages::KEY_ENCIPHERMENT)
            .union(KeyUsages::KEY_CERT_SIGN),
    ),
    basic_constraints(true),
];

/// `generate_ca`.
pub static CA: Template = Template::of(CA_EXTENSIONS);

const COPIED_SANS: Cow<'static, [SanKind]> =
    Cow::Borrowed(&[SanKind::Dns, SanKind::Ip, SanKind::RegisteredId]);

const LEAF_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyId,
    Extension::SubjectKeyId,
    basic_constraints(false),
    Extension::SubjectAltNames(COPIED_SANS),
    Extension::Requested,
];

/// `generate_certificate` with `is_ca=False`.
pub static LEAF: Template = Template::of(LEAF_EXTENSIONS).named(IssuerName::IssuerOfIssuer);

const INTERMEDIATE_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyId,
    Extension::SubjectKeyId,
    basic_constraints(true),
    Extension::SubjectAltNames(COPIED_SANS),
    key_usage(KeyUsages::KEY_CERT_SIGN.union(KeyUsages::CRL_SIGN)),
    Extension::Requested,
];

/// `generate_certificate` with `is_ca=True`: never a path length.
pub static INTERMEDIATE: Template =
    Template::of(INTERMEDIATE_EXTENSIONS).named(IssuerName::IssuerOfIssuer);

/// `generate_ca(private_key, subject)`; its `validity` is 365 days unless a charm says otherwise.
///
/// # Errors
///
/// [`PkiError::CommonNameTooLong`] where the name has more than 64 bytes.
pub fn generate_ca(subject: &str, key: &KeyPair, terms: &Terms) -> Result<Certificate, PkiError> {
    if subject.len() > 64 {
        return Err(PkiError::CommonNameTooLong(subject.to_owned()));
    }
    let country = PrintableString::try_from(COUNTRY).expect("a constant of printable letters");
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, DnValue::PrintableString(country));
    name.push(DnType::CommonName, DnValue::Utf8String(subject.to_owned()));
    let attributes = RequestAttributes {
        country_name: Some(COUNTRY.to_owned()),
        ..RequestAttributes::with_common_name(subject)
    };
    self_sign_named(&attributes, key, terms, &CA, name)
}

/// `generate_certificate(csr, ca, ca_key, ca_key_password, validity, is_ca)`.
///
/// # Errors
///
/// [`PkiError::IssuerWithoutKeyId`] where `ca` has no subject key identifier.
pub fn generate_certificate(
    request: &CertificateRequest,
    ca: &Certificate,
    ca_key: &KeyPair,
    terms: &Terms,
    is_ca: bool,
) -> Result<Certificate, PkiError> {
    let template = if is_ca { &INTERMEDIATE } else { &LEAF };
    issue(request, ca, ca_key, terms, template)
}
