//! Machines that get another address: clients dial it at once, charms ask for it when their controller knows.

use super::stage::{Played, played};

const HOUR: f64 = 3_600.0;

/// A server whose certificate has its address, by a charm that keeps its request (`rest`) or not.
fn machines(endpoint: &str, every_handshake_of: &str, faults: &str) -> Played {
    played(&format!(
        "duration: 2d
models:
  shop:
    machines: {{'0': {{}}, '1': {{}}}}
    applications:
      ca: {{charm: self-signed-certificates, num_units: 1, to: ['1']}}
      web: {{charm: web, num_units: 1, to: ['0']}}
      api: {{charm: web, num_units: 1, to: ['0']}}
    relations:
      - [web:certificates, ca:certificates]
      - [api:certificates, ca:certificates]
charms:
  web: {{requires: {{certificates: {{interface: tls-certificates{endpoint}}}}}}}
clients:
  browser: {{trusts: [ca]}}
connections:
  - {{from: browser, to: web, every: 10s{every_handshake_of}}}
  - {{from: browser, to: api, every: 10s}}
faults:
{faults}"
    ))
}

/// Every unit of the machine is dialled at its other address, until the cloud is asked and the charm has a certificate
/// for it.
#[test]
fn a_machine_is_dialled_at_its_other_address_at_once() {
    let run = machines(
        "",
        "",
        "  - {at: 1h, change-address: {unit: shop.web/0, to: 10.9.9.9}}\n",
    );
    let outages = run.outages();
    assert_eq!(outages.len(), 2, "{outages:?}");
    for (_, from, length, errors) in &outages {
        assert_eq!((*from, errors.as_str()), (HOUR, "not-valid-for-name"));
        let length = length.expect("it ends");
        assert!((1.0..15.0 * 60.0 + 60.0).contains(&length), "{length}");
    }
    assert_eq!(
        run.roots()[0],
        "`address of shop.web/0 changes to 10.9.9.9` (s.yaml:20)"
    );
    let connection = &run.record.manifest.connections[0];
    assert_eq!(connection.last_server_name(), "10.9.9.9");
    assert_ne!(connection.server_name, "10.9.9.9");
    let hooks = run.hooks_from("web/0", 3_600);
    assert_eq!(
        hooks[..2],
        ["config-changed", "certificates-relation-changed"]
    );
}

/// What a scenario names itself is dialled as before.
#[test]
fn a_name_that_is_written_stays() {
    let run = machines(
        "",
        ", name: web.example.com",
        "  - {at: 1h, change-address: {unit: shop.web/0, to: 'fd00::9'}}\n",
    );
    let connections = &run.record.manifest.connections;
    assert_eq!(connections[0].last_server_name(), "web.example.com");
    assert_eq!(connections[1].last_server_name(), "fd00::9");
    let of_api = run
        .outages()
        .into_iter()
        .filter(|it| it.0.ends_with("api/0"));
    let lengths: Vec<Option<f64>> = of_api.map(|it| it.2).collect();
    assert_eq!(lengths.len(), 1);
    assert!(lengths[0].is_some(), "an IPv6 address is certified too");
}
