//! `mtls-cert`: a client hands its server its own certificate, which the server then trusts; where it is not known whether it
//! does, that is told as an assumption. canonical/data-platform-libs 4bf12d1
//! `lib/charms/data_platform_libs/v0/data_interfaces.py` (`set_mtls_cert`, which the leader alone may call), canonical/kafka-operator
//! 3c25f095 `common/single_kernel_kafka/events/provider.py` (`on_mtls_cert_updated`, `_on_relation_broken`) and `events/tls.py`
//! (`update_truststore`), canonical/charmed-etcd-operator 00dfa4e4 `src/managers/tls.py` (`collect_client_cas`), canonical/k8s-operator
//! 3115d0f2 `charms/worker/k8s/src/charmed_etcd.py`.

use std::sync::Arc;

use super::DAY;
use trustsim::diagnosis::diagnose;
use trustsim::kernel::Span;
use trustsim::model::{Gap, Kind, Standings};
use trustsim::report::words::assumption::{DoubtedFailure, Doubts};
use trustsim::report::words::{self, trusted};
use trustsim::validators::{ErrorKind, Side};
use trustsim::whatif::{least_trust, trust_found};
use trustsim::world::{Deployment, Options, Simulation};

/// A client of Kafka with certificates of another CA than Kafka's.
fn deployed(mutual: bool, trusts: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      other: {{charm: self-signed-certificates, num_units: 1}}
      kafka: {{charm: kafka, channel: 4/stable, num_units: 1}}
      client: {{charm: client, num_units: 1}}
    relations:
      - ['kafka:certificates', 'ca:certificates']
      - ['client:certificates', 'other:certificates']
      - ['client:kafka', 'kafka:kafka-client']
charms:
  client:
    system-roots: false
    requires: {{kafka: {{interface: kafka_client, trusts-ca: {trusts}}}, certificates: {{interface: tls-certificates}}}}
connections: [{{from: m.client, to: m.kafka, every: 10m, mutual: {mutual}}}]
"
    ))
}

#[test]
fn a_server_that_may_be_handed_a_certificate_may_trust_it() {
    for mutual in [false, true] {
        let deployment = deployed(mutual, "true");
        let connection = deployment.connections.keys().next().expect("there is one");
        let basis = Standings::of(&deployment).of_connection(connection);
        let mut gaps = basis.reasons.iter().map(|reason| &reason.gap);
        let is_told = gaps.any(
            |gap| matches!(gap, Gap::HandedCertificate { endpoint } if endpoint == "kafka-client"),
        );
        assert_eq!(is_told, mutual);
    }
}

/// It explains away that the server refuses the client, and not that the client refuses the server.
#[test]
fn it_explains_only_what_the_server_refuses() {
    for (trusts, is_explained) in [("true", true), ("false", false)] {
        let deployment = deployed(true, trusts);
        let connection = deployment.connections.keys().next().expect("there is one");
        let basis = Standings::of(&deployment).of_connection(connection);
        let record = crate::common::play(&deployment, Options::default());
        let found = diagnose(&deployment, &record.manifest, &record.journal);
        let last = found.explanations.last().expect("no side trusts the other");
        let failure = DoubtedFailure {
            connection: "kafka",
            explanation: last,
            reasons: basis.reasons.clone(),
        };
        let doubts = Doubts::of(&deployment, &[failure]);
        let told = |list: &[String]| list.iter().any(|line| line.contains("hands it over"));
        let explains = told(&doubts.explaining) || told(&doubts.any);
        assert_eq!(explains, is_explained, "{doubts:#?}");
    }
}

/// Kafka, a server of Java, refuses a client of another stack with the alert of Java (docs/reference/stacks.md).
#[test]
fn a_server_judges_its_client_by_its_own_stack() {
    let record = crate::common::play(&deployed(true, "true"), Options::default());
    let entries = record.journal.entries().iter().rev();
    let mut verdicts = entries.filter_map(|entry| match &entry.kind {
        Kind::Handshake(handshake) => Some(&handshake.verdict),
        _ => None,
    });
    let last = verdicts.next().expect("there are handshakes");
    assert_eq!(last.judged_by, Some(Side::Server));
    assert_eq!(
        last.alert,
        Some("certificate_unknown"),
        "OpenSSL says unknown_ca"
    );
}

/// A client of two units that hands Kafka its certificate, of another CA than Kafka's.
fn handing(kafka: &str, units: u32, more: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 60d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      other: {{charm: self-signed-certificates, num_units: 1, options: {{certificate-validity: 40d}}}}
      kafka: {{charm: kafka, {kafka}, num_units: 1}}
      client: {{charm: client, num_units: {units}}}
    relations:
      - ['kafka:certificates', 'ca:certificates']
      - ['client:certificates', 'other:certificates']
      - ['client:kafka', 'kafka:kafka-client']
charms:
  client:
    system-roots: false
    requires:
      kafka: {{interface: kafka_client, trusts-ca: true, hands-certificate: certificates}}
      certificates: {{interface: tls-certificates}}
connections: [{{from: m.client, to: m.kafka, every: 1m, mutual: true}}]
{more}"
    ))
}

const TRACK_4: &str = "channel: 4/stable";

/// The certificates of clients that Kafka trusts at an instant: whose each is, and how it came.
fn trusted_at(deployment: &Deployment, at: Span) -> Vec<[String; 2]> {
    let mut simulation = Simulation::new(Arc::new(deployment.clone()), Options::default());
    simulation.run_until(deployment.start + at);
    let found = trust_found(&simulation).trusted;
    let of_clients = found
        .iter()
        .filter(|root| &*root.holder == "m.kafka/0" && !root.certificate.is_ca());
    let told = of_clients.map(|root| {
        let owner = root.owner.as_ref().expect("it was made in the run");
        [owner.to_string(), trusted::route(&root.route)]
    });
    told.collect()
}

