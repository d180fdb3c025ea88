//! Faults of the TLS side, played in whole scenarios: which stack fails with which code and text,
//! from when to when to the second, and what the report names as the cause.

mod common;

use std::fmt::Write as _;

use trustsim::diagnosis::diagnose;
use trustsim::kernel::Time;
use trustsim::tls::Validator;
use trustsim::world::{Deployment, Kind, Options, Record};

use common::{deployed, play};

/// An intermediate CA with its root outside, so that every chain has two certificates; one client a
/// stack.
const BASE: &str = "
name: tampering
seed: 1
start: 2026-01-01T00:00:00Z
duration: 4d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: chain-ca}
      web: {charm: web}
    relations:
      - [web:certificates, ca:certificates]
charms:
  chain-ca:
    issuer:
      chain:
        - {common-name: root, validity: 400d}
        - {common-name: middle, validity: 300d}
      leaf-validity: 60d
    provides: {certificates: {interface: tls-certificates}}
  web:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
clients:
CLIENTS
connections:
CONNECTIONS
faults:
FAULTS
";

fn text(validators: &[Validator], faults: &str) -> String {
    let (mut clients, mut connections) = (String::new(), String::new());
    for validator in validators {
        let name = validator.name().replace('.', "");
        writeln!(
            clients,
            "  {name}: {{trusts: [m.ca], validator: {validator}}}"
        )
        .unwrap();
        writeln!(connections, "  - {{from: {name}, to: m.web, every: 30s}}").unwrap();
    }
    BASE.replace("CLIENTS", &clients)
        .replace("CONNECTIONS", &connections)
        .replace("FAULTS", faults)
}

fn offset(start: Time, at: Time) -> String {
    format!("{}s", at.since(start).as_secs())
}

