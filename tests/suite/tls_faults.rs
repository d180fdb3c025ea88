//! Faults of the TLS side, played in whole scenarios: which stack fails with which code and text,
//! from when to when to the second, and what the report names as the cause.

use trustsim::diagnosis::diagnose;
use trustsim::kernel::Time;
use trustsim::report::words;
use trustsim::validators::Validator;
use trustsim::world::{Deployment, HandshakeRecord, Kind, Options, Record};

use crate::common::{deployed, play};

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
        clients += &format!("  {name}: {{trusts: [m.ca], validator: {validator}}}\n");
        connections += &format!("  - {{from: {name}, to: m.web, every: 30s}}\n");
    }
    BASE.replace("CLIENTS", &clients)
        .replace("CONNECTIONS", &connections)
        .replace("FAULTS", faults)
}

fn offset(start: Time, at: Time) -> String {
    format!("{}s", at.since(start).as_secs())
}

/// Every outage: who, from when to when, its error, what its stack says; then what started them.
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
        let validator = connection.validator.parse().expect("a validator's name");
        let said = handshake.verdict.said_by(validator, outage.from);
        let until = outage.until.map_or("open".to_owned(), |until| {
            offset(record.manifest.start, until)
        });
        table += &format!(
            "{} {}..{until} {} {}\n  {}\n",
            connection.client,
            offset(record.manifest.start, outage.from),
            outage.error.code(),
            outage.error,
            said.unwrap_or_default(),
        );
        let cause = words::explanation::trigger(why.trigger.as_ref().expect("a start"));
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    for cause in causes {
        table += &format!("after {cause}\n");
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
        table += &format!("== {how}\n{}\n", played(&text(&Validator::ALL, &fault)));
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

/// What the charm writes again is right again before a person repairs it: here when the root is
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

/// Every judgement of one connection.
fn handshakes(record: &Record, connection: u32) -> impl Iterator<Item = &HandshakeRecord> {
    let entries = record.journal.entries().iter();
    entries.filter_map(move |entry| match &entry.kind {
        Kind::Handshake(handshake) if handshake.connection == connection => Some(handshake),
        _ => None,
    })
}

/// Notes of the run that say what goes on, or whom an attacker passes for.
fn told(text: &str, kinds: &[&str]) -> String {
    let deployment = deployed(text);
    let record = play(&deployment, Options::default());
    let mut table = outages(&deployment, &record);
    for entry in record.journal.entries() {
        let (what, detail) = match &entry.kind {
            Kind::Note(note) => (
                words::entry::kind(&entry.kind),
                words::note::detail(note, &record.manifest),
            ),
            Kind::Persists(_) => (
                words::entry::kind(&entry.kind),
                trustsim::report::words::entry::detail(&entry.kind, &record.manifest),
            ),
            _ => continue,
        };
        if kinds.contains(&what) {
            let at = offset(record.manifest.start, entry.time);
            table += &format!("{at} {what}: {detail}\n");
        }
    }
    table
}

const GOES_ON: [&str; 3] = [
    "open-connection-goes-on",
    "distrusted-connection-goes-on",
    "session-goes-on",
];

fn going_on(validator: Validator, how: &str, faults: &str) -> String {
    let text = CONSUMER
        .replace("VALIDATOR", &format!("{}, {how}", validator.name()))
        .replace("FAULTS", faults);
    told(&text, &GOES_ON)
}

/// Emergency distrust: the connection that was open lives out its thirty hours, and dies to the
/// second.
#[test]
fn an_open_connection_outlives_the_distrust_of_its_ca() {
    let faults = "  - {at: 1d, distrust: {app: m.reader, ca: m.ca}}";
    let table = going_on(Validator::OpenSsl, "lives: 30h", faults);
    insta::assert_snapshot!(table);
}

#[test]
fn a_restart_ends_what_was_open() {
    let faults = "
  - {at: 1d, distrust: {app: m.reader, ca: m.ca}}
  - {at: 25h, restart: {app: m.web}}";
    let table = going_on(Validator::OpenSsl, "lives: 90h", faults);
    insta::assert_snapshot!(table);
}

/// The server's certificate is replaced by a bad one without a restart: a client that has a session does
/// not notice. With TLS 1.2 OpenSSL's sessions end after two hours; tickets are renewed at every
/// connection; Go looks at the chain it verified, which is still good.
#[test]
fn sessions_outlive_a_certificate_that_went_bad() {
    let faults = "  - {at: 1d, tamper: {app: m.web, how: self-signed, for: 1d}}";
    let mut table = String::new();
    for (validator, how) in [
        (Validator::Rustls, "tls12-id"),
        (Validator::Rustls, "tls13-ticket"),
        (Validator::OpenSsl, "tls12-id"),
        (Validator::OpenSsl, "tls13-ticket"),
        (Validator::Go, "tls13-ticket"),
    ] {
        let played = going_on(validator, &format!("resume: {how}"), faults);
        table += &format!("== {validator} {how}\n{played}\n");
    }
    insta::assert_snapshot!(table);
}

/// Distrust reaches sessions where it makes another configuration (rustls 0.23 `compatible_config`):
/// none is taken up.
#[test]
fn a_session_does_not_outlive_the_distrust_of_its_ca() {
    let faults = "  - {at: 1d, distrust: {app: m.reader, ca: m.ca, for: 1h}}";
    for how in ["tls12-id", "tls13-ticket"] {
        let table = going_on(Validator::Rustls, &format!("resume: {how}"), faults);
        assert!(
            table.starts_with("m.reader/0 86400s..90000s TS0401"),
            "{table}"
        );
    }
}

/// None of the charms' CAs may sign lists (their key usage lacks `cRLSign`); an authority declared
/// in the scenario may.
#[test]
fn lists_revoke_are_missing_and_go_stale() {
    let validators = [
        Validator::Rustls,
        Validator::OpenSsl,
        Validator::Curl,
        Validator::Go,
        Validator::Java,
    ];
    let run = |faults: &str| {
        let text = text(&validators, faults).replace("every: 30s", "every: 30s, revocation: true");
        played(&text)
    };
    let table = format!(
        "== no list\n{}\n== a list that names the server\n{}\n== a list that is not renewed\n{}",
        run(""),
        run(
            "  - {at: 10m, publish-crl: {ca: m.ca, valid: 30d}}\n  - {at: 1d, publish-crl: {ca: m.ca, revokes: [m.web/0], valid: 30d}}"
        ),
        run("  - {at: 10m, publish-crl: {ca: m.ca, valid: 1d, every: 12h, for: 2d}}"),
    );
    insta::assert_snapshot!(table);
}

#[test]
fn the_charms_own_authority_may_not_sign_lists() {
    let text = CONSUMER
        .replace("VALIDATOR", "openssl, revocation: true")
        .replace(
            "FAULTS",
            "  - {at: 10m, publish-crl: {ca: m.ca, valid: 30d}}",
        );
    let record = play(&deployed(&text), Options::default());
    let codes: Vec<u32> = handshakes(&record, 0)
        .filter_map(|handshake| handshake.verdict.openssl_code)
        .collect();
    // No list, then one whose issuer may not sign lists.
    assert_eq!(codes, [3, 35]);
}

#[test]
fn an_attacker_with_the_key_of_a_ca_passes_for_its_servers_until_it_is_distrusted() {
    let faults = "
  - {at: 1d, compromise: {ca: m.ca}}
  - {at: 30h, run-action: {app: m.ca, action: rotate-private-key}}
  - {at: 2d, distrust: {app: m.reader, ca: m.ca}}";
    let text = CONSUMER
        .replace("VALIDATOR", "openssl")
        .replace("FAULTS", faults);
    let told = told(&text, &["impersonation", "impersonation-over"]);
    insta::assert_snapshot!(told);
}

/// rustls and Java do not look at the path length of a root, Java neither at its name constraints;
/// those of an intermediate everybody heeds.
#[test]
fn what_a_declared_authority_may_not_certify() {
    let mut table = String::new();
    for (which, constraint) in [
        ("root", "path-length: 0"),
        ("root", "permitted-dns: [corp.example]"),
        ("root", "excluded-dns: [cluster.local]"),
        ("middle", "permitted-dns: [corp.example]"),
        ("middle", "permitted-dns: [cluster.local]"),
    ] {
        let name = format!("common-name: {which}, ");
        let text = text(&Validator::ALL, "")
            .replace(&name, &format!("common-name: {which}, {constraint}, "));
        table += &format!("== {which} {constraint}\n{}\n", played(&text));
    }
    insta::assert_snapshot!(table);
}