#[test]
fn a_certificate_that_is_handed_is_a_source_of_trust() {
    let deployment = handing(TRACK_4, 1, "");
    let expected = ["m.client", "m.kafka:kafka-client m.client:kafka"].map(str::to_owned);
    assert_eq!(trusted_at(&deployment, DAY), [expected]);

    let connection = deployment.connections.keys().next().expect("there is one");
    let basis = Standings::of(&deployment).of_connection(connection);
    let mut gaps = basis.reasons.iter().map(|reason| &reason.gap);
    assert!(!gaps.any(|gap| matches!(gap, Gap::HandedCertificate { .. })));

    let least = least_trust(&Arc::new(deployment));
    let mut sources = least.sources.iter();
    let source = sources.find(|source| source.source.starts_with("kafka-client-"));
    let source = source.expect("it is one");
    assert!(source.is_single(), "{source:?}");
}

/// The client uses its new certificate in the hook in which it hands it over, and the server takes it in a later one.
#[test]
fn it_is_replaced_at_each_renewal_for_which_the_server_refuses_the_client() {
    let deployment = handing(TRACK_4, 1, "");
    assert_eq!(trusted_at(&deployment, DAY * 50).len(), 1);
    let record = crate::common::play(&deployment, Options::default());
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    let [outage] = &found.outages[..] else {
        panic!("one renewal in sixty days: {:#?}", found.outages);
    };
    let until = outage.until.expect("it ends");
    assert!(until < outage.from + Span::from_secs(60), "{outage:?}");
    assert_eq!(
        words::cause::line(&found.explanations[0].cause.what),
        "m.client:kafka hands its certificate to m.kafka:kafka-client over kafka_client, and m.kafka/0 has not taken the \
         one that is shown yet"
    );
}

/// `set_mtls_cert` is the leader's: of a client whose units have certificates of their own the others are refused.
#[test]
fn the_leaders_alone_is_handed() {
    let deployment = handing(TRACK_4, 2, "");
    assert_eq!(trusted_at(&deployment, DAY).len(), 1);
    let record = crate::common::play(&deployment, Options::default());
    let found = diagnose(&deployment, &record.manifest, &record.journal);
    let open = found.outages.iter().filter(|outage| outage.until.is_none());
    let refused: Vec<u32> = open.map(|outage| outage.connection).collect();
    let [refused] = refused[..] else {
        panic!("one of two units: {refused:?}");
    };
    let connection = &record.manifest.connections[refused as usize];
    assert_eq!(&*connection.client, "m.client/1");
}

#[test]
fn it_goes_with_the_relation_and_outlives_the_server() {
    let relation = "between: ['client:kafka', 'kafka:kafka-client']";
    let faults = format!(
        "faults:
  - {{at: 5d, kill-unit: {{unit: m.kafka/0}}}}
  - {{at: 20d, remove-relation: {{{relation}}}}}
"
    );
    let deployment = handing(TRACK_4, 1, &faults);
    assert_eq!(trusted_at(&deployment, DAY * 6).len(), 1);
    assert_eq!(trusted_at(&deployment, DAY * 21).len(), 0);
}

/// `mtls_cert_updated` is in canonical/kafka-operator 5ffef397 (revisions 212 to 217) and not in 4c416c24 (198 to 208).
#[test]
fn revisions_that_do_not_know_it_trust_none() {
    for (kafka, count) in [
        ("revision: 215", 1),
        ("revision: 205", 0),
        ("channel: 3/stable", 0),
    ] {
        assert_eq!(
            trusted_at(&handing(kafka, 1, ""), DAY).len(),
            count,
            "{kafka}"
        );
    }
}

/// What etcd says of which it accepts certificates is the names of what it trusts, so that the API server shows none that
/// another CA has signed: Go, `CertificateRequestInfo.SupportsCertificate`.
#[test]
fn k8s_comes_to_etcd_with_a_certificate_of_etcds_own_ca_alone() {
    for (ca, expected) in [("ca", 0), ("other", 1)] {
        let deployment = crate::common::deployed(&format!(
            "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      other: {{charm: self-signed-certificates, num_units: 1}}
      etcd: {{charm: charmed-etcd, channel: 3.5/stable, num_units: 1}}
      k8s: {{charm: k8s, revision: 1590, num_units: 1}}
    relations:
      - ['etcd:client-certificates', 'ca:certificates']
      - ['etcd:peer-certificates', 'ca:certificates']
      - ['k8s:etcd-certificates', '{ca}:certificates']
      - ['k8s:etcd-client', 'etcd:etcd-client']
connections: {{derived: true, every: 10m}}
"
        ));
        let record = crate::common::play(&deployment, Options::default());
        let found = diagnose(&deployment, &record.manifest, &record.journal);
        let open = found.outages.iter().filter(|outage| outage.until.is_none());
        let errors: Vec<ErrorKind> = open.map(|outage| outage.error).collect();
        assert_eq!(
            errors,
            vec![ErrorKind::NoClientCertificate; expected],
            "{ca}"
        );
    }
}

#[test]
fn what_is_handed_is_a_certificate_of_its_own() {
    let told = crate::common::errors(
        "models: {m: {applications: {client: {charm: client, num_units: 1}}}}
charms: {client: {requires: {kafka: {interface: kafka_client, hands-certificate: kafka}}}}
",
    );
    assert!(told.contains("no certificate comes over `kafka`"), "{told}");
}
