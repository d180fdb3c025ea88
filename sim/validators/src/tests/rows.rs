//! The fault table, row by row: which PKIs stand for a row, and what the side that is refused sees
//! of it. What the judging side says is beside each PKI in `faults`, client certificates in
//! `mutual`, lists in `revocation`, and what is no chain's fault in `peers`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::chain::{Purpose, Question, decide};
use super::super::{ErrorKind, Side, Validator, Verdict, explain, judge_server};
use super::faults::{faults, judged_at};
use super::make::*;
use trustsim_pki::KeyAlgorithm;

/// Row of the table, and its PKIs.
const ROWS: &[(&str, &[&str])] = &[
    ("CA not in the store", &["unknown-ca", "no-roots"]),
    ("the same, the root is sent", &["unknown-ca-root-sent"]),
    (
        "CA rotated under the same name",
        &["rotated-same-name", "rotated-same-name-root-sent"],
    ),
    (
        "CA rotated under the same name, no key identifiers",
        &["rotated-without-key-ids", "no-key-ids"],
    ),
    ("signature corrupted", &["corrupt-signature"]),
    (
        "old and new CA of one name trusted",
        &["old-and-new-trusted"],
    ),
    (
        "more than a hundred roots of one name",
        &["120-roots-of-one-name"],
    ),
    ("leaf expired", &["leaf-expired"]),
    ("leaf expired, CA unknown", &["leaf-expired-and-unknown-ca"]),
    ("leaf not yet valid", &["leaf-not-yet-valid"]),
    (
        "leaf ends before it begins",
        &["leaf-ends-before-it-begins"],
    ),
    ("intermediate expired", &["intermediate-expired"]),
    (
        "root expired or not yet valid",
        &["root-expired", "root-not-yet-valid"],
    ),
    ("missing intermediate", &["missing-intermediate"]),
    (
        "only the intermediate in the store",
        &[
            "only-intermediate-trusted",
            "only-intermediate-trusted-and-sent",
        ],
    ),
    ("only the leaf in the store", &["only-leaf-trusted"]),
    ("self-signed leaf, trusted", &["self-signed-trusted"]),
    (
        "self-signed leaf that is a CA, trusted",
        &["self-signed-ca-trusted"],
    ),
    ("self-signed leaf, not trusted", &["self-signed-untrusted"]),
    ("CA certificate used as leaf", &["ca-used-as-leaf"]),
    ("wrong host name", &["wrong-name", "wrong-name-of-two"]),
    (
        "common name only",
        &[
            "common-name-only",
            "common-name-only-and-wrong",
            "common-name-only-for-address",
        ],
    ),
    (
        "address without address name",
        &[
            "address",
            "address-without-address-name",
            "wrong-address",
            "address-as-dns-name",
        ],
    ),
    ("wildcard", &["wildcard", "wildcard-two-labels"]),
    ("wrong name and unknown CA", &["wrong-name-and-unknown-ca"]),
    ("server certificate for clients", &["leaf-for-clients"]),
    ("intermediate for clients", &["intermediate-for-clients"]),
    ("root for clients", &["root-for-clients"]),
    (
        "no purpose, any purpose",
        &["leaf-for-no-purpose", "leaf-for-any-purpose"],
    ),
    (
        "leaf without digitalSignature",
        &["leaf-without-digital-signature"],
    ),
    ("issuer is no CA", &["intermediate-is-no-ca"]),
    (
        "root is no CA",
        &[
            "root-without-basic-constraints",
            "root-is-no-ca",
            "root-may-not-sign",
        ],
    ),
    (
        "intermediate without keyCertSign",
        &["intermediate-may-not-sign"],
    ),
    (
        "path length of an intermediate",
        &["intermediate-path-length"],
    ),
    ("path length of the root", &["root-path-length"]),
    (
        "name constraints of an intermediate",
        &[
            "intermediate-for-other-names",
            "intermediate-excludes-the-name",
            "intermediate-for-this-name",
        ],
    ),
    ("name constraints of the root", &["root-for-other-names"]),
    (
        "key identifier points elsewhere",
        &["key-id-points-elsewhere"],
    ),
    (
        "unknown critical extension",
        &["unknown-critical-extension"],
    ),
    (
        "wrong order, extra certificates, root sent",
        &["wrong-order", "extra-certificates", "root-sent"],
    ),
    (
        "bridge, expired or not, new root trusted",
        &["bridge-new-trusted", "bridge-expired-new-trusted"],
    ),
    (
        "bridge, expired or not, old root trusted",
        &["bridge", "bridge-expired-old-trusted"],
    ),
    ("bridge of an expired root", &["bridge-of-an-expired-root"]),
    ("chain too deep", &["eight-intermediates"]),
];

