//! How the charms whose nodes trust each other get from one CA to the next:
//! canonical/kafka-operator 3c25f095 `common/single_kernel_kafka/events/tls.py`,
//! canonical/opensearch-operator cd1c0349 `lib/charms/opensearch/v0/opensearch_tls.py`,
//! canonical/charmed-etcd-operator ab2a7bc `src/events/tls.py`,
//! canonical/mysql-k8s-operator 0088c958 `lib/charms/mysql/v0/tls.py`,
//! canonical/haproxy-operator 165497fb `haproxy-operator/src/tls_relation.py`.

use super::super::surface::{self, trust_path};
use super::super::{Apply, Mode, catalogue};
use super::*;
use trustsim_interfaces::pem;
use trustsim_pki::Certificate;

const DAY_S: u64 = 86_400;

struct Cluster {
    stage: Stage,
    ca: ApplicationId,
    nodes: ApplicationId,
}

fn cluster(charm: &CharmMetadata, endpoint: &str, units: u32) -> Cluster {
    let mut stage = Stage::new(11, true, false);
    stage.keeps_all = true;
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let nodes = stage.deploy("nodes", charm, &[], units);
    stage.run_for(60);
    stage.integrate((ca, "certificates"), (nodes, endpoint));
    stage.run_for(300);
    Cluster { stage, ca, nodes }
}

impl Cluster {
    fn files(&self, node: usize) -> &surface::Files {
        let unit = self.stage.unit(self.nodes, node);
        &self.stage.juju.unit(unit).workload.loaded
    }

    fn served(&self, node: usize) -> Option<Certificate> {
        let served = surface::served(self.files(node));
        let chain = pem::chain(served.first()?.chain);
        chain.as_ref().as_ref().ok()?.first().cloned()
    }

    fn trusted(&self, node: usize) -> Vec<Certificate> {
        let chains: Vec<_> = surface::trusted(self.files(node)).map(pem::chain).collect();
        let certificates = chains.iter().flat_map(|chain| chain.iter().flatten());
        certificates.cloned().collect()
    }

    /// Pairs of nodes of which the first does not know the CA of the second.
    fn strangers(&self, count: usize) -> usize {
        let issued = |ca: &Certificate, leaf: &Certificate| ca.subject() == leaf.issuer();
        let mut strangers = 0;
        for client in 0..count {
            let known = self.trusted(client);
            for server in (0..count).filter(|server| *server != client) {
                let leaf = self.served(server).expect("it is served");
                strangers += usize::from(!known.iter().any(|ca| issued(ca, &leaf)));
            }
        }
        strangers
    }

    fn rotate(&mut self) {
        let provider = self.stage.unit(self.ca, 0);
        self.stage.act(provider, "rotate-private-key");
    }

    /// The most pairs that were strangers at any moment of the next `seconds`.
    fn worst(&mut self, count: usize, seconds: u64) -> usize {
        let mut worst = 0;
        for _ in 0..seconds {
            self.stage.run_for(1);
            worst = worst.max(self.strangers(count));
        }
        worst
    }
}

fn opensearch(units: u32) -> Cluster {
    cluster(&catalogue()["opensearch"].metadata, "certificates", units)
}

/// Two phases: at no moment does a node present what another does not know.
#[test]
fn opensearch_rotates_without_a_stranger() {
    let mut cluster = opensearch(3);
    let before: Vec<_> = (0..3).map(|node| cluster.served(node)).collect();
    assert_eq!(cluster.strangers(3), 0);
    cluster.rotate();
    assert_eq!(cluster.worst(3, 1_500), 0);
    for (node, before) in before.into_iter().enumerate() {
        assert_ne!(cluster.served(node), before, "node {node}");
    }
}

/// While it goes on both CAs are trusted; when every node is done the old one goes from the disk,
/// and from the process with its next restart.
#[test]
fn opensearch_keeps_the_old_ca_until_all_are_done() {
    let mut cluster = opensearch(3);
    cluster.rotate();
    let mut most = 0;
    for _ in 0..1_500 {
        cluster.stage.run_for(1);
        most = most.max(cluster.trusted(0).len());
    }
    assert_eq!(most, 2);
    for node in 0..3 {
        let unit = cluster.stage.unit(cluster.nodes, node);
        assert_eq!(
            cluster.stage.file(unit, &trust_path("old-ca")),
            None,
            "node {node}"
        );
        assert!(cluster.stage.file(unit, &trust_path("ca")).is_some());
    }
}

/// The certificate alone goes into the key store: clients of an intermediate's certificates do not
/// get the chain.
#[test]
fn opensearch_serves_the_certificate_alone() {
    let cluster = opensearch(1);
    let served = surface::served(cluster.files(0));
    let chain = pem::chain(served[0].chain);
    assert_eq!(chain.as_ref().as_ref().map(Vec::len), Ok(1));
}