/// Every outage: who, when, for how long, its error, what its stack says, and the cause.
fn outages(deployment: &Deployment, record: &Record) -> String {
    let findings = diagnose(deployment, &record.manifest, &record.journal);
    let mut table = String::new();
    let mut causes = Vec::new();
    for (outage, why) in findings.outages.iter().zip(&findings.explanations) {
        let connection = &record.manifest.connections[outage.connection as usize];
        let Some(Kind::Handshake(handshake)) =
            record.journal.get(outage.opened).map(|entry| &entry.kind)
        else {
            panic!("an outage is opened by a handshake");
        };
        let validator = connection.validator.parse().unwrap();
        let said = handshake.verdict.said_by(validator, outage.from);
        let until = outage.until.map_or("open".to_owned(), |until| {
            offset(record.manifest.start, until)
        });
        writeln!(
            table,
            "{} {}..{until} {} {}\n  {}",
            connection.client,
            offset(record.manifest.start, outage.from),
            outage.code,
            outage.error,
            said.unwrap_or_default(),
        )
        .unwrap();
        let cause = why.line().replace(&connection.client, "CLIENT");
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    for cause in causes {
        writeln!(table, "because {cause}").unwrap();
    }
    table
}

fn played(text: &str) -> String {
    let deployment = deployed(text);
    let record = play(&deployment, Options::default());
    outages(&deployment, &record)
}

#[test]
fn every_way_to_tamper_with_a_chain() {
    let ways = [
        "leaf-only",
        "reversed",
        "root-first",
        "wrong-key",
        "client-certificate",
        "wrong-name",
        "common-name-only",
        "expired",
        "not-yet-valid",
        "self-signed",
        "bad-signature",
        "garbage",
    ];
    let mut table = String::new();
    for how in ways {
        let fault = format!("  - {{at: 1d, tamper: {{app: m.web, how: {how}, for: 2h}}}}");
        writeln!(
            table,
            "== {how}\n{}",
            played(&text(&Validator::ALL, &fault))
        )
        .unwrap();
    }
    insta::assert_snapshot!(table);
}

/// A consumer with a trust store of its own.
const CONSUMER: &str = "
name: trust
seed: 1
start: 2026-01-01T00:00:00Z
duration: 4d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      web: {charm: web}
      reader: {charm: reader}
    relations:
      - [web:certificates, ca:certificates]
      - [reader:receive-ca-cert, ca:send-ca-cert]
charms:
  web:
    requires: {certificates: {interface: tls-certificates, mode: unit}}
  reader:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
clients:
  browser: {trusts: [m.ca], validator: rustls}
connections:
  - {from: m.reader, to: m.web, every: 30s, validator: VALIDATOR}
  - {from: browser, to: m.web, every: 30s}
faults:
FAULTS
";

fn consumer(validator: Validator, faults: &str) -> String {
    let text = CONSUMER.replace("VALIDATOR", validator.name());
    played(&text.replace("FAULTS", faults))
}

#[test]
fn a_ca_on_the_block_list_is_out_to_the_second() {
    let faults = "
  - {at: 1d, distrust: {app: m.reader, ca: m.ca, for: 6h}}
  - {at: 2d, distrust: {client: browser, ca: m.ca, for: 1h}}";
    insta::assert_snapshot!(consumer(Validator::OpenSsl, faults));
}

/// webpki tries each root of a name, a hundred signatures at most (rustls-webpki 0.103
/// `verify_cert.rs`, `Budget`); OpenSSL and Go go by key identifier first.
#[test]
fn too_many_roots_of_one_name_are_the_end_of_rustls_alone() {
    let faults = "
  - {at: 1d, trust: {app: m.reader, namesakes-of: m.ca, count: 120, for: 6h}}
  - {at: 2d, trust: {app: m.reader, namesakes-of: m.ca, count: 11, for: 6h}}
  - {at: 3d, trust: {app: m.reader, unrelated: 200}}";
    for validator in [Validator::OpenSsl, Validator::Go, Validator::Java] {
        assert_eq!(consumer(validator, faults), "", "{validator}");
    }
    insta::assert_snapshot!(consumer(Validator::Rustls, faults));
}

/// `X509_load_cert_crl_file_ex` (OpenSSL 3.0 `crypto/x509/by_file.c`) loads nothing of a file with
/// a damaged block; Go's `AppendCertsFromPEM` skips the block.
#[test]
fn a_damaged_block_costs_openssl_the_file_and_go_nothing() {
    let faults = "
  - {at: 1d, trust: {app: m.reader, garbage: true, for: 6h}}
  - {at: 2d, trust: {client: browser, garbage: true, for: 6h}}";
    for validator in [Validator::Rustls, Validator::Go] {
        assert_eq!(consumer(validator, faults), "", "{validator}");
    }
    insta::assert_snapshot!(consumer(Validator::Python311, faults));
}

#[test]
fn a_peer_without_tls() {
    let faults = "
  - {at: 1d, plaintext: {app: m.web, for: 10m}}
  - {at: 2d, hang-up: {unit: m.web/0, for: 30s}}";
    insta::assert_snapshot!(consumer(Validator::Curl, faults));
}

/// What the charm writes again is right again before anybody mends it: here when the root is
/// rotated and a new certificate comes.
#[test]
fn the_next_write_of_the_charm_puts_a_tampered_file_right() {
    let faults = "
  - {at: 1d, tamper: {app: m.web, how: self-signed, for: 2d}}
  - {at: 30h, run-action: {app: m.ca, action: rotate-private-key}}";
    insta::assert_snapshot!(consumer(Validator::OpenSsl, faults));
}

#[test]
fn a_ca_given_by_hand_makes_a_connection_that_no_relation_makes() {
    let text = CONSUMER
        .replace("VALIDATOR", "openssl")
        .replace("      - [reader:receive-ca-cert, ca:send-ca-cert]\n", "")
        .replace(
            "FAULTS",
            "  - {at: 1d, trust: {app: m.reader, ca: m.ca, for: 6h}}",
        );
    insta::assert_snapshot!(played(&text));
}
