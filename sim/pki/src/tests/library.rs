//! The real library's certificates, made again byte for byte: RSA PKCS#1 v1.5 does not vary, so
//! with the same key, serial number and dates whole certificates must be equal.
//! `fixtures/generate.py` wrote them with `charmlibs-interfaces-tls-certificates` 1.10.0.

use std::net::IpAddr;

use super::*;

const FIXTURES: &str = include_str!("../fixtures/charmlibs.pem");

fn fixture(name: &str) -> &'static str {
    let (_, after) = FIXTURES.split_once(&format!("# {name}\n")).expect(name);
    after.split("\n\n").next().unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(fixture(name)).unwrap()
}

fn key(name: &str) -> KeyPair {
    KeyPair::from_pem(fixture(name)).unwrap()
}

/// The terms on which the library signed this certificate.
fn terms_of(certificate: &Certificate) -> Terms {
    let mut serial = [0; 20];
    let hex = format!("{:0>40}", certificate.serial());
    for (k, byte) in serial.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * k..2 * k + 2], 16).unwrap();
    }
    Terms {
        serial: SerialNumber::from_bytes(serial),
        now: certificate.not_before(),
        validity: certificate.not_after().since(certificate.not_before()),
    }
}

/// What the library was asked for, with the random identifier and the order of names it chose.
fn attributes_of(certificate: &Certificate) -> RequestAttributes {
    let part = |kind: &str| {
        let prefix = format!("{kind}=");
        let subject = certificate.subject().replace("\\,", "\0");
        let mut parts = subject
            .split(',')
            .filter_map(|part| part.strip_prefix(&prefix));
        parts.next().map(|text| text.replace('\0', ","))
    };
    let names = |prefix: &str| {
        let names = certificate.sans().iter();
        names
            .filter_map(move |name| name.strip_prefix(prefix).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    RequestAttributes {
        common_name: part("CN"),
        unique_identifier: part("x500UniqueIdentifier"),
        organization: part("O"),
        organizational_unit: part("OU"),
        email_address: part("emailAddress"),
        country_name: part("C"),
        state_or_province_name: part("ST"),
        locality_name: part("L"),
        sans_dns: names("DNS:"),
        sans_ip: names("IP:")
            .iter()
            .map(|text| text.parse::<IpAddr>().unwrap())
            .collect(),
        sans_oid: names("RID:"),
        ..RequestAttributes::default()
    }
}

#[test]
fn roots_are_those_of_the_library() {
    let key = key("root-key");
    for name in ["root", "full-root"] {
        let theirs = certificate(name);
        let attributes = attributes_of(&theirs);
        let terms = terms_of(&theirs);
        let ours = issuers::charmlibs::generate_self_signed_ca(&attributes, &key, &terms).unwrap();
        assert_eq!(ours.pem(), fixture(name), "{name}");
    }
    assert!(certificate("full-root").not_after() > Time::parse("2050-01-01T00:00:00Z").unwrap());
}

#[test]
fn requests_are_those_of_the_library() {
    let key = key("key");
    for name in ["plain-request", "bare-request"] {
        let theirs = CertificateRequest::from_pem(fixture(name)).unwrap();
        let ours = CertificateRequest::new(theirs.attributes(), &key).unwrap();
        assert_eq!(ours.pem(), fixture(name), "{name}");
    }
    // The order of names of several kinds is a Python set's: everything else must be the same.
    let theirs = CertificateRequest::from_pem(fixture("full-request")).unwrap();
    let ours = CertificateRequest::new(theirs.attributes(), &key).unwrap();
    let read = CertificateRequest::from_der(ours.der()).unwrap();
    assert_eq!(read.attributes(), theirs.attributes());
    assert_eq!(read.der().len(), theirs.der().len());
}

#[test]
fn leaves_and_intermediates_are_those_of_the_library() {
    let (root, root_key) = (certificate("root"), key("root-key"));
    let (intermediate, key) = (certificate("intermediate"), key("key"));
    for (request, issuer, issuer_key, is_ca, name) in [
        ("plain-request", &root, &root_key, false, "plain-leaf"),
        ("bare-request", &root, &root_key, false, "bare-leaf"),
        ("full-request", &root, &root_key, false, "full-leaf"),
        ("bare-request", &root, &root_key, true, "intermediate"),
        (
            "plain-request",
            &intermediate,
            &key,
            false,
            "leaf-below-intermediate",
        ),
    ] {
        let request = CertificateRequest::from_pem(fixture(request)).unwrap();
        let terms = terms_of(&certificate(name));
        let ours = issuers::charmlibs::generate(&request, issuer, issuer_key, &terms, is_ca);
        assert_eq!(ours.unwrap().pem(), fixture(name), "{name}");
    }
}

#[test]
fn a_leaf_below_an_intermediate_names_the_root() {
    let leaf = certificate("leaf-below-intermediate");
    let (root, intermediate) = (certificate("root"), certificate("intermediate"));
    assert_eq!(leaf.issuer(), root.subject());
    assert_ne!(leaf.issuer(), intermediate.subject());
    assert!(leaf.verify_issued_by(&intermediate) && !leaf.verify_issued_by(&root));
    assert_eq!(leaf.authority_key_id(), intermediate.subject_key_id());
}
