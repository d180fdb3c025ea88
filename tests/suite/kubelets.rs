//! API servers of Charmed Kubernetes dial kubelets, which no connection of a scenario has to say.

use std::fs;

use crate::common::{deployed, diagnosed, trustsim};
/// Charmed Kubernetes in small, with connections that are derived and `more`.
fn small(more: &str) -> String {
    format!(
        "duration: 2d
models:
  k8s:
    applications:
      easyrsa: {{charm: easyrsa, num_units: 1}}
      etcd: {{charm: etcd, num_units: 1}}
      kubernetes-control-plane: {{charm: kubernetes-control-plane, num_units: 2}}
      kubernetes-worker: {{charm: kubernetes-worker, num_units: 1}}
    relations:
      - [etcd:certificates, easyrsa:client]
      - [kubernetes-control-plane:certificates, easyrsa:client]
      - [kubernetes-worker:certificates, easyrsa:client]
      - [kubernetes-control-plane:kube-control, kubernetes-worker:kube-control]
      - [kubernetes-control-plane:etcd, etcd:db]
connections:
  derived: true
{more}"
    )
}

/// charmed-kubernetes/charm-lib-kubernetes-snaps ccb9ec2 `charms/kubernetes_snaps.py` 90-104 and 329-349: an API server verifies
/// kubelets, at `InternalIP`, and shows its certificate.
#[test]
fn an_api_server_and_the_kubelets_know_each_other() {
    let (deployment, record, findings) = diagnosed(deployed(&small("")));
    let connections = record.manifest.connections.iter();
    let dialled: Vec<(&str, Option<&str>, bool)> = connections
        .filter(|one| {
            let of_kubelet = "k8s.kubernetes-control-plane/0 -> k8s.kubernetes-";
            one.name.starts_with(of_kubelet)
        })
        .map(|one| {
            let spec = &deployment.connections[one.spec];
            (&*one.name, spec.from_endpoint.as_deref(), spec.mutual)
        })
        .collect();
    let certificates = Some("certificates");
    assert_eq!(
        dialled,
        [
            (
                "k8s.kubernetes-control-plane/0 -> k8s.kubernetes-worker/0",
                certificates,
                true
            ),
            (
                "k8s.kubernetes-control-plane/0 -> k8s.kubernetes-control-plane/1",
                certificates,
                true
            ),
        ]
    );
    assert_eq!(findings.outages, []);
}

/// charmed-kubernetes/bundle#606: on AWS a kubelet was dialled by another name of its machine, for which its certificate was
/// not, so that `kubectl logs`, `exec` and `helm` failed with this line of Go.
#[test]
fn a_kubelet_that_is_dialled_by_another_name_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = small(
        "  add:
  - {from: 'kubernetes-control-plane:certificates', to: kubernetes-worker, name: ip-172-31-84-105, mutual: true}
",
    );
    fs::write(folder.path().join("aws.yaml"), text).expect("written");
    let output = trustsim(folder.path(), &["run", "aws.yaml"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let of_go = |line: &str| {
        line.contains("x509: certificate is valid for ") && line.ends_with(", not ip-172-31-84-105")
    };
    assert!(said.lines().any(of_go), "{said}");
    // The same API servers at the address that the node has.
    let failing: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("= failing"))
        .collect();
    assert_eq!(failing.len(), 1, "{said}");
    assert!(failing[0].contains("k8s.kubernetes-control-plane/0 -> k8s.kubernetes-worker/0"));
}
