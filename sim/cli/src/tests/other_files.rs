//! Files that are no scenario are told as what they are, in one error.

use super::{Exit, trustsim};

const STATUS: &str = "
model: {name: cos, type: caas, controller: k8s, version: 3.6.0}
machines: {}
applications:
  graf: {charm: grafana-k8s, charm-channel: 1/stable, exposed: false, units: {graf/0: {leader: true}}}
storage: {}
controller: {timestamp: 10:00:00Z}
";

/// What `trustsim status` says of these files, the last of which is given.
fn said(files: &[(&str, &str)]) -> String {
    let root = tempfile::tempdir().expect("a folder");
    let mut path = root.path().to_owned();
    for (name, text) in files {
        path = root.path().join(name);
        std::fs::write(&path, text).expect("written");
    }
    let shown = path.to_str().expect("text");
    let (exit, out, err) = trustsim(&["status", shown]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""), "{err}");
    for command in ["check", "run", "export"] {
        let args: &[&str] = match command {
            "export" => &[command, shown, "-o", "unused"],
            _ => &[command, shown],
        };
        assert_eq!(
            trustsim(args),
            (exit, String::new(), err.clone()),
            "{command}"
        );
    }
    assert!(err.lines().count() <= 10, "{err}");
    let root = root.path().to_str().expect("text");
    err.replace(root, "")
}

#[test]
fn what_juju_status_prints_is_no_scenario() {
    insta::assert_snapshot!(said(&[("status.yaml", STATUS)]), @"
    error[TS0114]: this is the output of juju status, not a scenario: `/status.yaml` does not say how charms are configured and which endpoints are related
    help: get a bundle of the model, and name it in a scenario:
          juju export-bundle -m cos --filename bundle.yaml
          models: {cos: {from: bundle.yaml}}
    ");
    let json = r#"{"applications": {}, "model": {"name": "cos"}, "machines": {}}"#;
    assert!(said(&[("status.json", json)]).contains("the output of juju status"));
}

#[test]
fn nor_is_it_a_bundle() {
    let scenario = "models: {cos: {from: status.yaml}}\nconnections: [{from: cos.a, to: cos.b}]\n";
    let files = [("status.yaml", STATUS), ("scenario.yaml", scenario)];
    insta::assert_snapshot!(said(&files), @"
    error[TS0114]: this is the output of juju status, not a bundle: `/status.yaml` does not say how charms are configured and which endpoints are related
     --> /scenario.yaml:1:22
      |
    1 | models: {cos: {from: status.yaml}}
      |                      ^^^^^^^^^^^
      |
    help: get a bundle of the model, and name it in a scenario:
          juju export-bundle -m cos --filename bundle.yaml
          models: {cos: {from: bundle.yaml}}
    ");
}

#[test]
fn what_juju_show_unit_prints_is_no_scenario() {
    let text = r#"{"graf/0": {"charm": "ch:amd64/grafana-k8s-122", "relation-info": []}}"#;
    insta::assert_snapshot!(said(&[("show-unit.yaml", text)]), @"
    error[TS0114]: this is the output of juju show-unit, not a scenario: `/show-unit.yaml` does not say how charms are configured and which endpoints are related
    help: get a bundle of the model, and name it in a scenario:
          juju export-bundle -m my-model --filename bundle.yaml
          models: {my-model: {from: bundle.yaml}}
    ");
}

#[test]
fn a_bundle_by_itself_is_told_how_it_becomes_a_model() {
    let text = "bundle: kubernetes\napplications: {web: {charm: web}}\n---\napplications: {}\n";
    insta::assert_snapshot!(said(&[("cos lite.yaml", text)]), @"
    error[TS0114]: this is a bundle, not a scenario: `/cos lite.yaml` has applications, and no models
    help: write this line into a file beside it, and give that one:
          models: {my-model: {from: 'cos lite.yaml'}}
    ");
}
