//! `trustsim judge` on files that real tools could have written.

use serde_json::Value;

use super::trustsim;
use crate::Exit;
use trustsim_kernel::Time;

/// A root, a leaf of it, and their files, with the list that revokes the leaf.
fn judged_files() -> (tempfile::TempDir, Vec<String>) {
    use trustsim_kernel::{Span, Streams};
    use trustsim_pki::{
        CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, RevocationList,
        RevocationTerms, SerialNumber, Terms, issuers::charmlibs,
    };
    let mut stream = Streams::new(3).stream("judge", "files");
    let now = Time::parse("2026-01-01T00:00:00Z").unwrap();
    let mut terms = |days| Terms {
        serial: SerialNumber::random(&mut stream),
        now,
        validity: Span::from_secs(86_400) * days,
    };
    let (root_terms, leaf_terms) = (terms(365), terms(90));
    let mut stream = Streams::new(3).stream("judge", "keys");
    let key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let name = RequestAttributes::with_common_name("ca");
    let root = charmlibs::generate_self_signed_ca(&name, &key, &root_terms).unwrap();
    let leaf_key = KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let attributes = RequestAttributes {
        sans_dns: std::iter::once("web.test".to_owned()).collect(),
        ..RequestAttributes::with_common_name("web.test")
    };
    let request = CertificateRequest::new(&attributes, &leaf_key).unwrap();
    let leaf = charmlibs::generate(&request, &root, &key, &leaf_terms, false).unwrap();
    let list = RevocationTerms {
        number: 1,
        this_update: now,
        next_update: now + Span::from_secs(7 * 86_400),
        revoked: vec![(leaf.serial_bytes(), now)],
    };
    let list = RevocationList::sign(&root, &key, &list).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &[u8]| {
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let paths = vec![
        write("leaf.pem", leaf.pem().as_bytes()),
        write("root.pem", root.pem().as_bytes()),
        write("crl.pem", list.pem().as_bytes()),
        write("empty.pem", b"nothing\n"),
        write("leaf.der", leaf.der()),
        write("cut.pem", &leaf.pem().as_bytes()[..100]),
    ];
    (folder, paths)
}

#[test]
fn judge_says_what_every_stack_says() {
    let (_folder, files) = judged_files();
    let judge = |at: &str, name: &str, more: &[&str]| {
        let mut args = vec!["judge", "--chain", &files[0], "--roots", &files[1]];
        args.extend(["--name", name, "--at", at]);
        args.extend(more);
        let (exit, out, err) = trustsim(&args);
        assert_eq!((exit, err.as_str()), (Exit::Held, ""), "{args:?}");
        out
    };
    let late = judge("2026-04-02T00:00:00Z", "web.test", &[]);
    insta::assert_snapshot!("judge_table", late);
    let named = judge("2026-01-02T00:00:00Z", "db.test", &["--format", "json"]);
    insta::assert_snapshot!("judge_json", named);
    let revoked = judge("2026-01-02T00:00:00Z", "web.test", &["--crl", &files[2]]);
    insta::assert_snapshot!("judge_crl", revoked);
    let none = judge(
        "2026-01-02T00:00:00Z",
        "web.test",
        &[
            "--client-roots",
            &files[1],
            "--format",
            "json",
            "--validator",
            "go",
        ],
    );
    insta::assert_snapshot!("judge_without_client_certificate", none);
    let both = judge(
        "2026-01-02T00:00:00Z",
        "web.test",
        &[
            "--client-roots",
            &files[1],
            "--client-chain",
            &files[0],
            "--format",
            "json",
        ],
    );
    let answers: Value = serde_json::from_str(&both).unwrap();
    assert_eq!(
        answers.as_array().unwrap().len(),
        trustsim_validators::Validator::ALL.len()
    );
    assert!(
        answers
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["outcome"] == "ok")
    );
}

#[test]
fn judge_explains_bad_files() {
    let (folder, files) = judged_files();
    let missing = folder.path().join("missing.pem");
    let mut said = String::new();
    let at = ["--name", "web.test", "--at", "2026-01-02T00:00:00Z"];
    for [chain, roots] in [
        [missing.to_str().unwrap(), &files[1]],
        [&files[0], &files[3]],
        [&files[4], &files[1]],
        [&files[5], &files[1]],
    ] {
        let mut args = vec!["judge", "--chain", chain, "--roots", roots];
        args.extend(at);
        let (exit, out, err) = trustsim(&args);
        assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
        said.push_str(&err);
    }
    let good = [
        "judge", "--chain", &files[0], "--roots", &files[1], "--name", "web.test",
    ];
    for more in [
        &["--at", "tomorrow"][..],
        &["--at", "2026-01-02T00:00:00Z", "--validator", "nss"],
        &["--at", "2026-01-02T00:00:00Z", "--crl", &files[1]],
    ] {
        let args: Vec<&str> = good.iter().chain(more).copied().collect();
        let (exit, _, err) = trustsim(&args);
        assert_eq!(exit, Exit::Refused);
        said.push_str(&err);
    }
    let said = said.replace(folder.path().to_str().unwrap(), "FOLDER");
    insta::assert_snapshot!(said);
}
