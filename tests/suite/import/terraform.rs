//! Plans, states and tests of Terraform, in the shapes of three real modules.
//!
//! The files are written after the schema of juju/terraform-provider-juju (`docs/resources` at 0c43e2c) and Terraform's
//! reference of its JSON output. The first has the modules, `for_each`, outputs and offers of canonical/observability-stack
//! `terraform/cos-lite` at 488c741, with a second model that consumes the offers: their URLs and both UUIDs are known
//! after apply. The second is a state of two models with a cross-model database, the third the state of a test with
//! `mock_provider "juju" {}`, in which what the provider computes is a random text.

use std::path::PathBuf;

use super::{contents, from_disk, from_texts, notes};
use trustsim::import::Imported;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/suite/import/terraform")
        .join(name)
}

fn imported(name: &str) -> Imported {
    let made = from_disk(&[file(name)]);
    made.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

/// What is in it, and what is said of it, without folders.
fn shown(imported: &Imported) -> String {
    let said: Vec<String> = imported
        .notes
        .list
        .iter()
        .map(|found| format!("{} {}", found.code, found.message))
        .collect();
    format!(
        "{}\n\n{}",
        contents(&imported.loaded.deployment).join("\n"),
        said.join("\n")
    )
}

#[test]
fn offers_that_are_known_after_apply_are_found_by_reference() {
    insta::assert_snapshot!(shown(&imported("cos-lite-plan.json")));
}

#[test]
fn a_state_has_models_by_uuid_and_offers_by_url() {
    insta::assert_snapshot!(shown(&imported("identity-state.json")));
}

/// `bindings`, `constraints`, `to` and machines of a scenario that was imported.
fn of_spaces(imported: &Imported) -> String {
    let keys = [
        "bindings: ",
        "constraints: ",
        "to: ",
        "\"4\": ",
        "\"0\": ",
        "\"1\": ",
    ];
    let lines = imported.text.lines().map(str::trim);
    let kept = lines.filter(|line| keys.iter().any(|key| line.starts_with(key)));
    kept.collect::<Vec<_>>().join("\n")
}

/// juju/terraform-provider-juju `docs/resources/application.md` and `machine.md` at 0c40cee: `endpoint_bindings` is a set of
/// objects, whose `endpoint` is null for all others; `machines` are numbers that are known after apply.
#[test]
fn bindings_machines_and_spaces_of_constraints_are_read() {
    let plan = imported("spaces-plan.json");
    let state = imported("spaces-state.json");
    let [plan, state] =
        [&plan, &state].map(|made| format!("{}\n\n{}", shown(made), of_spaces(made)));
    insta::assert_snapshot!(format!("{plan}\n---\n{state}"));
}

#[test]
fn a_test_with_a_mocked_provider_has_a_state_of_random_texts() {
    insta::assert_snapshot!(shown(&imported("kafka-test.json")));
}

#[test]
fn what_terraform_prints_otherwise_is_told() {
    let texts = [
        "{\"format_version\": \"2.0\", \"terraform_version\": \"3.0.0\", \"planned_values\": {}}",
        "{\"format_version\": \"1.2\", \"terraform_version\": \"1.9.8\", \"planned_values\": {\"root_module\": {}}}",
        "{\"@level\":\"info\",\"@message\":\"x\",\"type\":\"version\"}\n{\"@level\":\"info\",\"@message\":\"x\",\"test_plan\":{\n",
        "{\"@level\":\"info\",\"@message\":\"x\",\"type\":\"version\"}\n",
        "{\"format_version\": \"1.2\", \"values\": {\"root_module\": {\"resources\": [{\"address\": \"juju_integration.x\", \
         \"type\": \"juju_integration\", \"values\": {\"application\": [{}, {}]}}, {\"address\": \"juju_application.a\", \
         \"type\": \"juju_application\", \"values\": {\"name\": \"a\", \"charm\": [{\"name\": \"a-k8s\"}]}}]}}}",
    ];
    let said = texts.map(|text| notes(&from_texts([("tf.json", text)], &["tf.json"])));
    insta::assert_snapshot!(said.join("\n---\n"));
}

/// Modules of the identity platform deploy hydra, kratos and a login page beside postgresql-k8s and traefik-k8s: most names
/// say nothing, and one of Kubernetes is enough. The charm `k8s` is for machines.
#[test]
fn one_charm_of_kubernetes_is_enough() {
    let taken = |charms: &[&str]| {
        let applications = charms.iter().map(|charm| {
            serde_json::json!({
                "address": format!("juju_application.{charm}"), "type": "juju_application",
                "values": {"name": charm, "charm": [{"name": charm}]},
            })
        });
        let plan = serde_json::json!({
            "format_version": "1.2",
            "planned_values": {"root_module": {"resources": applications.collect::<Vec<_>>()}},
        });
        let said = notes(&from_texts([("tf.json", &*plan.to_string())], &["tf.json"]));
        said.contains("by the names of its charms it is taken to be")
    };
    assert!(taken(&[
        "hydra",
        "kratos",
        "identity-platform-login-ui",
        "postgresql-k8s"
    ]));
    assert!(!taken(&["k8s", "k8s-worker", "etcd"]));
}

/// Of the runs of one file of a test each begins with the state of the one before; another file is another deployment.
#[test]
fn each_file_of_a_test_is_read() {
    let text = std::fs::read_to_string(file("kafka-test.json")).expect("it is there");
    let other = text
        .replace("kafka.tftest.hcl", "other.tftest.hcl")
        .replace("\"streams\"", "\"other\"");
    let both = format!("{text}{other}");
    let models = |text: &str| {
        let made = from_texts([("t.json", text)], &["t.json"]);
        let imported = made.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
        let models = imported.loaded.deployment.models.iter();
        models.map(|model| model.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(models(&text), ["streams"]);
    assert_eq!(models(&both), ["streams", "other"]);
}

/// A plan in a test has no expressions, and of a model that it makes no UUID: which applications are in which is not told.
#[test]
fn a_plan_that_does_not_tell_models_apart_is_told() {
    let of = |version: &str, applications: &[&str]| {
        let resources = applications.iter().map(|name| {
            format!(
                r#"{{"address": "juju_application.{name}", "mode": "managed", "type": "juju_application", "name": "{name}",
                "values": {{"name": "{name}", "units": 1, "charm": [{{"name": "{name}-k8s"}}]}}}}"#
            )
        });
        let resources = resources.collect::<Vec<_>>().join(", ");
        let text = format!(
            r#"{{{version}"planned_values": {{"root_module": {{"resources": [{resources}]}}}}}}"#
        );
        notes(&from_texts([("p.json", text.as_str())], &["p.json"]))
    };
    let format = r#""format_version": "1.2", "#;
    let told =
        "which models 2 applications are in is known after apply: they are taken to be in one";
    assert!(of(format, &["loki", "otelcol"]).contains(told));
    assert!(!of(format, &["loki"]).contains("which models"));
    let told = "the file does not say in which format of Terraform it is; it is read as 1.x";
    let without = r#""terraform_version": "1.9.8", "#;
    let said = of(without, &["loki"]);
    assert!(said.contains(told), "{said}");
    assert!(!of(format, &["loki"]).contains(told));
}
