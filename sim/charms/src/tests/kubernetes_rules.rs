//! Rules of the charms of Charmed Kubernetes.

use super::legacy_rules::{certificate, easyrsa};
use super::*;
use crate::catalogue;

struct Kubernetes {
    stage: Stage,
    easyrsa: ApplicationId,
    etcd: ApplicationId,
    control_plane: ApplicationId,
    worker: ApplicationId,
    balancer: ApplicationId,
}

fn known(name: &str) -> CharmMetadata {
    catalogue()[name].metadata.clone()
}

fn kubernetes(etcd_units: u32) -> Kubernetes {
    let mut stage = Stage::new(1, false, false);
    let easyrsa = stage.deploy("easyrsa", &easyrsa(1), &[], 1);
    let etcd = stage.deploy("etcd", &known("etcd"), &[], etcd_units);
    let name = "kubernetes-control-plane";
    let control_plane = stage.deploy(name, &known(name), &[], 2);
    let worker = stage.deploy("kubernetes-worker", &known("kubernetes-worker"), &[], 2);
    let name = "kubeapi-load-balancer";
    let balancer = stage.deploy(name, &known(name), &[], 1);
    for (provider, requirer) in [
        ((easyrsa, "client"), (etcd, "certificates")),
        ((easyrsa, "client"), (control_plane, "certificates")),
        ((easyrsa, "client"), (worker, "certificates")),
        ((easyrsa, "client"), (balancer, "certificates")),
        ((etcd, "db"), (control_plane, "etcd")),
        ((control_plane, "kube-control"), (worker, "kube-control")),
        (
            (balancer, "lb-consumers"),
            (control_plane, "loadbalancer-external"),
        ),
        (
            (balancer, "lb-consumers"),
            (control_plane, "loadbalancer-internal"),
        ),
    ] {
        stage.integrate(provider, requirer);
    }
    stage.run_for(300);
    Kubernetes {
        stage,
        easyrsa,
        etcd,
        control_plane,
        worker,
        balancer,
    }
}

impl Kubernetes {
    fn address(&self, application: ApplicationId, number: usize) -> String {
        let unit = self.stage.unit(application, number);
        self.stage.juju.unit(unit).address.value.to_string()
    }

    fn status(&self, application: ApplicationId) -> String {
        let unit = self.stage.juju.unit(self.stage.unit(application, 0));
        unit.status.1.to_string()
    }

    fn loaded(&self, application: ApplicationId, number: usize, path: &str) -> Option<&Value> {
        let unit = self.stage.unit(application, number);
        self.stage.juju.unit(unit).workload.loaded.get(path)
    }
}

/// charmed-kubernetes/charm-kubernetes-control-plane `src/charm.py` at 2d58730
/// (`request_certificates`): the order and the set of names.
#[test]
fn the_control_plane_asks_for_every_name_it_is_called_by() {
    let cluster = kubernetes(1);
    let (own, balancer) = (
        cluster.address(cluster.control_plane, 0),
        cluster.address(cluster.balancer, 0),
    );
    let path = format!("tls/certificates/{own}.pem");
    let served = certificate(cluster.loaded(cluster.control_plane, 0, &path).unwrap());
    for name in [
        format!("IP:{own}"),
        format!("IP:{balancer}"),
        "IP:127.0.0.1".to_owned(),
        "IP:10.152.183.1".to_owned(),
        "DNS:kubernetes".to_owned(),
        "DNS:kubernetes.cluster.local".to_owned(),
        "DNS:kubernetes.default".to_owned(),
        "DNS:kubernetes.default.svc".to_owned(),
        "DNS:kubernetes.default.svc.cluster.local".to_owned(),
    ] {
        assert!(
            served.sans().contains(&name),
            "{name} in {:?}",
            served.sans()
        );
    }
    let hostname = served
        .sans()
        .iter()
        .find(|name| name.starts_with("DNS:juju-"));
    assert!(hostname.is_some());
    assert_eq!(served.sans().len(), 10);
    assert_eq!(cluster.status(cluster.control_plane), "Ready");
}

