//! Tests of the room as a whole.

mod library;
mod openssl;
mod requests;
mod revocation;
mod templates;

use super::*;
use trustsim_kernel::{Span, Stream, Streams, Time};

/// A stream of its own for each subject.
fn stream(subject: &str) -> Stream {
    Streams::new(7).stream("test", subject)
}

/// This many days from a quarter to a second after the start of 2026.
fn terms(stream: &mut Stream, days: u64) -> Terms {
    Terms {
        serial: SerialNumber::random(stream),
        now: Time::parse("2026-01-01T00:00:00.75Z").unwrap(),
        validity: Span::from_secs(days * 86_400),
    }
}

/// An authority's certificate with its key, or a leaf's.
struct Holder {
    certificate: Certificate,
    key: KeyPair,
}

fn root(name: &str, stream: &mut Stream) -> Holder {
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, stream);
    let attributes = RequestAttributes::with_common_name(name).unique(stream);
    let terms = terms(stream, 365);
    let certificate = issuers::charmlibs::generate_self_signed_ca(&attributes, &key, &terms);
    let certificate = certificate.unwrap();
    Holder { certificate, key }
}

fn below(issuer: &Holder, name: &str, template: &Template, stream: &mut Stream) -> Holder {
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, stream);
    let request = CertificateRequest::new(&wanted(name), &key).unwrap();
    let terms = terms(stream, 90);
    let certificate = issue(&request, &issuer.certificate, &issuer.key, &terms, template).unwrap();
    Holder { certificate, key }
}

/// Every field but the unique identifier and further extensions.
fn wanted(name: &str) -> RequestAttributes {
    RequestAttributes {
        common_name: Some(name.to_owned()),
        organization: Some("Example, Ltd".to_owned()),
        organizational_unit: Some("Übung".to_owned()),
        email_address: Some("ops@example.com".to_owned()),
        country_name: Some("DE".to_owned()),
        state_or_province_name: Some("Bayern".to_owned()),
        locality_name: Some("München".to_owned()),
        sans_dns: vec![name.to_owned(), format!("*.{name}")],
        sans_ip: vec!["10.0.0.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        sans_oid: vec!["1.2.3.4".to_owned()],
        ..RequestAttributes::default()
    }
}
