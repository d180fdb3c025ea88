//! Spaces and bindings: which address each charm asks a certificate for, and at which clients dial it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use trustsim::scenario::{MemoryFiles, load};
use trustsim::whatif::{NameVerdict, dialled_names, play_to_rest};
use trustsim::world::{Options, Simulation};

/// A scenario at rest.
fn at_rest(text: &str) -> Simulation {
    let deployment = Arc::new(crate::common::deployed(text));
    let mut simulation = Simulation::new(deployment, Options::default());
    assert_eq!(play_to_rest(&mut simulation), Ok(()));
    simulation
}

/// The name that each connection dials, and whether the certificate has it.
fn names(simulation: &Simulation) -> BTreeMap<String, (String, NameVerdict)> {
    let found = dialled_names(simulation).dialled.into_iter();
    let named = found.map(|one| {
        let name = one.connection.last_server_name().to_owned();
        (one.connection.name, (name, one.verdict))
    });
    named.collect()
}

fn sans(simulation: &Simulation, connection: &str) -> Vec<String> {
    let mut found = dialled_names(simulation).dialled.into_iter();
    let found = found.find(|one| one.connection.name == connection);
    let presented = found.and_then(|one| one.presented);
    let presented = presented.expect("the server presents a certificate");
    let mut sans = presented.sans().to_vec();
    sans.sort();
    sans
}

fn matching(name: &str) -> (String, NameVerdict) {
    (name.to_owned(), NameVerdict::Matches)
}

/// charmed-kubernetes/layer-etcd at 233f62a: `prepare_tls_certificates` asks for all ingress addresses of `db` and of
/// `cluster` beside the address of the machine, and `send_cluster_connection_details` gives clients that of `db`.
#[test]
fn etcd_is_dialled_in_the_space_of_the_relation() {
    let simulation = at_rest(
        "
name: s
duration: 1d
models:
  m:
    spaces: {oam: [10.30.0.0/24], data: [10.31.0.0/24, 'fd00:31::/64'], internal: [10.32.0.0/24]}
    applications:
      ca: {charm: easyrsa, num_units: 1}
      etcd: {charm: etcd, num_units: 2, bindings: {'': oam, db: data, cluster: internal}}
    relations: [['ca:client', 'etcd:certificates']]
clients: {browser: {trusts: [m.ca]}}
connections:
  - {from: m.etcd, to: m.etcd}
  - {from: browser, to: m.etcd/0, binding: db}
",
    );
    let names = names(&simulation);
    assert_eq!(names["m.etcd/0 -> m.etcd/1"], matching("10.32.0.3"));
    assert_eq!(names["browser -> m.etcd/0"], matching("10.31.0.2"));
    let sans = sans(&simulation, "browser -> m.etcd/0");
    for address in [
        "10.30.0.2",
        "10.31.0.2",
        "10.32.0.2",
        "10.31.0.3",
        "fd00:31::2",
    ] {
        assert!(
            sans.contains(&format!("IP:{address}")),
            "{address}: {sans:?}"
        );
    }
    let status = simulation.status("m").expect("the model is there");
    assert_eq!(
        status["applications"]["etcd"]["endpoint-bindings"]["db"],
        "data"
    );
    let shown = simulation
        .show_unit("m", "etcd/0")
        .expect("the unit is there");
    let cluster = &shown["etcd/0"]["relation-info"][0];
    assert_eq!(cluster["endpoint"], "cluster");
    assert_eq!(
        cluster["local-unit"]["data"]["ingress-address"],
        "10.32.0.2"
    );
}

/// canonical/vault-k8s-operator at 619be7dc5, `machine/src/charm.py`: `_get_relation_api_address` gives each client the
/// ingress address of its own relation, and the certificate is asked for the addresses in the space of `vault-peers` alone;
/// `access_sans_ip` adds others.
#[test]
fn a_vault_whose_clients_are_in_another_space_has_a_certificate_without_their_address() {
    let played = |options: &str| {
        at_rest(&format!(
            "
name: s
duration: 3d
models:
  m:
    spaces: {{internal: [10.32.0.0/24], data: [10.31.0.0/24]}}
    applications:
      vault: {{charm: vault, num_units: 1, bindings: {{'': internal, vault-kv: data}}{options}}}
      reader: {{charm: reader, num_units: 1}}
    relations: [['reader:store', 'vault:vault-kv']]
charms:
  reader:
    requires: {{store: {{interface: vault-kv, trusts-ca: true}}}}
operators: {{people: {{answers: [m.vault], delay: {{exactly: 10m}}}}}}
connections: derived
"
        ))
    };
    let wrong = names(&played(""));
    let name = "m.reader/0 -> m.vault/0";
    assert_eq!(wrong[name], ("10.31.0.2".to_owned(), NameVerdict::Differs));
    let repaired = names(&played(", options: {access_sans_ip: 10.31.0.2}"));
    assert_eq!(repaired[name], matching("10.31.0.2"));
}