#[test]
fn every_row_has_its_pkis() {
    let there: BTreeSet<&str> = faults(start()).iter().map(|fault| fault.id).collect();
    let named: Vec<&str> = ROWS.iter().flat_map(|(_, ids)| *ids).copied().collect();
    for id in &named {
        assert!(there.contains(id), "no PKI is called {id}");
    }
    let distinct: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(distinct.len(), named.len(), "a PKI is in two rows");
    let left: Vec<_> = there.difference(&distinct).collect();
    assert_eq!(left, [&"ok", &"subject-empty"], "PKIs of no row");
}

/// By row, which alert comes from which client; below, what each server's program prints at each.
/// The alert is all that it learns: Go's clients always send `bad_certificate`, Java's
/// `certificate_unknown`.
#[test]
fn what_the_server_sees_of_every_row() {
    let all = faults(start());
    let at = judged_at(start());
    let mut table = String::new();
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (row, ids) in ROWS {
        let mut seen: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for fault in all.iter().filter(|fault| ids.contains(&fault.id)) {
            for validator in Validator::ALL {
                let verdict = judge_server(&fault.chain, &fault.roots, fault.name, at, validator);
                let Some(alert) = verdict.alert else {
                    assert!(verdict.is_ok(), "{} {validator}", fault.id);
                    continue;
                };
                let printed = server_lines(&verdict);
                assert!(!printed.is_empty(), "{} {validator}", fault.id);
                let known = lines.entry(alert).or_insert_with(|| printed.clone());
                assert_eq!(*known, printed, "{alert} always reads the same");
                let whose = seen.entry(alert).or_default();
                if !whose.contains(&validator.name()) {
                    whose.push(validator.name());
                }
            }
        }
        table.push_str(&format!("{row}\n"));
        for (alert, whose) in seen {
            table.push_str(&format!("  {alert} from {}\n", whose.join(", ")));
        }
    }
    for (alert, lines) in lines {
        table.push_str(&format!("== {alert}\n{}\n", lines.join("\n")));
    }
    insta::assert_snapshot!(table);
}

fn server_lines(verdict: &Verdict) -> Vec<String> {
    let texts = verdict.texts.iter();
    texts
        .filter(|text| text.side == Side::Server)
        .map(|text| format!("{}: {}", text.stack, text.line))
        .collect()
}

/// Bytes that are no certificate (webpki `BadDer`, alert `bad_certificate`).
#[test]
fn garbage_in_place_of_a_certificate() {
    let Pair { root, .. } = pair(KeyAlgorithm::EcdsaP256);
    let trust = trust([&root]);
    let name = NAME.try_into().unwrap();
    for validator in [Validator::Rustls, Validator::Go, Validator::Java] {
        let leaf = b"garbage".as_slice().into();
        let question = Question {
            leaf: &leaf,
            others: &[],
            trust: &trust,
            name: Some(&name),
            purpose: Purpose::Server,
            clock: start(),
        };
        let refusal = decide(validator, &question).unwrap_err();
        assert_eq!(refusal.error, ErrorKind::BadEncoding, "{validator}");
        if validator == Validator::Rustls {
            let verdict = Verdict::refused(&refusal, Side::Client, Some(&name));
            assert_eq!(verdict.rustls, "InvalidCertificate(BadEncoding)");
            assert_eq!(verdict.alert, Some("bad_certificate"));
        }
    }
}

#[test]
fn every_error_has_a_page_with_both_sides() {
    for kind in ErrorKind::ALL {
        let page = explain(kind.code()).unwrap();
        assert!(page.contains("## What each program prints\n- "), "{kind}");
    }
    for error in [
        ErrorKind::UnknownIssuer,
        ErrorKind::Expired,
        ErrorKind::BadSignature,
        ErrorKind::Revoked,
    ] {
        let page = explain(error.code()).unwrap();
        assert!(page.contains("The other side, after the alert"), "{error}");
    }
}
