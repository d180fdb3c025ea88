//! Revocation lists: what is written is read back, and `openssl` reads it too.

use std::fs;
use std::process::Command;

use super::super::{
    KeyAlgorithm, KeyPair, PkiError, RequestAttributes, RevocationList, RevocationTerms,
    SerialNumber, Terms, issuers,
};
use trustsim_kernel::{Span, Streams, Time};

const DAY: Span = Span::from_secs(86_400);

fn made() -> (RevocationList, crate::Certificate) {
    let mut stream = Streams::new(7).stream("revocation", "ca");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let now = Time::from_seconds(1_767_225_600);
    let terms = Terms {
        serial: SerialNumber::random(&mut stream),
        now,
        validity: DAY * 365,
    };
    let name = RequestAttributes::with_common_name("ca");
    let ca = issuers::charmlibs::generate_self_signed_ca(&name, &key, &terms).unwrap();
    let terms = RevocationTerms {
        number: 3,
        this_update: now,
        next_update: now + DAY * 7,
        revoked: vec![(vec![0x12, 0x34], now), (ca.serial_bytes(), now)],
    };
    (RevocationList::sign(&ca, &key, &terms).unwrap(), ca)
}

#[test]
fn a_list_is_read_back_as_it_was_written() {
    let (list, ca) = made();
    assert_eq!(list, made().0, "the same inputs give the same bytes");
    assert_eq!(list.issuer_der(), ca.subject_der());
    assert_eq!(list.authority_key_id(), ca.subject_key_id());
    assert_eq!(list.next_update(), Some(list.this_update() + DAY * 7));
    assert!(list.revokes(&[0x12, 0x34]) && list.revokes(&[0, 0x12, 0x34]));
    assert!(list.revokes(&ca.serial_bytes()) && !list.revokes(&[0x12]));
    let text = format!("noise\n{}\n{}\n", list.pem(), list.pem());
    assert_eq!(
        RevocationList::all_from_pem(&text),
        Ok(vec![list.clone(), list])
    );
}

#[test]
fn what_is_no_list_is_refused() {
    let (list, ca) = made();
    assert_eq!(RevocationList::all_from_pem(ca.pem()), Ok(vec![]));
    let cut = &list.der()[..list.der().len() - 1];
    let error = RevocationList::from_der(cut).unwrap_err();
    assert!(matches!(error, PkiError::Malformed { .. }), "{error}");
    let mut longer = list.der().to_vec();
    longer.push(0);
    let error = RevocationList::from_der(&longer).unwrap_err();
    insta::assert_snapshot!(error, @"not a certificate revocation list: something follows it");
}

#[test]
fn openssl_reads_and_verifies_it() {
    if !trustsim_oracles::has_program("openssl", "OpenSSL") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (list, ca) = made();
    let path = |file: &str| folder.path().join(file);
    fs::write(path("crl.pem"), list.pem() + "\n").unwrap();
    fs::write(path("ca.pem"), ca.pem().to_owned() + "\n").unwrap();
    let mut command = Command::new("openssl");
    command
        .args(["crl", "-noout", "-text", "-in"])
        .arg(path("crl.pem"));
    let output = command.arg("-CAfile").arg(path("ca.pem")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("verify OK"), "{said}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("Serial Number: 1234"), "{text}");
}
