//! What the certificates of each issuer carry, in which order.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::*;

/// The extensions in their order, `!` marking a critical one.
fn extensions(certificate: &Certificate) -> String {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
    let names = parsed.extensions().iter().map(|extension| {
        let name = match extension.oid.to_id_string().as_str() {
            "2.5.29.14" => "ski",
            "2.5.29.15" => "ku",
            "2.5.29.17" => "san",
            "2.5.29.19" => "bc",
            "2.5.29.30" => "nc",
            "2.5.29.35" => "aki",
            "2.5.29.37" => "eku",
            "2.5.29.31" => "crl",
            "1.3.6.1.5.5.7.1.1" => "aia",
            other => panic!("{other}"),
        };
        let mark = if extension.critical { "!" } else { "" };
        format!("{name}{mark}")
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_issuer_writes_its_extensions_in_its_order() {
    use issuers::{charmlibs, controller, easyrsa, tls_certificates_v3 as v3, vault};
    let mut stream = stream("order");
    let ca = root("ca", &mut stream);
    let source = "canonical/charmlibs interfaces/tls-certificates, commit caaf7415";
    let v3_source = "canonical/self-signed-certificates-operator lib/charms/tls_certificates_interface/v3, \
                     commit 94929bd";
    let vault_source = "hashicorp/vault sdk/helper/certutil, Go crypto/x509 buildCertExtensions";
    let juju = "juju/juju internal/pki request.go, Go crypto/x509 buildCertExtensions";
    let easy = "charmed-kubernetes/interface-tls-certificates ops/tests/data, commit 236e089";
    let legacy = "openstack/charm-vault src/lib/charm/vault_pki.py set_urls, commit 5a0c525";
    let charm_vault_server = vault::charm_vault_server_template("http://10.0.0.5:8200");
    let charm_vault_client = vault::charm_vault_client_template("http://10.0.0.5:8200");
    for (template, order, source) in [
        (&charmlibs::LEAF, "aki ski bc! san", source),
        (&charmlibs::INTERMEDIATE, "aki ski bc! san ku!", source),
        (&v3::LEAF, "aki ski bc! san", v3_source),
        (&v3::INTERMEDIATE, "aki ski bc! san ku!", v3_source),
        (&vault::LEAF, "ku! eku ski aki san", vault_source),
        (&easyrsa::SERVER, "bc ski aki eku ku san", easy),
        (&easyrsa::CLIENT, "bc ski aki eku ku", easy),
        (&charm_vault_server, "ku! eku ski aki aia san crl", legacy),
        (&charm_vault_client, "ku! eku ski aki aia san crl", legacy),
        (&controller::LEAF, "aki san", juju),
        (&Template::leaf(), "aki ski bc! san ku! eku", "declared"),
        (&Template::intermediate(), "aki ski bc! ku!", "declared"),
    ] {
        let issued = below(&ca, "web.example", template, &mut stream);
        assert_eq!(extensions(&issued.certificate), order, "{source}");
    }
    let key = &ca.key;
    for (template, order, source) in [
        (&charmlibs::ROOT, "ski bc! ku! san", source),
        (&v3::CA, "ski aki ku! bc!", v3_source),
        (&easyrsa::CA, "ski aki bc ku", easy),
        (&vault::ROOT, "ku! bc! ski aki san", vault_source),
        (&controller::CA, "ku! bc! ski", juju),
        (&Template::root(), "ski bc! ku!", "declared"),
    ] {
        let terms = terms(&mut stream, 365);
        let root = self_sign(&wanted("ca.example"), key, &terms, template).unwrap();
        assert_eq!(extensions(&root), order, "{source}");
    }
}

/// canonical/charmlibs `interfaces/tls-certificates` 1.12.0, `_generate_certificate_request_extensions`
/// and `generate_self_signed_ca`: keys of elliptic curves came with that version.
#[test]
fn the_library_says_what_elliptic_keys_are_for() {
    let mut stream = stream("elliptic");
    let usages = |certificate: &Certificate| {
        let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
        parsed.key_usage().unwrap().map(|usage| usage.value.flags)
    };
    // Bits of RFC 5280: digitalSignature 0, keyEncipherment 2, keyCertSign 5.
    for (algorithm, of_ca, of_leaf) in [
        (KeyAlgorithm::EcdsaP256, 0b10_0001, Some(0b1)),
        (KeyAlgorithm::Rsa2048, 0b10_0101, None),
    ] {
        let key = KeyPair::generate(algorithm, &mut stream);
        let terms = terms(&mut stream, 90);
        let name = RequestAttributes::with_common_name("ca");
        let ca = issuers::charmlibs::generate_self_signed_ca(&name, &key, &terms).unwrap();
        assert_eq!(usages(&ca), Some(of_ca), "{algorithm}");
        let sign = |attributes: &RequestAttributes| {
            let request = CertificateRequest::new(attributes, &key).unwrap();
            issuers::charmlibs::generate(&request, &ca, &key, &terms, false).unwrap()
        };
        let mut asked = RequestAttributes::with_common_name("web");
        asked.sans_dns = vec!["web".into()];
        assert_eq!(usages(&sign(&asked)), of_leaf, "{algorithm}");
        // keyAgreement, as the request says it.
        asked.additional_extensions = vec![RequestedExtension {
            oid: vec![2, 5, 29, 15],
            critical: true,
            content: vec![0x03, 0x02, 0x03, 0x08],
        }];
        assert_eq!(usages(&sign(&asked)), Some(0b1_0000), "{algorithm}");
    }
}

#[test]
fn a_bare_leaf_of_the_library_has_no_names_nor_usages() {
    let mut stream = stream("bare");
    let ca = root("ca", &mut stream);
    assert_eq!(extensions(&ca.certificate), "ski bc! ku!");
    let key = KeyPair::generate(KeyAlgorithm::Ed25519, &mut stream);
    let request = RequestAttributes::with_common_name("web");
    let request = CertificateRequest::new(&request, &key).unwrap();
    let terms = terms(&mut stream, 90);
    let leaf = issuers::charmlibs::generate(&request, &ca.certificate, &ca.key, &terms, false);
    let leaf = leaf.unwrap();
    assert_eq!(extensions(&leaf), "aki ski bc!");
    assert_eq!(leaf.not_before().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(leaf.not_after().to_string(), "2026-04-01T00:00:00Z");
}

#[test]
fn a_controller_names_its_certificates_as_go_does() {
    use issuers::controller;
    let mut stream = stream("controller");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let mut terms = terms(&mut stream, 0);
    terms.validity = controller::default_validity(terms.now);
    let ca = controller::generate_ca(&controller::ca_attributes(), &key, &terms, &mut stream);
    let ca = ca.unwrap();
    let mut wanted = controller::leaf_attributes("controller");
    wanted.sans_dns = controller::CONTROLLER_DNS_NAMES.map(str::to_owned).to_vec();
    let request = CertificateRequest::new(&wanted, &key).unwrap();
    let leaf = controller::generate_leaf(&request, &ca, &key, &terms, &mut stream).unwrap();
    insta::assert_snapshot!(format!("{ca:?}\n{leaf:?}\n{}", leaf.sans().join(" ")), @r"
    Certificate(O=Juju,CN=juju-ca,serialNumber=781d5a97-2faf-419e-bbac-9bd476958d35 serial 53c8dc205fd7a2af6aa4740c594fd97e1c6ade74 issued by O=Juju,CN=juju-ca,serialNumber=781d5a97-2faf-419e-bbac-9bd476958d35, 2025-12-31T23:55:00Z to 2036-01-01T00:00:00Z)
    Certificate(O=Juju,CN=Juju server certificate - controller,serialNumber=61e070ba-1d72-46d6-aa9d-6511263917f4 serial 53c8dc205fd7a2af6aa4740c594fd97e1c6ade74 issued by O=Juju,CN=juju-ca,serialNumber=781d5a97-2faf-419e-bbac-9bd476958d35, 2025-12-31T23:55:00Z to 2036-01-01T00:00:00Z)
    DNS:localhost DNS:juju-apiserver DNS:juju-mongodb DNS:anything
    ");
    // PrintableString, as Go writes what can be one.
    let organization = [
        0x06, 0x03, 0x55, 0x04, 0x0A, 0x13, 0x04, b'J', b'u', b'j', b'u',
    ];
    assert!(
        ca.subject_der()
            .windows(11)
            .any(|window| window == organization)
    );
    assert!(leaf.verify_issued_by(&ca) && ca.is_self_issued());
    assert_eq!(leaf.authority_key_id(), ca.subject_key_id());
}

#[test]
fn a_vault_role_keeps_the_common_name_only() {
    let mut stream = stream("vault");
    let ca = root("ca", &mut stream);
    let leaf = below(&ca, "*.example", &issuers::vault::LEAF, &mut stream).certificate;
    assert_eq!(leaf.subject(), "CN=*.example");
    // An asterisk is not printable to Go: UTF8String.
    assert!(
        leaf.subject_der()
            .windows(2)
            .any(|window| window == [0x0C, 9])
    );
    assert_eq!(leaf.not_before().to_string(), "2025-12-31T23:59:30Z");
}

#[test]
fn an_intermediate_lends_its_issuer_or_its_subject() {
    let mut stream = stream("names");
    let ca = root("ca", &mut stream);
    let middle = below(
        &ca,
        "middle",
        &issuers::charmlibs::INTERMEDIATE,
        &mut stream,
    );
    let as_library = below(&middle, "web", &issuers::charmlibs::LEAF, &mut stream).certificate;
    let right = issuers::charmlibs::LEAF
        .clone()
        .named(IssuerName::SubjectOfIssuer);
    let right = below(&middle, "web", &right, &mut stream).certificate;
    assert_eq!(as_library.issuer_der(), ca.certificate.subject_der());
    assert_eq!(right.issuer_der(), middle.certificate.subject_der());
    assert!(as_library.verify_issued_by(&middle.certificate));
    assert!(right.verify_issued_by(&middle.certificate));
}

#[test]
fn an_issuer_needs_a_key_identifier_where_the_library_reads_it() {
    let mut stream = stream("no-ski");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let template = Template::root().without(&Extension::SubjectKeyId);
    let terms = terms(&mut stream, 365);
    let certificate = self_sign(&wanted("ca"), &key, &terms, &template).unwrap();
    let request = CertificateRequest::new(&wanted("web"), &key).unwrap();
    let library = issuers::charmlibs::generate(&request, &certificate, &key, &terms, false);
    insta::assert_snapshot!(library.unwrap_err(), @r"the issuing certificate `CN=ca,O=Example\, Ltd,OU=Übung,emailAddress=ops@example.com,C=DE,ST=Bayern,L=München` has no subject key identifier");
    let go = issue(
        &request,
        &certificate,
        &key,
        &terms,
        &issuers::controller::LEAF,
    )
    .unwrap();
    assert_eq!(extensions(&go), "san");
}

#[test]
fn name_constraints_and_path_lengths_can_be_declared() {
    let mut stream = stream("constraints");
    let ca = root("ca", &mut stream);
    let template =
        Template::intermediate()
            .with_path_length(Some(0))
            .with(Extension::NameConstraints {
                permitted_dns: vec!["example".into()],
                excluded_dns: vec!["bad.example".into()],
            });
    let issued = below(&ca, "middle", &template, &mut stream).certificate;
    assert_eq!(extensions(&issued), "aki ski bc! ku! nc!");
    let (_, parsed) = X509Certificate::from_der(issued.der()).unwrap();
    let constraints = parsed.basic_constraints().unwrap().unwrap().value;
    assert_eq!(constraints.path_len_constraint, Some(0));
    let names = parsed.name_constraints().unwrap().unwrap().value;
    assert_eq!(names.permitted_subtrees.as_ref().map(Vec::len), Some(1));
    assert_eq!(names.excluded_subtrees.as_ref().map(Vec::len), Some(1));
}

/// The authority key identifier of `EasyRSA` names the CA's own issuer and serial number, as in the
/// samples of charmed-kubernetes/interface-tls-certificates `ops/tests/data`, commit 236e089.
#[test]
fn easyrsa_names_issuer_and_serial_number_of_its_ca() {
    let mut stream = stream("easyrsa");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let name = RequestAttributes::with_common_name("10.246.154.191");
    let terms = terms(&mut stream, 3650);
    let certificate = self_sign(&name, &key, &terms, &issuers::easyrsa::CA).unwrap();
    let ca = Holder { certificate, key };
    let leaf = below(&ca, "web.example", &issuers::easyrsa::SERVER, &mut stream).certificate;
    for issued in [&ca.certificate, &leaf] {
        assert_eq!(issued.authority_key_id(), ca.certificate.subject_key_id());
        let (_, parsed) = X509Certificate::from_der(issued.der()).unwrap();
        let identifier =
            parsed
                .extensions()
                .iter()
                .find_map(|extension| match extension.parsed_extension() {
                    x509_parser::extensions::ParsedExtension::AuthorityKeyIdentifier(found) => {
                        Some(found)
                    }
                    _ => None,
                });
        let identifier = identifier.unwrap();
        let serial = identifier.authority_cert_serial.unwrap();
        let significant: Vec<u8> = serial
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        assert_eq!(significant, ca.certificate.serial_bytes());
        let names = identifier.authority_cert_issuer.as_ref().unwrap();
        let x509_parser::extensions::GeneralName::DirectoryName(name) = &names[0] else {
            panic!("{names:?}");
        };
        assert_eq!(name.as_raw(), ca.certificate.subject_der());
    }
    assert!(leaf.verify_issued_by(&ca.certificate));
}

/// `generate_ca` of version 3: the country `US` and the name, whatever else a charm is configured with.
#[test]
fn version_3_of_the_library_names_a_ca_by_country_and_name() {
    use issuers::tls_certificates_v3::generate_ca;
    let mut stream = stream("version 3");
    let key = root("other", &mut stream).key;
    let ca = generate_ca("my-ca", &key, &terms(&mut stream, 365)).expect("it is short");
    assert_eq!(ca.subject(), "C=US,CN=my-ca");
    assert!(ca.is_self_issued());
    let long = "a".repeat(65);
    let refused = generate_ca(&long, &key, &terms(&mut stream, 365));
    assert_eq!(refused, Err(PkiError::CommonNameTooLong(long)));
}