/// One key pair for `system:kube-apiserver` on every control plane (layer-easyrsa keys client
/// certificates by name), and etcd's client is the provider's global one (layer-etcd,
/// `send_cluster_connection_details`).
#[test]
fn client_certificates_are_shared_by_the_units() {
    let cluster = kubernetes(1);
    let path = "client/certificates/system:kube-apiserver.pem";
    let first = cluster.loaded(cluster.control_plane, 0, path).unwrap();
    assert_eq!(cluster.loaded(cluster.control_plane, 1, path), Some(first));
    let etcd = cluster.loaded(cluster.control_plane, 0, "client/etcd/client.pem");
    assert_eq!(certificate(etcd.unwrap()).subject(), "CN=client");
    let ca = cluster.loaded(cluster.worker, 0, "trust/certificates.pem");
    assert_eq!(
        ca,
        cluster.loaded(cluster.control_plane, 0, "trust/etcd.pem")
    );
}

/// charm-lib-kubernetes-snaps at ccb9ec2 (`update_kubeconfig`): the CA is in the kubeconfig as
/// base64 of its text, and a worker is pointed at the load balancer.
#[test]
fn the_kubeconfig_of_a_kubelet_carries_the_ca() {
    let cluster = kubernetes(1);
    let unit = cluster.stage.unit(cluster.worker, 1);
    let text = cluster
        .stage
        .file(unit, "root/cdk/kubeconfig")
        .unwrap()
        .text();
    let balancer = cluster.address(cluster.balancer, 0);
    assert!(
        text.contains(&format!("server: https://{balancer}:6443")),
        "{text}"
    );
    // "-----BEGIN CERTIFICATE-----" in base64.
    assert!(text.contains("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"));
}

/// layer-etcd `prepare_tls_certificates`: the addresses of registered peers are among the names,
/// so that each member that joins has all others issued anew.
#[test]
fn a_member_that_joins_changes_the_certificates_of_all() {
    let cluster = kubernetes(3);
    for number in 0..3 {
        let served = cluster.loaded(cluster.etcd, number, "tls/certificates/server.pem");
        let served = certificate(served.unwrap());
        for other in 0..3 {
            let address = format!("IP:{}", cluster.address(cluster.etcd, other));
            assert!(served.sans().contains(&address), "{:?}", served.sans());
        }
    }
    let replaced = cluster.stage.notes.iter().filter(|(_, _, what, value)| {
        let etcd = (0..3).map(|number| cluster.address(cluster.etcd, number));
        *what == "certificate-revoked" && etcd.clone().any(|address| address == *value)
    });
    assert!(replaced.count() >= 2);
}

/// charm-lib-kubernetes-snaps (`configure_kubernetes_service`) restarts after every whole
/// reconciliation: an `extra_sans` reaches the process with the hook that writes the files.
#[test]
fn the_api_server_runs_on_what_it_was_last_given() {
    let mut cluster = kubernetes(1);
    let path = format!(
        "tls/certificates/{}.pem",
        cluster.address(cluster.control_plane, 0)
    );
    let before = cluster.loaded(cluster.control_plane, 0, &path).cloned();
    let option = "api.example.com other.example.com";
    cluster
        .stage
        .set_config(cluster.control_plane, "extra_sans", option);
    cluster.stage.run_for(60);
    let after = cluster.loaded(cluster.control_plane, 0, &path).cloned();
    assert_ne!(before, after);
    let served = certificate(&after.unwrap());
    assert!(served.sans().contains(&"DNS:other.example.com".to_owned()));
}

