//! Relations of Charmed Kubernetes.

use super::deployments::{Built, edge_lines};

/// Load balancers inside and outside, in front of an API server with a worker.
fn cluster(load_balancers: &[(&str, &str)]) -> Built {
    let mut built = Built::on_machines();
    built.relate("ca:client", "cp:certificates", "tls-certificates");
    for (application, endpoint) in load_balancers {
        let consumers = format!("{application}:lb-consumers");
        built.relate(&consumers, &format!("cp:{endpoint}"), "loadbalancer");
    }
    built.relate("cp:kube-control", "worker:kube-control", "kube-control");
    built
}

fn starting(built: &Built, start: &str) -> Vec<String> {
    let mut lines = edge_lines(built);
    lines.retain(|line| line.starts_with(start));
    lines
}

/// charmed-kubernetes/charm-kubernetes-control-plane 2d58730 `src/k8s_api_endpoints.py` 74-85, charm-kubeapi-load-balancer
/// cd0b65d `src/charm.py` 335-370.
#[test]
fn workers_dial_the_internal_load_balancer_before_the_external_one() {
    let dialled = |load_balancers: &[(&str, &str)]| starting(&cluster(load_balancers), "worker");
    let direct = "worker -> cp at its address, tls certificates, ca in databag (relation 1)";
    assert_eq!(dialled(&[]), [direct]);
    let (inside, outside) = (
        ("inner", "loadbalancer-internal"),
        ("outer", "loadbalancer-external"),
    );
    assert_eq!(
        dialled(&[outside]),
        ["worker -> outer at its address, tls (ingress 2)"]
    );
    for both in [[outside, inside], [inside, outside]] {
        assert_eq!(
            dialled(&both),
            ["worker -> inner at its address, tls (ingress 3)"]
        );
    }
    // The stock bundle has one for both.
    let stock = [
        ("lb", "loadbalancer-external"),
        ("lb", "loadbalancer-internal"),
    ];
    assert_eq!(
        dialled(&stock),
        ["worker -> lb at its address, tls (ingress 3)"]
    );
}

/// charmed-kubernetes/charm-lib-kubernetes-snaps ccb9ec2 `charms/kubernetes_snaps.py` 90-104: `kubelet-certificate-authority`,
/// `kubelet-client-certificate`, and `InternalIP` first.
#[test]
fn an_api_server_dials_the_kubelets() {
    let mut built = cluster(&[]);
    let kubelet = |built: &Built| starting(built, "cp -> ");
    // What else requires `kube-control` has no kubelet, and of other charms it was not read.
    assert_eq!(kubelet(&built), [] as [&str; 0]);
    built.relate("ca:client", "worker:certificates", "tls-certificates");
    built.charm("worker", "kubernetes-worker");
    assert_eq!(kubelet(&built), [] as [&str; 0]);
    built.charm("cp", "kubernetes-control-plane");
    let of_worker =
        "cp -> worker at its address, tls certificates, mutual, with its certificates (relation 1)";
    assert_eq!(kubelet(&built), [of_worker]);
    // Each machine of the control plane has a kubelet too.
    built.units("cp", 2);
    let own = "cp -> cp at its address, tls certificates, mutual, with its certificates (units)";
    assert_eq!(kubelet(&built), [of_worker, own]);
}

/// `external` of `src/k8s_api_endpoints.py`, 61-72: people outside are given one URL.
#[test]
fn clients_outside_dial_the_external_load_balancer_where_there_is_one() {
    let (inside, outside) = (
        ("inner", "loadbalancer-internal"),
        ("outer", "loadbalancer-external"),
    );
    let dialled =
        |load_balancers: &[(&str, &str)]| starting(&cluster(load_balancers), "outside ->");
    assert_eq!(
        dialled(&[inside, outside]),
        ["outside -> outer at its address, tls (front 2)"]
    );
    assert_eq!(
        dialled(&[inside]),
        ["outside -> inner at its address, tls (front 1)"]
    );
}

/// `from_config` of `src/k8s_api_endpoints.py`, 14-32, and `_get_lb_addresses` of charm-kubeapi-load-balancer.
#[test]
fn options_name_what_workers_dial() {
    let mut built = cluster(&[("lb", "loadbalancer-internal")]);
    let mut dialled = |application: &str, option: &str, value: &str| {
        built.set(application, option, value);
        starting(&built, "worker")
    };
    assert_eq!(
        dialled("lb", "loadbalancer-ips", "10.0.0.7 10.0.0.8"),
        ["worker -> lb as 10.0.0.7, tls (ingress 2)"]
    );
    // Without `hacluster` it counts for nothing.
    assert_eq!(
        dialled("cp", "ha-cluster-vip", "10.0.0.6"),
        ["worker -> lb as 10.0.0.7, tls (ingress 2)"]
    );
    let own = "worker -> cp as 10.0.0.5, tls certificates, ca in databag (relation 2)";
    assert_eq!(dialled("cp", "loadbalancer-ips", "10.0.0.5"), [own]);
}
