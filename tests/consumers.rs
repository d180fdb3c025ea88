//! What becomes of the same deployment with other libraries and other consumers: whole scenarios.

mod common;

use std::path::Path;

use trustsim::diagnosis::diagnose;
use trustsim::kernel::Span;
use trustsim::scenario::{self, MemoryFiles};
use trustsim::tls::Validator;
use trustsim::world::Options;

const SCENARIO: &str = "
name: consumers
seed: 5
duration: DURATION
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: CA}
      web: {charm: WEB, scale: 3}
    relations:
      - [web:ENDPOINT, ca:certificates]
charms:
CHARMS
connections:
  - {from: web, to: web, every: 10s, mutual: true, validator: VALIDATOR}
FAULTS
";

/// Errors of the outages after the first hour, with how long each lasted; none where it has no end.
fn outages(replacements: &[(&str, &str)]) -> Vec<(&'static str, Option<Span>)> {
    let defaults = [
        ("DURATION", "2d"),
        ("ENDPOINT", "certificates"),
        ("CA", "self-signed-certificates"),
        ("WEB", "web"),
        ("VALIDATOR", "openssl"),
        ("FAULTS", ""),
    ];
    let mut text = SCENARIO.to_owned();
    for (place, value) in replacements.iter().chain(&defaults) {
        text = text.replace(place, value);
    }
    let files = MemoryFiles::new([("s.yaml", text.as_str())]);
    let deployment = match scenario::load(Path::new("s.yaml"), &files) {
        Ok(loaded) => loaded.deployment,
        Err(wrong) => panic!("{}", wrong.render(false)),
    };
    let record = common::play(&deployment, Options::default());
    let hour = deployment.start + Span::from_secs(3_600);
    let found = diagnose(&deployment, &record.manifest, &record.journal).outages;
    let lasting = found
        .iter()
        .filter(|one| one.until.is_none_or(|until| until > hour));
    lasting
        .map(|one| (one.error, one.until.map(|until| until.since(one.from))))
        .collect()
}

const UNITS: &str = "  web: {requires: {certificates: {interface: tls-certificates}}}";

#[test]
fn peers_of_a_plain_consumer_are_well() {
    assert_eq!(outages(&[("CHARMS", UNITS)]), []);
}

/// Extended key usage `clientAuth` alone, as the legacy protocol's client certificates and those of
/// charmed-kubernetes/layer-easyrsa have it: every stack refuses it of a server.
#[test]
fn a_server_that_presents_a_client_certificate_is_refused() {
    let issuer = |purposes: &str| {
        format!(
            "{UNITS}\n  ca: {{provides: {{certificates: {{interface: tls-certificates}}}}, issuer: {{chain: [{{common-name: Root, validity: 520w}}], leaf-purposes: {purposes}}}}}"
        )
    };
    for validator in Validator::ALL {
        let with = |purposes| {
            let charms = issuer(purposes);
            let replacements = [
                ("CHARMS", charms.as_str()),
                ("CA", "ca"),
                ("VALIDATOR", validator.name()),
            ];
            outages(&replacements)
        };
        assert_eq!(with("[server, client]"), [], "{validator}");
        let refused = with("[client]");
        assert_eq!(refused.len(), 6, "{validator}");
        assert!(
            refused.iter().all(|one| *one == ("invalid-purpose", None)),
            "{validator}: {refused:?}"
        );
    }
}

/// canonical/tls-certificates-interface 257bfe7, `v3/tls_certificates.py`: its provider hears units
/// only, so an application that asks in its own databag waits for ever.
#[test]
fn an_application_waits_for_ever_for_a_provider_with_version_3() {
    let charms = |mode: &str| {
        format!(
            "  web: {{requires: {{certificates: {{interface: tls-certificates, mode: {mode}}}}}}}
  self-signed-certificates: {{provides: {{certificates: {{library: tls-certificates-v3}}}}}}"
        )
    };
    assert_eq!(outages(&[("CHARMS", &charms("unit"))]), []);
    let waiting = outages(&[("CHARMS", &charms("app"))]);
    assert_eq!(waiting.len(), 6);
    assert!(
        waiting.iter().all(|one| *one == ("no-certificate", None)),
        "{waiting:?}"
    );
}

/// canonical/copilot-collections issue 69: the same request again, and a certificate that ends.
#[test]
fn the_same_request_again_ends_in_an_outage_that_has_no_end() {
    let charms = |unique: bool| {
        format!(
            "  web: {{requires: {{certificates: {{interface: tls-certificates, library: tls-certificates-v3, unique-requests: {unique}}}}}}}"
        )
    };
    let year = |charms: &str| outages(&[("CHARMS", charms), ("DURATION", "100d")]);
    assert_eq!(year(&charms(true)), []);
    let ended = year(&charms(false));
    assert_eq!(ended.len(), 6);
    assert!(
        ended.iter().all(|one| *one == ("expired", None)),
        "{ended:?}"
    );
}

/// canonical/opensearch-operator rotates in two phases, canonical/kafka-operator in one: the same
/// rotation of the same CA cuts brokers off from each other for as long as it takes, and no node.
#[test]
fn two_phases_spare_the_outage_that_one_phase_is() {
    let rotation = "faults:\n  - {at: 1d, rotate-ca: {app: ca}}";
    let with = |web: &str, endpoint: &str| {
        outages(&[
            ("CHARMS", "  unused: {}"),
            ("WEB", web),
            ("ENDPOINT", endpoint),
            ("FAULTS", rotation),
        ])
    };
    assert_eq!(with("opensearch", "certificates"), []);
    let kafka = with("kafka-k8s", "peer-certificates");
    assert!(!kafka.is_empty());
    for (error, lasted) in kafka {
        assert_eq!(error, "unknown-issuer");
        let lasted = lasted.expect("it heals");
        assert!(lasted < Span::from_secs(600), "{lasted:?}");
    }
}
