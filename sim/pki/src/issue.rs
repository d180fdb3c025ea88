//! Signing: a request and a template become a certificate.

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, Issuer};
use time::OffsetDateTime;

use super::request::extension;
use super::template::{
    basic_constraints_der, ca_issuers_der, crl_distribution_point_der, domain_validated_der,
    key_id_and_issuer_der, key_usage_der, name_constraints_der, purposes_der,
};
use super::{
    Certificate, CertificateRequest, Extension, IssuerName, KeyPair, PkiError, PublicKey,
    RequestAttributes, SerialNumber, SubjectForm, Template, der, names,
};
use trustsim_kernel::{Span, Time};

/// What one signature decides that neither request nor template says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The serial number.
    pub serial: SerialNumber,
    /// The issuer's clock at the instant of signing.
    pub now: Time,
    /// How long after `now` the certificate ends. Nothing is clamped to the issuer's own end.
    pub validity: Span,
}

/// Signs `request` with `issuer_key` under `issuer`, as `template` says. Both ends of validity
/// are cut to whole seconds, as the libraries cut them.
///
/// It is not checked that `issuer_key` belongs to `issuer`, as `cryptography` does not check it.
///
/// # Errors
///
/// [`PkiError`] where the template needs a key identifier that `issuer` lacks, or a name cannot
/// be written.
pub fn issue(
    request: &CertificateRequest,
    issuer: &Certificate,
    issuer_key: &KeyPair,
    terms: &Terms,
    template: &Template,
) -> Result<Certificate, PkiError> {
    let name = template.subject_name(request.attributes(), || request.subject())?;
    issue_named(request, issuer, issuer_key, terms, template, name)
}

/// [`issue`] with a subject of the caller's own.
pub(super) fn issue_named(
    request: &CertificateRequest,
    issuer: &Certificate,
    issuer_key: &KeyPair,
    terms: &Terms,
    template: &Template,
    name: DistinguishedName,
) -> Result<Certificate, PkiError> {
    let subject = Subject {
        attributes: request.attributes(),
        name,
        key: request.public_key(),
    };
    let params = params(subject, Some(issuer), terms, template)?;
    let signer = Issuer::from_params(issuer.signing_params(template.issuer_name)?, issuer_key);
    let signed = params.signed_by(request.public_key(), &signer)?;
    let certificate = Certificate::written(signed.der().as_ref().into());
    assert_eq!(
        certificate.spki_der(),
        request.public_key().spki_der(),
        "a certificate has the key of the request that it answers"
    );
    let named = match template.issuer_name {
        IssuerName::SubjectOfIssuer => issuer.subject_der(),
        IssuerName::IssuerOfIssuer => issuer.issuer_der(),
    };
    assert_eq!(
        certificate.issuer_der(),
        named,
        "the issuer's name is written byte for byte as the issuer has it"
    );
    debug_assert_eq!(
        certificate.serial(),
        terms.serial.to_string(),
        "a certificate has the serial number of its terms"
    );
    assert_eq!(
        certificate.not_after(),
        (terms.now + terms.validity).truncated_to_seconds(),
        "a certificate ends when its terms say"
    );
    Ok(certificate)
}

/// A certificate of `attributes` that `key` signs for itself, as `template` says; the template's
/// choice of issuer name does not matter.
///
/// # Errors
///
/// [`PkiError`] where `attributes` cannot be written, or the template wants the identifier of
/// an authority's key.
pub fn self_sign(
    attributes: &RequestAttributes,
    key: &KeyPair,
    terms: &Terms,
    template: &Template,
) -> Result<Certificate, PkiError> {
    if attributes.is_empty() {
        return Err(PkiError::EmptyRequest);
    }
    let name = template.subject_name(attributes, || names::requested_subject(attributes))?;
    self_sign_named(attributes, key, terms, template, name)
}

/// [`self_sign`] with a subject of the caller's own.
pub(super) fn self_sign_named(
    attributes: &RequestAttributes,
    key: &KeyPair,
    terms: &Terms,
    template: &Template,
    name: DistinguishedName,
) -> Result<Certificate, PkiError> {
    let subject = Subject {
        attributes,
        name,
        key: key.public_key(),
    };
    let signed = params(subject, None, terms, template)?.self_signed(key)?;
    let certificate = Certificate::written(signed.der().as_ref().into());
    assert!(
        certificate.is_self_issued() && certificate.spki_der() == key.spki_der(),
        "a certificate that a key signs for itself has that key, and one name for both sides"
    );
    Ok(certificate)
}

struct Subject<'a> {
    attributes: &'a RequestAttributes,
    name: DistinguishedName,
    key: &'a PublicKey,
}

