//! OpenSSL reads what this room writes: requests, and every template. Skipped where there is no
//! `openssl`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

/// The standard output of `openssl` with these arguments; `None` where it is not installed.
fn openssl(dir: &Path, arguments: &[&str]) -> Option<String> {
    if !trustsim_oracles::has_program("openssl", "OpenSSL") {
        return None;
    }
    let mut openssl = Command::new("openssl");
    let output = openssl.args(arguments).current_dir(dir).output();
    let output = output.expect("openssl runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &errors)
}

#[test]
fn openssl_checks_requests() {
    let dir = tempfile::tempdir().unwrap();
    for algorithm in KeyAlgorithm::ALL {
        let mut stream = stream(algorithm.name());
        let key = KeyPair::generate(algorithm, &mut stream);
        let request = CertificateRequest::new(&wanted("web.example").unique(&mut stream), &key);
        fs::write(dir.path().join("request.pem"), request.unwrap().pem()).unwrap();
        fs::write(dir.path().join("key.pem"), key.to_pkcs8_pem()).unwrap();
        let arguments = ["req", "-verify", "-noout", "-text", "-in", "request.pem"];
        let Some(text) = openssl(dir.path(), &arguments) else {
            return;
        };
        assert!(text.contains("verify OK"), "{text}");
        for part in [
            "x500UniqueIdentifier",
            "Registered ID:1.2.3.4",
            "DNS:*.web.example",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        openssl(dir.path(), &["pkey", "-check", "-noout", "-in", "key.pem"]);
        if algorithm == KeyAlgorithm::Ed25519 {
            continue;
        }
        // What charmlibs writes is what OpenSSL calls traditional, byte for byte.
        let arguments = ["pkey", "-in", "key.pem", "-traditional"];
        let written = openssl(dir.path(), &arguments).expect("it is installed");
        assert_eq!(written.trim(), key.to_pem(), "{algorithm}");
    }
}

#[test]
fn openssl_verifies_every_template() {
    use issuers::{charmlibs, controller, lets_encrypt, vault};
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let mut stream = stream("openssl");
    let signed = trustsim_kernel::Time::from_seconds(1_800_000_000);
    let public_leaf = lets_encrypt::leaf(signed, false, "e7", SerialNumber::from(7));
    let roots = [
        &lets_encrypt::ROOT,
        &charmlibs::ROOT,
        &controller::CA,
        &vault::ROOT,
        &Template::root(),
    ];
    let leaves = [
        &public_leaf,
        &charmlibs::LEAF,
        &controller::LEAF,
        &vault::LEAF,
        &Template::leaf(),
    ];
    for (root, leaf) in roots.into_iter().zip(leaves) {
        let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
        let terms = terms(&mut stream, 365);
        let certificate = self_sign(&wanted("ca.example"), &key, &terms, root).unwrap();
        let ca = Holder { certificate, key };
        let middle = below(
            &ca,
            "middle.example",
            &Template::intermediate(),
            &mut stream,
        );
        let right = leaf.clone().named(IssuerName::SubjectOfIssuer);
        let leaf = below(&ca, "web.example", leaf, &mut stream).certificate;
        let deep = below(&middle, "deep.example", &right, &mut stream).certificate;
        for (name, certificate) in [
            ("ca.pem", &ca.certificate),
            ("middle.pem", &middle.certificate),
            ("leaf.pem", &leaf),
            ("deep.pem", &deep),
        ] {
            fs::write(path(name), certificate.pem()).unwrap();
            let Some(text) = openssl(dir.path(), &["x509", "-text", "-noout", "-in", name]) else {
                return;
            };
            assert!(text.contains("Version: 3 (0x2)"), "{text}");
        }
        let verify = [
            "verify",
            "-no_check_time",
            "-purpose",
            "sslserver",
            "-CAfile",
            "ca.pem",
        ];
        for more in [&["leaf.pem"][..], &["-untrusted", "middle.pem", "deep.pem"]] {
            let text = openssl(dir.path(), &[&verify, more].concat()).unwrap();
            assert!(text.contains(".pem: OK"), "{text}");
        }
    }
}

#[test]
fn openssl_prints_a_leaf_of_the_library() {
    let dir = tempfile::tempdir().unwrap();
    let mut stream = stream("printed");
    let ca = root("ca", &mut stream);
    let leaf = below(&ca, "web.example", &issuers::charmlibs::LEAF, &mut stream).certificate;
    fs::write(dir.path().join("leaf.pem"), leaf.pem()).unwrap();
    let arguments = [
        "x509",
        "-noout",
        "-in",
        "leaf.pem",
        "-serial",
        "-dates",
        "-ext",
        "basicConstraints,subjectAltName,keyUsage,extendedKeyUsage",
    ];
    let Some(text) = openssl(dir.path(), &arguments) else {
        return;
    };
    assert!(text.to_lowercase().contains(leaf.serial()), "{text}");
    for part in [
        "notBefore=Jan  1 00:00:00 2026 GMT",
        "notAfter=Apr  1 00:00:00 2026 GMT",
        "X509v3 Basic Constraints: critical\n    CA:FALSE",
        "DNS:web.example, DNS:*.web.example, IP Address:10.0.0.1",
        "Registered ID:1.2.3.4, email:ops@example.com",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("Key Usage"), "{text}");
}
