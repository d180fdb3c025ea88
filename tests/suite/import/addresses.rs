//! Spaces, addresses of machines, and load balancers as Juju prints them.

use std::collections::BTreeMap;

use super::round_trip::dumped;
use super::{from_files, from_texts, notes};
use trustsim::model::Deployment;

const SPACES: &str = "
name: s
duration: 1d
models:
  m:
    spaces: {oam: [10.30.0.0/24], data: [10.31.0.0/24, 'fd00:31::/64']}
    machines: {'0': {}, '1': {addresses: {oam: [10.30.0.77], data: ['fd00:31::77']}}}
    applications:
      ca: {charm: easyrsa, num_units: 1, to: 0}
      etcd: {charm: etcd, num_units: 2, to: [0, 1], bindings: {'': oam, db: data}}
    relations: [['ca:client', 'etcd:certificates']]
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.etcd, binding: db}, {from: m.etcd, to: m.etcd}]
";

/// Machines by their number, with their addresses in each space.
fn machines(deployment: &Deployment) -> BTreeMap<String, Vec<String>> {
    let machines = deployment.machines.iter();
    let addresses = machines.map(|machine| {
        let spaces = machine.addresses.iter();
        let spaces = spaces.map(|(space, addresses)| format!("{space} {addresses:?}"));
        (machine.id.clone(), spaces.collect())
    });
    addresses.collect()
}