fn params(
    subject: Subject<'_>,
    issuer: Option<&Certificate>,
    terms: &Terms,
    template: &Template,
) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    params.not_before = moment(terms.now - template.backdate)?;
    params.not_after = moment(terms.now + terms.validity)?;
    params.serial_number = Some(terms.serial.as_bytes().to_vec().into());
    // All of them as custom ones, since `rcgen` writes its own in an order of its own.
    params.custom_extensions = Vec::with_capacity(template.extensions.len());
    for wanted in template.extensions.iter() {
        if let Some(content) = content(wanted, &subject, issuer, terms)? {
            // Go: the names of a certificate without a subject are critical.
            let bare = template.subject != SubjectForm::Verbatim
                && matches!(wanted, Extension::SubjectAltNames(_))
                && subject.name.iter().next().is_none();
            let critical = wanted.is_critical() || bare;
            params
                .custom_extensions
                .push(extension(wanted.oid(), critical, content));
        } else if matches!(wanted, Extension::Requested) {
            copy_requested(subject.attributes, &mut params.custom_extensions);
        }
    }
    params.distinguished_name = subject.name;
    Ok(params)
}

/// The value of an extension; `None` where it is left out.
fn content(
    wanted: &Extension,
    subject: &Subject<'_>,
    issuer: Option<&Certificate>,
    terms: &Terms,
) -> Result<Option<Vec<u8>>, PkiError> {
    Ok(match wanted {
        Extension::AuthorityKeyId | Extension::AuthorityKeyIdIfAny => {
            let id = match issuer {
                Some(issuer) => issuer.subject_key_id(),
                None => Some(&subject.key.key_id()[..]),
            };
            if let (Extension::AuthorityKeyId, None, Some(issuer)) = (wanted, id, issuer) {
                let issuer = issuer.subject().to_owned();
                return Err(PkiError::IssuerWithoutKeyId(issuer));
            }
            id.map(|id| der::element(der::SEQUENCE, &der::element(der::context(0), id)))
        }
        Extension::AuthorityKeyIdAndIssuer => Some(match issuer {
            Some(issuer) => {
                let id = issuer
                    .subject_key_id()
                    .ok_or_else(|| PkiError::IssuerWithoutKeyId(issuer.subject().to_owned()))?;
                key_id_and_issuer_der(id, issuer.issuer_der(), &issuer.serial_bytes())
            }
            None => {
                let name = names::common_name_der(subject.attributes);
                key_id_and_issuer_der(subject.key.key_id(), &name, terms.serial.as_bytes())
            }
        }),
        Extension::CaIssuers(url) => Some(ca_issuers_der(url)),
        Extension::CrlDistributionPoint(url) => Some(crl_distribution_point_der(url)),
        Extension::DomainValidated => Some(domain_validated_der()),
        Extension::SubjectKeyId => Some(der::element(der::OCTET_STRING, subject.key.key_id())),
        Extension::SubjectKeyIdSha256 => {
            let id = subject.key.key_id_sha256();
            Some(der::element(der::OCTET_STRING, &id))
        }
        Extension::BasicConstraints {
            ca, path_length, ..
        } => Some(basic_constraints_der(*ca, *path_length)),
        Extension::SubjectAltNames(order) => names::alternative_names(subject.attributes, order)?,
        Extension::KeyUsage { usages, .. } => Some(key_usage_der(*usages)),
        Extension::ExtendedKeyUsage(purposes) => Some(purposes_der(purposes)),
        Extension::NameConstraints {
            permitted_dns,
            excluded_dns,
        } => Some(name_constraints_der(permitted_dns, excluded_dns)),
        Extension::Requested => None,
    })
}

/// As `_generate_certificate_request_extensions` (canonical/charmlibs) copies the rest of the
/// request's extensions: verbatim, unless the certificate has one of the kind.
fn copy_requested(attributes: &RequestAttributes, into: &mut Vec<CustomExtension>) {
    let issued = into.len();
    for requested in &attributes.additional_extensions {
        let own = |own: &CustomExtension| own.oid_components().eq(requested.oid.iter().copied());
        if !into[..issued].iter().any(own) {
            into.push(requested.to_rcgen());
        }
    }
}

pub(super) fn moment(time: Time) -> Result<OffsetDateTime, PkiError> {
    let seconds = time.as_seconds();
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or(PkiError::OutOfTime(seconds))
}

impl Extension {
    const fn is_critical(&self) -> bool {
        match self {
            Self::BasicConstraints { critical, .. } | Self::KeyUsage { critical, .. } => *critical,
            Self::NameConstraints { .. } => true,
            _ => false,
        }
    }
}

impl Template {
    fn subject_name(
        &self,
        attributes: &RequestAttributes,
        verbatim: impl FnOnce() -> Result<DistinguishedName, PkiError>,
    ) -> Result<DistinguishedName, PkiError> {
        match self.subject {
            SubjectForm::Verbatim => verbatim(),
            SubjectForm::Go => Ok(names::go_subject(attributes, true)),
            SubjectForm::GoCommonName => Ok(names::go_subject(attributes, false)),
        }
    }
}
