//! Files that people give in place of a scenario or of a bundle: what `juju status` and `juju show-unit` print, and a
//! bundle by itself. They are told by their top-level keys, and nothing more is read of them.

use std::path::Path;

use trustsim_errors::{Code, Diagnostic, Severity};
use trustsim_model::CommandLine;
use trustsim_yaml::{Node, Value};

/// What a file is that is no scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OtherFile {
    /// `juju status --format yaml`, or JSON, of this model.
    Status { model: Option<String> },
    /// `juju show-unit`.
    ShowUnit,
    /// A bundle, which belongs to a model of a scenario.
    Bundle,
}

/// Keys that a scenario has, and a bundle does not.
const OF_SCENARIOS: [&str; 13] = [
    "models",
    "charms",
    "clients",
    "connections",
    "faults",
    "expect",
    "variants",
    "operators",
    "controllers",
    "duration",
    "tolerate",
    "start",
    "seed",
];

impl OtherFile {
    /// What a file is whose documents begin with this one; `None` where it may be a scenario.
    pub(super) fn in_place_of_a_scenario(document: &Node) -> Option<Self> {
        let has = |key: &str| document.get(key).is_some();
        let is_bundle = has("applications") || has("services");
        Self::in_place_of_a_bundle(document).or_else(|| {
            (is_bundle && !OF_SCENARIOS.iter().any(|key| has(key))).then_some(Self::Bundle)
        })
    }

    /// What a file is that a model names as its bundle; `None` where it may be one.
    pub(super) fn in_place_of_a_bundle(document: &Node) -> Option<Self> {
        let keys = document.entries();
        let has = |key: &str| document.get(key).is_some();
        let is_unit = |name: &str| {
            let number = name.split_once('/').map(|(_, number)| number);
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        };
        if !keys.is_empty() && keys.iter().all(|entry| is_unit(&entry.key.value)) {
            return Some(Self::ShowUnit);
        }
        let model = document.get("model")?;
        let is_status = has("applications") || has("machines");
        (is_status && matches!(model.value, Value::Map(_))).then(|| {
            let name = model.get("name").and_then(Node::as_scalar);
            let model = name.map(|name| name.text.clone());
            Self::Status { model }
        })
    }

    /// One error that says what the file is, and how to get what is needed. `wanted` is what it was taken for.
    pub(super) fn refusal(&self, file_name: &str, wanted: &str) -> Diagnostic {
        let what = match self {
            Self::Status { .. } => "the output of juju status",
            Self::ShowUnit => "the output of juju show-unit",
            Self::Bundle => "a bundle",
        };
        let (message, help) = match self {
            Self::Bundle => (
                format!(
                    "this is {what}, not {wanted}: `{file_name}` has applications, and no models"
                ),
                format!(
                    "write this line into a file beside it, and give that one:\n{}",
                    model_line("my-model", file_name)
                ),
            ),
            Self::Status { .. } | Self::ShowUnit => {
                let model = match self {
                    Self::Status { model: Some(name) } => name.as_str(),
                    _ => "my-model",
                };
                let export = CommandLine::new(["juju", "export-bundle", "-m", model])
                    .and_option("--filename", Some("bundle.yaml"));
                let message = format!(
                    "this is {what}, not {wanted}: `{file_name}` does not say how charms are configured and \
                     which endpoints are related"
                );
                let import = CommandLine::new(["trustsim", "import", file_name]);
                let help = format!(
                    "make a scenario of it: {import}\nor get a bundle of the model, and name it in a scenario:\n{export}\n{}",
                    model_line(model, "bundle.yaml")
                );
                (message, help)
            }
        };
        Diagnostic::new(Code::OtherFile, Severity::Error, message).help(help)
    }
}

/// The line of a scenario that takes a model from a bundle in the same folder.
fn model_line(model: &str, path: &str) -> String {
    let file = Path::new(path).file_name();
    let file = file.map_or_else(
        || path.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let quoted = |text: &str| match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    };
    format!("models: {{{}: {{from: {}}}}}", quoted(model), quoted(&file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> [Option<OtherFile>; 2] {
        let documents = trustsim_yaml::parse(text, 0).expect("YAML");
        [
            OtherFile::in_place_of_a_scenario(&documents[0]),
            OtherFile::in_place_of_a_bundle(&documents[0]),
        ]
    }

    #[test]
    fn files_are_told_by_their_top_level_keys() {
        let status = Some(OtherFile::Status {
            model: Some("cos".to_owned()),
        });
        for (text, scenario, bundle) in [
            (
                "{model: {name: cos}, machines: {}, applications: {}}",
                status.clone(),
                status,
            ),
            (
                "{web/0: {life: alive}, web/11: {}}",
                Some(OtherFile::ShowUnit),
                Some(OtherFile::ShowUnit),
            ),
            (
                "{bundle: kubernetes, applications: {web: {charm: web}}}",
                Some(OtherFile::Bundle),
                None,
            ),
            (
                "{services: {web: {charm: web}}}",
                Some(OtherFile::Bundle),
                None,
            ),
            // Mistakes in a scenario are told as such.
            ("{applications: {}, connections: []}", None, None),
            ("{models: {a: {applications: {}}}}", None, None),
            ("{model: cos}", None, None),
            ("{}", None, None),
        ] {
            assert_eq!(told(text), [scenario, bundle], "{text}");
        }
    }

    #[test]
    fn a_file_name_that_yaml_would_take_apart_is_quoted() {
        assert_eq!(
            model_line("m", "a/my bundle, 2.yaml"),
            "models: {m: {from: 'my bundle, 2.yaml'}}"
        );
    }
}
