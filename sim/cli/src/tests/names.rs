//! What is suggested in place of a name that no application has.

use super::trustsim;

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
