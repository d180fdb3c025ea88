//! `terraform show -json` of a plan or a state, and the lines of `terraform test -verbose -json`.
//!
//! The shapes are those of Terraform's reference "JSON Output Format": a plan has `planned_values` and `configuration`, a
//! state has `values`. A line of a test has a plan as `test_plan` with `resource_changes`, or a state as `test_state`
//! with `root` (hashicorp/terraform `internal/command/jsonformat`, `Plan` and `State`). The resources are those of
//! juju/terraform-provider-juju (`docs/resources` at 0c43e2c): `juju_model`, `juju_application`, `juju_integration` and
//! `juju_offer`; up to version 0 their attribute `model` is the name of the model, from 1 on `model_uuid` is its UUID.
//!
//! What is known after apply is found by reference, through the expressions of `configuration`.

mod integrations;
mod machines;
mod models;
mod references;
mod resources;

use std::collections::BTreeMap;

use trustsim_errors::{Code, Diagnostic, Diagnostics, Severity};
use trustsim_yaml::{Node, Place, SyntaxError, parse};

use super::text;
use crate::damaged::{move_places, moved};
use crate::dump::ModelDump;
use models::Reading;
use references::Configuration;
use resources::Resources;

/// The plans and states among the lines of a test: the last one of each of its files. A run after another one of the file
/// begins with the state of that one, so that the last has all.
///
/// # Errors
///
/// A line that is no JSON.
pub(crate) fn lines(written: &str, file: u32) -> Result<Vec<Node>, SyntaxError> {
    let mut found: BTreeMap<Option<String>, Node> = BTreeMap::new();
    let mut start = 0;
    for line in written.split_inclusive('\n') {
        let at = start;
        start += u32::try_from(line.len()).expect("a text of at most 16 MiB");
        // Other lines are progress, which has no values.
        if !line.contains("\"test_plan\"") && !line.contains("\"test_state\"") {
            continue;
        }
        let documents = parse(line, file).map_err(|mut error| {
            error.place = moved(error.place, at);
            error
        })?;
        for document in &documents {
            for key in ["test_plan", "test_state"] {
                let found_here = document.get(key).filter(|node| !node.is_null());
                if let Some(mut node) = found_here.cloned() {
                    move_places(&mut node, at);
                    let of_test = text(document, "@testfile").map(|file| file.value);
                    found.insert(of_test, node);
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// The models of a plan or a state.
pub(crate) fn read(document: &Node, out: &mut Diagnostics) -> Vec<ModelDump> {
    if let Some(found) = unknown_format(document) {
        let is_error = found.severity == Severity::Error;
        out.push(found);
        if is_error {
            return Vec::new();
        }
    }
    let resources = Resources::of(document);
    if resources.is_empty() {
        let message = "there is no resource of the provider juju in what Terraform prints";
        let help = "a plan of what is deployed already has no changes: give the state, terraform show -json > state.json";
        let place = Place {
            end: document.place.start,
            ..document.place
        };
        out.push(Diagnostic::error(Code::OtherFile, place, message).help(help));
        return Vec::new();
    }
    let configuration = Configuration::of(document);
    let is_state = document.get("values").is_some() || document.get("root").is_some();
    Reading::new(&resources, &configuration, document.place, is_state, out).models()
}

/// The error of a major version that may mean something else; of none at all, a warning.
fn unknown_format(document: &Node) -> Option<Diagnostic> {
    const KEYS: [&str; 3] = [
        "format_version",
        "plan_format_version",
        "state_format_version",
    ];
    let Some(version) = KEYS.iter().find_map(|key| text(document, key)) else {
        let place = Place {
            end: document.place.start,
            ..document.place
        };
        let message = "the file does not say in which format of Terraform it is; it is read as 1.x";
        let help = "give what `terraform show -json` prints, whole";
        return Some(Diagnostic::warning(Code::FormatVersion, place, message).help(help));
    };
    let major = version.value.split('.').next().unwrap_or(&version.value);
    if ["0", "1"].contains(&major) {
        return None;
    }
    let message = format!("the format {} of Terraform is not known", version.value);
    let help = "known are 0.x and 1.x; an earlier Terraform prints them";
    Some(Diagnostic::error(Code::FormatVersion, version.place, message).help(help))
}
