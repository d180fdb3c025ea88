//! What clients find in the catalogue of Keystone and in the records of an NRF.

use super::deployments::{Built, edge_lines};
use crate::unknown_lookups;

fn found(built: &Built) -> Vec<String> {
    let mut lines = edge_lines(built);
    lines.retain(|line| line.contains("(catalogue"));
    lines
}

/// An application of each of these charms, called like it, that Keystone knows; those after the first have certificates.
fn known_to_keystone(charms: &[&str]) -> Built {
    let mut built = Built::on_machines();
    for (position, charm) in charms.iter().enumerate() {
        let own = |endpoint: &str| format!("{charm}:{endpoint}");
        built.relate(
            "keystone:identity-service",
            &own("identity-service"),
            "keystone",
        );
        built.charm(charm, charm);
        if position > 0 {
            built.relate("ca:certificates", &own("certificates"), "tls-certificates");
        }
    }
    built
}

/// openstack/charm-nova-cloud-controller 867a75c `templates/yoga/nova.conf`, `templates/parts/section-cinder`.
#[test]
fn a_client_dials_what_it_is_known_to_look_up() {
    let mut built = known_to_keystone(&["nova-cloud-controller", "placement", "cinder", "manila"]);
    let placement =
        "nova-cloud-controller -> placement at its address, tls certificates (catalogue 0, 1)";
    let nova = "cinder -> nova-cloud-controller at its address, plain (catalogue 3, 0)";
    assert_eq!(found(&built), [placement, nova]);
    // Cinder's API is dialled where it is the volume service.
    built.relate(
        "cinder:cinder-volume-service",
        "nova-cloud-controller:cinder-volume-service",
        "cinder",
    );
    let cinder =
        "nova-cloud-controller -> cinder at its address, tls certificates (catalogue 0, 3)";
    assert_eq!(found(&built), [placement, cinder, nova]);
    let unknown = unknown_lookups(&built.deployment);
    let [(row, clients)] = unknown.as_slice() else {
        panic!("one catalogue: {unknown:?}");
    };
    assert_eq!(row.name, "the catalogue of Keystone");
    let names = clients
        .iter()
        .map(|index| &built.deployment.applications[*index].name);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["manila"],
        "what it finds was not read"
    );
}

/// juju/charm-helpers 99980625 `contrib/openstack/ip.py`, `resolve_address`; openstack/charm-heat e457224
/// `templates/yoga/heat.conf` 86-92, charm-openstack-dashboard 4832954 `hooks/horizon_contexts.py` 240-254.
#[test]
fn the_name_is_that_of_the_type_of_endpoint_that_is_looked_up() {
    for (client, option, value) in [
        ("heat", "use-internal-endpoints", "true"),
        (
            "openstack-dashboard",
            "endpoint-type",
            "internalURL,publicURL",
        ),
    ] {
        let mut built = known_to_keystone(&[client, "glance"]);
        let line = |built: &Built, name: &str| {
            let line = format!("{client} -> glance {name}, tls certificates (catalogue 0, 1)");
            assert_eq!(found(built), [line]);
        };
        line(&built, "at its address");
        built.set("glance", "vip", "10.0.0.9");
        built.relate("hacluster:ha", "glance:ha", "hacluster");
        line(&built, "as 10.0.0.9");
        built.set("glance", "os-public-hostname", "{service_name}.example.com");
        line(&built, "as glance.example.com");
        built.set("glance", "os-internal-hostname", "glance.internal");
        line(&built, "as glance.example.com");
        built.set(client, option, value);
        line(&built, "as glance.internal");
        built.set(client, option, "publicURL");
        line(&built, "as glance.example.com");
    }
}

/// openstack/charm-nova-compute 77f2e9e `templates/parts/section-placement`: what it needs comes over `cloud-compute`.
#[test]
fn a_hypervisor_is_told_of_the_catalogue_by_its_controller() {
    let mut built = known_to_keystone(&["nova-cloud-controller", "placement"]);
    built.relate(
        "nova-compute:cloud-compute",
        "nova-cloud-controller:cloud-compute",
        "nova-compute",
    );
    built.charm("nova-compute", "nova-compute");
    assert_eq!(
        found(&built),
        [
            "nova-cloud-controller -> placement at its address, tls certificates (catalogue 0, 1)",
            "nova-compute -> placement at its address, tls certificates, ca in databag (catalogue 3, 1)",
        ]
    );
}

/// Each Keystone has a catalogue of its own.
#[test]
fn what_another_keystone_knows_is_not_found() {
    let mut built = known_to_keystone(&["heat", "glance"]);
    built.relate(
        "other:identity-service",
        "cinder:identity-service",
        "keystone",
    );
    built.charm("cinder", "cinder");
    assert_eq!(
        found(&built),
        ["heat -> glance at its address, tls certificates (catalogue 0, 1)"]
    );
}

/// What a service is seen to register says whether it is dialled over TLS.
#[test]
fn what_is_registered_decides_on_tls() {
    let mut built = known_to_keystone(&["heat", "glance"]);
    built.publish("glance", "identity-service", "http://10.0.0.5:9292");
    assert_eq!(
        found(&built),
        ["heat -> glance at its address, plain (catalogue 0, 1)"]
    );
}

/// omec-project/openapi v1.3.3 `client.go` 43-49 (`InsecureSkipVerify`), of amf v1.6.4 and the other functions of
/// canonical/sdcore-amf-k8s-operator 3646c47 and its family: TLS whatever certificates there are, which none of them checks.
#[test]
fn functions_of_a_core_check_no_certificate() {
    let mut built = Built::on_kubernetes();
    for name in ["amf", "smf", "udm"] {
        built.relate("nrf:fiveg_nrf", &format!("{name}:fiveg_nrf"), "fiveg_nrf");
        built.charm(name, &format!("sdcore-{name}-k8s"));
    }
    assert_eq!(
        edge_lines(&built),
        [
            "amf -> nrf at its service, tls, unverified (relation 0)",
            "smf -> nrf at its service, tls, unverified (relation 1)",
            "udm -> nrf at its service, tls, unverified (relation 2)",
            "amf -> smf at its address, tls, unverified (catalogue 0, 1)",
            "amf -> udm at its address, tls, unverified (catalogue 0, 2)",
            "smf -> amf at its address, tls, unverified (catalogue 1, 0)",
            "smf -> udm at its address, tls, unverified (catalogue 1, 2)",
        ]
    );
}
