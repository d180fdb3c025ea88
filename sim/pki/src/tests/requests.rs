//! Requests, certificates read back, and what is refused.

use proptest::prelude::*;

use super::*;

#[test]
fn a_request_becomes_a_certificate_with_every_kind_of_key() {
    for algorithm in KeyAlgorithm::ALL {
        let mut stream = stream(algorithm.name());
        let ca_key = KeyPair::generate(algorithm, &mut stream);
        let ca_name = RequestAttributes::with_common_name("ca").unique(&mut stream);
        let ca_terms = terms(&mut stream, 365);
        let ca = issuers::charmlibs::generate_self_signed_ca(&ca_name, &ca_key, &ca_terms).unwrap();
        let key = KeyPair::generate(algorithm, &mut stream);
        let wanted = wanted("web").unique(&mut stream);
        let request = CertificateRequest::new(&wanted, &key).unwrap();
        let read = CertificateRequest::from_der(request.der()).unwrap();
        assert_eq!(read.attributes(), &wanted);
        assert_eq!(read.public_key(), key.public_key());
        let leaf_terms = terms(&mut stream, 90);
        let leaf = issuers::charmlibs::generate(&read, &ca, &ca_key, &leaf_terms, false).unwrap();
        let read = Certificate::from_der(leaf.der()).unwrap();
        assert_eq!(read, leaf);
        assert_eq!(leaf.key_algorithm(), algorithm.name());
        assert_eq!(leaf.spki_der(), key.spki_der());
        assert_eq!(leaf.subject_key_id(), Some(&key.public_key().key_id()[..]));
        assert!(leaf.verify_issued_by(&ca) && ca.verify_issued_by(&ca));
        assert!(!leaf.verify_issued_by(&leaf) && !leaf.is_self_issued() && ca.is_self_issued());
        assert_eq!(leaf.serial(), leaf_terms.serial.to_string());
        assert!(ca.is_ca() && !leaf.is_ca());
    }
}

