//! Controllers of Kafka 4 in an application of their own: canonical/kafka-operator 3c25f095 `common/single_kernel_kafka/`,
//! `managers/config.py` 348-367 (internal listeners always speak TLS with the peer certificate), 725-745 (brokers dial
//! `controller.quorum.bootstrap.servers`) and `core/cluster.py` 662-680 (`controller-ca` and `broker-ca`).

use trustsim::diagnosis::diagnose;
use trustsim::edges::{Edge, End, Transport, derive};
use trustsim::world::{Deployment, Options};

fn deployed(relations: &str) -> Deployment {
    crate::common::deployed(&format!(
        "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      broker: {{charm: kafka, channel: 4/stable, num_units: 2}}
      control: {{charm: kafka, channel: 4/stable, num_units: 2}}
    relations:
      - ['broker:certificates', 'ca:certificates']
      - ['broker:peer-cluster-orchestrator', 'control:peer-cluster']{relations}
connections: {{derived: true, every: 10m}}
"
    ))
}

const OF_ONE_CA: &str = "
      - ['broker:peer-certificates', 'ca:certificates']
      - ['control:peer-certificates', 'ca:certificates']";

/// The edges between applications, each with the names of its ends.
fn between(deployment: &Deployment) -> Vec<(String, String, Edge)> {
    let name = |end: End| {
        let index = end.application().expect("nothing is dialled from outside");
        deployment.applications[index].name.clone()
    };
    let edges = derive(deployment).edges.into_iter();
    let edges = edges.map(|edge| (name(edge.from), name(edge.to), edge));
    edges.filter(|(from, to, _)| from != to).collect()
}

#[test]
fn brokers_dial_controllers_by_their_peer_certificates() {
    for (relations, certificate) in [("", None), (OF_ONE_CA, Some("peer-certificates"))] {
        let found = between(&deployed(relations));
        let [(from, to, edge)] = &found[..] else {
            panic!("no controller dials a broker: {found:#?}");
        };
        assert_eq!([&**from, to], ["broker", "control"]);
        assert!(!edge.mutual, "SASL tells who the client is");
        let certificate = certificate.map(str::to_owned);
        assert_eq!(edge.transport, Transport::Tls { certificate });
    }
}

/// Each hands the other its CA, which is not played: of one CA for both it is played that they trust it.
#[test]
fn it_is_played_where_both_have_one_ca() {
    for (relations, expected) in [("", 0), (OF_ONE_CA, 4)] {
        let deployment = deployed(relations);
        let record = crate::common::play(&deployment, Options::default());
        let found = diagnose(&deployment, &record.manifest, &record.journal);
        assert_eq!(found.outages, []);
        let connections = record.manifest.connections.iter();
        let to_control = connections.filter(|connection| {
            connection.client.starts_with("m.broker/")
                && connection.server.starts_with("m.control/")
        });
        assert_eq!(to_control.count(), expected, "{relations}");
    }
}

/// Brokers have a certificate for their clients, which is none for each other.
#[test]
fn a_certificate_for_clients_is_not_shown_to_units() {
    let deployment = deployed("");
    let broker = |edge: &Edge| {
        let index = edge.to.application().expect("no edge goes outside");
        deployment.applications[index].name == "broker"
    };
    let edges = derive(&deployment).edges;
    let among: Vec<&Edge> = edges.iter().filter(|edge| broker(edge)).collect();
    let [among] = among[..] else {
        panic!("brokers dial each other alone: {among:#?}");
    };
    assert_eq!(among.transport, Transport::Tls { certificate: None });
}