fn postgresql(channel: &str, endpoint: &str) -> Simulation {
    at_rest(&format!(
        "
name: s
duration: 1d
models:
  m:
    spaces: {{oam: [10.30.0.0/24], data: ['fd00:31::/64'], internal: [10.32.0.0/24]}}
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1}}
      pg: {{charm: postgresql, channel: {channel}, num_units: 1, bindings: {{'': oam, database: data, database-peers: internal}}}}
    relations: [['ca:certificates', 'pg:{endpoint}']]
clients: {{browser: {{trusts: [m.ca]}}}}
connections: [{{from: browser, to: m.pg}}]
"
    ))
}

/// canonical/postgresql-operator: track 14 at 9251d5db45 asks for the address in the space of its peers
/// (`postgresql_tls.py`, `_get_sans`) and tells its clients that one; track 16 at 4d43436a asks for that of `database`
/// (`src/relations/tls.py`, `_get_client_addrs`) and tells that (`update_endpoints`).
#[test]
fn postgresql_asks_for_the_address_that_it_tells_its_clients() {
    let name = "browser -> m.pg/0";
    let old = postgresql("14/stable", "certificates");
    assert_eq!(names(&old)[name], matching("10.32.0.2"));
    assert_eq!(sans(&old, name), ["IP:10.32.0.2"]);
    let new = postgresql("16/stable", "client-certificates");
    assert_eq!(names(&new)[name], matching("fd00:31::2"));
    assert_eq!(sans(&new, name), ["IP:fd00:31::2"]);
}

/// Names of spaces with the addresses of a machine in them, as `juju status` has them.
fn interfaces(simulation: &Simulation, machine: &str) -> BTreeMap<String, Vec<String>> {
    let status = simulation.status("m").expect("the model is there");
    let found = &status["machines"][machine]["network-interfaces"];
    let found = found
        .as_object()
        .expect("a machine has interfaces")
        .values();
    let of = |interface: &serde_json::Value| {
        let addresses = interface["ip-addresses"].as_array().expect("a list");
        let addresses = addresses.iter().filter_map(|one| one.as_str());
        let space = interface["space"].as_str().expect("a name");
        (space.to_owned(), addresses.map(str::to_owned).collect())
    };
    found.map(of).collect()
}

/// juju/juju 3.6 `apiserver/facades/agent/provisioner/provisioninginfo.go`, `machineSpaces`: a machine is in the spaces of its
/// constraints and in those that its units are bound to. `state/machine.go`, `setPrivateAddressOps`: where all endpoints are
/// in the default space, a unit has the first address of the cloud that its machine has.
#[test]
fn a_machine_is_in_the_spaces_of_its_constraints() {
    let simulation = at_rest(
        "
name: s
duration: 1d
models:
  m:
    spaces: {oam: [10.30.0.0/24], data: [10.31.0.0/24], backup: [192.168.7.0/24]}
    machines: {'0': {constraints: 'cores=4 spaces=oam,backup'}}
    applications:
      ca: {charm: self-signed-certificates, num_units: 1, constraints: 'arch=amd64'}
      pg: {charm: postgresql, channel: 16/stable, num_units: 3, to: [0, 'lxd:0', new], bindings: {database: data}, constraints: spaces=backup}
    relations: [['ca:certificates', 'pg:client-certificates']]
clients: {browser: {trusts: [m.ca]}, operator: {trusts: [m.ca]}}
connections: [{from: browser, to: m.pg}, {from: operator, to: m.pg, binding: ''}]
",
    );
    let spaces =
        |machine: &str| -> Vec<String> { interfaces(&simulation, machine).into_keys().collect() };
    assert_eq!(spaces("0"), ["backup", "data", "oam"]);
    let pg = &simulation.status("m").expect("the model is there")["applications"]["pg"]["units"];
    for unit in ["pg/1", "pg/2"] {
        let machine = pg[unit]["machine"].as_str().expect("a machine");
        let found = interfaces(&simulation, machine);
        let spaces: Vec<&String> = found.keys().collect();
        assert_eq!(spaces, ["backup", "data"], "{unit} on {machine}");
    }
    let names = names(&simulation);
    assert_eq!(names["browser -> m.pg/0"], matching("10.31.0.2"));
    let of_machine = ("10.30.0.2".to_owned(), NameVerdict::Differs);
    assert_eq!(names["operator -> m.pg/0"], of_machine);
}

fn refusals(text: &str) -> Vec<String> {
    let files = MemoryFiles::new([("s.yaml", text)]);
    let wrong = load(Path::new("s.yaml"), &files).expect_err("it is refused");
    wrong.list.into_iter().map(|one| one.message).collect()
}

