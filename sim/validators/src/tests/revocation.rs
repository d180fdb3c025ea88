//! Revocation lists (pki table 3b): revoked, missing, stale, badly signed, signed by an issuer that
//! may not.

use std::fs;

use super::cross::{RandomPki, has_openssl, openssl_verify};
use super::make::*;
use crate::{TrustStore, Validator, judge_client, judge_server};
use rcgen::KeyUsagePurpose;
use trustsim_kernel::Time;
use trustsim_pki::{KeyAlgorithm, RevocationList, RevocationTerms};

const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

/// A list that `signer` signs for a week from `since`, naming `revoked`.
fn list(signer: &Made, since: Time, revoked: &[&Made]) -> RevocationList {
    let serials = revoked.iter().map(|made| made.certificate.serial_bytes());
    let terms = RevocationTerms {
        number: 1,
        this_update: since,
        next_update: since + DAY * 7,
        revoked: serials.map(|serial| (serial, since)).collect(),
    };
    RevocationList::sign(&signer.certificate, &signer.key, &terms).unwrap()
}

struct Fault {
    name: &'static str,
    roots: TrustStore,
    chain: Vec<trustsim_pki::Certificate>,
    /// The codes of OpenSSL for the leaf alone and for the whole path (curl).
    openssl: [u32; 2],
    rustls: &'static str,
    error: &'static str,
}

/// Every row of the table, with an intermediate so that the depth of the check shows.
fn faults() -> Vec<Fault> {
    let root = self_signed(authority("root", 365), key(KEY, "root"));
    let middle = root.issue(authority("middle", 300), key(KEY, "middle"));
    let leaf = middle.issue(params("web", &[NAME], 90), key(KEY, "leaf"));
    let rogue = self_signed(authority("middle", 300), key(KEY, "rogue"));
    let mut impostor = rogue.clone();
    impostor.certificate = middle.certificate.clone();
    let chain = vec![leaf.certificate.clone(), middle.certificate.clone()];
    let with = |lists: Vec<RevocationList>| trust([&root]).with_revocation_lists(lists);
    let of_root = || list(&root, start(), &[]);
    let of_middle = || list(&middle, start(), &[]);
    let fault = |name, lists, openssl, rustls, error| Fault {
        name,
        roots: with(lists),
        chain: chain.clone(),
        openssl,
        rustls,
        error,
    };
    vec![
        fault("clean", vec![of_root(), of_middle()], [0, 0], "", ""),
        fault(
            "revoked",
            vec![of_root(), list(&middle, start(), &[&leaf])],
            [23, 23],
            "InvalidCertificate(Revoked)",
            "revoked",
        ),
        fault(
            "the intermediate is revoked",
            vec![list(&root, start(), &[&middle]), of_middle()],
            [0, 23],
            "InvalidCertificate(Revoked)",
            "revoked",
        ),
        fault(
            "no list of the leaf's issuer",
            vec![of_root()],
            [3, 3],
            "InvalidCertificate(UnknownRevocationStatus)",
            "unknown-revocation-status",
        ),
        fault(
            "no list of the root",
            vec![of_middle()],
            [0, 3],
            "InvalidCertificate(UnknownRevocationStatus)",
            "unknown-revocation-status",
        ),
        fault(
            "stale",
            vec![of_root(), list(&middle, start() - DAY * 8, &[])],
            [12, 12],
            "InvalidCertificate(ExpiredRevocationList { next_update: 1767139200 })",
            "revocation-list-expired",
        ),
        fault(
            "badly signed",
            vec![of_root(), list(&impostor, start(), &[])],
            [8, 8],
            "InvalidCertRevocationList(BadSignature)",
            "revocation-list-invalid",
        ),
        may_not_sign(&root),
    ]
}

fn may_not_sign(root: &Made) -> Fault {
    let mut mute = authority("mute", 300);
    mute.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let mute = root.issue(mute, key(KEY, "mute"));
    let leaf = mute.issue(params("web", &[NAME], 90), key(KEY, "leaf"));
    let lists = [list(root, start(), &[]), list(&mute, start(), &[])];
    Fault {
        name: "the issuer may not sign lists",
        roots: trust([root]).with_revocation_lists(lists),
        chain: vec![leaf.certificate, mute.certificate],
        openssl: [35, 35],
        rustls: "InvalidCertRevocationList(IssuerInvalidForCrl)",
        error: "unknown-revocation-status",
    }
}

#[test]
fn each_stack_says_what_its_rules_say_of_a_list() {
    for fault in faults() {
        let judge = |validator| judge_server(&fault.chain, &fault.roots, NAME, start(), validator);
        let name = fault.name;
        for validator in Validator::ALL {
            let verdict = judge(validator);
            let [leaf, all] = fault.openssl;
            match validator {
                Validator::Rustls => {
                    assert_eq!(verdict.rustls, fault.rustls, "{name}");
                    assert_eq!(verdict.error_name(), fault.error, "{name}");
                }
                // Neither looks at lists unless it is told to, in code or by properties.
                Validator::Go | Validator::Java => assert!(verdict.is_ok(), "{name}"),
                Validator::Curl => assert_eq!(verdict.openssl_code.unwrap_or(0), all, "{name}"),
                _ => assert_eq!(
                    verdict.openssl_code.unwrap_or(0),
                    leaf,
                    "{name} {validator}"
                ),
            }
        }
        let by_server = judge_client(&fault.chain, &fault.roots, start(), Validator::Rustls);
        assert_eq!(by_server.error_name(), fault.error, "{name}");
    }
}

#[test]
fn openssl_verify_says_the_same_of_lists() {
    if !has_openssl() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crl.pem");
    for fault in faults() {
        let lists = fault.roots.revocation_lists().iter();
        let text: String = lists.map(|list| list.pem() + "\n").collect();
        fs::write(&path, text).unwrap();
        let drawn = RandomPki {
            chain: fault.chain,
            roots: fault.roots,
            name: NAME,
            at: start(),
        };
        let file = path.to_str().unwrap();
        for (flags, expected) in [
            (
                ["-crl_check", "-CRLfile", file].as_slice(),
                fault.openssl[0],
            ),
            (
                &[
                    "-crl_check",
                    "-crl_check_all",
                    "-partial_chain",
                    "-CRLfile",
                    file,
                ],
                fault.openssl[1],
            ),
        ] {
            let said = openssl_verify(&drawn, flags, folder.path());
            assert_eq!(said, expected, "{} {flags:?}", fault.name);
        }
    }
}

#[test]
fn the_alerts_are_those_of_the_table() {
    let alerts: Vec<_> = faults()
        .into_iter()
        .map(|fault| {
            let of = |validator| {
                judge_server(&fault.chain, &fault.roots, NAME, start(), validator)
                    .alert
                    .unwrap_or("-")
            };
            format!(
                "{}: {} {}",
                fault.name,
                of(Validator::Rustls),
                of(Validator::OpenSsl)
            )
        })
        .collect();
    insta::assert_snapshot!(alerts.join("\n"), @r"
    clean: - -
    revoked: certificate_revoked certificate_revoked
    the intermediate is revoked: certificate_revoked -
    no list of the leaf's issuer: unknown_ca unknown_ca
    no list of the root: unknown_ca -
    stale: unknown_ca certificate_expired
    badly signed: handshake_failure decrypt_error
    the issuer may not sign lists: handshake_failure certificate_unknown
    ");
}
