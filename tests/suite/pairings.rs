//! Wrong pairings, impossible options, chains in the wrong order and garbage for PEM, as a run meets
//! them: what the real side does, and what the report says of it. What can be known before the run is
//! in `tests/suite/patterns.rs`.

use std::fmt::Write as _;

use crate::common::{deployed, play};
use trustsim::diagnosis::{CharmErrorKind, charm_errors, diagnose};
use trustsim::kernel::{Span, Streams, Time};
use trustsim::pki::{
    Certificate, CertificateRequest, KeyAlgorithm, KeyPair, RequestAttributes, SerialNumber,
    Template, Terms, encode_base64, issue, self_sign,
};
use trustsim::report::Run;
use trustsim::report::terminal::{Detail, terminal};
use trustsim::report::words;
use trustsim::scenario::explain;
use trustsim::world::{Options, Record};

/// What a report lists, without when.
fn said(record: &Record) -> String {
    let mut text = String::new();
    for error in charm_errors(&record.manifest, &record.journal) {
        let (code, unit) = (error.kind.code(), &error.unit);
        let message = words::charm_error::message(&error.detail);
        writeln!(text, "{code} {unit}: {message}").expect("written");
    }
    text
}

/// A request, with a leaf, an issuing CA and a root for it.
struct Papers {
    request: CertificateRequest,
    leaf: Certificate,
    issuing: Certificate,
    root: Certificate,
}

fn papers(subject: &str) -> Papers {
    let mut stream = Streams::new(3).stream("papers", subject);
    let mut key = || KeyPair::generate(KeyAlgorithm::EcdsaP256, &mut stream);
    let [root_key, issuing_key, leaf_key] = [key(), key(), key()];
    let mut terms = || Terms {
        serial: SerialNumber::random(&mut stream),
        now: Time::parse("2026-01-01T00:00:00Z").expect("a time"),
        validity: Span::from_secs(90 * 86_400),
    };
    let [first, second, third] = [terms(), terms(), terms()];
    let named = |name: &str| RequestAttributes::with_common_name(name);
    let root = self_sign(&named("Root"), &root_key, &first, &Template::root()).expect("a root");
    let below = CertificateRequest::new(&named("Issuing"), &issuing_key).expect("a request");
    let issuing = issue(&below, &root, &root_key, &second, &Template::intermediate());
    let issuing = issuing.expect("a CA");
    let request = CertificateRequest::new(&named("web.example"), &leaf_key).expect("a request");
    let leaf = issue(&request, &issuing, &issuing_key, &third, &Template::leaf());
    Papers {
        leaf: leaf.expect("a leaf"),
        request,
        issuing,
        root,
    }
}

/// canonical/manual-tls-certificates-operator `src/charm.py` at 3204502
/// (`_on_provide_certificate_action`, `_action_certificates_are_valid`).
#[test]
fn what_a_person_hands_to_manual_tls_certificates() {
    let (own, other) = (papers("own"), papers("other"));
    let chain = |links: &[&Certificate]| {
        let pems: Vec<&str> = links.iter().map(|link| link.pem()).collect();
        encode_base64(&pems.join("\n"))
    };
    let (csr, leaf, ca) = (
        encode_base64(own.request.pem()),
        encode_base64(own.leaf.pem()),
        encode_base64(own.issuing.pem()),
    );
    let foreign = encode_base64(other.leaf.pem());
    let right = chain(&[&own.leaf, &own.issuing, &own.root]);
    let turned = chain(&[&own.root, &own.issuing, &own.leaf]);
    let garbage = encode_base64("garbage");
    let cases = [
        format!("certificate: {leaf}, ca-certificate: {ca}"),
        format!("certificate-signing-request: {csr}, certificate: '%%%', ca-certificate: {ca}"),
        format!("certificate-signing-request: {csr}, certificate: {garbage}, ca-certificate: {ca}"),
        format!(
            "certificate-signing-request: {csr}, certificate: {leaf}, ca-certificate: {ca}, ca-chain: {turned}"
        ),
        format!(
            "certificate-signing-request: {csr}, certificate: {foreign}, ca-certificate: {ca}, ca-chain: {right}"
        ),
        format!(
            "certificate-signing-request: {csr}, certificate: {leaf}, ca-certificate: {ca}, ca-chain: {right}"
        ),
    ];
    let mut faults = String::new();
    for (hour, parameters) in cases.iter().enumerate() {
        let at = hour + 2;
        writeln!(faults, "  - {{at: {at}h, run-action: {{app: ca, action: provide-certificate, parameters: {{{parameters}}}}}}}").expect("written");
    }
    let deployment = deployed(&format!(
        "duration: 1d
models:
  m:
    bundle: kubernetes
    applications: {{ca: {{charm: manual-tls-certificates}}, web: {{charm: web}}}}
    relations: [[web:certificates, ca:certificates]]
charms: {{web: {{requires: {{certificates: {{interface: tls-certificates}}}}}}}}
faults:
{faults}"
    ));
    let record = play(&deployment, Options::default());
    insta::assert_snapshot!(said(&record));
}

