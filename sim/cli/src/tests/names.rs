//! What is suggested in place of a name that no application has, and names that new offers get.

use super::{folder, trustsim};

const SCENARIO: &str = "
models:
  cos:
    bundle: kubernetes
    applications:
      graf: {charm: grafana-k8s, scale: 1}
      logs: {charm: loki-k8s, scale: 1}
      ca: {charm: self-signed-certificates, scale: 1}
    relations:
      - [grafana:certificates, ca:certificates]
clients:
  browser: {trusts: [cos.ca]}
connections:
  - {from: browser, to: cos.grafana}
  - {from: browser, to: cos.logz}
  - {from: browser, to: cos.postgresql}
";

#[test]
fn an_application_is_suggested_by_its_name_or_its_charm_and_else_all_are_listed() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("s.yaml");
    std::fs::write(&path, SCENARIO).expect("written");
    let (_, _, err) = trustsim(&["check", path.to_str().expect("text")]);
    let told = err
        .lines()
        .filter(|line| line.starts_with("error") || line.starts_with("help"));
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    error[TS0202]: no application `grafana` in model `cos`
    help: charm `grafana-k8s` is deployed here as `graf`
    error[TS0202]: no application `grafana` in model `cos`
    help: charm `grafana-k8s` is deployed here as `graf`
    error[TS0202]: no application `logz` in model `cos`
    help: an application or client with a similar name exists: `logs`
    error[TS0202]: no application `postgresql` in model `cos`
    help: its applications are ca, graf, logs
    ");
}

/// Both names that an offer of the CA would get are taken in its model, one by another application's offer.
const OFFERS: &str = "
duration: 1h
models:
  pki:
    bundle: kubernetes
    applications:
      ca: {charm: self-signed-certificates, scale: 1, offers: {ca: {endpoints: [certificates]}}}
      other:
        charm: self-signed-certificates
        scale: 1
        offers: {ca-send-ca-cert: {endpoints: [send-ca-cert]}}
  app:
    bundle: kubernetes
    saas: {ca: {url: admin/pki.ca}}
    applications:
      web: {charm: web, scale: 1}
      client: {charm: client, scale: 1}
    relations:
      - [web:certificates, ca]
charms:
  web:
    requires: {certificates: {interface: tls-certificates, limit: 1, mode: unit}}
  client:
    requires: {receive-ca-cert: {interface: certificate_transfer}}
connections:
  - {from: app.client, to: app.web}
";

#[test]
fn a_new_offer_gets_a_name_that_is_free_in_its_model() {
    let (_root, output) = folder();
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("s.yaml");
    std::fs::write(&path, OFFERS).expect("written");
    let path = path.to_str().expect("text");
    let (_, out, err) = trustsim(&["run", path, "-o", &output]);
    let told = err.lines().chain(out.lines());
    let told = told.filter(|line| line.contains("juju ")).map(str::trim);
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    help: the missing relation: juju offer pki.ca:send-ca-cert ca-send-ca-cert-2; juju consume -m app admin/pki.ca-send-ca-cert-2; juju integrate -m app client:receive-ca-cert ca-send-ca-cert-2
    = remedy          `juju offer pki.ca:send-ca-cert ca-send-ca-cert-2`
    =                 `juju consume -m app admin/pki.ca-send-ca-cert-2`
    =                 `juju integrate -m app client:receive-ca-cert ca-send-ca-cert-2:send-ca-cert`
    ");
}
