//! What the charms of the catalogue write of what they are given, as their code says, and whether it goes with their key
//! beside a provider that sends its CA first.

use std::collections::BTreeSet;

use super::super::{Pinned, Serves, catalogue, known_charm, readings};
use super::older_libraries::{Pair, pair_with};
use super::*;
use trustsim_interfaces::pem;

fn at(name: &str, revision: u64) -> CharmMetadata {
    let pinned = Pinned {
        revision: Some(revision),
        ..Pinned::default()
    };
    known_charm(name, pinned).expect("it is known").metadata
}

/// What an endpoint of a charm serves.
fn serves(charm: &CharmMetadata, endpoint: &str) -> Serves {
    let endpoint = charm.endpoint(endpoint).expect("it has one");
    match &endpoint.profile {
        Some(EndpointProfile::Certificates(profile)) => profile.serves,
        other => panic!("it is a consumer's: {other:?}"),
    }
}

/// | charm | repository, tag or commit, file and line of what is written |
/// |---|---|
/// | grafana-k8s | canonical/grafana-k8s-operator rev112 `src/charm.py` 1440, rev145 1556, rev172 415 |
/// | prometheus-k8s | canonical/prometheus-k8s-operator rev221 `src/charm.py` 486, rev298 575 |
/// | loki-k8s | canonical/loki-k8s-operator rev174 `src/charm.py` 564, rev230 587 |
/// | alertmanager-k8s | canonical/alertmanager-k8s-operator rev180 `src/charm.py` 413 |
/// | catalogue-k8s | canonical/catalogue-k8s-operator rev95 `src/charm.py`, `push(CERT_PATH, self.server_cert.server_cert` |
/// | mimir-coordinator-k8s | canonical/mimir-coordinator-k8s-operator rev12 `src/charm.py` 476; canonical/cos-coordinated-workers 0.0.1 `src/coordinated_workers/coordinator.py` 641 |
/// | tempo-coordinator-k8s, loki-coordinator-k8s | canonical/cos-coordinated-workers 3c7fec5 `src/coordinated_workers/coordinator.py` 736 |
/// | opentelemetry-collector-k8s | canonical/opentelemetry-collector-k8s-operator rev192 `src/integrations.py` 537 |
/// | grafana-agent, -k8s | canonical/grafana-agent-operator rev655 `src/grafana_agent.py` 599, canonical/grafana-agent-k8s-operator rev150 638 |
/// | istio-ingress-k8s | canonical/istio-ingress-k8s-operator rev5 `src/charm.py` 322 |
/// | glauth-k8s, oathkeeper | canonical/glauth-k8s-operator rev49 `src/integrations.py` 225, canonical/oathkeeper-operator rev27 `src/charm.py` 192 |
/// | traefik-k8s | canonical/traefik-k8s-operator rev178 `lib/charms/observability_libs/v0/cert_handler.py` 307, rev236 `v1/cert_handler.py` 612, rev244 634, rev249 `src/charm.py` 691 |
/// | nginx-ingress-integrator | canonical/nginx-ingress-integrator-operator rev133 `src/tls_relation.py` 259, rev151 `src/charm.py` 418, rev263 425 |
/// | gateway-api-integrator | canonical/gateway-api-integrator-operator rev7 `src/tls_relation.py` 239, rev104 and rev105 `src/state/tls.py` 57, 3768490 (rev127) |
/// | wazuh-server | canonical/wazuh-server-operator rev217 `src/charm.py` 234, 8736143 `src/state.py` 436 |
/// | kafka, zookeeper | canonical/kafka-operator rev197 `src/managers/tls.py` 93, rev208 125; canonical/zookeeper-operator rev155 `src/managers/tls.py` 222, rev156 241 |
/// | charmed-etcd, cassandra, kyuubi-k8s | canonical/charmed-etcd-operator ab2a7bc `src/managers/tls.py` 63, canonical/cassandra-operator 25e42cc `src/managers/tls.py` 341, canonical/kyuubi-k8s-operator efe1c88 `src/managers/tls.py` 215 |
/// | postgresql, mongodb | canonical/postgresql-operator 9251d5db45 `lib/charms/postgresql_k8s/v0/postgresql_tls.py` 227, canonical/mongodb-operator 460b6ccb `lib/charms/mongodb/v1/mongodb_tls.py` 370 |
const SERVED: [(&str, &str, u64, Serves); 42] = [
    ("grafana-k8s", "certificates", 112, Serves::Leaf),
    ("grafana-k8s", "certificates", 145, Serves::Leaf),
    ("grafana-k8s", "certificates", 172, Serves::Leaf),
    ("prometheus-k8s", "certificates", 221, Serves::Leaf),
    ("prometheus-k8s", "certificates", 298, Serves::Leaf),
    ("loki-k8s", "certificates", 174, Serves::Leaf),
    ("loki-k8s", "certificates", 230, Serves::Leaf),
    ("alertmanager-k8s", "certificates", 180, Serves::Leaf),
    ("catalogue-k8s", "certificates", 95, Serves::Leaf),
    ("mimir-coordinator-k8s", "certificates", 12, Serves::Leaf),
    ("tempo-coordinator-k8s", "certificates", 147, Serves::Leaf),
    ("loki-coordinator-k8s", "certificates", 94, Serves::Leaf),
    (
        "opentelemetry-collector-k8s",
        "receive-server-cert",
        192,
        Serves::Leaf,
    ),
    ("grafana-agent", "certificates", 655, Serves::Leaf),
    ("grafana-agent-k8s", "certificates", 150, Serves::Leaf),
    ("istio-ingress-k8s", "certificates", 5, Serves::Leaf),
    ("glauth-k8s", "certificates", 49, Serves::Leaf),
    ("oathkeeper", "certificates", 27, Serves::Leaf),
    ("traefik-k8s", "certificates", 178, Serves::Reversed),
    ("traefik-k8s", "certificates", 236, Serves::Reversed),
    ("traefik-k8s", "certificates", 238, Serves::LeafFirst),
    ("traefik-k8s", "certificates", 239, Serves::Reversed),
    ("traefik-k8s", "certificates", 244, Serves::LeafFirst),
    ("traefik-k8s", "certificates", 249, Serves::LeafFirst),
    (
        "nginx-ingress-integrator",
        "certificates",
        133,
        Serves::Reversed,
    ),
    (
        "nginx-ingress-integrator",
        "certificates",
        151,
        Serves::Leaf,
    ),
    (
        "nginx-ingress-integrator",
        "certificates",
        263,
        Serves::LeafFirst,
    ),
    (
        "gateway-api-integrator",
        "certificates",
        7,
        Serves::Reversed,
    ),
    ("gateway-api-integrator", "certificates", 104, Serves::Leaf),
    ("gateway-api-integrator", "certificates", 105, Serves::Chain),
    (
        "gateway-api-integrator",
        "certificates",
        127,
        Serves::LeafFirst,
    ),
    ("wazuh-server", "certificates", 217, Serves::Leaf),
    ("wazuh-server", "certificates", 271, Serves::Built),
    ("kafka", "certificates", 197, Serves::Leaf),
    ("kafka", "certificates", 208, Serves::Built),
    ("zookeeper", "certificates", 155, Serves::Leaf),
    ("zookeeper", "certificates", 156, Serves::Built),
    ("charmed-etcd", "client-certificates", 16, Serves::Leaf),
    ("cassandra", "client-certificates", 66, Serves::Built),
    ("kyuubi-k8s", "certificates", 100, Serves::Leaf),
    ("postgresql", "certificates", 1199, Serves::Built),
    ("mongodb", "certificates", 171, Serves::Built),
];

