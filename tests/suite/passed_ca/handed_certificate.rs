//! `mtls-cert`: what a client hands a server for it to trust is told as an assumption. canonical/data-platform-libs 4bf12d1
//! `lib/charms/data_platform_libs/v0/data_interfaces.py` (`set_mtls_cert`), canonical/kafka-operator 3c25f095
//! `common/single_kernel_kafka/events/provider.py` (`on_mtls_cert_updated`).

use trustsim::diagnosis::diagnose;
use trustsim::model::{Gap, Standings};
use trustsim::report::words::assumption::{DoubtedFailure, Doubts};
use trustsim::world::{Deployment, Options};

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
