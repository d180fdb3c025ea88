//! CAs that charms make for themselves. Among the units of some there is TLS without any relation: what signs there is not
//! played, and no connection is derived that would rest on it.

use trustsim::edges::{End, derive};

/// `generate_internal_ca` of canonical/kafka-operator 3c25f095 (`common/single_kernel_kafka/events/broker.py`), where
/// `use_internal_tls` of `core/cluster.py`; `generate_internal_peer_ca` of canonical/postgresql-operator 46ab840d
/// (`src/relations/tls.py`), which 9251d5db has not; `generate_internal_ca` of canonical/cassandra-operator 25e42cc
/// (`src/charm.py`).
#[test]
fn units_that_a_charm_signs_for_are_no_plain_ones() {
    for (charm, is_tls) in [
        ("kafka, channel: 4/stable", true),
        ("kafka, channel: 3/stable", false),
        ("postgresql, channel: 16/stable", true),
        ("postgresql, channel: 14/stable", false),
        ("cassandra, channel: 5/stable", true),
    ] {
        let deployment = crate::common::deployed(&format!(
            "duration: 1d
models:
  m:
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      store: {{charm: {charm}, num_units: 3}}
connections: derived
"
        ));
        let edges = derive(&deployment).edges;
        let mut among = edges.iter().filter(|edge| {
            let ends = [edge.from, edge.to];
            ends.map(|end| matches!(end, End::Application(_))) == [true, true]
                && edge.from == edge.to
        });
        let edge = among.next().expect("its units dial each other");
        assert_eq!(edge.transport.is_tls(), is_tls, "{charm}");
        assert!(deployment.connections.is_empty(), "{charm}");
    }
}
