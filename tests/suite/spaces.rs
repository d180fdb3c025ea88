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
    assert!(play_to_rest(&mut simulation), "it comes to rest");
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
    let pods = "every pod is in the space `alpha`: `spaces` has no effect on Kubernetes";
    let found = model(
        "    bundle: kubernetes\n    spaces: {oam: [10.0.0.0/24]}\n",
        1,
    );
    assert!(found.iter().any(|message| message == pods), "{found:?}");
}