/// openstack/charm-vault `src/actions/actions.py` at 5a0c525: an upload without a request, garbage, a
/// leaf where a CA belongs.
#[test]
fn what_a_person_uploads_to_charm_vault() {
    let own = papers("own");
    let garbage = encode_base64("garbage");
    let leaf = encode_base64(own.leaf.pem());
    let deployment = deployed(&format!(
        "duration: 1d
models:
  m:
    applications:
      vault: {{charm: vault, channel: 1.7/stable, num_units: 1}}
      mysql-innodb-cluster: {{charm: mysql-innodb-cluster, num_units: 1}}
      mysql-router: {{charm: mysql-router, channel: 8.0/stable}}
      web: {{charm: web, num_units: 1}}
    relations:
      - [mysql-innodb-cluster:db-router, mysql-router:db-router]
      - [mysql-router:shared-db, vault:shared-db]
      - [web:certificates, vault:certificates]
charms: {{web: {{requires: {{certificates: {{interface: tls-certificates, protocol: legacy}}}}}}}}
faults:
  - {{at: 1h, run-action: {{app: vault, action: authorize-charm}}}}
  - {{at: 2h, run-action: {{app: vault, action: upload-signed-csr, parameters: {{pem: {leaf}}}}}}}
  - {{at: 3h, run-action: {{app: vault, action: get-csr}}}}
  - {{at: 4h, run-action: {{app: vault, action: upload-signed-csr, parameters: {{pem: '%%%'}}}}}}
  - {{at: 5h, run-action: {{app: vault, action: upload-signed-csr, parameters: {{pem: {garbage}}}}}}}
  - {{at: 6h, run-action: {{app: vault, action: upload-signed-csr, parameters: {{pem: {leaf}}}}}}}
"
    ));
    let record = play(&deployment, Options::default());
    insta::assert_snapshot!(said(&record));
}

/// Refused names stand in `request_errors`, which a generic consumer does not look at.
#[test]
fn what_vault_and_lego_refuse() {
    let deployment = deployed(
        "duration: 6h
models:
  m:
    bundle: kubernetes
    applications:
      vault: {charm: vault-k8s, options: {pki_ca_common_name: example.com}}
      lego: {charm: lego, options: {email: pki@rehearsal.dev, plugin: route53, plugin-config-secret-id: 'secret:x'}}
      web: {charm: web, options: {name: other.example}}
      api: {charm: web, options: {name: 10.0.0.1}}
    relations:
      - [web:certificates, vault:vault-pki]
      - [api:certificates, lego:certificates]
charms:
  web:
    options: {name: {type: string}}
    requires: {certificates: {interface: tls-certificates, name-option: name}}
operators: {on-call: {answers: [vault], delay: {exactly: 5m}}}
",
    );
    let record = play(&deployment, Options::default());
    insta::assert_snapshot!(said(&record));
    let findings = diagnose(&deployment, &record.manifest, &record.journal);
    let text = terminal(
        &Run {
            manifest: &record.manifest,
            journal: &record.journal,
            findings: &findings,
            provenance: None,
        },
        Detail::Normal,
    );
    assert!(text.matches("[TS0318]").count() == 2, "{text}");
}

/// An endpoint that takes one provider and is given two: charm-kubeapi-load-balancer at cd0b65d,
/// through canonical/operator `TooManyRelatedAppsError`.
#[test]
fn what_a_second_provider_does_to_the_load_balancer() {
    let deployment = deployed(
        "duration: 3h
models:
  m:
    applications:
      old: {charm: easyrsa, num_units: 1}
      new: {charm: easyrsa, num_units: 1}
      kubeapi-load-balancer: {charm: kubeapi-load-balancer, num_units: 1}
    relations: [['kubeapi-load-balancer:certificates', 'old:client']]
faults: [{at: 1h, integrate: {between: ['kubeapi-load-balancer:certificates', 'new:client']}}]
",
    );
    let record = play(&deployment, Options::default());
    let all = charm_errors(&record.manifest, &record.journal);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].count > 10, "{all:?}");
    insta::assert_snapshot!(said(&record));
}

#[test]
fn every_mishap_is_explained() {
    for kind in [
        CharmErrorKind::ActionFailed,
        CharmErrorKind::RequestRefused,
        CharmErrorKind::HookFailed,
    ] {
        assert!(explain(kind.code()).is_some(), "{}", kind.code());
    }
}