/// juju/juju 3.6 `cmd/juju/status/formatted.go`: `endpoint-bindings` of an application, `network-interfaces` of a machine.
/// What `show-unit` has says the same.
#[test]
fn bindings_and_addresses_are_those_of_the_status() {
    let deployment = crate::common::deployed(SPACES);
    let made = from_files(&dumped(&deployment, true), &["dumps"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    let found = &imported.loaded.deployment;
    let etcd = found.applications.iter().find(|spec| spec.name == "etcd");
    let bindings = &etcd.expect("it is there").bindings;
    assert_eq!(bindings[""], "oam");
    assert_eq!(bindings["db"], "data");
    assert_eq!(bindings["cluster"], "oam");
    let machines = machines(found);
    assert_eq!(machines["1"], ["data [fd00:31::77]", "oam [10.30.0.77]"]);
    assert_eq!(
        machines["0"][1..],
        ["data [10.31.0.2, fd00:31::2]", "oam [10.30.0.2]"]
    );
    assert!(!notes(&made).contains("TS0116"), "{}", notes(&made));
}

/// A bundle has the bindings, and a unit that is shown the address in the space of each of its endpoints.
#[test]
fn an_address_in_a_databag_is_in_the_space_of_its_endpoint() {
    let bundle = "
applications:
  ca: {charm: easyrsa, num_units: 1, to: ['0']}
  etcd: {charm: etcd, num_units: 1, to: ['1'], bindings: {'': oam, certificates: data}}
relations: [['ca:client', 'etcd:certificates']]
machines: {'0': {}, '1': {}}
";
    let unit = r#"
etcd/0:
  charm: ch:amd64/jammy/etcd-800
  machine: "1"
  public-address: 203.0.113.9
  relation-info:
  - relation-id: 1
    endpoint: certificates
    related-endpoint: client
    local-unit: {in-scope: true, data: {ingress-address: "fd00:31::9", private-address: "fd00:31::9"}}
    related-units: {ca/0: {in-scope: true, data: {ingress-address: 10.0.0.1}}}
"#;
    let made = from_texts([("d/b.yaml", bundle), ("d/u.yaml", unit)], &["d"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    let machines = machines(&imported.loaded.deployment);
    assert_eq!(machines["1"], ["data [fd00:31::9]"]);
}

/// Of constraints, those of spaces are read from a bundle and its machines, and from a status.
#[test]
fn spaces_of_constraints_are_read() {
    let bundle = "
applications:
  ca: {charm: easyrsa, num_units: 1, constraints: mem=2G spaces=oam}
  etcd: {charm: etcd, num_units: 1, to: ['1'], constraints: arch=amd64}
relations: [['ca:client', 'etcd:certificates']]
machines: {'1': {constraints: 'spaces=data,^dmz tags=big'}}
";
    let status = "
model: {name: m, type: iaas, controller: c, cloud: k, version: 3.6.0}
machines: {'1': {constraints: spaces=backup}}
applications:
  etcd: {charm: etcd, charm-origin: charmhub, charm-name: etcd, charm-rev: 748, units: {etcd/0: {machine: '1'}}}
";
    for (text, of_application, of_machine) in [(bundle, "oam", "data"), (status, "", "backup")] {
        let made = from_texts([("d/b.yaml", text)], &["d"]);
        let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
        let found = &imported.loaded.deployment;
        let of = |name: &str| -> Vec<String> {
            let spec = found.applications.iter().find(|spec| spec.name == name);
            spec.into_iter()
                .flat_map(|spec| spec.spaces.clone())
                .collect()
        };
        assert_eq!(of("ca").join(" "), of_application);
        assert_eq!(of("etcd"), Vec::<String>::new());
        let machine = found.machines.iter().find(|machine| machine.id == "1");
        let spaces = &machine.expect("it is there").spaces;
        assert_eq!(Vec::from_iter(spaces), [of_machine], "{}", imported.text);
    }
}

fn load_balancer(address: &str, message: &str, options: &str) -> Option<String> {
    let status = format!(
        "
model: {{name: m, type: caas, controller: c, cloud: k, version: 3.6.0}}
applications:
  traefik:
    {{charm: traefik-k8s, charm-origin: charmhub, charm-name: traefik-k8s, charm-rev: 236, scale: 1, address: {address},
     application-status: {{current: active, message: '{message}'}}, units: {{traefik/0: {{address: 10.1.185.52}}}}}}
  loki: {{charm: loki-k8s, charm-origin: charmhub, charm-name: loki-k8s, charm-rev: 180, scale: 1, address: 10.152.183.88, units: {{loki/0: {{}}}}}}
  ca: {{charm: self-signed-certificates, charm-origin: charmhub, charm-name: self-signed-certificates, charm-rev: 155, scale: 1, address: 10.152.183.45, units: {{ca/0: {{}}}}}}
"
    );
    let bundle = format!(
        "bundle: kubernetes\napplications: {{traefik: {{charm: traefik-k8s, scale: 1{options}}}}}\n"
    );
    let made = from_texts([("d/s.yaml", &status), ("d/b.yaml", &bundle)], &["d"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    let mut found = imported.loaded.deployment.applications.iter();
    let found = found.find(|spec| spec.name == "traefik")?;
    Some(found.load_balancer.as_ref()?.address.to_string())
}

/// canonical/traefik-k8s-operator `src/charm.py` at 8ab4a7e says where it serves; before that its service itself was behind
/// the load balancer, whose address Juju shows in place of the service's, as the statuses in the corpus have both.
#[test]
fn an_ingress_is_behind_the_load_balancer_that_the_status_tells() {
    let by_message = load_balancer("10.152.183.239", "Serving at 192.168.88.12", "");
    assert_eq!(by_message.as_deref(), Some("192.168.88.12"));
    let by_address = load_balancer("10.64.140.44", "", "");
    assert_eq!(by_address.as_deref(), Some("10.64.140.44"));
    assert_eq!(load_balancer("10.152.183.239", "", ""), None);
    let named = ", options: {external_hostname: example.com}";
    assert_eq!(
        load_balancer("10.152.183.239", "Serving at 192.168.88.12", named),
        None
    );
    assert_eq!(
        load_balancer("10.152.183.239", "Serving at example.com", ""),
        None
    );
}

/// canonical/jhack `tests/utils/test_show_relation_mocks/cmrs/full_status_None.json`: an ingress in a model of its own, with no
/// other service beside it.
#[test]
fn an_ingress_alone_in_its_model_is_behind_what_no_cluster_has_for_services() {
    let of = |address: &str| {
        let status = format!(
            "
model: {{name: m, type: caas, controller: c, cloud: k, version: 3.6.0}}
applications:
  traefik:
    {{charm: traefik-k8s, charm-origin: charmhub, charm-name: traefik-k8s, charm-rev: 236, scale: 1, address: {address},
     units: {{traefik/0: {{address: 10.1.185.52}}}}}}
"
        );
        let made = from_texts([("s.yaml", status.as_str())], &["s.yaml"]);
        let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
        let mut found = imported.loaded.deployment.applications.iter();
        let found = found.next().expect("it is there").load_balancer.as_ref();
        found.map(|found| found.address.to_string())
    };
    assert_eq!(of("10.64.140.43").as_deref(), Some("10.64.140.43"));
    assert_eq!(of("192.168.88.12").as_deref(), Some("192.168.88.12"));
    for service in ["10.152.183.239", "10.96.3.4", "10.43.0.9", "172.20.8.8"] {
        assert_eq!(of(service), None, "{service}");
    }
}