/// canonical/operator `ops/model.py`: `get_relation` raises `TooManyRelatedAppsError`. Within
/// `status.on_error` that is a status (control plane, worker), elsewhere the hook fails
/// (`_check_certificates` of kubeapi-load-balancer at cd0b65d).
#[test]
fn a_second_provider_stalls_the_nodes_and_fails_the_load_balancer() {
    let mut cluster = kubernetes(1);
    let second = cluster.stage.deploy("second", &easyrsa(1), &[], 1);
    cluster.stage.run_for(30);
    for application in [cluster.control_plane, cluster.worker, cluster.balancer] {
        let relation = (application, "certificates");
        cluster.stage.integrate((second, "client"), relation);
    }
    cluster.stage.run_for(600);
    for application in [cluster.control_plane, cluster.worker] {
        assert_eq!(
            cluster.status(application),
            "Waiting for certificate authority"
        );
    }
    let failed: Vec<String> = cluster
        .stage
        .played
        .iter()
        .filter_map(|played| played.failed.as_ref().map(|error| (played.unit, error)))
        .map(|(unit, error)| format!("{} {error}", cluster.stage.juju.unit(unit).name))
        .collect();
    assert!(!failed.is_empty());
    for line in &failed {
        assert_eq!(
            line,
            "kubeapi-load-balancer/0 uncaught exception: TooManyRelatedAppsError: Too many remote \
             applications on certificates (2 > 1)"
        );
    }
    // What runs, runs on.
    let path = format!(
        "tls/certificates/{}.pem",
        cluster.address(cluster.worker, 0)
    );
    assert!(cluster.loaded(cluster.worker, 0, &path).is_some());
}

/// The reactive library asks the first of several relations and believes it
/// (charmed-kubernetes/interface-tls-certificates `requires.py`: "assume we'll only be connected to
/// one provider"), and the first is so by its id as text (charms.reactive 1.5.3 `endpoints.py`:
/// `sorted(hookenv.relation_ids(..))`): `certificates:10` comes before `certificates:2`, and a
/// provider that is added late takes over.
#[test]
fn a_tenth_relation_of_etcd_takes_over_from_the_second() {
    let mut cluster = kubernetes(1);
    let before = cluster
        .loaded(cluster.etcd, 0, "tls/certificates/server.pem")
        .cloned();
    let second = cluster.stage.deploy("second", &easyrsa(1), &[], 1);
    cluster.stage.run_for(30);
    let relation = (cluster.etcd, "certificates");
    let relation = cluster.stage.integrate((second, "client"), relation);
    assert!(cluster.stage.juju.relation(relation).number >= 10);
    cluster.stage.run_for(600);
    let asked = cluster
        .stage
        .unit_bag(relation, cluster.stage.unit(cluster.etcd, 0));
    assert!(asked.get("common_name").is_some());
    let after = cluster.loaded(cluster.etcd, 0, "tls/certificates/server.pem");
    assert_ne!(after, before.as_ref());
}

/// charmed-kubernetes/bundle#564: easyrsa is lost and deployed again. Its CA is another one, and
/// all that is issued is issued anew under it, unit by unit.
#[test]
fn an_easyrsa_deployed_again_is_another_ca() {
    let mut cluster = kubernetes(1);
    let before = cluster
        .loaded(cluster.etcd, 0, "trust/certificates.pem")
        .cloned();
    let etcd = (cluster.etcd, "certificates");
    let lost = cluster
        .stage
        .juju
        .relation_between([(cluster.easyrsa, "client"), etcd])
        .expect("they are integrated");
    cluster.stage.remove_relation(lost);
    cluster.stage.run_for(60);
    let kept = cluster
        .loaded(cluster.etcd, 0, "trust/certificates.pem")
        .cloned();
    assert_eq!(kept, before, "nothing goes with the relation");
    let again = cluster.stage.deploy("easyrsa-again", &easyrsa(1), &[], 1);
    cluster.stage.run_for(30);
    cluster.stage.integrate((again, "client"), etcd);
    cluster.stage.run_for(120);
    let after = cluster
        .loaded(cluster.etcd, 0, "trust/certificates.pem")
        .cloned();
    assert_ne!(after, before);
    let (ca, served) = (
        certificate(&after.unwrap()),
        certificate(
            cluster
                .loaded(cluster.etcd, 0, "tls/certificates/server.pem")
                .unwrap(),
        ),
    );
    assert!(served.verify_issued_by(&ca));
}
