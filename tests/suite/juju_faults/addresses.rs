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
        "address of shop.web/0 changes to 10.9.9.9 (s.yaml:20)"
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

/// An ingress without a name of its own is certified for the address of its load balancer. Its charm knows another one in
/// its next hook and has the library look at it in config-changed only (canonical/traefik-k8s-operator 8ab4a7e
/// `src/charm.py`: `refresh_events`, and `_refresh_certs_if_needed`, which compares with what the same hook began with).
#[test]
fn an_ingress_asks_for_another_load_balancer_when_it_is_configured() {
    let run = played(
        "duration: 2d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      traefik: {charm: traefik-k8s, load-balancer: {address: 10.64.140.43, reverse-dns: front.example.com}}
    relations:
      - [traefik:certificates, ca:certificates]
clients:
  browser: {trusts: [ca]}
connections:
  - {from: browser, to: traefik, every: 10s}
faults:
  - {at: 1h, change-address: {load-balancer: shop.traefik, to: 10.64.140.99}}
  - {at: 10h, set-config: {app: shop.traefik, options: {routing_mode: subdomain}}}
",
    );
    let outages = run.outages();
    assert_eq!(outages.len(), 1, "{outages:?}");
    let (_, from, length, errors) = &outages[0];
    // While the new certificate is on its way the ingress serves one of its own.
    let expected = "not-valid-for-name unknown-issuer";
    assert_eq!((*from, errors.as_str()), (HOUR, expected));
    let length = length.expect("it ends");
    assert!(
        (9.0 * HOUR..9.0 * HOUR + 60.0).contains(&length),
        "{length}"
    );
    assert_eq!(
        run.roots()[0],
        "address of the load balancer of shop.traefik changes to 10.64.140.99 (s.yaml:15)"
    );
    let connection = &run.record.manifest.connections[0];
    assert_eq!(connection.server_name, "10.64.140.43");
    assert_eq!(connection.last_server_name(), "10.64.140.99");
}

/// Clients that dial the address of a pod dial that of the next one; the address of the service stays.
#[test]
fn a_pod_that_is_replaced_is_dialled_at_its_own_address() {
    let run = played(
        "duration: 2d
models:
  shop:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates}
      web: {charm: web, scale: 2}
    relations:
      - [web:certificates, ca:certificates]
charms:
  web: {requires: {certificates: {interface: tls-certificates}}}
clients:
  browser: {trusts: [ca]}
connections:
  - {from: browser, to: web, dials: bind-address}
  - {from: browser, to: web, dials: ingress-address}
faults:
  - {at: 1h, kill-unit: {unit: shop.web/1}}
",
    );
    let connections = &run.record.manifest.connections;
    let [first, second, of_service @ ..] = &connections[..] else {
        panic!("{connections:?}");
    };
    assert!(first.renamed.is_empty() && second.renamed.len() == 1);
    let own = [&first.server_name, &second.server_name].map(String::as_str);
    assert!(!own.contains(&second.last_server_name()));
    for one in of_service {
        assert!(one.renamed.is_empty());
        assert_eq!(one.server_name, of_service[0].server_name);
        assert!(!own.contains(&one.server_name.as_str()));
    }
    // The charm asks for its name, so that neither address is in its certificate.
    let outages = run.outages();
    assert!(
        outages.iter().all(|it| it.3.contains("not-valid-for-name")),
        "{outages:?}"
    );
    assert_eq!(outages.len(), 4, "{outages:?}");
}
