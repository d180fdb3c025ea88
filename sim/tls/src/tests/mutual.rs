//! Client certificates (pki table 3c): what each stack's server says, the alert it sends, and what
//! each stack's client prints on it.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};

use super::make::*;
use crate::{Case, handshake};
use trustsim_pki::KeyAlgorithm;
use trustsim_validators::{Side, Validator};

const KEY: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

/// Fault and connection; the server trusts the root of its own certificate for clients.
fn faults(server: Validator) -> Vec<(&'static str, Case)> {
    let Pair { root, leaf } = pair(KEY);
    let other = self_signed(authority("other", 365), key(KEY, "other"));
    let rogue = self_signed(authority("root", 365), key(KEY, "rogue"));
    let client = |issuer: &Made, change: fn(&mut CertificateParams)| {
        let mut params = params("client", &["client.test"], 30);
        change(&mut params);
        Some(issuer.issue(params, key(KEY, "client")).identity(&[]))
    };
    let for_servers = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    let expired = |params: &mut CertificateParams| {
        params.not_after = params.not_before + time::Duration::days(1);
    };
    [
        ("accepted", client(&root, |_| {})),
        ("no client certificate", None),
        ("unknown client authority", client(&other, |_| {})),
        ("client certificate expired", client(&root, expired)),
        ("client certificate for servers", client(&root, for_servers)),
        (
            "client authority rotated, same name",
            client(&rogue, |_| {}),
        ),
    ]
    .into_iter()
    .map(|(name, identity)| {
        let at = start() + DAY * 2;
        // A client that sends what it has.
        let mut case = case(leaf.identity(&[]), trust([&root]), Validator::Rustls, at);
        case.client.identity = identity;
        case.server.client_trust = Some(trust([&root]));
        case.server.validator = server;
        (name, case)
    })
    .collect()
}

#[test]
fn every_server_on_every_client_certificate() {
    let mut table = String::new();
    for server in [
        Validator::Rustls,
        Validator::OpenSsl,
        Validator::Go,
        Validator::Java,
    ] {
        table.push_str(&format!("{server} server\n"));
        for (name, case) in faults(server) {
            let verdict = handshake(&case, stream(name));
            if verdict.is_ok() {
                table.push_str(&format!("  {name}: ok\n"));
                continue;
            }
            assert_eq!(verdict.judged_by, Some(Side::Server), "{server} {name}");
            let said = verdict.said_by(server, case.server.clock).unwrap();
            let alert = verdict.alert.unwrap_or("-");
            table.push_str(&format!(
                "  {name}: {} | {alert} | {said}\n",
                verdict.error_name()
            ));
            for text in verdict
                .texts
                .iter()
                .filter(|text| text.side == Side::Client)
            {
                table.push_str(&format!("    {}: {}\n", text.stack, text.line));
            }
        }
    }
    insta::assert_snapshot!(table);
}
