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

/// What `trustsim check` says of a file that is imported.
fn checked(name: &str, text: &str) -> String {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join(name);
    std::fs::write(&path, text).expect("written");
    let (exit, out, err) = trustsim(&["check", path.to_str().expect("text")]);
    assert_eq!((exit, out.as_str()), (Exit::Held, ""), "{err}");
    err.replace(root.path().to_str().expect("text"), "")
}

#[test]
fn what_juju_status_prints_is_imported() {
    insta::assert_snapshot!(checked("status.yaml", STATUS));
    let json = r#"{"applications": {"a": {"charm": "a", "scale": 1}}, "model": {"name": "cos"}, "machines": {}}"#;
    assert!(checked("status.json", json).contains("1 application"));
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
    help: make a scenario of it: trustsim import /status.yaml
          or get a bundle of the model, and name it in a scenario:
          juju export-bundle -m cos --filename bundle.yaml
          models: {cos: {from: bundle.yaml}}
    ");
}

#[test]
fn what_juju_show_unit_prints_is_imported() {
    let text = r#"{"graf/0": {"charm": "ch:amd64/grafana-k8s-122", "relation-info": []}}"#;
    insta::assert_snapshot!(checked("show-unit.yaml", text));
}

#[test]
fn a_bundle_by_itself_is_imported() {
    let text = "bundle: kubernetes\napplications: {web: {charm: web}}\n---\napplications: {}\n";
    insta::assert_snapshot!(checked("cos lite.yaml", text));
}

#[test]
fn an_import_is_written_whole_and_never_over_its_input() {
    let root = tempfile::tempdir().expect("a folder");
    let path = |name: &str| root.path().join(name).to_str().expect("text").to_owned();
    let (status, scenario) = (path("status.yaml"), path("made.yaml"));
    std::fs::write(&status, STATUS).expect("written");
    let (exit, out, err) = trustsim(&["import", &status, "-o", &scenario, "--duration", "90d"]);
    assert_eq!((exit, out.as_str()), (Exit::Held, ""), "{err}");
    let text = std::fs::read_to_string(&scenario).expect("written");
    let (exit, printed, _) = trustsim(&["import", &status, "--duration", "90d"]);
    assert_eq!((exit, printed), (Exit::Held, text.clone()));
    assert!(
        text.contains("duration: \"90d\"") && text.contains("charm: grafana-k8s"),
        "{text}"
    );
    assert_eq!(trustsim(&["check", &scenario]).0, Exit::Held);
    for wrong in [
        ["import", &status, "-o", &status].as_slice(),
        &["import", &scenario],
        &["import", &status, "--duration", "soon"],
        &[
            "check",
            &status,
            "--strict",
            "--quiet",
            "nothing-there.yaml",
        ],
    ] {
        let (exit, out, err) = trustsim(wrong);
        assert_eq!((exit, out.as_str()), (Exit::Refused, ""), "{wrong:?} {err}");
    }
    assert_eq!(std::fs::read_to_string(&status).expect("there"), STATUS);
}

#[test]
fn a_folder_is_imported_and_one_of_nothing_is_no_run() {
    let root = tempfile::tempdir().expect("a folder");
    let shown = root.path().to_str().expect("text");
    let (exit, _, err) = trustsim(&["status", shown]);
    assert!(
        exit == Exit::Refused && err.contains("no folder of a run"),
        "{err}"
    );
    for model in ["a", "b"] {
        std::fs::create_dir(root.path().join(model)).expect("made");
        let text = STATUS.replace("name: cos", &format!("name: {model}"));
        std::fs::write(root.path().join(model).join("status.yaml"), text).expect("written");
    }
    let (exit, _, err) = trustsim(&["check", shown]);
    assert!(
        exit == Exit::Held && err.contains("2 models, 2 applications"),
        "{err}"
    );
    let (exit, out, err) = trustsim(&["status", shown, "--at", "1h"]);
    assert!(exit == Exit::Held && out.contains("graf"), "{err}");
}