#[test]
fn a_charm_serves_what_its_code_writes() {
    for (name, endpoint, revision, expected) in SERVED {
        let found = serves(&at(name, revision), endpoint);
        assert_eq!(found, expected, "{name} at {revision}");
    }
}

/// Of every consumer it is known what it writes: the chain as it came would be a guess, and an outage beside a provider
/// that sends its CA first.
#[test]
fn no_consumer_of_the_catalogue_is_guessed_to_write_the_chain_as_it_came() {
    let names: BTreeSet<&str> = catalogue()
        .values()
        .map(|charm| charm.metadata.name.as_str())
        .collect();
    let (mut count, mut as_it_came) = (0, Vec::new());
    for name in names {
        for reading in readings(name) {
            let metadata = &reading.charm.metadata;
            if !["requirer", "earlier-traefik"].contains(&metadata.implementation.behaviour) {
                continue;
            }
            for endpoint in &metadata.endpoints {
                if let Some(EndpointProfile::Certificates(profile)) = &endpoint.profile {
                    count += 1;
                    if profile.serves == Serves::Chain {
                        as_it_came.push((name.to_owned(), endpoint.name.clone()));
                    }
                }
            }
        }
    }
    assert!(count > 250, "{count}");
    // Its revision 105 alone.
    let expected = [(
        "gateway-api-integrator".to_owned(),
        "certificates".to_owned(),
    )];
    assert_eq!(as_it_came, expected);
}

fn served_chain(pair: &Pair) -> Vec<trustsim_pki::Certificate> {
    let served = surface_of(pair);
    pem::chain(&served)
        .as_ref()
        .as_ref()
        .expect("it is PEM")
        .clone()
}

fn surface_of(pair: &Pair) -> Value {
    let served = super::super::surface::served(pair.loaded());
    served.first().expect("something is served").chain.clone()
}

/// canonical/self-signed-certificates-operator rev155 `src/charm.py` 282 and rev308 497 send the CA first, rev309 497
/// the certificate. What turns each chain round fits the former only: canonical/traefik-k8s-operator#491.
#[test]
fn a_chain_that_begins_with_its_ca_fits_those_who_do_not_take_it_as_it_came() {
    for (provider, is_root_first) in [(155, true), (308, true), (309, false)] {
        let ca = at("self-signed-certificates", provider);
        for (name, revision, length, turns) in [
            ("grafana-k8s", 145, 1, false),
            ("grafana-k8s", 172, 1, false),
            ("prometheus-k8s", 221, 1, false),
            ("traefik-k8s", 176, 1, false),
            ("traefik-k8s", 205, 2, true),
            ("traefik-k8s", 236, 2, true),
            ("traefik-k8s", 244, 2, false),
            ("traefik-k8s", 250, 2, false),
            ("kafka", 208, 2, false),
            ("postgresql", 1199, 2, false),
        ] {
            let pair = pair_with(&ca, &at(name, revision), 1);
            let chain = served_chain(&pair);
            assert_eq!(chain.len(), length, "{name} {revision} beside {provider}");
            let fits = !turns || is_root_first;
            assert_eq!(
                !chain[0].is_ca(),
                fits,
                "{name} {revision} beside {provider}"
            );
            assert_eq!(pair.key_fits(), fits, "{name} {revision} beside {provider}");
        }
    }
}