/// It is told 23 hours before the end, and renews with its key.
#[test]
fn opensearch_renews_a_day_before_the_end() {
    let mut cluster = opensearch(1);
    let first = cluster.served(0).expect("it is served");
    cluster.stage.run_for(88 * DAY_S);
    assert_eq!(cluster.served(0), Some(first.clone()));
    cluster.stage.run_for(3 * DAY_S);
    let now = cluster.served(0).expect("it is served");
    assert_eq!(now.spki_der(), first.spki_der());
}

/// A node that never gets its certificate holds all others where they are: they serve the old one
/// (canonical/opensearch-operator issues 448 and 500).
#[test]
fn opensearch_waits_for_its_slowest_node() {
    let mut cluster = opensearch(3);
    let before: Vec<_> = (0..3).map(|node| cluster.served(node)).collect();
    // The last node's requests are gone: no provider answers it.
    cluster.stage.stunts.insert("withdraw", |unit| {
        let relation = unit.relations("certificates")[0];
        let key = trustsim_interfaces::tls_certificates::REQUESTS;
        unit.set_unit_data(relation, key, Some("[]".into()))?;
        Ok(())
    });
    let slow = cluster.stage.unit(cluster.nodes, 2);
    cluster.stage.act(slow, "withdraw");
    cluster.stage.run_for(30);
    cluster.rotate();
    assert_eq!(cluster.worst(3, 1_500), 0);
    cluster.stage.run_for(7 * DAY_S);
    let after: Vec<_> = (0..3).map(|node| cluster.served(node)).collect();
    assert_eq!(after, before);
    assert_eq!(cluster.trusted(0).len(), 2, "the first two know both CAs");
}

/// `_on_certificate_available` looks whether every node has the CA before it takes it itself: a node
/// that hears of another's `tls_ca_renewing` first defers for ever, and with it all wait (the source
/// says so; canonical/opensearch-operator issues 448 and 500 look like it).
#[test]
fn opensearch_is_stuck_where_a_node_hears_of_a_renewing_one_first() {
    let mut cluster = opensearch(3);
    let before: Vec<_> = (0..3).map(|node| cluster.served(node)).collect();
    cluster.stage.stunts.insert("renewing", |unit| {
        let relation = unit.relations("opensearch-peers")[0];
        unit.set_unit_data(relation, "tls_ca_renewing", Some("True".into()))?;
        Ok(())
    });
    let early = cluster.stage.unit(cluster.nodes, 2);
    cluster.stage.act(early, "renewing");
    cluster.stage.run_for(30);
    cluster.rotate();
    cluster.stage.run_for(7 * DAY_S);
    let after: Vec<_> = (0..3).map(|node| cluster.served(node)).collect();
    assert_eq!(after, before);
    assert_eq!(cluster.trusted(0).len(), 1, "it never took the new CA");
    assert_eq!(cluster.strangers(3), 0);
}

fn etcd(units: u32) -> Cluster {
    let charm = &catalogue()["charmed-etcd"].metadata;
    cluster(charm, "peer-certificates", units)
}

/// Two phases: no member presents what another does not know, and the CA before goes when all have another certificate.
#[test]
fn etcd_rotates_without_a_stranger() {
    for units in [1, 3] {
        let mut cluster = etcd(units);
        let count = units as usize;
        let before: Vec<_> = (0..count).map(|node| cluster.served(node)).collect();
        cluster.rotate();
        assert_eq!(cluster.worst(count, 1_500), 0);
        for (node, before) in before.into_iter().enumerate() {
            assert_ne!(cluster.served(node), before, "node {node}");
            assert_eq!(cluster.trusted(node).len(), 1, "node {node}");
        }
        // The next one is like it.
        cluster.rotate();
        assert_eq!(cluster.worst(count, 1_500), 0);
        assert_eq!(cluster.trusted(0).len(), 1);
    }
}

/// A certificate is read for each connection, CAs at the start alone (etcd-io/etcd#7784, #11555).
#[test]
fn etcd_reads_a_certificate_without_a_restart_and_a_ca_with_one() {
    let charm = &catalogue()["charmed-etcd"].metadata;
    for name in ["peer-certificates", "client-certificates"] {
        let profile = charm.endpoint(name).and_then(|it| it.profile.clone());
        let Some(EndpointProfile::Certificates(profile)) = profile else {
            panic!("no profile");
        };
        assert_eq!((profile.apply, profile.phased), (Apply::Reload, true));
    }
}

