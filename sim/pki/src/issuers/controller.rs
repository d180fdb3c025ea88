//! The certificates of a Juju controller: juju/juju `internal/pki` (`pki` before 4.0), files
//! `authority.go`, `request.go` and `certificate.go`, written by Go's `x509.CreateCertificate`.
//!
//! Names go through Go's `pkix.Name`; the subject's serial number is a UUID; leaves have no basic
//! constraints, no key usage and no subject key identifier. The real keys are RSA-3072; here they
//! are whatever key is handed in. The key identifier is SHA-1 as Go made it before 1.25.

use std::borrow::Cow;
use std::time::Duration;

use rcgen::DnType;

use super::super::issue::{issue_named, moment, self_sign_named};
use super::super::template::{basic_constraints, key_usage};
use super::super::{
    Certificate, CertificateRequest, Extension, KeyPair, KeyUsages, PkiError, RequestAttributes,
    SanKind, SubjectForm, Template, Terms, names,
};
use trustsim_kernel::{Span, Stream, Time};

/// `NotBeforeJitter` (`request.go`).
const BACKDATE: Span = Duration::from_secs(5 * 60);
/// `DefaultValidityYears` (`request.go`).
const VALIDITY_YEARS: i32 = 10;

const CA_EXTENSIONS: &[Extension] = &[
    key_usage(
        KeyUsages::DIGITAL_SIGNATURE
            .union(KeyUsages::KEY_ENCIPHERMENT)
            .union(KeyUsages::KEY_CERT_SIGN),
    ),
    basic_constraints(true),
    Extension::SubjectKeyId,
];

/// `NewCA`: five minutes back, no path length, no cRLSign.
pub static CA: Template = Template::of(CA_EXTENSIONS)
    .subject(SubjectForm::Go)
    .backdated(BACKDATE);

const LEAF_EXTENSIONS: &[Extension] = &[
    Extension::AuthorityKeyIdIfAny,
    Extension::SubjectAltNames(Cow::Borrowed(&[SanKind::Dns, SanKind::Email, SanKind::Ip])),
];

/// `DefaultRequestSigner.SignCSR`: authority key identifier and alternative names, nothing else.
pub static LEAF: Template = Template::of(LEAF_EXTENSIONS)
    .subject(SubjectForm::Go)
    .backdated(BACKDATE);

/// The name every controller's CA has: `juju-ca`, O Juju (the serial number in the subject
/// differs).
pub fn ca_attributes() -> RequestAttributes {
    RequestAttributes {
        organization: Some("Juju".to_owned()),
        ..RequestAttributes::with_common_name("juju-ca")
    }
}

/// What the leaf of a group asks for: `controller` (DNS names) or `controllerip` (addresses).
pub fn leaf_attributes(group: &str) -> RequestAttributes {
    RequestAttributes {
        organization: Some("Juju".to_owned()),
        ..RequestAttributes::with_common_name(format!("Juju server certificate - {group}"))
    }
}

/// The DNS names of the leaf of the group `controller` (`agent/agentbootstrap`, and at agent
/// start).
pub const CONTROLLER_DNS_NAMES: [&str; 4] =
    ["localhost", "juju-apiserver", "juju-mongodb", "anything"];

/// How long a CA or a leaf without a validity of its own lasts from `now`: ten calendar years,
/// as Go's `AddDate` counts them.
pub fn default_validity(now: Time) -> Span {
    let start = moment(now).expect("an instant of a run can be written as a date");
    let year = start.year() + VALIDITY_YEARS;
    let end = match start.replace_year(year) {
        Ok(end) => end,
        // The 29th of February becomes the 1st of March.
        Err(_no_leap_year) => (start + time::Duration::DAY)
            .replace_year(year)
            .expect("every year has a 1st of March"),
    };
    Duration::try_from(end - start).expect("ten years later is later")
}

/// A controller's CA: `NewCA`. The UUID in its subject comes from `stream`.
///
/// # Errors
///
/// [`PkiError`] where the attributes cannot be written.
pub fn generate_ca(
    attributes: &RequestAttributes,
    key: &KeyPair,
    terms: &Terms,
    stream: &mut Stream,
) -> Result<Certificate, PkiError> {
    self_sign_named(attributes, key, terms, &CA, tag(attributes, stream))
}

/// A leaf of a controller: `SignCSR`. The UUID in its subject comes from `stream`.
///
/// # Errors
///
/// [`PkiError`] where the attributes cannot be written.
pub fn generate_leaf(
    request: &CertificateRequest,
    ca: &Certificate,
    ca_key: &KeyPair,
    terms: &Terms,
    stream: &mut Stream,
) -> Result<Certificate, PkiError> {
    let name = tag(request.attributes(), stream);
    issue_named(request, ca, ca_key, terms, &LEAF, name)
}

/// `assetTagCertificate`: the subject with a fresh UUID as its serial number.
fn tag(attributes: &RequestAttributes, stream: &mut Stream) -> rcgen::DistinguishedName {
    let mut name = names::go_subject(attributes, true);
    let uuid = super::super::attributes::uuid4(stream);
    let serial = DnType::CustomDnType(names::SERIAL_NUMBER.to_vec());
    name.push(serial, names::go_string(&uuid));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_years_are_calendar_years() {
        let end = |start: &str| {
            let start = Time::parse(start).unwrap();
            (start + default_validity(start)).to_string()
        };
        assert_eq!(end("2026-01-01T12:00:00Z"), "2036-01-01T12:00:00Z");
        assert_eq!(end("2028-02-29T00:00:01Z"), "2038-03-01T00:00:01Z");
    }
}
