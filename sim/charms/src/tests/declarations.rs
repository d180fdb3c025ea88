//! Declarations that are read, and mistakes that are explained.

use super::super::{Apply, EndpointProfile, Mode};
use super::super::{CharmDeclaration, KnownCharm, Transfers};
use trustsim_yaml::{FromNode, Reader, Unknown, parse};

fn read(text: &str, unknown: Unknown) -> (KnownCharm, Vec<String>) {
    let documents = parse(text, 0).expect("yaml");
    let mut reader = Reader::new(unknown, unknown == Unknown::Refused);
    let declaration = CharmDeclaration::from_node(&documents[0], &mut reader).expect("a record");
    let charm = declaration.to_charm("web", &crate::REGISTRY, &mut reader);
    let said = reader.mistakes.into_iter().map(|mistake| mistake.message);
    (charm, said.collect())
}

#[test]
fn a_generic_requirer_is_read() {
    let (charm, mistakes) = read(
            "requires:
  certificates: {interface: tls-certificates, mode: app, apply: reload, name-option: external-hostname, renewal: 0.85}
  receive-ca-cert: {interface: certificate_transfer, limit: 1, apply: none}
  juju: {interface: juju-info, scope: container}
peers: {cluster: {interface: web_peers}}
options: {external-hostname: {type: string}, workers: {type: int, default: 4}}
",
            Unknown::Refused,
        );
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let metadata = charm.metadata;
    assert_eq!(metadata.implementation.behaviour, "requirer");
    let Some(EndpointProfile::Certificates(profile)) = metadata
        .endpoint("certificates")
        .and_then(|endpoint| endpoint.profile.clone())
    else {
        panic!("no profile");
    };
    assert_eq!(
        (profile.mode, profile.apply, profile.renewal_permille),
        (Mode::App, Apply::Reload, 850)
    );
    assert!(profile.trusts_ca);
    assert_eq!(
        metadata
            .endpoint("receive-ca-cert")
            .and_then(|endpoint| endpoint.limit),
        Some(1)
    );
    assert!(
        metadata
            .endpoint("juju")
            .is_some_and(|endpoint| endpoint.container_scope)
    );
    assert_eq!(metadata.options["workers"].default.as_deref(), Some("4"));
}

#[test]
fn a_declared_issuer_is_read() {
    let (charm, mistakes) = read(
        "issuer:
  chain: [{common-name: Root, validity: 520w}, {common-name: Issuing, validity: 260w}]
  leaf-validity: 30d
  transfers: all
  ca-is-root: true
provides: {certificates: {interface: tls-certificates}}
",
        Unknown::Refused,
    );
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert!(charm.metadata.implementation.has_declared_chain());
    let profile = charm.metadata.issuer.expect("an issuer");
    assert_eq!(profile.chain.len(), 2);
    assert_eq!(profile.transfers, Transfers::All);
    assert!(profile.ca_is_root && !profile.chain_includes_root);
}

#[test]
fn a_charms_own_file_is_read_without_complaint() {
    let (charm, mistakes) = read(
        "name: web
type: charm
links: {website: x}
containers: {web: {resource: image}}
requires: {certificates: {interface: tls-certificates, optional: true, limit: 1, description: x}}
config: {options: {port: {type: int, default: 8080, description: x}}}
actions: {rotate: {description: x}}
",
        Unknown::Ignored,
    );
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(charm.metadata.containers, ["web"]);
    assert_eq!(charm.metadata.actions, ["rotate"]);
    assert_eq!(
        charm.metadata.options["port"].default.as_deref(),
        Some("8080")
    );
}

#[test]
fn libraries_and_switches_are_read() {
    let (charm, mistakes) = read(
            "requires:
  certificates: {interface: tls-certificates, library: tls-certificates-v3, key: renewed-early, unique-requests: false, serves: leaf-and-chain, apply-ca: none, restores: false, renews-on: [expiring], notification: 23h}
  receive-ca-cert: {interface: certificate_transfer, library: certificate-transfer-v0, store: each, reads: again, keeps-removed: true}
",
            Unknown::Refused,
        );
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let metadata = charm.metadata;
    let profile = |name: &str| metadata.endpoint(name).and_then(|it| it.profile.clone());
    insta::assert_debug_snapshot!((
        metadata.certificates_library("certificates"),
        profile("certificates"),
        metadata.transfer_library("receive-ca-cert"),
        profile("receive-ca-cert"),
    ));
}

#[test]
fn a_library_that_cannot_do_it_is_refused() {
    let (_, mistakes) = read(
            "requires:
  a: {interface: tls-certificates, library: tls-certificates-v3, mode: app}
  b: {interface: tls-certificates, library: certificate-transfer-v0}
  c: {interface: certificate_transfer, library: certificate-transfer-v2}
  d: {interface: http, library: tls-certificates}
  e: {interface: tls-certificates, library: tls-certificates-v4.27, key: renewed, renews-on: [expiring]}
  f: {interface: tls-certificates, library: tls-certificates-v3, renews-on: [expires]}
  g: {interface: tls-certificates, library: tls-certificates-v4, cert-handler: v1}
  h: {interface: tls-certificates, library: tls-certificates-v3, cert-handler: v0}
",
            Unknown::Refused,
        );
    insta::assert_snapshot!(mistakes.join("\n"));
}

#[test]
fn mistakes_are_gathered() {
    let (_, mistakes) = read(
            "behaviour: requirr
rotate-ca-action: spin
provides: {a: {interface: x}, b: {}}
requires: {a: {interface: x, scope: local}, c: {interface: tls-certificates, mode: units, renewal: 0.2, apply: reboot}}
options: {o: {type: text, default: [1]}}
issuer: {chain: [], transfers: none}
",
            Unknown::Refused,
        );
    insta::assert_snapshot!(mistakes.join("\n"), @"
        `interface` is missing
        the endpoint `a` is declared twice
        `reboot` is none of restart, reload, none
        `units` is none of unit, app, app-and-unit
        `0.2` is not above 0.5 and at most 1.0
        `requirr` is none of requirer, plain, self-signed-certificates, traefik, earlier-traefik, opensearch, manual-tls-certificates, notary, lego, tls-constraints, vault, vault-renews-early, vault-first-issuer, vault-fixed-role, easyrsa, charm-vault, kubernetes-control-plane, kubernetes-worker, kubeapi-load-balancer, etcd
        the chain has no CA
        `none` is none of root, issuer, all
        `spin` is not among the charm's actions
        `text` is none of string, int, float, boolean, secret
        expected a text, number or boolean, found a list
        ");
}
