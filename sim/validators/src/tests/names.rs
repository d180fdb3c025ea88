//! Host names and addresses: which certificates are for them, for each family of validators.

use rcgen::{CertificateParams, DnType, GeneralSubtree, NameConstraints, SanType};

use super::super::{TrustStore, Validator, judge_server};
use super::cross::{RandomPki, has_openssl, openssl_verify};
use super::make::*;
use trustsim_pki::KeyAlgorithm;

const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

struct Row {
    common_name: &'static str,
    names: &'static [&'static str],
    asked: &'static str,
    /// As rustls, OpenSSL and curl take it.
    taken: [bool; 3],
}

const fn row(
    common_name: &'static str,
    names: &'static [&'static str],
    asked: &'static str,
    taken: [bool; 3],
) -> Row {
    Row {
        common_name,
        names,
        asked,
        taken,
    }
}

const TABLE: [Row; 18] = [
    row("x", &["a.test"], "a.test", [true, true, true]),
    row("x", &["a.test"], "A.TEST", [true, true, true]),
    row("x", &["a.test"], "b.a.test", [false, false, false]),
    row("a.test", &["b.test"], "a.test", [false, false, false]),
    row("a.test", &[], "a.test", [false, true, true]),
    row("a.test", &["10.0.0.1"], "a.test", [false, true, false]),
    row("*.m.test", &[], "a.m.test", [false, true, true]),
    row("x", &["*.m.test"], "a.m.test", [true, true, true]),
    row("x", &["*.m.test"], "a.b.m.test", [false, false, false]),
    row("x", &["*.m.test"], "m.test", [false, false, false]),
    row("x", &["*.test"], "a.test", [false, false, false]),
    row("x", &["b.test", "a.test"], "a.test", [true, true, true]),
    row("x", &["10.0.0.1"], "10.0.0.1", [true, true, true]),
    row("x", &["10.0.0.1"], "10.0.0.2", [false, false, false]),
    row("10.0.0.1", &["10.0.0.2"], "10.0.0.1", [false, false, false]),
    row("10.0.0.1", &[], "10.0.0.1", [false, false, true]),
    row("x", &["fe80::1"], "fe80::1", [true, true, true]),
    row("unit-0", &["unit-0"], "unit-0", [true, true, true]),
];

fn leaf(row: &Row) -> CertificateParams {
    params(row.common_name, row.names, 90)
}

#[test]
fn names_are_matched_as_each_stack_does() {
    let root = self_signed(authority("root", 365), key(KEY, "root"));
    let folder = tempfile::tempdir().unwrap();
    let asks_openssl = has_openssl();
    for row in &TABLE {
        let leaf = root.issue(leaf(row), key(KEY, "leaf"));
        let about = format!("{} in {} {:?}", row.asked, row.common_name, row.names);
        let drawn = RandomPki {
            chain: vec![leaf.certificate],
            roots: trust([&root]),
            name: row.asked,
            at: start(),
        };
        let validators = [Validator::Rustls, Validator::OpenSsl, Validator::Curl];
        for (validator, taken) in validators.into_iter().zip(row.taken) {
            let verdict = judge_server(&drawn.chain, &drawn.roots, drawn.name, drawn.at, validator);
            assert_eq!(verdict.is_ok(), taken, "{validator}: {about}");
            let error = if taken { "" } else { "not-valid-for-name" };
            assert_eq!(verdict.error_name(), error, "{validator}: {about}");
        }
        if asks_openssl {
            let code = openssl_verify(&drawn, &[], folder.path());
            assert_eq!(code == 0, row.taken[1], "{code}: {about}");
        }
    }
}

/// A root that may only issue for `model.test`, 10.0.0.0/8 and names below `O=Model`, never for
/// `secret.model.test`.
fn constrained() -> Made {
    let mut organization = rcgen::DistinguishedName::new();
    organization.push(DnType::OrganizationName, "Model");
    let mut params = authority("root", 365);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("model.test".to_owned()),
            GeneralSubtree::IpAddress(rcgen::CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0])),
            GeneralSubtree::DirectoryName(organization),
        ],
        excluded_subtrees: vec![GeneralSubtree::DnsName("secret.model.test".to_owned())],
    });
    self_signed(params, key(KEY, "root"))
}

#[test]
fn name_constraints_are_openssls() {
    let root = constrained();
    let folder = tempfile::tempdir().unwrap();
    let asks_openssl = has_openssl();
    for (organization, names, code) in [
        ("Model", ["web.model.test", "10.1.2.3"], 0),
        ("  model ", ["web.model.test", "10.1.2.3"], 0),
        ("Other", ["web.model.test", "10.1.2.3"], 47),
        ("Model", ["web.model.test", "11.1.2.3"], 47),
        ("Model", ["web.model.test", "evilmodel.test"], 47),
        ("Model", ["web.model.test", "a.secret.model.test"], 48),
    ] {
        let mut leaf = params("web", &[], 90);
        leaf.distinguished_name = rcgen::DistinguishedName::new();
        leaf.distinguished_name
            .push(DnType::OrganizationName, organization);
        leaf.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into().unwrap()),
            })
            .collect();
        let leaf = root.issue(leaf, key(KEY, "leaf"));
        let drawn = RandomPki {
            chain: vec![leaf.certificate],
            roots: [root.certificate.clone()]
                .into_iter()
                .collect::<TrustStore>(),
            name: NAME,
            at: start(),
        };
        let verdict = judge_server(
            &drawn.chain,
            &drawn.roots,
            NAME,
            start(),
            Validator::OpenSsl,
        );
        let about = format!("{organization} {names:?}");
        assert_eq!(verdict.openssl_code.unwrap_or(0), code, "{about}");
        if asks_openssl {
            assert_eq!(openssl_verify(&drawn, &[], folder.path()), code, "{about}");
        }
    }
}
