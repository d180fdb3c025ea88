//! Relations of OpenStack, on machines and on Kubernetes.

use super::deployments::{Built, edge_lines};
use trustsim_charm_model::Implementation;

fn starting(built: &Built, start: &str) -> Vec<String> {
    let mut lines = edge_lines(built);
    lines.retain(|line| line.starts_with(start));
    lines
}

/// `resolve_address` of juju/charm-helpers 99980625, `contrib/openstack/ip.py`, for the endpoint `admin` (`auth_host` of
/// openstack/charm-keystone de9baff, `hooks/keystone_utils.py` 2196).
#[test]
fn keystone_is_dialled_by_its_hostname_or_its_virtual_address() {
    let mut built = Built::on_machines();
    built.relate(
        "ca:certificates",
        "keystone:certificates",
        "tls-certificates",
    );
    built.relate(
        "keystone:identity-service",
        "glance:identity-service",
        "keystone",
    );
    let line = |built: &Built, name: &str| {
        let line = format!("glance -> keystone {name}, tls certificates (relation 1)");
        assert_eq!(edge_lines(built), [line]);
    };
    line(&built, "at its address");
    // A virtual address without a cluster is not dialled.
    built.set("keystone", "vip", "10.0.0.9 10.1.0.9");
    line(&built, "at its address");
    built.relate("hacluster:ha", "keystone:ha", "hacluster");
    line(&built, "as 10.0.0.9");
    built.set(
        "keystone",
        "os-admin-hostname",
        "{service_name}.example.com",
    );
    line(&built, "as keystone.example.com");
}

/// openstack/charm-nova-cloud-controller 867a75c `hooks/nova_cc_hooks.py` 513-580, charm-nova-compute 77f2e9e
/// `templates/yoga/nova.conf` 201-210 and `hooks/nova_compute_utils.py` 795-806.
#[test]
fn a_hypervisor_dials_what_its_controller_is_told_of() {
    let mut built = Built::on_machines();
    built.relate("compute:cloud-compute", "ncc:cloud-compute", "nova-compute");
    assert_eq!(
        edge_lines(&built),
        [] as [&str; 0],
        "it is told of nothing yet"
    );
    for api in ["keystone", "neutron"] {
        let certificates = format!("{api}:certificates");
        built.relate("ca:certificates", &certificates, "tls-certificates");
    }
    built.relate(
        "keystone:identity-service",
        "ncc:identity-service",
        "keystone",
    );
    built.relate("neutron:neutron-api", "ncc:neutron-api", "neutron-api");
    built.relate(
        "keystone:identity-service",
        "neutron:identity-service",
        "keystone",
    );
    built.set("neutron", "os-internal-hostname", "neutron.example.com");
    assert_eq!(
        starting(&built, "compute"),
        [
            "compute -> keystone at its address, tls certificates, ca in databag (relation 0)",
            "compute -> neutron as neutron.example.com, tls certificates, ca in databag (relation 0)",
        ]
    );
}

/// thejjw/sunbeam-charms (a mirror of openstack/sunbeam-charms) 0ac9414c `charms/keystone-k8s/src/charm.py` 2433-2460 and
/// 2614-2635; canonical/traefik-k8s-operator#770, in which services fail at `https://ADDRESS/openstack-keystone/v3`.
#[test]
fn keystone_on_kubernetes_is_dialled_at_its_internal_ingress() {
    let mut built = Built::on_kubernetes();
    built.relate(
        "keystone:identity-service",
        "glance:identity-service",
        "keystone",
    );
    built.charm("keystone", "keystone-k8s");
    let direct = "glance -> keystone at its ingress address, plain (relation 0)";
    assert_eq!(edge_lines(&built), [direct]);
    for (ingress, endpoint) in [
        ("public", "ingress-public"),
        ("private", "ingress-internal"),
    ] {
        built.relate(
            "ca:certificates",
            &format!("{ingress}:certificates"),
            "tls-certificates",
        );
        built.relate(
            &format!("{ingress}:ingress"),
            &format!("keystone:{endpoint}"),
            "ingress",
        );
    }
    assert_eq!(
        starting(&built, "glance"),
        ["glance -> private at its public name, tls certificates (ingress 0)"]
    );
    // Keystone itself has no TLS.
    assert_eq!(
        starting(&built, "private -> keystone"),
        ["private -> keystone, plain (ingress 0, relation 4)"]
    );
    let credentials = "keystone:identity-credentials";
    for (client, charm) in [
        ("cni", "openstack-port-cni-k8s"),
        ("horizon", "horizon-k8s"),
    ] {
        let requirer = format!("{client}:identity-credentials");
        built.relate(credentials, &requirer, "keystone-credentials");
        built.charm(client, charm);
    }
    assert_eq!(
        starting(&built, "cni"),
        ["cni -> private at its public name, tls certificates (ingress 5)"]
    );
    assert_eq!(
        starting(&built, "horizon"),
        ["horizon -> public at its public name, tls certificates (ingress 6)"]
    );
}

/// canonical/sunbeam-charms b9a94a3 `charms/neutron-k8s/src/charm.py` 203-205: the certificate is that of a client of OVN.
#[test]
fn a_certificate_of_a_client_makes_no_server() {
    let of = |charm: &str| {
        let mut built = Built::on_kubernetes();
        built.relate(
            "ca:certificates",
            "neutron:certificates",
            "tls-certificates",
        );
        built.relate("traefik:ingress", "neutron:ingress-internal", "ingress");
        built.charm("neutron", charm);
        built.unread("neutron");
        starting(&built, "traefik")
    };
    assert_eq!(
        of("neutron-k8s"),
        ["traefik -> neutron, plain (relation 1)"]
    );
    // Of another charm that was not read it may be one.
    assert_eq!(
        of("something-k8s"),
        ["traefik -> neutron, tls certificates, unread (relation 1)"]
    );
}

/// openstack/charm-vault 5a0c525 `src/lib/charm/vault.py` 103, `src/templates/vault.hcl.j2`: port 8220 with `tls_disable`, and
/// Vault's own certificates among its units; the charm of vault-k8s-operator has the same name.
#[test]
fn charm_vault_dials_its_own_vault_in_the_clear() {
    static CHARM_VAULT: Implementation = Implementation {
        behaviour: "charm-vault",
        ..Implementation::NONE
    };
    let mut built = Built::on_machines();
    built.relate("vault:certificates", "app:certificates", "tls-certificates");
    built.charm("vault", "vault");
    built.units("vault", 3);
    assert_eq!(
        edge_lines(&built),
        [
            "vault -> vault at its address, tls (units)",
            "vault (charm) -> vault at its address, tls (workload)",
        ]
    );
    built.played_as("vault", &CHARM_VAULT);
    assert_eq!(edge_lines(&built), [] as [&str; 0]);
}