#[test]
fn a_space_that_cannot_be_is_refused() {
    let model = |more: &str, units: u32| {
        refusals(&format!(
            "name: s\nduration: 1d\nmodels:\n  m:\n{more}    applications: {{pg: {{charm: postgresql, num_units: {units}, bindings: {{'': oam}}}}}}\n"
        ))
    };
    let subnet = "`10.0.0.1/24`: a subnet is written as 10.0.0.0/24 or fd00:1::/64, and its address has no bit beyond its prefix";
    assert_eq!(model("    spaces: {oam: [10.0.0.1/24]}\n", 1), [subnet]);
    let full = "6 machines are in `oam`, whose smallest subnet has room for 5";
    assert_eq!(model("    spaces: {oam: [10.0.0.0/29]}\n", 6), [full]);
    // A unit that is added later is on a machine of its own.
    let later = refusals(
        "name: s\nduration: 1d\nmodels:\n  m:\n    spaces: {oam: [10.0.0.0/29]}\n    applications: {pg: {charm: postgresql, num_units: 5, bindings: {'': oam}}}\nfaults:\n  - {at: 1h, add-units: {app: m.pg}}\n",
    );
    assert_eq!(later, [full]);
    let against = refusals(
        "name: s\nduration: 1d\nmodels:\n  m:\n    applications: {pg: {charm: postgresql, num_units: 1, bindings: {database: dmz}, constraints: 'spaces=oam,^dmz x'}}\n",
    );
    let expected = [
        "`x` is no constraint",
        "a machine that is not in `dmz` has no address for `database`, which is bound to it",
    ];
    assert_eq!(against, expected);
    let pods = "every pod is in the space `alpha`: `spaces` has no effect on Kubernetes";
    let found = model(
        "    bundle: kubernetes\n    spaces: {oam: [10.0.0.0/24]}\n",
        1,
    );
    assert!(found.iter().any(|message| message == pods), "{found:?}");
}

/// `get_certificate_request` and `resolve_address` of juju/charm-helpers 99980625 (`contrib/openstack/cert_utils.py`, `ip.py`):
/// each unit asks for the virtual address too, and clients of a Keystone with `hacluster` are told it.
#[test]
fn keystone_is_asked_for_and_dialled_at_its_virtual_address() {
    let played = |options: &str| {
        at_rest(&format!(
            "
name: s
duration: 1d
models:
  m:
    applications:
      ca: {{charm: easyrsa, num_units: 1}}
      keystone: {{charm: keystone, num_units: 2, options: {{{options}}}}}
      hacluster: {{charm: hacluster}}
      glance: {{charm: glance, num_units: 1}}
    relations:
      - ['ca:client', 'keystone:certificates']
      - ['ca:client', 'glance:certificates']
      - ['keystone:identity-service', 'glance:identity-service']
      - ['keystone:ha', 'hacluster:ha']
connections: derived
"
        ))
    };
    let connections = ["m.glance/0 -> m.keystone/0", "m.glance/0 -> m.keystone/1"];
    for (options, name) in [
        ("vip: 10.100.0.9 10.101.0.9", "10.100.0.9"),
        (
            "vip: 10.100.0.9, os-admin-hostname: keystone.example.com",
            "keystone.example.com",
        ),
    ] {
        let names = names(&played(options));
        for connection in connections {
            assert_eq!(names[connection], matching(name), "{options}");
        }
    }
}

/// canonical/mongodb-operator 460b6ccb: `get_new_sans` (`lib/charms/mongodb/v1/mongodb_tls.py` 319-344) and `unit_host`
/// (`src/charm.py` 1285-1292) both take the binding of the peers.
#[test]
fn mongodb_is_dialled_in_the_space_of_its_peers() {
    let simulation = at_rest(
        "
name: s
duration: 1d
models:
  m:
    spaces: {internal: [10.32.0.0/24], data: [10.31.0.0/24]}
    applications:
      ca: {charm: self-signed-certificates, num_units: 1}
      mongodb: {charm: mongodb, channel: 6/stable, revision: 199, num_units: 1, bindings: {'': data, database-peers: internal}}
    relations: [['ca:certificates', 'mongodb:certificates']]
clients: {browser: {trusts: [m.ca]}}
connections: [{from: browser, to: m.mongodb}]
",
    );
    let names = names(&simulation);
    let (name, verdict) = &names["browser -> m.mongodb/0"];
    assert!(name.starts_with("10.32.0."), "{name}");
    assert_eq!(*verdict, NameVerdict::Matches);
}

/// loki-k8s 8bcecbf2f `src/charm.py` 962-975, grafana-k8s 382e463 `src/charm.py` 574-578.
#[test]
fn charms_dial_the_workloads_of_their_own_units() {
    let simulation = at_rest(
        "
name: s
duration: 1d
models:
  m:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1}
      loki: {charm: loki-k8s, scale: 2}
      grafana: {charm: grafana-k8s, scale: 1}
    relations: [['ca:certificates', 'loki:certificates'], ['ca:certificates', 'grafana:certificates']]
connections: derived
",
    );
    let names = names(&simulation);
    // That of Grafana dials in an action alone, which is not played.
    let expected = ["loki/0", "loki/1"].map(|unit| {
        let (app, number) = unit.split_once('/').expect("a unit");
        let name = format!("{app}-{number}.{app}-endpoints.m.svc.cluster.local");
        (format!("m.{unit} (charm) -> m.{unit}"), matching(&name))
    });
    assert_eq!(names, BTreeMap::from(expected));
}