#[test]
fn a_certificate_says_what_it_holds() {
    let mut stream = stream("text");
    let ca = root("ca", &mut stream);
    let leaf = below(&ca, "web.example", &issuers::charmlibs::LEAF, &mut stream).certificate;
    let lines = [
        leaf.subject().to_owned(),
        leaf.subject_common_name().unwrap_or("none").to_owned(),
        leaf.issuer().to_owned(),
        leaf.sans().join(" "),
        leaf.sha256_hex(),
        format!("{leaf:?}"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    CN=web.example,O=Example\, Ltd,OU=Übung,emailAddress=ops@example.com,C=DE,ST=Bayern,L=München
    web.example
    CN=ca,x500UniqueIdentifier=19d3248c-3f01-4c40-9f09-1920a1bd63c0
    DNS:web.example DNS:*.web.example IP:10.0.0.1 IP:2001:db8::1 RID:1.2.3.4 email:ops@example.com
    3ccaf954485754e3d6167f7af254ef0ff592672e1c8e1b9711fa8b7a28ad72b9
    Certificate(CN=web.example,O=Example\, Ltd,OU=Übung,emailAddress=ops@example.com,C=DE,ST=Bayern,L=München serial 4126cc5ff0465927cbc8f36f940dba9a459b9ccb issued by CN=ca,x500UniqueIdentifier=19d3248c-3f01-4c40-9f09-1920a1bd63c0, 2026-01-01T00:00:00Z to 2026-04-01T00:00:00Z)
    ");
}

#[test]
fn the_same_streams_give_the_same_bytes() {
    let make = || {
        let mut stream = stream("twice");
        let ca = root("ca", &mut stream);
        let leaf = below(&ca, "web", &issuers::charmlibs::LEAF, &mut stream);
        (
            ca.certificate.pem().to_owned(),
            leaf.certificate.pem().to_owned(),
        )
    };
    assert_eq!(make(), make());
}

#[test]
fn a_text_read_twice_is_the_same_value() {
    let mut stream = stream("memo");
    let ca = root("ca", &mut stream).certificate;
    let text = format!("{}\n", ca.pem());
    let first = Certificate::from_pem(&text).unwrap();
    let again = Certificate::from_pem(&text).unwrap();
    assert!(std::ptr::eq(first.der(), again.der()));
    let key = KeyPair::generate(KeyAlgorithm::Ed25519, &mut stream);
    let request = CertificateRequest::new(&wanted("web"), &key).unwrap();
    let read = CertificateRequest::from_pem(request.pem()).unwrap();
    assert!(std::ptr::eq(request.der(), read.der()));
    // What was written and what is read from its bytes say the same.
    assert_eq!(
        CertificateRequest::from_der(read.der())
            .unwrap()
            .attributes(),
        read.attributes()
    );
}

#[test]
fn chains_are_read_in_their_order() {
    let mut stream = stream("chain");
    let ca = root("ca", &mut stream);
    let leaf = below(&ca, "web", &issuers::charmlibs::LEAF, &mut stream).certificate;
    let text = format!("some words\n{}\n{}\n", leaf.pem(), ca.certificate.pem());
    let chain = Certificate::chain_from_pem(&text).unwrap();
    assert_eq!(chain, [leaf, ca.certificate]);
    assert_eq!(Certificate::chain_from_pem("nothing"), Ok(vec![]));
}

#[test]
fn a_request_signed_with_another_key_is_refused() {
    let mut stream = stream("forged");
    let key = KeyPair::generate(KeyAlgorithm::Ed25519, &mut stream);
    let request = CertificateRequest::new(&wanted("web"), &key).unwrap();
    let mut der = request.der().to_vec();
    let last = der.len() - 1;
    der[last] ^= 1;
    assert_eq!(
        CertificateRequest::from_der(&der),
        Err(PkiError::BadRequestSignature)
    );
}

#[test]
fn what_cryptography_refuses_is_refused() {
    let mut stream = stream("refused");
    let key = KeyPair::generate(KeyAlgorithm::Ed25519, &mut stream);
    let named = || RequestAttributes::with_common_name("web");
    let text = |text: &str| Some(text.to_owned());
    let messages: Vec<String> = [
        RequestAttributes::default(),
        RequestAttributes::with_common_name("x".repeat(65)),
        RequestAttributes {
            country_name: text("DEU"),
            ..named()
        },
        RequestAttributes {
            email_address: text("münchen@example.com"),
            ..named()
        },
        RequestAttributes {
            sans_dns: vec!["münchen.example".into()],
            ..named()
        },
        RequestAttributes {
            sans_oid: vec!["1.x".into()],
            ..named()
        },
    ]
    .iter()
    .map(|attributes| {
        CertificateRequest::new(attributes, &key)
            .unwrap_err()
            .to_string()
    })
    .collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    at least one of common_name, sans_dns, sans_ip or sans_oid must be given
    the common name `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is longer than 64 bytes, the most X.509 allows
    the country name `DEU` is not two letters
    `münchen@example.com` is not ASCII: write an internationalised name in its `xn--` form
    `münchen.example` is not ASCII: write an internationalised name in its `xn--` form
    `1.x` is not an object identifier such as 1.2.3.4
    ");
}

#[test]
fn what_is_no_certificate_is_refused() {
    let mut stream = stream("damaged");
    let ca = root("ca", &mut stream).certificate;
    let longer = [ca.der(), &[0, 0]].concat();
    let messages: Vec<String> = [&ca.der()[..50], &longer, b"text"]
        .iter()
        .map(|der| Certificate::from_der(der).unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    not a certificate: its DER is damaged or breaks off (nom error: Eof)
    not a certificate: 2 bytes follow it
    not a certificate: its DER is damaged or breaks off (nom error: Eof)
    ");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_common_name_survives(name in "[^\\x00]{1,16}", words in "[ ,+\"<>;#a=\\\\]{1,12}") {
        let mut stream = stream("names");
        let key = KeyPair::generate(KeyAlgorithm::Ed25519, &mut stream);
        let attributes = RequestAttributes {
            organization: Some(words),
            ..RequestAttributes::with_common_name(name.clone())
        };
        let request = CertificateRequest::new(&attributes, &key).unwrap();
        let read = CertificateRequest::from_der(request.der()).unwrap();
        prop_assert_eq!(read.attributes(), &attributes);
        let terms = terms(&mut stream, 1);
        let made = issuers::charmlibs::generate_self_signed_ca(&attributes, &key, &terms).unwrap();
        prop_assert_eq!(made.subject_common_name(), Some(name.as_str()));
        let leaf = issuers::charmlibs::generate(&read, &made, &key, &terms, false).unwrap();
        prop_assert_eq!(leaf.subject_der(), made.subject_der());
        prop_assert_eq!(leaf.issuer_der(), made.subject_der());
    }

    #[test]
    fn damaged_certificates_never_panic(at in 0_usize..400, flip in 1_u8..) {
        let mut stream = stream("damaged");
        let ca = root("ca", &mut stream).certificate;
        let mut der = ca.der().to_vec();
        let at = at % der.len();
        der[at] ^= flip;
        if let Ok(read) = Certificate::from_der(&der) {
            let _ = (read.verify_issued_by(&ca), format!("{read:?}"), read.pem().len());
        }
    }
}
