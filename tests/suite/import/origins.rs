//! Each fact of a written scenario says from which file and line it is.

use super::{from_texts, notes};

const STATUS: &str = "model: {name: m, type: iaas, controller: c, version: 3.6.1}
machines:
  \"3\":
    network-interfaces:
      ens3:
        space: oam
        ip-addresses:
        - 10.1.0.3
    constraints: spaces=oam
applications:
  web:
    charm-name: web
    charm-channel: 1/stable
    endpoint-bindings:
      \"\": oam
      data: backup
    units:
      web/0:
        machine: \"3\"
";
const BUNDLE: &str = "applications:
  web:
    charm: web
    revision: 4
    constraints: spaces=oam
    options: {a: 1}
    offers:
      web:
        endpoints: [db]
saas:
  pg:
    url: bob/other.pg
relations:
- [web:db, pg:db]
";
const UNIT: &str = "web/0:
  charm: ch:amd64/web-4
  machine: \"3\"
  relation-info:
  - endpoint: data
    related-endpoint: data
    local-unit:
      data:
        ingress-address: 10.9.0.3
        url: https://web.example.com
";

/// Every line of the model that is a fact has the file and the line it is of.
#[test]
fn each_fact_says_its_file_and_line() {
    let files = [("s.yaml", STATUS), ("b.yaml", BUNDLE), ("u.yaml", UNIT)];
    let made = from_texts(files, &["s.yaml", "b.yaml", "u.yaml"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    insta::assert_snapshot!(imported.text);
}

/// On Kubernetes: the scale, the load balancer, and what another input says.
#[test]
fn each_fact_of_kubernetes_says_its_file_and_line() {
    let status = "model: {name: m, type: caas, controller: c, version: 3.6.1}
applications:
  traefik:
    charm-name: traefik-k8s
    scale: 1
    application-status:
      message: Serving at 10.64.140.43
";
    let bundle = "bundle: kubernetes
applications:
  traefik:
    charm: traefik-k8s
    channel: latest/stable
    revision: 176
    scale: 1
    options:
      routing_mode: path
";
    let files = [("s.yaml", status), ("b.yaml", bundle)];
    let made = from_texts(files, &["s.yaml", "b.yaml"]);
    let imported = made.as_ref().unwrap_or_else(|_| panic!("{}", notes(&made)));
    insta::assert_snapshot!(imported.text);
}