fn kafka(keeps_old_ca: bool) -> Cluster {
    let mut charm = catalogue()["kafka"].metadata.clone();
    for endpoint in &mut charm.endpoints {
        if let Some(EndpointProfile::Certificates(profile)) = &mut endpoint.profile {
            profile.keeps_old_ca = keeps_old_ca;
        }
    }
    cluster(&charm, "peer-certificates", 3)
}

/// canonical/kafka-operator pull request 378: a broker with a certificate under a new CA still knows
/// those that have not got theirs (`import_bundle` with the prefix `old-`), until `remove_stores` of
/// the next certificate. That the others do not know it yet is in `tests/suite/consumers.rs`.
#[test]
fn kafka_keeps_the_old_ca_until_the_next_certificate() {
    let (mut with, mut without) = (kafka(true), kafka(false));
    for (cluster, trusted) in [(&mut with, 2), (&mut without, 1)] {
        assert_eq!(cluster.trusted(0).len(), 1);
        cluster.rotate();
        cluster.stage.run_for(900);
        assert_eq!(cluster.strangers(3), 0);
        assert_eq!(cluster.trusted(0).len(), trusted);
    }
    with.stage.run_for(85 * DAY_S);
    assert_eq!(with.trusted(0).len(), 1);
}

/// `bundle<n>` and `old-bundle<n>` are read by a restart; `client-cas` by `kafka-configs`, without.
#[test]
fn kafka_reads_the_cas_of_its_clients_without_a_restart() {
    let charm = &catalogue()["kafka"].metadata;
    let profile = |name: &str| charm.endpoint(name).and_then(|it| it.profile.clone());
    let Some(EndpointProfile::ReceivesCa(clients)) = profile("client-cas") else {
        panic!("no profile");
    };
    assert_eq!(
        (clients.apply, clients.keeps_removed),
        (Apply::Reload, true)
    );
    let Some(EndpointProfile::Certificates(peers)) = profile("peer-certificates") else {
        panic!("no profile");
    };
    assert_eq!((peers.apply, peers.keeps_old_ca), (Apply::Restart, true));
}

/// `write_certificate_to_unit`: certificate, chain (which begins with the certificate again) and key
/// in one file, the same on every unit, and a reload.
#[test]
fn haproxy_serves_its_certificate_twice_on_every_unit() {
    let charm = &catalogue()["haproxy"].metadata;
    let mut stage = Stage::new(2, false, false);
    let ca = stage.deploy("ca", &self_signed_certificates(), &[], 1);
    let options = [("external-hostname", "www.example.com")];
    let haproxy = stage.deploy("haproxy", charm, &options, 2);
    stage.run_for(60);
    stage.integrate((ca, "certificates"), (haproxy, "certificates"));
    stage.integrate((ca, "send-ca-cert"), (haproxy, "receive-ca-certs"));
    stage.run_for(900);
    let mut leaves = Vec::new();
    for number in 0..2 {
        let files = &stage.juju.unit(stage.unit(haproxy, number)).workload.loaded;
        let served = surface::served(files);
        assert_eq!(served.len(), 1, "unit {number}");
        let chain = pem::chain(served[0].chain);
        let chain = chain.as_ref().as_ref().expect("it is PEM");
        assert_eq!(chain.len(), 3);
        assert_eq!(chain[0], chain[1]);
        leaves.push(chain[0].clone());
        // `HAPROXY_CAS_FILE`: one file for all.
        let trusted: Vec<_> = surface::paths_under(files, "trust/").collect();
        assert_eq!(trusted.len(), 1, "{trusted:?}");
        assert_eq!(&**trusted[0], trust_path("receive-ca-certs"));
    }
    assert_eq!(leaves[0], leaves[1]);
    let Some(EndpointProfile::Certificates(profile)) = charm
        .endpoint("certificates")
        .and_then(|it| it.profile.clone())
    else {
        panic!("no profile");
    };
    assert_eq!((profile.mode, profile.apply), (Mode::App, Apply::Reload));
}

/// `_on_certificate_available` returns where the unit's `tls` is `enabled`, which a renewal does not
/// change: the charm asks in time, is answered, and serves its first certificate until it ends.
#[test]
fn mysql_never_installs_what_it_renews() {
    let charm = &catalogue()["mysql-k8s"].metadata;
    let mut cluster = cluster(charm, "certificates", 1);
    let first = cluster.served(0).expect("it is served");
    cluster.stage.run_for(100 * DAY_S);
    assert_eq!(cluster.served(0), Some(first));
    let provider = cluster.stage.unit(cluster.ca, 0);
    let written = cluster.stage.played.iter().filter(|played| {
        played.unit == provider && played.changed.iter().any(|(_, is_app, _)| *is_app)
    });
    assert!(written.count() >= 2, "it was answered again");
}
